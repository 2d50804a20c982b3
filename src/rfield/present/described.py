"""What is compared of a model: the numbers of every layer's field in every input, and its cost.

Plain values without a graph behind them, so that what was recorded in a file is described alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from ..analysis.cost import Cost, cost
from ..analysis.geometry.field import ReceptiveField
from ..analysis.geometry.fields import Fields, source_named
from ..analysis.kinds import op_names
from ..core.graph import Graph
from . import values
from .rows import center_of_first, local_size


@dataclass(frozen=True, slots=True)
class FieldNumbers:
    """The field of a layer in one input; tuples are per axis of the input.

    ``size`` to ``center`` leave whole-axis reads out, ``whole`` says along which axes there are
    any. None: there is no such number.
    """

    size: tuple[int, ...]
    stride: tuple[Fraction | None, ...]
    padding: tuple[Fraction | None, ...]
    center: tuple[Fraction | None, ...]
    whole: tuple[bool, ...]
    fidelity: str = "exact"


@dataclass(frozen=True, slots=True)
class DescribedInput:
    """An input: its spatial axes and their sizes, None where they are free."""

    axes: tuple[str, ...]
    sizes: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class DescribedLayer:
    """One layer. ``fields`` has the inputs that it reads; op and cost are None where unknown."""

    name: str
    fields: Mapping[str, FieldNumbers]
    op: str | None = None
    macs: int | None = None
    parameters: int | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """A model, as far as it is compared with another; layers in the order of computation.

    ``macs`` and ``parameters`` are those of the whole, None where unknown. ``only``: the pattern of
    the names that were chosen; empty for all.
    """

    title: str
    inputs: Mapping[str, DescribedInput]
    layers: tuple[DescribedLayer, ...]
    macs: int | None = None
    parameters: int | None = None
    only: str = ""


def describe(graph: Graph, *, wrt: str | None = None, title: str | None = None) -> Described:
    """The numbers of every layer in every input, or in ``wrt`` alone (an input or a layer)."""
    sources = [entry.name for entry in graph.inputs_ if entry.axes] or list(graph.inputs)
    found = [Fields(graph, source_named(graph, name), name) for name in ([wrt] if wrt else sources)]
    inputs: dict[str, DescribedInput] = {}
    for fields in found:
        shape = graph.shape(fields.source)
        sizes = tuple(shape[axis] for axis in fields.source_axes)
        inputs[fields.wrt] = DescribedInput(fields.axes, sizes)
    total = None if graph.has_free_axes else cost(graph)
    layers: list[DescribedLayer] = []
    ops = op_names(graph)
    for name, index in graph.layer_index.items():
        read = {at.wrt: numbers_of(at[name]) for at in found if at.source <= index}
        seen = {source: numbers for source, numbers in read.items() if _reads(numbers)}
        macs, parameters = _work(total, name)
        layers.append(DescribedLayer(name, seen, ops[name], macs, parameters))
    called = graph.origin if title is None else title
    macs, parameters = (total.macs, total.parameters) if total else (None, None)
    return Described(called, inputs, tuple(layers), macs, parameters)


def _work(total: Cost | None, layer: str) -> tuple[int | None, int | None]:
    if total is None:
        return None, None
    work = total.layers.get(layer)
    return (work.macs, work.parameters) if work else (0, 0)


def numbers_of(rf: ReceptiveField) -> FieldNumbers:
    """The numbers of one field."""
    return FieldNumbers(
        size=local_size(rf),
        stride=rf.local.stride,
        padding=tuple(None if p is None else Fraction(p) for p in rf.local.padding),
        center=center_of_first(rf),
        whole=tuple(map(values.is_unbounded, rf.size)),
        fidelity=rf.fidelity.value,
    )


def _reads(numbers: FieldNumbers) -> bool:
    return any(numbers.size) or any(numbers.whole)
