"""Elements through ops that only move them: the reads say where each comes from."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from ..limits import MOST_CODES
from ..link import AnyLink, Link, Reshaped
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
    if not elements.size:  # none of it comes from here
        return np.full((1,) * len(after), outside)
    if _count(link, elements.shape, after) > MOST_CODES:
        return None
    indices: list[NDArray[np.int64]] = []
    inside: NDArray[np.bool_] = np.ones((1,) * len(after), bool)
    for axis, (driver, relation) in enumerate(link.reads):
        own = elements.shape[axis]
        places: NDArray[np.int64]
        if isinstance(relation, At):
            places = np.array([min(relation.index, own - 1)], np.int64)
        elif driver is None:
            return None
        elif relation == IDENTITY:
            places = np.arange(own, dtype=np.int64)
        else:  # also where nothing varies: it may reach beyond the ends
            single = _places(relation, before[axis], after[driver])
            if single is None:
                return None
            inside = inside & _along(single >= 0, driver, len(after))
            places = np.where(single >= 0, single, 0) % own
        indices.append(_along(places, driver or 0, len(after)))
    if not indices:
        return elements.reshape((1,) * len(after))
    found = elements[tuple(indices)]
    return found if inside.all() else np.where(inside, found, outside)


def _count(link: Link, before: Sequence[int], after: Sequence[int]) -> int:
    """How many elements are looked up: none twice along axes where nothing varies."""
    sizes = {
        driver: after[driver]
        for (driver, relation), own in zip(link.reads, before, strict=True)
        if driver is not None and (own > 1 or relation != IDENTITY)
    }
    return prod(sizes.values())


Entries = TypeVar("Entries", bound=NDArray[Any])


def _along(entries: Entries, axis: int, rank: int) -> Entries:
    """One entry after the other along an axis of so many."""
    return cast("Entries", entries.reshape([-1 if k == axis else 1 for k in range(rank)]))


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
