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

from ....core.graph import Graph, Node
from ....core.link import AnyLink, Link
from ....core.numbers import is_drawn
from ....core.relation import Sliding
from .around import Beyond, Run, around, at_ends
from .cuts import (
    BOUND,
    BY_CHANCE,
    BY_SIZE,
    OFF_GRID,
    OTHER_PATH,
    OTHER_TYPE,
    Cut,
    Cuts,
    LossError,
    numbers_met,
)
from .left_out import left_out
from .pairing import SKIPPED, pairs_of, same_place
from .sliding import Sides
from .through import through
from .unwrapping import readings, turned, wraps


@dataclass(frozen=True, slots=True)
class Loss:
    """Where a part and the whole have nothing in common any more: the layer, and why."""

    layer: str
    op: str
    why: str

    def __str__(self) -> str:
        return f"{self.layer} ({self.op}) {self.why}"


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
    rough: bool = False,
    wrapped: bool = True,
) -> Agreement:
    """Compare the run on a part of the input with the run on all of it.

    ``part`` is the graph of the same model for the part's size. ``starts``: for each input that is
    cut, where the part begins along its spatial axes. ``value``: only what that one depends on is
    looked at. ``local``: whole-axis reads are left out of account (what comes out is then an
    approximation); ``rough``: so are the values that depend on them alone. ``wrapped``: what an op
    finds beyond an end at the other is compared too.
    """
    needed = range(len(part.nodes)) if value is None else part.behind(value)
    losses: list[Loss] = []
    begin = {entry.node: _input_cuts(part, entry.name, starts) for entry in part.inputs_}
    together = sum(bool(start) for of in starts.values() for start in of) == 1
    pairs, turns = pairs_of(part, whole), turned(part)
    moved = [entry.node for entry in part.inputs_ if entry.name in starts]
    aside = left_out(part, whole, pairs, moved) if rough else dict[int, Cuts]()
    runs = [Run(begin, [])]
    if wrapped and any(turns[index] for index in needed):  # one end is wanted at the other
        runs += at_ends(begin, part, whole, starts)
    for index in range(len(part.nodes)):
        for run in runs:
            found: Cuts | None = None
            try:
                if index in run.begin:
                    found = _input(part, whole, index, pairs[index], run)
                elif index in needed:
                    found = _value(part, whole, index, pairs[index], run, runs, local, together)
            except LossError as loss:
                found = _without(part, whole, index, pairs[index], run, aside)
                if found is None and run is runs[0]:
                    losses.append(_loss(part, whole, index, pairs[index], str(loss)))
            place = pairs[index]
            if turns[index] and index in needed and place is not None and place != SKIPPED:
                other = _further(part, whole, index, place, pairs, run.cuts)
                found = max(found or (), other or (), key=_extent) or None
            run.cuts.append(found)
        if losses and losses[-1].why == OTHER_PATH:
            break
    cuts = runs[0].cuts
    cuts += [None] * (len(part.nodes) - len(cuts))
    places = tuple(same_place(part, pairs, index) for index in range(len(pairs)))
    return Agreement(tuple(cuts), tuple(dict.fromkeys(losses)), places)  # a layer may do it twice


def _input(part: Graph, whole: Graph, index: int, there: int | None, run: Run) -> Cuts:
    """The cuts of an input, which the model may cast to another type."""
    if there is not None and part.nodes[index].tables != whole.nodes[there].tables:
        raise LossError(OTHER_TYPE)
    return run.begin[index]


def _value(
    part: Graph, whole: Graph, index: int, there: int | None, run: Run, runs: Sequence[Run],
    local: bool, together: bool,
) -> Cuts | None:  # fmt: skip
    """The cuts of one value in one run; None where too little is known."""
    ours = part.nodes[index]
    known = [run.cuts[operand] or () for operand in ours.operands]
    if not all(known) and not (any(known) and _may_lose(ours, whole, there)):
        return None
    if there is None:
        raise LossError(OTHER_PATH)
    if there < 0:
        return known[0]
    theirs, beyond = whole.nodes[there], list[Beyond]()
    if len(runs) > 1 and wraps(ours):
        shapes = (
            (one, part.nodes[one].shape, whole.nodes[other].shape)
            for one, other in zip(ours.operands, theirs.operands, strict=False)
        )
        beyond = [around(run, runs, *of) for of in shapes]
    return _node(part, whole, ours, theirs, known, local, together, beyond)


def _without(
    part: Graph, whole: Graph, index: int, there: int | None, run: Run, aside: Mapping[int, Cuts]
) -> Cuts | None:
    """The cuts of a value that has none, without what is left out of account; None if not so."""
    ours = part.nodes[index]
    if index in aside or there is None or aside.keys().isdisjoint(ours.operands):
        return aside.get(index)
    known = [aside.get(operand, run.cuts[operand] or ()) for operand in ours.operands]
    with suppress(LossError):
        return _node(part, whole, ours, whole.nodes[there], known, local=True, together=False)
    return None


def _loss(part: Graph, whole: Graph, index: int, there: int | None, why: str) -> Loss:
    layer = part.layer_of(index)
    if why == BY_SIZE and there is not None and whole.layer_of(there) != layer:
        why = OTHER_PATH
    return Loss(layer, part.nodes[index].kind, why)


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
    together: bool, beyond: Sequence[Beyond] = (),
) -> Cuts:  # fmt: skip
    """The cuts of one value from those of its operands; ``beyond``: what wraps into each."""
    if not ours.operands and ours.shape != theirs.shape:
        raise LossError(BY_SIZE)
    if (len(ours.operands), ours.op.own) != (len(theirs.operands), theirs.op.own):  # windows differ
        raise LossError(OTHER_PATH)
    if any(map(is_drawn, ours.tables)):
        raise LossError(BY_CHANCE)
    along = laid_along(ours)
    if along is not None:
        met = _laid(part, whole, ours, theirs, known, along, local)
        return _inside(met, ours, theirs, together)
    met = [Cut(None, 0, size) for size in ours.shape]
    alike: set[Cuts] = set()
    for place, (operand, there, mine, other, cuts) in enumerate(
        zip(ours.operands, theirs.operands, ours.links, theirs.links, known, strict=True)
    ):
        if mine.is_identity and other.is_identity and ours.exact:
            alike.add(cuts)
            continue
        sizes = part.nodes[operand].shape, whole.nodes[there].shape
        sides = [Sides(*all_) for all_ in zip(cuts, *sizes, strict=True)]
        if beyond:
            sides = [s._replace(beyond=of) for s, of in zip(sides, beyond[place], strict=True)]
        sure = ours.exact or ours.op.sparse
        # what is looked up is found in all of the table; other bounds may write at places of data
        if not sure and not ours.op.loose and not all(side.full for side in sides):
            raise LossError(BOUND)
        for axis, cut in through(mine, other, sides, ours.shape, local and sure):
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
    What no operand gives is a constant, which is compared as numbers are: channels, and places
    that lie in both between the same operands.
    """
    runs: list[list[Cut]] = []
    lost, end, channels = LossError(OFF_GRID), 0, ours.shape[along] == theirs.shape[along]
    ends = 0
    spans = sorted(
        zip(ours.links, theirs.links, ours.operands, theirs.operands, known, strict=True),
        key=lambda one: _start(one[0], along) or 0,
    )
    for mine, other, operand, there, cuts in spans:
        sizes = part.nodes[operand].shape, whole.nodes[there].shape
        met = [Cut(None, 0, size) for size in ours.shape]
        start = _start(mine, along) or 0
        begin = _start(other, along) or 0
        before, end = end, start + sizes[0][along]
        ahead, ends = ends, begin + sizes[1][along]
        if channels and start < before:
            raise lost
        try:
            if not cuts:
                continue
            sides = [Sides(*all_) for all_ in zip(cuts, *sizes, strict=True)]
            for axis, cut in through(mine, other, sides, ours.shape, local):
                met[axis] = _meet(met[axis], cut)
        except LossError as loss:
            lost = loss
            continue
        shift, first, stop, _ = met[along]
        filled = first <= start and begin - start == ahead - before == shift
        first = before if filled or (channels and first <= start) else max(start, first)
        met[along] = Cut(shift, first, min(end, stop))
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
    over, more = ours.shape[along] - end, theirs.shape[along] - ends
    last = runs[-1][along]
    if over and last.stop == end and over == more and ends - end == last.shift:
        runs[-1][along] = last._replace(stop=end + over)
    best = max(runs, key=lambda met: met[along].stop - met[along].first)
    if not channels:
        return best
    if (best[along].first, best[along].stop) != (0, end):
        raise lost  # all of them are wanted
    best[along] = Cut(best[along].shift, 0, ours.shape[along])
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
    low, high = -cut.shift, whole - cut.shift
    more = frozenset(place for place in cut.more if low <= place < high)
    return Cut(cut.shift, max(cut.first, low), min(cut.stop, high), more)


def _meet(one: Cut, other: Cut) -> Cut:
    """What both operands agree on."""
    if one.shift is not None and other.shift is not None and one.shift != other.shift:
        raise LossError(OFF_GRID)
    shift = other.shift if one.shift is None else one.shift
    first, stop = max(one.first, other.first), min(one.stop, other.stop)
    if not one.more and not other.more:
        return Cut(shift, first, stop)
    both = one.more | other.more
    more = frozenset(place for place in both if one.holds(place) and other.holds(place))
    return Cut(shift, first, stop, more)
