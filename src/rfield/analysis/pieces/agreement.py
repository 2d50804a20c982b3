"""Which outputs of a run on a part of the input equal those of the run on the whole.

A tile of an image or the window of a stream is run through the same network. Its borders are not
the borders of the whole, so near them the outputs differ: they read padding where the whole reads
pixels. ``agreement`` goes through both graphs in step and keeps, for every value and every axis of
its tensor, the positions that are sure to be equal and how far they lie from those of the whole. It
knows no halo and no stride: whatever a crop, a pad in the middle, an odd start or a table made for
one size does to a part shows by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import prod
from typing import NamedTuple

from ...core.graph import Graph, Node
from ...core.link import AnyLink, Group, Read, Reshaped
from ...core.relation import IDENTITY, At, Prefix, Sliding, Whole
from .cuts import (
    BOUND,
    BY_SIZE,
    FLATTENED,
    IRREGULAR,
    OFF_GRID,
    OTHER_PATH,
    WHOLE_AXIS,
    Cut,
    LossError,
    numbers_met,
)
from .pairing import pairs_of, same_place

Sizes = Sequence[int]


class Sides(NamedTuple):
    """One operand axis in both runs: what is known of it, and its size in the part and the whole.

    ``left``, ``right``: all positions up to that end are known, and it is an end of the whole too.
    """

    cut: Cut
    part: int
    whole: int

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


@dataclass(frozen=True, slots=True)
class Loss:
    """Where a part and the whole have nothing in common any more: the layer, and why."""

    layer: str
    op: str
    why: str

    def __str__(self) -> str:
        return f"{self.layer} ({self.op}) {self.why}"


Cuts = tuple[Cut, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """For every value of the part the cuts of its axes, or None; ``losses``: where equality ends.

    ``places``: which value of the whole it is, as far as both go together.
    """

    cuts: tuple[Cuts | None, ...]
    losses: tuple[Loss, ...]
    places: tuple[int | None, ...]


def agreement(
    whole: Graph,
    part: Graph,
    starts: Mapping[str, Sequence[int]],
    *,
    value: int | None = None,
    local: bool = False,
) -> Agreement:
    """Compare the run on a part of the input with the run on all of it.

    ``part`` is the graph of the same model for the part's size. ``starts``: for each input that is
    cut, where the part begins along its spatial axes. ``value``: only what that one depends on is
    looked at. ``local``: whole-axis reads are left out of account (what comes out is then an
    approximation).
    """
    needed = range(len(part.nodes)) if value is None else part.behind(value)
    cuts: list[Cuts | None] = []
    losses: list[Loss] = []
    begin = {entry.node: _input_cuts(part, entry.name, starts) for entry in part.inputs_}
    together = sum(bool(start) for of in starts.values() for start in of) == 1
    pairs = pairs_of(part, whole)
    for index, ours in enumerate(part.nodes):
        found = begin.get(index)
        ready = index in needed and all(cuts[operand] for operand in ours.operands)
        if found is None and ready:
            known = [cuts[operand] or () for operand in ours.operands]
            there = pairs[index]
            try:
                if there is None:
                    raise LossError(OTHER_PATH)
                if there >= 0:
                    theirs = whole.nodes[there]
                    found = _node(part, whole, ours, theirs, known, local, together)
                else:
                    (found,) = known
            except LossError as loss:
                losses.append(Loss(part.layer_of(index), ours.kind, str(loss)))
                if str(loss) == OTHER_PATH:
                    break
        cuts.append(found)
    cuts += [None] * (len(part.nodes) - len(cuts))
    places = tuple(same_place(part, pairs, index) for index in range(len(pairs)))
    return Agreement(tuple(cuts), tuple(losses), places)


def _input_cuts(part: Graph, name: str, starts: Mapping[str, Sequence[int]]) -> Cuts:
    entry = part.entry(name)
    cuts = [Cut(0, 0, size) for size in part.nodes[entry.node].shape]
    for axis, start in zip(entry.axes, starts.get(name, ()), strict=False):
        cuts[axis] = Cut(start, 0, cuts[axis].stop)
    return tuple(cuts)


def _node(
    part: Graph, whole: Graph, ours: Node, theirs: Node, known: Sequence[Cuts], local: bool,
    together: bool,
) -> Cuts:  # fmt: skip
    """The cuts of one value from those of its operands."""
    if not ours.operands and ours.shape != theirs.shape:
        raise LossError(BY_SIZE)
    if (len(ours.operands), ours.own) != (len(theirs.operands), theirs.own):  # windows differ
        raise LossError(OTHER_PATH)
    met: list[Cut] = [Cut(None, 0, size) for size in ours.shape]
    for operand, there, mine, other, cuts in zip(
        ours.operands, theirs.operands, ours.links, theirs.links, known, strict=True
    ):
        if mine.is_identity and other.is_identity and ours.exact:
            met = [_meet(one, cut) for one, cut in zip(met, cuts, strict=True)]
            continue
        sizes = part.nodes[operand].shape, whole.nodes[there].shape
        sides = [Sides(*all_) for all_ in zip(cuts, *sizes, strict=True)]
        if not ours.exact and not all(side.full for side in sides):
            raise LossError(BOUND)
        for axis, cut in _through(mine, other, sides, ours.shape, local):
            met[axis] = _meet(met[axis], cut)
        for axis in ours.own:
            met[axis] = _meet(met[axis], cuts[axis])
    inside = [
        _within(cut, mine, other)
        for cut, mine, other in zip(met, ours.shape, theirs.shape, strict=True)
    ]
    for mine, other in zip_longest(ours.tables, theirs.tables):
        if mine != other:
            inside = numbers_met(inside, mine, other, together=together)
    return tuple(inside)


def _within(cut: Cut, part: int, whole: int) -> Cut:
    """The cut without positions that the part or the whole does not have."""
    if cut.shift is None:
        return cut if part != whole else cut._replace(shift=0)
    return Cut(cut.shift, max(cut.first, -cut.shift), min(cut.stop, whole - cut.shift))


def _meet(one: Cut, other: Cut) -> Cut:
    """What both operands agree on."""
    if one.shift is not None and other.shift is not None and one.shift != other.shift:
        raise LossError(OFF_GRID)
    shift = other.shift if one.shift is None else one.shift
    return Cut(shift, max(one.first, other.first), min(one.stop, other.stop))


def _through(
    mine: AnyLink, other: AnyLink, sides: Sequence[Sides], outputs: Sizes, local: bool
) -> list[tuple[int, Cut]]:
    """What one operand says of each output axis that it drives."""
    if isinstance(mine, Reshaped) or isinstance(other, Reshaped):
        if not (isinstance(mine, Reshaped) and isinstance(other, Reshaped)):
            raise LossError(OTHER_PATH)
        return _reshape(mine, other, sides)
    found: list[tuple[int, Cut]] = []
    for side, here, there in zip(sides, mine.reads, other.reads, strict=True):
        if here.axis != there.axis:
            raise LossError(OTHER_PATH)
        if here.axis is None:
            _fixed(here, there, side, local)
        else:
            found.append((here.axis, _read(here, there, side, outputs[here.axis], local)))
    return found


def _fixed(here: Read, there: Read, side: Sides, local: bool) -> None:
    """An axis that no output axis drives: all of it is read, or one place."""
    if isinstance(here.relation, At) and isinstance(there.relation, At):
        place = here.relation.index
        if not side.cut.first <= place < side.cut.stop:
            raise LossError(WHOLE_AXIS)
        if side.cut.shift is not None and place + side.cut.shift != there.relation.index:
            raise LossError(OFF_GRID)
    elif not side.full and not local:
        raise LossError(WHOLE_AXIS)


def _read(here: Read, there: Read, side: Sides, outputs: int, local: bool) -> Cut:
    """What the outputs along one axis have in common with the whole's."""
    mine, other = here.relation, there.relation
    if isinstance(mine, Sliding) and isinstance(other, Sliding):
        if side.cut.shift is None:
            if mine == other == IDENTITY:
                return side.cut
            raise LossError(WHOLE_AXIS)
        return slide(mine, other, side, outputs)
    if side.full and mine == other:
        return Cut(None if isinstance(mine, Whole) else 0, 0, outputs)
    if isinstance(mine, Whole | Prefix) and type(mine) is type(other):
        begins = isinstance(mine, Prefix) and not mine.backward and side.left
        ends = isinstance(mine, Prefix) and mine.backward and side.right
        if begins or ends:
            return side.cut
        if local:
            return side.cut if outputs == side.part else Cut(None, 0, outputs)
        raise LossError(WHOLE_AXIS)
    raise LossError(IRREGULAR)


def slide(mine: Sliding, other: Sliding, side: Sides, outputs: int) -> Cut:
    """A sliding read of a part: which outputs read only what is known, and their shift.

    A kernel of 3 with padding, on positions 10..19 of a longer axis: both ends read padding that
    the whole does not have.

    >>> from ...core.relation import window
    >>> conv = window(kernel=3, stride=1, before=1)
    >>> slide(conv, conv, Sides(Cut(10, 0, 10), 10, 100), 10)
    Cut(shift=10, first=1, stop=9)
    """
    if mine.border == "cut" or mine.advance == 0:
        return _placed(mine, other, side, outputs)
    shift = _moved(mine, other, side.cut.shift or 0)
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
    return Cut(shift, first, max(stop, 0))


def _open_ends(mine: Sliding, side: Sides, outputs: int) -> tuple[bool, bool]:
    """Whether what lies beyond an end is the same for both: the whole ends there too."""
    left, right = side.left, side.right
    if mine.border == "circular" and not side.full:
        return False, False  # what lies beyond an end is at the other end of the whole
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


def _moved(mine: Sliding, other: Sliding, shift: int) -> int:
    """How far an output of the part lies from the one of the whole that reads the same."""
    step, period = mine.advance, mine.period
    if (step, period, mine.border) != (other.advance, other.period, other.border):
        raise LossError(BY_SIZE)
    if mine.taps == other.taps and shift % step == 0:
        return period * (shift // step)
    anchor = next((phase for phase, taps in enumerate(mine.taps) if taps), None)
    for phase, taps in enumerate(other.taps):
        if anchor is None or not taps:
            continue
        blocks, rest = divmod(mine.taps[anchor].first + shift - taps.first, step)
        moved = period * blocks + phase - anchor
        if rest == 0 and all(
            other.at(r + moved) == mine.taps[r].shift(shift) for r in range(period)
        ):
            return moved
    raise LossError(OFF_GRID)


def _placed(mine: Sliding, other: Sliding, side: Sides, outputs: int) -> Cut:
    """One part of a concatenation or an assignment; outside it nothing is read."""
    if side.full and mine == other:
        return Cut(0, 0, outputs)
    if mine.period != 1 or other.period != 1 or mine.advance != 1 or other.advance != 1:
        raise LossError(IRREGULAR)
    start, there = -mine.taps[0].first, -other.taps[0].first
    shift = (side.cut.shift or 0) + there - start
    first = 0 if side.left and start == there else start + side.cut.first
    stop = outputs if side.right else start + side.cut.stop
    return Cut(shift, first, stop)


def _groups(mine: Reshaped, other: Reshaped) -> tuple[Group, ...]:
    """The groups of both; where an axis of size 1 hides them in one, those of the other."""
    for one, there in ((other, mine), (mine, other)):
        if all(
            prod(there.before[axis] for axis in group.before)
            == prod(there.after[axis] for axis in group.after)
            for group in one.groups
        ):
            return one.groups
    raise LossError(OTHER_PATH)


def _reshape(mine: Reshaped, other: Reshaped, sides: Sequence[Sides]) -> list[tuple[int, Cut]]:
    """Axes that are merged or split: only the outermost of each group may be cut."""
    found: list[tuple[int, Cut]] = []
    for group in _groups(mine, other):
        before = [axis for axis in group.before if sides[axis].part != 1 or sides[axis].whole != 1]
        after = [axis for axis in group.after if mine.after[axis] != 1 or other.after[axis] != 1]
        if all(sides[axis].full for axis in group.before):
            if any(mine.after[axis] != other.after[axis] for axis in group.after):
                raise LossError(BY_SIZE)
            found += [(axis, Cut(0, 0, mine.after[axis])) for axis in group.after]
            continue
        if not before:  # one position, of which nothing is known
            found += [(axis, Cut(0, 0, 0)) for axis in group.after]
            continue
        if not all(sides[axis].full for axis in before[1:]):
            raise LossError(FLATTENED)
        outer = sides[before[0]].cut
        if outer.shift is None:
            raise LossError(FLATTENED)
        inner = prod(mine.before[axis] for axis in before[1:])
        rest = [mine.after[axis] for axis in after[1:]]
        if rest != [other.after[axis] for axis in after[1:]]:
            raise LossError(FLATTENED)
        cells = prod(rest)
        if outer.shift * inner % cells:
            raise LossError(OFF_GRID)
        shift = outer.shift * inner // cells
        first, stop = -(-outer.first * inner // cells), outer.stop * inner // cells
        found.append((after[0], Cut(shift, first, stop)))
        found += [(axis, Cut(0, 0, mine.after[axis])) for axis in after[1:]]
        found += [(axis, Cut(0, 0, 1)) for axis in group.after if axis not in after]
    return found
