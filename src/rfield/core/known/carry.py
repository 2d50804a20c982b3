"""Elements through ops that only move them: the reads say where each comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..limits import MOST_CODES
from ..link import AnyLink, Reshaped
from ..padding import fold
from ..relation import IDENTITY, At, Relation, Sliding, Table
from .codes import ALIVE, FIXED, Codes, Known, squeezed


def carried(
    link: AnyLink,
    known: Known,
    before: Sequence[int],
    after: Sequence[int],
    outside: int = FIXED,
) -> Codes | None:
    """The codes of an output whose every element is one element of the operand, or none.

    None where that is not so, or where there are too many. ``outside``: the code of the latter.
    """
    found = moved(link, known.codes, before, after, np.uint8(outside))
    return None if found is None else squeezed(found)


def moved(
    link: AnyLink,
    elements: NDArray[Any],
    before: Sequence[int],
    after: Sequence[int],
    outside: np.uint8 | int = 0,
) -> NDArray[Any] | None:
    """The same for elements of any kind; those that vary along no axis may be held once for it."""
    if isinstance(link, Reshaped):
        return _reshaped(link, elements)
    codes = elements
    if not codes.size:  # none of it comes from here
        return np.full((1,) * len(after), outside)
    for axis, (driver, relation) in enumerate(link.reads):
        if isinstance(relation, At):
            index = min(relation.index, codes.shape[axis] - 1)
            codes = np.take(codes, [index], axis)
        elif driver is None:
            return None
        elif relation != IDENTITY:  # also where nothing varies: it may reach beyond the ends
            if codes.size // codes.shape[axis] * after[driver] > MOST_CODES:
                return None
            places = _places(relation, before[axis], after[driver])
            if places is None:
                return None
            inside = places >= 0
            taken = np.take(codes, np.where(inside, places, 0) % codes.shape[axis], axis)
            shape = [1] * codes.ndim
            shape[axis] = len(places)
            codes = np.where(inside.reshape(shape), taken, outside)
    if link.coupled:
        return None
    result = [1] * len(after)
    kept = sorted(
        (read.axis, axis) for axis, read in enumerate(link.reads) if read.axis is not None
    )
    for driver, axis in kept:
        result[driver] = codes.shape[axis]
    order = [axis for _, axis in kept]
    order += [axis for axis in range(codes.ndim) if axis not in order]
    return codes.transpose(order).reshape(result)


def _places(relation: Relation, size: int, outputs: int) -> NDArray[np.int64] | None:
    """The one element that each output reads; -1 for none."""
    if not isinstance(relation, Sliding | Table):
        return None
    border = relation.border if isinstance(relation, Sliding) else "cut"
    if isinstance(relation, Sliding) and relation.period == 1 and border in ("zero", "cut"):
        (taps,) = relation.taps
        if not taps or taps.first != taps.last:
            return None
        places = taps.first + np.arange(outputs, dtype=np.int64) * relation.advance
        return np.where((places >= 0) & (places < size), places, -1)
    found: list[int] = []
    for output in range(outputs):
        taps = relation.at(output)
        if not taps:
            found.append(-1)
        elif taps.first != taps.last:
            return None
        elif 0 <= taps.first < size:
            found.append(taps.first)
        else:
            folded = fold(taps.first, size, border)
            found.append(-1 if folded is None else folded)
    return np.array(found, dtype=np.int64)


def _reshaped(link: Reshaped, codes: NDArray[Any]) -> NDArray[Any] | None:
    shape = [1] * len(link.after)
    full = list(codes.shape)
    for group in link.groups:
        if not any(codes.shape[axis] > 1 for axis in group.before):
            continue
        for axis in group.before:
            full[axis] = link.before[axis]
        for axis in group.after:
            shape[axis] = link.after[axis]
    if np.prod(shape, dtype=np.int64) > MOST_CODES:
        return None
    return np.broadcast_to(codes, full).reshape(shape)


def together(parts: Sequence[Codes], rank: int) -> Codes:
    """The codes of a value of which each element comes from one of several operands.

    Where a part does not reach, it says ``FIXED``; an element that no part makes alive is known.
    """
    result = np.full((1,) * rank, FIXED, np.uint8)
    for codes in parts:
        shape = np.broadcast_shapes(result.shape, codes.shape)
        one, other = np.broadcast_to(result, shape), np.broadcast_to(codes, shape)
        alive = (one == ALIVE) | (other == ALIVE)
        result = np.where(alive, np.uint8(ALIVE), np.where(other > FIXED, other, one))
    return squeezed(result)
