"""Numbers that an op reads beside its operands: an envelope, a ramp of positions, a mask.

They belong to one size of the input. Whether a part of that input meets the same numbers is a
question of their contents (``analysis.pieces.comparing.agreement``), not of their shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from .limits import ROW_PHASES

KEPT = 1 << 20
"""Elements of a constant that a graph keeps (the mask of 256 windows of 8 x 8): of a longer one
only the shape, and a hash where there is one."""

SHORT = 1 << 12
"""Elements that are kept as they are, whatever they are."""

COMPARED = 1 << 24
"""Of one that holds few numbers again and again, so many elements are compared."""

EDGE = 8
"""One part in so many at each end of an axis has no say in whether numbers repeat along it."""

REPEATS = 64
"""Numbers that repeat after more positions are taken for those of one size."""


def same(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    """Where two arrays hold the same: of what is no number, too, the same comes.

    >>> same(np.array([1, np.nan, 2]), np.array([1, np.nan, np.nan])).tolist()
    [True, True, False]
    """
    equal = np.equal(one, other)
    either = {one.dtype.kind, other.dtype.kind}
    return equal | (np.isnan(one) & np.isnan(other)) if either <= {"f", "c"} else equal


def all_same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether two arrays are of one shape and hold the same."""
    return one.shape == other.shape and bool(same(one, other).all())


class Numbers:
    """A constant, spread over the output of its reader as NumPy broadcasts it.

    Equal where shape and contents are. Axes along which nothing varies have the stride 0.
    ``source``: of a weight, whose numbers do not count, these are the places of its elements.
    """

    __slots__ = ("_held", "source")

    def __init__(
        self, array: NDArray[Any] | Callable[[], NDArray[Any]], source: object = None
    ) -> None:
        self._held = array
        self.source = source

    def placed(self, array: NDArray[Any]) -> Numbers:
        """The same numbers in other places."""
        return type(self)(array, self.source)

    @property
    def array(self) -> NDArray[Any]:
        """The contents; what holds few numbers again and again is laid out when it is asked for."""
        return self._held() if callable(self._held) else self._held

    @staticmethod
    def of(
        array: NDArray[Any] | None, shape: Sequence[int], source: object = None
    ) -> Numbers | tuple[int, ...]:
        """A copy of the contents where they are few, else the shape."""
        if array is None or array.shape != tuple(shape):
            return tuple(shape)
        once = array[tuple(slice(None) if step else slice(0, 1) for step in array.strides)]
        lines = _lines(once) if SHORT < once.size <= COMPARED else None
        if lines is not None:
            return Numbers(partial(_laid, lines, once.shape, array.shape), source)
        if once.size > KEPT:
            return tuple(shape)
        return Numbers(np.broadcast_to(once.copy(), array.shape), source)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Numbers)
            and self.source == other.source
            and all_same(self.array, other.array)
        )

    def __hash__(self) -> int:
        return hash(self.array.shape)

    def __repr__(self) -> str:
        return f"Numbers{self.array.shape}"


def periods(table: object, rank: int) -> Iterator[tuple[int, int]]:
    """Axes of a value along which numbers beside it repeat after a few, and after how many.

    >>> list(periods(Numbers(np.arange(12).reshape(6, 2) % 4), rank=3))
    [(1, 2)]
    """
    if not isinstance(table, Numbers):
        return
    array = table.array
    for axis, whole in enumerate(array.shape):
        border = whole // EDGE  # which may be another one
        along = np.moveaxis(array, axis, 0)[border : whole - border]
        size = len(along)
        line = along.reshape(size, -1)[:, 0] if array.size else along
        for period in range(1, min(REPEATS, size // 2) + 1):
            if all_same(line[period:], line[:-period]) and all_same(
                along[period:], along[:-period]
            ):
                if period > 1:
                    yield rank - array.ndim + axis, period
                break


def phases(table: Numbers) -> Iterator[tuple[int, int, bytes]]:
    """Which of the numbers that repeat stands first, from a whole number of periods on.

    >>> one, other = (Numbers(np.arange(16)[::step] % 4) for step in (1, -1))
    >>> list(phases(one)) == list(phases(other))
    False
    """
    array = table.array
    for axis, period in periods(table, array.ndim):
        lines = np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1)
        start = len(lines) // 2 // period * period
        once = np.unique(lines[start : start + period], axis=1)
        yield axis - array.ndim, period, once.tobytes()


def _lines(array: NDArray[Any]) -> NDArray[Any] | None:
    """The numbers of tables of which every few rows are those before, so many places further on.

    One line for each of these rows, by distance: the mask of a window over time has one, that of
    chunks of 16 frames has 16, however long the stream is. None for any other tables.
    """
    if array.ndim < 2:
        return None
    rows, columns = array.shape[-2:]
    flat = array.reshape(-1, rows, columns)
    few = range(1, min(ROW_PHASES, (rows - 1) // 2, columns - 1) + 1)
    period = next((p for p in few if all_same(flat[:, p : p + 1, p:], flat[:, :1, :-p])
                   and all_same(flat[:, p:, p:], flat[:, :-p, :-p])), None)  # fmt: skip
    if period is None:
        return None
    count = len(flat), period, period * ((rows - 1) // period) + columns
    lines = np.zeros(count, array.dtype)
    for row in range(period):
        before = flat[:, row + period :: period, :period][:, ::-1].reshape(len(flat), -1)
        lines[:, row, count[2] - columns - before.shape[1] :] = np.concatenate(
            [before, flat[:, row]], axis=1
        )
    return lines


def _laid(lines: NDArray[Any], once: Sequence[int], shape: Sequence[int]) -> NDArray[Any]:
    """The tables again; ``once``: their shape without axes along which nothing varies.

    >>> chunks = np.equal.outer(np.arange(7) // 2, np.arange(7) // 2)
    >>> bool((_laid(_lines(chunks), (7, 7), (7, 7)) == chunks).all())
    True
    """
    rows, columns = once[-2:]
    period = lines.shape[1]
    found = np.empty((len(lines), rows, columns), lines.dtype)
    for row in range(period):
        places = found[:, row::period]
        windows = np.lib.stride_tricks.sliding_window_view(lines[:, row], columns, axis=1)
        places[...] = windows[:, ::-period][:, : places.shape[1]]
    return np.broadcast_to(found.reshape(once), shape)


class Positions:
    """Which positions an op is told to choose, made for one size; exact links say the same."""

    __slots__ = ("told",)

    def __init__(self, told: object) -> None:
        self.told = told

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Positions) and self.told == other.told

    def __hash__(self) -> int:
        return hash(self.told)

    def __repr__(self) -> str:
        return f"Positions({self.told!r})"


@dataclass(frozen=True, slots=True)
class Cast:
    """That a value is also had in another type, which rounds it: ``kind``."""

    kind: str


class Drawn:
    """Random numbers: each run of the model draws others."""

    def __repr__(self) -> str:
        return "Drawn()"


DRAWN = Drawn()


def is_drawn(table: object) -> bool:
    """Whether what an op reads beside its operands is random, or made of what is."""
    if isinstance(table, tuple) and table:
        table = cast("tuple[object, ...]", table)[0]
    return isinstance(table, Drawn)


class Same:
    """What a model holds, whatever its numbers are: equal where it is the same object."""

    __slots__ = ("held",)

    def __init__(self, held: object) -> None:
        self.held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.held is other.held

    def __hash__(self) -> int:
        return id(self.held)

    def __reduce__(self) -> tuple[type[object], tuple[()]]:
        return object, ()  # a copy is of no model, and equal to nothing
