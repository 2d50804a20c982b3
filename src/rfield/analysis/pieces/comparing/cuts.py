"""Positions of a part that equal those of the whole, and what ends that equality.

Here also: numbers that both meet beside their operands (a window's envelope, a ramp). They were
made for two sizes; where they are the same at the same places, nothing is lost. One part stands for
others that lie elsewhere, so inside the whole its numbers must be found again everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from ....core.graph import Graph
from ....core.numbers import KEPT, Cast, Numbers, all_same, same
from ....core.relation import divisors


class Cut(NamedTuple):
    """Along one axis: positions ``first .. stop-1`` of the part equal the whole's at ``+ shift``.

    ``shift`` is None where the value is the same at every position. ``more``: single positions
    outside that are equal too, as where each second one reads less than those between.
    """

    shift: int | None
    first: int
    stop: int
    more: frozenset[int] = frozenset()

    def holds(self, place: int) -> bool:
        """Whether a position is equal."""
        return self.first <= place < self.stop or place in self.more

    def run(self) -> Cut:
        """The positions in a row alone."""
        return self._replace(more=frozenset()) if self.more else self

    def common(self, other: Cut) -> Cut:
        """What a part has in common with the whole both here and at another place."""
        return Cut(self.shift, max(self.first, other.first), min(self.stop, other.stop))


Cuts = tuple[Cut, ...]
"""Those of a value, one for each of its axes."""


class LossError(Exception):
    """Nothing of this value equals the whole's; the text says why."""


WHOLE_AXIS = "reads a whole axis"
OFF_GRID = "moves in steps that the start of the part does not fit"
OTHER_TYPE = "is computed in another type for the size of its input"
BY_SIZE = "reads numbers that are made for the size of its input"
BY_CHANCE = "draws random numbers, others in each run or for each size"
OTHER_PATH = "is not computed as for the whole input"
IRREGULAR = "reads positions that are listed for one size"
BOUND = "reads positions that depend on values"
DIVIDES = "divides an axis into as many parts whatever its length"
WRAPS = "wraps around the ends of its input"
TOO_MANY = f"reads more than {KEPT:,} numbers, which are not compared; a smaller image has fewer"
ONE_SIZE = "reads numbers that are known at one of two sizes only; a smaller input has fewer"
FLATTENED = "flattens axes that are cut"


def meets_numbers(graph: Graph) -> bool:
    """Whether any op reads numbers that are compared by place."""
    return any(isinstance(table, Numbers) for node in graph.nodes for table in node.tables)


def numbers_met(
    cuts: Sequence[Cut], mine: object, other: object, *, together: bool = False
) -> list[Cut]:
    """The cuts without the positions at which the part's numbers are not the whole's.

    ``together``: wherever a part lies, all axes are moved alike (pairs of positions on one axis).

    >>> part, whole = (Numbers(np.minimum(np.arange(n) + 1, 3)) for n in (6, 9))
    >>> numbers_met([Cut(2, 0, 6)], part, whole)
    [Cut(shift=2, first=2, stop=6, more=frozenset())]
    """
    if not (isinstance(mine, Numbers) and isinstance(other, Numbers)):
        if isinstance(mine, Cast) or isinstance(other, Cast):
            raise LossError(OTHER_TYPE)
        if _not_kept(mine) or _not_kept(other):
            raise LossError(TOO_MANY)
        raise LossError(ONE_SIZE if isinstance(mine, Numbers) and _traced(other) else BY_SIZE)
    ours, theirs = mine.array, other.array
    ahead = len(cuts) - ours.ndim
    if ours.ndim != theirs.ndim or ahead < 0 or mine.source != other.source:
        raise LossError(BY_SIZE)
    here: list[slice] = []
    there: list[slice] = []
    for cut, m, n in zip(cuts[ahead:], ours.shape, theirs.shape, strict=True):
        shift = cut.shift or 0
        if m == n == 1:
            here.append(slice(0, 1))
            there.append(slice(0, 1))
        elif cut.shift is None or cut.stop <= cut.first or cut.stop > m or cut.stop + shift > n:
            raise LossError(BY_SIZE)
        else:
            here.append(slice(cut.first, cut.stop))
            there.append(slice(cut.first + shift, cut.stop + shift))
    equal = same(ours[tuple(here)], theirs[tuple(there)])
    wide = [axis for axis, size in enumerate(equal.shape) if size > 1]
    orders = [[axis, *(k for k in wide if k != axis)] for axis in wide] or [wide]
    tried = (_box(equal, order, middle=middle) for order in orders for middle in (False, True))
    boxes = [box for box in tried if box is not None]
    if not boxes:
        raise LossError(BY_SIZE)
    ends = [
        (cut.shift == 0, n == m + (cut.shift or 0))
        for cut, m, n in zip(cuts[ahead:], ours.shape, theirs.shape, strict=True)
    ]
    box = max(boxes, key=lambda box: (_ends_kept(box, equal.shape, ends), _size(box)))
    found = [*cuts[:ahead], *(cut.run() for cut in cuts[ahead:])]
    for axis, (first, stop) in enumerate(box, ahead):
        if equal.shape[axis - ahead] > 1:
            cut = found[axis]
            found[axis] = Cut(cut.shift, cut.first + first, cut.first + stop)
    if not _everywhere(theirs, ours.shape, found[ahead:], together):
        raise LossError(BY_SIZE)
    return found


def _not_kept(table: object) -> bool:
    """Whether these are numbers of which a graph has the shape only, and perhaps a hash."""
    entries = cast("tuple[object, ...]", table) if isinstance(table, tuple) else ()
    if len(entries) == 2 and isinstance(entries[0], tuple) and isinstance(entries[1], int):
        entries = cast("tuple[object, ...]", entries[0])
    sizes = [size for size in entries if isinstance(size, int)]
    return len(sizes) == len(entries) and prod(sizes) > KEPT


def too_many(table: object) -> bool:
    """Whether numbers are not known because they were too many to be kept, or to be made."""
    return _not_kept(table) or _traced(table)


def _traced(table: object) -> bool:
    """Whether these are numbers of which only the ops that make them are known."""
    entries = cast("tuple[object, ...]", table) if isinstance(table, tuple) else ()
    return bool(entries) and isinstance(entries[0], str)


def _everywhere(
    whole: NDArray[Any], part: Sequence[int], cuts: Sequence[Cut], together: bool
) -> bool:
    """Whether parts at other places meet the same numbers, along the axes that move at all."""
    moved: dict[int, Cut] = {}
    for axis, (cut, m, n) in enumerate(zip(cuts, part, whole.shape, strict=True)):
        if cut.shift and 0 < cut.shift < n - m:
            whole = whole.take(range(cut.first, n - (m - cut.stop)), axis)
            moved[axis] = cut
        elif cut.shift is not None and n > m:  # all these parts lie at this end
            whole = whole.take(range(cut.first + cut.shift, cut.stop + cut.shift), axis)
    alike = together and len({cut.shift for cut in moved.values()}) == 1
    steps = [list(moved)] if alike else [[axis] for axis in moved]
    return all(_repeats(whole, axes, moved[axes[0]]) for axes in steps)


def _repeats(values: NDArray[Any], axes: Sequence[int], cut: Cut) -> bool:
    """Whether the values go on as they begin along ``axes``, with a period that divides the shift.

    The part holds the period at least twice.
    """
    for period in divisors(cut.shift or 1):
        first, last = [slice(None)] * values.ndim, [slice(None)] * values.ndim
        for axis in axes:
            first[axis], last[axis] = slice(None, -period), slice(period, None)
        if 2 * period <= cut.stop - cut.first and all_same(
            values[tuple(first)], values[tuple(last)]
        ):
            return True
    return False


def _box(
    same: NDArray[np.bool_], order: Sequence[int], *, middle: bool
) -> list[tuple[int, int]] | None:
    """A box in which all agree, axis after axis in this order; None where there is none.

    Of an axis the longest run of places where all of the others agrees, or their ``middle``: beside
    a border that is the same along a whole edge, what is inside agrees with what is inside.
    """
    box = [(0, size) for size in same.shape]
    for axis in order:
        others = tuple(k for k in range(same.ndim) if k != axis)
        line = np.asarray(same.all(axis=others))
        if same.size and (middle or not line.any()):
            places = [slice(n // 2, n // 2 + 1) for n in same.shape]
            places[axis] = slice(None)
            line = same[tuple(places)].reshape(-1)
        box[axis] = first, stop = _longest_run(line)
        same = same.take(range(first, stop), axis)
    return box if same.size and same.all() else None


def _ends_kept(
    box: Sequence[tuple[int, int]], sizes: Sequence[int], ends: Sequence[tuple[bool, bool]]
) -> int:
    """How many ends of the part that are the whole's a box reaches; a tile there needs them."""
    return sum(
        (begins and first == 0) + (stops and stop == size)
        for (first, stop), size, (begins, stops) in zip(box, sizes, ends, strict=True)
    )


def _size(box: Sequence[tuple[int, int]]) -> int:
    return prod(stop - first for first, stop in box)


def _longest_run(flags: NDArray[np.bool_]) -> tuple[int, int]:
    """Start and stop of the longest run of True.

    >>> _longest_run(np.array([1, 0, 1, 1, 1, 0], dtype=bool))
    (2, 5)
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    if not starts.size:
        return 0, 0
    best = int((stops - starts).argmax())
    return int(starts[best]), int(stops[best])
