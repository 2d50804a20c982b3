"""Every place of an object on one axis of a real input, beside every box that outputs read.

The places are those within what a layer reads at all: a position that falls off the end of a
strided window is nobody's (``valid_sizes(model, "complete")`` is about these).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

import numpy as np

from ..engines.bounds import axis_field
from ..engines.boxes import RECENT, all_boxes, flat, has_holes
from ..engines.pull import LARGEST, NOTHING, Bounds, Ints, over_ranges
from ..engines.terms import Span
from .fields import Fields


class Sees(Enum):
    """Whether an object is inside the field of some output of a layer, or of every one on it."""

    ALWAYS = "always"
    SOMETIMES = "at some places"
    NEVER = "never"


class Placed(NamedTuple):
    """One axis of one layer; see ``LayerFit``."""

    sees: Sees
    every: Sees | None
    context: int | None


class Moving(NamedTuple):
    """The axis along which a local field moves, and twice the centre at each of its positions."""

    axis: int
    centers: Ints


class Placements:
    """All places of an object of ``size`` along axis ``k``, for every value of a graph.

    The answers are made in one sweep, when the first is asked for.
    """

    def __init__(self, fields: Fields, k: int, size: int) -> None:
        self.fields, self.k, self.size = fields, k, size
        self.length = fields.graph.nodes[fields.source].shape[fields.source_axes[k]]
        self.view, self.places = (0, 0), 0
        self.found: dict[int, Placed | None] | None = None

    def of(self, value: int) -> Placed | None:
        """What a value sees; None where its boxes are too many."""
        if self.found is None:
            self.found = self._sweep()
        if value in self.found:
            return self.found[value]
        return Placed(Sees.NEVER, Sees.NEVER, None)  # it reads nothing along this axis

    def _sweep(self) -> dict[int, Placed | None]:
        graph, source = self.fields.graph, self.fields.source
        axis = self.fields.source_axes[self.k]
        boxes = all_boxes(graph, source, axis)
        if self.fields.sweep.globals_[self.k]:
            pairs = zip(boxes, all_boxes(graph, source, axis, local=True), strict=True)
        else:
            pairs = ((one, one) for one in boxes)
        answers: dict[int, Placed | None] = {}
        recent: dict[tuple[object, ...], tuple[Placed | None, object]] = {}
        for (value, whole), (_, local) in pairs:
            on = self._centers(value)
            way = id(whole), id(local), on and (on.axis, on.centers.tobytes())
            if way not in recent:
                if whole is None or local is None:
                    found = None
                elif not whole:
                    found = Placed(Sees.NEVER, Sees.NEVER, None)
                else:
                    found = self._placed(on, flat(whole), local)
                if len(recent) == RECENT:
                    recent.clear()
                recent[way] = found, (whole, local)  # which keep the ids
            answers[value] = recent[way][0]
        return answers

    def _placed(self, on: Moving | None, whole: Bounds, local: Sequence[Bounds]) -> Placed | None:
        low, high = whole
        read = low <= high
        self.view = int(low[read].min()), int(high[read].max())
        self.places = max(0, self.view[1] - self.view[0] + 2 - self.size)
        every = self._every(on, whole)
        held = self._held(*whole)
        context = self._context(*flat(local)) if local else -1
        if every is None:
            return None
        return Placed(_how_often(held), _how_often(every), None if context < 0 else context)

    def _held(self, low: Ints, high: Ints) -> Ints:
        """At which places some box holds the object."""
        low, high = low.reshape(-1), high.reshape(-1)
        kept = low <= high
        furthest = np.full(self.length + 1, -1, np.int64)
        np.maximum.at(furthest, np.clip(low[kept], 0, self.length), high[kept])
        places = self._places
        return (np.maximum.accumulate(furthest)[places] >= places + self.size - 1).astype(np.int64)

    @property
    def _places(self) -> Ints:
        """Where the object may begin."""
        return np.arange(self.view[0], self.view[0] + self.places, dtype=np.int64)

    def _context(self, low: Ints, high: Ints) -> int:
        """What is left on the tighter side at the worst place; -1 where a place is not held.

        Where the image ends, nothing is missing on that side.
        """
        low, high = _outermost(low.reshape(-1), high.reshape(-1))
        if not self.places or not len(low):
            return -1
        first = np.where(low > self.view[0], low, -self.length)
        last = np.where(high < self.view[1], high, 2 * self.length)
        places = self._places
        # Further boxes leave less before the object and more behind it: the best is where it turns.
        turn = np.searchsorted(first + last, 2 * places + self.size - 1)
        spare = np.full(self.places, -1, np.int64)
        for box in (np.maximum(turn - 1, 0), np.minimum(turn, len(low) - 1)):
            here = np.minimum(places - first[box], last[box] - (places + self.size - 1))
            spare = np.maximum(spare, here)
        return max(-1, min(int(spare.min()), self.places - 1))

    def _every(self, on: Moving | None, whole: Bounds) -> Ints | None:
        """At which places every output on the object sees all of it, and there is one."""
        low, high = whole
        if on is None:  # it has no place of its own: all of its outputs count
            first, last = int(low.max()), int(high.min())
            places = self._places
            return ((first <= places) & (last >= places + self.size - 1)).astype(np.int64)
        axis, centers = on
        others = tuple(k for k in range(low.ndim) if k != axis)
        low, high = low.max(axis=others), high.min(axis=others)
        if low.size not in (1, centers.size):
            return None
        if not self.places:
            return self._places
        order = np.argsort(centers, kind="stable")
        low, high = (np.broadcast_to(n, centers.shape)[order] for n in (low, high))
        places, centers = self._places, centers[order]
        begin = np.searchsorted(centers, 2 * places)
        end = np.searchsorted(centers, 2 * (places + self.size - 1), side="right")
        there = begin < end
        begin = np.minimum(begin, len(centers) - 1)
        worst = over_ranges(-low, -high, begin, np.maximum(end, begin + 1))
        sees = (-worst[0] <= places) & (-worst[1] >= places + self.size - 1)
        return (there & sees).astype(np.int64)

    def _centers(self, value: int) -> Moving | None:
        """Where the local field of a value moves, if it does."""
        state = self.fields.sweep.states[self.k][value]
        shape = self.fields.graph.nodes[value].shape
        if state is None:
            return None
        if isinstance(state, Span):
            carrier, advance, first, last = state
            steps = np.arange(shape[carrier], dtype=np.int64)
            return Moving(carrier, 2 * advance * steps + first + last)
        found = axis_field(state, shape, tuple(range(len(shape)))).local
        moving = next((t.carrier for t in found.terms if t.carrier is not None), None)
        if moving is None:
            return None
        index = np.zeros((shape[moving], len(shape)), np.int64)
        index[:, moving] = np.arange(shape[moving])
        low, high = found.bounds(index)
        if ((low > high) | (low < -LARGEST) | (high > LARGEST)).any():
            return None
        return Moving(moving, low + high)


def real_spans(fields: Fields) -> list[dict[int, int]]:
    """Per axis the widest box that an output of each value really reads.

    Only where that may be less than the size: windows have holes, and taps beyond the ends of a
    tensor read nothing. Empty otherwise, and for inputs without a size.
    """
    graph = fields.graph
    if graph.has_free_axes or not has_holes(graph):
        return [{} for _ in fields.axes]
    found: list[dict[int, int]] = []
    for axis in fields.source_axes:
        spans: dict[int, int] = {}
        for value, bounds in all_boxes(graph, fields.source, axis):
            if bounds is not None:
                low, high = flat(bounds) if bounds else NOTHING
                spans[value] = max(0, int(np.max(high - low)) + 1)
        found.append(spans)
    return found


def _outermost(low: Ints, high: Ints) -> Bounds:
    """The boxes that lie in no other, from first to last: both of their ends go up."""
    order = np.lexsort((-high, low))
    low, high = low[order], high[order]
    reached = np.maximum.accumulate(np.append(NOTHING[1], high[:-1]))
    kept = (low <= high) & (high > reached)
    return low[kept], high[kept]


def _how_often(held: Ints) -> Sees:
    if not held.any():
        return Sees.NEVER
    return Sees.ALWAYS if held.all() else Sees.SOMETIMES
