"""What a tensor holds after one of its views was written to.

Old and new are operands of the machine: values of the graph, constants, or None for one of which
nothing is known. Most views are slices and axes in another order, which are put back step by step;
of others (a diagonal, ``as_strided``) it is written out where each element lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core import layout, ops
from ...core.indices import EMPTY, IndexSet
from ...core.known import moved
from ...core.link import Link, Read, passed
from ...core.ops import Op
from ...core.relation import Relation, Table
from ..machine.emit import Emitter
from ..machine.limits import COMPUTED, CONTENTS
from ..machine.values import Dependent
from .values import Value, patch, unread


def put_back(emitter: Emitter, view: Value, parent: Value, old: Any, held: Any) -> Any:
    """What ``parent`` (which held ``old``) holds after ``held`` was written to its view."""
    path = view.path()
    shapes = [parent.shape, *(step.shape for step in path)]
    if not all(map(_is_plain, path, shapes)):
        return _laid(emitter, path, parent.shape, old, held)
    for number in range(len(path) - 1, -1, -1):
        before = old if number == 0 else _moved(emitter, path[:number], old, "view")
        held = _put_step(emitter, path[number], shapes[number], before, held)
    return held


def _is_plain(step: Op, shape: Sequence[int]) -> bool:
    return unread(step, shape) is not None or patch(step, shape) is not None


def _moved(emitter: Emitter, steps: list[Op], held: Any, label: str) -> Any:
    return None if held is None else emitter.settle(steps, [held], label)


def _put_step(emitter: Emitter, step: Op, shape: Sequence[int], old: Any, held: Any) -> Any:
    undo = unread(step, shape)
    if undo is not None:
        return _moved(emitter, undo, held, "write")
    found = patch(step, shape)
    assert found is not None
    steps, axis, positions = found
    held = _moved(emitter, steps, held, "write")
    if positions.step != 1:
        over = layout.overwrite(shape, axis, positions)
        return emitter.settle(over, [old, held], "write")
    parts = [_cut(emitter, shape, axis, range(positions.start), old)]
    parts.append(((*shape[:axis], len(positions), *shape[axis + 1 :]), held))
    parts.append(_cut(emitter, shape, axis, range(positions.stop, shape[axis]), old))
    parts = [part for part in parts if part[0][axis]]
    joined = layout.concat(*(part[0] for part in parts), axis=axis)
    return emitter.settle(joined, [part[1] for part in parts], "write")


def _cut(
    emitter: Emitter, shape: Sequence[int], axis: int, span: range, old: Any
) -> tuple[Sequence[int], Any]:
    part = layout.slice_(shape, axis, span.start, span.stop)
    return part.shape, _moved(emitter, [part], old, "kept") if span else None


def _laid(emitter: Emitter, path: list[Op], shape: Sequence[int], old: Any, held: Any) -> Any:
    """Both along one axis, from which each element takes the old one or that which was written."""
    places = _places(path, shape)
    lead, row = (0, None) if places is None else _alike(places, shape)
    if places is None or row is None or prod(shape[lead:]) > CONTENTS:
        kept = [part for part in (old, held) if isinstance(part, Dependent)]
        op = ops.opaque([part.shape for part in kept], shape, kind="write")
        return emitter.settle(op, kept, "write") if kept else None
    whole = (*shape[:lead], prod(shape[lead:]))
    over = _over(whole, row)
    flat = (*places.shape[:lead], row.size)
    given = [
        _moved(emitter, [layout.reshape(shape, whole)], old, "kept"),
        _moved(emitter, [layout.reshape(places.shape, flat)], held, "write"),
    ]
    written = emitter.settle(over, given, "write")
    return _moved(emitter, [layout.reshape(whole, shape)], written, "write")


def _places(path: list[Op], shape: Sequence[int]) -> NDArray[Any] | None:
    """Where each element of a view lies in its parent, counted in row-major order."""
    if prod(shape) > COMPUTED:
        return None
    places: NDArray[Any] = np.arange(prod(shape)).reshape(tuple(shape))
    for step in path:
        link = step.links[0]
        found = None if link is None else moved(link, places, places.shape, step.shape, 0)
        if found is None:
            return None
        places = np.broadcast_to(found, step.shape)
    return places


def _alike(places: NDArray[Any], shape: Sequence[int]) -> tuple[int, NDArray[Any]]:
    """How many axes in front are as in the parent, and where one row of the others lies."""
    for lead in range(min(len(shape), places.ndim), 0, -1):
        count, rest = prod(shape[:lead]), prod(shape[lead:])
        if not count or places.shape[:lead] != tuple(shape[:lead]):
            continue
        rows = places.reshape(count, -1)
        if (rows == rows[0] + np.arange(count)[:, None] * rest).all():
            return lead, rows[0]
    return 0, places.reshape(-1)


def _over(shape: Sequence[int], row: NDArray[Any]) -> Op:
    """An assignment to these places along the last axis; one that is written twice is a bound."""
    place = {int(position): k for k, position in enumerate(row)}
    one, axis = IndexSet.interval, len(shape) - 1
    old = [EMPTY if i in place else one(i, i) for i in range(shape[-1])]
    new = [one(place[i], place[i]) if i in place else EMPTY for i in range(shape[-1])]
    tables: list[Relation] = [Table(tuple(old)), Table(tuple(new))]
    links = tuple(Link([*passed(axis).reads, Read(axis, table)], is_part=True) for table in tables)
    exact = len(place) == row.size
    return Op("overwrite", tuple(shape), links, join=True, exact=exact, algebra="move")
