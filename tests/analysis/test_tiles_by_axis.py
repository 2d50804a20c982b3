"""Tiles along the axes that are maps, at ends that are mirrored or wrapped, for other tools."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rfield
from rfield.analysis.pieces.comparing.unfolding import unfolded
from rfield.errors import NotTileableError


def summed(image: int = 20) -> rfield.Graph:
    """A running sum along x behind a convolution along y."""
    b = rfield.GraphBuilder()
    y = b.conv("conv", b.input("image", (1, 1, image, 6)), kernel=(3, 1), padding=[(1, 1), (0, 0)])
    return b.build([b.cumsum("sum", y, axis=3)])


def test_only_the_axis_that_is_a_map_is_cut():
    plan = rfield.tile_plan(summed(), (20, 6), tile=(8, 6))
    assert (plan.axes, plan.tile, plan.step, plan.halo) == (("y",), (8,), (6,), ((1, 1),))

    def run(x: np.ndarray) -> np.ndarray:
        x = np.pad(x, ((0, 0), (0, 0), (1, 1), (0, 0)))
        return (x[:, :, 2:] + x[:, :, 1:-1] + x[:, :, :-2]).cumsum(3)

    x = np.arange(120).reshape(1, 1, 20, 6) ** 2
    assert np.array_equal(rfield.run_tiled(run, x, plan), run(x))


def test_one_size_for_all_axes_is_that_of_those_that_are_cut():
    plan = rfield.tile_plan(summed(), (20, 6), tile=5)
    assert (plan.axes, plan.tile, plan.step, len(plan)) == (("y",), (5,), (3,), 6)
    assert plan == rfield.tile_plan(summed(), (20, 6), tile=(5, 6))
    assert plan.uncut == (("x", 6),)
    assert str(plan).startswith("6 tiles of 5 with all 6 of x every 3 over 20 (exact, ")
    report = plan.to_markdown()
    assert "along x" in report
    assert "all 6 in every tile" in report


def test_the_other_axis_must_be_in_the_tile_and_no_halo_is_chosen_for_it():
    more = "\n  There are some with tile=(8, 6)."
    for wanted, advice in (({"tile": (8, 5)}, more), ({"tile": (8, 6), "halo": 1}, "")):
        with pytest.raises(NotTileableError) as error:
            rfield.tile_plan(summed(), (20, 6), **wanted)
        assert str(error.value) == (
            "sum (1, 1, 20, 6): no axis of it goes along with x, so its tiles have all of x.\n"
            f"  Choose a layer that is a map: output=...{advice}"
        )


@pytest.mark.parametrize("padding", [3, ((1, 1), (3, 3))])
def test_padding_along_an_axis_that_is_not_cut_is_refused(padding):
    """It was dropped: sums began inside, where those of the padded image begin before it."""
    with pytest.raises(NotTileableError) as error:
        rfield.tile_plan(summed(), (20, 6), tile=8, padding=padding)
    assert str(error.value) == (
        "sum: tiles are not cut along x and have all of it as it is, so the padding (3, 3) is not "
        "laid around it.\n  Pad the image along x before"
    )
    assert rfield.tile_plan(summed(), (20, 6), tile=8, padding=((1, 1), (0, 0))).exact


BORDERS: dict[str, tuple[Callable[[Any, Any], Any], str, tuple[int, int]]] = {
    "edge": (lambda b, x: b.pad("pad", x, padding=[(1, 2)], mode="replicate"), "edge", (1, 2)),
    "reflect": (lambda b, x: b.pad("pad", x, padding=[(2, 3)], mode="reflect"), "reflect", (2, 3)),
}


@pytest.mark.parametrize("name", BORDERS)
def test_a_mirrored_end_needs_no_more_than_what_it_mirrors(name: str):
    make, mode, pads = BORDERS[name]
    b = rfield.GraphBuilder()
    graph = b.build([make(b, b.input("x", (1, 1, 20)))])
    plan = rfield.tile_plan(graph, 20, tile=5)

    def run(x: np.ndarray) -> np.ndarray:
        return np.pad(x, ((0, 0), (0, 0), pads), mode=mode)  # type: ignore[call-overload]

    x = np.arange(20).reshape(1, 1, 20)
    assert len(plan) > 3
    assert np.array_equal(rfield.run_tiled(run, x, plan), run(x))


def rolled(cut: int) -> rfield.Graph:
    b = rfield.GraphBuilder()
    y = b.roll("roll", b.input("x", (1, 1, 30)), shifts={2: 2})
    return b.build([b.crop("cut", y, crop=[(cut, 0)])])


def test_what_wraps_is_no_matter_where_it_is_cut_away():
    plan = rfield.tile_plan(rolled(2), 30, tile=10)

    def run(x: np.ndarray) -> np.ndarray:
        return np.roll(x, 2, 2)[:, :, 2:]

    x = np.arange(30).reshape(1, 1, 30)
    assert np.array_equal(rfield.run_tiled(run, x, plan), run(x))
    with pytest.raises(NotTileableError) as error:
        rfield.tile_plan(rolled(1), 30, tile=10)
    assert str(error.value) == (
        "no tile of cut equals the whole:\n  roll (roll) wraps around the ends of its input"
    )


def turned_to_a_copy() -> rfield.Graph:
    """The first element is laid at the end too, and the end is turned to the beginning."""
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 30))
    first = b.slice("first", x, axis=2, start=0, stop=-1, step=-1)
    y = b.roll("roll", b.concat("laid", x, first, axis=2), shifts={2: 3})
    return b.build([b.crop("cut", y, crop=[(2, 0)])])


def turned_along_two_axes() -> rfield.Graph:
    """As above along y, by padding; what is read along the short axis x is there in every tile."""
    b = rfield.GraphBuilder()
    y = b.pad("pad", b.input("x", (1, 1, 30, 3)), padding=[(0, 1), (1, 1)], mode="circular")
    y = b.roll("roll", y, shifts={2: 1, 3: 2})
    return b.build([b.conv("conv", y, kernel=(2, 1))])


def test_what_is_turned_to_where_it_came_from_tiles_and_streams():
    def laid(x: np.ndarray) -> np.ndarray:
        return np.concatenate([x[:, :, :1], x], 2)[:, :, :-2]

    def summed(x: np.ndarray) -> np.ndarray:
        x = np.concatenate([x[:, :, :1], x], 2)[:, :, :, [2, 0, 2, 0, 1]]
        return x[:, :, 1:] + x[:, :, :-1]

    x = np.arange(90).reshape(1, 1, 30, 3) ** 2
    for graph, run, image in (
        (turned_to_a_copy(), laid, x[..., 0]),
        (turned_along_two_axes(), summed, x),
    ):
        plan = rfield.tile_plan(graph, image.shape[2:], tile=(12, *image.shape[3:]))
        assert len(plan) > 2
        assert np.array_equal(rfield.run_tiled(run, image, plan), run(image))
        stream = rfield.stream_plan(graph, axis=2)
        found = rfield.run_streaming(run, np.array_split(image, 7, 2), stream)
        assert np.array_equal(np.concatenate(list(found), 2), run(image))


def turned_padding() -> rfield.Graph:
    """The last sum is one of zeros, and is turned to the beginning."""
    b = rfield.GraphBuilder()
    y = b.conv("conv", b.input("x", (1, 1, 30)), kernel=3, padding=[(0, 3)])
    return b.build([b.conv("sum", b.roll("roll", y, shifts={2: 1}), kernel=2)])


def turned_to_two_copies() -> rfield.Graph:
    """The first two are laid in front once more: 0 1 0 1 2 and so on, which no border gives."""
    b = rfield.GraphBuilder()
    y = b.pad("pad", b.input("x", (1, 1, 30)), padding=[(0, 2)], mode="circular")
    return b.build([b.conv("sum", b.roll("roll", y, shifts={2: 2}), kernel=2)])


def test_what_wraps_is_no_matter_where_it_is_the_same_at_the_ends_of_a_part():
    def padded(x: np.ndarray) -> np.ndarray:
        y = np.pad(x, [(0, 0), (0, 0), (0, 5)])
        y = np.roll(y[..., :-4] + y[..., 1:-3] + y[..., 2:-2], 1, 2)
        return y[..., 1:] + y[..., :-1]

    def copied(x: np.ndarray) -> np.ndarray:
        y = np.concatenate([x[..., :2], x], 2)
        return y[..., 1:] + y[..., :-1]

    x = np.arange(50).reshape(1, 1, 50) ** 2
    for graph, run in ((turned_padding(), padded), (turned_to_two_copies(), copied)):
        plan = rfield.tile_plan(graph, 50, tile=12)
        assert len(plan) > 4
        assert np.array_equal(rfield.run_tiled(run, x, plan), run(x))
        stream = rfield.stream_plan(graph, axis=2)
        found = rfield.run_streaming(run, np.array_split(x, 7, 2), stream)
        assert np.array_equal(np.concatenate(list(found), 2), run(x))


def test_what_wraps_at_some_lengths_does_not_stream():
    """Of an even length the last pair is padding, of an odd one it has the last sample."""
    b = rfield.GraphBuilder()
    y = b.conv("conv", b.input("x", (1, 1, 13)), kernel=2, stride=2, padding=[(0, 2)])
    graph = b.build([b.conv("sum", b.roll("roll", y, shifts={2: 1}), kernel=2)])
    for length in (None, 13, 40):
        plan = rfield.stream_plan(graph, length=length)
        assert plan.obstacles == ("the end of the stream is read at its beginning by roll",)
    assert rfield.tile_plan(graph, 40, tile=12).exact


def test_a_roll_by_nothing_streams():
    b = rfield.GraphBuilder()
    plan = rfield.stream_plan(b.build([b.roll("roll", b.input("x", (1, 1, 30)), shifts={2: 0})]))
    assert plan.exact


def test_other_tools_move_as_the_plan_does():
    """MONAI moves by int(roi_size * (1 - overlap)), and the last window ends with the image."""
    b = rfield.GraphBuilder()
    y = b.conv("conv", b.input("image", (1, 1, 64, 64)), kernel=5, stride=2, padding=2)
    plan = rfield.tile_plan(b.build([y]), (200, 150), tile=(64, 48))
    given = plan.as_monai()
    assert given["roi_size"] == [64, 48]
    steps = [int(n * (1 - o)) for n, o in zip(given["roi_size"], given["overlap"], strict=True)]
    assert tuple(steps) == plan.step == (60, 44)
    assert plan.as_qupath() == {"tileSize": [48, 64], "overlap": [4, 4], "padding": 2}


def test_the_smallest_share_counts_what_unpadded_layers_read_anyway():
    b = rfield.GraphBuilder()
    y = b.conv("two", b.conv("one", b.input("x", (1, 1, 64)), kernel=5), kernel=3)
    graph = b.build([y])
    exact = rfield.tile_plan(graph, 60, tile=24)
    for share in (0.5, 1.0):
        plan = rfield.tile_plan(graph, 60, tile=24, share=share)
        assert (plan.halo, plan.exact, len(plan)) == (exact.halo, True, len(exact))
        assert plan.halo == ((0, 6),)


@pytest.mark.parametrize(
    ("image", "most", "tile"),
    [((64, 1000), 100, (10, 10)), ((30, 1000), 64, (8, 8)), ((1000, 20), 25, (5, 5)),
     ((64, 64), 1024, (24, 34)), ((1, 1000), 100, (1, 96))],
)  # fmt: skip
def test_a_short_axis_is_cut_too_where_so_few_positions_are_allowed(
    image: tuple[int, int], most: int, tile: tuple[int, int]
) -> None:
    b = rfield.GraphBuilder()
    y = b.conv("a", b.input("image", (1, 1, 64, 64)), kernel=3, padding=1)
    graph = b.build([b.conv("b", y, kernel=3, padding=1)])
    assert rfield.tile_plan(graph, image, max_pixels=most).tile == tile


def test_a_mean_of_merged_axes_that_keeps_its_axis() -> None:
    """The axes of the mean are not apart, those of what it reads were."""
    b = rfield.GraphBuilder()
    flat = b.reshape("flat", b.input("x", (1, 2, 8, 8)), (1, 2, 64))
    graph = b.build(outputs=[flat, b.reduce("mean", flat, axes=(2,), keepdims=True)])
    found, _ = unfolded(graph)
    assert [found.nodes[value].shape for value in found.outputs_] == [(1, 2, 64), (1, 2, 1)]


def test_merged_axes_stay_apart_beside_one_that_is_reduced_or_run_along() -> None:
    """Only the axis that an op looks into is merged for it; the windows stay rows and columns."""
    b = rfield.GraphBuilder()
    x = b.reshape("windows", b.input("x", (6, 5, 2, 4, 3), axes=(0, 1)), (30, 8, 3), axes=(1,))
    kept = b.reduce("kept", x, axes=(1,), keepdims=True)
    graph = b.build(outputs=[kept, b.max_pool("along", x, kernel=3, stride=1, padding=1)])
    found, _ = unfolded(graph)
    apart = {node.name: node.shape for node in found.nodes if "merged" not in node.name}
    assert (apart["kept"], apart["along"]) == ((6, 5, 1, 3), (6, 5, 8, 3))


@pytest.mark.parametrize(
    ("image", "most", "tile"), [((400, 600), 8000, (40, 200)), ((131, 131), 400, (6, 66))]
)
def test_of_tiles_without_a_halo_the_largest_is_taken(
    image: tuple[int, int], most: int, tile: tuple[int, int]
) -> None:
    """400 = 10 × 40 and 600 = 3 × 200; 22 × 6 and 2 × 66 are hardly more than 131."""
    b = rfield.GraphBuilder()
    graph = b.build([b.conv("a", b.input("image", (1, 1, 64, 64)), kernel=1)])
    assert rfield.tile_plan(graph, image, max_pixels=most).tile == tile
