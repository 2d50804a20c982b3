"""Which outputs read any of some marked elements, whatever their op makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from ..indices import IndexSet
from ..limits import MOST_CODES
from ..link import AnyLink, Reshaped
from ..padding import fold
from ..relation import IDENTITY, WHOLE, At, Prefix, Relation, Sliding, Table
from .carry import moved
from .codes import squeezed

Marks = NDArray[np.bool_]


def reached(
    link: AnyLink, marks: Marks, before: Sequence[int], after: Sequence[int]
) -> Marks | None:
    """The outputs that read a marked element, or None where that is not told.

    ``marks`` has size 1 along the axes where nothing varies, and so has the result. Not told:
    where one output axis drives several along which the marks vary. Of too many all are said to.

    >>> from ..ops import conv
    >>> (link,) = conv((1, 1, 6), kernel=3).links
    >>> reached(link, np.array([[[0, 0, 0, 0, 1, 0]]], bool), (1, 1, 6), (1, 1, 4)).tolist()
    [[[False, False, True, True]]]
    """
    if isinstance(link, Reshaped) or not marks.size:
        return moved(link, marks, before, after, False)
    if 0 in after:
        return np.zeros((1,) * len(after), bool)
    shape = [1] * len(after)
    gates: list[tuple[int, Marks]] = []
    varying: list[tuple[int, int]] = []
    for axis, (driver, relation) in enumerate(link.reads):
        size, own = before[axis], marks.shape[axis]
        if driver is None:
            place = min(relation.index, own - 1) if isinstance(relation, At) else None
            marks = _any(marks, axis) if place is None else marks.take([place], axis)
        elif own == 1 and relation == IDENTITY and size:
            continue
        elif max(size if own == 1 else 1, marks.size // own * after[driver]) > MOST_CODES:
            return np.ones((1,) * len(after), bool)
        elif own == 1:
            gates.append((driver, _read(np.ones((1, size), bool), relation, after[driver])[0]))
        else:
            flat = np.moveaxis(marks, axis, -1)
            found = _read(flat.reshape(-1, own), relation, after[driver])
            marks = np.moveaxis(found.reshape(*flat.shape[:-1], -1), -1, axis)
            if marks.shape[axis] > 1:
                varying.append((driver, axis))
    drivers = [driver for driver, _ in varying]
    if len(set(drivers)) < len(drivers):
        return None
    for driver, axis in varying:
        shape[driver] = marks.shape[axis]
    order = [axis for _, axis in sorted(varying)]
    order += [axis for axis in range(marks.ndim) if axis not in order]
    return squeezed(_gated(marks.transpose(order).reshape(shape), gates))


def _gated(marks: Marks, gates: Sequence[tuple[int, Marks]]) -> Marks:
    """The marks where every gate along its axis is open; all, where that would be too many."""
    narrow = [(axis, gate) for axis, gate in gates if not gate.all()]
    sizes = {**dict(enumerate(marks.shape)), **{axis: len(gate) for axis, gate in narrow}}
    if prod(sizes.values()) > MOST_CODES:
        return np.ones((1,) * marks.ndim, bool)
    for axis, gate in narrow:
        marks = marks & gate.reshape([-1 if k == axis else 1 for k in range(marks.ndim)])
    return marks


def _read(marks: Marks, relation: Relation, outputs: int) -> Marks:
    """Rows of marks along one axis: which outputs read any of a row's."""
    size = marks.shape[1]
    if relation == IDENTITY or not size:
        return marks
    if isinstance(relation, Prefix):
        turned = marks[:, ::-1] if relation.backward else marks
        found = np.logical_or.accumulate(turned, axis=1)
        return found[:, ::-1] if relation.backward else found
    if relation == WHOLE:
        return _any(marks, 1)
    if isinstance(relation, At):
        return marks[:, [relation.index]]
    assert isinstance(relation, Sliding | Table)
    marks, start = _extended(marks, relation, outputs)
    sums = np.concatenate(
        [np.zeros((len(marks), 1), np.int32), marks.cumsum(axis=1, dtype=np.int32)], axis=1
    )
    period, advance = (
        (relation.period, relation.advance) if isinstance(relation, Sliding) else (outputs, 0)
    )
    result = np.zeros((len(marks), outputs), bool)
    for phase in range(min(period, outputs)):
        bases = np.arange(len(range(phase, outputs, period)), dtype=np.int64) * advance - start
        result[:, phase::period] = _hit(sums, relation.taps[phase], bases)
    return result


def _any(marks: Marks, axis: int) -> Marks:
    return np.logical_or.reduce(marks, axis=axis, keepdims=True)


def _hit(sums: NDArray[np.int32], taps: IndexSet, bases: NDArray[np.int64]) -> Marks:
    """Whether any of the taps, counted from each base, is marked; ``sums`` are running ones."""
    found: Marks = np.zeros((len(sums), len(bases)), bool)
    for start, stop in taps.runs():
        low = np.clip(bases + start, 0, sums.shape[1] - 1)
        high = np.clip(bases + stop, 0, sums.shape[1] - 1)
        found |= sums[:, high] > sums[:, low]
    return found


def _extended(marks: Marks, relation: Sliding | Table, outputs: int) -> tuple[Marks, int]:
    """The marks with what stands beyond the ends, where a border mirrors or wraps them."""
    size = marks.shape[1]
    if isinstance(relation, Table) or relation.border in ("zero", "cut", "none"):
        return marks, 0
    taps = [each for each in relation.taps if each]
    last = relation.advance * ((outputs - 1) // relation.period)
    low = min((each.first for each in taps), default=0) + min(0, last)
    high = max((each.last for each in taps), default=0) + max(0, last)
    places = [fold(k, size, relation.border) or 0 for k in range(low, high + 1)]
    return marks[:, places], low
