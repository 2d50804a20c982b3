"""The grid of centres of a layer: what an anchor, a keypoint or a crop has to be placed on.

The centre of every output follows from its region: for a field with one pattern it is exactly
``offset + stride * i``. After up-sampling the centres of the phases deviate from such a line;
``offset`` then belongs to the line through their means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...core.graph import Graph
from ...errors import UnresolvedSizeError
from ..answer import Answer
from .field import ReceptiveField
from .fields import receptive_field

HALF = Fraction(1, 2)

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Centers(Answer):
    """Where the outputs of ``layer`` look, in index coordinates: the first pixel's centre is 0.

    Every tuple has one entry per axis of ``axes``. ``shape``: positions of the layer's map, None
    where the input size is free. ``stride`` and ``offset`` are exact; None, with the reason in
    ``why``, where there is no such grid. ``phases``: per axis the deviation of each phase from
    ``offset + stride * i``; ``(0,)`` where there is one pattern.
    """

    schema: ClassVar[str] = "rfield.centers/1"

    field: ReceptiveField = field(repr=False)
    layer: str
    wrt: str
    axes: tuple[str, ...]
    shape: tuple[int | None, ...]
    stride: tuple[Fraction | None, ...]
    offset: tuple[Fraction | None, ...]
    phases: tuple[tuple[Fraction, ...], ...]
    why: tuple[str, ...]

    @property
    def to_half_step(self) -> tuple[Fraction | None, ...]:
        """True centre minus ``(i + 0.5) * stride``, the convention of SSD's and YOLO's grids.

        That convention counts from the edge of the first pixel, so its first centre is at
        ``stride / 2 - 1 / 2`` in index coordinates.
        """
        return tuple(
            None if offset is None or stride is None else offset - (stride / 2 - HALF)
            for offset, stride in zip(self.offset, self.stride, strict=True)
        )

    @property
    def to_multiples(self) -> tuple[Fraction | None, ...]:
        """True centre minus ``i * stride`` counted from the edge of the first pixel.

        That is where torchvision's and detectron's anchor generators put centres by default.
        """
        return tuple(None if offset is None else offset + HALF for offset in self.offset)

    @cached_property
    def points(self) -> Floats:
        """All centres: shape ``(*shape, d)``, the axes in the order of ``axes``.

        ``nan`` where an output reads nothing or without end.
        """
        sizes = [n for n in self.shape if n is not None]
        if len(sizes) < len(self.shape):
            raise UnresolvedSizeError(
                f"{self.layer}: the input has free axes, so its map has no size; "
                "offset and stride are known"
            )
        index = np.moveaxis(np.indices(sizes), 0, -1).reshape(-1, len(sizes))
        found: Any = self.field.local.center(index)
        return np.asarray(found, np.float64).reshape(*sizes, len(self.axes))

    def along(self, axis: int | str) -> Floats:
        """The centres along one axis, for maps in which the axes are apart: shape ``(n,)``.

        They are exact: halves of integers.
        """
        k = self.axes.index(axis) if isinstance(axis, str) else axis
        if len(self.shape) != len(self.axes):
            raise UnresolvedSizeError(
                f"{self.layer} holds several axes of the input in one; ask for points"
            )
        place = tuple(slice(None) if j == k else 0 for j in range(len(self.shape)))
        return self.points[(*place, k)]

    def _facts(self) -> dict[str, Any]:
        return {
            "layer": self.layer,
            "wrt": self.wrt,
            "axes": self.axes,
            "shape": self.shape,
            "stride": self.stride,
            "offset": self.offset,
            "to_half_step": self.to_half_step,
            "to_multiples": self.to_multiples,
            "phases": self.phases,
            "why": self.why,
        }

    def _told(self) -> str:
        parts = [
            f"{name}: {why}" if offset is None else f"{name}: {offset} + {stride}·i"
            for name, offset, stride, why in zip(
                self.axes, self.offset, self.stride, self.why, strict=True
            )
        ]
        return f"{self.layer}: " + ", ".join(parts)


def centers(graph: Graph, output: str | None = None, *, wrt: str | None = None) -> Centers:
    """The grid of centres of ``output`` (default: the last output) in ``wrt``."""
    rf = receptive_field(graph, output, wrt=wrt)
    grids = [_grid(rf, k) for k in range(len(rf.axes))]
    return Centers(
        field=rf,
        layer=rf.layer,
        wrt=rf.wrt,
        axes=rf.axes,
        shape=tuple(rf.output_shape[axis] for axis in rf.positions),
        stride=tuple(stride for stride, *_ in grids),
        offset=tuple(offset for _, offset, *_ in grids),
        phases=tuple(phases for *_, phases, _ in grids),
        why=tuple(why for *_, why in grids),
    )


Grid = tuple[Fraction | None, Fraction | None, tuple[Fraction, ...], str]


def _grid(field: ReceptiveField, k: int) -> Grid:
    """Stride, offset, deviations of the phases, and why there is none of them, along one axis."""
    rf = field.local
    name = rf.axes[k]
    stride = rf.stride[k]
    why = next((text for key, text in rf.unknown.items() if key.endswith(f" {name}")), "")
    moving = [] if stride is None or rf.unknown else _moving(rf, k)
    if stride is None or len(moving) != 1:
        own = rf.why(k) if rf.largest[k] else field.why(k)
        return stride, None, (), why or own or f"{rf.layer} has no axis of its own along {name}"
    period = rf.period[k]
    index = np.zeros((period, len(rf.positions)), np.int64)
    index[:, moving[0]] = np.arange(period)
    box = rf.region(index)
    middles = [
        Fraction(int(a) + int(b) - 1, 2) - stride * i
        for i, (a, b) in enumerate(zip(box.start[:, k], box.stop[:, k], strict=True))
        if b > a and abs(a) != np.inf and abs(b) != np.inf
    ]
    if not middles:
        return stride, None, (), rf.why(k) or f"{rf.layer} reads nothing along {name}"
    mean = sum(middles, Fraction(0)) / len(middles)
    deviations = tuple(middle - mean for middle in middles)
    return stride, mean, deviations if any(deviations) else (Fraction(0),), ""


def _moving(rf: ReceptiveField, k: int) -> list[int]:
    """Which of the output's position axes move the region along input axis ``k``."""
    found: list[int] = []
    for column in range(len(rf.positions)):
        index = np.zeros((2, len(rf.positions)), np.int64)
        index[1, column] = rf.period[k]
        box = rf.region(index)
        if box.start[0, k] != box.start[1, k]:
            found.append(column)
    return found
