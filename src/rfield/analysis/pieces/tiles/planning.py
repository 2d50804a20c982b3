"""How large tiles are and how far apart: trials of tile sizes against the whole image.

Tiles begin on the network's ``grid`` and have the image's size modulo that grid, so that every
tile, border tiles too, has the same shape and every layer the same padding as on the whole. What a
tile of some size really gives is not computed from a halo but found by ``agreement``: for a tile at
the beginning, one inside and one at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from functools import cached_property

from ....core.arguments import Pads, per_axis
from ....core.graph import Graph
from ....errors import InvalidModelError, NotTileableError, RFieldError, UnresolvedSizeError
from ...geometry.fields import choose_source
from ...results import axis_names
from ..comparing.agreement import Loss, agreement
from ..comparing.corners import are_apart, at_ends
from ..comparing.cuts import OTHER_PATH, WHOLE_AXIS, WRAPS, Cut, meets_numbers
from ..comparing.direct import direct, evened
from ..comparing.divided import at_other_size, undivided
from ..comparing.grid import Grid, alike, fitting, grid
from ..comparing.restful import check_restful
from ..comparing.unfolding import Groups
from ..comparing.unread import without_unread
from ..comparing.unrolling import apart
from ..comparing.unwrapping import unturned, wraps
from .fields import Fields
from .nearby import all_along, near
from .padded import Lacking, check_cut, stated
from .plan import TilePlan
from .refusals import no_map, no_tiles
from .tile import AxisTiles, Trial, uncut_of


class Planner:
    """One network on one image: reads it at other sizes, and finds what tiles of it give.

    Along an axis tiles begin at multiples of ``starts``, and their size is the image's modulo
    ``steps``, a multiple of that. ``bare``: without operands of which the output reads nothing.
    """

    def __init__(
        self, graph: Graph, image: int | Sequence[int], output: str | None, wrt: str | None,
        padding: str | int | Sequence[int] | Sequence[tuple[int, int]], *, bare: bool = False,
    ) -> None:  # fmt: skip
        self.bare, self.local = bare, False
        self.halo: Pads | None = None
        self.stand_in: Callable[[Sequence[int]], Trial] | None = None
        self.divided: tuple[Loss, ...] = ()
        self.output = output
        check_restful(graph, NotTileableError)
        self.source, (graph, self.merged) = graph, apart(evened(graph))
        value = self.value_of(graph)
        self.layer = output or graph.layer_of(value)
        entry = next(e for e in graph.inputs_ if e.node == choose_source(graph, value, wrt))
        self.moving = alike(graph, entry)
        self.axes = axis_names(len(entry.axes))
        self.image = per_axis("image", image, len(self.axes))
        self.crops = padding == "fit"
        self.own = [graph.nodes[entry.node].shape[axis] for axis in entry.axes]
        self.lacks = Lacking(self.image, self.own, self._grid(graph).steps)
        fitted = self.lacks.least(self._takes) or self.lacks.most if self.crops else None
        self.padding = fitted or stated(padding, len(self.axes))
        self.sizes = tuple(n + sum(pads) for n, pads in zip(self.image, self.padding, strict=True))
        self.whole, self.merged = self._read(self.sizes)
        self.near = self.whole
        self.value = self.value_of(self.whole)
        if output is None:  # a crop is an output at some sizes only
            self.layer = self.whole.layer_of(self.value)
        self._lay(self.whole)

    def _lay(self, whole: Graph) -> None:
        """Find the grid of the image, and how the output goes along with it."""
        found = self._grid(whole)
        self.makers, self.all_rates = found.makers, found.rates
        self.output_axes, self.rates = self._output(found)
        alone = [axis is None for axis in self.output_axes]  # every tile has all of it
        steps = zip(found.steps, alone, self.sizes, strict=True)
        self.steps = self.starts = tuple(max(n, 1) if all_ else step for step, all_, n in steps)

    def leave_out(self) -> bool:
        """Leave out of the grid and the field what divides the image, if there is any."""
        if self.near is not self.whole:  # it was looked for
            return False
        other = at_other_size(self.read, self.own, self.sizes)
        self.near, self.divided = undivided(self.whole, other, self.value)
        if self.divided:
            vars(self).pop("fields", None)
            self._lay(self.near)
        return bool(self.divided)

    def value_of(self, graph: Graph) -> int:
        """The output, at any size."""
        return graph.main if self.output is None else graph.index(self.output)

    def _grid(self, graph: Graph) -> Grid:
        axes = {graph.entry(entry.name).node: entry.axes for entry in self.moving}
        return grid(graph, axes, self.value_of(graph))

    def _output(self, found: Grid) -> tuple[tuple[int | None, ...], tuple[Fraction, ...]]:
        """The output axes that go along with the input's, and how fast; None: none does."""
        axes: list[int | None] = []
        rates: list[Fraction] = []
        for k in range(len(self.axes)):
            of = [(a, r) for a, r in enumerate(found.rates[self.value]) if r and r[0] == k]
            axis, rate = of[0] if len(of) == 1 else (None, None)
            forwards = rate is not None and rate[1] > 0
            axes.append(axis if forwards else None)
            rates.append(rate[1] if rate and forwards else Fraction(1))
        if not any(axis is not None for axis in axes):
            raise self.no_map(0, cut=False)
        return tuple(axes), tuple(rates)

    @property
    def map_axes(self) -> tuple[int, ...]:
        """The output axes that go along, where each axis of the input has one.

        Raises:
            NotTileableError: one has none.
        """
        for k, axis in enumerate(self.output_axes):
            if axis is None:
                raise self.no_map(k)
        return tuple(axis for axis in self.output_axes if axis is not None)

    def no_map(self, k: int, *, cut: bool = True) -> NotTileableError:
        """No axis of the output goes along with axis ``k`` of the input, or several do."""
        return no_map(
            self.layer, self.whole, self._between(), self.value, self.all_rates, k, self.axes[k],
            cut,
        )  # fmt: skip

    def _between(self) -> list[int]:
        nodes = [self.whole.entry(entry.name).node for entry in self.moving]
        return sorted({index for node in nodes for index in self.whole.between(node, self.value)})

    def read(self, sizes: Sequence[int]) -> Graph:
        """The network for an image of these sizes."""
        return self._read(sizes)[0]

    def _read(self, sizes: Sequence[int]) -> tuple[Graph, Groups]:
        """The same, with what it merges."""
        if self.source.reread is None:
            raise UnresolvedSizeError(
                "this model was read at one size only and cannot be read at another.\n"
                "  Give rfield the model rather than a graph, with input_shape=."
            )
        try:
            graph = direct(self.source.reread(self._shapes(sizes)))
            graph = without_unread(graph, self.value_of(graph)) if self.bare else graph
            return apart(graph, self.merged)
        except RFieldError as error:
            read = f"the model cannot be read at {' × '.join(map(str, sizes))}: {error}"
            if tuple(sizes) != self.sizes:  # a tile's
                raise InvalidModelError(f"{self.layer}: no tile of these sizes: {read}") from error
            moved = {entry.name for entry in self.moving}
            others = [e.name for e in self.source.inputs_ if e.axes and e.name not in moved]
            told = self.lacks.advice(self._takes, self.axes, others)
            raise InvalidModelError(f"{read}\n  {told}") from error

    def _shapes(self, sizes: Sequence[int]) -> dict[str, tuple[int, ...]]:
        """The shapes of all inputs for an image of these sizes."""
        shapes: dict[str, tuple[int, ...]] = {}
        names = {entry.name for entry in self.moving}
        for entry in self.source.inputs_:
            shape = list(self.source.nodes[entry.node].shape)
            if entry.name in names:
                for axis, size in zip(entry.axes, sizes, strict=True):
                    shape[axis] = size
            shapes[entry.name] = tuple(shape)
        return shapes

    def _takes(self, sizes: Sequence[int]) -> bool:
        """Whether the model takes an image of these sizes."""
        if self.source.reread is None:
            return False
        with suppress(RFieldError):
            self.source.reread(self._shapes(sizes))
            return True
        return False

    def trial(self, sizes: Sequence[int]) -> Trial:
        """What tiles of these sizes give, as smaller images show where one stands in.

        Raises:
            NotTileableError: nothing of what they give equals the whole.
        """
        rest = [size - tile for size, tile in zip(self.sizes, sizes, strict=True)]
        if self.stand_in is not None and any(rest):
            return self.stand_in(sizes)
        part = self.read(sizes) if any(rest) else self.whole
        shape = part.nodes[self.value_of(part)].shape
        made = tuple(1 if axis is None else shape[axis] for axis in self.output_axes)
        if not any(rest):
            return Trial(tuple(sizes), part, made, tuple((0, size) for size in made))
        inside = [r // 2 // g * g or r for r, g in zip(rest, self.starts, strict=True)]
        begin = inner = end = first = self._cuts(part, inside)
        some = all(cut.first < cut.stop for cut, left in zip(inner, rest, strict=True) if left)
        if some:
            begin, inner, end = at_ends(
                lambda starts: first if [*starts] == inside else self._cuts(part, starts),
                inside, rest, apart=are_apart(part, self._grid(part), rest),
            )  # fmt: skip
        if some and meets_numbers(part):  # they repeat: with the step of the tiles?
            starts = [min(i + g, r) for i, g, r in zip(inside, self.starts, rest, strict=True)]
            inner = [a.common(b) for a, b in zip(inner, self._cuts(part, starts), strict=True)]
        whole = self.whole.nodes[self.value].shape
        spans: list[tuple[int, int]] = []
        for k, left in enumerate(rest):
            axis = self.output_axes[k]
            if axis is not None and left * self.rates[k] + made[k] != whole[axis]:
                raise NotTileableError(
                    f"{self.layer}: a tile of {sizes[k]} at the end of {self.axes[k]} gives "
                    f"{made[k]} outputs and does not end where the whole does"
                )
            if not some:  # a tile inside gives nothing, whatever those at the ends do
                spans.append((0, made[k] if inner[k].first < inner[k].stop else 0))
                continue
            fits = begin[k].first <= 0 and end[k].stop >= made[k]
            if not fits and self.halo is None:
                raise self._ends(k, sizes[k])
            between = left and inside[k] < left
            stop = min(begin[k].stop, inner[k].stop) if between else begin[k].stop
            spans.append((max(inner[k].first, end[k].first) if left else 0, stop if fits else 0))
        found = Trial(tuple(sizes), part, made, tuple(spans))
        return found if self.halo is None else self._with_halo(found, self.halo)

    def _with_halo(self, trial: Trial, halo: Pads) -> Trial:
        """The tile with what the chosen halo leaves of it, right or not."""
        spans: list[tuple[int, int]] = []
        short = False
        for k, (first, stop) in enumerate(trial.spans):
            if trial.sizes[k] == self.sizes[k]:
                spans.append((0, trial.made[k]))
                continue
            before, after = (-int(-side * self.rates[k] // 1) for side in halo[k])
            spans.append((before, trial.made[k] - after))
            short = short or before < first or trial.made[k] - after > stop
        return replace(trial, spans=tuple(spans), short=short)

    def _cuts(self, part: Graph, starts: Sequence[int]) -> list[Cut]:
        """What the output of a tile that begins at ``starts`` has in common with the whole."""
        begin = {entry.name: tuple(starts) for entry in self.moving}
        value = self.value_of(part)
        local = self.local
        found = agreement(self.whole, part, begin, value=value, local=local, rough=local)
        cuts = found.cuts[value]
        if cuts is None:
            raise self._no_tiles(found.losses)
        if found.places[value] != self.value:
            raise NotTileableError(f"{self.layer} {OTHER_PATH}: a tile takes other layers")
        shape = part.nodes[value].shape
        for axis, (cut, size) in enumerate(zip(cuts, shape, strict=True)):
            if axis not in self.output_axes and (cut.first, cut.stop) != (0, size):
                raise NotTileableError(f"{self.layer}: a tile does not give all of axis {axis}")
        all_ = Cut(0, 0, 1)
        chosen = [all_ if axis is None else cuts[axis] for axis in self.output_axes]
        for cut, start, rate in zip(chosen, starts, self.rates, strict=True):
            if cut.shift != start * rate:
                raise NotTileableError(
                    f"{self.layer}: a tile from {start} lies at {cut.shift} of the output, "
                    f"expected {start * rate}"
                )
        return chosen

    def _ends(self, k: int, size: int) -> NotTileableError:
        """The outputs at the ends of the image need more than a tile there."""
        turns = [
            Loss(self.whole.layer_of(index), self.whole.nodes[index].kind, WRAPS)
            for index in self._between()
            if wraps(self.whole.nodes[index])
        ]
        if turns:
            return self._no_tiles(turns)
        return NotTileableError(
            f"{self.layer}: the outputs at the ends of {self.axes[k]} read more than a tile of "
            f"{size} there"
        )

    def _no_tiles(self, losses: Sequence[Loss]) -> NotTileableError:
        """No tile equals the whole: which layers, why, and what can be done."""
        own = {loss.layer: loss for loss in self.divided}
        found = [own.get(loss.layer, loss) for loss in losses]
        return no_tiles(self.layer, found, lambda: self.fields.global_reads)

    def losses(self, part: Graph | None = None) -> tuple[Loss, ...]:
        """The layers that read of the image what a tile does not have, whatever its halo.

        ``part``: the network on a tile of the plan, where there is one.
        """
        divided = self.divided or undivided(self.whole, part, self.value)[1]
        kinds = (
            (name, self.whole.nodes[self.whole.index(name)]) for name in self.fields.global_reads
        )
        return (*(Loss(name, node.kind, WHOLE_AXIS) for name, node in kinds), *divided)

    @cached_property
    def fields(self) -> Fields:
        """The fields of the output in all that is cut."""
        return Fields.of(unturned(self.near), self.layer, self.moving)

    def needed(self, trial: Trial) -> Pads:
        """The halo of exact tiles of this size at least; where the image is no larger, a bound."""
        chosen, self.halo = self.halo, None
        try:
            found = self.plan(self.reference(max(trial.sizes)), "constant")
        finally:
            self.halo = chosen
        bounds = [max(size, 1) - 1 for size in self.fields.largest]
        both = zip(found.halo, found.counts, bounds, strict=True)
        return tuple(halo if count > 1 else (bound, bound) for halo, count, bound in both)

    def step(self, k: int, trial: Trial) -> int:
        """How far apart tiles may begin along an axis: at most what one of them gives."""
        first, stop = trial.spans[k]
        moved = int(self.rates[k] * self.starts[k])
        return (stop - first) // moved * self.starts[k]

    def reference(self, least: int = 64) -> Trial:
        """A tile that is large enough to show what is lost at its ends."""
        sizes: list[int] = []
        for size, step, known in zip(self.sizes, self.steps, self.fields.largest, strict=True):
            found = fitting(size, step, max(least, 2 * known))
            if found == size:  # a tile that is no larger than need be still shows what is lost
                found = fitting(size, step, known + step)
            sizes.append(found)
        try:
            return self._growing(sizes)
        except NotTileableError:
            if rows := self.all_along(sizes):
                return self._growing([*rows])
            # along a short axis there may be no smaller tile than the whole
            short = [k for k, size in enumerate(self.sizes) if sizes[k] < size <= least]
            if not short:
                raise
            whole = [n if k in short else sizes[k] for k, n in enumerate(self.sizes)]
            return self._growing(whole)

    def all_along(self, sizes: Sequence[int]) -> tuple[int, ...] | None:
        """The tile with all of the image along axes that are read whole; see ``nearby``."""
        return all_along(sizes, self.sizes, self.fields.is_whole)

    def _growing(self, sizes: list[int]) -> Trial:
        """Tiles of these sizes, or of larger ones where they give nothing."""
        while True:
            found = near(self.trial, sizes, self.sizes, self.steps)
            shorter = (k for k, size in enumerate(self.sizes) if sizes[k] < size)
            small = [k for k in shorter if self.step(k, found) <= 0]
            if not small:
                return found
            for k in small:
                step, more = self.steps[k], max(sizes[k], self.steps[k])
                sizes[k] = fitting(self.sizes[k], step, sizes[k] + more)

    def lost(self, k: int, trial: Trial) -> int:
        """Input positions of a tile for which it gives nothing."""
        first, stop = trial.spans[k]
        return trial.sizes[k] - int((stop - first) / self.rates[k])

    def smallest(self, k: int, trial: Trial) -> int:
        """The smallest tile that gives a step's worth of outputs, or the whole axis."""
        size, step = self.sizes[k], self.steps[k]
        if trial.sizes[k] == size:
            return size
        least = self.lost(k, trial) + self.starts[k]
        return min(size, least + (size - least) % step)

    def plan(self, trial: Trial, mode: str) -> TilePlan:
        """The plan with tiles of this size."""
        check_cut(self.layer, self.padding, self.axes, self.output_axes)
        shape = self.whole.nodes[self.value].shape
        tiles: list[AxisTiles] = []
        planned = [(k, axis) for k, axis in enumerate(self.output_axes) if axis is not None]
        for k, axis in planned:
            first, stop = trial.spans[k]
            beyond = self.crops and any(self.padding[k])
            kept = -int(-self.image[k] * self.rates[k] // 1) if beyond else shape[axis]
            tiles.append(
                AxisTiles(
                    self.image[k], self.padding[k], trial.sizes[k],
                    self.step(k, trial) if trial.sizes[k] < self.sizes[k] else self.sizes[k],
                    self.starts[k], self.steps[k], self.rates[k], (first, trial.made[k] - stop),
                    trial.made[k], min(kept, shape[axis]),
                )
            )  # fmt: skip
        shapes = {e.name: self.whole.nodes[e.node].shape for e in self.whole.inputs_}
        return TilePlan(
            self.layer, tuple(e.name for e in self.moving), tuple(self.axes[k] for k, _ in planned),
            tuple(tiles), shapes, shape, tuple(self.moving[0].axes[k] for k, _ in planned),
            tuple(axis for _, axis in planned), mode,
            uncut=uncut_of(self.axes, self.image, self.output_axes),
        )  # fmt: skip
