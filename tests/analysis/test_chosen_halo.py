"""A halo by choice: what it leaves out, what that does, and the one that a tolerance asks for."""

from __future__ import annotations

import numpy as np
import pytest

import rfield
from rfield.analysis.pieces.tiles.check import Error, check_tiling


def two_sums() -> rfield.Graph:
    """Two sums of three: an output reads its five neighbours 1, 2, 3, 2 and 1 times."""
    b = rfield.GraphBuilder()
    y = b.conv("one", b.input("x", (1, 1, 40)), kernel=3, padding=1)
    return b.build([b.conv("two", y, kernel=3, padding=1)])


def summed(x: np.ndarray) -> np.ndarray:
    for _ in range(2):
        x = np.pad(x, [(0, 0), (0, 0), (1, 1)])
        x = x[..., 2:] + x[..., 1:-1] + x[..., :-2]
    return x


@pytest.mark.parametrize(
    ("halo", "kept", "needed", "outside"),
    [
        (0, ((0, 0),), ((2, 2),), 6 / 9),
        (1, ((1, 1),), ((2, 2),), 2 / 9),
        ([(2, 1)], ((2, 1),), ((2, 2),), 1 / 9),
        ([(4, 1)], ((4, 1),), ((2, 2),), 1 / 9),
        (2, ((2, 2),), (), None),
        (3, ((3, 3),), (), None),
    ],
)
def test_what_a_halo_leaves_out(halo, kept, needed, outside) -> None:
    plan = rfield.tile_plan(two_sums(), 40, tile=16, halo=halo)
    assert (plan.halo, plan.needed) == (kept, needed)
    assert plan.exact == (outside is None)
    assert plan.outside == (outside if outside is None else pytest.approx(outside))


@pytest.mark.parametrize(
    ("share", "halo"), [(0.3, 0), (0.34, 1), (0.77, 1), (7 / 9, 1), (0.78, 2), (1, 2)]
)
def test_the_smallest_halo_that_holds_a_share(share: float, halo: int) -> None:
    plan = rfield.tile_plan(two_sums(), 40, tile=16, share=share)
    assert plan.halo == ((halo, halo),)
    assert plan.exact == (halo == 2)


def test_after_up_sampling_the_first_and_last_output_of_a_pixel_count() -> None:
    """Pixels three wide: the middle one reads its own pixel only, the others a neighbour."""
    b = rfield.GraphBuilder()
    y = b.resize("up", b.input("x", (1, 1, 30)), scale=3)
    graph = b.build([b.conv("sum", y, kernel=3, padding=1)])
    plan = rfield.tile_plan(graph, 30, tile=10, halo=0)
    assert plan.needed == ((1, 1),)
    assert plan.outside == pytest.approx(1 / 3)
    assert rfield.tile_plan(graph, 30, tile=10, share=0.67).halo == ((1, 1),)


def test_a_halo_between_two_steps_of_the_grid():
    """A kernel of 3 moves by 2 and is doubled: an odd output begins one further from its pixels.

    With a halo of 1 the first output of a tile that is kept reads one of three before the tile.
    """
    b = rfield.GraphBuilder()
    y = b.conv("conv", b.input("x", (1, 1, 64)), kernel=3, stride=2, padding=1)
    graph = b.build([b.conv_transpose("twice", y, kernel=2, stride=2)])
    plan = rfield.tile_plan(graph, 64, tile=16, halo=1)
    assert not plan.exact
    assert plan.outside == pytest.approx(1 / 3)
    for share in (0.7, 1):
        found = rfield.tile_plan(graph, 64, tile=16, share=share)
        assert (found.exact, found.halo) == (True, ((2, 2),))
    assert rfield.tile_plan(graph, 64, tile=16, share=0.6).halo == ((0, 0),)


def test_what_it_does_at_seams_and_elsewhere() -> None:
    """On ones the outputs next to a border miss 4 of 9, those behind them 1."""
    plan = rfield.tile_plan(two_sums(), 40, tile=20, halo=0)
    found = check_tiling(summed, (np.ones((1, 1, 40)),), plan)
    assert not found
    assert (found.difference, found.scale, found.identical) == (4, 9, 36)
    assert found.seams == Error(4, 4)
    assert found.elsewhere == Error(1, 2 / 38)
    assert found.mean == pytest.approx(10 / 40)
    assert str(found) == (
        "tiled differs from whole: 36 of 40 outputs of 2 tiles are identical, the others differ by "
        "at most 4 of 9, most in tile (0,)\n"
        "  mean 0.25; at seams 4, at most 4; elsewhere 0.0526, at most 1"
    )


def test_whole_reads_are_named_beside_what_the_halo_leaves_out() -> None:
    b = rfield.GraphBuilder()
    y = b.conv("conv", b.input("x", (1, 1, 24)), kernel=5, padding=2)
    graph = b.build([b.multiply("gated", y, b.reduce("mean", y, axes=[2], keepdims=True))])
    plan = rfield.tile_plan(graph, 24, tile=12, halo=1)
    assert [str(loss) for loss in plan.losses] == ["mean (reduce) reads a whole axis"]
    assert (plan.needed, plan.exact) == (((2, 2),), False)
    with pytest.raises(rfield.NotTileableError) as told:
        rfield.tile_plan(graph, 24, tile=12, share=0.9)
    assert str(told.value) == (
        "gated: no halo holds a share of the influence on it, for mean reads a whole axis.\n"
        "  Choose a halo in positions; the local part takes halo=2"
    )


def test_a_halo_that_leaves_nothing_of_a_tile() -> None:
    with pytest.raises(rfield.NotTileableError) as told:
        rfield.tile_plan(two_sums(), 100, tile=6, halo=3)
    assert str(told.value) == (
        "a tile of 6 along t is all halo: nothing is left of it.\n  The smallest tile is 7."
    )


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"halo": 1, "share": 0.9}, "give one of halo= and share="),
        ({"share": 0}, "share = 0; expected a number in (0, 1]"),
        ({"share": "most"}, "share = 'most'; expected a number in (0, 1]"),
        ({"halo": -1}, "halo = -1; expected integers of at least 0"),
        ({"tolerance": 0.1},
         "give tolerance= and calibrate= together, without halo= and share="),
    ],
)  # fmt: skip
def test_what_is_no_halo(options, text: str) -> None:
    with pytest.raises(rfield.InvalidModelError) as told:
        rfield.tile_plan(two_sums(), 40, tile=16, **options)
    assert str(told.value) == text


def test_no_tile_is_larger_than_asked_for() -> None:
    b = rfield.GraphBuilder()
    graph = b.build([b.max_pool("pool", b.input("x", (1, 1, 4096)), kernel=512, stride=512)])
    with pytest.raises(rfield.NotTileableError) as told:
        rfield.tile_plan(graph, 4096, tile=300)
    assert str(told.value) == (
        "pool: no tile of at most 300 along t: tiles begin at multiples of 512 and have the "
        "image's size modulo that; the smallest is 512.\n  The grid is that of pool.\n"
        "  There are some with tile=(512,)."
    )


def pair(summed: bool) -> rfield.Graph:
    """One image as it is, and one of which each output reads five, or all."""
    b = rfield.GraphBuilder()
    near, far = b.input("near", (1, 1, 40)), b.input("far", (1, 1, 40))
    if summed:
        wide = b.reduce("mean", far, axes=[2], keepdims=True)
    else:
        wide = b.conv("wide", far, kernel=5, padding=2)
    return b.build([b.add("both", near, wide)])


@pytest.mark.parametrize("wrt", ["near", "far"])
def test_of_two_images_the_one_that_is_left_out_most_counts(wrt: str) -> None:
    plan = rfield.tile_plan(pair(summed=False), 40, tile=16, halo=1, wrt=wrt)
    assert (plan.exact, plan.needed) == (False, ((2, 2),))
    assert plan.outside == pytest.approx(2 / 5)
    assert rfield.tile_plan(pair(summed=False), 40, tile=16, share=0.9, wrt=wrt).halo == ((2, 2),)


@pytest.mark.parametrize("wrt", ["near", "far"])
def test_a_whole_read_of_either_image_is_named(wrt: str) -> None:
    plan = rfield.tile_plan(pair(summed=True), 40, tile=16, wrt=wrt, approximate=True)
    assert [str(loss) for loss in plan.losses] == ["mean (reduce) reads a whole axis"]
    assert plan.outside == pytest.approx(1 - 16 / 40)
