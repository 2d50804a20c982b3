"""The other direction: which outputs one input position can influence."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.indices import IndexSet
from ..core.relation import Sliding, preimage
from ..errors import InvalidModelError, UnresolvedSizeError, too_large
from .fields import axis_names
from .pull import CELL_LIMIT
from .results import Region
from .reverse import pull_back

if TYPE_CHECKING:
    from .field import ReceptiveField


def outputs_seeing(field: ReceptiveField, index: Any) -> Region:
    """The box of output positions that read any input position of ``index`` (see the method)."""
    graph = field.graph
    if graph.has_free_axes:
        raise UnresolvedSizeError(f"{field.layer}: outputs_seeing needs the input's sizes")
    boxes = _boxes(field, index)
    shape = graph.nodes[field.value].shape
    start = {axis: 0 for axis in field.positions}
    stop = {axis: shape[axis] for axis in field.positions}
    pulled = pull_back(graph, field.value).reads.get(field.source, ())
    for axis, (first, last) in zip(field.source_axes, boxes, strict=True):
        relation = None if not pulled else pulled[axis]
        if relation is not None and isinstance(relation.relation, Sliding):
            assert relation.axis is not None
            found = preimage(
                IndexSet.interval(first, last), relation.relation, shape[relation.axis]
            )
            low, high, place = (
                (found.first, found.last, relation.axis) if found else (0, -1, relation.axis)
            )
            start[place], stop[place] = max(start[place], low), min(stop[place], high + 1)
        else:
            _narrow(field, field.source_axes.index(axis), first, last, start, stop)
    if any(start[a] >= stop[a] for a in field.positions):
        start = stop = dict.fromkeys(field.positions, 0)
    names = axis_names(len(field.positions))
    return Region(
        tuple(start[a] for a in field.positions), tuple(stop[a] for a in field.positions), names
    )


def _narrow(
    field: ReceptiveField,
    k: int,
    first: int,
    last: int,
    start: dict[int, int],
    stop: dict[int, int],
) -> None:
    """Outputs whose box meets the positions, where the exact relation is not at hand."""
    shape = field.graph.nodes[field.value].shape
    cells = prod(shape[axis] for axis in field.positions)
    if cells > CELL_LIMIT:
        raise too_large("the outputs to look at", cells, "Ask for a smaller input.")
    grids = np.meshgrid(*(np.arange(shape[a]) for a in field.positions), indexing="ij")
    index = (
        np.stack([g.reshape(-1) for g in grids], axis=-1) if grids else np.zeros((1, 0), np.int64)
    )
    box = field.region(index)
    low, high = np.asarray(box.start)[:, k], np.asarray(box.stop)[:, k] - 1
    meets = (low <= last) & (high >= first)
    for column, axis in enumerate(field.positions):
        hits = index[meets, column]
        start[axis] = max(start[axis], int(hits.min()) if hits.size else 0)
        stop[axis] = min(stop[axis], int(hits.max()) + 1 if hits.size else 0)


def _boxes(field: ReceptiveField, index: Any) -> list[tuple[int, int]]:
    parts = tuple(index) if isinstance(index, tuple | list | np.ndarray) else (index,)
    if len(parts) != len(field.axes):
        raise InvalidModelError(
            f"index = {index!r}; expected one number or slice for each of {', '.join(field.axes)}"
        )
    shape = field.graph.nodes[field.source].shape
    boxes: list[tuple[int, int]] = []
    for name, axis, part in zip(field.axes, field.source_axes, parts, strict=True):
        size = shape[axis]
        first, stop, _ = (
            part.indices(size) if isinstance(part, slice) else (int(part), int(part) + 1, 1)
        )
        if not 0 <= first < stop <= size:
            raise InvalidModelError(f"index {part!r} on {name}: outside its {size} positions")
        boxes.append((first, stop - 1))
    return boxes
