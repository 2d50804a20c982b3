"""The commands that ask for exact pixels, for the reasons, and for proof on the running model."""

from __future__ import annotations

import csv
import json
import sys
from io import StringIO
from typing import Any

import numpy as np
import pytest

import rfield
from rfield.cli import main
from rfield.questions import pixels
from tests.cli.test_cli import MODELS, complaint, in_the_checkout, output, usage_error

__all__ = ["in_the_checkout"]


def test_support(capsys):
    text = output(capsys, "support", f"{MODELS}:cross", "--at", "3,3")
    assert " positions read                5\n" in text
    assert "\n .#.\n ###\n .#.\n" in text
    text = output(capsys, "support", f"{MODELS}:plain_chain", "--at", "0,1", "--no-clip")
    assert " output (0, 1) reads  y: -5..5, x: -1..9\n" in text
    row = json.loads(
        output(
            capsys, "support", f"{MODELS}:plain_chain", "--at", "0,1", "--output", "pool",
            "--wrt", "stem", "--format", "json",
        )
    )["rows"][0]  # fmt: skip
    # Max pooling of 3 with stride 2: rows -1..1, of which row -1 is padding, and columns 1..3.
    assert (row["start"], row["stop"], row["count"]) == ([0, 1], [2, 4], 6)


def test_support_and_field_agree(capsys):
    for at in ("0,0", "7,5", "15,15"):
        options = (f"{MODELS}:plain_chain", "--at", at, "--format", "json")
        one = json.loads(output(capsys, "support", *options))["rows"][0]
        other = json.loads(output(capsys, "field", *options, "--clip"))["rows"][0]
        assert (one["start"], one["stop"]) == (other["start"], other["stop"])


def test_influence_is_asked_at_the_center_by_default(capsys):
    text = output(capsys, "influence", f"{MODELS}:plain_chain", "--format", "csv")
    (row,) = csv.DictReader(StringIO(text))
    assert (row["at"], row["size_x"]) == ("8x8", "11")
    assert float(row["mean_y"]) == pytest.approx(32)
    named = output(
        capsys, "influence", f"{MODELS}:plain_chain", "--at", "center", "--format", "csv"
    )
    assert named == text
    corner = output(capsys, "influence", f"{MODELS}:plain_chain", "--at", "0,0", "--format", "json")
    assert json.loads(corner)["rows"][0]["at"] == [0, 0]


@pytest.mark.torch
def test_influence_is_measured(capsys, tmp_path):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    ask = ("influence", "tests.cli.test_exact:network", "--measured", "--format", "json")
    noise = ("--input-shape", "1x3x17x14", "--count", "3", "--seed", "4", "--reduce", "square")
    document = json.loads(output(capsys, *ask, *noise))
    assert document["images"] == 3
    assert document["note"].startswith("measured: gradient squared, summed over channels, mean of ")
    assert document["note"].endswith(" 3 images of noise (seed 4)")
    assert set(document["area_ratios"]) == set(document["input_area_ratios"])
    assert set(document["area_ratios"]) == {"0.2", "0.3", "0.5", "0.99"}
    # The input is 17x14, the field 11x11.
    assert document["input_area_ratios"]["0.99"] == pytest.approx(
        document["area_ratios"]["0.99"] * 11 * 11 / (17 * 14)
    )
    file = tmp_path / "images.npy"
    np.save(file, np.random.default_rng(0).normal(size=(2, 3, 17, 14)))
    text = output(capsys, *ask[:3], "--images", str(file))
    assert " images          2\n" in text
    assert " % at the peak\n" in text
    assert "  99 %" in text
    assert "of the input" in text
    assert "mean of 2 given images\n" in text.replace("\n   ", " ")


def test_bad_ways_to_measure(capsys, tmp_path):
    model = f"{MODELS}:plain_chain"
    assert complaint(capsys, "influence", model, "--count", "3") == (
        "rfield: --count needs --measured\n"
    )
    assert complaint(capsys, "influence", model, "--measured", "--training") == (
        "rfield: --training: influence is measured on the model as it is used\n"
    )
    file = tmp_path / "images.npy"
    file.write_bytes(b"not an array")
    assert complaint(capsys, "influence", model, "--measured", "--images", str(file)) == (
        f"rfield: {file}: not an array in NumPy's .npy format\n"
    )
    assert complaint(capsys, "influence", model, "--measured", "--images", "absent.npy") == (
        "rfield: absent.npy: No such file or directory\n"
    )


def test_influence_can_be_drawn(capsys, tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    target = tmp_path / "influence.svg"
    text = output(capsys, "influence", f"{MODELS}:plain_chain", "--plot", str(target))
    assert text == output(capsys, "influence", f"{MODELS}:plain_chain")
    assert "</svg>" in target.read_text("utf-8")


def test_a_picture_that_cannot_be_drawn_is_refused_first(capsys, monkeypatch):
    assert complaint(capsys, "influence", "no:model", "--plot", "a.gif") == (
        "rfield: a.gif: a picture is .png, .svg or .pdf\n"
    )
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert complaint(capsys, "influence", "no:model", "--plot", "a.png") == (
        "rfield: a picture needs matplotlib, which is not installed.\n"
        '  Install it: pip install matplotlib   (or: pip install "rfield[plot]")\n'
    )


def test_explain(capsys):
    text = output(capsys, "explain", "article:resnet_v1_50", "--input-shape", "1x224x224x3")
    assert "first side along y, x: 239 over 70 layers" in text
    text = output(capsys, "explain", f"{MODELS}:gated", "--output", "stem", "--format", "csv")
    rows = list(csv.DictReader(StringIO(text)))
    assert [(row["axis"], row["side"], row["adds"]) for row in rows] == [
        ("y", "first", "1"), ("y", "last", "1"), ("x", "first", "2"), ("x", "last", "2")
    ]  # fmt: skip


ERRORS = [
    (
        ["support", f"{MODELS}:plain_chain", "--at", "16,0"],
        "pool: index (16, 0) outside positions (16, 16)",
    ),
    (
        ["support", f"{MODELS}:plain_chain", "--at", "3"],
        "pool: an index of 1 numbers; its positions are (16, 16)",
    ),
    (
        ["support", f"{MODELS}:free", "--at", "0,0"],
        "same: exact sets need the input's sizes; image has free axes. Give one, for example\n"
        "  --input-shape 1x1x224x224",
    ),
    (
        ["support", f"{MODELS}:gated", "--at", "0,0", "--no-clip"],
        "up reads a whole axis (se.pool); without clip its field has no end",
    ),
    (
        ["influence", f"{MODELS}:plain_chain", "--at", "16,0"],
        "pool: index (16, 0) outside positions (16, 16)",
    ),
    (
        ["influence", f"{MODELS}:free"],
        "same: exact sets need the input's sizes; image has free axes. Give one, for example\n"
        "  --input-shape 1x1x224x224",
    ),
    (
        ["explain", f"{MODELS}:gated", "--output", "upp"],
        "unknown layer 'upp'. Did you mean 'up'?",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), ERRORS)
def test_an_error_is_one_block_on_stderr(capsys, arguments, message):
    assert complaint(capsys, *arguments) == f"rfield: {message}\n"


def test_usage(capsys):
    assert usage_error(capsys, "fits", "m").endswith("are required: --object")
    assert usage_error(capsys, "influence", "m", "--at", "middle").endswith(
        "argument --at: 'middle' is not of the form 3,4 or center"
    )
    assert usage_error(capsys, "verify", "m", "--positions", "0").endswith(
        "'0' is not a whole number from 1"
    )


def network() -> Any:
    """A small PyTorch model; the module itself needs no framework."""
    torch = pytest.importorskip("torch")
    nn = torch.nn
    return nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.Conv2d(4, 4, 3, dilation=2), nn.ReLU())


@pytest.mark.torch
def test_verify_holds(capsys):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    text = output(
        capsys, "verify", "tests.cli.test_exact:network", "--input-shape", "1x3x17x14",
        "--layer", "0", "--layer", "1",
    )  # fmt: skip
    assert " verified: nothing differs between the claim and the running model\n" in text
    # 12 positions of the first layer, and all 4 x 2 of the second.
    assert " unchanged by noise outside the support  20 of 20 that see less than all\n" in text


@pytest.mark.torch
def test_verify_fails_with_status_1(capsys, monkeypatch):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    right = pixels.load

    def wrong(module: Any, shape: Any, **options: Any) -> rfield.Graph:
        """What is claimed of another network: its second layer is not dilated."""
        module[1].dilation = (1, 1)
        graph = right(module, shape, **options)
        module[1].dilation = (2, 2)
        return graph

    monkeypatch.setattr(pixels, "load", wrong)
    text = output(
        capsys, "verify", "tests.cli.test_exact:network", "--input-shape", "1x3x17x14",
        "--layer", "0", "--layer", "1", "--format", "json", status=1,
    )  # fmt: skip
    document = json.loads(text)
    assert document["holds"] is False
    assert {row["layer"] for row in document["rows"]} == {"1"}


def test_verify_needs_a_model_that_runs(capsys):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    assert "'net.pb' cannot be run; expected 'timm:NAME'" in complaint(capsys, "verify", "net.pb")


@pytest.mark.onnx
def test_verify_runs_a_file(capsys, tmp_path):
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    assert complaint(capsys, "verify", "net.onnx") == "rfield: net.onnx: there is no such file\n"
    from tests.onnx.small import one, weights

    path = tmp_path / "net.onnx"
    onnx.save(one("Conv", (1, 1, "h"), weights(2, 1, 3), pads=[1, 1]), path)
    text = output(capsys, "verify", str(path), "--input-shape", "1x1x12")
    assert " verified: nothing differs between the claim and the running model\n" in text
    assert " sides of regions reached                24\n" in text
    assert complaint(capsys, "verify", str(path)) == (
        "rfield: the model is run, so every size of its inputs must be known: give input_shape\n"
    )


def test_every_command_is_listed(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    printed = capsys.readouterr().out
    for command in ("support", "influence", "explain", "verify"):
        assert f"    {command}" in printed
