"""Outputs that read no padding, found in a graph of one size alone.

A forward pass of marks, one row for each axis of each value: whether a position is clean. A tap
that lies beyond its operand is padding whatever is laid there, and so is a position of a
concatenation that no operand fills. Of parts laid end to end, and of numbers that differ by place,
the longest run is kept: the others may be there because an end is near. Where a reshape splits an
axis, only rows that are clean throughout are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ....core.graph import Graph, Node
from ....core.indices import IndexSet
from ....core.link import AnyLink, Link, Reshaped
from ....core.numbers import Numbers
from ....core.relation import IDENTITY, At, Prefix, Relation, Sliding, Table, Whole
from .agreement import laid_along
from .grid import Rates

Marks = NDArray[np.bool_]
Rows = tuple[Marks, ...]


def clean_rows(graph: Graph, value: int, rates: Sequence[Rates], *, local: bool) -> Rows:
    """Per axis of ``value`` which positions are clean; ``rates``: how axes move (see ``grid``)."""
    needed = graph.behind(value)
    rows: dict[int, Rows] = {}
    for index in range(value + 1):
        if index in needed or index == value:
            node = graph.nodes[index]
            rows[index] = _node(node, [rows[operand] for operand in node.operands], local)
            along = laid_along(node)
            if along is not None and rates[index][along] is not None:
                sizes = [graph.nodes[operand].shape[along] for operand in node.operands]
                _keep_one(node.links, sizes, along, rows[index][along])
            for table in node.tables:
                if isinstance(table, Numbers):
                    _keep_even(table.array, rows[index])
                elif all(link.is_identity for link in node.links):
                    _drop_unknown(_sizes(table), rates[index], rows[index])
    return rows[value]


def _keep_one(links: Sequence[AnyLink], sizes: Sequence[int], along: int, row: Marks) -> None:
    """Of parts that are laid end to end the longest: in a larger image the ends lie elsewhere."""
    best = slice(0, 0)
    for link, size in zip(links, sizes, strict=True):
        assert isinstance(link, Link)
        whole = np.ones(size, dtype=bool)
        own = row & _through(link.reads[along].relation, whole, len(row), local=True)[1]
        if own.any():
            best = max(best, longest(own), key=lambda run: run.stop - run.start)
    row[: best.start], row[best.stop :] = False, False


def _sizes(table: object) -> tuple[int, ...]:
    """The shape of numbers that a graph does not hold, by themselves or beside a hash."""
    entries = cast("tuple[object, ...]", table) if isinstance(table, tuple) else ()
    if len(entries) == 2 and isinstance(entries[0], tuple):
        entries = cast("tuple[object, ...]", entries[0])
    sizes = tuple(size for size in entries if isinstance(size, int))
    return sizes if len(sizes) == len(entries) else ()


def _drop_unknown(sizes: Sequence[int], moves: Rates, rows: Rows) -> None:
    """Numbers laid over an axis that moves, and not known: any of them may be a border's."""
    for axis in range(-min(len(sizes), len(rows)), 0):
        if sizes[axis] == len(rows[axis]) > 1 and moves[axis] is not None:
            rows[axis][:] = False


def _keep_even(numbers: NDArray[Any], rows: Rows) -> None:
    """Of numbers that differ by place the longest run of equal ones: a border made the others."""
    for axis in range(-min(numbers.ndim, len(rows)), 0):
        line = np.moveaxis(numbers, axis, 0)
        if len(line) != len(rows[axis]) or numbers.strides[axis] == 0:
            continue
        equal = (line[1:] == line[:-1]).reshape(len(line) - 1, -1)
        across = equal.all(axis=1)
        if not across.any():  # a border along another axis
            across = equal[:, equal.shape[1] // 2] if equal.size else across
        if not across.any():
            rows[axis][:] = False
            continue
        run = longest(across)
        rows[axis][: run.start], rows[axis][run.stop + 1 :] = False, False


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


def longest(row: Marks) -> slice:
    """The longest run of clean positions, of which there is one."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
    starts, stops = edges[::2], edges[1::2]
    best = int((stops - starts).argmax())
    return slice(int(starts[best]), int(stops[best]))
