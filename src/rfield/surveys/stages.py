"""Where a network is narrow: the values through which everything passes, and its stages by them.

A stage ends where the stride changes. Its map is the last value with that stride that every path to
the last map goes through: the output of a block, not a layer inside a branch of the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple

from ..analysis.geometry.field import ReceptiveField
from ..analysis.geometry.fields import Fields
from ..core.graph import Graph
from ..errors import TooLargeError


class Stage(NamedTuple):
    """The last narrow place with one stride."""

    layer: str
    value: int
    field: ReceptiveField


class LocalSizes:
    """Per axis the size of any value without whole-axis reads; 0 where nothing local is left.

    Values that hand on what they read share its state: its size is found once for all of them.
    """

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self._known: dict[object, tuple[int, ...]] = {}

    def __getitem__(self, value: int) -> tuple[int, ...]:
        field = self.fields.at(value)
        shape = self.fields.graph.nodes[value].shape
        key: object = value if field.is_crossed else (*map(id, field.states), shape)
        if key not in self._known:
            self._known[key] = largest(field)
        return self._known[key]


def largest(field: ReceptiveField) -> tuple[int, ...]:
    """Per axis the size without whole-axis reads; 0 where nothing local is left."""
    return field.largest


def last_map(fields: Fields, output: int) -> int | None:
    """The last value on the way to ``output`` whose field moves over more than one position.

    What reads whole axes alone has no place, whatever axes it has.
    """
    graph = fields.graph
    for value in sorted(graph.behind(output), reverse=True):
        if value <= fields.source:
            return None
        field = fields.at(value)
        moves = all(graph.nodes[value].shape[axis] > 1 for axis in field.positions)
        if field.positions and moves and _reads_locally(field):
            return value
    return None


def _reads_locally(field: ReceptiveField) -> bool:
    try:
        return any(map(any, field.sizes))
    except TooLargeError:  # no box, and too many positions to look at each
        return True


def narrow(graph: Graph, source: int, value: int) -> list[int]:
    """The values that every path from ``source`` to ``value`` goes through, in order.

    In the order of computing, an edge that jumps over a value is a path around it.
    """
    on_the_way = graph.between(source, value)
    last_reader: dict[int, int] = {source: source}
    for index in on_the_way:
        for operand in graph.nodes[index].operands:
            if operand in last_reader:
                last_reader[operand] = index
        last_reader[index] = index
    found: list[int] = []
    reach = last_reader[source]
    for index in on_the_way:
        if reach <= index:
            found.append(index)
        reach = max(reach, last_reader[index])
    return found


def stages(fields: Fields, value: int) -> list[Stage]:
    """The last narrow place of each stride on the way to ``value``, that of ``value`` the last."""
    graph = fields.graph
    places = [(index, fields.at(index)) for index in narrow(graph, fields.source, value)]
    moving = [(index, field) for index, field in places if _paces(field) is not None]
    ends = [list(run)[-1] for _, run in groupby(moving, key=lambda place: _paces(place[1]))]
    return [Stage(shortest_name(graph, index), index, field) for index, field in ends]


def _paces(field: ReceptiveField) -> tuple[Fraction | None, ...] | None:
    local = field.local
    return local.stride if local.positions and any(map(any, local.sizes)) else None


def shortest_name(graph: Graph, value: int) -> str:
    """Of the layers that a value ends, the outermost: ``layer4``, not ``layer4.2.relu``.

    A value that ends none has its own name.
    """
    names = [name for name, index in graph.layer_index.items() if index == value]
    return min(names, key=lambda name: (name.count(".") + name.count("/"), len(name)),
               default=graph.nodes[value].name)  # fmt: skip


def growth(fields: Fields, sizes: LocalSizes, value: int) -> list[tuple[str, Sequence[int]]]:
    """The layers on the way to ``value`` at which the local field becomes larger than before."""
    graph = fields.graph
    found: list[tuple[str, Sequence[int]]] = []
    most: tuple[int, ...] = (0,) * len(fields.axes)
    for index in graph.between(fields.source, value):
        size = sizes[index]
        if any(n > known for n, known in zip(size, most, strict=True)):
            most = tuple(map(max, size, most))
            found.append((graph.layer_of(index), most))
    return found
