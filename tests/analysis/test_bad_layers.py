"""What a person reads who writes down an impossible layer."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from typing import Any

import numpy as np
import pytest

import rfield
from rfield.core.graph import Input, Node
from rfield.core.link import passed
from rfield.core.ops import pointwise

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
        "s: sizes 20 and 18 do not broadcast (operands: (1, 4, 20, 17), (1, 4, 18, 15))",
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
    (
        lambda b, x: b.pad("p", b.crop("k", x, crop=[10, 0]), padding=1, mode="symmetric"),
        "p: symmetric padding of an empty axis, which has nothing to repeat",
    ),
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
        "c: <v (1, 8)> has no spatial axes; name them where it is made, as in "
        "reshape(…, axes=(2, 3))",
    ),
    (
        lambda b, x: b.conv("c", rfield.GraphBuilder().input("q", (1, 1, 5)), kernel=3),
        "c: <q (1, 1, 5)> is not a value of this builder",
    ),
    (lambda b, x: b.conv("c", x, kernel=0), "c: kernel = 0; expected positive integers"),
    (lambda b, x: b.conv("c", x, kernel=3.0), "c: kernel = 3.0; expected positive integers"),
    (lambda b, x: b.conv("c", x, kernel=None), "c: kernel = None; expected positive integers"),
    (lambda b, x: b.conv("c", x, kernel="3"), "c: kernel = '3'; expected positive integers"),
    (lambda b, x: b.conv("c", x, kernel=True), "c: kernel = True; expected positive integers"),
    (
        lambda b, x: b.conv("c", x, kernel=3, padding=None),
        "c: padding = None; expected numbers, 'same', 'same_lower' or 'valid'",
    ),
    (
        lambda b, x: b.conv("c", x, kernel=3, padding=1.5),
        "c: padding = 1.5; expected numbers, 'same', 'same_lower' or 'valid'",
    ),
    (
        lambda b, x: b.conv("c", x, kernel=3, padding=[(0.5, 1), (0, 0)]),
        "c: padding = [(0.5, 1), (0, 0)]; (0.5, 1) is neither an integer nor a pair "
        "(before, after)",
    ),
    (
        lambda b, x: b.conv_transpose("t", x, kernel=3, padding=[(1, 2, 3), (0, 0)]),
        "t: padding = [(1, 2, 3), (0, 0)]; (1, 2, 3) is neither an integer nor a pair "
        "(before, after)",
    ),
    (
        lambda b, x: b.pad("p", x, padding=[(1, 2, 3), (0, 0)]),
        "p: padding = [(1, 2, 3), (0, 0)]; (1, 2, 3) is neither an integer nor a pair "
        "(before, after)",
    ),
    (
        lambda b, x: b.pad("p", x, padding=[(0.5, 1), (0, 0)]),
        "p: padding = [(0.5, 1), (0, 0)]; (0.5, 1) is neither an integer nor a pair "
        "(before, after)",
    ),
    (
        lambda b, x: b.pad("p", x, padding="same"),
        "p: padding = 'same'; expected integers or pairs (before, after)",
    ),
    (
        lambda b, x: b.pad("p", x, padding=1, mode="mirror"),
        "p: mode = 'mirror'; expected one of constant, zeros, zero, reflect, symmetric, "
        "replicate, edge, circular, wrap",
    ),
    (lambda b, x: b.crop("k", x, crop=-1), "k: crop = -1; expected integers of at least 0"),
    (
        lambda b, x: b.conv("c", x, kernel=3, channels=-2),
        "c: channels = -2; expected a positive integer",
    ),
    (
        lambda b, x: b.conv_transpose("t", x, kernel=3, channels=0),
        "t: channels = 0; expected a positive integer",
    ),
    (
        lambda b, x: b.conv("c", x, kernel=3, groups=0),
        "c: groups = 0; expected a positive integer",
    ),
    (lambda b, x: b.dense("d", x, 0), "d: channels = 0; expected a positive integer"),
    (lambda b, x: b.dense("d", x, -1), "d: channels = -1; expected a positive integer"),
    (
        lambda b, x: b.resize("z", x, scale=2, coordinates="half"),
        "z: coordinates = 'half'; expected one of half_pixel, half_pixel_symmetric, "
        "pytorch_half_pixel, align_corners, asymmetric, tf_half_pixel_for_nn",
    ),
    (
        lambda b, x: b.resize("z", x, scale=2, rounding="up"),
        "z: rounding = 'up'; expected one of floor, ceil, round_prefer_floor, round_prefer_ceil",
    ),
    (lambda b, x: b.resize("z", x, scale=nan), "z: scale = nan; expected 2 positive numbers"),
    (
        lambda b, x: b.resize("z", x, scale=(2, inf)),
        "z: scale = (2, inf); expected 2 positive numbers",
    ),
    (lambda b, x: b.resize("z", x, size=4.5), "z: size = 4.5; expected positive integers"),
    (
        lambda b, x: b.input("y", (1, 3, 4.5, 5)),
        "y: shape = (1, 3, 4.5, 5); expected sizes of at least 0 or None",
    ),
    (lambda b, x: b.input("y", "4"), "y: shape = '4'; expected sizes of at least 0 or None"),
    (lambda b, x: b.input("y", 4), "y: shape = 4; expected sizes of at least 0 or None"),
    (
        lambda b, x: b.input("y", (1, 3, 4, 5), axes=(2, -2)),
        "y: axes = (2, -2); expected distinct axes",
    ),
    (lambda b, x: b.input("y", (1, 3, 4), axes="y"), "y: axes = 'y'; expected integers"),
    (lambda b, x: b.input("", (1, 3, 4)), "name = ''; expected a text that is not empty"),
    (lambda b, x: b.conv(7, x, kernel=3), "name = 7; expected a text that is not empty"),
    (
        lambda b, x: b.conv_transpose("t", x, kernel=3, stride=2, output_padding=2),
        "t: output_padding = 2; expected less than the stride (2, 2) or the dilation (1, 1)",
    ),
    (
        lambda b, x: b.slice("s", x, axis=2, start=0, stop=9, step=0),
        "s: slice 0:9:0; expected integers and a step that is not 0",
    ),
    (lambda b, x: b.add("s"), "s: there are no operands"),
    (
        lambda b, x: b.add("s", x, 1),
        "s: 1 is not a value; expected what an input or a layer returned",
    ),
    (
        lambda b, x: b.conv("c", "image", kernel=3),
        "c: 'image' is not a value; expected what an input or a layer returned",
    ),
    (
        lambda b, x: b.reshape("r", "image", (4,)),
        "r: 'image' is not a value; expected what an input or a layer returned",
    ),
    (lambda b, x: b.build(outputs=5), "outputs = 5; expected values or layer names"),
    (
        lambda b, x: b.build(outputs=[5]),
        "5 is not a value; expected what an input or a layer returned",
    ),
    (lambda b, x: b.build(outputs="imgae"), "unknown layer 'imgae'. Did you mean 'image'?"),
    (lambda b, x: b.reduce("r", x, axes=[7]), "r: axis = 7; the operand has 4 axes"),
    (lambda b, x: b.permute("p", x, (0, 1, 2, 9)), "p: axis = 9; the operand has 4 axes"),
    (lambda b, x: b.roll("o", x, shifts=3), "o: shifts = 3; expected {axis: steps}"),
    (lambda b, x: b.roll("o", x, shifts={2: 1.5}), "o: shifts = (1.5,); expected integers"),
    (lambda b, x: b.softmax("s", x, axis=1.5), "s: axis = 1.5; expected an integer"),
    (
        lambda b, x: b.matmul("m", x, x),
        "m: axes of 17 and 20 cannot be contracted (operands: (1, 4, 20, 17), (1, 4, 20, 17))",
    ),
    (
        lambda b, x: b.matmul("m", x, b.input("v", (5,))),
        "m: expected operands of at least 2 axes (operands: (1, 4, 20, 17), (5,))",
    ),
    (
        lambda b, x: b.gather("g", x, axis=2, indices=[0, 25]),
        "g: index 25 outside an axis of 20",
    ),
    (
        lambda b, x: b.concat("cc", x, b.conv("c", x, kernel=3)),
        "cc: sizes differ on an axis other than 1 (operands: (1, 4, 20, 17), (1, 4, 18, 15))",
    ),
    (
        lambda b, x: b.concat("cc", x, b.input("v", (5,))),
        "cc: the ranks differ (operands: (1, 4, 20, 17), (5,))",
    ),
    (
        lambda b, x: b.reshape("r", b.input("f", (1, 4, None, 3)), (1, 4, 20, 3)),
        "r: cannot reshape (1, 4, ?, 3) into (1, 4, 20, 3)",
    ),
    (
        lambda b, x: b.add("s", b.input("f", (1, 4, None, None)), x),
        "s: sizes ? and 20 do not broadcast (operands: (1, 4, ?, ?), (1, 4, 20, 17))",
    ),
    (lambda b, x: b.build(outputs=[]), "the graph has no outputs"),
]


@pytest.mark.parametrize(
    ("layer", "text"), LAYERS, ids=[f"{n} {text[:40]}" for n, (_, text) in enumerate(LAYERS)]
)
def test_an_impossible_layer(layer: Layer, text: str) -> None:
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 4, 20, 17))
    with pytest.raises(rfield.RFieldError) as told:
        layer(b, x)
    assert str(told.value) == text


def test_any_kind_of_integer_is_an_integer() -> None:
    b = rfield.GraphBuilder()
    x = b.input("image", np.array([1, 4, 20, 17]), axes=np.array([2, 3]))
    y = b.conv(
        "c", x, kernel=np.int64(3), stride=np.array([2, 1]), padding=np.int8(1),
        channels=np.int32(8), groups=np.int64(2),
    )  # fmt: skip
    y = b.resize("z", y, scale=np.float32(1.5))
    assert y.shape == (1, 8, 15, 25)
    assert {type(size) for size in y.shape} == {int}


@pytest.mark.parametrize("outputs", ["c", ["c"]])
def test_one_output_needs_no_list(outputs: Any) -> None:
    b = rfield.GraphBuilder()
    y = b.conv("c", b.input("image", (1, 4, 20, 17)), kernel=3)
    assert b.build(outputs=y).outputs == b.build(outputs=outputs).outputs == ("c",)


def test_a_graph_stays_as_it_was_built() -> None:
    b = rfield.GraphBuilder()
    y = b.conv("c", b.input("image", (1, 4, 20, 17)), kernel=3)
    graph = b.build(outputs=y)
    b.pointwise("later", y)
    assert len(graph.nodes) == 2


READERS: list[tuple[list[int], str]] = [
    ([2, 1], "a: reads b, which is computed after it (a cycle, or a wrong order)"),
    ([1, 0], "a: reads itself"),
    ([9, 0], "a: reads value 9, but there are 3 values"),
]


@pytest.mark.parametrize(("operands", "text"), READERS, ids=["cycle", "itself", "nothing"])
def test_a_graph_that_goes_in_circles(operands: list[int], text: str) -> None:
    nodes = [Node.source_of("image", (1, 4))]
    for name, operand in zip("ab", operands, strict=True):
        nodes.append(Node(name, pointwise((1, 4), kind="relu"), (operand,), (passed(2),)))
    graph = rfield.Graph(nodes, (Input("image", 0, (1,)),), (2,), {"b": 2})
    with pytest.raises(rfield.RFieldError) as told:
        graph.validate()
    assert str(told.value) == text
