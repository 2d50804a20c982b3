"""What every unit reads, from one sweep: the same as each one asked alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rfield
from rfield.analysis.pixels.units import ENDLESS, Holes, Strips, Units, UnitsOf
from rfield.analysis.pixels.units import _table as table_of
from rfield.analysis.results import Region
from rfield.core import ops, windows
from rfield.core.graph import Draft
from rfield.core.known import narrowed, of_constant
from tests.oracle.units import mask_of


def boxes_of(units: UnitsOf, region: Region, *, clip: bool) -> None:
    """Compare the tables with the boxes of all units."""
    tables = units.boxes if clip else units.theory
    assert tables is not None
    for k, table in enumerate(tables):
        start = np.broadcast_to(table.start, units.shape)
        stop = np.broadcast_to(table.stop, units.shape)
        assert start.shape == units.shape
        first = np.where(region.start[..., k] == -np.inf, -ENDLESS, region.start[..., k])
        last = np.where(region.stop[..., k] == np.inf, ENDLESS, region.stop[..., k])
        empty = (region.start >= region.stop).any(axis=-1)
        assert (np.where(empty, 0, start) == np.where(empty, 0, first)).all()
        assert (np.where(empty, 0, stop) == np.where(empty, 0, last)).all()


def masks_of(units: UnitsOf, graph: rfield.Graph, wrt: str) -> None:
    """Compare the holes with the exact sets of all units."""
    rows = np.indices(units.shape).reshape(len(units.shape), -1).T
    found = rfield.support(graph, rows, units.field.layer, wrt=wrt)
    for at, one in zip(rows.tolist(), found, strict=True):
        if units.has_holes:
            assert np.array_equal(mask_of(units, tuple(at)), one.mask)
        else:
            assert one.mask.all()


def unet() -> rfield.Graph:
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 3, 20, 24))
    skip = b.conv("down", x, kernel=3, padding=1)
    y = b.conv("deep", b.max_pool("pool", skip, kernel=2, stride=2), kernel=3, padding=1)
    up = b.conv_transpose("up", y, kernel=2, stride=2)
    y = b.concat("join", skip, up)
    return b.build(outputs=[b.conv("out", y, kernel=(3, 1), stride=(2, 1))])


def dilated() -> rfield.Graph:
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 3, 17, 13))
    y = b.conv("holes", x, kernel=3, dilation=2)
    y = b.conv("still", y, kernel=2, dilation=(3, 1))
    return b.build(outputs=[b.conv("filled", y, kernel=5)])


def squeezed() -> rfield.Graph:
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 3, 12, 9))
    y = b.conv("conv", x, kernel=3, stride=2, padding=1)
    gate = b.global_pool("pool", y)
    return b.build(outputs=[b.multiply("gate", y, gate), b.dense("fc", gate, 5)])


def cross() -> rfield.Graph:
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 3, 9, 9))
    tall = b.conv("tall", x, kernel=(3, 1), padding=(1, 0))
    wide = b.conv("wide", x, kernel=(1, 3), padding=(0, 1))
    return b.build(outputs=[b.add("cross", tall, wide)])


def wrapped() -> rfield.Graph:
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 2, 12))
    y = b.roll("roll", x, shifts={2: 3})
    y = b.max_pool("windows", y, kernel=4, stride=4)
    return b.build(outputs=[y])


@pytest.mark.parametrize("made", [unet, dilated, squeezed, cross, wrapped])
def test_every_unit_of_every_layer_is_as_it_is_alone(made: object) -> None:
    assert callable(made)
    graph = made()
    for units in Units(graph):
        rf = units.field
        rows = np.moveaxis(np.indices(units.shape), 0, -1)
        boxes_of(units, rf.region(rows, clip=True), clip=True)
        boxes_of(units, rf.region(rows), clip=False)
        masks_of(units, graph, rf.wrt)


def test_units_are_as_they_are_alone_where_no_products_fit(monkeypatch) -> None:
    monkeypatch.setattr("rfield.analysis.engines.products.DENSE_LIMIT", 16)
    graph = swin()
    masks_of(Units(graph).of("reduce"), graph, "image")


def test_holes_are_found_where_they_are() -> None:
    def with_holes(graph: rfield.Graph) -> list[str]:
        return [units.field.layer for units in Units(graph) if units.has_holes]

    assert with_holes(unet()) == []
    assert with_holes(dilated()) == ["holes", "still"]
    assert with_holes(cross()) == ["cross"]
    assert with_holes(wrapped()) == ["windows"]
    still = Units(dilated()).of("still")
    assert mask_of(still, (0, 0)).any(axis=1).tolist() == [c == "x" for c in "x.xxxx.x"]


def swin() -> rfield.Graph:
    """Two blocks of windows, the second shifted by half a window around the border, merged by 2."""
    b = rfield.GraphBuilder()
    y = b.input("image", (1, 2, 16, 16))
    for shift in (0, -2):
        y = b.roll(f"there{shift}", y, shifts={2: shift, 3: shift})
        y = b.reshape(f"split{shift}", y, shape=(1, 2, 4, 4, 4, 4))
        y = b.permute(f"order{shift}", y, order=(0, 2, 4, 3, 5, 1))
        y = b.reshape(f"tokens{shift}", y, shape=(1, 16, 16, 2))
        y = b.softmax(f"mixed{shift}", y, axis=2)
        y = b.reshape(f"apart{shift}", y, shape=(1, 4, 4, 4, 4, 2))
        y = b.permute(f"back{shift}", y, order=(0, 5, 1, 3, 2, 4))
        y = b.reshape(f"map{shift}", y, shape=(1, 2, 16, 16), axes=(2, 3))
        y = b.roll(f"home{shift}", y, shifts={2: -shift, 3: -shift})
    y = b.space_to_depth("merge", y, block=2)
    return b.build(outputs=[b.conv("reduce", y, kernel=1)])


def test_strips_of_windows_around_the_border_are_products() -> None:
    graph = swin()
    for layer in ("home0", "home-2", "reduce"):
        units = Units(graph).of(layer)
        masks_of(units, graph, "image")
        assert units.has_holes is (layer != "home0")
        assert units.holes is None or isinstance(units.holes, Strips)


def test_a_table_changes_only_along_the_axis_that_moves_it() -> None:
    units = Units(unet()).of("pool")
    assert units.boxes is not None
    assert [table.start.shape for table in units.boxes] == [(10, 1), (1, 12)]


def test_a_map_too_large_to_list_has_tables_all_the_same() -> None:
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 3, 20000, 30000))
    units = Units(b.build(outputs=[b.conv("conv", x, kernel=3)])).of("conv")
    assert units.boxes is not None
    assert (int(units.boxes[1].stop[0, -1]), units.has_holes) == (30000, False)


def test_sets_that_are_only_passed_on_are_listed_once() -> None:
    """Nothing but the names of the two layers differs, so both hold the same masks."""
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 3, 9, 9))
    tall = b.conv("tall", x, kernel=(3, 1), padding=(1, 0))
    y = b.add("cross", tall, b.conv("wide", x, kernel=(1, 3), padding=(0, 1)))
    units = Units(b.build(outputs=[b.pointwise("relu", y)]))
    first = units.of("cross").holes
    assert isinstance(first, Holes)
    assert units.of("relu").holes is first


def test_a_unit_that_reads_nothing_begins_and_stops_at_0() -> None:
    found = table_of(np.array([-5.0, 3, -np.inf]), np.array([7.0, 3, np.inf]), (3,))
    assert (found.start.tolist(), found.stop.tolist()) == ([-5, 0, -ENDLESS], [7, 0, ENDLESS])


def test_boxes_with_holes_behind_a_mask_are_products_still() -> None:
    """A dilated kernel, of which every second unit is kept: no other reads anything."""
    draft = Draft()
    x = draft.input("image", (1, 1, 12, 12), (2, 3))
    y = draft.add("holes", windows.conv((1, 1, 12, 12), kernel=3, dilation=2, padding=2), [x])
    rows = (np.indices((1, 1, 12, 12)).sum(axis=0) % 2).astype(float)
    op = ops.pointwise((1, 1, 12, 12), rows.shape, algebra="multiply")
    known = [None, of_constant(rows.shape, rows)]
    op, known_after = narrowed(op, known, [(1, 1, 12, 12), rows.shape], None)
    op = replace(op, links=op.links[:1])
    graph = draft.finish([draft.add("masked", op, [y], known=known_after)])
    units = Units(graph).of("masked")
    masks_of(units, graph, "image")
    assert isinstance(units.holes, Strips)


def test_units_after_a_window_are_not_those_before_it() -> None:
    """Two crosses behind one another are a diamond, which is no cross and no box."""
    b = rfield.GraphBuilder()
    y = b.input("image", (1, 1, 9, 9))
    for k in range(2):
        tall = b.conv(f"tall{k}", y, kernel=(3, 1), padding=(1, 0))
        y = b.add(f"cross{k}", tall, b.conv(f"wide{k}", y, kernel=(1, 3), padding=(0, 1)))
    graph = b.build(outputs=[b.conv("wider", y, kernel=3, padding=1)])
    units = Units(graph)
    for layer in ("cross0", "cross1", "wider"):
        masks_of(units.of(layer), graph, "image")


def test_boxes_that_are_asked_for_one_by_one_end_at_the_border(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = unet()
    units = Units(graph)
    expected = units.of("deep").boxes
    monkeypatch.setattr(units._all, "bounds", lambda value: None)  # as where they are too many
    found = units._boxes(units.fields["deep"], (10, 12))
    assert expected is not None
    assert found is not None
    for one, other in zip(found, expected, strict=True):
        assert (one.start == other.start).all()
        assert (one.stop == other.stop).all()
