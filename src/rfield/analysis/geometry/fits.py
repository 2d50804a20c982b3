"""Which layers see an object of a given size whole, and with how much around it.

Two questions: is the object inside the field of *some* output, and does *every* output on the
object see all of it? Where the input has a size, both are answered for this tensor: every place
of the object, every output, and only what is really read (a tap that falls outside reads nothing).
Where it has none, a field of ``r`` on a grid of ``S`` holds an object of ``o`` pixels wherever it
is only if ``r >= o + S - 1`` (for one pattern).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from ...core.arguments import integer, listed
from ...core.graph import Graph
from ...core.limits import PLACEMENTS
from ...errors import InvalidModelError
from ..answer import Answer
from ..engines.bounds import axis_field
from ..engines.pull import LARGEST
from ..engines.terms import Span, State
from ..results import UNBOUNDED, Size
from .field import ReceptiveField
from .fields import Fields, choose_source
from .placements import Placed, Placements, Sees

__all__ = ["Fits", "LayerFit", "Sees", "fits"]


@dataclass(frozen=True, slots=True)
class LayerFit:
    """One layer. Tuples have one entry per axis.

    ``sees``: some output sees the object whole; ``every``: every output on the object does (one
    whose centre lies on it; None where that is not known). ``context``: input pixels on the tighter
    side of the object, in the local field that holds it best, at the worst placement (None where
    not every placement is held). ``outputs``: how many outputs lie on the object, its size over the
    stride. ``reads_all``: it reads a whole axis besides; ``context`` leaves that out.
    """

    layer: str
    size: tuple[int, ...]
    stride: tuple[Fraction | None, ...]
    sees: Sees
    context: tuple[int | None, ...]
    outputs: tuple[Fraction | None, ...]
    reads_all: bool
    every: Sees | None = None


@dataclass(frozen=True, repr=False)
class Fits(Answer):
    """The layers of a model, in order, and what they see of an object of ``object_size``."""

    schema: ClassVar[str] = "rfield.fits/1"

    wrt: str
    axes: tuple[str, ...]
    object_size: tuple[int, ...]
    layers: tuple[LayerFit, ...]

    def __getitem__(self, layer: str) -> LayerFit:
        for row in self.layers:
            if row.layer == layer:
                return row
        raise KeyError(layer)

    @property
    def first(self) -> LayerFit | None:
        """The first layer that sees the object whole wherever it is, None if there is none."""
        return next((row for row in self.layers if row.sees is Sees.ALWAYS), None)

    @property
    def first_local(self) -> LayerFit | None:
        """The first layer that does without reading a whole axis."""
        return next((row for row in self.layers if None not in row.context), None)

    @property
    def first_every(self) -> LayerFit | None:
        """The first layer of which every output on the object sees all of it."""
        return next((row for row in self.layers if row.every is Sees.ALWAYS), None)

    @property
    def levels(self) -> tuple[LayerFit, ...]:
        """The last outer layer of each stride: what a feature pyramid is built on."""
        last: dict[tuple[Fraction | None, ...], LayerFit] = {}
        for row in self.layers:
            if all(row.stride) and any(row.size):
                before = last.get(row.stride)
                if before is None or _depth(row.layer) <= _depth(before.layer):
                    last[row.stride] = row
        return tuple(row for row in self.layers if row in last.values())

    def _facts(self) -> dict[str, Any]:
        return {
            "wrt": self.wrt,
            "axes": self.axes,
            "object_size": self.object_size,
            "first": None if self.first is None else self.first.layer,
            "first_local": None if self.first_local is None else self.first_local.layer,
            "first_every": None if self.first_every is None else self.first_every.layer,
            "layers": [
                {
                    "layer": row.layer,
                    "size": row.size,
                    "stride": row.stride,
                    "sees": row.sees,
                    "context": row.context,
                    "outputs": row.outputs,
                    "reads_all": row.reads_all,
                    "every": row.every,
                }
                for row in self.layers
            ],
        }

    def _told(self) -> str:
        return "\n".join(
            f"{row.layer}: r {'x'.join(map(str, row.size))}, {row.sees.value}"
            for row in self.layers
        )


def fits(graph: Graph, object_size: object, *, wrt: str | None = None) -> Fits:
    """What every layer sees of an object of ``object_size`` pixels, one number or one per axis."""
    fields = Fields(graph, choose_source(graph, None, wrt), wrt)
    parts = listed(object_size)
    given = [object_size] * len(fields.axes) if parts is None else list(parts)
    sizes = [n for n in map(integer, given) if n is not None and n > 0]
    if len(sizes) != len(given) or len(sizes) != len(fields.axes):
        raise InvalidModelError(
            f"object_size = {object_size!r}; expected positive integers, one or one for each of "
            f"{', '.join(fields.axes)}"
        )
    seen = None if graph.has_free_axes else [Placements(fields, k, o) for k, o in enumerate(sizes)]
    rows = tuple(_fit(fields[name], sizes, seen) for name in fields)
    return Fits(fields.wrt, fields.axes, tuple(sizes), rows)


def _depth(name: str) -> int:
    """In how many layers a layer is."""
    return name.replace("/", ".").count(".")


def _fit(
    field: ReceptiveField, sizes: Sequence[int], seen: Sequence[Placements] | None
) -> LayerFit:
    local = field.local
    largest = local.largest
    whole: Sequence[Size] = field.size
    shape = field.graph.nodes[field.value].shape
    axes: list[Placed] = []
    for k, size in enumerate(sizes):
        found = None if seen is None else seen[k].of(field.value)
        axes.append(found or _in_theory(local, k, shape, size, whole[k] is UNBOUNDED))
    strides = local.stride
    outputs = tuple(Fraction(n) / s if s else None for n, s in zip(sizes, strides, strict=True))
    every = [placed.every for placed in axes]
    return LayerFit(
        field.layer, largest, strides, _all_of([placed.sees for placed in axes]),
        tuple(placed.context for placed in axes), outputs,
        any(size is UNBOUNDED for size in whole),
        None if None in every else _all_of([found for found in every if found is not None]),
    )  # fmt: skip


def _all_of(found: Sequence[Sees]) -> Sees:
    """The answer for all axes together."""
    worst = (Sees.NEVER, Sees.SOMETIMES, Sees.ALWAYS)
    return min(found, key=worst.index)


def _in_theory(
    local: ReceptiveField, k: int, shape: Sequence[int], size: int, reads_all: bool
) -> Placed:
    """One axis of an input without a size: the grid goes on for ever."""
    context = _context(local.states[k], shape, local.positions, size)
    possible = local.largest[k] >= size
    sees = Sees.NEVER if not possible else Sees.ALWAYS if context is not None else Sees.SOMETIMES
    return Placed(Sees.ALWAYS if reads_all else sees, None, context)


def _context(state: State, shape: Sequence[int], positions: Sequence[int], size: int) -> int | None:
    """The tighter side in the best field at the worst place; None where no field holds it."""
    if isinstance(state, Span):
        low, high = np.array([state.first]), np.array([state.last])
        advance = abs(state.advance)
    else:
        found = axis_field(state, shape, positions).local
        stride = found.stride
        if stride is None or not found.terms or stride * found.period > PLACEMENTS:
            return None
        advance = int(abs(stride) * found.period)
        moving = next(t.carrier for t in found.terms if t.carrier is not None) if advance else None
        index = np.zeros((found.period, len(positions)), np.int64)
        if moving is not None:
            index[:, list(positions).index(moving)] = np.arange(found.period)
        low, high = found.bounds(index)
        kept = (low <= high) & (low > -LARGEST) & (high < LARGEST)
        low, high = low[kept], high[kept]
    if advance == 0 or len(low) == 0:
        return None
    worst: int | None = None
    for place in range(advance):  # the object begins at `place`; fields repeat every `advance`
        spare = high - low + 1 - size
        left = (place - low) % advance
        steps = np.maximum((spare - left) // advance, 0)
        best = -1
        for more in {0, *np.unique(steps // 2).tolist(), *np.unique((steps + 1) // 2).tolist()}:
            tried = left + advance * more
            best = max(best, int(np.minimum(tried, spare - tried).max()))
        if best < 0:
            return None
        worst = best if worst is None else min(worst, best)
    return worst
