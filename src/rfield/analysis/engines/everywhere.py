"""What every unit of every value reads, from one sweep along each axis of the input.

``clipped`` answers for the outputs that are asked about; here all are, of all values at once. In a
convolutional network what is read along an axis changes along one axis of the tensor only, so that
a million units cost as much as one row of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import reduce

import numpy as np

from ...core.graph import Graph
from ...core.limits import MOST_UNITS
from .clipped import swept
from .gaps import Gaps, crossed_joins
from .pull import NOTHING, Bounds, Ints, evened


class Everywhere:
    """Bounds of all elements of the wanted values in a source, axis by axis.

    ``crossed``: the values of which no axis can be had alone (see ``gaps``).
    """

    def __init__(
        self, graph: Graph, source: int, axes: Sequence[int], wanted: Iterable[int]
    ) -> None:
        self.graph = graph
        self.axes = tuple(axes)
        reached = graph.dependents(source)
        windows = {
            value: tuple((0, size) for size in graph.nodes[value].shape) for value in reached
        }
        kept: Collection[int] = frozenset(wanted)
        gaps: list[dict[int, Gaps]] = [{} for _ in axes]
        self._pieces = [
            swept(graph.nodes, kept, source, axis, windows, found)
            for axis, found in zip(axes, gaps, strict=True)
        ]
        joins = crossed_joins(gaps)
        self.crossed = frozenset(graph.dependents(*joins)) if joins else frozenset[int]()

    def bounds(self, value: int) -> tuple[Bounds, ...] | None:
        """First and last index along each axis of the source, for each element of a value.

        Both have the rank of the value's tensor, and size 1 along the axes on which they do not
        change. None where the value is crossed, or where too many elements would be listed.
        """
        if value in self.crossed:
            return None
        found: list[Bounds] = []
        for pieces in self._pieces:
            several = pieces.get(value, [])
            shape = np.broadcast_shapes((1,) * len(self.graph.nodes[value].shape),
                                        *(low.shape for low, _ in several))  # fmt: skip
            if np.prod(shape, dtype=np.float64) > MOST_UNITS:
                return None
            low = reduce(np.minimum, [low for low, _ in several], np.full(shape, NOTHING[0]))
            high = reduce(np.maximum, [high for _, high in several], np.full(shape, NOTHING[1]))
            found.append(shortest(low, high))
        return tuple(found)


def shortest(low: Ints, high: Ints) -> Bounds:
    """The same bounds with size 1 along every axis on which they do not change."""
    for axis, size in enumerate(low.shape):
        if size > 1:
            low, high = evened((low, high), axis) or (low, high)
    return low, high


def folded(bounds: Bounds, positions: Sequence[int]) -> Bounds:
    """The bounds of whole positions: over all elements along the other axes."""
    low, high = bounds
    rest = tuple(axis for axis in range(low.ndim) if axis not in positions)
    return low.min(axis=rest, keepdims=True), high.max(axis=rest, keepdims=True)
