"""Which part of an axis is read by each row of outputs, put into a link."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from ..indices import IndexSet
from ..link import Link, Read
from ..relation import IDENTITY, Relation, Table
from .arithmetic import Marks
from .pattern import relation_of


class Part(NamedTuple):
    """For each position along ``row`` (or for all) the marked positions along ``column``.

    Without a ``column`` a row reads all that it did, or nothing.
    """

    row: int | None
    column: int | None
    marks: Marks


def projected(
    marks: Marks, rows: Sequence[int], columns: Sequence[int]
) -> tuple[Part | None, bool]:
    """Marks over many axes as one part; None and False where no part says it, None where all is.

    Several rows that differ (the heads of an attention) are taken together, which says too much.
    """
    varying = [axis for axis in columns if marks.shape[axis] > 1]
    deciding = [axis for axis in rows if marks.shape[axis] > 1]
    if len(varying) > 1:
        return None, False
    column = varying[0] if varying else None
    row = deciding[-1] if deciding else None
    others = tuple(axis for axis in range(marks.ndim) if axis not in (row, column))
    order = [axis for axis in (row, column) if axis is not None] + [*others]
    found = np.transpose(marks.any(axis=others, keepdims=True), order)
    shape = (1 if row is None else marks.shape[row], 1 if column is None else marks.shape[column])
    part = Part(row, column, found.reshape(shape))
    return (None if part.marks.all() else part), len(deciding) <= 1


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
    if part.column is None:
        axis = _follower(reads, part.row)
        if axis is None:
            return None
        whole = np.ones((1, shape[axis]), bool)
        own = np.eye(shape[axis], dtype=bool) if reads[axis].axis == part.row else whole
        relation: Relation = Table(tuple(map(_set, own & part.marks)))
        reads[axis] = Read(part.row, relation)
        return Link(reads)
    axis = list(places).index(part.column)
    if part.row is not None:
        reads[axis] = Read(part.row, relation_of(part.marks))
    else:
        driver = reads[axis].axis
        if driver is None:  # the same for all outputs: along an axis that drives nothing, or any
            driver = next((k for k in range(len(result)) if k not in taken), 0)
        if not result:
            return None
        reads[axis] = Read(driver, Table((_set(part.marks[0]),) * result[driver]))
    return Link(reads)


def _follower(reads: Sequence[Read], row: int | None) -> int | None:
    """The operand axis that goes along with output axis ``row``, else one that is read whole."""
    own = [k for k, read in enumerate(reads) if read.axis == row and read.relation == IDENTITY]
    return own[0] if own else next((k for k, r in enumerate(reads) if r.axis is None), None)


def _set(row: Marks) -> IndexSet:
    return IndexSet.of([int(k) for k in np.flatnonzero(row)])
