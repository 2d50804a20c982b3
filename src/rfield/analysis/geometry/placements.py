"""Every place of an object on one axis of a real input, beside every box that outputs read.

The places are those within what a layer reads at all: a position that falls off the end of a
strided window is nobody's (``valid_sizes(model, "complete")`` is about these).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

import numpy as np

from ...core.limits import CELL_LIMIT
from ..engines.bounds import axis_field
from ..engines.boxes import all_boxes, flat, has_holes
from ..engines.pull import LARGEST, NOTHING, Bounds, Ints
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
            self.found = dict(self._sweep())
        if value in self.found:
            return self.found[value]
        return Placed(Sees.NEVER, Sees.NEVER, None)  # it reads nothing along this axis

    def _sweep(self) -> list[tuple[int, Placed | None]]:
        graph, source = self.fields.graph, self.fields.source
        axis = self.fields.source_axes[self.k]
        answers: list[tuple[int, Placed | None]] = []
        pairs = zip(
            all_boxes(graph, source, axis), all_boxes(graph, source, axis, local=True), strict=True
        )
        for (value, whole), (_, local) in pairs:
            if whole is None or local is None:
                answers.append((value, None))
            elif not whole:
                answers.append((value, Placed(Sees.NEVER, Sees.NEVER, None)))
            else:
                answers.append((value, self._placed(value, flat(whole), local)))
        return answers

    def _placed(self, value: int, whole: Bounds, local: Sequence[Bounds]) -> Placed | None:
        low, high = whole
        read = low <= high
        self.view = int(low[read].min()), int(high[read].max())
        self.places = max(0, self.view[1] - self.view[0] + 2 - self.size)
        every = self._every(value, whole)
        held = self._held(*whole)
        context = self._context(*flat(local)) if local else -1
        if context is None or every is None:
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

    def _context(self, low: Ints, high: Ints) -> int | None:
        """What is left on the tighter side at the worst place; -1 where a place is not held.

        Where the image ends, nothing is missing on that side. None where it is too much work.
        """
        boxes = np.unique(np.stack([low.reshape(-1), high.reshape(-1)], axis=-1), axis=0)
        boxes = boxes[boxes[:, 0] <= boxes[:, 1]]
        if not self.places or not len(boxes):
            return -1
        if len(boxes) * self.places > CELL_LIMIT:
            return None
        first = np.where(boxes[:, 0] > self.view[0], boxes[:, 0], -self.length)
        last = np.where(boxes[:, 1] < self.view[1], boxes[:, 1], 2 * self.length)
        places = self._places[:, None]
        spare = np.minimum(places - first, last - (places + self.size - 1))
        worst = int(spare.max(axis=1).min())
        return max(-1, min(worst, self.places - 1))

    def _every(self, value: int, whole: Bounds) -> Ints | None:
        """At which places every output on the object sees all of it, and there is one."""
        on = self._centers(value)
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
        if centers.size * self.places > CELL_LIMIT:
            return None
        places = self._places[:, None]
        lies = (centers >= 2 * places) & (centers <= 2 * (places + self.size - 1))
        sees = (low <= places) & (high >= places + self.size - 1)
        return (lies.any(axis=1) & (sees | ~lies).all(axis=1)).astype(np.int64)

    def _centers(self, value: int) -> tuple[int, Ints] | None:
        """The axis on which the local field moves, and twice each of its centres."""
        state = self.fields.sweep.states[self.k][value]
        shape = self.fields.graph.nodes[value].shape
        if state is None:
            return None
        if isinstance(state, tuple):
            carrier = state[0]
            positions = np.arange(shape[carrier], dtype=np.int64)
            return carrier, 2 * state[1] * positions + state[2] + state[3]
        found = axis_field(state, shape, tuple(range(len(shape)))).local
        moving = next((t.carrier for t in found.terms if t.carrier is not None), None)
        if moving is None:
            return None
        index = np.zeros((shape[moving], len(shape)), np.int64)
        index[:, moving] = np.arange(shape[moving])
        low, high = found.bounds(index)
        if ((low > high) | (low < -LARGEST) | (high > LARGEST)).any():
            return None
        return moving, low + high


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


def _how_often(held: Ints) -> Sees:
    if not held.any():
        return Sees.NEVER
    return Sees.ALWAYS if held.all() else Sees.SOMETIMES
