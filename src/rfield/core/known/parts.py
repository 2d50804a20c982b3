"""Which part of an axis is read by each row of outputs, put into a link."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from ..indices import EMPTY, IndexSet
from ..limits import MOST_KINDS
from ..link import Link, Read
from ..relation import IDENTITY, Table
from .arithmetic import Marks
from .pattern import relation_of


class Part(NamedTuple):
    """For each position along ``row`` (or for all) the marked positions along ``column``.

    Without a ``column`` a row reads all that it did, or nothing. ``among``: an axis of the output
    and the positions along it for which the part holds (the windows that share a mask), and
    ``beside_whole`` whether at some all is read.
    """

    row: int | None
    column: int | None
    marks: Marks
    among: tuple[int, Marks] | None = None
    beside_whole: bool = False


def projected(marks: Marks, rows: Sequence[int], columns: Sequence[int]) -> tuple[list[Part], bool]:
    """Marks over many axes as parts that together say them; no part where all is read.

    Not exact, False, where they say too much: several axes that vary among the columns give no
    part, and rows that differ in too many ways are taken together.
    """
    varying = [axis for axis in columns if marks.shape[axis] > 1]
    deciding = [axis for axis in rows if marks.shape[axis] > 1]
    if marks.all() or len(varying) > 1:
        return [], bool(marks.all())
    column = varying[0] if varying else None
    if len(deciding) == 2:
        kinds = _kinds(marks, deciding, column)
        if kinds:
            return kinds, True
    row = deciding[-1] if deciding else None
    part = Part(row, column, _table(marks, row, column))
    return [] if part.marks.all() else [part], len(deciding) <= 1


def _kinds(marks: Marks, deciding: Sequence[int], column: int | None) -> list[Part]:
    """A part for each kind of position along one of two axes; none where there are many kinds."""
    found: list[list[Part]] = []
    for axis, row in (deciding, reversed(deciding)):
        ahead = (slice(None),) * axis  # a view: ``take`` would copy all of it each time
        slices = [
            _table(marks[(*ahead, slice(k, k + 1))], row, column) for k in range(marks.shape[axis])
        ]
        places: dict[bytes, list[int]] = {}
        for k, each in enumerate(slices):
            places.setdefault(each.tobytes(), []).append(k)
        if len(places) <= MOST_KINDS:
            among = [np.isin(np.arange(len(slices)), same) for same in places.values()]
            whole = any(slices[same[0]].all() for same in places.values())
            parts = [
                Part(row, column, slices[same[0]], (axis, own), whole)
                for own, same in zip(among, places.values(), strict=True)
            ]
            found.append([part for part in parts if part.marks.any()])
    return min(found, key=len) if found else []


def boxes(marks: Marks) -> list[dict[int, Marks]] | None:
    """Marks as boxes that do not overlap, each by the rows along the axes that bound it.

    None where they would be many.

    >>> boxes(np.array([[1, 1], [1, 0]], bool))[1]
    {0: array([False,  True]), 1: array([ True, False])}
    """
    if not marks.any() or marks.all():
        return [{}] if marks.any() else []
    kinds = [each for axis in range(marks.ndim) if (each := _alike(marks, axis)) is not None]
    if not kinds:
        return None
    axis, groups = min(kinds, key=lambda each: len(each[1]))
    found: list[dict[int, Marks]] = []
    for same in groups:
        rest = boxes(marks.take(same[:1], axis))
        if rest is None or len(found) + len(rest) > MOST_KINDS:
            return None
        rows = np.zeros(marks.shape[axis], bool)
        rows[same] = True
        found += rest if rows.all() else [{axis: rows, **box} for box in rest]
    return found


def _alike(marks: Marks, axis: int) -> tuple[int, list[list[int]]] | None:
    """The positions along an axis where the same is marked, together; None for too many."""
    places: dict[bytes, list[int]] = {}
    for k, each in enumerate(np.moveaxis(marks, axis, 0)):
        places.setdefault(each.tobytes(), []).append(k)
        if len(places) > MOST_KINDS:
            return None
    return (axis, [*places.values()]) if marks.shape[axis] > 1 else None


def _table(marks: Marks, row: int | None, column: int | None) -> Marks:
    """What any of the other axes marks, by row and column."""
    others = tuple(axis for axis in range(marks.ndim) if axis not in (row, column))
    order = [axis for axis in (row, column) if axis is not None] + [*others]
    found = np.transpose(marks.any(axis=others, keepdims=True), order)
    shape = (1 if row is None else marks.shape[row], 1 if column is None else marks.shape[column])
    return found.reshape(shape)


def restricted(
    link: Link,
    part: Part,
    places: Sequence[int],
    shape: Sequence[int],
    result: Sequence[int] | None = None,
    taken: Collection[int] = (),
) -> Link | None:
    """The link with only the part read, or None where no link says it.

    ``places``: the axis of the marks that belongs to each operand axis. ``shape`` and ``result``
    are those of the operand and of the output, whose axes are the first of the marks. ``taken``:
    the output axes that drive an axis of some operand.
    """
    reads = list(link.reads)
    result = shape if result is None else result
    free = set(range(len(reads)))
    if part.column is None:
        rows = part.marks[:, 0] if part.row is not None else None
        if rows is not None and not gated(reads, shape, part.row or 0, rows, free):
            return None
    else:
        axis = list(places).index(part.column)
        free.discard(axis)
        if part.row is not None:
            reads[axis] = Read(part.row, relation_of(part.marks))
        else:
            driver = reads[axis].axis
            if driver is None:  # the same for all: along an axis that drives nothing, or any
                driver = next((k for k in range(len(result)) if k not in taken), 0)
            if not result:
                return None
            reads[axis] = Read(driver, Table((_set(part.marks[0]),) * result[driver]))
    if part.among is not None and not gated(reads, shape, *part.among, free):
        return None
    return Link(reads, endless=link if part.beside_whole else None)


def gated(reads: list[Read], shape: Sequence[int], axis: int, rows: Marks, free: set[int]) -> bool:
    """Let outputs read nothing at all where ``rows`` along output ``axis`` are not set."""
    own = [k for k in free if reads[k].axis == axis and reads[k].relation == IDENTITY]
    place = own[0] if own else next((k for k in sorted(free) if reads[k].axis is None), None)
    if place is None:
        return False
    free.discard(place)
    whole = None if own else IndexSet.interval(0, shape[place] - 1)
    taps = [(whole or IndexSet.interval(k, k)) if row else EMPTY for k, row in enumerate(rows)]
    reads[place] = Read(axis, Table(tuple(taps)))
    return True


def _set(row: Marks) -> IndexSet:
    return IndexSet.of([int(k) for k in np.flatnonzero(row)])
