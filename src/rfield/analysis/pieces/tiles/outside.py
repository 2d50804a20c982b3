"""How much of what an output depends on lies outside its tile: the price of an approximate plan."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import ceil
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....core.graph import Graph
from ....core.limits import MASS_LIMIT
from ....errors import InvalidModelError, TooLargeError
from ...geometry.fields import receptive_field
from ...pixels.influence import Influence, influence_of
from ..comparing.grid import fitting
from ..comparing.unwrapping import unturned
from .fields import Fields
from .plan import TilePlan
from .planning import Planner
from .tile import Tile

LEAST = 64
"""Smaller images may not be accepted by a model."""

EPSILON = 1e-12
"""What sums of weights may differ by."""


def outside_share(whole: Graph, plan: TilePlan) -> float | None:
    """The largest share of influence mass outside the tile, over a middle tile's corner and middle.

    Without weights, as ``influence`` counts it (every tap and every branch of a join alike), of the
    input of which it is largest. None where the image is too large for the mass of all positions.
    """
    behind = whole.behind(whole.index(plan.layer))
    tile = plan.at([count // 2 for count in plan.counts])
    corner = tuple(span.start for span in tile.write)
    middle = tuple((span.start + span.stop - 1) // 2 for span in tile.write)
    try:
        return max(
            _share(whole, plan, tile, index, name)
            for index in (corner, middle)
            for name in plan.inputs
            if whole.entry(name).node in behind
        )
    except TooLargeError:
        return None


def _share(whole: Graph, plan: TilePlan, tile: Tile, index: tuple[int, ...], wrt: str) -> float:
    found = influence_of(receptive_field(whole, plan.layer, wrt=wrt), index, MASS_LIMIT)
    inside: list[slice] = []
    for k, span in enumerate(tile.read):
        start = span.start + plan.tiles[k].padding[0] - tile.pad[k][0] - found.offset[k]
        inside.append(slice(max(0, start), max(0, start + plan.tile[k])))
    return float(1 - found.weight[tuple(inside)].sum())


class Kept(NamedTuple):
    """One output along an axis: its place in a step of the grid, and what a tile holds at least.

    ``before``, ``after``: positions before the start of its step, and from there on.
    """

    phase: int
    before: int
    after: int


class Held:
    """How much of the influence a halo holds, of any output that tiles on the grid keep.

    Of several inputs that are cut, the one of which least is held.

    Looked at in the middle of an image in which fields end inside, or of the whole where that is
    smaller. Outputs a step of the grid apart are alike. A halo that is no multiple of the step
    begins between two of them, so of each axis the first and the last output that are kept count,
    and the ends of a step.
    """

    def __init__(self, planner: Planner) -> None:
        self.planner = planner
        self.steps = planner.starts
        self.sizes = [
            fitting(size, step, max(LEAST, 2 * max(known, 1) + 3 * step))
            for size, step, known in zip(
                planner.sizes, planner.steps, planner.fields.largest, strict=True
            )
        ]
        part = unturned(planner.read(self.sizes))
        self.fields = Fields.of(part, planner.output, planner.moving).each
        shape = part.nodes[planner.value_of(part)].shape
        self.made = [shape[axis] for axis in planner.map_axes]
        both = zip(self.sizes, self.steps, strict=True)
        self.starts = [size // 2 // step * step for size, step in both]
        self.spread: dict[tuple[int, ...], list[Influence]] = {}
        self.outside([(0, 0)] * len(self.steps))  # where the field is too large, said at once

    @staticmethod
    def within_limits(planner: Planner) -> Held | None:
        """The same, or None where the field is too large for the mass of all its positions."""
        try:
            return Held(planner)
        except TooLargeError:
            return None

    def outside(self, halo: Sequence[tuple[int, int]]) -> float:
        """The largest share of the influence on an output that a halo leaves out."""
        kept = [self._kept(k, *sides) for k, sides in enumerate(halo)]
        return max(0.0, *(1 - self._inside(places) for places in product(*kept)))

    def _kept(self, k: int, before: int, after: int) -> list[Kept]:
        """Outputs of an axis, each with the least that a tile holds on both sides of its step."""
        step, rate = self.steps[k], self.planner.rates[k]
        period = max(int(step * rate), 1)
        first, last = ceil(before * rate), self.made[k] - 1 - ceil(after * rate)
        phases = sorted({first % period, 0, last % period, period - 1})
        return [
            Kept(
                phase,
                -((phase - first) // period) * step,
                self.sizes[k] - (last - phase) // period * step,
            )
            for phase in phases
        ]

    def _inside(self, places: Sequence[Kept]) -> float:
        """The share of the influence on one output that its tile holds."""
        spread = self._influence(tuple(place.phase for place in places))
        return min(self._held(found, places) for found in spread)

    def _held(self, found: Influence, places: Sequence[Kept]) -> float:
        weight: NDArray[Any] = found.weight
        for k, (_, before, after) in enumerate(places):
            start = self.starts[k] - before - found.offset[k]
            stop = self.starts[k] + after - found.offset[k]
            weight = weight.take(np.arange(max(0, start), min(max(0, stop), weight.shape[k])), k)
        return float(weight.sum())

    def _influence(self, phases: tuple[int, ...]) -> list[Influence]:
        """What an output reads of each input, so far into a step in the middle."""
        if phases not in self.spread:
            planner = self.planner
            at: dict[int, int] = {}
            for k, axis in enumerate(planner.map_axes):
                place = int(self.starts[k] * planner.rates[k]) + phases[k]
                at[axis] = min(place, self.made[k] - 1)
            self.spread[phases] = [
                influence_of(field, [at.get(axis, 0) for axis in field.positions])
                for field in self.fields
            ]
        return self.spread[phases]

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
        spread = (found for each in self.spread.values() for found in each)
        widest = max(max(found.weight.shape) for found in spread)
        low, high = 0, widest + max(self.steps)
        while low < high:
            middle = (low + high) // 2
            if self.outside([(middle, middle + more) for more in beyond]) <= 1 - share + EPSILON:
                high = middle
            else:
                low = middle + 1
        return low
