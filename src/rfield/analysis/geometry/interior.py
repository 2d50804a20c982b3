"""Interior: the outputs that read no padding, at any layer on the way from the input.

A forward pass of marks, one row for each axis of each value: whether a position is clean. A tap
that lies beyond its operand is padding whatever is laid there, and so is a position of a
concatenation that no operand fills. What is said to be clean is; where a reshape splits an axis,
only rows that are clean throughout are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...core.arguments import per_axis
from ...core.graph import Graph, Node
from ...core.indices import IndexSet
from ...core.link import Link, Reshaped
from ...core.relation import IDENTITY, At, Prefix, Relation, Sliding, Table, Whole
from ...errors import UnresolvedSizeError

Marks = NDArray[np.bool_]
Rows = tuple[Marks, ...]


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
    """Per position axis the longest run of clean outputs, on an input of ``size``."""
    graph, value = rf.graph, rf.value
    if size is not None:
        graph = _sized(rf, per_axis("size", size, len(rf.source_axes)))
        value = graph.main if value == rf.graph.main else graph.index(rf.layer)
    elif graph.has_free_axes:
        raise UnresolvedSizeError(
            f"{rf.layer}: interior needs the input's sizes, and {rf.wrt} has free axes: size=…"
        )
    rows = _rows(graph, value, local=rf.is_local)
    clean = all(row.any() for row in rows)
    return tuple(_longest(rows[axis]) if clean else slice(0, 0) for axis in rf.positions)


def _sized(rf: _Field, sizes: Sequence[int]) -> Graph:
    """The graph for an input of these sizes."""
    graph = rf.graph
    if graph.reread is None or rf.wrt not in graph.inputs:
        raise UnresolvedSizeError(f"{rf.wrt} cannot be read again at another size")
    shapes = {entry.name: list(graph.nodes[entry.node].shape) for entry in graph.inputs_}
    own = [shapes[rf.wrt][axis] for axis in rf.source_axes]
    for entry in graph.inputs_:  # inputs of the same sizes go together
        if [shapes[entry.name][axis] for axis in entry.axes] == own:
            for axis, size in zip(entry.axes, sizes, strict=True):
                shapes[entry.name][axis] = size
    return graph.reread(shapes)


def _rows(graph: Graph, value: int, *, local: bool) -> Rows:
    needed = graph.behind(value)
    rows: dict[int, Rows] = {}
    for index in range(value + 1):
        if index in needed or index == value:
            node = graph.nodes[index]
            rows[index] = _node(node, [rows[operand] for operand in node.operands], local)
    return rows[value]


def _node(node: Node, operands: Sequence[Rows], local: bool) -> Rows:
    clean = [np.ones(size, dtype=bool) for size in node.shape]
    filled: list[Marks | None] = [None] * len(clean)
    for link, known in zip(node.links, operands, strict=True):
        if isinstance(link, Reshaped):
            for axis, row in _reshaped(link, known):
                clean[axis] &= row
        elif not node.exact and not all(row.all() for row in known):
            clean = [np.zeros_like(row) for row in clean]
        else:
            _read(link, known, clean, filled, local)
    for axis, row in enumerate(filled):
        if row is not None:
            clean[axis] &= row
    return tuple(clean)


def _read(
    link: Link, known: Rows, clean: list[Marks], filled: list[Marks | None], local: bool
) -> None:
    """What one operand says of each output axis; ``filled``: where parts of a whole lie."""
    for read, row in zip(link.reads, known, strict=True):
        relation = read.relation
        if read.axis is None:
            good = row[relation.index] if isinstance(relation, At) else local or row.all()
            if not good:
                for marks in clean:
                    marks[:] = False
            continue
        found, reads = _through(relation, row, len(clean[read.axis]), local)
        if link.is_part and isinstance(relation, Sliding) and relation.border == "cut":
            before = filled[read.axis]
            filled[read.axis] = reads if before is None else before | reads
            found |= ~reads
        clean[read.axis] &= found


def _through(relation: Relation, row: Marks, outputs: int, local: bool) -> tuple[Marks, Marks]:
    """Which outputs read nothing but what is clean, and which read anything at all."""
    every = np.ones(outputs, dtype=bool)
    if relation == IDENTITY:
        return row.copy(), every
    if isinstance(relation, Whole):
        same = row.copy() if len(row) == outputs else every
        return same if local else np.full(outputs, bool(row.all())), every
    if isinstance(relation, Prefix):
        ahead = row[::-1] if relation.backward else row
        along = ahead if local else np.logical_and.accumulate(ahead)
        return along[::-1].copy() if relation.backward else along.copy(), every
    if isinstance(relation, At):
        return np.full(outputs, bool(row[relation.index])), every
    dirty = np.concatenate([[0], np.cumsum(~row)])
    found, reads = every.copy(), np.zeros(outputs, dtype=bool)
    for places, taps, moved in _readings(relation, outputs):
        for comb in taps.combs:
            for k in range(comb.count):
                first = comb.start + comb.step * k + moved
                stop = first + comb.width
                inside = (first >= 0) & (stop <= len(row))
                a, b = (np.clip(end, 0, len(row)) for end in (first, stop))
                found[places] &= inside & (dirty[b] == dirty[a])
                reads[places] |= a < b
    return found, reads


def _readings(
    relation: Sliding | Table, outputs: int
) -> Iterator[tuple[slice, IndexSet, NDArray[np.int64]]]:
    """Outputs, the taps of the first of them, and by how much those of each have moved."""
    if isinstance(relation, Table):
        for i in range(outputs):
            yield slice(i, i + 1), relation.at(i), np.zeros(1, dtype=np.int64)
        return
    for phase, taps in enumerate(relation.taps):
        count = len(range(phase, outputs, relation.period))
        moved = relation.advance * np.arange(count, dtype=np.int64)
        yield slice(phase, None, relation.period), taps, moved


def _reshaped(link: Reshaped, known: Rows) -> list[tuple[int, Marks]]:
    """Rows of the new axes; where clean elements are no box, those that are clean throughout."""
    found: list[tuple[int, Marks]] = []
    for group in link.groups:
        marks = np.ones(1, dtype=bool)
        for axis in group.before:
            marks = np.logical_and.outer(marks, known[axis]).reshape(-1)
        sizes = [link.after[axis] for axis in group.after]
        if prod(sizes) != marks.size:
            continue
        box = marks.reshape(sizes)
        others = [tuple(k for k in range(len(sizes)) if k != j) for j in range(len(sizes))]
        rows = [np.asarray(box.any(axis=rest)) for rest in others]
        whole = np.ones((), dtype=bool)
        for row in rows:
            whole = np.logical_and.outer(whole, row)
        if not np.array_equal(whole, box):
            rows = [np.asarray(box.all(axis=rest)) for rest in others[:1]]
            rows += [np.ones(size, dtype=bool) for size in sizes[1:]]
        found += list(zip(group.after, rows, strict=True))
    return found


def _longest(row: Marks) -> slice:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
    starts, stops = edges[::2], edges[1::2]
    best = int((stops - starts).argmax())
    return slice(int(starts[best]), int(stops[best]))
