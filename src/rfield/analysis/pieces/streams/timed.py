"""Everything between a stream and an output, and what each op of it has to do with time.

From the relations alone: what an op must keep from chunk to chunk, which branches of a join must
wait for which, and what stands in the way of computing a stream in parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm, prod

from ....core.graph import Graph, Node
from ....core.indices import union
from ....core.link import AnyLink, Link, Reshaped
from ....core.numbers import is_drawn, periods
from ....core.relation import IDENTITY, Prefix, Relation, Sliding
from ...engines.forward import Sweep
from ...engines.terms import Span, State, carriers, terms_of, to_state
from ...geometry.alignment import branch_terms
from ...results import Fidelity
from .steady import Parts
from .timing import Pattern, Window, held_of, lags, pattern_of, window_of

LAID = "one end of the stream is laid at the other by"
"""What a concatenation may do of which a part does not grow with the stream."""


@dataclass(frozen=True, slots=True)
class LayerState:
    """What one op must keep of its own input from chunk to chunk.

    ``window.state`` is in positions of that input: a convolution with extent ``e`` and stride ``s``
    keeps ``e - s`` of them (if positive), a transposed one ``ceil((e - s) / s)``; at the start they
    are its left padding. ``held``: what it holds between chunks that are multiples of the grid,
    more than that where a chunk ends in the middle of its window and positions wait for the rest.
    ``shape``: of the tensor held. ``hop``: samples of the stream per position.

    For a running op, which keeps its own state, ``window`` is None. ``keeps``: the shapes of all
    that is kept between chunks; empty where it grows with the past.
    """

    layer: str
    op: str
    window: Window | None
    hop: Fraction
    held: int
    shape: tuple[int, ...]
    keeps: tuple[tuple[int, ...], ...] = ()

    @property
    def elements(self) -> int | None:
        """How many numbers are kept; None where they grow with the past."""
        grows = self.window is None and not self.keeps
        return None if grows else sum(map(prod, self.keeps))


@dataclass(frozen=True, slots=True)
class JoinDelay:
    """A join whose branches are computed at different times.

    ``delays``: per branch (layer, positions of the join's own rate by which it must be held back).
    ``hop``: samples of the stream per position. No delays are known where the strides differ.
    ``elements``: how many numbers wait.
    """

    layer: str
    hop: Fraction
    delays: tuple[tuple[str, int], ...]
    elements: int = 0


class TimePath:
    """Everything between the stream and the output that depends on time."""

    def __init__(self, graph: Graph, source: int, value: int, swept: Sweep) -> None:
        self.graph, self.states, self.globals_ = graph, swept.states[0], swept.globals_[0]
        self.values = [i for i in graph.between(source, value) if self.states[i] is not None]
        self._clocks: dict[object, Pattern | str] = {}
        self._readers: dict[int, list[int]] = {}
        for index in self.values:
            for operand in graph.nodes[index].operands:
                self._readers.setdefault(operand, []).append(index)

    def clock(self, value: int) -> Pattern | str:
        """The clock of a value, or why it has none."""
        state = self.states[value]
        plain = isinstance(state, Span) and state.advance > 0
        key = state if plain else value  # of many branches most are alike
        if key not in self._clocks:
            self._clocks[key] = pattern_of(state, self.graph.nodes[value].shape)
        return self._clocks[key]

    def steps(self, *, all_values: bool = False) -> frozenset[int]:
        """Samples after which each value repeats; chunks and windows must begin on all of them.

        ``all_values``: also of those that the output does not need.
        """
        found: set[int] = set()
        for value in range(len(self.states)) if all_values else self.values:
            steps = _steps(self.states[value], self.graph.nodes[value])
            found.update(abs(step) or 1 for step in steps)
        return frozenset(found)

    def reads_all(self) -> tuple[str, ...]:
        """Which layers read all of the stream, as an obstacle to parts of it; or nothing."""
        return _told({"all of the time axis is read by": self.global_reads()})

    def ends(self, short: Parts) -> tuple[str, ...]:
        """Which layers bring one end of the stream to the other, as obstacles; or nothing.

        What they bring may be cut away again, or brought back. ``short``: what does not grow with
        the stream.
        """
        sliding = [
            (i, relation) for i in self.values for _, relation in self._readings(i)
            if isinstance(relation, Sliding)
        ]  # fmt: skip
        names = {name for name, _ in short}
        return _told({
            "time is turned round by": self._layers([i for i, r in sliding if r.advance < 0]),
            "the end of the stream is read at its beginning by": self._layers(
                [i for i, r in sliding if r.border == "circular"]
            ),
            LAID: self._layers(
                [i for i in self.values if self.graph.nodes[i].name in names]
            ),
        })  # fmt: skip

    def chance(self) -> tuple[str, ...]:
        """Which layers draw random numbers, as an obstacle; or nothing."""
        random = [i for i in self.values if any(map(is_drawn, self.graph.nodes[i].tables))]
        return _told(
            {
                "random numbers, others in each run or for each size, are drawn by": self._layers(
                    random
                )
            }
        )

    def global_reads(self) -> tuple[str, ...]:
        """The layers that read all of the time axis, future included."""
        whole = self.globals_.intersection(self.values)
        return self._layers(sorted(i for i in whole if not self._runs_along(i)))

    def memory(self) -> tuple[str, ...]:
        """The layers whose past has no end."""
        whole = self.globals_.intersection(self.values)
        return self._layers(sorted(i for i in whole if self._runs_along(i)))

    def fidelity(self) -> Fidelity:
        """An upper bound where some op is one."""
        inexact = any(not self.graph.nodes[i].exact for i in self.values)
        return Fidelity.UPPER_BOUND if inexact else Fidelity.EXACT

    def layer_states(self, grid: int) -> list[LayerState]:
        """Every op that reads more than its own positions along time, in the order of computing."""
        found: list[LayerState] = []
        known: dict[object, tuple[Window, int]] = {}
        for index in self.values:
            node = self.graph.nodes[index]
            for operand, relation in self._readings(index):
                clock = self.clock(operand)
                hop = clock.hop if isinstance(clock, Pattern) else Fraction(1)
                if isinstance(relation, Prefix) and not relation.backward:
                    name = self.graph.layer_of(index)
                    found.append(LayerState(name, node.kind, None, hop, 0, (), node.op.keeps))
                elif isinstance(relation, Sliding) and isinstance(clock, Pattern):
                    rows = in_rows(relation, self._laid(index))
                    way = operand, rows
                    if way not in known:
                        known[way] = window_of(rows), held_of(rows, clock, grid)
                    window, held = known[way]
                    if held or window.ahead or window.step != window.gives:
                        shape = list(self.graph.nodes[operand].shape)
                        shape[clock.axis] = held
                        name, kept = self.graph.layer_of(index), tuple(shape)
                        keeps = (kept,) if held else ()
                        found.append(
                            LayerState(name, node.kind, window, hop, held, kept, keeps)
                        )  # fmt: skip
        return found

    def delays(self) -> list[JoinDelay]:
        """The joins of which some branch must be held back."""
        found: list[JoinDelay] = []
        for index in self.values:
            node = self.graph.nodes[index]
            if not node.op.join or len(node.operands) < 2:
                continue
            branches = [
                (operand, clock)
                for operand, link in zip(node.operands, node.links, strict=True)
                for clock in (self._branch_clock(operand, link, node.shape),)
                if isinstance(clock, Pattern)
            ]
            clocks = [clock for _, clock in branches]
            if len({(c.axis, c.hop) for c in clocks}) != 1:
                continue
            held = lags(clocks)
            if any(held):
                layers = [self.graph.layer_of(operand) for operand, _ in branches]
                pairs = tuple(zip(layers, held, strict=True))
                rows = [self._row(operand) for operand, _ in branches]
                waits = sum(lag * row for lag, row in zip(held, rows, strict=True))
                found.append(JoinDelay(self.graph.layer_of(index), clocks[0].hop, pairs, waits))
        return found

    def _row(self, value: int) -> int:
        """Elements of one position in time."""
        own, shape = self.clock(value), self.graph.nodes[value].shape
        return prod(shape) // max(shape[own.axis] if isinstance(own, Pattern) else 1, 1)

    def _branch_clock(self, operand: int, link: AnyLink, after: Sequence[int]) -> Pattern | str:
        """The clock of a join's operand as it lies in the join."""
        if link.is_identity and isinstance(self.states[operand], tuple):
            return self.clock(operand)
        before = self.graph.nodes[operand].shape
        terms, shape = branch_terms(self.states[operand], link, before, after)
        return pattern_of(to_state(terms), shape)

    def _readings(self, index: int) -> list[tuple[int, Relation]]:
        """(operand, relation) of every reading of a value along the operand's time axis."""
        node = self.graph.nodes[index]
        found: list[tuple[int, Relation]] = []
        for operand, link in zip(node.operands, node.links, strict=True):
            if self.states[operand] is None or not isinstance(link, Link) or link.is_identity:
                continue
            axes = carriers([self.states[operand]], len(self.graph.nodes[operand].shape))
            read = [link.reads[axis].relation for axis in axes]
            found += [(operand, relation) for relation in read if relation != IDENTITY]
        return found

    def _laid(self, index: int) -> int:
        """So many positions of a value all its readers lay in one row, as windows are laid."""
        clock = self.clock(index)
        axis = clock.axis if isinstance(clock, Pattern) else -1
        nodes = [self.graph.nodes[reader] for reader in self._readers.get(index, ())]
        rows = {_row_of(node.links[node.operands.index(index)], axis) for node in nodes}
        return rows.pop() if len(rows) == 1 else 1

    def _runs_along(self, index: int) -> bool:
        return any(isinstance(r, Prefix) and not r.backward for _, r in self._readings(index))

    def _layers(self, values: Sequence[int]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.graph.layer_of(i) for i in values))


def _row_of(link: AnyLink, axis: int) -> int:
    """The length of the rows into which a reshape lays one axis; 1 for what is no such."""
    if not isinstance(link, Reshaped):
        return 1
    after = next((group.after for group in link.groups if group.before == (axis,)), ())
    return prod(link.after[place] for place in after[1:])


def in_rows(relation: Sliding, row: int) -> Sliding:
    """How a relation reads for a row of its outputs at once, where rows are whole periods.

    >>> from rfield.core.indices import IndexSet
    >>> windows = Sliding(4, 2, tuple(IndexSet.interval(k, k) for k in range(4)))  # four every two
    >>> in_rows(windows, 4)
    Sliding(period=1, advance=2, taps=(IndexSet{0..3},), border='zero')
    """
    times = row // relation.period
    if row == 1 or times * relation.period != row:
        return relation
    taps = union(relation.at(index) for index in range(row))
    return Sliding(1, times * relation.advance, (taps,), relation.border)


def _told(layers: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Each text with its layers, where it has any."""
    return tuple(
        f"{text} {', '.join(names[:5])}" + (f" and {len(names) - 5} more" if names[5:] else "")
        for text, names in layers.items()
        if names
    )


def _steps(state: State, node: Node) -> Iterator[int]:
    """Samples after which a value repeats; and the numbers that it meets beside its operands."""
    rank = len(node.shape)
    beside = [one for table in node.tables for one in periods(table, rank)]
    for term in terms_of(state, rank):
        if term.advance is not None:
            yield term.advance
            for axis, period in beside:
                if axis == term.carrier:
                    yield term.advance * lcm(term.period, period) // term.period
