"""Why a field is as large as it is, why it is global, and what would align a misaligned join."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

import rfield
from rfield.analysis.geometry.explain import explain
from tests.oracle.generator import case
from tests.oracle.translate import build


def chain() -> rfield.Graph:
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 3, 64, 64))
    x = b.conv("conv1", x, kernel=(7, 3), stride=2, padding=(3, 0))
    x = b.max_pool("pool", x, kernel=2, stride=2)
    return b.build([b.conv("conv2", x, kernel=3, padding=1, dilation=2)])


def test_what_every_layer_adds_on_each_side():
    found = explain(chain())
    first, last = found.side("y", "first"), found.side("y", "last")
    assert first is not None
    assert last is not None
    assert [(s.layer, s.adds) for s in first.steps] == [("conv1", 3), ("pool", 0), ("conv2", 4)]
    assert [(s.layer, s.adds) for s in last.steps] == [("conv1", 3), ("pool", 2), ("conv2", 12)]
    assert (first.bound, last.bound, first.total, last.total) == (-7, 17, 7, 17)
    assert found.size == (25, 21)
    narrow = found.side("x", "first")
    assert narrow is not None
    assert [(s.layer, s.adds) for s in narrow.steps] == [("conv1", 0), ("pool", 0), ("conv2", 4)]


def test_the_text_of_an_explanation():
    assert (
        str(explain(chain(), "pool"))
        == """\
pool wrt image: size 9 x 5
y, first: 3 over 2 layers (output (0, 0) lies at 0, reads from -3)
       3  conv1 (conv)
y, last: 5 over 2 layers (output (0, 0) lies at 0, reads to 5)
       3  conv1 (conv)
       2  pool (max_pool)
x, first: 0 over 2 layers (output (0, 0) lies at 0, reads from 0)
x, last: 4 over 2 layers (output (0, 0) lies at 0, reads to 4)
       2  conv1 (conv)
       2  pool (max_pool)"""
    )


@pytest.mark.parametrize(
    ("network", "size"),
    [("alexnet_v2", 195), ("vgg_16", 212), ("mobilenet_v1", 315), ("resnet_v1_50", 483),
     ("inception_v3", 1311), ("inception_resnet_v2", 3039)],
)  # fmt: skip
def test_the_steps_add_up_to_the_published_size(network, size):
    found = explain(rfield.load(f"article:{network}"))
    for axis in ("y", "x"):
        first, last = found.side(axis, "first"), found.side(axis, "last")
        assert first is not None
        assert last is not None
        assert first.total + last.total == size - 1
        assert last.bound - first.bound == size - 1


def test_the_largest_steps_of_resnet_are_its_last_block():
    last = explain(rfield.load("article:resnet_v1_50")).side("x", "last")
    assert last is not None
    largest = [step.layer for step in last.steps if step.adds == 32]
    assert largest == [f"resnet_v1_50/block4/unit_{n}/bottleneck_v1/conv2" for n in (1, 2, 3)]


def test_what_reads_a_whole_axis_is_named():
    b = rfield.GraphBuilder()
    x = b.conv("stem", b.input("image", (1, 8, 32, 32)), kernel=3, padding=1)
    y = b.multiply("scale", x, b.global_pool("squeeze", x))
    found = explain(b.build([y]))
    assert found.size == (rfield.UNBOUNDED, rfield.UNBOUNDED)
    assert [(w.layer, w.axes) for w in found.whole_reads] == [("squeeze", ("y", "x"))]
    side = found.side("y", "last")
    assert side is not None
    assert [(s.layer, s.adds) for s in side.steps] == [("stem", 1), ("scale", 0)]


def test_upsampling_adds_by_phase_and_the_sum_is_exact():
    b = rfield.GraphBuilder()
    x = b.conv("conv", b.input("image", (1, 1, 16)), kernel=3, padding=1)
    x = b.resize("up", x, scale=2, mode="nearest")
    graph = b.build([b.conv("after", x, kernel=3, padding=1)])
    found = explain(graph)
    first, last = found.side("t", "first"), found.side("t", "last")
    assert first is not None
    assert last is not None
    assert rfield.receptive_field(graph).size == (4,)
    assert first.total + last.total == 3
    assert first.origin == last.origin
    assert sum((s.adds for s in first.steps), Fraction(0)) == first.origin - first.bound


def misaligned(fix: tuple[tuple[int, int], ...] = ((0, 0), (0, 0)), inner: int = 0) -> rfield.Graph:
    """Two branches of stride 2, the right one two pixels further on; ``fix`` pads it."""
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 3, 32, 32))
    left = b.conv("left", x, kernel=3, padding=1, stride=2)
    pads = [(inner, -inner)] * 2
    right = b.conv("right", b.pad("inner", x, padding=pads), kernel=5, stride=2)
    right = b.pad("fit", right, padding=[(0, 2), (0, 2)])
    return b.build([b.add("join", left, b.pad("fix", right, padding=list(fix)))])


def test_a_misaligned_join_is_aligned_by_what_is_suggested():
    (join,) = explain(misaligned()).joins
    assert join.join.offset == (2, 2)
    assert [branch.layer for branch in join.join.branches] == ["left", "fix"]
    left, right = ([side.bound for side in sides] for sides in join.paths)
    assert (left, right) == ([-1, 1, -1, 1], [0, 4, 0, 4])
    (remedy,) = join.remedies
    assert (remedy.branch, remedy.padding) == ("fix", ((1, -1), (1, -1)))
    assert remedy.instead == (("right", ((2, -2), (2, -2))),)
    assert rfield.alignment(misaligned(remedy.padding)).aligned
    assert rfield.alignment(misaligned(inner=remedy.instead[0][1][0][0])).aligned


@pytest.mark.parametrize(
    ("stride", "kernel", "reason"),
    [
        (2, 3, "the branches have different strides: resample one of them, no padding aligns them"),
        (1, 2, "fit lies between the positions of image: no padding or crop aligns them; "
               "an odd kernel in place of the even one of conv would"),
    ],
)  # fmt: skip
def test_what_cannot_be_aligned_says_why(stride, kernel, reason):
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 3, 32, 32))
    y = b.conv("conv", x, kernel=kernel, stride=stride)
    lost = 32 - (32 - kernel) // stride - 1
    (join,) = explain(b.build([b.add("join", x, b.pad("fit", y, padding=[(0, lost)] * 2))])).joins
    assert (join.remedies, join.reason) == ((), reason)


def beside(up: Callable[[rfield.GraphBuilder, Any], Any], mode: str, scale: int) -> rfield.Graph:
    """An up-sampling branch beside a resized skip."""
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 4, 16))
    return b.build([b.add("join", up(b, x), b.resize("skip", x, scale=scale, mode=mode))])


def transposed(kernel: int, stride: int, padding: int, extra: int = 0):
    return lambda b, x: b.conv_transpose(
        "up", x, kernel=kernel, stride=stride, padding=padding, output_padding=extra, channels=4
    )


@pytest.mark.parametrize(
    ("up", "mode", "scale", "mine", "skip"),
    [
        (transposed(2, 2, 0), "linear", 2, "0, 0", "-1/2, 1/2"),
        (transposed(3, 2, 1, 1), "linear", 2, "0, 1/2", "-1/2, 1/2"),
        (transposed(4, 4, 0), "linear", 4, "0, 0, 0, 0", "-1/2, -1/2, 1/2, 1/2"),
        (transposed(3, 3, 0), "linear", 3, "0, 0, 0", "-1/2, 0, 1/2"),
        (transposed(4, 2, 1), "nearest", 2, "-1/2, 1/2", "0, 0"),
        (lambda b, x: b.resize("up", x, scale=4, mode="nearest"), "linear", 4,
         "0, 0, 0, 0", "-1/2, -1/2, 1/2, 1/2"),
    ],
)  # fmt: skip
def test_branches_that_differ_by_phase_are_not_padded(up, mode, scale, mine, skip):
    """Half a pixel apart, whatever is padded: no advice is given, the phases are."""
    (join,) = explain(beside(up, mode, scale)).joins
    assert join.remedies == ()
    assert join.reason == (
        f"along t up looks at {mine} and skip at {skip}: "
        "they differ by phase, which no padding or crop changes"
    )


@pytest.mark.parametrize("shift", [1, 2, -3])
def test_up_sampled_branches_are_padded_where_that_aligns_them(shift):
    def moved(b, x):
        up = b.conv_transpose("up", x, kernel=4, stride=2, padding=1, channels=4)
        return b.pad("moved", up, padding=[(shift, -shift)])

    (join,) = explain(beside(moved, "linear", 2)).joins
    (remedy,) = join.remedies
    assert (remedy.branch, remedy.padding, join.reason) == ("skip", ((shift, -shift),), "")


def test_branches_that_look_alike_at_output_0_show_where_they_differ():
    def three(b, x):
        return b.resize("up", b.conv("c", x, kernel=2, padding=[(1, 0)]), scale=2, mode="nearest")

    (join,) = explain(beside(three, "linear", 2)).joins
    assert [branch.center for branch in join.join.branches] == [(Fraction(-1, 2),)] * 2
    assert join.join.note == " (at output 1 along t; they differ by phase)"
    assert [(r.branch, r.padding) for r in join.remedies] == [("skip", ((1, -1),))]


def test_programs_read_the_explanation():
    document = explain(misaligned()).as_dict()
    assert json.loads(json.dumps(document)) == document
    assert document["schema"] == "rfield.explain/1"
    assert document["joins"][0]["remedies"][0]["padding"] == [[1, -1], [1, -1]]
    assert [s["layer"] for s in document["sides"][0]["steps"]] == ["left", "join"]


def test_the_steps_add_up_on_random_programs():
    added = 0
    for kind in ("chain", "dag", "block"):
        for seed in range(25):
            graph = build(case(kind, seed))
            for source in graph.inputs:
                field = rfield.receptive_field(graph, wrt=source)
                found = explain(graph, wrt=source)
                for k, axis in enumerate(field.axes):
                    first, last = found.side(axis, "first"), found.side(axis, "last")
                    if first is not None and last is not None and not field.is_crossed:
                        assert first.total + last.total + 1 == max(field.local.sizes[k]), seed
                        added += 1
    assert added > 80


@pytest.mark.torch
def test_steps_and_whole_reads_are_called_as_in_the_summary():
    """A layer of several ops is one; one to which the path comes back is named by its values."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.LayerNorm(8)
            self.attend = nn.MultiheadAttention(8, 2, batch_first=True)
            self.mix = nn.Conv1d(8, 8, 5, padding=2)

        def forward(self, x):
            y = nn.functional.avg_pool1d(x.transpose(1, 2), 3, 1, 1)
            y = nn.functional.max_pool1d(self.mix(y), 3, 1, 1).transpose(1, 2)
            y = self.norm(y)
            return y + self.attend(y, y, y)[0]

    model = nn.Sequential(Block())
    names = {row.layer for row in rfield.summary(model, (1, 9, 8), axes=(1,))}
    found = rfield.explain(model, input_shape=(1, 9, 8), axes=(1,))
    assert [(w.layer, w.op) for w in found.whole_reads] == [("0.attend", "attention")]
    assert found.whole_reads[0].layer in names
    last = found.side("t", "last")
    assert last is not None
    adding = [(step.layer, step.op, step.adds) for step in last.steps if step.adds]
    assert [step[1:] for step in adding] == [("avg_pool", 1), ("conv", 2), ("max_pool", 1)]
    assert adding[1][0] == "0.mix"
    layers = [step.layer for step in last.steps]
    assert len(set(layers)) == len(layers)
    assert "0.norm" in names.intersection(layers)


def test_where_to_ask_instead_where_no_local_field_is_left():
    b = rfield.GraphBuilder()
    x = b.conv("stem", b.input("image", (1, 8, 32, 32)), kernel=3, padding=1)
    x = b.dense("head", b.global_pool("squeeze", x), channels=10)
    found = explain(b.build([x]))
    assert found.sides == ()
    assert found.notes == ("no local field is left in head; stem is the last layer that has one",)
    assert explain(chain()).notes == ()
