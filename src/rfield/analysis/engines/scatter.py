"""One-dimensional steps of the backward engine, and the two domains it runs in.

A step takes what outputs carry along one axis (marks or weights; last array axis) and hands it to
the operand elements that those outputs read. ``Marks`` answers *which* elements (booleans),
``Weights`` *how much* of each (floats: every tap of an op gets an equal share).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, groupby
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...core.indices import IndexSet
from ...core.limits import CELL_LIMIT, DENSE_LIMIT, MOST_TAPS_ONE_BY_ONE
from ...core.relation import Prefix, Sliding, Table
from ...errors import too_large
from .pull import fold_all

FEW_KINDS = 8
"""Runs of outputs for each kind of taps, from which on those of a kind are put together."""

Array = NDArray[Any]
Window = tuple[int, int]


class Domain(Protocol):
    """What is pulled back: how to start, collect, share out and join."""

    @property
    def dtype(self) -> type[np.generic]:
        """The array type."""
        ...

    @property
    def limit(self) -> int:
        """So many cells are looked at together."""
        ...

    def collect(self, values: Array, axis: int | tuple[int, ...]) -> Array:
        """Everything along ``axis`` in one."""
        ...

    def add(self, target: Array, values: Array) -> None:
        """Let ``target`` take ``values`` in, in place."""
        ...

    def share(self, values: Array, parts: int) -> Array:
        """What each of ``parts`` equal receivers gets."""
        ...


class Marks:
    """Booleans: reached or not."""

    dtype = np.bool_

    def __init__(self, limit: int = DENSE_LIMIT) -> None:
        self.limit = limit

    def collect(self, values: Array, axis: int | tuple[int, ...]) -> Array:
        """Reached anywhere along ``axis``."""
        return np.asarray(np.any(values, axis=axis))

    def add(self, target: Array, values: Array) -> None:
        """Reached either way."""
        np.logical_or(target, values, out=target)

    def share(self, values: Array, parts: int) -> Array:
        """Each receiver is reached."""
        return values


class Weights:
    """Floats: the share of all paths, every tap of an op and every branch of a join equal."""

    dtype = np.float64

    def __init__(self, limit: int = DENSE_LIMIT) -> None:
        self.limit = limit

    def collect(self, values: Array, axis: int | tuple[int, ...]) -> Array:
        """The sum along ``axis``."""
        return values.sum(axis=axis)

    def add(self, target: Array, values: Array) -> None:
        """Add the shares."""
        np.add(target, values, out=target)

    def share(self, values: Array, parts: int) -> Array:
        """An equal share each."""
        return values / parts


def scatter(
    values: Array,
    window: Window,
    relation: Sliding | Table | Prefix,
    size: int,
    domain: Domain,
    *,
    clip: bool,
) -> tuple[Array, Window] | None:
    """Hand ``values`` (outputs ``window``) to the elements of an axis of ``size`` that they read.

    With ``clip`` positions outside read what the border says, else they are kept (the theory).
    None: nothing is read.
    """
    if isinstance(relation, Prefix):
        return _scatter_prefix(values, window, relation, size, domain)
    pieces = _pieces(window, relation)
    if not pieces:
        return None
    low = min(
        min(_ends(first, advance, count)) + taps.first for first, advance, count, taps, _ in pieces
    )
    high = max(
        max(_ends(first, advance, count)) + taps.last for first, advance, count, taps, _ in pieces
    )
    border = relation.border if isinstance(relation, Sliding) else "cut"
    outside = low < 0 or high >= size
    gone = border == "cut" or (border == "zero" and clip)  # what lies outside is nothing
    if gone and (high < 0 or low >= size):
        return None
    cells = (high - low + 1) * (values.size // max(1, values.shape[-1]))
    if cells > 2 * CELL_LIMIT:
        raise too_large("an exact set", cells, "Its box is given by region().")
    shape = (*values.shape[:-1], high - low + 1)
    found = np.zeros_like(values, domain.dtype, shape=shape)  # laid out alike: adding is fast
    for first, advance, count, taps, part in pieces:
        _spread(
            found,
            domain.share(values[..., part], len(taps)),
            first - low,
            advance,
            count,
            taps,
            domain,
        )
    if not outside or (not clip and border != "cut"):
        return found, (low, high + 1)
    if border in ("zero", "cut"):
        first, stop = max(low, 0), min(high + 1, size)
        return found[..., first - low : stop - low], (first, stop)
    return _fold(found, low, size, relation, domain)


Piece = tuple[int, int, int, IndexSet, slice | NDArray[np.int64]]


def _pieces(window: Window, relation: Sliding | Table) -> list[Piece]:
    """Outputs of one phase together: (first base, advance, count, taps, their slice)."""
    start, stop = window
    if isinstance(relation, Table):
        first = max(0, start)
        read = relation.taps[first : max(first, stop)]
        counts = [(taps, len([*group])) for taps, group in groupby(read)]  # windows repeat theirs
        if len(set(read)) * FEW_KINDS < len(counts):
            return _by_kind(read, first - start)
        places = accumulate((count for _, count in counts), initial=first - start)
        return [
            (0, 0, count, taps, slice(place, place + count))
            for place, (taps, count) in zip(places, counts, strict=False)
            if taps
        ]
    pieces: list[Piece] = []
    period = relation.period
    for offset in range(min(period, stop - start)):
        block, phase = divmod(start + offset, period)
        if relation.taps[phase]:
            count = -(-(stop - start - offset) // period)
            part = slice(offset, None, period)
            pieces.append(
                (relation.advance * block, relation.advance, count, relation.taps[phase], part)
            )
    return pieces


def _by_kind(read: Sequence[IndexSet], start: int) -> list[Piece]:
    """Outputs of a table that read the same, wherever they are: a mask has few kinds of rows."""
    kinds: dict[IndexSet, list[int]] = {}
    for place, taps in enumerate(read, start):
        if taps:
            kinds.setdefault(taps, []).append(place)
    return [(0, 0, len(at), taps, np.array(at, np.int64)) for taps, at in kinds.items()]


def _ends(first: int, advance: int, count: int) -> tuple[int, int]:
    return first, first + advance * (count - 1)


def _spread(
    found: Array, values: Array, base: int, advance: int, count: int, taps: IndexSet, domain: Domain
) -> None:
    """Add ``values`` at ``base + advance*k + t`` for every tap ``t``."""
    if advance == 0 or count == 1:
        value = domain.collect(values, -1)[..., None]
        for first, stop in taps.runs():
            domain.add(found[..., base + first : base + stop], value)
        return
    if len(taps) <= MOST_TAPS_ONE_BY_ONE:
        for tap in taps:
            _place(found, values, base + tap, advance, count, domain)
        return
    for start, step, teeth, width in taps.combs:
        if width > MOST_TAPS_ONE_BY_ONE:
            for tooth in range(teeth):
                _place_runs(
                    found, values, base + start + tooth * step, advance, count, width, domain
                )
        else:
            for tooth in range(teeth):
                for inner in range(width):
                    _place(
                        found, values, base + start + tooth * step + inner, advance, count, domain
                    )


def _place(
    found: Array, values: Array, first: int, advance: int, count: int, domain: Domain
) -> None:
    last = first + advance * (count - 1)
    if advance < 0:
        values, first, last, advance = values[..., ::-1], last, first, -advance
    domain.add(found[..., first : last + 1 : advance], values)


def _place_runs(
    found: Array, values: Array, first: int, advance: int, count: int, width: int, domain: Domain
) -> None:
    """A dense window of ``width`` for each output, by doubling: sums of 1, 2, 4 … neighbours.

    Nothing is ever subtracted, so small weights are not lost beside large ones.
    """
    low, high = sorted(_ends(first, advance, count))
    length = high - low + width
    power = np.zeros((*found.shape[:-1], length), dtype=domain.dtype)
    _place(power, values, first - low, advance, count, domain)
    total = np.zeros_like(power)
    done, span = 0, 1
    while span <= width:
        if width & span:
            domain.add(total[..., done:], power[..., : length - done])
            done += span
        wider = power.copy()
        domain.add(wider[..., span:], power[..., : max(0, length - span)])
        power, span = wider, 2 * span
    domain.add(found[..., low : high + width], total)


def _scatter_prefix(
    values: Array, window: Window, relation: Prefix, size: int, domain: Domain
) -> tuple[Array, Window]:
    """Output ``i`` reads everything up to ``i`` (or from ``i`` on)."""
    start, stop = window
    first, last = (start, size) if relation.backward else (0, stop)
    found = np.zeros((*values.shape[:-1], last - first), dtype=domain.dtype)
    for i in range(start, stop):
        part = slice(i - first, None) if relation.backward else slice(0, i + 1)
        parts = size - i if relation.backward else i + 1
        domain.add(found[..., part], domain.share(values[..., i - start, None], parts))
    return found, (first, last)


def _fold(
    found: Array, low: int, size: int, relation: Sliding | Table, domain: Domain
) -> tuple[Array, Window]:
    """Hand what lies outside the axis to the elements that its border repeats."""
    assert isinstance(relation, Sliding)
    indices = np.arange(low, low + found.shape[-1], dtype=np.int64)
    folded = fold_all(indices, size, relation.border)
    folded = np.where((indices >= 0) & (indices < size), indices, folded)
    first, stop = int(folded.min()), int(folded.max()) + 1
    result = np.zeros((*found.shape[:-1], stop - first), dtype=domain.dtype)
    inside = (indices >= 0) & (indices < size)
    if inside.any():
        part = indices[inside]
        domain.add(result[..., part[0] - first : part[-1] + 1 - first], found[..., inside])
    for place in np.flatnonzero(~inside).tolist():
        domain.add(result[..., folded[place] - first], found[..., place])
    return result, (first, stop)
