"""Halo: the context that a block of outputs needs around its own part of the input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, floor, prod
from typing import Any, ClassVar, Protocol

import numpy as np

from ...core.limits import MOST_PHASES
from ...errors import NotTileableError
from ..answer import Answer
from ..results import UNBOUNDED, IndexArray, Region, Size


class _Field(Protocol):
    """What a halo asks of a receptive field."""

    @property
    def layer(self) -> str: ...
    @property
    def axes(self) -> tuple[str, ...]: ...
    @property
    def positions(self) -> tuple[int, ...]: ...
    @cached_property
    def size(self) -> tuple[Size, ...]: ...
    @cached_property
    def stride(self) -> tuple[Fraction | None, ...]: ...
    @cached_property
    def period(self) -> tuple[int, ...]: ...
    def why(self, axis: int | str) -> str: ...
    def region(self, index: Any = (), clip: bool = False) -> Region: ...


@dataclass(frozen=True, repr=False)
class Halo(Answer):
    """Input positions that a block of outputs reads beyond its own footprint, per axis and side.

    The footprint of outputs ``a .. b-1`` are input positions ``a*stride .. b*stride-1``. ``before``
    and ``after`` hold for blocks that begin at a multiple of ``block`` outputs and are multiples of
    it long; ``any_before`` and ``any_after`` for every block. Negative where less than the
    footprint is read. Per side: the overlap of neighbours is ``before + after``.

    The halo is context only. A tile that begins off the network's grid (``tile_plan(...).grid``) is
    wrong with any halo.
    """

    schema: ClassVar[str] = "rfield.halo/1"

    axes: tuple[str, ...]
    before: tuple[Size, ...]
    after: tuple[Size, ...]
    any_before: tuple[Size, ...]
    any_after: tuple[Size, ...]
    block: tuple[int, ...]

    def _facts(self) -> dict[str, Any]:
        return {
            "axes": self.axes,
            "before": self.before,
            "after": self.after,
            "any_before": self.any_before,
            "any_after": self.any_after,
            "block": self.block,
        }

    def _told(self) -> str:
        parts = [
            f"{name}: {before} before, {after} after"
            for name, before, after in zip(self.axes, self.before, self.after, strict=True)
        ]
        return "; ".join(parts)


def halo_of(rf: _Field) -> Halo:
    """The halo of a field, from its regions over all phases.

    Raises:
        NotTileableError: the field has no stride (paths with different strides meet), or none that
            goes forward.
    """
    count = len(rf.axes)
    found: list[tuple[Size, Size, Size, Size]] = []
    for k, name in enumerate(rf.axes):
        stride = rf.stride[k]
        if rf.size[k] is UNBOUNDED:
            found.append((UNBOUNDED, UNBOUNDED, UNBOUNDED, UNBOUNDED))
            continue
        if stride is None or stride <= 0 or len(rf.positions) != count:
            reason = rf.why(k) or f"its stride along {name} is {stride}"
            raise NotTileableError(f"{rf.layer} has no halo along {name}: {reason}")
        found.append(_sides(rf, k, stride))
    before, after, any_before, any_after = (tuple(side[j] for side in found) for j in range(4))
    return Halo(rf.axes, before, after, any_before, any_after, rf.period)


def _sides(rf: _Field, k: int, stride: Fraction) -> tuple[int, int, int, int]:
    """Before and after along one axis: for whole blocks, and for any."""
    rows = _phases(rf.period, k)
    box = rf.region(rows)
    reads = (box.start < box.stop).all(axis=-1)
    at, start, stop = rows[reads, k], box.start[reads, k], box.stop[reads, k]
    if not len(at):
        return 0, 0, 0, 0
    end = int(stride * rf.period[k])
    before_any = max(floor(stride * int(i)) - int(a) for i, a in zip(at, start, strict=True))
    after_any = max(int(b) - ceil(stride * int(i + 1)) for i, b in zip(at, stop, strict=True))
    return -int(start.min()), int(stop.max()) - end, before_any, after_any


def _phases(period: Sequence[int], k: int) -> IndexArray:
    """Every phase of axis ``k``, with those of the other axes where they are not too many."""
    spans = list(period)
    if prod(spans) > MOST_PHASES:
        spans = [n if axis == k else 1 for axis, n in enumerate(spans)]
    grid = np.meshgrid(*(np.arange(n, dtype=np.int64) for n in spans), indexing="ij")
    return np.stack([axis.reshape(-1) for axis in grid], axis=-1)
