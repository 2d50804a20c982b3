"""Tiles need the context of what their outputs read, and of nothing beside it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import rfield
from rfield import GraphBuilder


def planned(b: GraphBuilder, output: Any, tile: int) -> rfield.TilePlan:
    return rfield.tile_plan(b.build(outputs=[output]), (40, 16), tile=(tile, 16))


def test_of_two_maps_side_by_side_the_columns_of_one() -> None:
    """The other one is wide, and no column of it is chosen."""
    b = GraphBuilder()
    x = b.input("x", (1, 1, 40, 16))
    wide = b.conv("wide", x, kernel=(9, 1), padding=(4, 0))
    both = b.concat("both", x, wide, axis=3)
    near = b.conv("near", both, kernel=(3, 1), padding=(1, 0))
    plan = planned(b, b.slice("columns", near, axis=3, start=2, stop=8), tile=5)
    assert (plan.exact, plan.halo[0], len(plan)) == (True, (1, 1), 13)


def test_a_layer_of_which_only_padding_is_read() -> None:
    """Its first column lies in front of the image, whatever rows its kernel has."""
    b = GraphBuilder()
    x = b.input("x", (1, 1, 40, 16))
    wide = b.conv("wide", x, kernel=(9, 1), padding=[(4, 4), (1, 0)])
    first = b.slice("first", wide, axis=3, start=0, stop=1)
    near = b.conv("near", x, kernel=(3, 1), padding=(1, 0))
    plan = planned(b, b.concat("both", near, first, axis=3), tile=5)
    assert (plan.exact, plan.halo[0], len(plan)) == (True, (1, 1), 13)


def test_a_step_that_is_never_taken() -> None:
    b = GraphBuilder()
    x = b.input("x", (1, 1, 40, 16))
    first = b.slice("first", x, axis=2, start=0, stop=1, step=3)
    plan = planned(b, b.concat("both", first, x, axis=2), tile=2)
    assert (plan.exact, plan.grid[0], len(plan)) == (True, 1, 20)


def test_there_and_back_by_the_nearest() -> None:
    b = GraphBuilder()
    x = b.input("x", (1, 1, 40, 16))
    near = b.conv("near", x, kernel=(3, 1), padding=(1, 0))
    more = b.resize(
        "more", near, scale=(Fraction(3, 2), 1), mode="nearest", coordinates="asymmetric",
        rounding="round_prefer_floor",
    )  # fmt: skip
    less = b.resize(
        "less", more, scale=(Fraction(2, 3), 1), mode="nearest", rounding="round_prefer_ceil"
    )
    plan = planned(b, less, tile=4)
    assert (plan.exact, plan.grid[0], len(plan)) == (True, 1, 19)
