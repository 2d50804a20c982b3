"""Exact sets, worked out by hand: holes, crosses, phases and windows that a box does not show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import rfield


def line(found: rfield.Support) -> str:
    """The mask of one axis, ``#`` for read."""
    return "".join(".#"[int(read)] for read in found.mask)


def rows(found: rfield.Support) -> list[str]:
    """The mask of two axes."""
    return ["".join(".#"[int(read)] for read in row) for row in found.mask]


def convolutions(*dilations: int, size: int = 61) -> rfield.Graph:
    """3x3 convolutions in a row, with these dilations."""
    b = rfield.GraphBuilder()
    y = b.input("image", (1, 1, size, size))
    for number, dilation in enumerate(dilations):
        y = b.conv(f"conv{number}", y, kernel=3, dilation=dilation, padding=dilation)
    return b.build([y])


def test_a_stack_of_dilation_two_is_a_grid():
    """Wang et al., Understanding Convolution for Semantic Segmentation, WACV 2018: gridding."""
    found = rfield.support(convolutions(2, 2, 2), (30, 30))
    assert (found.offset, found.shape) == ((24, 24), (13, 13))
    assert rows(found) == ["#.#.#.#.#.#.#" if k % 2 == 0 else "." * 13 for k in range(13)]
    assert (found.count, found.holes) == (49, 120)
    assert found.density == pytest.approx(49 / 169)


@pytest.mark.parametrize(
    ("dilations", "size", "count"),
    [
        ((1, 2, 5), 17, 17 * 17),  # their hybrid: the same size as (2, 2, 4), and no holes
        ((2, 2, 4), 17, 9 * 9),
        ((2, 4, 8), 29, 15 * 15),
        (
            (1, 2, 9),
            25,
            21 * 21,
        ),  # -3..3 and the same at -9 and 9: 4 positions of 25 are never read
        ((1, 3, 9), 27, 27 * 27),  # ternary digits -1, 0, 1: every number once
    ],
)
def test_dilations_that_fit_together_leave_no_holes(dilations, size, count):
    found = rfield.support(convolutions(*dilations), (30, 30))
    assert (found.shape, found.count) == ((size, size), count)


def test_a_grid_is_cut_at_the_border():
    found = rfield.support(convolutions(2, 2), (0, 1))
    assert rows(found) == ["#.#.#", ".....", "#.#.#", ".....", "#.#.#"]
    assert found.offset == (0, 1)


@pytest.mark.parametrize(("layers", "expected"), [(1, "##"), (2, "##.##"), (3, "##.##....##.##")])
def test_a_kernel_smaller_than_its_stride_skips_positions(layers, expected):
    """k = 2, s = 3: output i reads 3i and 3i + 1; twice 9i + 0, 1, 3, 4: a Cantor set."""
    b = rfield.GraphBuilder()
    y = b.input("signal", (1, 1, 81))
    for number in range(layers):
        y = b.conv(f"conv{number}", y, kernel=2, stride=3)
    graph = b.build([y])
    for index in (0, 2):
        found = rfield.support(graph, (index,))
        assert line(found) == expected
        assert found.offset == (index * 3**layers,)


@pytest.mark.parametrize(
    ("index", "offset", "expected"),
    [(0, 0, "#"), (1, 2, "#.#"), (2, 4, "#...#"), (3, 6, "#.....#")],
)
def test_branches_of_different_strides_drift_apart(index, offset, expected):
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 16))
    fast = b.conv("fast", x, kernel=1, stride=4)
    slow = b.crop("first", b.conv("slow", x, kernel=1, stride=2), crop=[(0, 4)])
    graph = b.build([b.add("sum", fast, slow)])
    found = rfield.support(graph, (index,))
    assert (found.offset, line(found)) == ((offset,), expected)
    assert found.box == rfield.receptive_field(graph).region((index,), clip=True)


def crosses(count: int) -> rfield.Graph:
    """A column of three beside a row of three, added, ``count`` times."""
    b = rfield.GraphBuilder()
    y = b.input("image", (1, 1, 15, 15))
    for number in range(count):
        tall = b.conv(f"tall{number}", y, kernel=(3, 1), padding=(1, 0))
        wide = b.conv(f"wide{number}", y, kernel=(1, 3), padding=(0, 1))
        y = b.add(f"sum{number}", tall, wide)
    return b.build([y])


CROSSES = {
    1: [".#.", "###", ".#."],
    2: ["..#..", ".###.", "#####", ".###.", "..#.."],
    3: ["...#...", "..###..", ".#####.", "#######", ".#####.", "..###..", "...#..."],
}


@pytest.mark.parametrize("count", CROSSES)
def test_a_column_beside_a_row_is_a_cross_and_crosses_make_diamonds(count):
    graph = crosses(count)
    found = rfield.support(graph, (7, 7))
    assert rows(found) == CROSSES[count]
    assert found.offset == (7 - count, 7 - count)
    corner = rfield.support(graph, (0, 0))
    assert rows(corner) == [row[count:] for row in CROSSES[count][count:]]


def test_the_cross_in_inception_v3():
    """Mixed_7b joins 1x3 and 3x1; a 3x3 before it rounds the corners off."""
    graph = rfield.load("article:inception_v3", 299)
    join = "Mixed_7b/Branch_1/concat"
    one = rfield.support(graph, (3, 3), join, wrt="Mixed_7b/Branch_1/Conv2d_0a_1x1")
    assert rows(one) == [".#.", "###", ".#."]
    join = "Mixed_7b/Branch_2/concat"
    two = rfield.support(graph, (3, 3), join, wrt="Mixed_7b/Branch_2/Conv2d_0a_1x1")
    assert rows(two) == [".###.", "#####", "#####", "#####", ".###."]


def u_net(up: Callable[[Any, str, Any], Any]) -> rfield.Graph:
    """One axis: down by four, one convolution of three, up by four, joined with the input."""
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 32))
    low = b.avg_pool("pool", x, kernel=4)
    low = b.conv("bottom", low, kernel=3, padding=1)
    joined = b.concat("join", up(b, "up", low), x)
    return b.build([b.conv("head", joined, kernel=3, padding=1)])


def nearest(b: Any, name: str, x: Any) -> Any:
    return b.resize(name, x, scale=4)


def transposed(b: Any, name: str, x: Any) -> Any:
    return b.conv_transpose(name, x, kernel=4, stride=4)


def linear(b: Any, name: str, x: Any) -> Any:
    return b.resize(name, x, scale=4, mode="linear")


@pytest.mark.parametrize(
    ("up", "expected"),
    [
        # The head reads j-1..j+1: at the ends of a block of four it sees two blocks, which see
        # four blocks below; in the middle one, which sees three.
        (nearest, [(0, 16), (4, 16), (4, 16), (4, 20)]),
        (transposed, [(0, 16), (4, 16), (4, 16), (4, 20)]),
        # Half-pixel linear: j-1..j+1 = 7..9 lie at 1.375, 1.625 and 1.875 of the blocks 1 and 2;
        # 9..11 at 1.875, 2.125 and 2.375, so at three blocks.
        (linear, [(0, 16), (0, 20), (0, 20), (4, 20)]),
    ],
)
def test_a_u_net_sees_more_at_some_phases(up, expected):
    graph = u_net(up)
    for index, (start, stop) in enumerate(expected, 8):
        found = rfield.support(graph, (index,))
        assert (found.box.start, found.box.stop, found.holes) == ((start,), (stop,), 0)
    field = rfield.receptive_field(graph)
    assert field.period == (4,)
    sizes = sorted({stop - start for start, stop in expected})
    assert field.sizes == (tuple(sizes),)
    assert field.size == (max(sizes),)


def test_a_strided_u_net_has_holes_at_every_phase():
    """Down by taking every fourth position, up by zero-filled k = 1: three of four see no depth."""
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 32))
    low = b.conv("bottom", b.conv("down", x, kernel=1, stride=4), kernel=3, padding=1)
    up = b.conv_transpose("up", low, kernel=1, stride=4, output_padding=3)
    graph = b.build([b.concat("join", up, x)])
    expected = {8: "#...#...#", 9: "#", 10: "#", 11: "#", 12: "#...#...#"}
    for index, mask in expected.items():
        assert line(rfield.support(graph, (index,))) == mask


def window_attention(b: Any, name: str, x: Any, window: int) -> Any:
    """Every token of a window of ``window`` x ``window`` reads the whole window."""
    size = x.shape[1]
    count = size // window
    y = b.reshape(f"{name}.cut", x, (1, count, window, count, window, 1))
    y = b.softmax(f"{name}.rows", y, axis=2)
    y = b.softmax(f"{name}.columns", y, axis=4)
    return b.reshape(f"{name}.joined", y, (1, size, size, 1), axes=(1, 2))


def swin(size: int = 12, window: int = 4) -> rfield.Graph:
    """Windows, then windows shifted by half, as in a pair of Swin blocks without its mask."""
    b = rfield.GraphBuilder()
    x = b.input("tokens", (1, size, size, 1), axes=(1, 2))
    x = window_attention(b, "plain", x, window)
    half = window // 2
    y = b.roll("shift", x, shifts={1: -half, 2: -half})
    y = window_attention(b, "shifted", y, window)
    return b.build([b.roll("back", y, shifts={1: half, 2: half})])


@pytest.mark.parametrize(
    ("layer", "index", "y", "x"),
    [
        ("plain.joined", (5, 0), "....####....", "####........"),
        ("plain.joined", (11, 3), "........####", "####........"),
        # 5 lies in the shifted window 2..5, which reaches over 0..3 and 4..7.
        ("back", (5, 5), "########....", "########...."),
        ("back", (6, 2), "....########", "########...."),
        # The shift is circular: 0 and 11 share the window 10, 11, 0, 1.
        ("back", (0, 5), "####....####", "########...."),
        ("back", (11, 0), "####....####", "####....####"),
    ],
)
def test_swin_windows_and_shifted_windows(layer, index, y, x):
    found = rfield.support(swin(), index, layer)
    marks = [np.array([c == "#" for c in mask]) for mask in (y, x)]
    whole = np.zeros((12, 12), bool)
    box = tuple(slice(o, o + n) for o, n in zip(found.offset, found.shape, strict=True))
    whole[box] = found.mask
    np.testing.assert_array_equal(whole, np.outer(*marks))


def test_several_outputs_at_once():
    """A box of outputs reads the union; an array of outputs gives one support each."""
    b = rfield.GraphBuilder()
    graph = b.build([b.conv("conv", b.input("signal", (1, 1, 20)), kernel=2, stride=5)])
    assert line(rfield.support(graph, (slice(0, 3),))) == "##...##...##"
    each = rfield.support(graph, np.array([[0], [2]]))
    assert [found.offset for found in each] == [(0,), (10,)]


def test_without_clip_padding_is_more_input():
    graph = convolutions(2, size=9)
    assert rows(rfield.support(graph, (0, 0))) == ["#.#", "...", "#.#"]
    theory = rfield.support(graph, (0, 0), clip=False)
    assert theory.offset == (-2, -2)
    assert rows(theory) == ["#.#.#", ".....", "#.#.#", ".....", "#.#.#"]


# --- questions without an answer


def small() -> Any:
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 4, 20, 17))
    y = b.conv("conv", x, kernel=3, stride=2, padding="same")
    gate = b.multiply("gate", y, b.global_pool("pool", y))
    side = b.conv("side", b.input("prompt", (1, 4, 5, 5)), kernel=3)
    return b.build([gate, side])


def huge(size: int) -> Any:
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, size, size))
    return b.build([b.add("sum", b.global_pool("pool", x), x)])


QUESTIONS: Sequence[tuple[Callable[[], Any], str]] = [
    (
        lambda: rfield.support(small(), (10, 0), "conv"),
        "conv: index (10, 0) outside positions (10, 9)",
    ),
    (
        lambda: rfield.support(small(), (-1, 0), "conv"),
        "conv: index (-1, 0) outside positions (10, 9)",
    ),
    (
        lambda: rfield.support(small(), (1, 2, 3), "conv"),
        "conv: an index of 3 numbers; its positions are (10, 9)",
    ),
    (
        lambda: rfield.support(small(), (1.5, 2), "conv"),
        "conv: index = (1.5, 2); expected integers",
    ),
    (
        lambda: rfield.influence(small(), (3,), "conv"),
        "conv: an index of 1 numbers; its positions are (10, 9)",
    ),
    (
        lambda: rfield.support(small(), (0, 0), "side", wrt="image"),
        "side does not depend on image",
    ),
    (
        lambda: rfield.influence(small(), (0, 0), "side", wrt="image"),
        "side does not depend on image",
    ),
    (
        lambda: rfield.support(small(), (0, 0), "gate", wrt="image", clip=False),
        "gate reads a whole axis (pool); without clip its field has no end",
    ),
    (
        lambda: rfield.support(small(), (slice(0, 0), 0), "conv"),
        "conv: index (slice(0, 0, None), 0) holds 0 positions",
    ),
    (
        lambda: rfield.support(convolutions(1, size=9), (slice(0, 2),)),
        "conv0: an index of 1 numbers; its positions are (9, 9)",
    ),
    (
        lambda: rfield.support("article:vgg_16", (0, 0)),
        "vgg_16/pool5: exact sets need the input's sizes; image has free axes. "
        "Give one, for example\n  rfield.load(model, input_shape=(1, 224, 224, 3))",
    ),
]


@pytest.mark.parametrize(("ask", "text"), QUESTIONS, ids=[text[:40] for _, text in QUESTIONS])
def test_an_impossible_question(ask, text):
    with pytest.raises(rfield.RFieldError) as told:
        ask()
    assert str(told.value) == text


def test_a_mask_that_would_not_fit_is_refused_and_the_box_is_there():
    found = rfield.support(huge(1_000_000), (5, 7))
    assert (found.box.start, found.box.stop) == ((0, 0), (1_000_000, 1_000_000))
    with pytest.raises(rfield.RFieldError) as told:
        _ = found.mask
    assert str(told.value) == (
        "the mask needs 1,000,000,000,000 cells, more than fit. Its bounding box is in .box."
    )


def test_an_input_without_positions_has_no_set_of_them() -> None:
    b = rfield.GraphBuilder()
    x, z = b.input("x", (1, 2, 12)), b.input("z", (1, 2, 1), axes=())
    graph = b.build(outputs=[b.multiply("y", b.conv("c", x, kernel=3), z)])
    for ask in (rfield.support, rfield.influence):
        with pytest.raises(rfield.RFieldError, match="none of whose axes are positions"):
            ask(graph, (3,), wrt="z")


def test_a_box_of_outputs_fills_the_holes_of_each() -> None:
    """Rows 0 2, 1 3 and 0 2 4 of three outputs, columns 0 2 and 1 3 of two."""
    b = rfield.GraphBuilder()
    y = b.conv("conv", b.input("x", (1, 1, 20, 20)), kernel=3, dilation=2, padding=2)
    found = rfield.support(b.build([y]), (slice(0, 3), slice(0, 2)))
    assert (found.offset, found.shape, bool(found.mask.all())) == ((0, 0), (5, 4), True)
