"""The forward engine: one sweep gives every value's reach into one source, per axis.

Size-free and exact: theory (the grid goes on for ever), hull by position. Nearly all of a sweep is
four-integer arithmetic in ``_sweep_axis``; whatever is more than that is ``passing``'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...core.graph import Graph, Node
from .gaps import Gaps, crossed_joins, hidden
from .passing import Passing, Step
from .terms import Span, State


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """States of all values with respect to ``source``: ``states[k][value]`` for ``axes[k]``.

    ``globals_[k]``: the values whose own op read a whole axis. ``crossed``: joins where one branch
    reads nothing at positions that differ between the axes, and ops with empty phases that no axis
    shows (see ``gaps``); their boxes are exact only together, not axis by axis.
    """

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

    def note(self, index: int, operands: Sequence[int], step: Step) -> None:
        """What a step met, by the values that it is about."""
        if step.reads_all:
            self.globals_.add(index)
        for place, axes in step.missed:
            self.missed[index, operands[place]] = axes
        if step.gaps is not None:
            self.gaps[index] = step.gaps
        if step.state is None:
            self.gone.add(index)


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
    return Sweep(source, axes, states, globals_, crossed)


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
    passing = Passing(nodes, findings.axis)
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
        step = passing.step(index, states)
        findings.note(index, operands, step)
        add(step.state)
    return states
