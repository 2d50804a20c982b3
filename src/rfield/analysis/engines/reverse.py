"""The article's own algorithm: from one layer backwards, exact sets with respect to every value.

It is the algebra of ``core.relation`` swept against the arrows: the relation from the layer's
positions to each earlier value's axes, holes included. It covers graphs whose tensors depend on the
layer axis by axis; where a reshape couples axes it answers None and the forward engine is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...core.graph import Graph
from ...core.indices import IndexSet
from ...core.link import Link, Read
from ...core.relation import IDENTITY, WHOLE, Relation, Sliding, Table, compose, image, join
from .forward import Sweep, input_sweeps
from .pull import LARGEST
from .terms import Span, State, Term, carriers, to_state

_ALL = Read(None, WHOLE)
Reads = tuple[Read, ...] | None


@dataclass(frozen=True, slots=True, eq=False)
class PulledBack:
    """``reads[value][axis]``: how the layer reads that axis of an earlier value.

    None for a value whose axes are coupled; a missing value is not read at all.
    """

    rank: int
    reads: dict[int, tuple[Read, ...] | None]

    def states(self, value: int, axes: Sequence[int]) -> tuple[State, ...] | None:
        """The states of the layer with respect to ``value``, or None where axes are coupled."""
        if value not in self.reads:
            return (None,) * len(axes)
        reads = self.reads[value]
        if reads is None:
            return None
        if any(not isinstance(reads[axis].relation, Sliding) for axis in axes):
            return None
        return tuple(_state(reads[axis], self.rank) for axis in axes)


def pull_back(graph: Graph, value: int, sweeps: Sequence[Sweep] | None = None) -> PulledBack:
    """One sweep against the arrows from ``value``; ``sweeps`` are those of the graph's inputs."""
    moving = _moving_axes(graph, value, input_sweeps(graph) if sweeps is None else sweeps)
    rank = len(graph.nodes[value].shape)
    found: dict[int, tuple[Read, ...] | None] = {
        value: tuple(Read(a, IDENTITY) if a in moving[value] else _ALL for a in range(rank))
    }
    for index in range(value, -1, -1):
        if index not in found:
            continue
        node, outer = graph.nodes[index], found[index]
        passed: dict[tuple[object, ...], Reads] = {}
        both: dict[tuple[int, int], tuple[Reads, Reads, Reads]] = {}  # holds what has the ids
        for operand, link in node.in_theory:
            shape = graph.nodes[operand].shape
            way = id(link), shape, moving[operand]
            if way not in passed:
                passed[way] = (
                    _through(outer, link, shape, node.shape, moving[operand])
                    if isinstance(link, Link) and outer is not None
                    else None
                )
            inner = passed[way]
            if inner is not None and any(_is_nothing(read.relation) for read in inner):
                continue
            if operand not in found:
                found[operand] = inner
                continue
            pair = id(found[operand]), id(inner)
            if pair not in both:
                both[pair] = found[operand], inner, _both(found[operand], inner)
            found[operand] = both[pair][2]
    return PulledBack(rank, found)


def exact_relations(graph: Graph, of: str) -> dict[str, tuple[Relation, ...] | None]:
    """For every earlier value the exact relation of each of its axes; None where axes are coupled.

    Axes along which no field moves (channels) are read as a whole.
    """
    pulled = pull_back(graph, graph.index(of))
    return {
        graph.nodes[index].name: None if reads is None else tuple(read.relation for read in reads)
        for index, reads in pulled.reads.items()
    }


def _moving_axes(graph: Graph, value: int, sweeps: Sequence[Sweep]) -> list[frozenset[int]]:
    """For every value up to ``value`` the axes along which its field in some input moves."""
    moving: list[set[int]] = [set() for _ in range(value + 1)]
    for swept in sweeps:
        for index in range(value + 1):
            moving[index].update(carriers(swept.at(index), len(graph.nodes[index].shape)))
    return [frozenset(axes) for axes in moving]


def _through(
    outer: tuple[Read, ...],
    link: Link,
    before: Sequence[int],
    after: Sequence[int],
    moving: frozenset[int],
) -> tuple[Read, ...] | None:
    """The layer's reads of an operand, from its reads of the value that reads the operand."""
    result: list[Read] = []
    for axis, read in enumerate(link.reads):
        if axis not in moving:
            if not _reads_all(read, before[axis], after):
                return None
            result.append(_ALL)
        elif read.axis is None or not isinstance(read.relation, Sliding):
            result.append(Read(None, read.relation))
        else:
            above = outer[read.axis]
            if read.relation.border == "cut" or not isinstance(above.relation, Sliding):
                return None
            relation = above.relation
            if read.relation != IDENTITY:
                relation = compose(relation, read.relation)
            result.append(Read(above.axis, relation))
    return tuple(result)


def _is_nothing(relation: Relation) -> bool:
    """Whether no output reads anything along the axis; then nothing is read along the others."""
    return isinstance(relation, Sliding | Table) and not any(relation.taps)


def _reads_all(read: Read, size: int, after: Sequence[int]) -> bool:
    """Whether the outputs together read every element of an axis along which nothing moves."""
    if read.relation in (WHOLE, IDENTITY):
        return True
    if size == 1:
        return not isinstance(read.relation, Sliding | Table) or any(read.relation.taps)
    if read.axis is None or not isinstance(read.relation, Sliding):
        return False
    if read.relation.border == "cut":
        return True
    outputs = IndexSet.interval(0, after[read.axis] - 1)
    return image(outputs, read.relation).clip(0, size - 1) == IndexSet.interval(0, size - 1)


def _both(one: tuple[Read, ...] | None, other: tuple[Read, ...] | None) -> tuple[Read, ...] | None:
    """The union of two ways to read one value."""
    if one is None or other is None:
        return None
    result: list[Read] = []
    for a, b in zip(one, other, strict=True):
        if a == b:
            result.append(a)
        elif (
            a.axis == b.axis
            and isinstance(a.relation, Sliding)
            and isinstance(b.relation, Sliding)
            and (both := join([a.relation, b.relation])) is not None
        ):
            result.append(Read(a.axis, both))
        else:
            return None
    return tuple(result)


def _state(read: Read, rank: int) -> State:
    relation = read.relation
    assert isinstance(relation, Sliding)
    assert read.axis is not None
    if relation.period == 1:
        taps = relation.taps[0]
        if not taps:
            return None
        return Span(read.axis, relation.advance, taps.first, taps.last)
    shape = [1] * rank
    shape[read.axis] = relation.period
    low = [t.first if t else 4 * LARGEST for t in relation.taps]
    high = [t.last if t else -4 * LARGEST for t in relation.taps]
    bounds = np.array(low, np.int64).reshape(shape), np.array(high, np.int64).reshape(shape)
    return to_state([Term(*bounds, read.axis, relation.advance)])
