"""The commands about sizes, objects, anchors and depth."""

from __future__ import annotations

import csv
import json
from io import StringIO

import pytest

from rfield.cli import main
from tests.cli.test_cli import MODELS, complaint, in_the_checkout, output, usage_error

__all__ = ["in_the_checkout"]

VGG = ("article:vgg_16", "--input-shape", "1x224x224x3")
MOBILE = ("article:mobilenet_v1", "--input-shape", "1x224x224x3")


def bad_news(capsys, *arguments: str) -> str:
    assert main(list(arguments)) == 1
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def test_all_criteria_and_the_step(capsys):
    text = output(capsys, "sizes", *VGG)
    assert " complete  multiples of 32, from 32  224            32\n" in text
    assert " even      every size from 32        224            32\n" in text
    assert "\n the input may move by  32; the output moves by 1\n" in text
    assert " against: 225: vgg_16/pool1 drops the last position\n" in text
    found = json.loads(output(capsys, "sizes", *VGG, "--format", "json"))
    assert found["schema"] == "rfield.sizes/1"
    rows = {(row["question"], row["axis"]): row for row in found["rows"]}
    assert rows["complete", "x"]["step"] == 32
    assert rows["complete", "y"]["residues"] == [0]
    assert found["shift"]["step"] == [32, 32]


def test_chosen_criteria(capsys):
    text = output(capsys, "sizes", *MOBILE, "--criterion", "even", "--criterion", "all")
    assert " even  n ≡ 1 mod 32, from 1  193, 225         1\n" in text
    assert " all   n ≡ 1 mod 32, from 1  193, 225         1\n" in text
    assert "move by" not in text
    bad = bad_news(capsys, "sizes", f"{MODELS}:misaligned", "--criterion", "aligned")
    assert " aligned  none" in bad


def test_one_size(capsys):
    text = output(capsys, "sizes", *MOBILE, "--input", "513")
    assert " accepted; nothing is dropped, padded unevenly or misaligned\n" in text
    assert " output   17\n centers  0 to 512, input 0 to 512\n" in text
    text = bad_news(capsys, "sizes", *VGG, "--input", "224x225")
    assert " accepted, 1 findings" not in text
    assert " accepted, 1 finding\n" in text
    assert " complete  vgg_16/pool1  drops the last position  x\n" in text
    text = bad_news(capsys, "sizes", *VGG, "--input", "31")
    assert (
        " refused: vgg_16/pool5: a window of 2 does not fit into 1 with padding 0 and 0\n" in text
    )
    assert "\n along y: nearest 32; smallest 32\n along x: nearest 32; smallest 32\n" in text
    found = json.loads(bad_news_json(capsys, *VGG, "--input", "225"))
    assert [(row["criterion"], row["axis"]) for row in found["rows"]] == [
        ("complete", "y"), ("complete", "x"),
    ]  # fmt: skip


def bad_news_json(capsys, *arguments: str) -> str:
    return bad_news(capsys, "sizes", *arguments, "--format", "json")


def test_sizes_for_an_output(capsys):
    text = output(capsys, "sizes", *VGG, "--for-output", "7")
    assert " output 7  224–255 only  224           224\n" in text
    text = bad_news(capsys, "sizes", f"{MODELS}:gated", "--for-output", "3")
    assert " output 3  none" in text
    assert "no input size gives 3; nearest: 2 from 2, 4 from 3" in text


def test_fits(capsys):
    text = output(capsys, "fits", *VGG, "--object", "40")
    assert " first layer that sees it whole wherever it is: vgg_16/conv4/conv4_1\n" in text
    assert (
        " vgg_16/pool3              44         8  at some places  never         –      5\n" in text
    )
    rows = list(csv.DictReader(StringIO(output(
        capsys, "fits", *VGG, "--object", "40x60", "--layer", "*/pool4", "--format", "csv"
    ))))  # fmt: skip
    assert [(row["layer"], row["context_y"], row["context_x"]) for row in rows] == [
        ("vgg_16/pool4", "22", "12")
    ]
    assert "no layer sees every object of 999 whole" in bad_news(
        capsys, "fits", *VGG, "--object", "999"
    )


def test_centers(capsys):
    text = output(capsys, "centers", *VGG, "--output", "vgg_16/pool4")
    assert " y          14        16    15/2  431/2                 0           8\n" in text
    text = output(capsys, "centers", "article:mobilenet_v1")
    assert " y           ?        32       ?     ?                 ?           ?\n" in text
    assert " ?: the padding of Conv2d_13_pointwise along y depends on the input size\n" in text
    rows = json.loads(output(capsys, "centers", *VGG, "--format", "json"))["rows"]
    assert rows[0]["offset"] == "31/2"


def test_paths(capsys):
    text = output(capsys, "paths", *VGG, "--size", "32")
    assert " at 32 9 of 18 layers are unproductive, from vgg_16/pool3\n" in text
    assert " feasible sizes  196 to 212\n" in text
    assert " at 224 every layer is productive\n" in output(capsys, "paths", *VGG)
    rows = json.loads(output(capsys, "paths", *VGG, "--size", "32", "--format", "json"))["rows"]
    assert next(row["layer"] for row in rows if row["unproductive"]) == "vgg_16/pool3"


ERRORS = [
    (
        ["sizes", *VGG, "--criterion", "evne"],
        "unknown criterion 'evne'. Did you mean 'even'?",
    ),
    (
        ["sizes", *VGG, "--input", "1x2x3"],
        "size = (1, 2, 3); expected one number, or one for each of y, x",
    ),
    (
        ["fits", *VGG, "--object", "1x2x3"],
        "object_size = (1, 2, 3); expected positive integers, one or one for each of y, x",
    ),
    (
        ["fits", *VGG, "--object", "4", "--layer", "vgg_16/poool5"],
        "unknown layer 'vgg_16/poool5'. "
        "Did you mean 'vgg_16/pool5', 'vgg_16/pool4' or 'vgg_16/pool3'?",
    ),
    (
        ["paths", *VGG, "--size", "1x2x3"],
        "size = (1, 2, 3); expected positive integers, one or one for each of y, x",
    ),
]


@pytest.mark.parametrize(("arguments", "text"), ERRORS)
def test_bad_input_is_answered_in_words(capsys, arguments, text):
    assert complaint(capsys, *arguments) == f"rfield: {text}\n"


def test_a_size_is_positive(capsys):
    assert "'0' is not of the form 224 or 224x300" in usage_error(
        capsys, "sizes", *VGG, "--input", "0"
    )
    assert "not allowed with argument" in usage_error(
        capsys, "sizes", *VGG, "--input", "9", "--criterion", "even"
    )
