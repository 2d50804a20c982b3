"""A model of one's own, in a file of the current folder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed")

from rfield.cli import main

pytestmark = pytest.mark.torch

NET = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.one = nn.Conv2d(3, width, 3, padding=1)
        self.two = nn.Conv2d(width, width, 3, stride=2, padding=1)

    def forward(self, x):
        return self.two(self.one(x))


class Wide(Net):
    def __init__(self, width):
        super().__init__(width)


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 5)

    def forward(self, left, right):
        return self.conv(left) + self.conv(right)[..., : left.shape[-1] - 4]


class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.conv = nn.Embedding(9, 4), nn.Conv1d(4, 4, 3)

    def forward(self, ids):
        return self.conv(self.table(ids).transpose(1, 2))


def trained():
    return Net(8).eval()


def build(width):
    return Net(width)


def keyed(width=4, *, depth):
    return Net(width)


class Outer:
    Inner = Net
"""
SHAPE = ("--input-shape", "1x3x32x32")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An empty folder with a file in it, and a package with one that imports its neighbour."""
    (tmp_path / "my_net.py").write_text(NET)
    package = tmp_path / "nets" / "small"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "base.py").write_text(NET)
    (package / "top.py").write_text("from .base import Net\n")
    (tmp_path / "bad.py").write_text("import nonsense\n")
    (tmp_path / "broken.py").write_text("x = (\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("my_net", "small", "bad", "broken"):
            del sys.modules[name]


@pytest.mark.parametrize(
    "spec",
    [
        "my_net:Net", "my_net.py:Net", "./my_net.py:trained", "my_net:Outer.Inner",
        "nets/small/top.py:Net",
    ],
)  # fmt: skip
def test_it_is_found_in_the_current_folder(spec, capsys):
    assert main(["field", spec, *SHAPE]) == 0
    assert " size r              5\n" in capsys.readouterr().out


def test_as_a_program():
    run = [sys.executable, "-m", "rfield", "field", "my_net:Net", *SHAPE]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert " size r              5\n" in done.stdout
    bare = subprocess.run(run[:3], capture_output=True, text=True, check=False)
    assert (bare.returncode, bare.stderr) == (0, "")
    assert bare.stdout.startswith("usage: rfield ")


def test_nothing_beside_a_file_is_imported():
    """Only a model that is named as code lets the current folder in."""
    Path("onnx.py").write_text("raise SystemExit('imported')\n")
    Path("google.py").write_text("raise SystemExit('imported')\n")
    Path("model.onnx").write_bytes(b"\x00")
    run = "import sys; sys.path = [p for p in sys.path if p]; "
    run += "from rfield.cli import main; sys.exit(main(['summary', 'model.onnx']))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", run] if sys.version_info >= (3, 11)
        else [sys.executable, "-c", run],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "imported" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("my_net.py",),
            "my_net.py: which model in it? Name a class, a function that gives a model, or a model:"
            "\n  my_net.py:Net, my_net.py:Wide, my_net.py:Pair, my_net.py:Tokens, my_net.py:trained"
            ", my_net.py:build",
        ),
        (
            ("my_net",),
            "my_net.py: which model in it? Name a class, a function that gives a model, or a model:"
            "\n  my_net.py:Net, my_net.py:Wide, my_net.py:Pair, my_net.py:Tokens, my_net.py:trained"
            ", my_net.py:build",
        ),
        (
            ("my_net.Net", *SHAPE),
            "my_net.Net: a name in a file stands behind a colon:\n  my_net.py:Net",
        ),
        (("my_net:Nett",), "unknown name in my_net 'Nett'. Did you mean 'Net'?"),
        (
            ("my_net:Wide", *SHAPE),
            "my_net:Wide needs arguments: width.\n"
            "  Give them: --argument width=…, or name a function that needs none",
        ),
        (
            ("my_net:Net", "--argument", "widht=3"),
            "unknown argument of my_net:Net 'widht'. Did you mean 'width'?",
        ),
        (
            ("my_net:build", "--argument", "widht=3"),
            "unknown argument of my_net:build 'widht'. Did you mean 'width'?",
        ),
        (
            ("my_net:keyed", *SHAPE),
            "my_net:keyed needs arguments: depth.\n"
            "  Give them: --argument depth=…, or name a function that needs none",
        ),
        (("bad:Net",), "bad imports nonsense, which is not installed"),
        (
            ("broken.py:Net",),
            "broken.py cannot be imported: SyntaxError: '(' was never closed (broken.py, line 1)",
        ),
        (("nope.py:Net",), "nope.py: there is no such file (asked for Net in it)"),
        (
            ("torchvison:resnet50",),
            "unknown kind of model, or module, 'torchvison'. Did you mean 'torchvision'?",
        ),
        (
            ("my_net:Net",),
            "--input-shape is missing: a Net does not say what it takes.\n"
            "  --input-shape 1x3x224x224       one image\n"
            "  --input-shape left=1x3x64x64 --input-shape right=1x3x64x64   by name\n"
            "  in Python, rfield.load(model, example_inputs=(x, mask))           anything else",
        ),
    ],
)
def test_what_is_wrong_is_said(arguments, message, capsys):
    assert main(["summary", *arguments]) == 2
    assert capsys.readouterr().err == f"rfield: {message}\n"


@pytest.mark.jax
def test_a_function_of_arguments_may_be_meant_as_a_builder(capsys):
    assert main(["summary", "my_net:build", *SHAPE]) == 2
    assert capsys.readouterr().err.endswith(
        "  my_net:build takes arguments, so it was read as a function of arrays (JAX).\n"
        "  If it builds a model, give them: --argument width=…\n"
    )


def test_arguments_are_values_in_json(capsys):
    assert main(["summary", "my_net:Wide", "--argument", "width=6", *SHAPE]) == 0
    assert "1x6x32x32" in capsys.readouterr().out
    assert main(["verify", "my_net:Wide", "--argument", "width=6", *SHAPE]) == 0


def test_several_inputs_by_name(capsys):
    shapes = ["--input-shape", "left=1x3x32x32", "--input-shape", "right=1x3x32x64"]
    assert main(["field", "my_net:Pair", *shapes, "--wrt", "right"]) == 0
    assert "field in right (1x3x32x64)" in capsys.readouterr().out
    assert main(["field", "my_net:Pair", *shapes]) == 2
    assert capsys.readouterr().err == (
        "rfield: there are 2 inputs: 'left', 'right'. Choose one with --wrt LAYER.\n"
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["left=1x3x8x8", "1x3x8x8"], "of several, each has a name: --input-shape A=…"),
        (["1x3x8x8", "right=1x3x8x8"], "of several, each has a name: --input-shape A=…"),
        (["left=1x3x8x8", "left=1x3x8x8"], "left is given twice"),
    ],
)
def test_shapes_that_contradict_each_other(given, message, capsys):
    options = [part for shape in given for part in ("--input-shape", shape)]
    with pytest.raises(SystemExit):
        main(["summary", "my_net:Pair", *options])
    assert capsys.readouterr().err.startswith(f"rfield summary: --input-shape: {message}\n")


def test_the_type_of_an_input(capsys):
    options = ["--input-shape", "1x20", "--axes", "1", "--input-dtype"]
    assert main(["field", "my_net:Tokens", *options, "int64"]) == 0
    assert main(["field", "my_net:Tokens", *options, "ids=int64"]) == 0
    capsys.readouterr()
    assert main(["field", "my_net:Tokens", *options, "integer"]) == 2
    assert capsys.readouterr().err == (
        "rfield: dtype = 'integer'; expected a type such as 'int64'\n"
    )


@pytest.mark.parametrize(
    ("shape", "first"), [("64", "--input-shape 64 is short"), ("64x64", "one/conv2d: ")]
)
def test_an_input_shape_without_batch_and_channels(shape, first, capsys):
    assert main(["summary", "my_net:Net", "--input-shape", shape]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"rfield: {first}")
    assert told.endswith(
        f"--input-shape {shape} is short: batch and channels count, "
        "as in --input-shape 1x3x224x224\n"
    )
    assert main(["summary", "article:alexnet_v2", "--input-shape", "130"]) == 0
    assert "y, x: 130x130" in capsys.readouterr().out


def test_what_a_model_prints_is_no_result(tmp_path, monkeypatch, capsys):
    (tmp_path / "talks.py").write_text(
        "import torch\nprint('imported')\n\n\nclass Net(torch.nn.Conv2d):\n"
        "    def __init__(self):\n        print('made')\n        super().__init__(3, 4, 3)\n\n"
        "    def forward(self, x):\n        print('runs')\n        return super().forward(x)\n"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["field", "talks.py:Net", *SHAPE, "--format", "json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["size"] == [3, 3]
    assert shown.err.split()[:3] == ["imported", "made", "runs"]


def test_options_are_not_abbreviated(capsys):
    with pytest.raises(SystemExit):
        main(["summary", "my_net:Net", *SHAPE, "--outp", "one"])
    assert (
        "unknown option '--outp'. Did you mean '--ops' or '--output-file'?"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("given", ["", "0", "1", "'done'"])
def test_a_model_that_ends_the_program_is_no_success(given, tmp_path, monkeypatch, capsys):
    Path("ending.py").write_text(f"import sys\n\n\ndef build():\n    sys.exit({given})\n")
    assert main(["summary", "ending.py:build", "--input-shape", "1x3x8x8"]) == 2
    assert "the model's own code ended the program: sys.exit(" in capsys.readouterr().err
