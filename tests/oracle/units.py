"""``Units`` against the sets of the oracle: boxes and holes of every unit of every layer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from rfield.analysis.pixels.units import Holes, Units, UnitsOf
from tests.oracle import program as p
from tests.oracle.compare import Difference, depends
from tests.oracle.compare_exact import Mask, box_of
from tests.oracle.tensor_meaning import dependence, shapes_of

MOST = 200
"""Units of one layer that are compared."""


def unit_differences(program: p.Program, seed: int = 0) -> Iterator[Difference]:
    """Compare all layers with respect to every input."""
    from tests.oracle.translate import build

    graph = build(program)
    shapes = shapes_of(program)
    for source, shape in program.inputs:
        if not graph.entry(source).axes:
            continue
        units = Units(graph, source)
        sets = dependence(program, source)
        for layer in [one.name for one in program.layers]:
            if layer not in units.fields or not depends(program, layer, source):
                continue
            if 0 not in shapes[layer]:
                yield from _of(units.of(layer), sets[layer].reshape(*shapes[layer], *shape))


def mask_of(units: UnitsOf, at: tuple[int, ...]) -> Mask:
    """The set of a unit inside its box, from either form of holes."""
    holes = units.holes
    assert holes is not None
    assert units.boxes is not None
    if isinstance(holes, Holes):
        return holes.masks[int(holes.number[at])]
    found = np.ones((), dtype=bool)
    for marks, table in zip(holes.marks, units.boxes, strict=True):
        row = np.broadcast_to(marks, (*units.shape, marks.shape[-1]))[at]
        start, stop = (int(np.broadcast_to(s, units.shape)[at]) for s in (table.start, table.stop))
        found = found[..., None] & row[start:stop]
    return found


def _of(units: UnitsOf, full: Mask) -> Iterator[Difference]:
    rf = units.field
    rank = len(rf.graph.nodes[rf.value].shape)
    kept = [*rf.positions, *(rank + axis for axis in rf.source_axes)]
    joined = full.any(axis=tuple(a for a in range(full.ndim) if a not in kept))
    order = sorted(range(len(kept)), key=kept.__getitem__)
    joined = joined.transpose(np.argsort(order))
    places = list(product(*(range(n) for n in units.shape)))
    step = max(1, len(places) // MOST)
    title = f"{rf.layer} in {rf.wrt}"
    if units.boxes is None:
        return
    for at in places[::step]:
        hits = joined[at]
        start = [int(np.broadcast_to(t.start, units.shape)[at]) for t in units.boxes]
        stop = [int(np.broadcast_to(t.stop, units.shape)[at]) for t in units.boxes]
        told = tuple(zip(start, stop, strict=True)) if all(np.less(start, stop)) else ()
        right = tuple((a, b + 1) for a, b in box_of(hits))
        if told != right:
            yield Difference(f"box of unit {at} of {title}", right, told)
            continue
        inside = hits[tuple(slice(a, b) for a, b in right)] if right else np.ones(1, bool)
        if units.has_holes is False and not inside.all():
            yield Difference(f"holes of unit {at} of {title}", "some", "none")
        if units.holes is not None:
            mask = mask_of(units, at)
            if right and not np.array_equal(mask, inside):
                yield Difference(f"set of unit {at} of {title}", inside.sum(), mask.sum())
