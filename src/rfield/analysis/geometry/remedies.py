"""What would align the branches of a join: each advice is tried on the graph before it is given.

Padding moves all phases of a branch alike. Two branches whose centres differ from phase to phase (a
pixel shuffle beside a smooth resize) are aligned by none, and then the phases are named instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

from ...core.graph import Node
from ...core.indices import IndexSet, union
from ...core.layout import pad
from ...core.link import Link, Read
from ...core.relation import IDENTITY, Sliding
from ..engines.forward import sweep
from ..engines.terms import Span, State, terms_of, to_state
from ..engines.through import through
from .alignment import Branch, Centers, Misalignment, centers_of, widest
from .fields import Fields

MOST = 4
"""Layers that are named as a place for the padding."""

SHOWN_PHASES = 8
WINDOWED = ("conv", "max_pool", "avg_pool")


@dataclass(frozen=True, slots=True)
class Remedy:
    """Padding (positive) or cropping (negative) that aligns one branch with the first one.

    ``padding`` holds (before, after) per axis in positions of ``branch``, and keeps its size.
    ``instead``: layers on the branch whose own padding could be changed, with that change.
    """

    branch: str
    padding: tuple[tuple[int, int], ...]
    instead: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = ()

    def __str__(self) -> str:
        ways = [f"pad {self.branch} by {_pairs(self.padding)}"] if self.padding else []
        ways += [f"change the padding of {name} by {_pairs(by)}" for name, by in self.instead[:1]]
        return ", or ".join(ways)


Pairs = tuple[tuple[int, int], ...]
STRIDES = "the branches have different strides: resample one of them, no padding aligns them"


def remedies_of(fields: Fields, join: Misalignment) -> tuple[tuple[Remedy, ...], str]:
    """What aligns each branch with the first one, or the reason why nothing does."""
    if any(offset is None for offset in join.offset):
        return (), STRIDES
    first, *others = [_Trial(fields, join, branch) for branch in join.branches]
    remedies: list[Remedy] = []
    for branch in others:
        gaps: list[Fraction] = []
        for k, (mine, theirs) in enumerate(zip(branch.centers(), first.centers(), strict=True)):
            gap = _mean_gap(theirs, mine) if join.offset[k] else Fraction(0)
            if gap is None or (join.offset[k] and not branch.stride[k]):
                return (), "a branch has no centre that could be moved"
            gaps.append(gap)
        if branch.agrees(first.centers()):
            continue
        found = _remedy(first, branch, gaps)
        if found is None:
            return tuple(remedies), _why_none(first, branch, join)
        remedies.append(found)
    return tuple(remedies), ""


class _Trial:
    """One branch of a join, and where it would look if the graph were changed."""

    def __init__(self, fields: Fields, join: Misalignment, branch: Branch) -> None:
        self.graph, self.swept = fields.graph, fields.sweep
        self.stride, self.layer = branch.stride, branch.layer
        self.node = self.graph.nodes[self.graph.index(join.layer)]
        names = [self.graph.name_of(operand) for operand in self.node.operands]
        self.place = names.index(branch.layer)
        self.operand = self.node.operands[self.place]
        self.shape = self.graph.nodes[self.operand].shape

    def centers(self, padding: Pairs = (), nodes: list[Node] | None = None) -> list[Centers]:
        """Where the branch looks per axis: padded, or in a graph of other nodes."""
        swept = self.swept
        if nodes is not None:
            swept = sweep(replace(self.graph, nodes=nodes), swept.source, swept.axes)
        found: list[Centers] = []
        for k, states in enumerate(swept.states):
            state = states[self.operand]
            if padding and padding[k] != (0, 0):
                state = self._padded(state, padding[k])
            link = self.node.links[self.place]
            found.append(centers_of(state, link, self.shape, self.node.shape))
        return found

    def _padded(self, state: State, pair: tuple[int, int]) -> State:
        """A state behind a pad along the axis on which its field moves."""
        terms = terms_of(state, len(self.shape))
        axes = {term.carrier for term in terms if term.carrier is not None and not term.is_global}
        (link,) = pad(self.shape, dict.fromkeys(axes, pair)).links
        assert link is not None
        moved = [through(term, link, self.shape, self.shape) for term in terms]
        return to_state(term for term in moved if term is not None)

    def agrees(
        self, other: Sequence[Centers], padding: Pairs = (), nodes: list[Node] | None = None
    ) -> bool:
        """Whether the branch then looks where the other one looks, at every phase of every axis."""
        pairs = zip(other, self.centers(padding, nodes), strict=True)
        return all(not one or not two or widest(one, two) == (0, 0) for one, two in pairs)


def _mean_gap(one: Centers, other: Centers) -> Fraction | None:
    """How far the centres lie apart on average; padding moves all phases by as much."""
    if len(one) != 1 or set(one) != set(other):
        return None
    (mine,), (theirs,) = one.values(), other.values()
    (stride,) = (key[1] for key in one)
    total = Fraction(0)
    for sign, middles in ((-1, mine), (1, theirs)):
        known = [m - (stride or 0) * i for i, m in enumerate(middles) if m is not None]
        if not known:
            return None
        total += sign * sum(known, Fraction(0)) / len(known)
    return total


def _remedy(first: _Trial, branch: _Trial, gaps: Sequence[Fraction]) -> Remedy | None:
    """Padding of the branch, or of a layer on it, that was tried and aligns it."""
    steps = [Fraction(1) if stride is None else stride for stride in branch.stride]
    shifts = [gap / step for gap, step in zip(gaps, steps, strict=True)]
    padding: Pairs = ()
    if all(shift.denominator == 1 for shift in shifts):
        padding = tuple((int(shift), -int(shift)) for shift in shifts)
        if not branch.agrees(first.centers(), padding):
            padding = ()
    instead = tuple(_repadded(first, branch, gaps))
    return Remedy(branch.layer, padding, instead) if padding or instead else None


def _repadded(
    first: _Trial, branch: _Trial, gaps: Sequence[Fraction]
) -> Iterator[tuple[str, Pairs]]:
    """Windowed layers of this branch alone whose padding takes up the gap, the last ones first."""
    graph, states = branch.graph, branch.swept.states
    given = 0
    for index in _own_layers(first, branch):
        node = graph.nodes[index]
        change: list[tuple[int, int]] = []
        for k, gap in enumerate(gaps):
            state = states[k][node.operands[0]]
            if gap == 0:
                change.append((0, 0))
            elif isinstance(state, Span) and state.advance and gap % state.advance == 0:
                change.append((int(gap / state.advance), -int(gap / state.advance)))
        if len(change) < len(gaps):
            continue
        along = {states[k][node.operands[0]]: pair[0] for k, pair in enumerate(change) if pair[0]}
        moves = {state.axis: before for state, before in along.items() if isinstance(state, Span)}
        nodes = list(graph.nodes)
        nodes[index] = _with_taps(node, partial(_shifted, moves))
        if branch.agrees(first.centers(), (), nodes):
            yield graph.name_of(index), tuple(change)
            given += 1
            if given == MOST:
                return


def _own_layers(first: _Trial, branch: _Trial) -> list[int]:
    """The windowed layers that only this branch goes through, the last ones first."""
    graph = branch.graph
    own = graph.behind(branch.operand) - graph.behind(first.operand)
    return [
        index
        for index in sorted(own, reverse=True)
        if graph.nodes[index].kind in WINDOWED and len(graph.nodes[index].operands) == 1
    ]


def _with_taps(node: Node, change: Callable[[int, IndexSet], IndexSet]) -> Node:
    """A windowed layer with other taps per axis."""
    (link,) = node.links
    if not isinstance(link, Link):
        return node
    reads = [
        Read(r.axis, replace(r.relation, taps=tuple(change(axis, t) for t in r.relation.taps)))
        if isinstance(r.relation, Sliding) and r.relation != IDENTITY else r
        for axis, r in enumerate(link.reads)
    ]  # fmt: skip
    return replace(node, links=(Link(reads),))


def _shifted(moves: Mapping[int, int], axis: int, taps: IndexSet) -> IndexSet:
    """The taps with so much more padding in front of each axis."""
    return taps.shift(-moves.get(axis, 0))


def _why_none(first: _Trial, branch: _Trial, join: Misalignment) -> str:
    """What differs, where no padding aligns a branch."""
    for name, one, two in zip(join.axes, first.centers(), branch.centers(), strict=True):
        if one and two and widest(one, two) != (0, 0) and max(map(_phases, (one, two))) > 1:
            return (
                f"along {name} {first.layer} looks at {_listed(one)} and {branch.layer} at "
                f"{_listed(two)}: they differ by phase, which no padding or crop changes"
            )
    reason = (
        f"{branch.layer} lies between the positions of {first.layer}: no padding or crop "
        "aligns them"
    )
    layer = _odd_kernel(first, branch) or _odd_kernel(branch, first)
    return f"{reason}; an odd kernel in place of the even one of {layer} would" if layer else reason


def _odd_kernel(first: _Trial, branch: _Trial) -> str | None:
    """A layer of a branch whose kernel, were it one longer, would allow padding to align them."""

    def longer(axis: int, taps: IndexSet) -> IndexSet:
        even = taps and (taps.last - taps.first) % 2
        return union([taps, taps.shift(1)]) if even else taps

    for index in _own_layers(first, branch)[:MOST]:
        nodes = list(branch.graph.nodes)
        nodes[index] = _with_taps(nodes[index], longer)
        pairs = zip(first.centers(), branch.centers((), nodes), branch.stride, strict=True)
        gaps = [(widest(one, two), step or 1) for one, two, step in pairs if one and two]
        if all(gap and (gap[1] / step).denominator == 1 for gap, step in gaps):
            return branch.graph.name_of(index)
    return None


def _phases(centers: Centers) -> int:
    return max(map(len, centers.values()), default=1)


def _listed(centers: Centers) -> str:
    """The centres of the first phases."""
    (middles,) = centers.values()
    shown = ["?" if middle is None else str(middle) for middle in middles[:SHOWN_PHASES]]
    return ", ".join([*shown, "…"] if len(middles) > SHOWN_PHASES else shown)


def _pairs(padding: Sequence[tuple[int, int]]) -> str:
    return " x ".join(f"({before}, {after})" for before, after in padding)
