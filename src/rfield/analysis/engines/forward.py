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
from ...core.link import Link
from ...core.relation import shift
from .gaps import Gaps, crossed_joins, gaps_of, hidden
from .pull import LARGEST
from .terms import Span, State, Term, Terms, recarry, terms_of, to_state
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
            _sweep_axis(nodes, source, (axis, 1, 0, 0), found)
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
    return Node(node.name, node.kind, node.shape)


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
            if type(state) is not tuple:
                break
            link = node.links[position]
            if not link.is_identity:
                affine = link.affine[state[0]]
                if affine is None:
                    break
                axis, advance, first, last = affine
                step = state[1]
                if step < 0:
                    first, last = last, first
                state = (
                    axis,
                    step * advance,
                    state[2] + step * first,
                    state[3] + step * last,
                )
            if span is None:
                span = state
            elif span[0] != state[0] or span[1] != state[1]:
                break
            elif span[2] > state[2] or span[3] < state[3]:
                low, high = min(span[2], state[2]), max(span[3], state[3])
                span = (span[0], span[1], low, high)
        else:
            add(span)
            continue
        add(_general(nodes, index, states, findings))
    return states


def _general(
    nodes: Sequence[Node], index: int, states: Sequence[State], findings: _Findings
) -> State:
    node = nodes[index]
    stitched = _stitched(nodes, node, states)
    if stitched is not None:
        return stitched
    found: list[Term] = []
    branches: list[list[Term]] = []
    pairs = node.in_theory
    for operand, link in pairs:
        before = nodes[operand].shape
        branches.append([])
        for term in terms_of(states[operand], len(before)):
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


def _missed(link: Link, terms: Sequence[Term]) -> frozenset[int] | None:
    """The output axes whose empty phases some term does not show; None where there are none."""
    driven = [link.reads[axis].axis for axis in empty_phases(link)]
    axes = frozenset(axis for axis in driven if axis is not None)
    if not axes:
        return None
    return frozenset(a for a in axes if not all(term.varies(a) for term in terms))


def _stitched(nodes: Sequence[Node], node: Node, states: Sequence[State]) -> State:
    """A concatenation of plain fields that go along together, put side by side at once."""
    parts: list[Span] = []
    sizes: list[int] = []
    where, total = -1, 0
    for operand, link in zip(node.operands, node.links, strict=True):
        state = states[operand]
        if not link.is_part or not isinstance(link, Link) or type(state) is not tuple:
            return None
        if len(link.changed) != 1 or not link.stays or (where >= 0 and link.changed[0] != where):
            return None
        where = link.changed[0]
        relation = link.reads[where].relation
        if state[0] == where or relation != shift(-total, "cut"):
            return None
        if parts and state[:2] != parts[0][:2]:
            return None
        parts.append(state)
        sizes.append(nodes[operand].shape[where])
        total += sizes[-1]
    if not parts or total != node.shape[where] or total > CELL_LIMIT:
        return None
    if all(part == parts[0] for part in parts):
        return parts[0]
    if max(max(abs(part[2]), abs(part[3])) for part in parts) >= LARGEST:
        return None
    shape = [1] * len(node.shape)
    shape[where] = total
    low = np.repeat(np.array([part[2] for part in parts], np.int64), sizes).reshape(shape)
    high = np.repeat(np.array([part[3] for part in parts], np.int64), sizes).reshape(shape)
    return Terms((Term(low, high, parts[0][0], parts[0][1]),))


def _glued(terms: Sequence[Term]) -> list[Term]:
    """Parts laid end to end may form a field that goes on for ever again."""
    return [
        recarry(term, 3) if term.carrier is not None and term.advance is None else term
        for term in terms
    ]
