"""The model of a stream at other lengths: which it accepts, and whether it then reads otherwise.

Padding that is computed from the length (SAME with a stride, or up to a multiple of something), a
crop or a resize to a size moves what an output reads by what the length leaves over. Parts of a
stream have other lengths than the whole, so such a model can be run in parts only where that
remainder is known. Two lengths are held against each other value by value, not by the field of the
output alone: a longer branch would hide a shorter one that moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import lcm

from ....core.graph import Graph, Node
from ....core.limits import RESIDUES
from ....core.numbers import Numbers
from ....errors import RFieldError
from ...engines.forward import sweep
from ...engines.terms import Span, State, terms_of
from ..comparing.agreement import agreement
from ..comparing.cuts import too_many
from ..comparing.direct import direct
from ..comparing.pairing import MOVES
from ..comparing.unwrapping import unturned
from .steady import Parts, steady
from .timing import Pattern, pattern_of
from .turned import held_beside, moves

Ways = dict[int, int]
"""For every value between the stream and the output how it is made of the stream: a number."""

KEPT = 4
"""Lengths at which the model is kept."""

MORE, LONG = 4, 4096
"""What branches on its size shows at a stream so many times as long, and of so many samples."""


FIELDS = 4, 2, 1
"""So many fields from both ends neither makes a difference; where the masks are too large to be
known that far, fewer: what a window has in common with the whole is found at these very sizes."""


UNKNOWN = "reads numbers that are too many to be known for {} samples, which are compared"
"""Why a plan is not exact, in the end."""

FEWER = "What was given so far is likely right and not proven; a shorter stream has fewer"
"""What to do about a stream that was too long for that."""


class Lengths:
    """A model at any length of the stream along ``time``, one axis of its input ``source``.

    ``clock``: of its ``target``. ``steps``: after which its values repeat; ``grid``: after which
    all do. ``far``: further than that from both ends, neither makes a difference.
    """

    def __init__(
        self, graph: Graph, source: int, target: int, time: int, clock: Pattern,
        steps: frozenset[int], short: Parts = frozenset(),
    ) -> None:  # fmt: skip
        self.short, self.clock = short, clock
        self.here, self.source, self.target, self.time = graph, source, target, time
        self.steps, self.grid = steps, lcm(*steps)
        self.entry = next((entry for entry in graph.inputs_ if entry.node == source), None)
        self.length = graph.nodes[source].shape[time]
        first, last = clock.reads  # a field may lie far from its own frame, and be mirrored
        past = 0 if clock.remembers else -min(0, first)
        self.refused = ""
        self._graphs: dict[int, Graph | None] = {}
        self._numbers: dict[object, int] = {}
        self.own = self.ways(graph)
        self._field, self._left = max(0, last) + past + 2 * self.grid, self._cut_off(graph)
        for fields in FIELDS:
            self.far = self._reach(fields)
            rest = self.length % self.grid
            while 2 * self.far + rest < self.length and self.graph(2 * self.far + rest) is None:
                self.far *= 2  # the model wants more than its field
            if not self.unknown():
                break

    def _reach(self, fields: int) -> int:
        """So many fields from an end, and what is cut off there."""
        return up(fields * self._field + self._left, self.grid)

    def shortest(self) -> int:
        """A short length at which the model reads as it does here; here, where none is found."""
        for fields in sorted(FIELDS):
            size = 2 * self._reach(fields) + self.length % self.grid
            both = size, size + self.grid
            if size >= self.length:
                break
            taken = all(self.graph(one) is not None for one in both)
            if taken and self.uneven(size) is None and not any(map(self.differs, both)):
                return size
        return self.length

    def obstacle(self, length: int | None) -> tuple[str, ...]:
        """Why not all lengths are read alike, or all that leave the same rest; or nothing."""
        base, grid = 2 * self.far, self.grid
        rest = (length or 0) % grid
        offsets = {rest, rest + grid, rest + 2 * grid}
        some = f"{grid} samples" if grid > 1 else "every sample"
        advice = f", and does not repeat after {some} or a few times as many"
        layer = self.uneven(base + rest)
        if layer is None:
            if length is None:
                further = self._further() - base
                offsets |= {1, *self.steps, grid - 1, max(0, further) // grid * grid}
                advice = ": say how long it is, stream_plan(…, length=)"
            found = (self.differs(base + offset) for offset in sorted(offsets))
            layer = next((one for one in found if one is not None), None)
        if layer is None:
            return ()
        return (f"what {layer} reads depends on the length of the stream{advice}",)

    def apart(self, axis: int, *, running: bool = False) -> bool:
        """Whether the first outputs of a stream, and the last ones, are those of that end alone.

        What wraps around may be cut away before it reaches an output; or be padding, the same at
        all lengths, for a part has another length than the whole. The end of what is ``running``
        reads all of its past, so there only the beginning tells.
        """
        rest = self.length % self.grid
        both = (0,) if running else (0, 1)
        if all(self._apart(axis, start, rest, rest, wrapped=False) for start in both):
            return True
        rests = [r for r in self.residues() if self.graph(2 * self.far + r) is not None]
        begins = ((0, r, whole) for r in rests for whole in rests)
        ends = ((1, r, r) for r in rests)
        return bool(rests) and all(self._apart(axis, *one) for one in (*begins, *ends))

    def _apart(self, axis: int, last: int, rest: int, of: int, *, wrapped: bool = True) -> bool:
        """The same of one end: a part and a whole of lengths that leave ``rest`` and ``of``."""
        part, whole = self.graph(2 * self.far + rest), self.graph(4 * self.far + of)
        if part is None or whole is None or self.entry is None:
            return False
        value = self.value(part)
        start = 2 * self.far * last
        starts = {self.entry.name: [start if k == self.time else 0 for k in self.entry.axes]}
        cuts = agreement(whole, part, starts, wrapped=wrapped).cuts[value]
        size = part.nodes[value].shape[axis]
        return cuts is not None and (cuts[axis].stop >= size if last else cuts[axis].first <= 0)

    def _further(self) -> int:
        """A longer stream than the one at hand, which shows what branches on its size.

        So long that a mask is not known it would show that alone.
        """
        longer = (min(times * self.length, LONG) for times in range(MORE, 1, -1))
        return next((size for size in longer if not self.lost(size)), self.length)

    def unknown(self) -> tuple[str, ...]:
        """What windows and longer streams are compared by and is not known at their lengths.

        The numbers of a mask grow with the square of the length, and are kept and made up to some.
        """
        rest = self.length % self.grid
        return next(filter(None, (self.lost(n * self.far + rest) for n in (2, 4))), ())

    def lost(self, size: int) -> tuple[str, ...]:
        """The layers whose numbers are known of the stream at hand, and not at this length."""
        here = {node.name: known for node in self.here.nodes if (known := _known(node))}
        graph = self.graph(size) if here else None
        if graph is None:
            return ()
        lost = (
            f"{graph.layer_of(index)} ({node.kind}) {UNKNOWN.format(size)}"
            for index, node in enumerate(graph.nodes)
            if _known(node) < here.get(node.name, 0) and any(map(too_many, node.tables))
        )
        return tuple(dict.fromkeys(lost))

    def uneven(self, size: int) -> str | None:
        """The first layer that does not grow in step with the stream, from this length on."""
        one, other = self.graph(size), self.graph(size + self.grid)
        if one is None or other is None:
            return None
        one, other = self._middle(one), self._middle(other)
        states = self._states(one)
        here, after = self._between(one), self._between(other)
        if len(here) != len(after):
            return self.here.layer_of(self.target)
        for index, later in zip(here, after, strict=True):
            small, large = one.nodes[index].shape, other.nodes[later].shape
            if len(small) != len(large):
                return one.layer_of(index)
            for axis, rate in _rates(states[index], small):
                if large[axis] - small[axis] != self.grid * rate:
                    return one.layer_of(index)
        return None

    def differs(self, size: int) -> str | None:
        """The first layer that reads otherwise at this length; None: none, or it is refused."""
        graph = self.graph(size)
        if graph is None:
            return None
        ways = self.ways(graph)
        if _way(ways) == _way(self.own):
            return None
        known = set(ways.values())
        layers = (self.here.layer_of(i) for i, way in self.own.items() if way not in known)
        return next(layers, self.here.layer_of(self.target))

    def alike(self, size: int, other: int) -> bool:
        """Whether both lengths are read in the same way, or one of them is refused."""
        one, two = self.graph(size), self.graph(other)
        if one is None or two is None:
            return True
        return _way(self.ways(one)) == _way(self.ways(two))

    def value(self, graph: Graph) -> int:
        """``target`` in the graph of another length, which may have more or fewer nodes."""
        if self.target in self.here.outputs_:
            return graph.outputs_[self.here.outputs_.index(self.target)]
        return graph.index(self.here.nodes[self.target].name)

    def ways(self, graph: Graph) -> Ways:
        """How every value is made of the stream; what only passes it on counts as what it reads.

        So padding of 0, or at the end alone, is no difference; another layer's weights are one.
        """
        graph = self._middle(graph)
        nodes, states = graph.nodes, self._states(graph)
        numbers: dict[int, int] = {self._source(graph): 0}
        for index in self._between(graph):
            node, here = nodes[index], states[index]
            reads = [
                (
                    numbers[operand],
                    moves(link, (states[operand], here), (nodes[operand].shape, node.shape)),
                )
                for operand, link in zip(node.operands, node.links, strict=True)
                if operand in numbers
            ]
            held = held_beside(node, here)
            if len(reads) == 1 and not reads[0][1] and not held and node.kind in MOVES:
                numbers[index] = reads[0][0]
            else:
                key = (node.kind, held, tuple(reads))
                numbers[index] = self._numbers.setdefault(key, len(self._numbers) + 1)
        return numbers

    def _middle(self, graph: Graph) -> Graph:
        """The model as the sweep reads it: what wraps around and comes back lies where it lies."""
        return steady(unturned(graph), self.short)

    def _source(self, graph: Graph) -> int:
        return self.source if self.entry is None else graph.entry(self.entry.name).node

    def _states(self, graph: Graph) -> Sequence[State]:
        return sweep(graph, self._source(graph), (self.time,)).states[0]

    def _cut_off(self, graph: Graph) -> int:
        """So many samples at the end are cut off before some value, as those that were padding."""
        states, found = self._states(graph), [0]
        for value in self._between(graph):
            shape = graph.nodes[value].shape
            clock = pattern_of(states[value], shape)
            if isinstance(clock, Pattern):
                found.append(self.length - clock.ready_at(shape[clock.axis] - 1))
        return max(found)

    def _between(self, graph: Graph) -> list[int]:
        return graph.between(self._source(graph), self.value(graph))

    def residues(self) -> list[int]:
        """Lengths modulo the grid: all, or those that change the length modulo each stride."""
        if self.grid <= RESIDUES:
            return list(range(self.grid))
        steps = sorted({1, *self.steps, self.grid})
        some = {a * k for a, b in pairwise(steps) for k in range(min(-(-b // a), RESIDUES))}
        return sorted({0, self.grid - 1, *(n for n in some if n < self.grid)})

    def graph(self, size: int) -> Graph | None:
        """The model at a length of the stream; None where it accepts no such length."""
        if size not in self._graphs:
            for old in [*self._graphs][: 1 - KEPT]:
                del self._graphs[old]  # what was made first: masks are large
            self._graphs[size] = self._graph(size)
        return self._graphs[size]

    def _graph(self, size: int) -> Graph | None:
        if self.here.reread is None or self.entry is None:
            return None
        shapes = {
            entry.name: list(self.here.nodes[entry.node].shape) for entry in self.here.inputs_
        }
        shapes[self.entry.name][self.time] = size
        try:
            return direct(self.here.reread(shapes))
        except RFieldError as error:
            self.refused = str(error)
            return None


def _way(ways: Ways) -> int:
    """How the output is made: it comes last of all that it is made of."""
    return ways[max(ways)]


def _known(node: Node) -> int:
    """How many tables of numbers it has whose contents are known."""
    return sum(isinstance(table, Numbers) for table in node.tables)


def _rates(state: State, shape: Sequence[int]) -> set[tuple[int, Fraction]]:
    """The axes along which a value goes on, and its positions per sample."""
    if isinstance(state, Span):
        return {(state.axis, Fraction(1, abs(state.advance)))} if state.advance else set()
    return {
        (term.carrier, Fraction(term.period, abs(term.advance)))
        for term in terms_of(state, len(shape))
        if term.carrier is not None and term.advance
    }


def up(size: int, grid: int) -> int:
    """The next multiple of ``grid``.

    >>> up(9, 4), up(8, 4)
    (12, 8)
    """
    return -(-size // grid) * grid
