"""What the explorer's page knows of a model, as plain data: schema ``rfield.explorer/1``.

``docs/explorer.md`` describes it, so that others can draw it. Everything that is long is in
``tables`` (sequences of integers) and ``masks`` (sets of positions), each different one once, and
is referred to by its number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...analysis.cost import Cost, cost
from ...analysis.geometry.alignment import alignment
from ...analysis.geometry.field import ReceptiveField
from ...analysis.geometry.premises import premises
from ...analysis.geometry.sides import Side, shared, sides_of
from ...analysis.kinds import op_names
from ...analysis.pixels.influence import influence
from ...analysis.pixels.units import Holes, Strips, Table, Units, UnitsOf
from ...analysis.results import Size, axis_names
from ...core.graph import Graph
from ...errors import InvalidModelError, RFieldError
from ..summary import SummaryRow, parts_of, summary
from .encoding import bits, segments, shades

SCHEMA = "rfield.explorer/1"

CHOSEN = 12
"""Layers for which influence is worked out: about one for each stage of a network."""
EXPLAINED = 3
"""Layers, from the end, of which it is explained why their field is so large."""
MOST_SHADES = 1 << 17
"""Positions of an influence map; larger ones are left out."""
NAMED = 6
"""Layers that read a whole axis, named one by one."""


class Pool:
    """Long things, each different one once."""

    def __init__(self) -> None:
        self.tables: list[list[list[int]]] = []
        self.masks: list[dict[str, Any]] = []
        self._known: dict[object, int] = {}

    def table(self, values: NDArray[np.int64]) -> int:
        """The number of a sequence; what has several axes is in row-major order."""
        key = values.shape, values.tobytes()
        if key not in self._known:
            self._known[key] = len(self.tables)
            self.tables.append(segments(values, _periods(values)))
        return self._known[key]

    def mask(self, mask: NDArray[np.bool_]) -> int:
        """The number of a set."""
        key = "mask", mask.shape, mask.tobytes()
        if key not in self._known:
            self._known[key] = len(self.masks)
            self.masks.append({"shape": list(mask.shape), "bits": bits(mask)})
        return self._known[key]


def _periods(values: NDArray[np.int64]) -> Iterable[int]:
    """After how many numbers a pattern may repeat: phases of up-sampling, rows of a map."""
    return {1, 2, 3, 4, 5, 6, 7, 8, 16, 32, *values.shape[1:], *(n for n in range(9, 33))}


def page_data(graph: Graph, title: str | None = None, version: str = "") -> dict[str, Any]:
    """Everything about a model that the page shows.

    Raises:
        UnresolvedSizeError: some input size is free.
        InvalidModelError: no layer depends on an input that has positions.
    """
    pool = Pool()
    given = {entry.node for entry in graph.inputs_}
    layers = [name for name, value in graph.layer_index.items() if value not in given]
    names = {name: number for number, name in enumerate(layers)}
    inputs = [entry for entry in graph.inputs_ if entry.axes]
    costs = _costs(graph)
    if not layers or not inputs:
        raise InvalidModelError(
            "there is nothing to explore: no layer depends on an input that has positions"
        )
    views = [_view(graph, entry.name, names, pool) for entry in inputs]
    return {
        "schema": SCHEMA,
        "rfield": version,
        "title": title or graph.origin,
        "inputs": [
            {
                "name": entry.name,
                "shape": list(graph.nodes[entry.node].shape),
                "axes": list(axis_names(len(entry.axes))),
                "sizes": [graph.nodes[entry.node].shape[axis] for axis in entry.axes],
            }
            for entry in inputs
        ],
        "layers": _layers(graph, names, costs),
        "main": names.get(graph.layer_of(graph.main), len(names) - 1),
        "outputs": [names[n] for n in map(graph.layer_of, graph.outputs_) if n in names],
        "premises": list(premises(graph)),
        "joins": _joins(graph),
        "views": views,
        "tables": pool.tables,
        "masks": pool.masks,
    }


def _costs(graph: Graph) -> Mapping[str, Cost]:
    try:
        return cost(graph).layers
    except RFieldError:
        return {}


def _layers(
    graph: Graph, names: Mapping[str, int], costs: Mapping[str, Cost]
) -> list[dict[str, Any]]:
    reads: dict[str, list[int]] = {}
    inputs = {name: -1 - number for number, name in enumerate(graph.inputs)}
    for source, reader in graph.edges:
        number = names.get(source, inputs.get(source))
        if number is not None:
            reads.setdefault(reader, []).append(number)
    first: dict[int, int] = {}
    found: list[dict[str, Any]] = []
    ops = op_names(graph)
    for name, number in names.items():
        value = graph.layer_index[name]
        node = graph.nodes[value]
        layer: dict[str, Any] = {"name": name, "op": ops[name], "shape": list(node.shape)}
        if first.setdefault(value, number) != number:
            layer["same"] = first[value]
        else:
            layer["reads"] = reads.get(name, [])
        if name in costs:
            layer["macs"], layer["parameters"] = costs[name].macs, costs[name].parameters
        found.append(layer)
    return found


def _joins(graph: Graph) -> list[dict[str, Any]]:
    """The joins whose branches do not line up."""
    try:
        found = alignment(graph).joins
    except RFieldError:
        return []
    return [
        {"layer": join.layer, "wrt": join.wrt, "offset": [_number(o) for o in join.offset]}
        for join in found
    ]


def _view(graph: Graph, wrt: str, names: Mapping[str, int], pool: Pool) -> dict[str, Any]:
    """Every layer as seen from one input."""
    units = Units(graph, wrt)
    rows = {row.layer: row for row in summary(graph, wrt=wrt)}
    layers: dict[str, Any] = {}
    for one in units:
        name = one.field.layer
        if name in names:
            layers[str(names[name])] = _layer(one, rows[name], pool)
    stages = _stages(graph, units, names)
    return {
        "input": wrt,
        "layers": layers,
        "why": _why(graph, units, names, [*stages[-EXPLAINED:], graph.layer_of(graph.main)]),
        "influence": _influence(graph, wrt, units, names, stages),
    }


def _layer(units: UnitsOf, row: SummaryRow, pool: Pool) -> dict[str, Any]:
    rf = units.field
    told: dict[str, Any] = {
        "units": list(units.shape),
        "size": [_size(size) for size in row.size],
        "local": list(row.local),
        "stride": [_number(n) for n in row.stride],
        "padding": list(row.padding),
        "center": [_number(n) for n in row.center],
        "fidelity": row.fidelity,
        "boxes": _tables(units.boxes, pool),
        "theory": _tables(units.theory, pool),
        "holes": _holes(units.holes, pool) if units.has_holes else units.has_holes,
    }
    if row.global_reads:
        told["global"] = {"count": len(row.global_reads), "first": list(row.global_reads[:NAMED])}
    if row.why:
        told["why"] = row.why
    halo = _halo(rf)
    return {**told, "halo": halo} if halo else told


def _tables(tables: Sequence[Table] | None, pool: Pool) -> list[dict[str, Any]] | None:
    if tables is None:
        return None
    return [
        {
            "shape": list(table.start.shape),
            "start": pool.table(table.start),
            "stop": pool.table(table.stop),
        }
        for table in tables
    ]


def _holes(holes: Holes | Strips | None, pool: Pool) -> dict[str, Any]:
    """The sets of units, or those along each axis whose product they are."""
    assert holes is not None
    if isinstance(holes, Holes):
        return _numbered(holes.masks, holes.number, pool)
    axes: list[dict[str, Any]] = []
    for marks in holes.marks:
        rows = marks.reshape(-1, marks.shape[-1])
        packed = np.packbits(rows, axis=1)  # in the same order, and of an eighth of the width
        _, first, number = np.unique(packed, axis=0, return_index=True, return_inverse=True)
        different = rows[first]
        number = number.reshape(marks.shape[:-1]).astype(np.int64)
        axes.append({"shape": list(number.shape), **_numbered(different, number, pool)})
    return {"axes": axes}


def _numbered(
    masks: Iterable[NDArray[np.bool_]], number: NDArray[np.int64], pool: Pool
) -> dict[str, Any]:
    return {"masks": [pool.mask(mask) for mask in masks], "number": pool.table(number)}


def _halo(rf: ReceptiveField) -> dict[str, Any] | None:
    """The context of a block of outputs; None where it has no end or there is no map."""
    try:
        halo = rf.local.halo
    except RFieldError:
        return None
    sides = [*halo.before, *halo.after]
    if not all(isinstance(side, int) for side in sides):
        return None
    return {"before": list(halo.before), "after": list(halo.after), "block": list(halo.block)}


def _why(
    graph: Graph, units: Units, names: Mapping[str, int], layers: Iterable[str]
) -> dict[str, list[dict[str, Any]]]:
    """The paths that reach furthest, for some layers, with what each layer on them adds."""
    found: dict[str, list[dict[str, Any]]] = {}
    for layer in layers:
        if layer not in names or layer not in units.fields:
            continue
        if not any(units.fields[layer].largest):
            continue
        try:
            sides = shared(sides_of(units.fields, graph.index(layer)))
        except RFieldError:
            continue
        number = names[graph.layer_of(graph.layer_index[layer])]
        found[str(number)] = [_side(layer, side, axes, names) for side, axes in sides]
    return found


def _side(layer: str, side: Side, axes: Sequence[str], names: Mapping[str, int]) -> dict[str, Any]:
    return {
        "layer": layer,
        "axes": list(axes),
        "side": side.side,
        "total": str(side.total),
        "steps": [[names.get(s.layer, s.layer), str(s.adds)] for s in side.steps if s.adds],
        "path": [names[step.layer] for step in side.steps if step.layer in names],
    }


def _influence(
    graph: Graph, wrt: str, units: Units, names: Mapping[str, int], layers: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """How what the middle unit of some layers reads is weighted."""
    found: dict[str, dict[str, Any]] = {}
    for layer in layers:
        rf = units.fields[layer]
        shape = [graph.nodes[rf.value].shape[axis] for axis in rf.positions]
        middle = tuple(n // 2 for n in shape)
        try:
            one = influence(graph, middle, layer, wrt=wrt)
        except RFieldError:
            continue
        if 0 < one.weight.size <= MOST_SHADES:
            number = names[graph.layer_of(rf.value)]
            found[str(number)] = {
                "index": list(middle),
                "offset": list(one.offset),
                "shape": list(one.weight.shape),
                "shades": shades(one.weight),
                "std": [round(value, 2) for value in one.std],
                "boxes": {str(share): [list(s) for s in one.spans(share)] for share in (0.5, 0.9)},
            }
    return found


def _stages(graph: Graph, units: Units, names: Mapping[str, int]) -> list[str]:
    """A few layers from the first to the last, the least deep ones first."""
    maps = [
        name
        for name in names
        if name in units.fields
        and prod(graph.nodes[graph.layer_index[name]].shape)
        and units.fields[name].positions
    ]
    for depth in sorted({parts_of(name) for name in maps}, reverse=True):
        shallow = [name for name in maps if parts_of(name) <= depth]
        if len(shallow) <= CHOSEN:
            return shallow
    step = -(-len(maps) // CHOSEN) if maps else 1
    return maps[::-1][::step][::-1]


def _size(size: Size) -> int | None:
    return size if isinstance(size, int) else None


def _number(value: Fraction | int | None) -> int | str | None:
    """An integer, or a fraction as text."""
    if value is None:
        return None
    return int(value) if value == int(value) else str(value)
