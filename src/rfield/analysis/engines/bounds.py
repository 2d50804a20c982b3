"""Evaluate states: the bounds, sizes and pattern of one value along one input axis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import inf, lcm, prod
from typing import Any, cast

import numpy as np

from ...core.graph import Graph
from ...core.limits import AT_ONCE, CELL_LIMIT, PHASE_LIMIT
from ...errors import too_large
from ..results import Region
from .pull import LARGEST, NOTHING, Bounds, Ints
from .terms import Span, State, Term, Terms, carriers, terms_of

FEW = 64
"""So many positions are looked at first; these may tell that there are several sizes."""


@dataclass(frozen=True, eq=False)
class AxisField:
    """What a value knows of one input axis, reduced to its positions.

    ``terms`` have had all axes but the position axes folded into their bounds.
    ``positions``: the tensor axes by which an output position is named.
    """

    terms: tuple[Term, ...]
    positions: tuple[int, ...]
    shape: tuple[int, ...]

    @cached_property
    def local(self) -> AxisField:
        """Without the terms that come from reading a whole axis."""
        if not self.is_global:
            return self
        kept = tuple(term for term in self.terms if not term.is_global)
        return AxisField(kept, self.positions, self.shape)

    @cached_property
    def is_global(self) -> bool:
        """Whether any term comes from reading a whole axis."""
        return any(term.is_global for term in self.terms)

    @cached_property
    def span(self) -> Span | None:
        """The short form, where one window moves steadily along one axis; else None."""
        if len(self.terms) != 1:
            return None
        (term,) = self.terms
        if term.carrier is None or term.advance is None or term.is_global or term.low.size != 1:
            return None
        low, high = int(term.low.item()), int(term.high.item())
        return Span(term.carrier, term.advance, low, high) if low <= high else None

    def bounds(self, index: Ints) -> Bounds:
        """First and last input index for each row of ``index`` (one column per position axis)."""
        low = np.full(len(index), NOTHING[0], dtype=np.int64)
        high = np.full(len(index), NOTHING[1], dtype=np.int64)
        for term in self.terms:
            shift = np.zeros(len(index), dtype=np.int64)
            places: list[Ints | int] = [0] * term.low.ndim
            inside = np.ones(len(index), dtype=bool)
            for column, axis in enumerate(self.positions):
                at = index[:, column]
                if axis == term.carrier and term.advance is not None:
                    block, at = np.divmod(at, term.period)
                    shift = block * term.advance
                elif term.low.shape[axis] > 1 or axis == term.carrier:
                    inside &= (at >= 0) & (at < term.low.shape[axis])
                    at = np.clip(at, 0, term.low.shape[axis] - 1)
                else:
                    continue
                places[axis] = at
            here_low, here_high = term.low[tuple(places)], term.high[tuple(places)]
            finite_low = np.abs(here_low) <= LARGEST
            finite_high = np.abs(here_high) <= LARGEST
            here_low = np.where(inside, here_low + np.where(finite_low, shift, 0), NOTHING[0])
            here_high = np.where(inside, here_high + np.where(finite_high, shift, 0), NOTHING[1])
            low, high = np.minimum(low, here_low), np.maximum(high, here_high)
        return low, high

    @cached_property
    def stride(self) -> Fraction | None:
        """Input step per output step, where all local terms share one; 0 where nothing moves."""
        local = self.local.terms
        if any(term.carrier is not None and term.advance is None for term in local):
            return None
        strides = {Fraction(term.advance or 0, term.period) for term in local}
        carriers = {term.carrier for term in local}
        return next(iter(strides)) if len(strides) == len(carriers) == 1 else None

    @cached_property
    def period(self) -> int:
        """Outputs after which the pattern repeats, over all local terms."""
        return lcm(*(t.period for t in self.terms if not t.is_global and t.advance is not None))

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Sorted distinct spans over the phases, or over all positions if there is no pattern.

        Whole-axis reads are left out.
        """
        if self.is_global:
            return self.local.sizes
        if not self.terms:
            return ()
        found: set[int] = set()
        for some in self._spans():
            found |= some
        return tuple(sorted(found)) or (0,)

    @cached_property
    def only_size(self) -> int | None:
        """The size, where there is but one; the search ends at a second one."""
        if self.is_global:
            return self.local.only_size
        found: set[int] = set()
        for some in self._spans() if self.terms else ():
            found |= some
            if len(found) > 1:
                return None
        return next(iter(found), 0 if self.terms else None)

    def _spans(self) -> Iterator[set[int]]:
        """The sizes at some positions after the others."""
        for index in self.samples():
            low, high = self.bounds(index)
            yield set((high - low + 1)[low <= high].tolist())

    @cached_property
    def largest(self) -> int:
        """The largest span of all positions, whole-axis reads left out; 0 where nothing is read.

        From the first index that one term reads to the last that another does: so terms that move
        along different axes are looked at side by side, not at every pair of positions.
        """
        if self.is_global:
            return self.local.largest
        ends = {
            axis: None if _go_along(self.terms, axis) else self.shape[axis]
            for axis in self.positions
        }
        return max((_reach(a, b, ends) for a in self.terms for b in self.terms), default=0)

    def places(self, axis: int) -> Ints:
        """Positions along one axis that show every phase: all of them where there is no pattern."""
        own = [term for term in self.terms if term.varies(axis)]
        steady = [_pace(term, axis) for term in own]
        if not own:
            return np.arange(1)
        if None not in steady and len(set(steady)) == 1 and len(own) == len(self.terms):
            return np.arange(_listed(lcm(*(term.period for term in own))))
        return np.arange(_listed(self.shape[axis]))

    def samples(self) -> Iterator[Ints]:
        """Positions that show every phase along all axes at once, some at a time.

        Raises:
            TooLargeError: they are more than can be listed.
        """
        axes = [self.places(axis) for axis in self.positions]
        counts = [len(places) for places in axes]
        total = _listed(prod(counts))
        start, stop = 0, min(FEW, total)
        while start < stop:
            rows = np.unravel_index(np.arange(start, stop), counts or (1,))
            columns = [places[row] for places, row in zip(axes, rows, strict=False)]
            none = np.zeros((total, 0), dtype=np.int64)
            yield np.stack(columns, axis=-1).astype(np.int64) if columns else none
            start, stop = stop, min(stop + AT_ONCE, total)


def _listed(count: int, limit: int = CELL_LIMIT) -> int:
    if count > limit:
        raise too_large("the sizes at all positions of a field", count, "The largest is known.")
    return count


def _go_along(terms: Sequence[Term], axis: int) -> bool:
    """Whether all terms move along an axis by as much: then it may go on for ever."""
    return len({_pace(term, axis) for term in terms}) == 1 and _pace(terms[0], axis) is not None


def _pace(term: Term, axis: int) -> Fraction | None:
    """The steady move of a term along an axis; None where there is none."""
    if axis != term.carrier or term.advance is None:
        return None
    return Fraction(term.advance, term.period)


def _reach(first: Term, last: Term, ends: Mapping[int, int | None]) -> int:
    """The largest span from what one term reads first to what another reads last, or 0.

    ``ends``: the axes that name a position, and the sizes of those that do not go on for ever.
    """
    low, high = first.low, last.high
    for axis, size in ends.items():
        terms = [term for term in (first, last) if term.varies(axis)]
        if not terms:
            continue
        places = _telling(terms, axis, size, alone=len(terms) < 2)
        if first.varies(axis):
            low = _at_places(low, first, axis, places)
        if last.varies(axis):
            high = _at_places(high, last, axis, places)
        if not last.varies(axis):
            low = low.min(axis=axis, keepdims=True)
        if not first.varies(axis):
            high = high.max(axis=axis, keepdims=True)
    return max(0, int((high - low).max()) + 1)


def _telling(terms: Sequence[Term], axis: int, size: int | None, *, alone: bool) -> Ints:
    """Positions along one axis among which the reach of terms that vary there is largest.

    All of them where a term is irregular. What goes on steadily is furthest at one of the ends,
    phase by phase; terms that go on together are the same in every period. ``alone``: beside a term
    that stays where it is.
    """
    period = lcm(*(term.period for term in terms))
    if size is None:
        return np.arange(period)
    paces = {_pace(term, axis) for term in terms}
    if None in paces or 2 * period >= size:
        return np.arange(size)
    if len(paces) == 1 and not (alone and paces != {Fraction(0)}):
        return np.arange(period)
    return np.concatenate([np.arange(period), np.arange(size - period, size)])


def _at_places(bounds: Ints, term: Term, axis: int, places: Ints) -> Ints:
    """One side of a term at the given positions of an axis along which it varies."""
    if axis != term.carrier or term.advance is None:
        return bounds.take(places, axis)
    block, place = np.divmod(places, term.period)
    shape = [1] * bounds.ndim
    shape[axis] = len(places)
    taken = bounds.take(place, axis)
    return np.where(np.abs(taken) > LARGEST, taken, taken + (block * term.advance).reshape(shape))


def position_axes(
    graph: Graph, value: int, source: int, axes: tuple[int, ...], states: tuple[State, ...]
) -> tuple[int, ...]:
    """The tensor axes of ``value`` by which its positions are named.

    Those along which the field moves; all of the source's axes where the layout is the same.
    """
    rank = len(graph.nodes[value].shape)
    same = rank == len(graph.nodes[source].shape)
    if same and all(isinstance(state, Span) and state.axis in axes for state in states):
        return axes
    found = carriers(states, rank)
    return axes if same and set(found) <= set(axes) else found


def axis_field(state: State, shape: Sequence[int], positions: Sequence[int]) -> AxisField:
    """Fold the axes that do not name a position into the bounds, once for all that ask."""
    if not isinstance(state, Terms):
        return _folded(state, shape, positions)
    key = tuple(shape), tuple(positions)
    if key not in state.reduced:
        state.reduced[key] = _folded(state, shape, positions)
    return cast("AxisField", state.reduced[key])


def _folded(state: State, shape: Sequence[int], positions: Sequence[int]) -> AxisField:
    folded: list[Term] = []
    for term in terms_of(state, len(shape)):
        low, high = term.low, term.high
        for axis in range(len(shape)):
            if axis not in positions and low.shape[axis] > 1:
                low = low.min(axis=axis, keepdims=True)
                high = high.max(axis=axis, keepdims=True)
        folded.append(Term(low, high, term.carrier, term.advance, term.is_global))
    return AxisField(tuple(folded), tuple(positions), tuple(shape))


def phase_grid(fields: Sequence[AxisField], gaps: Sequence[int | None]) -> Ints:
    """Output positions that show every combination of phases of several axes.

    ``gaps``: per tensor axis after how many positions its gaps repeat; None: they do not.

    Raises:
        TooLargeError: they are more than can be looked at one by one.
    """
    columns: list[Ints] = []
    for axis in fields[0].positions:
        places = np.unique(np.concatenate([one.places(axis) for one in fields]))
        size, every = fields[0].shape[axis], gaps[axis]
        if every is not None:
            places = np.arange(lcm(every, len(places))) if every > 1 else places
        else:
            places = np.arange(size)
        columns.append(places)
    _listed(prod(map(len, columns)), PHASE_LIMIT)
    grid = np.meshgrid(*columns, indexing="ij")
    rows = [g.reshape(-1) for g in grid]
    return np.stack(rows, axis=-1) if rows else np.zeros((1, 0), dtype=np.int64)


def region_of(
    low: Ints, high: Ints, shape: tuple[int, ...] | None, axes: tuple[str, ...]
) -> Region:
    """Rows of bounds as a region of that shape; None for the first row alone."""
    empty = (low > high).any(axis=-1, keepdims=True)
    start, stop = np.where(empty, 0, low), np.where(empty, 0, high + 1)
    endless = (np.abs(start) > LARGEST) | (np.abs(stop) > LARGEST)
    first: Any = start
    last: Any = stop
    if endless.any():
        first = np.where(start < -LARGEST, -inf, start.astype(np.float64))
        last = np.where(stop > LARGEST, inf, stop.astype(np.float64))
    if shape is None:
        return Region(_plain(first[0]), _plain(last[0]), axes)
    wide = (*shape, len(axes))
    return Region(first.reshape(wide), last.reshape(wide), axes)


def _plain(values: Any) -> tuple[Any, ...]:
    return tuple(v if v in (inf, -inf) else int(v) for v in values.tolist())
