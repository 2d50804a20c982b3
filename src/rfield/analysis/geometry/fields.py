"""``receptive_field`` and ``receptive_fields``: which sweep answers which question."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import accumulate

from ...core.graph import Graph
from ...core.limits import GENERAL, MOST_NAMES, MOST_SWEPT
from ...errors import InvalidModelError, UnresolvedSizeError, over_limit, unknown_name
from ..engines.bounds import position_axes
from ..engines.forward import Sweep, input_sweeps, sweep
from ..engines.free import unknown_numbers
from ..engines.phases import Phases, gap_phases
from ..engines.recalled import Recalled
from ..engines.reverse import pull_back
from ..engines.terms import Terms
from ..kinds import innermost_ops
from ..results import Fidelity, axis_names
from .field import ReceptiveField
from .path import Paths
from .whole_reads import NONE, WholeReads


def receptive_field(
    graph: Graph, output: str | None = None, *, wrt: str | None = None
) -> ReceptiveField:
    """The receptive field of ``output`` (default: the graph's last output) in ``wrt``.

    ``wrt``: an input or any layer; default the one input that the output depends on.
    """
    value = graph.main if output is None else graph.index(output)
    name = graph.layer_of(value) if output is None else output
    source = choose_source(graph, value, wrt)
    return Fields(graph, source, wrt)._field(name, value)  # pyright: ignore[reportPrivateUsage]  # own module


def receptive_fields(
    graph: Graph, *, wrt: str | None = None, of: str | None = None
) -> Mapping[str, ReceptiveField]:
    """The fields of all layers at once, from one sweep.

    By default every layer with respect to the input; ``wrt``: with respect to that layer;
    ``of``: that one layer with respect to every layer before it (and the inputs).
    """
    if of is not None:
        return FieldsOf(graph, of)
    source = choose_source(graph, None, wrt)
    return Fields(graph, source, wrt)


class Fields(Mapping[str, ReceptiveField]):
    """Layer -> its field with respect to one source. The sweep is done; results come on demand."""

    def __init__(self, graph: Graph, source: int, wrt: str | None = None) -> None:
        self.graph = graph
        self.source = source
        self.wrt = graph.nodes[source].name if wrt is None else wrt
        self.axes, self.source_axes = source_layout(graph, source)
        self.sweep: Sweep = sweep(graph, source, self.source_axes)
        self._recalled = Recalled()
        self._joint: dict[int, bool] = {}
        """Whether the boxes of a crossed value can be had on all axes at once."""

    def __getitem__(self, layer: str) -> ReceptiveField:
        return self._field(layer, self.graph.index(layer))

    def at(self, value: int) -> ReceptiveField:
        """The field of a value, by its number."""
        return self._field(self.graph.layer_of(value), value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    def __repr__(self) -> str:
        return f"<the fields of {len(self):,} layers in {self.wrt!r} ({', '.join(self.axes)})>"

    def __contains__(self, layer: object) -> bool:
        return layer in self._layers

    def check_names(self, layers: Iterable[str]) -> None:
        """Refuse a table of all whole-axis reads of ``layers`` where it would be too large."""
        total = 0
        for layer in layers if self._whole_reads.values else ():
            total += self._whole_reads.count(self.graph.index(layer))
            if total > MOST_NAMES:
                raise over_limit(
                    layer, "a table of the layers that read a whole axis before each", total,
                    MOST_NAMES, "Ask for fewer layers, or for rfield.receptive_fields(model)",
                )  # fmt: skip

    @cached_property
    def _layers(self) -> dict[str, int]:
        return {n: i for n, i in self.graph.layer_index.items() if i >= self.source}

    @cached_property
    def _whole_reads(self) -> WholeReads:
        """Who reads a whole axis before whom."""
        values = frozenset[int]().union(*self.sweep.globals_)
        return WholeReads(self.graph, values) if values else NONE

    @cached_property
    def _ops(self) -> dict[str, str]:
        return innermost_ops(self.graph)

    def op_of(self, layer: str, value: int) -> str:
        """What a layer computes; of one that holds others, what this value in it is."""
        return self._ops.get(layer) or self.graph.nodes[value].kind

    @cached_property
    def paths(self) -> tuple[Paths, ...]:
        """The paths that lead to the source, along each axis."""
        return tuple(Paths(self.graph, self.sweep, k) for k in range(len(self.axes)))

    @cached_property
    def _inexact(self) -> frozenset[int]:
        """Values whose field is an upper bound."""
        partial = {i for i, node in enumerate(self.graph.nodes) if node.partial}
        if all(node.exact for node in self.graph.nodes):
            return frozenset(partial)
        reached = self.graph.dependents(self.source) - {self.source}
        inexact = (i for i in reached if not self.graph.nodes[i].exact)
        return frozenset(self.graph.dependents(*inexact) | partial)

    def _field(self, layer: str, value: int) -> ReceptiveField:
        states = self.sweep.at(value)
        positions = position_axes(self.graph, value, self.source, self.source_axes, states)
        unknown = {}
        if self.graph.has_free_axes:
            unknown = unknown_numbers(
                self.graph,
                self.graph.nodes[self.source].name,
                self.graph.name_of(value),
                self.source_axes,
                self.axes,
                states,
            )
        rf = ReceptiveField(
            graph=self.graph, layer=layer, wrt=self.wrt, axes=self.axes, value=value,
            source=self.source, source_axes=self.source_axes, states=states,
            fidelity=Fidelity.UPPER_BOUND if value in self._inexact else Fidelity.EXACT,
            whole_reads=self._whole_reads, unknown=unknown, positions=positions,
            gaps=self._gaps_of(value),
        )  # fmt: skip
        if rf.is_crossed and value not in self._joint:
            self._joint[value] = rf.has_joint_theory(self._recalled)
        if rf.is_crossed and not self._joint[value]:
            return replace(rf, gaps=None, fidelity=Fidelity.UPPER_BOUND)
        return rf

    def _gaps_of(self, value: int) -> Phases | None:
        """The phases of a value whose boxes are exact only together; else None."""
        if value not in self._crossed:
            return None
        return self._gaps.get(value, (1,) * len(self.graph.nodes[value].shape))

    @cached_property
    def _gaps(self) -> dict[int, Phases]:
        return gap_phases(self.graph, self.sweep)

    @cached_property
    def _crossed(self) -> frozenset[int]:
        """Values that depend on a join whose boxes are exact only together."""
        return frozenset(self.graph.dependents(*self.sweep.crossed))


class FieldsOf(Mapping[str, ReceptiveField]):
    """Earlier layer -> the field of one layer in it."""

    def __init__(self, graph: Graph, of: str) -> None:
        self.graph = graph
        self.of = of
        self.value = graph.index(of)
        self._sweeps = input_sweeps(graph)
        plain = not graph.has_free_axes and not any(swept.crossed for swept in self._sweeps)
        self._swept = 0
        self._pulled = pull_back(graph, self.value, self._sweeps) if plain else None

    def __getitem__(self, layer: str) -> ReceptiveField:
        if layer not in self._layers:
            raise unknown_name(f"layer that {self.of} depends on", layer, self._layers)
        source = self._layers[layer]
        if self._pulled is not None:
            axes, source_axes = source_layout(self.graph, source, self._sweeps)
            states = self._pulled.states(source, source_axes)
            if states is not None:
                return ReceptiveField(
                    graph=self.graph, layer=self.of, wrt=layer, axes=axes, value=self.value,
                    source=source, source_axes=source_axes, states=states,
                    fidelity=Fidelity.EXACT, whole_reads=NONE,
                    positions=position_axes(self.graph, self.value, source, source_axes, states),
                )  # fmt: skip
        self._swept += self._work[source]
        if self._swept > max(MOST_SWEPT, self._work[source]):
            raise over_limit(
                layer, "a sweep for each layer up to this one", self._swept, MOST_SWEPT,
                f"Ask for single ones: rfield.receptive_field(model, {self.of!r}, wrt=layer)",
            )  # fmt: skip
        fields = Fields(self.graph, source, layer)
        return fields._field(self.of, self.value)  # pyright: ignore[reportPrivateUsage]  # own module

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    def __repr__(self) -> str:
        return f"<the fields of {self.of!r} in {len(self):,} layers and inputs before it>"

    @cached_property
    def _work(self) -> list[int]:
        """What a sweep from each value on costs, in plain values."""
        nodes = range(len(self.graph.nodes))
        plain = [all(type(s) is not Terms for w in self._sweeps for s in w.at(n)) for n in nodes]
        after = accumulate(1 if one else GENERAL for one in reversed(plain))
        return [*after][::-1]

    @cached_property
    def _layers(self) -> dict[str, int]:
        """Layers and inputs that come before, those that the layer depends on."""
        behind = self.graph.behind(self.value)
        inputs = {entry.name: entry.node for entry in self.graph.inputs_}
        named = {**inputs, **self.graph.layer_index}
        return {n: i for n, i in named.items() if i in behind and i <= self.value}


def source_named(graph: Graph, name: str) -> int:
    """The value in which fields are measured: an input, also beside a layer of its name."""
    for entry in graph.inputs_:
        if entry.name == name:
            return entry.node
    return graph.index(name)


def choose_source(graph: Graph, value: int | None, wrt: str | None) -> int:
    """The value that fields are measured in; an ambiguous choice is an error."""
    if wrt is not None:
        found = source_named(graph, wrt)
        around = next((node for node in graph.nodes if found in node.parts), None)
        if around is not None:
            whole = graph.layer_of(around.operands[0])
            raise InvalidModelError(
                f"{around.name} pads or rolls {whole} with {wrt}, and is read as that.\n"
                f"  Ask with respect to {whole}."
            )
        return found
    if not graph.inputs_:
        raise unknown_name("input", "", ())
    candidates = [entry for entry in graph.inputs_ if entry.axes] or list(graph.inputs_)
    if len(candidates) > 1 and value is not None:
        behind = graph.behind(value)
        candidates = [e for e in candidates if e.node in behind] or candidates[:1]
    if len(candidates) > 1:
        names = ", ".join(repr(entry.name) for entry in candidates)
        raise UnresolvedSizeError(
            f"there are {len(candidates)} inputs: {names}. Choose one with wrt=."
        )
    return candidates[0].node


def source_layout(
    graph: Graph, source: int, sweeps: Sequence[Sweep] | None = None
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Names and tensor axes of the spatial axes of an input or of a layer.

    A layer's spatial axes are those along which its own field in the input moves.
    """
    for entry in graph.inputs_:
        if entry.node == source:
            return axis_names(len(entry.axes)), entry.axes
    for swept in input_sweeps(graph) if sweeps is None else sweeps:
        states = swept.at(source)
        if any(state is not None for state in states):
            positions = position_axes(graph, source, swept.source, swept.axes, states)
            if len(positions) == len(swept.axes):
                return axis_names(len(swept.axes)), positions
            if positions:
                return tuple(f"axis{axis}" for axis in positions), positions
    rank = len(graph.nodes[source].shape)
    axes = tuple(range(min(2, rank - 1), rank))
    return axis_names(len(axes)), axes
