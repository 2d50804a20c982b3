"""Tiles and windows of a stream tried by hand, on numbers alone: does a network have any?

Nothing of rfield is used: a function is run on parts of an array, and what comes out is looked for
in what it gives for the whole. Every refusal is held against this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Runs = Callable[[int, int], Array | None]
"""What a network gives for positions ``start .. stop-1`` of its input; None where it refuses."""

STEPS = range(1, 13)
"""Grids that are tried."""

NEAR = 12
"""How many of the largest sizes of a tile are tried."""


def moves(one: Array, other: Array, axis: int) -> bool:
    """Whether every place along an axis has an element that differs between two inputs.

    What reads nothing is equal in all parts, and shows nothing.
    """
    differs = np.moveaxis(one != other, axis, 0)
    return bool(differs.reshape(len(differs), -1).any(1).all())


class Found(NamedTuple):
    """Tiles of ``tile`` positions every ``grid``; outputs ``first .. stop-1`` of each are right."""

    tile: int
    grid: int
    axis: int
    first: int
    stop: int


def tiles(run: Runs, size: int, most: int, like: Found | None = None) -> Found | None:
    """Equal tiles of at most ``most`` positions that together give the whole, if there are any.

    ``like``: of that size and on that grid only.
    """
    whole = run(0, size)
    if whole is None:
        return None
    sizes = range(min(most, size - 1), max(0, most - NEAR), -1) if like is None else (like.tile,)
    for tile in sizes:
        parts: dict[int, Array] = {}
        for grid in STEPS if like is None else (like.grid,):
            if (size - tile) % grid:
                continue
            starts = range(0, size - tile + 1, grid)
            for start in starts:
                if start not in parts:
                    made = run(start, start + tile)
                    if made is None:
                        break
                    parts[start] = made
            else:
                found = _tiled(whole, [parts[start] for start in starts])
                if found is not None:
                    return Found(tile, grid, *found)
            if 0 not in parts:
                break
    return None


def _tiled(whole: Array, parts: Sequence[Array]) -> tuple[int, int, int] | None:
    # of two, each ends where the whole ends, and its padding may stand for what is not there
    if len({part.shape for part in parts}) > 1 or len(parts) < 3:
        return None
    for axis in range(2, whole.ndim):
        made, outputs = parts[0].shape[axis], whole.shape[axis]
        step = Fraction(outputs - made, len(parts) - 1)
        if step.denominator != 1 or step <= 0 or not _elsewhere_alike(whole, parts[0], axis):
            continue
        same = [_equal(whole, part, axis, int(step) * k) for k, part in enumerate(parts)]
        stop = _run(same[0])
        first = made - _run(same[-1][::-1])
        inner = np.logical_and.reduce([np.ones(made, bool), *same[1:-1]])
        for begin, end in _runs(inner[first:stop]):
            if end - begin >= step:
                return axis, first + begin, first + end
    return None


def _elsewhere_alike(whole: Array, part: Array, axis: int) -> bool:
    sizes = zip(whole.shape, part.shape, strict=True)
    return whole.ndim == part.ndim and all(a == b for k, (a, b) in enumerate(sizes) if k != axis)


def _equal(whole: Array, part: Array, axis: int, shift: int) -> NDArray[np.bool_]:
    """Which positions of the part are those of the whole that lie ``shift`` further."""
    there = np.moveaxis(whole, axis, 0)[shift : shift + part.shape[axis]]
    if not part.size or len(there) < part.shape[axis]:
        return np.zeros(part.shape[axis], bool)
    return (there == np.moveaxis(part, axis, 0)).reshape(len(there), -1).all(1)


def _run(flags: NDArray[np.bool_]) -> int:
    """How many are true from the beginning."""
    return len(flags) if flags.all() else int(flags.argmin())


def _runs(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def streams(run: Runs, size: int, axis: int) -> int | None:
    """The grid on which windows give the whole, for every length up to ``size``; None for none.

    The beginning of a stream, however long, gives but a few outputs less than all of it, and so
    does a part that begins on the grid, of streams of any length.
    """
    whole = run(0, size)
    if whole is None:
        return None
    few = min(size, whole.shape[axis]) // 3
    for length in range(size - 1, size - 2 * STEPS.stop, -1):
        part = run(0, length)
        if part is None:
            continue
        if not _elsewhere_alike(whole, part, axis):
            return None
        if part.shape[axis] > whole.shape[axis]:
            return None
        if part.shape[axis] - _run(_equal(whole, part, axis, 0)) > few:
            return None
    for grid in STEPS:
        ends = ((stop, run(0, stop)) for stop in range(size, size - grid, -1))
        steps = {
            _steps(run, grid, stop, all_, axis, few) for stop, all_ in ends if all_ is not None
        }
        if len(steps) == 1 and None not in steps:
            return grid
    return None


def _steps(run: Runs, grid: int, size: int, whole: Array, axis: int, few: int) -> int | None:
    """How many outputs lie between parts that begin on the grid; None where they are not right."""
    shifts = [0]
    for start in list(range(grid, size // 2, grid))[:6]:
        shift = _end(whole, run(start, size), axis, few)
        if shift is None:
            return None
        shifts.append(shift)
    steps = {b - a for a, b in pairwise(shifts)}
    return min(steps) if len(steps) == 1 and min(steps) > 0 else None


def _end(whole: Array, part: Array | None, axis: int, few: int) -> int | None:
    """How far a part lies from the whole that it ends with; None where it does not."""
    if part is None or not _elsewhere_alike(whole, part, axis):
        return None
    shift = whole.shape[axis] - part.shape[axis]
    if shift < 0 or part.shape[axis] <= few:
        return None
    same = _equal(whole, part, axis, shift)
    return shift if len(same) - _run(same[::-1]) <= few else None
