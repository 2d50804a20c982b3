"""Interior: the outputs of a crop that are what they are in the middle of a large image.

The crop is held against the same model on a larger image around it (``agreement``): whatever a
border does to an output shows in that, be it padding, a normaliser that is made of padded ones, a
part that is not written, or what a mask takes away. A whole-axis read counts as read at its place
if all that it reads is so.

A model that can be read at no other size has no larger image. For it padding is looked for in the
crop alone (``clean_rows``).

This module stands between the rooms: a field is asked for its interior, and what compares two runs
knows no fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ..core.arguments import per_axis
from ..core.graph import Graph, Input
from ..core.link import Link
from ..core.relation import Prefix, Whole
from ..errors import RFieldError, UnresolvedSizeError
from .engines.bounds import axis_field
from .engines.forward import sweep
from .engines.terms import State, carriers
from .pieces.comparing.agreement import Agreement, agreement
from .pieces.comparing.clean_rows import clean_rows, longest
from .pieces.comparing.cuts import Cut
from .pieces.comparing.direct import direct
from .pieces.comparing.grid import Grid, Rates, grid
from .pieces.comparing.unrolling import apart


class _Field(Protocol):
    """What an interior asks of a receptive field."""

    @property
    def graph(self) -> Graph: ...
    @property
    def layer(self) -> str: ...
    @property
    def wrt(self) -> str: ...
    @property
    def value(self) -> int: ...
    @property
    def source(self) -> int: ...
    @property
    def source_axes(self) -> tuple[int, ...]: ...
    @property
    def positions(self) -> tuple[int, ...]: ...
    @property
    def is_local(self) -> bool: ...


def interior_of(rf: _Field, size: Any = None) -> tuple[slice, ...]:
    """Per position axis the outputs of a crop of ``size`` that lie in its interior."""
    graph = rf.graph
    if size is not None:
        if graph.reread is None or rf.wrt not in graph.inputs:
            raise UnresolvedSizeError(f"{rf.wrt} cannot be read again at another size")
        graph = _sized(rf, per_axis("size", size, len(rf.source_axes)))
    elif graph.has_free_axes:
        raise UnresolvedSizeError(
            f"{rf.layer}: interior needs the input's sizes, and {rf.wrt} has free axes: size=…"
        )
    found = _among_larger(rf, graph)
    if found is None:
        rows = clean_rows(graph, _value(rf, graph), _rates(rf, graph), local=rf.is_local)
        clean = all(row.any() for row in rows)
        return tuple(longest(rows[axis]) if clean else slice(0, 0) for axis in rf.positions)
    return found


def _value(rf: _Field, graph: Graph) -> int:
    """The layer, at any size."""
    return graph.main if rf.value == rf.graph.main else graph.index(rf.layer)


def _moving(rf: _Field) -> tuple[Input, ...]:
    """The inputs that are cropped: inputs of the same sizes go together."""
    graph = rf.graph
    behind = graph.behind(rf.value)

    def sizes(entry: Input) -> list[int]:
        return [graph.nodes[entry.node].shape[axis] for axis in entry.axes]

    named = (entry for entry in graph.inputs_ if entry.name == rf.wrt)
    others = (entry for entry in graph.inputs_ if entry.axes and entry.node in behind)
    first = next(named, None) or next(others, None)
    if first is None:
        return ()
    return tuple(entry for entry in graph.inputs_ if sizes(entry) == sizes(first))


def _sized(rf: _Field, sizes: Sequence[int]) -> Graph:
    """The graph for an input of these sizes."""
    graph = rf.graph
    assert graph.reread is not None
    shapes = {entry.name: list(graph.nodes[entry.node].shape) for entry in graph.inputs_}
    for entry in _moving(rf):
        for axis, size in zip(entry.axes, sizes, strict=True):
            shapes[entry.name][axis] = size
    return graph.reread(shapes)


def _among_larger(rf: _Field, crop: Graph) -> tuple[slice, ...] | None:
    """The interior by comparison with a larger image; None where the model takes none."""
    moving = _moving(rf)
    if rf.graph.reread is None or not moving:
        return None
    entry = crop.entry(moving[0].name)
    sizes = [crop.nodes[entry.node].shape[axis] for axis in entry.axes]
    axes = {crop.entry(one.name).node: one.axes for one in moving}
    found = grid(crop, axes, _value(rf, crop), beside=False)  # what repeats is of the place too
    margins = _margins(crop, _value(rf, crop), entry, found)
    starts = [
        -(-max(n // 2, margin, 1) // step) * step
        for n, margin, step in zip(sizes, margins, found.steps, strict=True)
    ]
    beside = [start + step for start, step in zip(starts, found.steps, strict=True)]
    sides = zip(sizes, starts, beside, strict=True)
    try:
        large = _sized(rf, [n + start + other for n, start, other in sides])
    except RFieldError:
        return None
    whole, merged = apart(direct(large))
    part, _ = apart(direct(crop), merged)
    # one step further another number of a pattern may lie where this one does
    both = [_within(rf, whole, part, {one.name: at for one in moving}) for at in (starts, beside)]
    met = [
        slice(max(one.start for one in of), min(one.stop for one in of))
        for of in zip(*both, strict=True)
    ]
    empty = any(one.start >= one.stop for one in met)
    return tuple(slice(0, 0) for _ in met) if empty else tuple(met)


def _within(
    rf: _Field, whole: Graph, part: Graph, begin: Mapping[str, Sequence[int]]
) -> tuple[slice, ...]:
    """The outputs of a crop that begins there which are those of the larger image."""
    value = _value(rf, part)
    agreed = agreement(whole, part, begin, value=value, local=True)
    cuts = agreed.cuts[value]
    nothing = tuple(slice(0, 0) for _ in rf.positions)
    if cuts is None or agreed.places[value] != _value(rf, whole):
        return nothing
    if not rf.is_local and not _read_whole(part, value, agreed):
        return nothing
    rest = set(range(len(cuts))) - set(rf.positions)
    shape = part.nodes[value].shape
    if any(cut.first >= cut.stop for cut in cuts) or not all(_all(cuts[a], shape[a]) for a in rest):
        return nothing
    return tuple(slice(cuts[axis].first, cuts[axis].stop) for axis in rf.positions)


def _margins(crop: Graph, value: int, entry: Input, found: Grid) -> list[int]:
    """How far the larger image goes on: further than any value of the crop reads or reaches.

    Else a border of the larger image would lie where one of the crop is, and look the same.
    """
    margins: list[int] = []
    swept = sweep(crop, entry.node, entry.axes)
    ends = {value, *_wholly_read(crop, value)}
    for k, axis in enumerate(entry.axes):
        spans = [_span(swept.at(index)[k], crop.nodes[index].shape) for index in ends]
        extents = (
            int(n / abs(rate[1]))
            for index in crop.behind(value)
            for n, rate in zip(crop.nodes[index].shape, found.rates[index], strict=True)
            if rate is not None and rate[0] == k
        )
        beyond = max(extents, default=0) - crop.nodes[entry.node].shape[axis]
        margins.append(max(spans) + max(beyond, 0))
    return margins


def _span(state: State, shape: Sequence[int]) -> int:
    """How many positions an output spans, whole-axis reads left out."""
    places = carriers([state], len(shape), local=True)
    return axis_field(state, shape, places).local.largest


def _wholly_read(graph: Graph, value: int) -> set[int]:
    """The values that are read along a whole axis: their own fields are in no local one."""
    return {
        operand
        for index in graph.behind(value)
        for operand, link in zip(graph.nodes[index].operands, graph.nodes[index].links, strict=True)
        if isinstance(link, Link)
        and any(isinstance(read.relation, Whole | Prefix) for read in link.reads)
    }


def _all(cut: Cut, size: int) -> bool:
    return cut.first <= 0 and cut.stop >= size


def _read_whole(part: Graph, value: int, found: Agreement) -> bool:
    """Whether all that is read of whole axes lies in the interior of its own value."""
    for index in part.behind(value):
        node = part.nodes[index]
        for operand, link in zip(node.operands, node.links, strict=True):
            cuts = found.cuts[operand]
            if cuts is None or not isinstance(link, Link):
                continue
            sizes = zip(link.reads, cuts, part.nodes[operand].shape, strict=True)
            for read, cut, size in sizes:
                if isinstance(read.relation, Whole | Prefix) and not _all(cut, size):
                    return False
    return True


def _rates(rf: _Field, graph: Graph) -> Sequence[Rates]:
    """Which axes of every value move along with the input."""
    axes = {graph.entry(one.name).node: one.axes for one in _moving(rf)}
    return grid(graph, axes, _value(rf, graph)).rates
