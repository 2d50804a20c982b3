"""One-dimensional steps of the forward engine: what happens to bounds along one axis.

Bounds are a pair of integer arrays ``(low, high)``: per position, the first and last input index
that can be reached. The hull of a union is the hull of the hulls, so carrying only bounds is exact
as long as positions that reach nothing are kept apart: they hold ``NOTHING``. Every step here takes
the axis to work on as the last one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import gcd

import numpy as np
from numpy.typing import NDArray

from ...core.indices import IndexSet
from ...core.limits import CELL_LIMIT, PERIOD_LIMIT
from ...core.relation import Border, Sliding, Table, divisors
from ...errors import too_large

Ints = NDArray[np.int64]
Bounds = tuple[Ints, Ints]

UNLIMITED = 1 << 60
NOTHING = (1 << 61, -(1 << 61))
LARGEST = 1 << 58


def tidy(low: Ints, high: Ints) -> Bounds:
    """Positions without reach hold exactly ``NOTHING``; endless sides exactly ``UNLIMITED``."""
    if not low.size:
        return low, high
    if low.min() < -LARGEST:
        low = np.where(low < -LARGEST, -UNLIMITED, low)
    if high.max() > LARGEST:
        high = np.where(high > LARGEST, UNLIMITED, high)
    if low.max() > LARGEST or high.min() < -LARGEST:
        empty = (low > LARGEST) | (high < -LARGEST)
        low, high = np.where(empty, NOTHING[0], low), np.where(empty, NOTHING[1], high)
    return low, high


def evened(bounds: Bounds, axis: int) -> Bounds | None:
    """The bounds at the first place of an axis, where they are the same at all of it."""
    low, high = bounds
    head = (slice(None),) * axis + (slice(0, 1),)
    if (low == low[head]).all() and (high == high[head]).all():
        return low[head], high[head]
    return None


def running(bounds: Bounds, *, backward: bool) -> Bounds:
    """The bounds of everything up to each place of the last axis; backward: from it on."""
    low, high = bounds
    if backward:
        low, high = low[..., ::-1], high[..., ::-1]
    low, high = np.minimum.accumulate(low, axis=-1), np.maximum.accumulate(high, axis=-1)
    return (low[..., ::-1], high[..., ::-1]) if backward else (low, high)


def slide_pattern(bounds: Bounds, advance: int, relation: Sliding) -> tuple[Bounds, int]:
    """Compose a repeating pattern (period: last axis, ``advance`` per period) with ``relation``."""
    low, high = bounds
    period = low.shape[-1]
    blocks = period // gcd(period, relation.advance) if relation.advance else 1
    result = relation.period * blocks
    others = low.size // period
    if result > PERIOD_LIMIT or result * others > CELL_LIMIT:
        raise too_large("the pattern of one layer's field", result * others, _SMALLER)
    _within_64_bits(advance, abs(relation.advance) * blocks + _reach(relation.taps), period)
    shape = (*low.shape[:-1], result)
    out_low = np.full(shape, NOTHING[0], dtype=np.int64)
    out_high = np.full(shape, NOTHING[1], dtype=np.int64)
    for phase, taps in enumerate(relation.taps):
        if not taps:
            continue
        for comb_taps in _samples(taps, period):
            cells = blocks * len(comb_taps) * others
            if cells > CELL_LIMIT:
                raise too_large("the pattern of one layer's field", cells, _SMALLER)
            starts = relation.advance * np.arange(blocks, dtype=np.int64)
            middle = starts[:, None] + comb_taps[None, :]
            block, place = np.divmod(middle, period)
            moved = advance * block
            found_low = (low[..., place] + moved).min(axis=-1)
            found_high = (high[..., place] + moved).max(axis=-1)
            view_low, view_high = (
                out_low[..., phase :: relation.period],
                out_high[..., phase :: relation.period],
            )
            np.minimum(view_low, found_low, out=view_low)
            np.maximum(view_high, found_high, out=view_high)
    return tidy(out_low, out_high), advance * (relation.advance * blocks // period)


def _reach(taps: Sequence[IndexSet]) -> int:
    """How far from where they are counted the farthest of them lies."""
    return max((max(abs(t.first), abs(t.last)) for t in taps if t), default=0)


def _within_64_bits(advance: int, places: int, period: int) -> None:
    """Refuse numbers that would wrap around: where a pattern is so many places further on."""
    farthest = abs(advance) * (places // period + 1)
    if farthest >= LARGEST:
        raise too_large("a field", farthest, "Its numbers exceed 64 bits.")


def table_pattern(bounds: Bounds, advance: int, relation: Table) -> Bounds:
    """Bounds of a table's outputs that read a repeating pattern."""
    low, high = bounds
    period = low.shape[-1]
    _within_64_bits(advance, _reach(relation.taps), period)
    shape = (*low.shape[:-1], len(relation.taps))
    out_low = np.full(shape, NOTHING[0], dtype=np.int64)
    out_high = np.full(shape, NOTHING[1], dtype=np.int64)
    single = [(k, t.first) for k, t in enumerate(relation.taps) if t and t.first == t.last]
    outputs, middle = np.array(single, dtype=np.int64).reshape(-1, 2).T
    block, place = np.divmod(middle, period)
    out_low[..., outputs] = low[..., place] + advance * block
    out_high[..., outputs] = high[..., place] + advance * block
    for output, taps in enumerate(relation.taps):
        for middle in _samples(taps, period) if taps and taps.first < taps.last else ():
            block, place = np.divmod(middle, period)
            first = (low[..., place] + advance * block).min(axis=-1)
            last = (high[..., place] + advance * block).max(axis=-1)
            out_low[..., output] = np.minimum(out_low[..., output], first)
            out_high[..., output] = np.maximum(out_high[..., output], last)
    return tidy(out_low, out_high)


def _samples(taps: IndexSet, period: int) -> list[Ints]:
    """Taps that decide the bounds: beyond one period from either end, others only lie between."""
    chosen: list[Ints] = []
    for start, step, count, width in taps.combs:
        inner = _ends(width, period)
        teeth = _ends(count, period // gcd(period, step) if step else 1)
        if inner.size * teeth.size > CELL_LIMIT:
            raise too_large("the taps of one layer", inner.size * teeth.size, _SMALLER)
        chosen.append((start + step * teeth[:, None] + inner[None, :]).reshape(-1))
    return chosen


def _ends(count: int, keep: int) -> Ints:
    if count <= 2 * keep:
        return np.arange(count, dtype=np.int64)
    return np.concatenate(
        [np.arange(keep, dtype=np.int64), np.arange(count - keep, count, dtype=np.int64)]
    )


def slide_finite(
    bounds: Bounds,
    relation: Sliding | Table,
    size: int,
    positions: Ints,
    start: int = 0,
) -> Bounds:
    """Bounds at ``positions`` of an op that reads a finite axis through ``relation``.

    The axis has ``size`` elements, of which ``bounds`` holds those from ``start`` on. What
    is least and greatest of tidy bounds is tidy.
    """
    low, high = bounds
    shape = (*low.shape[:-1], len(positions))
    if low.size // max(1, low.shape[-1]) * len(positions) > CELL_LIMIT:
        raise too_large(
            "the bounds of one layer", low.size // max(1, low.shape[-1]) * len(positions), _SMALLER
        )
    windows = list(_windows(relation, positions))
    border: Border = "zero" if isinstance(relation, Table) else relation.border
    alone = len(windows) == 1 and _is_all(windows[0][0], len(positions))
    out_low = np.full(() if alone else shape, NOTHING[0], dtype=np.int64)
    out_high = np.full(() if alone else shape, NOTHING[1], dtype=np.int64)
    for where, first, step, count, width in windows:
        if count == 1 and width > 64 and border in ("zero", "cut", "replicate"):
            found = _range_bounds(low, high, first, width, size, start, border)
        else:
            if len(where) * count * width > CELL_LIMIT:
                raise too_large("one window's taps", len(where) * count * width, _SMALLER)
            offsets = (step * np.arange(count)[:, None] + np.arange(width)[None, :]).reshape(-1)
            found = _taps_bounds(low, high, first[:, None] + offsets, size, start, border)
        if alone:
            return found
        out_low[..., where] = np.minimum(out_low[..., where], found[0])
        out_high[..., where] = np.maximum(out_high[..., where], found[1])
    return out_low, out_high


def _is_all(where: Ints, count: int) -> bool:
    """Whether these are all places, in order."""
    return len(where) == count > 0 and bool((where == np.arange(count)).all())


Windows = tuple[Ints, Ints, int, int, int]
"""Places, the first taps there, and the form of the combs that begin with them."""


def _windows(relation: Sliding | Table, positions: Ints) -> Iterator[Windows]:
    """What is read at ``positions``: combs of one form together, at a place one at a time."""
    alike: dict[tuple[int, int, int, int], list[tuple[Ints, Ints]]] = {}
    for where, taps, bases in _by_taps(relation, positions):
        for nth, (start, step, count, width) in enumerate(taps.combs):
            alike.setdefault((nth, step, count, width), []).append((where, bases + start))
    for (_, step, count, width), members in alike.items():
        if sum(len(where) for where, _ in members) * count * width <= CELL_LIMIT:
            wheres, firsts = zip(*members, strict=True)
            yield np.concatenate(wheres), np.concatenate(firsts), step, count, width
        else:
            yield from ((where, first, step, count, width) for where, first in members)


def _by_taps(relation: Sliding | Table, positions: Ints) -> Iterator[tuple[Ints, IndexSet, Ints]]:
    """Places of ``positions`` that read the same taps, each from a base of its own."""
    if isinstance(relation, Table):
        base = np.zeros(1, dtype=np.int64)
        for place, position in enumerate(positions.tolist()):
            if 0 <= position < len(relation.taps):
                yield np.array([place]), relation.taps[position], base
        return
    blocks, phases = np.divmod(positions, relation.period)
    # Sorted once: as many phases as a wide layer has channels would each search them all.
    order = np.argsort(phases, kind="stable")
    present, first_of = np.unique(phases[order], return_index=True)
    for phase, where in zip(present.tolist(), np.split(order, first_of[1:]), strict=False):
        yield where, relation.taps[phase], relation.advance * blocks[where]


def _taps_bounds(
    low: Ints, high: Ints, taps: Ints, size: int, start: int, border: Border
) -> Bounds:
    if taps.shape[1] == 1 and border in ("zero", "cut"):
        first, count = int(taps[0, 0]), len(taps)
        if (taps[:, 0] == np.arange(first, first + count)).all():
            return _cut_out(low, high, first - start, count, -start, size - start)
    outside = (taps < 0) | (taps >= size)
    if border in ("zero", "cut") and len(taps) * size < low.size:
        _, one, back = np.unique(
            _marked(taps, ~outside, size), axis=0, return_index=True, return_inverse=True
        )
        if 2 * len(one) <= len(taps):  # many windows hold the same elements
            found = _taps_bounds(low, high, taps[one], size, start, border)
            return found[0][..., back.reshape(-1)], found[1][..., back.reshape(-1)]
    if outside.any():
        if border in ("zero", "cut"):
            taps = np.where(outside, start, taps)
        else:
            taps, outside = fold_all(taps, size, border), np.zeros_like(outside)
    places = taps - start
    if not outside.any():
        return low[..., places].min(axis=-1), high[..., places].max(axis=-1)
    places = np.clip(places, 0, low.shape[-1] - 1)
    return (
        np.where(outside, NOTHING[0], low[..., places]).min(axis=-1),
        np.where(outside, NOTHING[1], high[..., places]).max(axis=-1),
    )


def _marked(taps: Ints, inside: NDArray[np.bool_], size: int) -> NDArray[np.uint8]:
    """For each window the elements that it holds, as bits."""
    marks = np.zeros((len(taps), size), dtype=np.bool_)
    row, column = np.nonzero(inside)
    marks[row, taps[row, column]] = True
    return np.packbits(marks, axis=1)


def _cut_out(low: Ints, high: Ints, first: int, count: int, begin: int, end: int) -> Bounds:
    """``count`` places from ``first`` on; nothing before ``begin`` and from ``end`` on."""
    begin, end = max(0, begin), min(low.shape[-1], end)
    inner = slice(max(first, begin), max(first, begin, min(first + count, end)))
    place = slice(inner.start - first, inner.stop - first)
    found = [np.full((*low.shape[:-1], count), nothing, dtype=np.int64) for nothing in NOTHING]
    for whole, part in zip(found, (low, high), strict=True):
        whole[..., place] = part[..., inner]
    return found[0], found[1]


def fold_all(taps: Ints, size: int, border: Border) -> Ints:
    """``padding.fold`` for arrays, borders that always read something."""
    if border == "replicate":
        return np.clip(taps, 0, size - 1)
    if border == "circular":
        return taps % size
    if border == "reflect":
        period = max(1, 2 * (size - 1))
        return (
            np.minimum(taps % period, period - taps % period) if size > 1 else np.zeros_like(taps)
        )
    return np.minimum(taps % (2 * size), 2 * size - 1 - taps % (2 * size))


def _range_bounds(
    low: Ints, high: Ints, first: Ints, width: int, size: int, start: int, border: Border
) -> Bounds:
    """Bounds over long dense windows."""
    begin, end = np.clip(first, 0, size - 1) - start, np.clip(first + width, 1, size) - start
    misses = (first >= size) | (first + width <= 0)
    if border == "replicate" or not misses.any():
        return over_ranges(low, high, begin, end)
    # what lies nearest to these may not be among the bounds at hand
    found = over_ranges(low, high, np.where(misses, 0, begin), np.where(misses, 1, end))
    found[0][..., misses], found[1][..., misses] = NOTHING
    return found


def over_ranges(low: Ints, high: Ints, begin: Ints, end: Ints) -> Bounds:
    """The least ``low`` and the greatest ``high`` of each range, which holds one place at least.

    By doubling: two overlapping blocks cover each range.
    """
    level = np.frexp((end - begin).astype(np.float64))[1] - 1
    out_low = np.empty((*low.shape[:-1], len(begin)), dtype=np.int64)
    out_high = np.empty_like(out_low)
    for power in range(int(level.max()) + 1):
        span = 1 << power
        mine = np.flatnonzero(level == power)
        if mine.size:
            left, right = begin[mine], end[mine] - span
            out_low[..., mine] = np.minimum(low[..., left], low[..., right])
            out_high[..., mine] = np.maximum(high[..., left], high[..., right])
        if low.shape[-1] > span:
            low = np.minimum(low[..., :-span], low[..., span:])
            high = np.maximum(high[..., :-span], high[..., span:])
    return out_low, out_high


@lru_cache(maxsize=1024)
def prime_factors(number: int) -> tuple[int, ...]:
    """Distinct prime factors."""
    found: list[int] = []
    candidate = 2
    while candidate * candidate <= number:
        if number % candidate == 0:
            found.append(candidate)
            while number % candidate == 0:
                number //= candidate
        candidate += 1
    return (*found, number) if number > 1 else tuple(found)


def shortest_period(bounds: Bounds, advance: int) -> tuple[Bounds, int]:
    """The same pattern with the smallest period."""
    low, high = bounds
    for prime in prime_factors(low.shape[-1]):
        while low.shape[-1] % prime == 0 and advance % prime == 0:
            period, step = low.shape[-1] // prime, advance // prime
            if not (_repeats(low, period, step) and _repeats(high, period, step)):
                break
            low, high, advance = low[..., :period], high[..., :period], step
    if low is not bounds[0]:
        low, high = low.copy(), high.copy()  # views would keep all of the long pattern
    return (low, high), advance


def find_pattern(bounds: Bounds, repeats: int) -> tuple[Bounds, int] | None:
    """Read a finite axis as a pattern that occurs at least ``repeats`` times, if it is one."""
    low, high = bounds
    size = low.shape[-1]
    lines = low.reshape(-1, size)
    rows, line, place = lines[:2], *_present(lines)
    for period in divisors(size):
        if period * repeats > size:
            break
        if place + period >= size:
            continue
        step = int(line[place + period] - line[place])
        if abs(step) >= LARGEST or not _repeats(rows[:, : 4 * period], period, step):
            continue
        if _repeats(low, period, step) and _repeats(high, period, step):
            return (low[..., :period].copy(), high[..., :period].copy()), step
    return None


def _present(lines: Ints) -> tuple[Ints, int]:
    """A row and its first element that has a reach with an end; any where there is none."""
    for part in (lines[:1], lines):
        row, place = divmod(int((np.abs(part) <= LARGEST).argmax()), lines.shape[1])
        if abs(int(part[row, place])) <= LARGEST:
            return part[row], place
    return lines[0], 0


def _repeats(values: Ints, period: int, step: int) -> bool:
    before, after = values[..., :-period], values[..., period:]
    return _steps(before[..., :1], after[..., :1], step) and _steps(before, after, step)


def _steps(before: Ints, after: Ints, step: int) -> bool:
    """Whether every value goes up by ``step``; endless ones and absent ones stay."""
    same: NDArray[np.bool_] = np.equal(before + step, after)
    if same.all():
        return True
    endless: NDArray[np.bool_] = np.abs(before) > LARGEST
    return bool(endless.any() and np.all(np.where(endless, np.equal(before, after), same)))


_SMALLER = "Ask for fewer positions, or for a smaller input."
