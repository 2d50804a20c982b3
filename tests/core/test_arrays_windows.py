"""Windows, resizes and spectrograms: literal indices, and plain loops as an oracle."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from rfield.core import arrays
from rfield.errors import InvalidModelError
from rfield.frontends.machine.values import Constant
from tests.core.arrays_graph import elements, graph_of, is_exact, numbered, reads, same_as


def convolved(
    size: int, kernel: int, stride: int, before: int, after: int, wide: int, hole: int
) -> list[set[int]]:
    """Which elements each output reads, by walking over the grid with its holes."""
    grid = [k // hole if k % hole == 0 else None for k in range((size - 1) * hole + 1)]
    padded = [None] * max(0, before) + grid + [None] * max(0, after)
    padded = padded[max(0, -before) : len(padded) - max(0, -after)]
    reach = wide * (kernel - 1) + 1
    return [
        {e for k in range(kernel) if (e := padded[start + wide * k]) is not None}
        for start in range(0, len(padded) - reach + 1, stride)
    ]


@pytest.mark.parametrize("hole", [1, 2, 3])
@pytest.mark.parametrize("wide", [1, 2])
@pytest.mark.parametrize("pads", [(0, 0), (2, 1), (-1, 2), (3, -2)])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_conv_with_holes_on_both_sides(
    stride: int, pads: tuple[int, int], wide: int, hole: int
) -> None:
    wanted = convolved(7, 3, stride, *pads, wide, hole)
    options = {
        "strides": stride, "padding": [pads], "dilation": wide, "input_dilation": hole,
    }  # fmt: skip
    graph = graph_of(lambda x: arrays.conv(x, Constant((1, 1, 3)), **options), (1, 1, 7))  # type: ignore[arg-type]  # as above
    assert graph.nodes[-1].shape == (1, 1, len(wanted))
    found = [{e for _, _, e in reads(graph, (0, 0, i))} for i in range(len(wanted))]
    assert found == wanted
    assert is_exact(graph)


def test_a_transposed_convolution_is_a_convolution_over_a_grid_with_holes() -> None:
    direct = graph_of(
        lambda x: arrays.conv_transpose(x, Constant((1, 1, 4)), strides=2, padding=1), (1, 1, 6)
    )
    dilated = graph_of(
        lambda x: arrays.conv(x, Constant((1, 1, 4)), padding=[(2, 2)], input_dilation=2), (1, 1, 6)
    )
    assert direct.nodes[-1].shape == dilated.nodes[-1].shape == (1, 1, 12)
    for i in range(12):
        assert reads(direct, (0, 0, i)) == reads(dilated, (0, 0, i))
    assert reads(direct, (0, 0, 5)) == {(0, 0, 2), (0, 0, 3)}


def test_conv_in_any_layout() -> None:
    def make(x: Any) -> Any:
        return arrays.conv(
            x, Constant((2, 3, 2, 4)), strides=(1, 2), groups=2,
            axes=arrays.axes_named("NHWC", "NC"), weight_axes=arrays.axes_named("HWIO", "OI"),
            result_axes=arrays.axes_named("CNHW", "NC"),
        )  # fmt: skip

    graph = graph_of(make, (2, 5, 7, 4))
    assert graph.nodes[-1].shape == (4, 2, 4, 3)
    assert reads(graph, (3, 1, 2, 1)) == {
        (1, y, x, c) for y, x, c in product((2, 3), (2, 3, 4), (2, 3))
    }


def test_groups_of_the_batch_feed_groups_of_channels() -> None:
    graph = graph_of(lambda x: arrays.conv(x, Constant((6, 3, 1)), batch_groups=2), (4, 3, 5))
    assert graph.nodes[-1].shape == (2, 6, 5)
    assert {n for n, _, _ in reads(graph, (1, 2, 0))} == {1}
    assert {n for n, _, _ in reads(graph, (1, 3, 0))} == {3}
    assert {c for _, c, _ in reads(graph, (1, 3, 0))} == {0, 1, 2}


def test_a_weight_made_from_the_input_is_read_whole() -> None:
    graph = graph_of(arrays.conv, (1, 1, 5), (1, 1, 3))
    assert reads(graph, (0, 0, 1)) == {(0, 0, 1), (0, 0, 2), (0, 0, 3)}
    assert reads(graph, (0, 0, 1), "y") == {(0, 0, 0), (0, 0, 1), (0, 0, 2)}
    assert not is_exact(graph)


def test_taps_that_are_zero_read_nothing() -> None:
    zeros = np.array([[[[False, True, False], [True, True, True], [False, True, False]]]])
    graph = graph_of(lambda x: arrays.conv(x, Constant((1, 1, 3, 3)), zeros=zeros), (1, 1, 5, 5))
    assert {p[2:] for p in reads(graph, (0, 0, 0, 1))} == {(0, 1), (0, 3), (2, 1), (2, 3)}


def test_reduce_window_over_all_axes() -> None:
    graph = graph_of(
        lambda x: arrays.reduce_window(
            x, (1, 3), strides=(1, 2), padding=[(0, 0), (1, 1)], base_dilation=(1, 2),
            window_dilation=(1, 1),
        ),
        (2, 5),
    )  # fmt: skip
    wanted = convolved(5, 3, 2, 1, 1, 1, 2)
    assert graph.nodes[-1].shape == (2, len(wanted))
    assert [{e for _, e in reads(graph, (1, i))} for i in range(len(wanted))] == wanted


def test_a_window_that_reaches_back_to_the_start_is_a_running_sum() -> None:
    same_as(
        lambda x: arrays.reduce_window(x, 5, padding=[(4, 0)]), np.cumsum, (5,)
    )  # fmt: skip


def test_pooling_windows() -> None:
    graph = graph_of(lambda x: arrays.pool(x, 3, strides=2, ceil_mode=True), (1, 1, 6))
    assert [{e for *_, e in reads(graph, (0, 0, i))} for i in range(3)] == [
        {0, 1, 2}, {2, 3, 4}, {4, 5},
    ]  # fmt: skip
    graph = graph_of(lambda x: arrays.adaptive_pool(x, {0: 3}), (7,))
    assert [reads(graph, (i,)) for i in range(3)] == [
        {(0,), (1,), (2,)}, {(2,), (3,), (4,)}, {(4,), (5,), (6,)},
    ]  # fmt: skip
    graph = graph_of(lambda x: arrays.random_pool(x, 2, {0: 4}), (9,))
    assert reads(graph, (1,)) == {(2,), (3,), (4,)}
    assert not is_exact(graph)


@pytest.mark.parametrize(
    ("options", "size", "outputs", "wanted"),
    [
        ({"mode": "tf_half_pixel_for_nn"}, 4, 8, [{0}, {0}, {1}, {1}, {2}, {2}, {3}, {3}]),
        ({"mode": "asymmetric"}, 3, 5, [{0}, {0}, {1}, {1}, {2}]),
        ({"mode": "asymmetric", "rounding": "ceil"}, 3, 5, [{0}, {1}, {2}, {2}, {2}]),
        ({"method": "linear"}, 4, 2, [{0, 1}, {2, 3}]),
        ({"method": "linear", "mode": "align_corners"}, 3, 5, [{0}, {0, 1}, {1}, {1, 2}, {2}]),
        ({"method": "bilinear", "antialias": True}, 6, 2, [{0, 1, 2, 3}, {2, 3, 4, 5}]),
        (
            {"method": "linear", "mode": "asymmetric", "steps": {0: Fraction(3, 2)}}, 6, 3,
            [{0}, {1, 2}, {3}],
        ),
        ({"method": "linear", "offsets": {0: Fraction(1)}}, 4, 2, [{1}, {3}]),
    ],
)  # fmt: skip
def test_resize_by_hand(
    options: dict[str, Any], size: int, outputs: int, wanted: list[set[int]]
) -> None:
    graph = graph_of(lambda x: arrays.resize(x, {0: outputs}, **options), (size,))
    assert [{e for (e,) in reads(graph, (i,))} for i in range(outputs)] == wanted
    assert is_exact(graph)


def test_a_resize_to_the_same_size_changes_nothing() -> None:
    elements(lambda x: arrays.resize(x, {0: 5}, "cubic"), (5,), numbered((5,)))


def test_cubic_weights_outside_are_dropped_or_belong_to_the_border() -> None:
    graph = graph_of(
        lambda x: arrays.resize(x, {0: 8}, "cubic", exclude_outside=True), (4,)
    )  # fmt: skip
    assert reads(graph, (0,)) == {(0,), (1,)}


def test_area_and_regions() -> None:
    graph = graph_of(lambda x: arrays.resize_area(x, {0: 4}), (6,))
    assert [{e for (e,) in reads(graph, (i,))} for i in range(4)] == [
        {0, 1}, {1, 2}, {3, 4}, {4, 5},
    ]  # fmt: skip
    regions = {0: (Fraction(1, 2), Fraction(3, 2), 3)}
    graph = graph_of(lambda x: arrays.crop_and_resize(x, regions), (5,))
    assert [{e for (e,) in reads(graph, (i,))} for i in range(3)] == [{2}, {4}, set()]


def test_a_known_grid_narrows_what_may_be_sampled() -> None:
    rows, columns = np.meshgrid([-1, 0, 1], [1, -1], indexing="ij")
    grid = np.stack([columns, rows], -1)[None].astype(float)
    graph = graph_of(
        lambda x: arrays.grid_sample(x, grid, align_corners=True), (1, 2, 5, 3)
    )  # fmt: skip
    assert graph.nodes[-1].shape == (1, 2, 3, 2)
    assert reads(graph, (0, 1, 1, 0)) <= {(0, 1, y, x) for y in (1, 2, 3) for x in (1, 2)}
    assert (0, 1, 2, 2) in reads(graph, (0, 1, 1, 0))
    data = graph_of(arrays.grid_sample, (1, 2, 5, 3), (1, 3, 2, 2))
    assert len(reads(data, (0, 1, 1, 0))) == 15
    assert reads(data, (0, 1, 1, 0), "y") == {(0, 1, 0, 0), (0, 1, 0, 1)}
    assert not is_exact(data)


def test_a_short_window_stands_in_the_middle_of_its_frame() -> None:
    graph = graph_of(lambda x: arrays.stft(x, 8, 4, window=3), (20,))
    assert graph.nodes[-1].shape == (4, 5)
    assert reads(graph, (1, 2)) == {(6,), (7,), (8,)}
    assert reads(graph, (3, 0)) == {(14,), (15,), (16,)}


def test_centred_frames_are_mirrored_at_the_ends() -> None:
    graph = graph_of(lambda x: arrays.stft(x, 4, 4, center=True, onesided=False), (9,))
    assert graph.nodes[-1].shape == (3, 4)
    assert reads(graph, (0, 1)) == {(0,), (1,), (2,)}
    assert reads(graph, (2, 1)) == {(6,), (7,), (8,)}


def test_frames_are_added_again() -> None:
    graph = graph_of(lambda x: arrays.istft(x, 8, 4), (4, 5))
    assert graph.nodes[-1].shape == (20,)
    assert {t for t, _ in reads(graph, (3,))} == {0}
    assert {t for t, _ in reads(graph, (9,))} == {1, 2}
    centred = graph_of(lambda x: arrays.istft(x, 8, 4, center=True, window=4), (4, 5))
    assert centred.nodes[-1].shape == (12,)
    assert [{t for t, _ in reads(centred, (i,))} for i in (0, 1, 2, 5)] == [{0}, {0}, {1}, {1}]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda x: arrays.stft(x, 4, 2, window=5), "windows of 5 in frames of 4 every 2"),
        (
            lambda x: arrays.resize(x, {0: 3}, "area"),
            "method = 'area'; expected one of nearest, linear, bilinear, trilinear, triangle, "
            "cubic, bicubic, keyscubic, lanczos, lanczos3, lanczos5",
        ),
        (
            lambda x: arrays.conv(x, Constant((3,))),
            "convolution: the ranks do not fit (operands: (9,), (3,))",
        ),
    ],
)
def test_what_does_not_fit_is_an_error(make: Callable[[Any], Any], text: str) -> None:
    with pytest.raises(InvalidModelError) as caught:
        graph_of(make, (9,))
    assert str(caught.value) == text
