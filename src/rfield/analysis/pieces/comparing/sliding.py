"""A reading that moves along, on a part and on the whole: which outputs are the same, and how far.

One operand axis in both runs is a ``Sides``; what an output axis then has in common is a ``Cut``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ....core.relation import Sliding
from .cuts import BY_SIZE, IRREGULAR, OFF_GRID, Cut, LossError


class Sides(NamedTuple):
    """One operand axis in both runs: what is known of it, and its size in the part and the whole.

    ``left``, ``right``: all positions up to that end are known, and it is an end of the whole too.
    ``beyond``: how many positions before and after it, taken from its other end, are those that the
    whole takes from there, where its own end is that of the whole.
    """

    cut: Cut
    part: int
    whole: int
    beyond: tuple[int, int] = (0, 0)

    @property
    def left(self) -> bool:
        """Whether the part begins where the whole begins."""
        return self.cut.first == 0 and self.cut.shift == 0

    @property
    def right(self) -> bool:
        """Whether the part ends where the whole ends."""
        shift = self.cut.shift
        return shift is not None and self.cut.stop == self.part and self.part + shift == self.whole

    @property
    def full(self) -> bool:
        """Whether the part is the whole."""
        same = self.part == self.whole and self.cut.shift in (0, None)
        return same and self.cut.first == 0 and self.cut.stop == self.part


def slide(mine: Sliding, other: Sliding, side: Sides, outputs: int) -> Cut:
    """A sliding read of a part: which outputs read only what is known, and their shift.

    A kernel of 3 with padding, on positions 10..19 of a longer axis: both ends read padding that
    the whole does not have.

    >>> from ....core.relation import window
    >>> conv = window(kernel=3, stride=1, before=1)
    >>> slide(conv, conv, Sides(Cut(10, 0, 10), 10, 100), 10)
    Cut(shift=10, first=1, stop=9, more=frozenset())
    """
    if side.full and mine == other:
        return Cut(0, 0, outputs)
    laid = mine.border == "cut" and (mine.period, other.period) == (1, 1)
    if laid or (mine.advance == 0 and outputs > FEW):
        return placed(mine, other, side, outputs)
    shift = _moved(mine, other, side.cut.shift or 0, outputs)
    first, stop = _known(mine, side, outputs) if mine.advance else (outputs, 0)
    if first >= stop:  # by the sets, if not by their hulls
        few = range(0 if _meets(mine, side, min(outputs, FEW)) else min(outputs, FEW))
        some = next((i for i in few if _is_known(mine, side, i)), None)
        if some is None:
            return Cut(shift, first, stop)
        first = stop = some
    while first > 0 and _is_known(mine, side, first - 1):
        first -= 1
    while stop < outputs and _is_known(mine, side, stop):
        stop += 1
    return Cut(shift, first, stop, _single(mine, side, range(first, stop), outputs))


def _single(mine: Sliding, side: Sides, known: range, outputs: int) -> frozenset[int]:
    """Outputs near those that are known, and at ends, that are known as well though not in a row.

    Where some phases read less than others, where the operand has such positions, and those that
    read padding alone, though what the operand has next to it is not known.
    """
    uneven = len({(taps.first, taps.last) if taps else () for taps in mine.taps}) > 1
    begins = side.cut.shift == 0 and side.cut.first > 0
    ends = side.cut.stop < side.part and side.part + (side.cut.shift or 0) == side.whole
    if not (side.cut.more or uneven or begins or ends):
        return frozenset()
    near = {*range(known.start - FEW, known.start), *range(known.stop, known.stop + FEW)}
    tried = near | {*range(FEW), *range(outputs - FEW, outputs)}
    return frozenset(
        output for output in tried
        if 0 <= output < outputs and output not in known and _is_known(mine, side, output)
    )  # fmt: skip


FEW = 16
"""So many outputs are looked at one by one."""


def _meets(mine: Sliding, side: Sides, outputs: int) -> bool:
    """Whether nothing is known and the first outputs all read something of the part."""
    step, (taps, *more) = mine.advance, mine.taps
    if side.cut.more:
        return False
    if more or not taps or not taps.dense or step <= 0 or side.cut.first < side.cut.stop:
        return False
    return taps.last >= 0 and taps.first + step * (outputs - 1) < side.part


def _is_known(mine: Sliding, side: Sides, output: int) -> bool:
    """Whether one output reads only what is known, element by element, or padding in both."""
    cut, size = side.cut, side.part
    shift = cut.shift or 0
    far = MIRRORS.get(mine.border)
    for place in mine.at(output):
        inside = place
        if not 0 <= place < size:
            if 0 <= place + shift < side.whole:
                return False
            if mine.border == "circular":
                before, after = side.beyond
                if not (shift == 0 and -before <= place < 0) and not (
                    size + shift == side.whole and 0 <= place - size < after
                ):
                    return False
                continue
            if far is None:
                continue
            if (shift if place < 0 else size + shift - side.whole) != 0:
                return False
            inside = far(-place) if place < 0 else size - 1 - far(place - size + 1)
        if not cut.holds(inside):
            return False
    return True


def _known(mine: Sliding, side: Sides, outputs: int) -> tuple[int, int]:
    """The outputs that read only what is known, by the hulls of what they read."""
    first, stop = 0, outputs
    open_left, open_right = _open_ends(mine, side, outputs)
    step, period = mine.advance, mine.period
    for phase, taps in enumerate(mine.taps):
        if not taps:
            continue
        low, high = taps.first, taps.last
        # block q is bad on one side below `before`, on the other from `after` on
        if step > 0:
            before, after = -((low - side.cut.first) // step), -((high - side.cut.stop) // step)
            free_before, free_after = open_left, open_right
        else:
            before = (high - side.cut.stop) // -step + 1
            after = (low - side.cut.first) // -step + 1
            free_before, free_after = open_right, open_left
        if not free_before:
            first = max(first, period * (before - 1) + phase + 1)
        if not free_after:
            stop = min(stop, period * after + phase)
    return first, max(stop, 0)


def _open_ends(mine: Sliding, side: Sides, outputs: int) -> tuple[bool, bool]:
    """Whether what lies beyond an end is the same for both: the whole ends there too."""
    left, right = side.left, side.right
    if mine.border == "circular" and not side.full:
        (low, high), (before, after) = _reads(mine, outputs), side.beyond
        return left and -low <= before, right and high - side.part < after
    if mine.border in MIRRORS and outputs and not side.full:
        # the elements that lie beyond an end are others of the part, which must be known as well
        low, high = _reads(mine, outputs)
        far = MIRRORS[mine.border]
        left = left and far(-low) < side.cut.stop
        right = right and side.part - 1 - far(high - side.part + 1) >= side.cut.first
    return left, right


MIRRORS: dict[str, Callable[[int], int]] = {
    "reflect": lambda beyond: max(beyond, 0), "symmetric": lambda beyond: max(beyond - 1, 0),
    "replicate": lambda beyond: 0,
}  # fmt: skip
"""How far from an end the element is that stands for the one so far beyond it."""


def _reads(mine: Sliding, outputs: int) -> tuple[int, int]:
    """The first and the last position that any output reads, in the theory."""
    found: list[int] = []
    for phase, taps in enumerate(mine.taps[:outputs]):
        if taps:
            last = mine.advance * ((outputs - 1 - phase) // mine.period)
            found += [taps.first + min(0, last), taps.last + max(0, last)]
    return min(found, default=0), max(found, default=0)


def _moved(mine: Sliding, other: Sliding, shift: int, outputs: int) -> int:
    """How far an output of the part lies from the one of the whole that reads the same."""
    step, period = other.advance, other.period
    alike = (mine.advance, mine.period) == (step, period)
    if mine.border != other.border or not step or not (alike or outputs <= FEW):
        raise LossError(BY_SIZE)
    if alike and mine.taps == other.taps and shift % step == 0:
        return period * (shift // step)
    seen = range(period if alike else outputs)
    anchor = next((phase for phase, taps in enumerate(mine.taps) if taps), None)
    for phase, taps in enumerate(other.taps):
        if anchor is None or not taps:
            continue
        blocks, rest = divmod(mine.taps[anchor].first + shift - taps.first, step)
        moved = period * blocks + phase - anchor
        if rest == 0 and all(other.at(r + moved) == mine.at(r).shift(shift) for r in seen):
            return moved
    raise LossError(OFF_GRID if alike else IRREGULAR)


def placed(mine: Sliding, other: Sliding, side: Sides, outputs: int) -> Cut:
    """One part of a concatenation or an assignment; outside it nothing is read."""
    if mine.period != 1 or other.period != 1 or mine.advance != 1 or other.advance != 1:
        raise LossError(IRREGULAR)
    start, there = -mine.taps[0].first, -other.taps[0].first
    shift = (side.cut.shift or 0) + there - start
    first = 0 if side.left and start == there else start + side.cut.first
    stop = outputs if side.right else start + side.cut.stop
    return Cut(shift, first, stop)
