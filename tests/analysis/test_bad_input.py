"""What a person reads who describes an impossible network or asks an impossible question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rfield

Layer = Callable[[Any, Any], Any]

LAYERS: list[tuple[Layer, str]] = [
    (
        lambda b, x: b.conv("c", x, kernel=(3, -1)),
        "c: kernel = (3, -1); expected positive integers",
    ),
    (
        lambda b, x: b.conv("c", x, kernel=(3, 3, 3)),
        "c: kernel = (3, 3, 3); expected 1 or 2 values",
    ),
    (lambda b, x: b.conv("c", x, kernel=3, stride=0), "c: stride = 0; expected positive integers"),
    (
        lambda b, x: b.conv("c", x, kernel=3, stride=(2, -1)),
        "c: stride = (2, -1); expected positive integers",
    ),
    (
        lambda b, x: b.conv("c", x, kernel=3, dilation=0),
        "c: dilation = 0; expected positive integers",
    ),
    (
        lambda b, x: b.max_pool("p", x, kernel=2, stride=0),
        "p: stride = 0; expected positive integers",
    ),
    (
        lambda b, x: b.conv("c", x, kernel=3, padding=-1),
        "c: padding = -1; expected integers of at least 0",
    ),
    (
        lambda b, x: b.conv("c", x, kernel=3, padding="smae"),
        "c: padding = 'smae'; expected numbers, 'same', 'same_lower' or 'valid'",
    ),
    (
        lambda b, x: b.conv("c", x, kernel=3, padding=(1, 1, 1)),
        "c: padding = (1, 1, 1); expected 2 values or pairs",
    ),
    (
        lambda b, x: b.conv("c", x, kernel=21),
        "c: a window of 21 does not fit into 20 with padding 0 and 0",
    ),
    (
        lambda b, x: b.conv("c", x, kernel=1, groups=3),
        "c: groups = 3; expected a divisor of 4 input and 4 output channels",
    ),
    (
        lambda b, x: b.conv_transpose("t", x, kernel=3, output_padding=-1),
        "t: output_padding = -1; expected integers of at least 0",
    ),
    (
        lambda b, x: b.input("y", (1, 3, -4, 5)),
        "y: shape = (1, 3, -4, 5); expected sizes of at least 0 or None",
    ),
    (lambda b, x: b.input("y", (1, 3, 4), axes=(5,)), "y: axis = 5; the operand has 3 axes"),
    (
        lambda b, x: b.conv("c", b.input("y", (1, 3, 0, 0)), kernel=3),
        "c: a window of 3 does not fit into 0 with padding 0 and 0",
    ),
    (
        lambda b, x: (b.pointwise("a", x), b.pointwise("a", x)),
        "a: the name is taken already",
    ),
    (
        lambda b, x: b.add("s", x, b.conv("c", x, kernel=3)),
        "s: sizes 20 and 18 do not broadcast",
    ),
    (lambda b, x: b.concat("cc"), "cc: nothing to concatenate"),
    (lambda b, x: b.concat("cc", x, x, axis=9), "cc: axis = 9; the operand has 4 axes"),
    (
        lambda b, x: b.reshape("r", x, (1, 4, 19, 17)),
        "r: cannot reshape (1, 4, 20, 17) into (1, 4, 19, 17)",
    ),
    (
        lambda b, x: b.permute("p", x, (0, 1, 2, 2)),
        "p: order = (0, 1, 2, 2); expected each axis of 4 once",
    ),
    (lambda b, x: b.flip("f", x, axes=[4]), "f: axis = 4; the operand has 4 axes"),
    (
        lambda b, x: b.slice("s", x, axis=2, start=0, stop=30),
        "s: slice 0:30:1 outside an axis of 20",
    ),
    (lambda b, x: b.crop("k", x, crop=12), "k: cropping 12 and 12 from an axis of 20"),
    (lambda b, x: b.resize("z", x), "z: give either scale or size"),
    (
        lambda b, x: b.resize("z", x, scale=2, mode="bilnear"),
        "z: mode = 'bilnear'; expected one of nearest, nearest-exact, linear, bilinear, trilinear, "
        "cubic, bicubic",
    ),
    (lambda b, x: b.resize("z", x, scale=0), "z: scale = 0; expected 2 positive numbers"),
    (lambda b, x: b.resize("z", x, scale=0.01), "z: resized to 0 positions from 20"),
    (
        lambda b, x: b.depth_to_space("d", x, block=3),
        "d: 4 channels do not divide into blocks of (3, 3)",
    ),
    (lambda b, x: b.adaptive_pool("a", x, 0), "a: size = 0; expected positive integers"),
    (
        lambda b, x: b.conv("c", b.input("v", (1, 8)), kernel=3),
        "c: an operand of rank 2 has no axes to slide over",
    ),
    (
        lambda b, x: b.conv("c", rfield.GraphBuilder().input("q", (1, 1, 5)), kernel=3),
        "<q (1, 1, 5)> is not a value of this builder",
    ),
    (lambda b, x: b.build(outputs=[]), "the graph has no outputs"),
]


@pytest.mark.parametrize(("layer", "text"), LAYERS, ids=[text[:40] for _, text in LAYERS])
def test_an_impossible_layer(layer: Layer, text: str) -> None:
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 4, 20, 17))
    with pytest.raises(rfield.RFieldError) as told:
        layer(b, x)
    assert str(told.value) == text


def small(sizes: tuple[int | None, int | None] = (20, 17)) -> Any:
    b = rfield.GraphBuilder()
    y = b.conv("block1/conv1", b.input("image", (1, 4, *sizes)), kernel=3, stride=2, padding="same")
    return b.build(outputs=[b.pointwise("relu", y)])


QUESTIONS: list[tuple[Callable[[Any], Any], str]] = [
    (
        lambda g: rfield.receptive_field(g, "block1/conv"),
        "unknown layer 'block1/conv'. Did you mean 'block1/conv1'?",
    ),
    (
        lambda g: rfield.receptive_field(g, wrt="imgae"),
        "unknown layer 'imgae'. Did you mean 'image'?",
    ),
    (
        lambda g: rfield.receptive_fields(g)["rleu"],
        "unknown layer 'rleu'. Did you mean 'relu'?",
    ),
    (
        lambda g: rfield.receptive_field(g).region((1.5, 2)),
        "relu: index = (1.5, 2); expected integers",
    ),
    (
        lambda g: rfield.receptive_field(g).region((10, 0), clip=True),
        "relu: index (10, 0) outside positions (10, 9)",
    ),
    (
        lambda g: rfield.load("article:inception_v5"),
        "unknown network 'inception_v5'. "
        "Did you mean 'inception_v4', 'inception_v3' or 'inception_v2'?",
    ),
    (lambda g: rfield.load("nothing.onnx"), "nothing.onnx: there is no such file"),
    (
        lambda g: rfield.load("article:vgg_16", unknown="maybe"),
        "unknown = 'maybe'; expected 'error' or 'whole'",
    ),
]


@pytest.mark.parametrize(("ask", "text"), QUESTIONS, ids=[text[:40] for _, text in QUESTIONS])
def test_an_impossible_question(ask: Callable[[Any], Any], text: str) -> None:
    with pytest.raises(rfield.RFieldError) as told:
        ask(small())
    assert str(told.value) == text


FREE: list[tuple[Callable[[Any], Any], str]] = [
    (
        lambda rf: rf.region((0, 0), clip=True),
        "relu: clip=True needs the input's sizes; image has free axes",
    ),
    (
        lambda rf: rf.region((0, 0)),
        "relu: the padding of relu along y depends on the input size",
    ),
    (
        lambda rf: rf.outputs_seeing((0, 0)),
        "relu: outputs_seeing needs the input's sizes",
    ),
]


@pytest.mark.parametrize(("ask", "text"), FREE, ids=[text[:40] for _, text in FREE])
def test_a_size_that_is_needed_and_free(ask: Callable[[Any], Any], text: str) -> None:
    field = rfield.receptive_field(small((None, None)))
    assert field.size == (3, 3)
    with pytest.raises(rfield.RFieldError) as told:
        ask(field)
    assert str(told.value) == text
