"""How large tiles are and how far apart: trials of tile sizes against the whole image.

Tiles begin on the network's ``grid`` and have the image's size modulo that grid, so that every
tile, border tiles too, has the same shape and every layer the same padding as on the whole. What a
tile of some size really gives is not computed from a halo but found by ``agreement``: for a tile at
the beginning, one inside and one at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core.arguments import Pads, one, per_axis, stated_padding
from ...core.graph import Graph, Input
from ...core.limits import CANDIDATES
from ...core.padding import PAD_BORDERS
from ...errors import (
    InvalidModelError,
    NotTileableError,
    RFieldError,
    UnresolvedSizeError,
    show_shape,
    unknown_name,
)
from ..cost import peak_elements
from ..geometry.fields import choose_source, find, receptive_field
from ..results import IndexArray, axis_names
from .agreement import Loss, agreement
from .cuts import OTHER_PATH, WHOLE_AXIS, Cut, meets_numbers
from .grid import Grid, fitting, grid
from .outside import outside_share
from .tiling import AxisTiles, TilePlan
from .unfolding import unfolded

ITEM_BYTES = 4
"""Under which ``max_bytes`` is counted: single precision."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A tile size tried out: per axis the outputs that it makes and the span that is right."""

    sizes: tuple[int, ...]
    part: Graph
    made: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]


class Planner:
    """One network on one image: reads it at other sizes, and finds what tiles of it give."""

    def __init__(
        self,
        graph: Graph,
        image: int | Sequence[int],
        output: str | None,
        wrt: str | None,
        padding: str | int | Sequence[int] | Sequence[tuple[int, int]],
    ) -> None:
        self.local = False
        self.output = output
        self.source, graph = graph, unfolded(graph)
        value = self.value_of(graph)
        self.layer = output or graph.layer_of(value)
        entry = next(e for e in graph.inputs_ if e.node == choose_source(graph, value, wrt))
        self.moving = _alike(graph, entry)
        self.axes = axis_names(len(entry.axes))
        self.image = per_axis("image", image, len(self.axes))
        self.crops = padding == "fit"
        if self.crops:
            steps = self._grid(graph).steps
            own = [graph.nodes[entry.node].shape[axis] for axis in entry.axes]
            fitting_ = zip(self.image, own, steps, strict=True)
            self.padding = tuple((0, (size - here) % step) for here, size, step in fitting_)
        else:
            self.padding = _padding(padding, len(self.axes))
        self.sizes = tuple(n + sum(pads) for n, pads in zip(self.image, self.padding, strict=True))
        self.whole = self.read(self.sizes)
        found = self._grid(self.whole)
        self.steps = found.steps
        self.value = self.value_of(self.whole)
        if output is None:  # a crop is an output at some sizes only
            self.layer = self.whole.layer_of(self.value)
        self.output_axes, self.rates = self._output(found)

    def value_of(self, graph: Graph) -> int:
        """The output, at any size."""
        return graph.main if self.output is None else find(graph, self.output)

    def _grid(self, graph: Graph) -> Grid:
        axes = {graph.entry(entry.name).node: entry.axes for entry in self.moving}
        return grid(graph, axes, self.value_of(graph))

    def _output(self, found: Grid) -> tuple[tuple[int, ...], tuple[Fraction, ...]]:
        """The output axes that go along with the input's, and how fast."""
        axes: list[int] = []
        rates: list[Fraction] = []
        for k, name in enumerate(self.axes):
            of = [(a, r) for a, r in enumerate(found.rates[self.value]) if r and r[0] == k]
            if len(of) != 1:
                why = "no axis" if not of else f"{len(of)} axes"
                raise NotTileableError(
                    f"{self.layer} {show_shape(self.whole.nodes[self.value].shape)}: {why} of it "
                    f"goes along with {name}, so it has no tiles.\n"
                    "  Choose a layer that is a map: output=..."
                )
            axis, rate = of[0]
            axes.append(axis)
            rates.append(rate[1] if rate else Fraction(0))
        return tuple(axes), tuple(rates)

    def read(self, sizes: Sequence[int]) -> Graph:
        """The network for an image of these sizes."""
        if self.source.reread is None:
            raise UnresolvedSizeError(
                "this model was read at one size only and cannot be read at another.\n"
                "  Give rfield the model rather than a graph, with input_shape=."
            )
        shapes: dict[str, tuple[int, ...]] = {}
        names = {entry.name for entry in self.moving}
        for entry in self.source.inputs_:
            shape = list(self.source.nodes[entry.node].shape)
            if entry.name in names:
                for axis, size in zip(entry.axes, sizes, strict=True):
                    shape[axis] = size
            shapes[entry.name] = tuple(shape)
        try:
            return unfolded(self.source.reread(shapes))
        except RFieldError as error:
            steps = " × ".join(str(step) for step in self._grid(unfolded(self.source)).steps)
            raise InvalidModelError(
                f"the model cannot be read at {' × '.join(map(str, sizes))}: {error}\n"
                f"  Its grid is {steps}: a size that differs by multiples of that from one it "
                'accepts will do; padding="fit" pads the image so.'
            ) from error

    def trial(self, sizes: Sequence[int]) -> Trial:
        """What tiles of these sizes give.

        Raises:
            NotTileableError: nothing of what they give equals the whole.
        """
        part = self.read(sizes)
        rest = [size - tile for size, tile in zip(self.sizes, sizes, strict=True)]
        middle = [r // 2 // g * g for r, g in zip(rest, self.steps, strict=True)]
        inside = [m or r for m, r in zip(middle, rest, strict=True)]
        begin, inner, end = (self._cuts(part, starts) for starts in ([0] * len(rest), inside, rest))
        if meets_numbers(part):  # they repeat: with the step of the tiles?
            starts = [min(i + g, r) for i, g, r in zip(inside, self.steps, rest, strict=True)]
            inner = [a.common(b) for a, b in zip(inner, self._cuts(part, starts), strict=True)]
        shape = part.nodes[self.value_of(part)].shape
        made = tuple(shape[axis] for axis in self.output_axes)
        whole = self.whole.nodes[self.value].shape
        spans: list[tuple[int, int]] = []
        for k, left in enumerate(rest):
            if left * self.rates[k] + made[k] != whole[self.output_axes[k]]:
                raise NotTileableError(
                    f"{self.layer}: a tile of {sizes[k]} at the end of {self.axes[k]} gives "
                    f"{made[k]} outputs and does not end where the whole does"
                )
            if begin[k].first > 0 or end[k].stop < made[k]:
                raise NotTileableError(
                    f"{self.layer}: the outputs at the ends of {self.axes[k]} read more than a "
                    f"tile of {sizes[k]} there"
                )
            between = left and inside[k] < left
            stop = min(begin[k].stop, inner[k].stop) if between else begin[k].stop
            spans.append((max(inner[k].first, end[k].first) if left else 0, stop))
        return Trial(tuple(sizes), part, made, tuple(spans))

    def _cuts(self, part: Graph, starts: Sequence[int]) -> list[Cut]:
        """What the output of a tile that begins at ``starts`` has in common with the whole."""
        begin = {entry.name: tuple(starts) for entry in self.moving}
        value = self.value_of(part)
        found = agreement(self.whole, part, begin, value=value, local=self.local)
        cuts = found.cuts[value]
        if cuts is None:
            raise self._no_tiles(found.losses)
        if found.places[value] != self.value:
            raise NotTileableError(f"{self.layer} {OTHER_PATH}: a tile takes other layers")
        chosen = [cuts[axis] for axis in self.output_axes]
        for cut, start, rate in zip(chosen, starts, self.rates, strict=True):
            if cut.shift != start * rate:
                raise NotTileableError(
                    f"{self.layer}: a tile from {start} lies at {cut.shift} of the output, "
                    f"expected {start * rate}"
                )
        return chosen

    def _no_tiles(self, losses: Sequence[Loss]) -> NotTileableError:
        """No tile equals the whole: which layers, why, and what can be done."""
        first = f"no tile of {self.layer} equals the whole"
        rest = [str(loss) for loss in losses if loss.why != WHOLE_AXIS]
        if rest:
            return NotTileableError(f"{first}:\n  " + "\n  ".join(rest[:5]))
        names = self.global_reads()
        shown = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
        count = "1 layer reads" if len(names) == 1 else f"{len(names)} layers read"
        return NotTileableError(
            f"{first}: {count} a whole axis ({shown}).\n"
            "  The local part can be tiled all the same, as an approximation: approximate=True"
        )

    def global_reads(self) -> tuple[str, ...]:
        """The layers that read a whole axis."""
        return receptive_field(self.whole, self.layer, wrt=self.moving[0].name).global_reads

    def step(self, k: int, trial: Trial) -> int:
        """How far apart tiles may begin along an axis: at most what one of them gives."""
        first, stop = trial.spans[k]
        moved = int(self.rates[k] * self.steps[k])
        return (stop - first) // moved * self.steps[k]

    def reference(self) -> Trial:
        """A tile that is large enough to show what is lost at its ends."""
        field = receptive_field(self.whole, self.layer, wrt=self.moving[0].name).local
        sizes = [
            fitting(size, step, max(64, 2 * max(known, default=0)))
            for size, step, known in zip(self.sizes, self.steps, field.sizes, strict=True)
        ]
        while True:
            found = self.trial(sizes)
            small = [k for k, size in enumerate(self.sizes) if sizes[k] < size]
            small = [k for k in small if self.step(k, found) <= 0]
            if not small:
                return found
            for k in small:
                sizes[k] = fitting(self.sizes[k], self.steps[k], 2 * sizes[k])

    def lost(self, k: int, trial: Trial) -> int:
        """Input positions of a tile for which it gives nothing."""
        first, stop = trial.spans[k]
        return trial.sizes[k] - int((stop - first) / self.rates[k])

    def smallest(self, k: int, trial: Trial) -> int:
        """The smallest tile that gives a step's worth of outputs, or the whole axis."""
        size, step = self.sizes[k], self.steps[k]
        if trial.sizes[k] == size:
            return size
        least = self.lost(k, trial) + step
        return min(size, least + (size - least) % step)

    def plan(self, trial: Trial, mode: str) -> TilePlan:
        """The plan with tiles of this size."""
        shape = self.whole.nodes[self.value].shape
        tiles: list[AxisTiles] = []
        for k, axis in enumerate(self.output_axes):
            first, stop = trial.spans[k]
            cut = trial.sizes[k] < self.sizes[k]
            kept = -int(-self.image[k] * self.rates[k] // 1) if self.crops else shape[axis]
            tiles.append(
                AxisTiles(
                    self.image[k], self.padding[k], trial.sizes[k],
                    self.step(k, trial) if cut else self.sizes[k], self.steps[k], self.rates[k],
                    (first, trial.made[k] - stop), trial.made[k], min(kept, shape[axis]),
                )
            )  # fmt: skip
        shapes = {e.name: self.whole.nodes[e.node].shape for e in self.whole.inputs_}
        return TilePlan(
            self.layer, tuple(e.name for e in self.moving), self.axes, tuple(tiles), shapes, shape,
            self.moving[0].axes, self.output_axes, mode,
        )  # fmt: skip


def tile_plan(
    graph: Graph,
    image: int | Sequence[int],
    *,
    tile: int | Sequence[int] | None = None,
    max_pixels: int | None = None,
    max_bytes: int | None = None,
    output: str | None = None,
    wrt: str | None = None,
    padding: str | int | Sequence[int] | Sequence[tuple[int, int]] = 0,
    padding_mode: str = "reflect",
    approximate: bool = False,
) -> TilePlan:
    """The tiles of an image; see ``rfield.tile_plan``."""
    if sum(limit is not None for limit in (tile, max_pixels, max_bytes)) != 1:
        raise InvalidModelError("give one of tile=, max_pixels= and max_bytes=")
    if padding_mode not in PAD_BORDERS:
        raise unknown_name("padding mode", padding_mode, PAD_BORDERS)
    planner = Planner(graph, image, output, wrt, padding)
    limit = Limit(
        None if tile is None else per_axis("tile", tile, len(planner.axes)),
        None if max_pixels is None else one("max_pixels", max_pixels),
        None if max_bytes is None else one("max_bytes", max_bytes),
    )
    try:
        return planner.plan(_choose(planner, limit), padding_mode)
    except NotTileableError:
        if not approximate or not planner.global_reads():
            raise
    planner.local = True
    plan = planner.plan(_choose(planner, limit), padding_mode)
    nodes = planner.whole.nodes
    kinds = {name: nodes[planner.whole.index(name)].kind for name in planner.global_reads()}
    losses = tuple(Loss(name, kind, WHOLE_AXIS) for name, kind in kinds.items())
    return replace(plan, losses=losses, outside=outside_share(planner.whole, plan))


class Limit(NamedTuple):
    """How large a tile may be: by its sizes, its positions, or the memory it takes."""

    tile: tuple[int, ...] | None
    pixels: int | None
    bytes: int | None


def _choose(planner: Planner, limit: Limit) -> Trial:
    if limit.tile is not None:
        limits = zip(planner.sizes, planner.steps, limit.tile, strict=True)
        found = planner.trial([fitting(size, step, most) for size, step, most in limits])
        _check_progress(planner, found, limit.tile)
        return found
    reference = planner.reference()
    if limit.bytes is None:
        most = limit.pixels or 0
        return planner.trial(_best(planner, reference, most, f"max_pixels = {most}"))
    budget = limit.bytes / _peak_bytes(planner, reference) * prod(reference.sizes)
    while True:
        found = planner.trial(_best(planner, reference, int(budget), f"max_bytes = {limit.bytes}"))
        peak = _peak_bytes(planner, found)
        if peak <= limit.bytes:
            return found
        budget *= min(0.95, limit.bytes / peak)


def _check_progress(planner: Planner, found: Trial, wanted: Sequence[int]) -> None:
    """A tile must give more than its halo."""
    for k, size in enumerate(planner.sizes):
        if found.sizes[k] < size and planner.step(k, found) <= 0:
            reference = planner.reference()
            least = [planner.smallest(k, reference) for k in range(len(planner.sizes))]
            raise NotTileableError(
                f"a tile of {wanted[k]} along {planner.axes[k]} is all halo: nothing of it equals "
                f"the whole.\n  The smallest tile is {' × '.join(map(str, least))}."
            )


def _best(planner: Planner, reference: Trial, positions: int, limit: str) -> tuple[int, ...]:
    """The sizes with the least work among those of at most so many positions."""
    sizes: list[IndexArray] = []
    costs: list[NDArray[np.float64]] = []
    most = int(CANDIDATES ** (1 / len(planner.sizes)))
    for k, size in enumerate(planner.sizes):
        step, least = planner.steps[k], planner.smallest(k, reference)
        tried = np.arange(least, size, step, dtype=np.int64)
        tried = np.append(tried[:: -(-len(tried) // most) or 1], size)
        apart = (tried - planner.lost(k, reference)) // step * step
        count = 1 + -(-(size - tried) // np.maximum(apart, 1))
        sizes.append(tried)
        costs.append((count * tried).astype(np.float64))
    area = _outer([s.astype(np.float64) for s in sizes])
    work = np.where(area <= positions, _outer(costs), np.inf)
    if not np.isfinite(work).any():
        least = " × ".join(str(of[0]) for of in sizes)
        raise NotTileableError(
            f"{limit} allows a tile of {positions:,} positions, and the smallest one that gives "
            f"anything has {int(area.min()):,} ({least})."
        )
    place = np.unravel_index(int(np.lexsort((area.ravel(), work.ravel()))[0]), work.shape)
    return tuple(int(of[i]) for of, i in zip(sizes, place, strict=True))


def _outer(values: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The products of one entry of each."""
    found = values[0]
    for more in values[1:]:
        found = np.multiply.outer(found, more)
    return found


def _peak_bytes(planner: Planner, trial: Trial) -> int:
    return ITEM_BYTES * peak_elements(trial.part, planner.value_of(trial.part))


def _padding(padding: Any, count: int) -> Pads:
    stated = stated_padding(padding, count)
    if isinstance(stated, str):
        raise InvalidModelError(f'padding = {padding!r}; expected numbers or "fit"')
    return stated


def _alike(graph: Graph, entry: Input) -> tuple[Input, ...]:
    """The input and those that are tiled with it: inputs of the same sizes."""

    def sizes(one: Input) -> list[int]:
        return [graph.nodes[one.node].shape[axis] for axis in one.axes]

    rest = [other for other in graph.inputs_ if other.node != entry.node]
    return (entry, *(other for other in rest if sizes(other) == sizes(entry)))
