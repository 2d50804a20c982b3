"""The forward engine: one sweep gives every value's reach into one source, per axis.

Size-free and exact: theory (the grid goes on for ever), hull by position. Nearly all of a sweep is
four-integer arithmetic in ``_sweep_axis``; whatever is more than that goes through ``through``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...core.graph import Graph, Node
from ...core.limits import CELL_LIMIT
from ...core.link import AnyLink, Link
from ...core.relation import shift
from .gaps import Gaps, crossed_joins, gaps_of, hidden
from .pull import LARGEST
from .terms import (
    Span,
    State,
    Term,
    Terms,
    beside_everything,
    finite,
    recarry,
    terms_of,
    to_state,
    with_everything,
)
from .through import empty_phases, through


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """States of all values with respect to ``source``: ``states[k][value]`` for ``axes[k]``.

    ``globals_[k]``: the values whose own op read a whole axis. ``crossed``: joins where one branch
    reads nothing at positions that differ between the axes, and ops with empty phases that no axis
    shows (see ``gaps``); their boxes are exact only together, not axis by axis.
    """

    graph: Graph
    source: int
    axes: tuple[int, ...]
    states: tuple[list[State], ...]
    globals_: tuple[frozenset[int], ...]
    crossed: frozenset[int]

    def at(self, value: int) -> tuple[State, ...]:
        """The state of one value on every axis."""
        return tuple(states[value] for states in self.states)


@dataclass(slots=True)
class _Findings:
    """What one axis' sweep meets on the way; ``missed`` is explained in ``gaps.hidden``."""

    axis: int
    globals_: set[int] = field(default_factory=set[int])
    missed: dict[tuple[int, int], frozenset[int]] = field(
        default_factory=dict[tuple[int, int], frozenset[int]]
    )
    gaps: dict[int, Gaps] = field(default_factory=dict[int, Gaps])
    gone: set[int] = field(default_factory=set[int])


def sweep(graph: Graph, source: int, axes: Sequence[int]) -> Sweep:
    """What every value reads of ``source``; worked out once for the inputs of a graph."""
    place = source, tuple(axes)
    kept = graph.sweeps.get(place)
    if isinstance(kept, Sweep):
        return kept
    found = _swept(graph, *place)
    if any(entry.node == source for entry in graph.inputs_):
        graph.sweeps[place] = found
    return found


def _swept(graph: Graph, source: int, axes: tuple[int, ...]) -> Sweep:
    """One pass over the graph per source axis, in topological order.

    Again where a value reads nothing along one axis, for then it reads nothing along any.
    """
    nodes = graph.nodes
    while True:
        findings = [_Findings(axis) for axis in axes]
        states = tuple(
            _sweep_axis(nodes, source, Span(axis, 1, 0, 0), found)
            for axis, found in zip(axes, findings, strict=True)
        )
        gone = set[int]().union(*(found.gone for found in findings))
        if not gone:
            break
        nodes = [_unread(n) if index in gone else n for index, n in enumerate(nodes)]
    crossed = crossed_joins([found.gaps for found in findings])
    crossed |= hidden([found.missed for found in findings])
    globals_ = tuple(frozenset(found.globals_) for found in findings)
    return Sweep(graph, source, axes, states, globals_, crossed)


def _unread(node: Node) -> Node:
    """The value as one that depends on nothing."""
    return Node.source_of(node.name, node.shape, node.kind)


def input_sweeps(graph: Graph) -> tuple[Sweep, ...]:
    """One sweep for each input that has spatial axes."""
    return tuple(sweep(graph, entry.node, entry.axes) for entry in graph.inputs_ if entry.axes)


def _sweep_axis(
    nodes: Sequence[Node], source: int, start: Span, findings: _Findings
) -> list[State]:
    states: list[State] = [None] * (source + 1)
    states[source] = start
    add = states.append
    for index in range(source + 1, len(nodes)):
        node = nodes[index]
        operands = node.operands
        if len(operands) == 1 and node.links[0].is_identity:
            add(states[operands[0]])
            continue
        span: Span | None = None
        for position, operand in enumerate(operands):
            state = states[operand]
            if state is None:
                continue
            if type(state) is not Span:
                break
            link = node.links[position]
            if not link.is_identity:
                affine = link.affine[state.axis]
                if affine is None:
                    break
                state = state.read_by(affine)
            if span is None:
                span = state
            elif span.axis != state.axis or span.advance != state.advance:
                break
            elif span.first > state.first or span.last < state.last:
                low, high = min(span.first, state.first), max(span.last, state.last)
                span = Span(span.axis, span.advance, low, high)
        else:
            add(span)
            continue
        add(_gated(nodes, node, states) or _general(nodes, index, states, findings))
    return states


def _general(
    nodes: Sequence[Node], index: int, states: Sequence[State], findings: _Findings
) -> State:
    node = nodes[index]
    laid = _laid_along(nodes, node)
    stitched = None if laid is None else _stitched(node, *laid, states)
    if stitched is not None:
        return stitched
    shared = [] if laid is None else _shared(nodes, node, laid[0], states)
    found = list(shared)
    branches: list[list[Term]] = []
    pairs = node.in_theory
    for operand, link in pairs:
        before = nodes[operand].shape
        branches.append([])
        places: list[Term] = []
        for term in terms_of(states[operand], len(before)):
            if any(_is_same(term, one) for one in shared):
                anywhere = through(_anywhere(len(before)), link, before, node.shape, findings.axis)
                places += [] if anywhere is None else [anywhere]
                continue
            passed = (
                term if link.is_identity else through(term, link, before, node.shape, findings.axis)
            )
            if passed is not None:
                branches[-1].append(passed)
                if passed.is_global and not term.is_global:
                    findings.globals_.add(index)
        if isinstance(link, Link) and not link.never_empty and branches[-1]:
            missed = _missed(link, branches[-1])
            if missed is not None:
                findings.missed[index, operand] = missed
        found += branches[-1]
        branches[-1] += places
    state = to_state(found)
    if state is None:
        findings.gone.add(index)
    if len(node.operands) > 1:
        gaps = gaps_of(
            [
                None if states[operand] is None else [(term.low, term.high) for term in branch]
                for (operand, _), branch in zip(pairs, branches, strict=True)
            ]
        )
        if gaps is not None:
            findings.gaps[index] = gaps
        if isinstance(state, Terms):
            return to_state(_glued(state.terms))
    return state


def _gated(nodes: Sequence[Node], node: Node, states: Sequence[State]) -> Terms | None:
    """One plain field beside a reading of all, or that alone, as squeeze-and-excitation makes it.

    None where there is no such reading, or something else as well.
    """
    local: Span | None = None
    everywhere = False
    for operand, link in zip(node.operands, node.links, strict=True):
        state = states[operand]
        parts = beside_everything(state) if isinstance(state, Terms) else (state,)
        if parts is None or (state is not None and not _passes(link, nodes[operand].shape)):
            return None
        (span,) = parts
        everywhere = everywhere or isinstance(state, Terms)
        if span is not None and not link.is_identity:
            affine = link.affine[span.axis]
            if affine is None:
                return None
            span = span.read_by(affine)
        if span is None or local is None:
            local = span or local
        elif (span.axis, span.advance) == (local.axis, local.advance):
            ends = min(span.first, local.first), max(span.last, local.last)
            local = Span(span.axis, span.advance, *ends)
        else:
            return None
    if not everywhere or (local is not None and not local.advance):
        return None
    return with_everything(local, len(node.shape))


def _passes(link: AnyLink, before: Sequence[int]) -> bool:
    """Whether every output reads some element, and what all elements share is true of it."""
    if link.is_identity:
        return True
    plain = isinstance(link, Link) and link.never_empty and link.endless is None
    return plain and 0 not in before


def _missed(link: Link, terms: Sequence[Term]) -> frozenset[int] | None:
    """The output axes whose empty phases some term does not show; None where there are none."""
    driven = [link.reads[axis].axis for axis in empty_phases(link)]
    axes = frozenset(axis for axis in driven if axis is not None)
    if not axes:
        return None
    return frozenset(a for a in axes if not all(term.varies(a) for term in terms))


def _laid_along(nodes: Sequence[Node], node: Node) -> tuple[int, list[int]] | None:
    """The axis along which a concatenation lays its operands end to end, and their sizes."""
    sizes: list[int] = []
    where, total = -1, 0
    for operand, link in zip(node.operands, node.links, strict=True):
        if not link.is_part or not isinstance(link, Link) or len(link.changed) != 1:
            return None
        if not link.stays or (where >= 0 and link.changed[0] != where):
            return None
        where = link.changed[0]
        if link.reads[where].relation != shift(-total, "cut"):
            return None
        sizes.append(nodes[operand].shape[where])
        total += sizes[-1]
    return (where, sizes) if sizes and total == node.shape[where] else None


def _stitched(node: Node, where: int, sizes: list[int], states: Sequence[State]) -> State:
    """A concatenation of plain fields that go along together, put side by side at once."""
    parts: list[Span] = []
    for operand in node.operands:
        state = states[operand]
        if type(state) is not Span or state.axis == where:
            return None
        if parts and (state.axis, state.advance) != (parts[0].axis, parts[0].advance):
            return None
        parts.append(state)
    if all(part == parts[0] for part in parts):
        return parts[0]
    if sum(sizes) > CELL_LIMIT:
        return None
    if max(max(abs(part.first), abs(part.last)) for part in parts) >= LARGEST:
        return None
    shape = [1] * len(node.shape)
    shape[where] = sum(sizes)
    low = np.repeat(np.array([part.first for part in parts], np.int64), sizes).reshape(shape)
    high = np.repeat(np.array([part.last for part in parts], np.int64), sizes).reshape(shape)
    return Terms((Term(low, high, parts[0].axis, parts[0].advance),))


def _shared(nodes: Sequence[Node], node: Node, where: int, states: Sequence[State]) -> list[Term]:
    """Terms that all operands of a concatenation have, the same all along it: the whole has them.

    Piece by piece each would be written out over both axes, only to be put together again.
    """
    held = [terms_of(states[operand], len(nodes[operand].shape)) for operand in node.operands]
    even = [t for terms in held for t in terms if not t.varies(where) and (t.low <= t.high).all()]
    found: list[Term] = []
    for term in sorted(even, key=lambda term: term.advance is None):
        if not any(_is_same(term, other) for other in found) and all(
            any(_is_same(term, other) for other in terms) for terms in held
        ):
            found.append(term)
    return found


def _is_same(one: Term, other: Term) -> bool:
    """Whether two terms reach the same; one may be written out where the other goes on."""
    if one is other:
        return True
    if (one.carrier, one.is_global) != (other.carrier, other.is_global):
        return False
    if one.carrier is not None and (one.advance is None) != (other.advance is None):
        size = (one if one.advance is None else other).low.shape[one.carrier]
        one, other = finite(one, size), finite(other, size)
    alike = one.advance == other.advance
    return alike and np.array_equal(one.low, other.low) and np.array_equal(one.high, other.high)


def _anywhere(rank: int) -> Term:
    """A reach of one place from everywhere: what is left of it shows which outputs read at all."""
    place = np.zeros((1,) * rank, np.int64)
    return Term(place, place, None, None)


def _glued(terms: Sequence[Term]) -> list[Term]:
    """Parts laid end to end may form a field that goes on for ever again."""
    return [
        recarry(term, 3) if term.carrier is not None and term.advance is None else term
        for term in terms
    ]
