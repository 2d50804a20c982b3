"""What one operand, known in part, says of each axis of a value: the positions that are the same.

Each link of the part stands beside that of the whole; where they do not read alike, a ``LossError``
says why nothing is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from ....core.link import AnyLink, Group, Read, Reshaped
from ....core.relation import IDENTITY, At, Prefix, Sliding, Table, Whole
from .cuts import BY_SIZE, FLATTENED, IRREGULAR, OFF_GRID, OTHER_PATH, WHOLE_AXIS, Cut, LossError
from .listed import listed
from .sliding import Sides, slide

Sizes = Sequence[int]


def through(
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
    if isinstance(mine, Table) and mine == other and side.cut.shift == 0:
        known = range(side.cut.first, side.cut.stop)
        if all(place in known for taps in mine.taps for place in taps):
            return Cut(0, 0, outputs)
    if local and isinstance(mine, Table) and isinstance(other, Table) and outputs == side.part:
        return listed(mine, other, side.cut)
    if isinstance(mine, Whole | Prefix) and type(mine) is type(other):
        begins = isinstance(mine, Prefix) and not mine.backward and side.left
        ends = isinstance(mine, Prefix) and mine.backward and side.right
        if begins or ends:
            return side.cut.run()
        if local:
            return side.cut.run() if outputs == side.part else Cut(None, 0, outputs)
        raise LossError(WHOLE_AXIS)
    raise LossError(IRREGULAR)


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
