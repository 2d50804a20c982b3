"""What a network costs: totals, layers, modules."""

from __future__ import annotations

import json

import pytest

import rfield
from rfield import Graph, GraphBuilder
from rfield.errors import UnresolvedSizeError
from tests.cli.test_cli import complaint, in_the_checkout, output

__all__ = ["in_the_checkout"]


def modules(count: int = 2, size: int | None = 8) -> Graph:
    """Blocks of two convolutions, 1 -> 2 -> 1 channels, over 8 samples."""
    b = GraphBuilder()
    x = b.input("signal", (1, 1, size))
    for number in range(count):
        x = b.conv(f"block{number}.wide", x, kernel=3, padding=1, channels=2)
        x = b.conv(f"block{number}.narrow", x, kernel=1, channels=1)
    return b.build([x])


def test_each_layer_and_the_whole():
    found = rfield.cost(modules())
    # 8 · 2 · 3 and 8 · 1 · 2 multiply-adds, 2 · 3 and 1 · 2 weights
    assert {name: (part.macs, part.parameters) for name, part in found.layers.items()} == {
        "block0.wide": (48, 6), "block0.narrow": (16, 2),
        "block1.wide": (48, 6), "block1.narrow": (16, 2),
    }  # fmt: skip
    assert (found.macs, found.flops, found.parameters) == (128, 256, 16)
    first = rfield.cost(modules(), "block0.wide")
    assert (first.macs, list(first.layers)) == (48, ["block0.wide"])
    page = rfield.cost("article:vgg_16", input_shape=(1, 224, 224, 3))
    assert (page.macs, page.parameters) == (15_346_630_656, 14_714_688)
    assert page.layers["vgg_16/conv1/conv1_1"].macs == 86_704_128


@pytest.mark.torch
def test_ops_count_to_the_layer_that_the_user_wrote():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    nn = torch.nn
    model = nn.Sequential(nn.Conv1d(1, 2, 3), nn.Flatten(), nn.Linear(12, 5)).eval()
    found = rfield.cost(model, input_shape=(1, 1, 8))
    assert list(found.layers) == ["0", "2"]
    conv, dense = found.layers.values()
    assert (conv.macs, conv.adds, conv.parameters) == (36, 12, 8)
    assert (dense.macs, dense.adds, dense.parameters) == (60, 5, 65)


def test_free_sizes_say_what_to_give():
    with pytest.raises(UnresolvedSizeError) as caught:
        rfield.cost(modules(size=None))
    assert str(caught.value) == (
        "the cost depends on the input size, which is free. Give one, for example\n"
        "  rfield.load(model, input_shape=(1, 1, 224))"
    )
    b = GraphBuilder()
    x, y = b.input("a", (1, 1, None)), b.input("b", (1, 1, None))
    with pytest.raises(UnresolvedSizeError) as caught:
        rfield.cost(b.build([b.add("sum", x, y)]))
    assert str(caught.value).endswith("input_shape={'a': (1, 1, 224), 'b': (1, 1, 224)})")


def test_in_the_words_of_the_command_line(capsys):
    assert complaint(capsys, "cost", "article:vgg_16") == (
        "rfield: the cost depends on the input size, which is free. Give one, for example\n"
        "  --input-shape 1x224x224x3\n"
    )


def test_the_table_of_modules():
    from rfield.present.cost import cost_report
    from rfield.present.text import plain

    found = rfield.cost(modules(16))
    text = plain(cost_report(found, title="net"))
    assert text.startswith(
        " net · cost\n\n multiply-adds  1,024\n flops          2,048\n parameters     128\n\n"
        " layer    multiply-adds    %  parameters    %\n"
    )
    assert " block15             64  6.2           8  6.2\n" in text
    assert (
        " depth 1: what is deeper counts to the module it lies in; depth all: 32 layers\n" in text
    )
    whole = plain(cost_report(found, depth="all"))
    assert " block15.narrow             16  1.6           2  1.6\n" in whole
    assert "depth 1" not in whole


def test_rows_for_programs_are_layers(capsys):
    run = ("cost", "article:resnet_v1_50", "--input-shape", "1x224x224x3", "--format", "json")
    found = json.loads(output(capsys, *run))
    assert (found["schema"], found["macs"]) == ("rfield.cost/1", 3_480_207_360)
    assert (len(found["rows"]), found["rows"][0]) == (57, {
        "layer": "resnet_v1_50/conv1", "macs": 118_013_952, "adds": 0, "flops": 236_027_904,
        "parameters": 9_408,
    })  # fmt: skip
