"""Between which numbers the elements of a tensor stay, and how that is kept.

It is kept of every value that a mask reaches until the model is read: tables of frames by frames, a
dozen for each layer. Most hold two numbers, as masks make them, and are kept in a byte for each
element.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core.known.codes import squeezed

SHORT = 1 << 12
"""Elements that are kept as they are."""


class Packed(NamedTuple):
    """``one`` where it is marked, ``other`` everywhere else."""

    marks: NDArray[np.bool_]
    one: float
    other: float


def packed(array: NDArray[Any]) -> NDArray[Any] | Packed:
    """The same in less room, where it holds two numbers; NaN is one.

    >>> packed(np.tri(100) / 0.5).other
    0.0
    """
    if array.size <= SHORT or array.dtype != np.float64:
        return array
    one = float(array.flat[0])
    marks = _is(array, one)
    other = float(array.flat[int(marks.argmin())])
    return Packed(marks, one, other) if (marks | _is(array, other)).all() else array


def _is(array: NDArray[Any], number: float) -> NDArray[np.bool_]:
    return np.asarray(np.isnan(array) if np.isnan(number) else array == number)


def unpacked(held: NDArray[Any] | Packed) -> NDArray[Any]:
    """The table again.

    >>> table = np.where(np.tri(100) > 0, np.nan, -np.inf)
    >>> np.array_equal(unpacked(packed(table)), table, equal_nan=True)
    True
    """
    return np.where(*held) if isinstance(held, Packed) else held


class Range(NamedTuple):
    """Between which numbers each element of a tensor stays."""

    low: NDArray[Any]
    high: NDArray[Any]

    @property
    def number(self) -> NDArray[Any]:
        """The one number that is left, or NaN."""
        same = self.low is self.high
        return self.low if same else np.where(self.low == self.high, self.low, np.nan)

    def at(self, numbers: NDArray[Any]) -> Range:
        """With these numbers, where they are any."""
        open_ = np.isnan(numbers)
        if open_.all():
            return self
        return Range(np.where(open_, self.low, numbers), np.where(open_, self.high, numbers))


Reach = tuple[Range, Range]
"""What is sure, and what holds if nothing in a file is a parameter."""

ENDLESS = Range(np.array(-np.inf), np.array(np.inf))

Held = tuple[Sequence[NDArray[Any] | Packed], Sequence[NDArray[Any] | Packed]]
"""The same, as it is kept."""


def stored(reach: tuple[Sequence[NDArray[Any]], Sequence[NDArray[Any]]]) -> Held:
    """Tables in as little room as they take."""
    sure, doubtful = reach
    one = [packed(squeezed(each)) for each in sure]
    return one, one if doubtful is sure else [packed(squeezed(each)) for each in doubtful]


def opened(held: Held | None) -> Reach:
    """Ranges as they were; none were kept where nothing is told."""
    if held is None:
        return ENDLESS, ENDLESS
    sure = Range(*map(unpacked, held[0]))
    return sure, sure if held[1] is held[0] else Range(*map(unpacked, held[1]))
