"""Tiles need the context of what their outputs read, and of nothing beside it."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import pytest

import rfield
from rfield import GraphBuilder
from rfield.analysis.pieces.comparing.unread import _along as along
from rfield.analysis.pieces.comparing.unread import _both as both
from rfield.analysis.pieces.comparing.unread import _read as read
from rfield.core.link import Read, Reshaped
from rfield.core.relation import WHOLE, At, Border, Sliding, Table
from tests.analysis.test_parts_of_pieces import sliding


def planned(b: GraphBuilder, output: Any, tile: int) -> rfield.TilePlan:
    return rfield.tile_plan(b.build(outputs=[output]), (40, 16), tile=(tile, 16))


def test_of_two_maps_side_by_side_the_columns_of_one() -> None:
    """The other one is wide, and no column of it is chosen."""
    b = GraphBuilder()
    x = b.input("x", (1, 1, 40, 16))
    wide = b.conv("wide", x, kernel=(9, 1), padding=(4, 0))
    beside = b.concat("beside", x, wide, axis=3)
    near = b.conv("near", beside, kernel=(3, 1), padding=(1, 0))
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


def test_of_two_maps_side_by_side_the_columns_of_both() -> None:
    """What is wanted in two places is wanted in both."""
    b = GraphBuilder()
    x = b.input("x", (1, 1, 40, 16))
    wide = b.conv("wide", x, kernel=(9, 1), padding=(4, 0))
    beside = b.concat("beside", x, wide, axis=3)
    parts = [b.slice(f"part{k}", beside, axis=3, start=k, stop=k + 6) for k in (2, 20)]
    end = b.concat("end", *parts, axis=1)
    assert planned(b, end, tile=9).halo[0] == (4, 4)
    with pytest.raises(rfield.RFieldError):
        planned(b, end, tile=5)


BORDERS: tuple[Border, ...] = ("zero", "cut", "replicate", "reflect", "symmetric", "circular")


def element(place: int, size: int, border: str) -> int | None:
    """The element that stands at a place, one turn after the other."""
    while not 0 <= place < size:
        if border in ("zero", "cut"):
            return None
        if border == "replicate":
            place = min(max(place, 0), size - 1)
        elif border == "circular":
            place += size if place < 0 else -size
        else:
            edge = 1 if border == "symmetric" else 0
            place = -edge - place if place < 0 else 2 * (size - 1) + edge - place
            place = 0 if size == 1 else place
    return place


@pytest.mark.parametrize("seed", range(300))
def test_nothing_that_a_box_reads_is_left_out(seed: int) -> None:
    draw = Random(seed)
    size, outputs = draw.randint(1, 9), draw.randint(1, 9)
    border = draw.choice(BORDERS)
    made = sliding(draw, backward=True)
    relation = Sliding(made.period, made.advance, made.taps, border)
    first = draw.randrange(outputs)
    box = range(first, draw.randint(first, outputs - 1) + 1)
    wanted: set[int] = set()
    for output in box:
        block, phase = divmod(output, relation.period)
        for tap in relation.taps[phase]:
            found = element(relation.advance * block + tap, size, border)
            wanted |= {found} if found is not None else set[int]()
    claimed = along(Read(0, relation), (box,), size)
    assert wanted <= {*claimed}
    if len(box) == 1 and border in ("zero", "cut") and relation.at(first).dense:
        assert [*claimed] == ([*range(min(wanted), max(wanted) + 1)] if wanted else [])


def test_boxes_of_two_readers_are_both_wanted() -> None:
    assert both((range(1, 3), range(4)), (range(2), range(5, 6))) == (range(3), range(6))


def test_other_readings() -> None:
    box = (range(1, 3), range(4))
    listed = Table(
        tuple(map(Sliding(1, 2, sliding(Random(3), backward=False).taps[:1]).at, range(4)))
    )
    taps = [place for output in box[0] for place in listed.taps[output]]
    assert {place for place in taps if 0 <= place < 9} <= {*along(Read(0, listed), box, 9)}
    assert along(Read(None, At(5)), box, 9) == range(5, 6)
    assert along(Read(None, WHOLE), box, 9) == range(9)
    assert along(Read(0, WHOLE), box, 9) == range(9)
    merged = Reshaped((2, 3, 5), (6, 5))
    assert read(merged, (range(1, 2), range(2, 4)), (2, 3, 5)) == (range(2), range(3), range(2, 4))
