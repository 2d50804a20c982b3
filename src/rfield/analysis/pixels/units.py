"""What every unit of every layer reads: boxes as short tables, and the holes in them.

A unit is one output position of a layer. In nearly every layer the box of a unit is a product of
tables along single axes; those are kept, and a million units cost two numbers per row and column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.graph import Graph
from ...core.limits import MOST_CODES, MOST_LISTED
from ...core.link import Link
from ...core.relation import IDENTITY, Whole
from ...errors import RFieldError
from ..engines.bounds import axis_field
from ..engines.everywhere import Everywhere, folded, shortest
from ..engines.products import Products, of_positions
from ..engines.pull import LARGEST, Ints
from ..engines.solid import solid_positions, solid_values
from ..geometry.field import ReceptiveField
from ..geometry.fields import Fields, choose_source
from ..results import sizes_needed
from .support import support_of

ENDLESS = 1 << 52
"""What stands for a side without end: as large as a number in JSON is exact."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Where the boxes of a layer's units begin and stop (half-open) along one axis of the input.

    ``start`` and ``stop`` have one axis for each position axis of the layer, of size 1 where the
    box does not move along it. A unit reads nothing where ``start >= stop`` on any axis of the
    input (both are 0 there); sides without end are ``-ENDLESS`` and ``ENDLESS``.
    """

    start: Ints
    stop: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Holes:
    """What the units of a layer read inside their boxes, where that is not all of it.

    ``masks``: each different set once, cut to its box; ``number``: which of them a unit reads, over
    the layer's positions.
    """

    masks: tuple[NDArray[np.bool_], ...]
    number: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Strips:
    """What the units of a layer read inside their boxes, as a product of sets along each axis.

    ``marks``: for each axis of the input an array over the layer's positions (of size 1 where
    nothing changes) and, at the end, the positions of that axis.
    """

    marks: tuple[NDArray[np.bool_], ...]


@dataclass(frozen=True, slots=True, eq=False)
class UnitsOf:
    """The units of one layer.

    ``boxes``: what they read on this input; ``theory``: the same with padding as more input; one
    table per axis of the input. None: too many to be listed. ``holes``: None where there are none;
    ``has_holes``: whether there are, None where that was not worked out.
    """

    field: ReceptiveField
    shape: tuple[int, ...]
    boxes: tuple[Table, ...] | None
    theory: tuple[Table, ...] | None
    holes: Holes | Strips | None
    has_holes: bool | None


class Units:
    """The units of all layers of a graph that depend on one input."""

    def __init__(self, graph: Graph, wrt: str | None = None) -> None:
        if graph.has_free_axes:
            problem = "what every unit reads depends on the input size, which is free"
            raise sizes_needed(graph, problem)
        self.graph = graph
        self.fields = Fields(graph, choose_source(graph, None, wrt), wrt)
        self._all = Everywhere(
            graph, self.fields.source, self.fields.source_axes, range(len(graph.nodes))
        )
        self._listed: dict[tuple[int, tuple[int, ...]], Holes | None] = {}
        self._cells = 0

    def __iter__(self) -> Iterator[UnitsOf]:
        reached = self.graph.dependents(self.fields.source)
        for layer in self.fields:
            if self.graph.index(layer) in reached:
                yield self.of(layer)

    def of(self, layer: str) -> UnitsOf:
        """The units of one layer."""
        rf = self.fields[layer]
        shape = tuple(self.graph.nodes[rf.value].shape[axis] for axis in rf.positions)
        boxes = self._boxes(rf, shape)
        holes, known = self._holes(rf, shape, boxes)
        return UnitsOf(rf, shape, boxes, _theory(rf, shape), holes, known)

    @cached_property
    def _solid(self) -> frozenset[int]:
        return solid_values(self.graph, self.fields.source, self._all)

    @cached_property
    def _products(self) -> Products:
        return Products(self.graph, self.fields.source, self._all, self._solid)

    def _boxes(self, rf: ReceptiveField, shape: tuple[int, ...]) -> tuple[Table, ...] | None:
        found = self._all.bounds(rf.value)
        if found is None:
            return _listed(rf, shape, clip=True)
        tables: list[Table] = []
        for bounds in found:
            low, high = shortest(*folded(bounds, rf.positions))
            low, high = (
                side.transpose(
                    [*rf.positions, *(a for a in range(side.ndim) if a not in rf.positions)]
                ).reshape([side.shape[axis] for axis in rf.positions])
                for side in (low, high)
            )
            empty = low > high
            tables.append(Table(np.where(empty, 0, low), np.where(empty, 0, high + 1)))
        return tuple(tables)

    def _holes(
        self, rf: ReceptiveField, shape: tuple[int, ...], boxes: tuple[Table, ...] | None
    ) -> tuple[Holes | Strips | None, bool | None]:
        value = rf.value
        if value in self._solid and solid_positions(self.graph, value, self._all, rf.positions):
            return None, False
        if boxes is not None and value not in self._all.crossed:
            marks = self._products.of(value)
            strips = None if marks is None else of_positions(marks, rf.positions)
            if strips is not None:
                return (None, False) if _are_boxes(strips) else (Strips(strips), True)
        root = self._root(value, rf.positions), rf.positions
        if root not in self._listed and boxes is not None and prod(shape):
            lengths = [int((table.stop - table.start).max()) for table in boxes]
            cells = prod(shape) * prod(lengths)
            if cells > MOST_CODES or self._cells + cells > 8 * MOST_CODES:
                return None, None
            self._cells += cells
            self._listed[root] = _masks(rf, shape)
        if root not in self._listed:
            return None, None
        holes = self._listed[root]
        return holes, holes is not None

    def _root(self, value: int, positions: tuple[int, ...]) -> int:
        """The value whose positions read the same sets: that of the layer before pointwise ones."""
        node = self.graph.nodes[value]
        while len(node.operands) == 1 and node.known is None and isinstance(node.links[0], Link):
            link = node.links[0]
            if len(link.reads) != len(node.shape) or not all(
                read.relation == IDENTITY and read.axis == axis
                if axis in positions
                else read.relation == IDENTITY or isinstance(read.relation, Whole)
                for axis, read in enumerate(link.reads)
            ):
                break
            value = node.operands[0]
            node = self.graph.nodes[value]
        return value


def _are_boxes(strips: tuple[NDArray[np.bool_], ...]) -> bool:
    """Whether every set is one run, or a unit reads nothing at all."""
    for marks in strips:
        starts = marks[..., :1].astype(np.int64) + (marks[..., 1:] & ~marks[..., :-1]).sum(
            axis=-1, keepdims=True
        )
        if (starts > 1).any():
            return False
    return True


def _theory(rf: ReceptiveField, shape: tuple[int, ...]) -> tuple[Table, ...] | None:
    """Boxes with padding as more input."""
    if rf.is_crossed:
        return _listed(rf, shape, clip=False)
    tables: list[Table] = []
    for state in rf.states:
        one = axis_field(state, rf.graph.nodes[rf.value].shape, rf.positions)
        moves = [any(term.varies(axis) for term in one.terms) for axis in rf.positions]
        lengths = [size if moving else 1 for size, moving in zip(shape, moves, strict=True)]
        if prod(lengths) > MOST_LISTED:
            return None
        low, high = one.bounds(_rows(lengths))
        tables.append(_table(low, high + 1, lengths))
    return tuple(tables)


def _listed(rf: ReceptiveField, shape: tuple[int, ...], *, clip: bool) -> tuple[Table, ...] | None:
    """Boxes unit by unit."""
    if prod(shape) > MOST_LISTED:
        return None
    try:
        box = rf.region(_rows(shape), clip=clip)
    except RFieldError:
        return None
    return tuple(_table(box.start[:, k], box.stop[:, k], shape) for k in range(len(rf.axes)))


def _rows(shape: Sequence[int]) -> Ints:
    """All positions of a map, in order."""
    return np.indices(shape, dtype=np.int64).reshape(len(shape), prod(shape)).T


def _table(start: NDArray[Any], stop: NDArray[Any], shape: Sequence[int]) -> Table:
    empty = start >= stop
    low = np.where(empty, 0, np.where(start < -LARGEST, -ENDLESS, start)).astype(np.int64)
    high = np.where(empty, 0, np.where(stop > LARGEST, ENDLESS, stop)).astype(np.int64)
    return Table(*shortest(low.reshape(shape), high.reshape(shape)))


def _masks(rf: ReceptiveField, shape: tuple[int, ...]) -> Holes | None:
    """The sets of all units, each different one once; None where none has a hole."""
    found = support_of(rf, _rows(shape))
    assert isinstance(found, tuple)
    known: dict[tuple[tuple[int, ...], bytes], int] = {}
    masks: list[NDArray[np.bool_]] = []
    number = np.zeros(len(found), dtype=np.int64)
    for at, one in enumerate(found):
        key = one.mask.shape, np.packbits(one.mask).tobytes()
        if key not in known:
            known[key] = len(masks)
            masks.append(one.mask)
        number[at] = known[key]
    if all(mask.all() for mask in masks):
        return None
    return Holes(tuple(masks), number.reshape(shape))
