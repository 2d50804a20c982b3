"""How much of what an output depends on lies outside its tile: the price of an approximate plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.graph import Graph
from ...errors import InvalidModelError, TooLargeError
from ..geometry.fields import receptive_field
from ..pixels.influence import Influence, influence, influence_of
from .grid import fitting
from .tile_planning import Planner
from .tiles import Tile
from .tiling import TilePlan
from .unwrapping import unturned

LEAST = 64
"""Smaller images may not be accepted by a model."""

EPSILON = 1e-12
"""What sums of weights may differ by."""


def outside_share(whole: Graph, plan: TilePlan) -> float | None:
    """The largest share of influence mass outside the tile, over a middle tile's corner and middle.

    Without weights, as ``influence`` counts it (every tap and every branch of a join alike). None
    where the image is too large for the mass of all its positions.
    """
    tile = plan.at([count // 2 for count in plan.counts])
    corner = tuple(span.start for span in tile.write)
    middle = tuple((span.start + span.stop - 1) // 2 for span in tile.write)
    try:
        return max(_share(whole, plan, tile, index) for index in (corner, middle))
    except TooLargeError:
        return None


def _share(whole: Graph, plan: TilePlan, tile: Tile, index: tuple[int, ...]) -> float:
    found = influence(whole, index, plan.layer, wrt=plan.inputs[0])
    inside: list[slice] = []
    for k, span in enumerate(tile.read):
        start = span.start + plan.tiles[k].padding[0] - tile.pad[k][0] - found.offset[k]
        inside.append(slice(max(0, start), max(0, start + plan.tile[k])))
    return float(1 - found.weight[tuple(inside)].sum())


class Held:
    """How much of the influence a halo holds, for one step of the grid in the middle of the image.

    The image is one in which fields end inside, or the whole where that is smaller. Looked at are
    the first and the last output of the step and the one between them.
    """

    def __init__(self, planner: Planner) -> None:
        self.planner = planner
        field = planner.field.local
        self.steps = planner.steps
        sizes = [
            fitting(size, step, max(LEAST, 2 * max(known, default=1) + 3 * step))
            for size, step, known in zip(planner.sizes, self.steps, field.sizes, strict=True)
        ]
        part = unturned(planner.read(sizes))
        field = receptive_field(part, planner.output, wrt=planner.moving[0].name)
        self.starts = [n // 2 // step * step for n, step in zip(sizes, self.steps, strict=True)]
        scales = list(zip(self.starts, self.steps, planner.rates, strict=True))
        first = [int(start * rate) for start, _, rate in scales]
        last = [max(int((start + step) * rate) - 1, 0) for start, step, rate in scales]
        middle = [(a + b) // 2 for a, b in zip(first, last, strict=True)]
        shape = field.graph.nodes[planner.value_of(field.graph)].shape
        ends = [shape[axis] - 1 for axis in planner.map_axes]
        places = sorted({tuple(map(min, at, ends)) for at in (first, middle, last)})
        placed = [dict(zip(planner.map_axes, at, strict=True)) for at in places]
        self.spread = [
            influence_of(field, [at.get(axis, 0) for axis in field.positions]) for at in placed
        ]

    @staticmethod
    def within_limits(planner: Planner) -> Held | None:
        """The same, or None where the field is too large for the mass of all its positions."""
        try:
            return Held(planner)
        except TooLargeError:
            return None

    def outside(self, halo: Sequence[tuple[int, int]]) -> float:
        """The largest share of the influence on an output that a halo leaves out."""
        return max(0.0, *(1 - self._inside(found, halo) for found in self.spread))

    def _inside(self, found: Influence, halo: Sequence[tuple[int, int]]) -> float:
        weight: NDArray[Any] = found.weight
        for k, (before, after) in enumerate(halo):
            start = self.starts[k] - before - found.offset[k]
            stop = self.starts[k] + self.steps[k] + after - found.offset[k]
            weight = weight.take(np.arange(max(0, start), min(max(0, stop), weight.shape[k])), k)
        return float(weight.sum())

    def smallest(self, share: float | None) -> int:
        """The smallest halo, the same on every side, that holds this share of the influence."""
        if not isinstance(share, (int, float)) or not 0 < share <= 1:
            raise InvalidModelError(f"share = {share!r}; expected a number in (0, 1]")
        planner = self.planner
        outputs = planner.whole.nodes[planner.value].shape
        # what a tile reads beyond its last output anyway, where layers are not padded
        beyond = [
            size - int(outputs[axis] / rate)
            for size, axis, rate in zip(
                planner.sizes, planner.map_axes, planner.rates, strict=True
            )
        ]  # fmt: skip
        low, high = 0, max(max(found.weight.shape) for found in self.spread)
        while low < high:
            middle = (low + high) // 2
            if self.outside([(middle, middle + more) for more in beyond]) <= 1 - share + EPSILON:
                high = middle
            else:
                low = middle + 1
        return low
