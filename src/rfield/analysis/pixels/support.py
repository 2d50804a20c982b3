"""Support: the exact set of input positions that an output reads, holes included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from operator import index as at
from typing import Any, ClassVar, cast, overload

import numpy as np
from numpy.typing import NDArray

from ...core.graph import Graph
from ...core.limits import BATCH, MASK_LIMIT
from ...errors import (
    InvalidModelError,
    TooLargeError,
    UnresolvedSizeError,
    show_shape,
    too_large,
)
from ..answer import Answer
from ..engines.backward import ENDLESS, Canvas, is_exact, pull
from ..engines.footprint import Block, Footprint, merged
from ..engines.scatter import Array, Domain, Marks
from ..geometry.field import ReceptiveField
from ..geometry.fields import receptive_field
from ..results import Fidelity, Region, sizes_needed

MOST_CELLS = 1 << 20
"""A mask of at most so many positions is written down; of none, or of more, it is ``None``."""


@dataclass(frozen=True, eq=False, repr=False)
class Support(Answer):
    """The input positions that one output (or any output of a box) reads.

    ``mask[k]`` stands for input position ``offset + k``; the mask is cut to its bounding box.
    """

    schema: ClassVar[str] = "rfield.support/1"

    layer: str
    wrt: str
    axes: tuple[str, ...]
    index: tuple[Any, ...]
    fidelity: Fidelity
    offset: tuple[int, ...]
    shape: tuple[int, ...]
    _footprint: Footprint | None = field(repr=False)
    _entry: int = field(repr=False)
    _spatial: tuple[int, ...] = field(repr=False)

    @cached_property
    def mask(self) -> NDArray[np.bool_]:
        """Which positions of the box are read, as a boolean array of ``shape``."""
        if self._footprint is None:
            return np.zeros(self.shape, dtype=bool)
        return dense(self._cut(self._footprint), 0, self._spatial, Marks())

    def _cut(self, foot: Footprint) -> Footprint:
        """This output's part of what was pulled back with others, no larger than its box."""
        windows = list(foot.windows)
        for axis, first, size in zip(self._spatial, self.offset, self.shape, strict=True):
            windows[axis] = (first, first + size)
        blocks: list[Block] = []
        for block in foot.blocks:
            inside = [
                slice(
                    windows[axis][0] - foot.windows[axis][0],
                    windows[axis][1] - foot.windows[axis][0],
                )
                for axis in block.axes
            ]
            blocks.append(Block(block.axes, block.values[(self._entry, *inside)][None]))
        scale = foot.scale[self._entry : self._entry + 1]
        return Footprint(tuple(windows), tuple(blocks), scale)

    @property
    def box(self) -> Region:
        """The bounding box."""
        stop = tuple(o + n for o, n in zip(self.offset, self.shape, strict=True))
        return Region(self.offset, stop, self.axes)

    @property
    def count(self) -> int:
        """How many positions are read."""
        return int(np.count_nonzero(self.mask))

    @property
    def density(self) -> float:
        """Share of the bounding box that is read (1 without holes)."""
        return self.count / self.mask.size if self.mask.size else 1.0

    @property
    def holes(self) -> int:
        """Positions inside the bounding box that are not read."""
        return self.mask.size - self.count

    def _facts(self) -> dict[str, Any]:
        return {
            "layer": self.layer,
            "wrt": self.wrt,
            "axes": list(self.axes),
            "index": self.index,
            "fidelity": self.fidelity,
            "offset": list(self.offset),
            "shape": list(self.shape),
            "count": self.count,
            "mask": _pictured(self.mask.tolist()) if 0 < prod(self.shape) <= MOST_CELLS else None,
        }

    def _identity(self) -> object:
        asked = (self.layer, self.wrt, self.axes, str(self.index))
        return asked, self.fidelity, self.offset, self.shape, np.packbits(self.mask).tobytes()

    def _told(self) -> str:
        return (
            f"{self.layer} at {self.index} wrt {self.wrt}: {self.box}; {self.count:,} positions, "
            f"density {self.density:.3f}"
        )


def _pictured(mask: Any) -> Any:
    """Nested lists whose innermost axis is a string: ``#`` is read, ``.`` is not."""
    if mask and isinstance(mask[0], list):
        return [_pictured(part) for part in cast("list[Any]", mask)]
    return "".join("#" if read else "." for read in mask)


@overload
def support(
    graph: Graph,
    index: Sequence[int | slice] | int | str,
    output: str | None = ...,
    *,
    wrt: str | None = ...,
    clip: bool = ...,
) -> Support: ...
@overload
def support(
    graph: Graph,
    index: NDArray[Any],
    output: str | None = ...,
    *,
    wrt: str | None = ...,
    clip: bool = ...,
) -> Support | tuple[Support, ...]: ...
def support(
    graph: Graph,
    index: Any,
    output: str | None = None,
    *,
    wrt: str | None = None,
    clip: bool = True,
) -> Support | tuple[Support, ...]:
    """The exact set of input positions that the output at ``index`` reads.

    ``index``: one output position; a tuple with slices for a box of outputs (the union of what they
    read); or an array of shape ``(n, d)`` for one ``Support`` each, computed together. With
    ``clip`` what this model reads on this input, without it the theory on an endless canvas.
    """
    return support_of(receptive_field(graph, output, wrt=wrt), index, clip=clip)


def support_of(
    rf: ReceptiveField, index: Any, *, clip: bool = True
) -> Support | tuple[Support, ...]:
    """``support`` of a layer whose field is known already."""
    ask = Question(rf, clip=clip)
    parts = cast("tuple[Any, ...]", index) if isinstance(index, tuple) else ()
    if any(isinstance(part, slice) for part in parts):
        foot = ask.pull(ask.box(parts), Marks())
        return ask.union(foot, parts)
    rows, many = rf.rows(index, inside=clip)
    found: list[Support] = []
    for start in range(0, len(rows), BATCH):
        found += ask.each(rows[start : start + BATCH])
    return tuple(found) if many else found[0]


class Question:
    """One layer asked for sets or weights in one source: checks, pulling back, reading off."""

    def __init__(self, rf: ReceptiveField, *, clip: bool) -> None:
        self.rf = rf
        self.clip = clip
        exact = is_exact(rf.graph, rf.source, rf.value, clip=clip)
        self.fidelity = Fidelity.EXACT if exact else Fidelity.UPPER_BOUND
        if rf.graph.has_free_axes:
            problem = f"{rf.layer}: exact sets need the input's sizes; {rf.wrt} has free axes"
            raise sizes_needed(rf.graph, problem)
        if rf.value not in rf.graph.dependents(rf.source):
            raise InvalidModelError(f"{rf.layer} does not depend on {rf.wrt}")
        if not rf.source_axes:
            shape = show_shape(rf.graph.shape(rf.source))
            raise InvalidModelError(
                f"{rf.layer} depends on {rf.wrt} {shape}, none of whose axes are positions: there "
                "is no set of them. Choose some with axes=..., or ask for another wrt=..."
            )
        if not clip and rf.whole_reads.count(rf.value):
            raise self._endless()

    def _endless(self) -> UnresolvedSizeError:
        names = ", ".join(self.rf.global_reads[:3])
        return UnresolvedSizeError(
            f"{self.rf.layer} reads a whole axis ({names}); without clip its field has no end"
        )

    def pull(self, rows: Array, domain: Domain) -> Footprint | None:
        """Pull rows of output positions back to the source."""
        rf = self.rf
        canvas = None if self.clip else Canvas(rf.graph, rf.source, rf.source_axes)
        feet = pull(rf.graph, rf.value, rf.source, rf.positions, rows, domain, canvas=canvas)
        if any(ENDLESS in foot.windows for foot in feet):
            raise self._endless()
        return feet[0] if feet else None

    def each(self, rows: Array) -> list[Support]:
        """One support for each row; a batch that would not fit is halved."""
        try:
            foot = self.pull(rows, Marks())
        except TooLargeError:
            if len(rows) == 1:
                raise
            half = len(rows) // 2
            return self.each(rows[:half]) + self.each(rows[half:])
        return [self._one(foot, k, tuple(row)) for k, row in enumerate(rows.tolist())]

    def box(self, index: tuple[Any, ...]) -> Array:
        """All positions of a box of outputs, as rows."""
        rf = self.rf
        shape = [rf.graph.nodes[rf.value].shape[axis] for axis in rf.positions]
        if len(index) != len(shape):
            raise InvalidModelError(
                f"{rf.layer}: an index of {len(index)} numbers; "
                f"its positions are {show_shape(shape)}"
            )
        try:
            ranges = [
                range(*part.indices(size))
                if isinstance(part, slice)
                else range(at(part), at(part) + 1)
                for part, size in zip(index, shape, strict=True)
            ]
        except TypeError:
            raise InvalidModelError(
                f"{rf.layer}: index {index!r}; expected integers and slices"
            ) from None
        cells = prod(len(r) for r in ranges)
        if cells == 0 or cells > MASK_LIMIT >> 8:
            raise InvalidModelError(f"{rf.layer}: index {index} holds {cells:,} positions")
        grids = np.meshgrid(*(np.array(r) for r in ranges), indexing="ij")
        rows = np.stack([grid.reshape(-1) for grid in grids], axis=-1)
        return rf.rows(rows, inside=self.clip)[0]

    def union(self, foot: Footprint | None, index: tuple[Any, ...]) -> Support:
        """The union over the batch as one support."""
        if foot is not None and foot.batch > 1:
            foot = _collected(foot)
        return self._one(foot, 0, index)

    def _one(self, foot: Footprint | None, entry: int, index: tuple[Any, ...]) -> Support:
        rf = self.rf
        box = None if foot is None else foot.box(entry)
        spans = [(0, 0) if box is None else box[axis] for axis in rf.source_axes]
        return Support(
            rf.layer, rf.wrt, rf.axes, index, self.fidelity,
            tuple(start for start, _ in spans), tuple(stop - start for start, stop in spans),
            None if box is None else foot, entry, rf.source_axes,
        )  # fmt: skip


def dense(foot: Footprint, entry: int, spatial: tuple[int, ...], domain: Domain) -> Array:
    """One batch entry over the spatial axes' windows, everything else collected."""
    cells = prod(foot.windows[a][1] - foot.windows[a][0] for a in spatial)
    if cells * np.dtype(domain.dtype).itemsize > MASK_LIMIT:
        raise too_large("the mask", cells, "Its bounding box is in .box.")
    one = Footprint(
        foot.windows,
        tuple(type(b)(b.axes, b.values[entry : entry + 1]) for b in foot.blocks),
        foot.scale[entry : entry + 1],
    )
    whole = merged(one, spatial, domain)
    scale = whole.scale[0]
    for block in whole.blocks:
        if not set(block.axes) & set(spatial):
            scale = scale * domain.collect(block.values[0], tuple(range(block.values[0].ndim)))
    block = next(b for b in whole.blocks if spatial[0] in b.axes)
    values = block.values[0]
    rest = tuple(range(len(spatial), values.ndim))
    return (domain.collect(values, rest) if rest else values) * scale


def _collected(foot: Footprint) -> Footprint:
    """The union over the batch."""
    marks = Marks()
    scale = np.ones(1, dtype=np.bool_)
    if len(foot.blocks) <= 1:
        blocks = tuple(type(b)(b.axes, marks.collect(b.values, 0)[None]) for b in foot.blocks)
        return Footprint(foot.windows, blocks, marks.collect(foot.scale, 0)[None])
    axes = [axis for block in foot.blocks for axis in block.axes]
    whole = merged(foot, axes, marks)
    block = whole.blocks[0]
    live = block.values & whole.scale.reshape(-1, *(1,) * len(block.axes))
    one = type(block)(block.axes, marks.collect(live, 0)[None])
    return Footprint(whole.windows, (one,), scale)
