"""The forward engine: one sweep gives every value's reach into one source, per axis.

Size-free and exact: theory (the grid goes on for ever), hull by position. Nearly all of a sweep is
four-integer arithmetic in ``_sweep_axis``; whatever is more than that goes through ``through``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..core.graph import Graph, Node
from .gaps import Gaps, crossed_joins, gaps_of
from .terms import Span, State, Term, Terms, recarry, terms_of, to_state
from .through import through


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """States of all values with respect to ``source``: ``states[k][value]`` for ``axes[k]``.

    ``globals_[k]``: the values whose own op read a whole axis. ``crossed``: joins where one branch
    reads nothing at positions that differ between the axes (see ``gaps``); their boxes are exact
    only together, not axis by axis.
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
    """What one axis' sweep meets on the way."""

    globals_: set[int] = field(default_factory=set[int])
    gaps: dict[int, Gaps] = field(default_factory=dict[int, Gaps])
    gone: set[int] = field(default_factory=set[int])


def sweep(graph: Graph, source: int, axes: Sequence[int]) -> Sweep:
    """One pass over the graph per source axis, in topological order."""
    findings = [_Findings() for _ in axes]
    states = tuple(
        _sweep_axis(graph.nodes, source, (axis, 1, 0, 0), found)
        for axis, found in zip(axes, findings, strict=True)
    )
    crossed = crossed_joins([found.gaps for found in findings])
    globals_ = tuple(frozenset(found.globals_) for found in findings)
    return Sweep(graph, source, tuple(axes), states, globals_, crossed)


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
    found: list[Term] = []
    branches: list[list[Term]] = []
    for operand, link in zip(node.operands, node.links, strict=True):
        before = nodes[operand].shape
        branches.append([])
        for term in terms_of(states[operand], len(before)):
            passed = term if link.is_identity else through(term, link, before, node.shape)
            if passed is not None:
                branches[-1].append(passed)
                if passed.is_global and not term.is_global:
                    findings.globals_.add(index)
        found += branches[-1]
    state = to_state(found)
    if state is None:
        findings.gone.add(index)
    if len(node.operands) > 1:
        gaps = gaps_of(
            [
                [(term.low, term.high) for term in branch]
                if branch or operand in findings.gone
                else None
                for operand, branch in zip(node.operands, branches, strict=True)
            ]
        )
        if gaps is not None:
            findings.gaps[index] = gaps
        if isinstance(state, Terms):
            return to_state(_glued(state.terms, node.shape))
    return state


def _glued(terms: Sequence[Term], shape: Sequence[int]) -> list[Term]:
    """Parts laid end to end may form a field that goes on for ever again."""
    return [
        recarry(term, shape, 3) if term.carrier is not None and term.advance is None else term
        for term in terms
    ]
