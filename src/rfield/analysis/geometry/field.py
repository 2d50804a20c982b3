"""``ReceptiveField``: what one value can see of one input (or of any layer), as a frozen result.

The numbers follow from the states of the forward sweep; nothing here walks a graph except
``region(clip=True)``, which asks ``clipped`` for what this tensor really reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, partial
from math import inf
from typing import Any, ClassVar

import numpy as np

from ...core.graph import Graph
from ...core.limits import DENSE_LIMIT
from ...errors import InvalidModelError, TooLargeError, UnresolvedSizeError
from ..answer import Answer
from ..engines.backward import TOGETHER, boxes
from ..engines.bounds import AxisField, axis_field, phase_grid, region_of
from ..engines.clipped import clipped_bounds
from ..engines.phases import Phases, joint_periods
from ..engines.projective import push
from ..engines.pull import LARGEST
from ..engines.recalled import Recalled
from ..engines.terms import Span, State
from ..interior import interior_of
from ..results import (
    UNBOUNDED,
    Fidelity,
    IndexArray,
    Region,
    Size,
    axis_names,
    halves,
    sizes_needed,
)
from .halo import Halo, halo_of
from .indexing import rows_at, windows_at
from .premises import premises
from .whole_reads import NONE, WholeReads


@dataclass(frozen=True, eq=False, repr=False)
class ReceptiveField(Answer):
    """The receptive field of ``layer`` with respect to ``wrt``.

    Every tuple has one entry per axis of ``axes``, in positions (pixels, samples) of ``wrt``; the
    definitions are those of ``docs/conventions.md``.
    """

    schema: ClassVar[str] = "rfield.field/1"

    graph: Graph = field(repr=False)
    layer: str
    wrt: str
    axes: tuple[str, ...]
    value: int = field(repr=False)
    source: int = field(repr=False)
    source_axes: tuple[int, ...] = field(repr=False)
    states: tuple[State, ...] = field(repr=False)
    fidelity: Fidelity
    whole_reads: WholeReads = field(repr=False)
    is_local: bool = field(default=False, repr=False)
    unknown: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    positions: tuple[int, ...] = field(default=(), repr=False)
    gaps: Phases | None = field(default=None, repr=False)

    @property
    def is_crossed(self) -> bool:
        """Whether the boxes are exact on all axes together only; ``gaps`` has its phases then."""
        return self.gaps is not None

    @property
    def _phase_grid(self) -> IndexArray:
        return phase_grid(self._fields, self.gaps or self.output_shape)

    @cached_property
    def global_reads(self) -> tuple[str, ...]:
        """The layers that read a whole axis on the way."""
        return self.whole_reads.before(self.value)

    @cached_property
    def _fields(self) -> tuple[AxisField, ...]:
        shape = self.graph.nodes[self.value].shape
        full = tuple(axis_field(state, shape, self.positions) for state in self.states)
        return tuple(f.local for f in full) if self.is_local else full

    @cached_property
    def _spans(self) -> tuple[Span | None, ...]:  # short forms, where there are such
        return tuple(
            state if isinstance(state, Span) else self._fields[k].span
            for k, state in enumerate(self.states)
        )

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """The shape of the layer's tensor."""
        return self.graph.shape(self.value)

    @cached_property
    def sizes(self) -> tuple[tuple[int, ...], ...]:
        """Per axis the sorted distinct sizes over the phases, whole-axis reads left out."""
        if self.is_crossed:
            low, high = self._together(self._phase_grid, clip=False, local=True)
            return tuple(
                tuple(int(n) for n in np.unique((b - a + 1)[a <= b])) or (0,)
                for a, b in zip(low.T, high.T, strict=True)
            )
        return tuple(
            (span.size,) if span else self._fields[k].sizes for k, span in enumerate(self._spans)
        )

    @property
    def only_size(self) -> tuple[int | None, ...]:
        """Per axis the size of all phases, whole-axis reads left out; None: they differ."""
        if self.is_crossed:
            return tuple(sizes[0] if len(sizes) == 1 else None for sizes in self.sizes)
        return tuple(
            span.size if span else self._fields[k].only_size for k, span in enumerate(self._spans)
        )

    @cached_property
    def size(self) -> tuple[Size, ...]:
        """Span of input positions one output can read, padding included; the largest over phases.

        ``UNBOUNDED`` where some path reads a whole axis (see ``local``); 0 where nothing is read.
        """
        plain = [state.size for state in self.states if isinstance(state, Span)]
        if len(plain) == len(self.states) and not self.is_crossed:
            return tuple(plain)
        return tuple(
            UNBOUNDED if self._is_endless(k) else size for k, size in enumerate(self.largest)
        )

    @property
    def largest(self) -> tuple[int, ...]:
        """The largest of ``sizes`` per axis; 0 where nothing is read."""
        if self.is_crossed:
            return tuple(max(sizes, default=0) for sizes in self.sizes)
        return tuple(
            span.size if span else self._fields[k].largest for k, span in enumerate(self._spans)
        )

    def _is_endless(self, k: int) -> bool:
        if self._spans[k] or not self._fields[k].is_global or not self.is_crossed:
            return not self._spans[k] and self._fields[k].is_global
        low, _ = self._together(self._phase_grid, clip=False)
        return bool((low[:, k] < -LARGEST).any())

    @cached_property
    def stride(self) -> tuple[Fraction | None, ...]:
        """Input step per output step; None where paths with different strides meet."""
        return tuple(
            None if f"stride {self.axes[k]}" in self.unknown
            else halves(2 * span.advance) if span else self._fields[k].stride
            for k, span in enumerate(self._spans)
        )  # fmt: skip

    @cached_property
    def padding(self) -> tuple[int | None, ...]:
        """−(first input index that output 0 reads); None with a reason (``why``)."""
        return tuple(self._padding(k) for k in range(len(self.axes)))

    def _padding(self, k: int) -> int | None:
        span = self._spans[k]
        if f"padding {self.axes[k]}" in self.unknown:
            return None
        if span:
            return -span.first
        if self._fields[k].stride is None or self._fields[k].is_global:
            return None
        origin = np.zeros((1, len(self.positions)), dtype=np.int64)
        low, high = self._fields[k].bounds(origin)
        if self.is_crossed:
            first, last = (side[:, k] for side in self._together(origin, clip=False))
            low, high = (first, last) if first[0] <= last[0] else (low, high)
        return -int(low[0]) if low[0] <= high[0] else None

    @cached_property
    def period(self) -> tuple[int, ...]:
        """Outputs after which the same pattern repeats: 1 unless up-sampling, windows …"""
        own = [1 if span else self._fields[k].period for k, span in enumerate(self._spans)]
        if self.gaps is None:
            return tuple(own)
        return joint_periods(own, self.gaps, self.states)

    def why(self, axis: int | str) -> str:
        """Why ``stride`` or ``padding`` is None on an axis, or ``size`` unbounded; else ``""``."""
        k = self.axes.index(axis) if isinstance(axis, str) else axis
        for what in ("stride", "padding"):
            if f"{what} {self.axes[k]}" in self.unknown:
                return self.unknown[f"{what} {self.axes[k]}"]
        if self._spans[k]:
            return ""
        found = self._fields[k]
        if not found.terms:
            return f"{self.layer} does not depend on {self.wrt} along {self.axes[k]}"
        if found.is_global:
            return f"a whole axis is read by {', '.join(self.global_reads[:3])}"
        if found.stride is not None:
            return ""
        if any(term.advance is None for term in found.terms):
            return "the windows are irregular, or the output has no position along this axis"
        return "paths with different strides meet"

    @cached_property
    def local(self) -> ReceptiveField:
        """The field without the whole-axis reads (size 0 where nothing local is left)."""
        if not self.whole_reads.count(self.value):
            return self
        return replace(self, is_local=True, whole_reads=NONE)

    @cached_property
    def halo(self) -> Halo:
        """Context, in input positions per side, that a block of outputs needs around its part."""
        return halo_of(self)

    def interior(self, size: Any = None) -> tuple[slice, ...]:
        """The outputs to which no border does anything, at any layer: a slice for each axis.

        On a crop they are what they are in the middle of a larger image.
        ``size``: of the input; default: as it was read. ``local`` leaves whole-axis reads out.
        """
        return interior_of(self, size)

    def region(self, index: Any = (), clip: bool = False) -> Region:
        """The box of input positions that the outputs at ``index`` read.

        ``index``: one output position, ``"center"``, or an array of them with shape ``(..., d)``.
        Without ``clip`` the theory (the grid goes on for ever, padding is more grid); with ``clip``
        what this model reads on this input: padding reads nothing (or the mirrored, wrapped one).
        """
        at, many = self.rows(index, inside=clip)
        if clip:
            self._need_sizes("clip=True")
            if self.is_local:
                raise InvalidModelError("clip=True has no local variant: a tensor is read or not")
            found = clipped_bounds(
                self.graph, self.value, self.source, self.source_axes, self.positions, at
            )
            low, high = self._together(at, clip=True) if found is None else found
        elif self.is_crossed:
            low, high = self._together(at, clip=False)
        else:
            if not many and all(self._spans):
                self._need_fixed_regions()
                return self._plain_region(at)
            self._need_fixed_regions()
            pairs = [found.bounds(at) for found in self._fields]
            low, high = (np.stack(sides, axis=-1) for sides in zip(*pairs, strict=True))
        return region_of(low, high, np.asarray(index).shape[:-1] if many else None, self.axes)

    def has_joint_theory(self, recalled: Recalled) -> bool:
        """Whether the boxes of all axes can be had at once without clip.

        They cannot where a reshape couples axes and padding before it is reached: it has no canvas
        beyond its tensor; nor where they are more than fit. ``recalled``: of fields in this source.
        """
        shape = self.graph.nodes[self.value].shape
        ends = np.array([shape[axis] - 1 for axis in self.positions], dtype=np.int64)
        try:
            grid = self._phase_grid
            share = DENSE_LIMIT // min(TOGETHER, 2 * len(grid))
            together = partial(self._together, clip=False, recalled=recalled)
            together(grid[:1], limit=share)  # where one is refused, all are
            together(np.concatenate([grid, np.maximum(ends - grid, 0)]))
        except (InvalidModelError, TooLargeError):
            return False
        return True

    def _together(
        self,
        at: IndexArray,
        *,
        clip: bool,
        local: bool = False,
        limit: int = DENSE_LIMIT,
        recalled: Recalled | None = None,
    ) -> tuple[IndexArray, IndexArray]:
        """Boxes of all axes at once, for joins whose branches are empty on one axis only."""
        return boxes(
            self.graph, self.value, self.source, self.source_axes, self.positions, at,
            clip=clip, local=local or self.is_local, limit=limit, recalled=recalled,
        )  # fmt: skip

    def _plain_region(self, at: IndexArray) -> Region:
        start: list[int] = []
        stop: list[int] = []
        for span in self._spans:
            assert span is not None
            position = int(at[0, self.positions.index(span.axis)])
            start.append(span.advance * position + span.first)
            stop.append(span.advance * position + span.last + 1)
        return Region(tuple(start), tuple(stop), self.axes)

    def center(self, index: Any = ()) -> Any:
        """Midpoint of the region (theory), in 0-based index coordinates: the first pixel is at 0.

        A tuple of floats, or an array for an array of positions; ``nan`` where a side is endless
        or nothing is read.
        """
        box = self.region(index)
        if box.is_one:
            return tuple(_middle(a, b) for a, b in zip(box.start, box.stop, strict=True))
        with np.errstate(invalid="ignore"):
            middle = (box.start.astype(np.float64) + box.stop - 1) / 2
        return np.where(np.isfinite(middle) & (box.stop > box.start), middle, np.nan)

    def outputs_seeing(self, index: Any) -> Region:
        """The projective field: the box of outputs that the input position ``index`` can influence.

        ``index``: one input position, or a box (one integer or ``slice`` per axis). Exact on this
        input's sizes; the axes of the result are the output's position axes.
        """
        self._need_sizes("outputs_seeing")
        shape = self.graph.nodes[self.source].shape
        windows = [(0, size) for size in shape]
        named = windows_at(index, self.layer, self.axes, [shape[a] for a in self.source_axes])
        for axis, window in zip(self.source_axes, named, strict=True):
            windows[axis] = window
        foot = push(self.graph, self.source, self.value, windows)
        spans = [(0, 0) if foot is None else foot.windows[axis] for axis in self.positions]
        names = axis_names(len(self.positions))
        return Region(tuple(a for a, _ in spans), tuple(b for _, b in spans), names)

    def _facts(self) -> dict[str, Any]:
        return {
            "layer": self.layer,
            "wrt": self.wrt,
            "axes": self.axes,
            "size": self.size,
            "sizes": self.sizes,
            "stride": self.stride,
            "padding": self.padding,
            "period": self.period,
            "local_size": list(self.largest),
            "global_reads": self.global_reads,
            "fidelity": self.fidelity,
            "reasons": {n: self.why(n) for n in self.axes if self.why(n)},
        }

    @property
    def premises(self) -> tuple[str, ...]:
        """What it rests on that the model does not show."""
        return premises(self.graph)

    def _told(self) -> str:
        local, parts = self.local, dict[str, list[str]]()
        for k, name in enumerate(self.axes):
            size = f"size {self.size[k]}"
            if self.size[k] is UNBOUNDED:
                size = f"global, local size {self.largest[k]}"
            stride, padding = ("?" if n is None else n for n in (local.stride[k], local.padding[k]))
            numbers = f"{size}, stride {stride}, padding {padding}"
            parts.setdefault(numbers, []).append(name)
        shown = "; ".join(f"{', '.join(names)}: {numbers}" for numbers, names in parts.items())
        return f"{self.layer} in {self.wrt}: {shown} ({self.fidelity.value})"

    def rows(self, index: Any, *, inside: bool) -> tuple[IndexArray, bool]:
        """``index`` as rows of output positions (checked), and whether it was an array of many."""
        sizes = [self.graph.nodes[self.value].shape[axis] for axis in self.positions]
        if isinstance(index, str):
            self._need_sizes(f"index={index!r}")
        return rows_at(index, self.layer, sizes, inside=inside)

    def _need_fixed_regions(self) -> None:
        for name in self.axes:
            if f"region {name}" in self.unknown:
                raise UnresolvedSizeError(f"{self.layer}: {self.unknown[f'region {name}']}")

    def _need_sizes(self, what: str) -> None:
        if self.graph.has_free_axes:
            problem = f"{self.layer}: {what} needs the input's sizes; {self.wrt} has free axes"
            raise sizes_needed(self.graph, problem)


def _middle(start: float, stop: float) -> float:
    if stop <= start or abs(start) == inf or abs(stop) == inf:
        return float("nan")
    return (start + stop - 1) / 2
