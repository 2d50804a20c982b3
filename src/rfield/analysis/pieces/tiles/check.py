"""Tiled against whole, on the running model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...answer import Answer
from ..arrays import copied
from .plan import TilePlan
from .stitching import Progress, cut, run_tiled
from .tile import Tile

Array = NDArray[Any]

ROUNDING = 1e-13
"""Differences up to this share of the largest output are those of another order of additions."""


class Error(NamedTuple):
    """Differences between tiled and whole: the largest and the mean."""

    max: float
    mean: float

    def __str__(self) -> str:
        return f"{self.mean:.3g}, at most {self.max:.3g}"


@dataclass(frozen=True, repr=False)
class TilingCheck(Answer):
    """What came of running a plan and the whole image.

    ``identical``: outputs that are the same to the last bit, of ``compared``. ``difference``: the
    largest one, ``mean`` that of all, ``scale`` the largest output. ``worst``: the tile in which
    the largest lies. ``seams``: the differences where two tiles meet (the outermost outputs of
    each); ``elsewhere``: those of all other outputs. True where all outputs are equal, or differ
    by no more than another order of additions explains.
    """

    schema: ClassVar[str] = "rfield.tile-check/1"

    tiles: int
    compared: int
    identical: int
    difference: float
    scale: float
    worst: tuple[int, ...] | None
    precision: str
    mean: float
    seams: Error
    elsewhere: Error

    def __bool__(self) -> bool:
        return self.difference <= ROUNDING * self.scale

    def _facts(self) -> dict[str, Any]:
        return {
            "tiles": self.tiles,
            "compared": self.compared,
            "identical": self.identical,
            "difference": self.difference,
            "scale": self.scale,
            "worst": None if self.worst is None else list(self.worst),
            "precision": self.precision,
            "mean": self.mean,
            "seams": self.seams._asdict(),
            "elsewhere": self.elsewhere._asdict(),
            "holds": bool(self),
        }

    def _told(self) -> str:
        counts = f"{self.identical:,} of {self.compared:,} outputs of {self.tiles} tiles"
        if self.identical == self.compared:
            return f"tiled equals whole: {counts} are identical in {self.precision}"
        rest = f"{counts} are identical, the others differ by at most {self.difference:.3g}"
        if self:
            return f"tiled equals whole up to the order of additions: {rest} of {self.scale:.3g}"
        return (
            f"tiled differs from whole: {rest} of {self.scale:.3g}, most in tile {self.worst}\n"
            f"  mean {self.mean:.3g}; at seams {self.seams}; elsewhere {self.elsewhere}"
        )


def check_tiling(
    function: Callable[..., Array],
    images: tuple[Array, ...],
    plan: TilePlan,
    progress: Progress | None = None,
) -> TilingCheck:
    """Run the whole image and the tiles, and compare."""
    return compare(whole_of(function, images, plan), run_tiled(
        function, images, plan, progress=progress
    ), plan)  # fmt: skip


def whole_of(function: Callable[..., Array], images: tuple[Array, ...], plan: TilePlan) -> Array:
    """What the function gives for the whole image, as far as the plan has it."""
    everything = Tile(
        (),
        tuple(slice(0, axis.size) for axis in plan.tiles),
        tuple(axis.padding for axis in plan.tiles),
        (),
        (),
    )
    padded = [copied(cut(one, everything, plan.input_axes, plan.padding_mode)) for one in images]
    whole = function(*padded)
    kept = [slice(None)] * whole.ndim
    for axis, tiles in zip(plan.output_axes, plan.tiles, strict=True):
        kept[axis] = slice(0, tiles.outputs)
    return whole[tuple(kept)]


def compare(whole: Array, tiled: Array, plan: TilePlan) -> TilingCheck:
    """The whole and the tiled result, element by element."""
    same = (tiled == whole) | (np.isnan(tiled) & np.isnan(whole))
    kind = str(whole.dtype)
    if whole.dtype.kind in "bu":  # which have no differences below 0
        tiled, whole = tiled.astype(np.int64), whole.astype(np.int64)
    with np.errstate(invalid="ignore"):
        apart = np.where(same, 0.0, np.abs(tiled - whole))
    apart = np.where(np.isnan(apart), np.inf, apart)
    seams = _seams(apart.shape, plan)
    worst = None
    if apart.any():
        place = np.unravel_index(int(apart.argmax()), apart.shape)
        at = tuple(int(place[axis]) for axis in plan.output_axes)
        worst = next((tile.index for tile in plan if _writes(tile, at)), None)
    return TilingCheck(
        len(plan), same.size, int(same.sum()), float(apart.max(initial=0)),
        float(np.abs(whole[np.isfinite(whole)]).max(initial=0)), worst, kind,
        _error(apart).mean, *(_error(apart[at]) for at in (seams, ~seams)),
    )  # fmt: skip


def _error(apart: Array) -> Error:
    return Error(float(apart.max()), float(apart.mean())) if apart.size else Error(0.0, 0.0)


def _seams(shape: tuple[int, ...], plan: TilePlan) -> NDArray[np.bool_]:
    """The outputs next to those that another tile writes."""
    found = np.zeros(shape, dtype=bool)
    for axis, tiles in zip(plan.output_axes, plan.tiles, strict=True):
        starts = [tiles.place(number).write.start for number in range(1, tiles.count)]
        lines = [place for start in starts for place in (start - 1, start)]
        found[(*(slice(None),) * axis, lines)] = True
    return found


def _writes(tile: Tile, at: tuple[int, ...]) -> bool:
    return all(span.start <= i < span.stop for span, i in zip(tile.write, at, strict=True))
