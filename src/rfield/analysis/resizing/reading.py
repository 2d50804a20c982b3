"""A model at one input size: whether it takes it, what comes out, and what is amiss at the ends.

``Resizing`` reads a graph again with other sizes on chosen axes of its inputs; a ``Reading`` holds
what one such size gives. Nothing here knows that sizes repeat: that is ``sizes``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from math import lcm

from ...core.graph import Graph
from ...core.limits import MOST_READ, STEP_LIMIT
from ...errors import InvalidModelError, TooLargeError, UnresolvedSizeError, over_limit
from ..engines.bounds import axis_field
from ..engines.forward import Sweep, sweep
from ..engines.terms import Span, State, carriers, terms_of
from ..geometry.alignment import alignment
from ..results import axis_names
from .chosen import chosen, sizes_of
from .edges import Finding, Kept, Misaligned, Unlike, ends
from .effort import laid_out, swept, work
from .followed import Followed
from .leads import Leads
from .places import Rates, carrier, places, rates_of, strides_of
from .twins import Twins

CRITERIA = ("accepted", "complete", "even", "aligned")
"""``accepted``: the model takes the size. ``complete``: no position falls off the end of a strided
window. ``even``: padding is used equally on both sides. ``aligned``: branches meet in one place."""

SAME = "same"
"""The output has the input's size over its stride. Not what is amiss with a size: a network without
padding has no such size."""

SINGLY = "Ask for single sizes: rfield.check_size(model, size)"


class Reading:
    """One size of the inputs that are ``of`` a model; ``refused``: why it does not take it.

    ``followed``: the graph is what others led to, and was not read; ``by_op``: op by op.
    ``is_model``: it is the model that the others are held against.

    Everything else is found out when it is asked for.
    """

    def __init__(
        self,
        of: Resizing,
        graph: Graph | None,
        refused: str = "",
        *,
        followed: bool = False,
        by_op: bool = False,
        is_model: bool = False,
    ) -> None:
        self.refused = refused
        self.followed = followed
        self._by_op = by_op
        self._of = of
        self._graph = graph
        self._is_model = is_model

    @property
    def graph(self) -> Graph:
        """The graph at this size."""
        assert self._graph is not None, self.refused
        return self._graph

    def against(self, criterion: str) -> tuple[Finding, ...]:
        """What speaks against the size."""
        if self.refused or criterion == "accepted":
            return ()
        if criterion == SAME:
            return self._unlike
        return self._joins if criterion == "aligned" else self._ends[criterion]

    def holds(self, criterion: str, axis: str) -> bool:
        """Whether the size meets one criterion along an axis."""
        return not self.refused and all(f.axis != axis for f in self.against(criterion))

    @cached_property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of all values."""
        return () if self.refused else tuple(node.shape for node in self.graph.nodes)

    @property
    def output_dims(self) -> tuple[int, ...]:
        """The shape of the output."""
        return self.graph.nodes[self._value].shape

    @cached_property
    def output(self) -> tuple[int | None, ...]:
        """Per input axis the size of the axis along which the output moves, None without one."""
        own = [carrier(axes) for axes in self.places]
        return tuple(None if axis is None else self.output_dims[axis] for axis in own)

    @cached_property
    def output_shape(self) -> tuple[int, ...]:
        """The sizes of the output along all axes along which it moves."""
        moved = sorted(set[int]().union(*self.places))
        return tuple(self.output_dims[axis] for axis in moved)

    @cached_property
    def places(self) -> tuple[tuple[int, ...], ...]:
        """Per input axis the axes of the output that move with it.

        An axis of one position does not move, and of one window two axes may seem to be the same,
        so they are those of the model at a larger size. Where all that is known is that it reads
        all of an axis, they are those that grow with it.
        """
        shape = self.output_dims
        if self._by_op:
            return self._of.larger().places
        own = self.carried
        if self._is_model:
            return tuple(axes or (*self._of.rates(k),) for k, axes in enumerate(own))
        model = self._of.larger()
        return own if len(model.output_dims) != len(shape) else places(own, model.places, shape)

    @cached_property
    def carried(self) -> tuple[tuple[int, ...], ...]:
        """Per input axis the axes of the output of which the field says that they move with it."""
        rank = len(self.output_dims)
        return tuple(carriers([state], rank, local=True) for state in self._states)

    @cached_property
    def centers(self) -> tuple[tuple[float, float] | None, ...]:
        """Of the first and the last output position, where the field has one pattern."""
        return tuple(
            ((s.first + s.last) / 2, (s.first + s.last) / 2 + s.advance * (n - 1))
            if isinstance(s, Span) and n
            else None
            for s, n in zip(self._states, self.output, strict=True)
        )

    @cached_property
    def _sweeps(self) -> tuple[Sweep, ...]:
        entries = [entry for entry in self.graph.inputs_ if entry.name in self._of.names]
        return tuple(sweep(self.graph, entry.node, entry.axes) for entry in entries)

    @property
    def _value(self) -> int:
        return self.graph.main if self._of.output is None else self.graph.index(self._of.output)

    @property
    def _states(self) -> tuple[State, ...]:
        """What the output knows of the first of the inputs that it depends on."""
        found = [one.at(self._value) for one in self._sweeps]
        return next((states for states in found if any(states)), found[0])

    @cached_property
    def _ends(self) -> dict[str, tuple[Finding, ...]]:
        dropped, uneven = list[Finding](), list[Finding]()
        for one in self._sweeps:
            for states, name in zip(one.states, axis_names(len(one.axes)), strict=True):
                fallen, padded = ends(self.graph, states, name, self._of.judged)
                dropped += fallen
                uneven += padded
        found = {"complete": dropped, "even": uneven}
        return {name: tuple(dict.fromkeys(several)) for name, several in found.items()}

    @cached_property
    def _joins(self) -> tuple[Finding, ...]:
        return tuple(
            Misaligned(join.layer, axis)
            for join in alignment(self.graph, self._sweeps).joins
            if join.wrt in self._of.names
            for axis in join.differing
        )

    @cached_property
    def _unlike(self) -> tuple[Finding, ...]:
        found: list[Finding] = []
        axes = zip(axis_names(len(self.output)), self.output, self.scales, strict=True)
        for k, (name, outputs, stride) in enumerate(axes):
            size = self.graph.nodes[self._sweeps[0].source].shape[self._sweeps[0].axes[k]]
            if stride is None or 1 in (outputs, size):  # so few positions have none of their own
                stride = self._of.larger().scales[k] or stride  # noqa: PLW2901  # of the same axis
            if outputs is not None and (stride is None or outputs * abs(stride) != size):
                found.append(Unlike(self.graph.layer_of(self._value), name, outputs, stride))
        return tuple(found)

    @cached_property
    def scales(self) -> tuple[Fraction | None, ...]:
        """Positions of each input axis for one of the output."""
        positions = sorted(set[int]().union(*self.places))
        found: list[Fraction | None] = []
        for k, state in enumerate(self._states):
            if isinstance(state, Span):
                found.append(Fraction(state.advance))
                continue
            moving = strides_of(axis_field(state, self.output_dims, positions).local)
            if moving:
                found.append(moving.pop() if len(moving) == 1 else None)
            else:  # listed position by position, or reading all
                axis = carrier(self.places[k])
                found.append(None if axis is None else self._of.rates(k).get(axis))
        return tuple(found)


class Resizing:
    """The inputs of a graph whose sizes are changed together, and the output that is looked at.

    ``overturned``: a size that followed from others turned out to be otherwise. ``tell``: whom to
    tell how many sizes were read.
    """

    def __init__(self, graph: Graph, output: str | None = None, wrt: str | None = None) -> None:
        if graph.reread is None:
            raise UnresolvedSizeError(
                "this model cannot be read again at other input sizes.\n"
                "  A module can, with a shape instead of example inputs:\n"
                "  rfield.load(model, input_shape=(1, 3, None, None))\n"
                "  An exported program is read at the sizes of its example only."
            )
        self.graph = graph
        self.entries = chosen(graph, wrt)
        self.axes = axis_names(len(self.entries[0].axes))
        self.output = output
        self._kept: dict[tuple[int, ...], Reading] = {}
        self._seen: Reading | None = None
        self._laid = 0
        self.overturned = False
        self.tell: Callable[[int, int | None], None] | None = None
        self.leads = Leads()
        self.judged: Kept = {}
        self._rates: dict[int, Rates] = {}
        if output is not None:
            graph.index(output)
        self.names = frozenset(entry.name for entry in self.entries)

    @property
    def is_square(self) -> bool:
        """Whether all axes have the same size, so that they can be changed together."""
        return len(set(self.sizes)) == 1

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes that the graph was read at; stand-ins where they are free."""
        entry = self.entries[0]
        return tuple(self.graph.nodes[entry.node].shape[axis] for axis in entry.axes)

    @property
    def stated(self) -> tuple[int | None, ...]:
        """The same, None where they are free."""
        free = self.entries[0].free
        pairs = zip(self.entries[0].axes, self.sizes, strict=True)
        return tuple(None if axis in free else size for axis, size in pairs)

    def per_axis(self, what: str, given: object) -> tuple[int, ...]:
        """One size for all axes, or one for each."""
        return sizes_of(what, given, self.axes)

    def by_input_axis(self, sizes: tuple[int, ...]) -> tuple[int, ...]:
        """Sizes along the axes of the output, in the order of the input's that move them."""
        own = [carrier(axes) for axes in self.larger().places]
        order = sorted(axis for axis in own if axis is not None)
        if len(set(order)) < len(own):  # an axis without one of its own, which is told later
            return sizes
        return tuple(sizes[order.index(axis)] for axis in own if axis is not None)

    def larger(self) -> Reading:
        """The model as it was loaded, or at a larger size where its output has one position."""
        if self._seen is None:
            self._seen = Reading(self, self.graph, is_model=True)
            sizes, step = self.sizes, 0
            while not all(self._seen.carried):
                before, step = step, self._step(self._seen.graph)
                if step == before or step > STEP_LIMIT:
                    break
                sizes = tuple(n + 2 * step for n in sizes)  # there more strides may show
                graph, refused = self._read(sizes)
                if refused:
                    break
                self._seen = Reading(self, graph, is_model=True)
        return self._seen

    def rates(self, axis: int) -> Rates:
        """Axes of the output that grow with an axis of the input: positions of that for one."""
        if axis not in self._rates:
            graph = self.larger().graph
            entry = graph.entry(self.entries[0].name)
            own = [graph.nodes[entry.node].shape[place] for place in entry.axes]

            def shape(more: int) -> tuple[int, ...] | None:
                try:
                    found = self.at([*own[:axis], own[axis] + more, *own[axis + 1 :]])
                except TooLargeError:  # the pattern of a resize; that of another size fits
                    return None
                return None if found.refused else found.output_dims

            step = lcm(*(abs(step) for _, step in self.strides(graph, axis)))
            self._rates[axis] = rates_of(shape, step)
        return self._rates[axis]

    def _step(self, graph: Graph) -> int:
        """What all strides divide, as far as they show in this graph."""
        axes = range(len(self.axes))
        return lcm(*(abs(step) for k in axes for _, step in self.strides(graph, k)))

    def strides(self, graph: Graph, axis: int) -> Iterator[tuple[int, int]]:
        """By how many positions of an input axis its windows move, value by value."""
        for entry in self.entries:
            states = sweep(graph, graph.entry(entry.name).node, entry.axes).states[axis]
            for index, state in enumerate(states):
                for term in terms_of(state, len(graph.nodes[index].shape)):
                    yield index, term.advance or 1

    def at(self, sizes: Sequence[int]) -> Reading:
        """The model at these sizes; what was read once is kept."""
        key = tuple(sizes)
        if key not in self._kept:
            self._kept[key] = Reading(self, *self._read(key))
        return self._kept[key]

    def firsthand(self, sizes: Sequence[int]) -> Reading:
        """The model at these sizes, read; nothing follows from it."""
        found = self._kept.get(tuple(sizes))
        if found is None or found.followed:
            found = self._kept[tuple(sizes)] = Reading(self, *self._read(sizes, leading=False))
        return found

    def follow(self, sizes: Sequence[int], way: Followed | Twins) -> Reading:
        """The model at these sizes, as it follows from other readings; else it is read."""
        key = tuple(sizes)
        if key not in self._kept:
            graph = self.leads.follow(way, key, self._shapes(key))
            if graph is not None:
                by_op = way is self.leads.by_op
                self._kept[key] = Reading(self, graph, followed=True, by_op=by_op)
        return self.at(key)

    def try_out(self, count: int) -> None:
        """Read some of the sizes that followed since; ``overturned`` where one is otherwise."""
        for key in self.leads.untried(count):
            _, refused = self._read(key)
            if refused:
                self._overturn(refused=True)
            if self.overturned:
                break

    def afford(self, readings: int) -> None:
        """Refuse so many readings of the model where they would take too long."""
        total = self._work(readings)
        if total > MOST_READ:
            raise over_limit(
                self.output or self.graph.layer_of(self.graph.main),
                "the model at all sizes of one step", total, MOST_READ, SINGLY,
            )  # fmt: skip

    def affords(self, more: int) -> bool:
        """Whether so many more readings may be made."""
        return self._work(self._laid + more) <= MOST_READ

    def _work(self, readings: int) -> int:
        return work(readings, self.laid_out, self._swept)

    @cached_property
    def laid_out(self) -> int:
        """Values and operands of one reading."""
        return laid_out(self.graph)

    @cached_property
    def _swept(self) -> int:
        return swept(self.graph, self.entries)

    def _read(self, sizes: Sequence[int], *, leading: bool = True) -> tuple[Graph | None, str]:
        assert self.graph.reread is not None
        self._laid += 1
        self.afford(self._laid)
        if self.tell is not None:
            self.tell(self._laid, None)
        try:
            graph = self.graph.reread(self._shapes(sizes))
        except InvalidModelError as error:
            return None, str(error)
        if leading and not self.leads.add(graph):
            self._overturn()
        return graph, ""

    def _overturn(self, *, refused: bool = False) -> None:
        self.overturned = True
        for key in self.leads.drop(refused=refused):
            self._kept.pop(key, None)

    def _shapes(self, sizes: Sequence[int]) -> dict[str, list[int]]:
        shapes = {e.name: list(self.graph.nodes[e.node].shape) for e in self.graph.inputs_}
        for entry in self.entries:
            for axis, size in zip(entry.axes, sizes, strict=True):
                shapes[entry.name][axis] = size
        return shapes
