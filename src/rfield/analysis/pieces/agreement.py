"""Which outputs of a run on a part of the input equal those of the run on the whole.

A tile of an image or the window of a stream is run through the same network. Its borders are not
the borders of the whole, so near them the outputs differ: they read padding where the whole reads
pixels. ``agreement`` goes through both graphs in step and keeps, for every value and every axis of
its tensor, the positions that are sure to be equal and how far they lie from those of the whole. It
knows no halo and no stride: whatever a crop, a pad in the middle, an odd start or a table made for
one size does to a part shows by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from math import prod

from ...core.graph import Graph, Node
from ...core.link import AnyLink, Group, Link, Read, Reshaped
from ...core.relation import IDENTITY, At, Prefix, Sliding, Table, Whole
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
from .pairing import SKIPPED, pairs_of, same_place
from .sliding import Sides, slide
from .unwrapping import readings, turned

Sizes = Sequence[int]


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
    pairs, turns = pairs_of(part, whole), turned(part)
    for index, ours in enumerate(part.nodes):
        found = begin.get(index)
        known = [cuts[operand] or () for operand in ours.operands]
        ready = all(known) or (any(known) and _may_lose(ours, whole, pairs[index]))
        if found is None and index in needed and ready:
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
                layer, why = part.layer_of(index), str(loss)
                if why == BY_SIZE and there is not None and whole.layer_of(there) != layer:
                    why = OTHER_PATH
                losses.append(Loss(layer, ours.kind, why))
                if why == OTHER_PATH:
                    break
        if turns[index] and index in needed and (place := pairs[index]) not in (None, SKIPPED):
            other = _further(part, whole, index, place, pairs, cuts)
            found = max(found or (), other or (), key=_extent) or None
        cuts.append(found)
    cuts += [None] * (len(part.nodes) - len(cuts))
    places = tuple(same_place(part, pairs, index) for index in range(len(pairs)))
    return Agreement(tuple(cuts), tuple(losses), places)


def _further(
    part: Graph, whole: Graph, index: int, there: int, pairs: Sequence[int | None],
    cuts: Sequence[Cuts | None],
) -> Cuts | None:  # fmt: skip
    """The cuts of a value that turns and may turn back, from what is further behind; or None."""
    best: Cuts | None = None
    theirs = {node.operands: node for node in readings(whole.nodes[there], whole.nodes)}
    for ours in readings(part.nodes[index], part.nodes):
        (operand,) = ours.operands
        place = same_place(part, pairs, operand)
        known, other = cuts[operand], None if place is None else theirs.get((place,))
        if known and other:
            with suppress(LossError):
                found = _node(part, whole, ours, other, [known], local=False, together=False)
                best = max(best or (), found, key=_extent)
    return best


def _extent(cuts: Cuts) -> int:
    """How many elements are equal."""
    return prod(max(cut.stop - cut.first, 0) for cut in cuts) if cuts else -1


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
    if (len(ours.operands), ours.op.own) != (len(theirs.operands), theirs.op.own):  # windows differ
        raise LossError(OTHER_PATH)
    along = laid_along(ours)
    if along is not None:
        met = _laid(part, whole, ours, theirs, known, along, local)
        return _inside(met, ours, theirs, together)
    met = [Cut(None, 0, size) for size in ours.shape]
    alike: set[Cuts] = set()
    for operand, there, mine, other, cuts in zip(
        ours.operands, theirs.operands, ours.links, theirs.links, known, strict=True
    ):
        if mine.is_identity and other.is_identity and ours.exact:
            alike.add(cuts)
            continue
        sizes = part.nodes[operand].shape, whole.nodes[there].shape
        sides = [Sides(*all_) for all_ in zip(cuts, *sizes, strict=True)]
        sure = ours.exact or ours.op.sparse
        # what is looked up is found in all of the table; other bounds may write at places of data
        if not sure and not ours.op.loose and not all(side.full for side in sides):
            raise LossError(BOUND)
        for axis, cut in _through(mine, other, sides, ours.shape, local and sure):
            met[axis] = _meet(met[axis], cut)
        for axis in ours.op.own:
            met[axis] = _meet(met[axis], cuts[axis])
    for axis, several in enumerate(zip(*alike, strict=True)):
        for cut in set(several):
            met[axis] = _meet(met[axis], cut)
    return _inside(met, ours, theirs, together)


def laid_along(node: Node) -> int | None:
    """The axis along which the operands of a value are laid end to end; None where they are not."""
    found: set[int] = set()
    for link in node.links:
        if not isinstance(link, Link) or not link.is_part or not link.stays:
            return None
        found.update(link.changed)
    if len(node.links) < 2 or len(found) != 1:
        return None
    (axis,) = found
    return None if any(_start(link, axis) is None for link in node.links) else axis


def _may_lose(ours: Node, whole: Graph, there: int | None) -> bool:
    """Whether some operand may be lost: one of those laid along an axis that is cut."""
    axis = laid_along(ours)
    if axis is None or there is None or there < 0:
        return False
    return ours.shape[axis] != whole.nodes[there].shape[axis]


def _start(link: AnyLink, axis: int) -> int | None:
    """Where a part is laid, if it is so as it is."""
    relation = link.reads[axis].relation if isinstance(link, Link) else None
    if not isinstance(relation, Sliding) or relation.border != "cut":
        return None
    return -relation.taps[0].first if (relation.period, relation.advance) == (1, 1) else None


def _laid(
    part: Graph, whole: Graph, ours: Node, theirs: Node, known: Sequence[Cuts], along: int,
    local: bool,
) -> list[Cut]:  # fmt: skip
    """Operands that are laid end to end: the longest run of what is known and moves alike.

    A first frame that is treated on its own is another frame in every part but the first one.
    """
    runs: list[list[Cut]] = []
    lost = LossError(OFF_GRID)
    spans = sorted(
        zip(ours.links, theirs.links, ours.operands, theirs.operands, known, strict=True),
        key=lambda one: _start(one[0], along) or 0,
    )
    for mine, other, operand, there, cuts in spans:
        sizes = part.nodes[operand].shape, whole.nodes[there].shape
        met = [Cut(None, 0, size) for size in ours.shape]
        try:
            if not cuts:
                continue
            sides = [Sides(*all_) for all_ in zip(cuts, *sizes, strict=True)]
            for axis, cut in _through(mine, other, sides, ours.shape, local):
                met[axis] = _meet(met[axis], cut)
        except LossError as loss:
            lost = loss
            continue
        start = _start(mine, along) or 0
        shift, first, stop = met[along]
        met[along] = Cut(shift, max(start, first), min(start + sizes[0][along], stop))
        if met[along].first >= met[along].stop:
            continue
        last = runs[-1] if runs else met
        if (last[along].shift, last[along].stop) == (shift, met[along].first):
            met = [
                Cut(shift, last[along].first, met[along].stop) if axis == along else _meet(one, cut)
                for axis, (one, cut) in enumerate(zip(last, met, strict=True))
            ]
            runs.pop()
        runs.append(met)
    if not runs:
        raise lost
    best = max(runs, key=lambda met: met[along].stop - met[along].first)
    every = (best[along].first, best[along].stop) == (0, ours.shape[along])
    if ours.shape[along] == theirs.shape[along] and not every:
        raise lost  # channels, of which all are wanted
    return best


def _inside(met: Sequence[Cut], ours: Node, theirs: Node, together: bool) -> Cuts:
    """The cuts of a value as far as both runs have it, and the numbers that it meets are equal."""
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
    if isinstance(mine, Table) and mine == other and side.cut.shift == 0:
        known = range(side.cut.first, side.cut.stop)
        if all(place in known for taps in mine.taps for place in taps):
            return Cut(0, 0, outputs)
    if isinstance(mine, Whole | Prefix) and type(mine) is type(other):
        begins = isinstance(mine, Prefix) and not mine.backward and side.left
        ends = isinstance(mine, Prefix) and mine.backward and side.right
        if begins or ends:
            return side.cut
        if local:
            return side.cut if outputs == side.part else Cut(None, 0, outputs)
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
