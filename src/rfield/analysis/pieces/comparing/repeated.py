"""Positions that are listed and go over an axis by a short pattern, as a reading that slides.

Whoever swaps neighbours by ``arange(n) ^ 1``, or takes windows of four every three, lists positions
for one size. Where every few outputs read what the ones before read, so much further on, the list
says the same as these few and their step; at ends, as a border has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....core.graph import Node
from ....core.indices import EMPTY, IndexSet
from ....core.relation import Border, Sliding, Table
from .unwrapping import inside

LONG = 64
"""So many outputs has a pattern at most."""

GATHERS = frozenset({"adaptive_pool", "scatter"})
"""Kinds whose result is one of the elements that it reads and of nothing else, as of a mean."""

Positions = NDArray[np.int64]


def chooses(node: Node) -> bool:
    """Whether what a node reads, in whatever order, is all that its result is made of."""
    return node.op.algebra == "move" or (node.kind in GATHERS and node.op.algebra == "keep")


class _Rows(NamedTuple):
    """The first and the last position that each output reads; of one that reads nothing, -1, -2."""

    first: Positions
    last: Positions


def repeated(relation: Table, size: int) -> Sliding | None:
    """The short pattern whose outputs read the same of an axis of ``size``; None where none does.

    >>> swapped = Table(tuple(IndexSet.of([k ^ 1]) for k in range(8)))
    >>> repeated(swapped, 8)
    Sliding(period=2, advance=2, taps=(IndexSet{1}, IndexSet{0}), border='zero')
    """
    rows = _rows(relation)
    if rows is None:
        return None
    outputs = len(relation.taps)
    if outputs == size and (rows.first < 0).all():
        return Sliding(1, 1, (EMPTY,))
    places = np.arange(outputs)
    for period in range(1, min(LONG, outputs // 2) + 1):
        start = (outputs - period) // 2 // period * period
        step = _step(rows, start, period)
        if not step:
            continue
        block, phase = np.divmod(places - start, period)
        read = rows.first[start + phase] >= 0
        first = np.where(read, rows.first[start + phase] + step * block, -1)
        last = np.where(read, rows.last[start + phase] + step * block, -2)
        for border, found in _within(_Rows(first, last), read, size):
            if np.array_equal(found.first, rows.first) and np.array_equal(found.last, rows.last):
                before = step * (start // period)
                both = zip(*(of[start : start + period].tolist() for of in rows), strict=True)
                taps = [IndexSet.interval(a - before, b - before) if a >= 0 else EMPTY
                        for a, b in both]  # fmt: skip
                return Sliding(period, step, tuple(taps), border)
    return None


def _rows(relation: Table) -> _Rows | None:
    if not all(taps.dense for taps in relation.taps):
        return None
    ends = [(taps.first, taps.last) if taps else (-1, -2) for taps in relation.taps]
    first, last = np.array(ends, np.int64).reshape(-1, 2).T
    return _Rows(first, last)


def _step(rows: _Rows, start: int, period: int) -> int:
    """By how much the outputs after a few read further on; zero where they do not."""
    phase = next((k for k in range(start, start + period) if rows.first[k] >= 0), None)
    if phase is None or phase + period >= len(rows.first):
        return 0
    return int(rows.first[phase + period] - rows.first[phase])


def _within(rows: _Rows, read: NDArray[np.bool_], size: int) -> Iterator[tuple[Border, _Rows]]:
    """What is read of an axis where a pattern goes on beyond its ends, by each border."""
    first, last = np.maximum(rows.first, 0), np.minimum(rows.last, size - 1)
    some = read & (first <= last)
    yield "zero", _Rows(np.where(some, first, -1), np.where(some, last, -2))
    if not read.all() or (rows.first != rows.last).any():
        return
    borders: tuple[Border, ...] = ("replicate", "reflect", "symmetric", "circular")
    for border in borders:
        found = inside(rows.first, size, border)
        if found is not None:
            yield border, _Rows(found, found)
