"""A halo by its effect: the smallest one with which tiles of given images are near the whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import InvalidModelError, NotTileableError, show_shape
from .check import compare, whole_of
from .plan import TilePlan
from .stitching import run_tiled

Plans = Callable[[Sequence[int] | None, int], TilePlan]
"""The plan for an image of some sizes (None: those that are asked for) and a halo."""

Runs = Callable[[TilePlan], Callable[..., Any]]
"""The model of a plan as a function of the inputs that are tiled."""


def calibrated(plans: Plans, runs: Runs, images: Any, tolerance: float) -> TilePlan:
    """The plan with the smallest halo whose differences on ``images`` stay within ``tolerance``.

    Differences are shares of the largest output. Halos are doubled and then halved between.

    Raises:
        InvalidModelError: an image is a single tile, on which no halo shows.
        NotTileableError: no halo that leaves anything of a tile is large enough.
    """
    if not 0 < tolerance < 1:
        raise InvalidModelError(f"tolerance = {tolerance!r}; expected a number between 0 and 1")
    trials = [_Trial(plans, runs, image) for image in _listed(images)]
    tried: dict[int, float] = {}

    def error(halo: int) -> float:
        if halo not in tried:
            try:
                plans(None, halo)
                tried[halo] = max(trial.error(halo) for trial in trials)
            except NotTileableError:  # it leaves nothing of a tile
                tried[halo] = inf
        return tried[halo]

    low, high = -1, 0
    while tolerance < error(high) < inf:
        low, high = high, 2 * high or 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if tolerance < error(middle) < inf else (low, middle)
    if error(high) == inf:
        raise NotTileableError(
            f"a halo of {low} differs by {tried[low]:.2g} of the largest output, more than the "
            f"tolerance {tolerance:g}, and one of {high} leaves nothing of a tile"
        )
    return replace(plans(None, high), measured=tried[high])


class _Trial:
    """One image: what the model gives for the whole of it, and how far tiles are from that."""

    def __init__(self, plans: Plans, runs: Runs, image: Any) -> None:
        several: tuple[Any, ...] = image if isinstance(image, tuple) else (image,)  # pyright: ignore[reportUnknownVariableType]  # arrays of any kind
        self.plans = plans
        plan = plans(None, 0)
        shapes = [plan.input_shapes[name] for name in plan.inputs]
        if len(several) != len(shapes):
            raise InvalidModelError(
                f"calibrate: {len(several)} arrays for {', '.join(plan.inputs)}; several images "
                "are a list, the inputs of one a tuple"
            )
        self.images = tuple(map(_as_input, several, shapes))
        self.sizes = [self.images[0].shape[axis] for axis in plan.input_axes]
        plan = plans(self.sizes, 0)
        if len(plan) == 1:
            sizes = " × ".join(map(str, self.sizes))
            raise InvalidModelError(
                f"calibrate: an image of {sizes} is one tile, on which no halo shows"
            )
        self.run = runs(plan)
        self.whole = whole_of(self.run, self.images, plan)
        if not np.isfinite(self.whole).all() or not self.whole.any():
            what = "nothing but zeros" if np.isfinite(self.whole).all() else "no finite numbers"
            raise InvalidModelError(
                f"calibrate: the model gives {what} for an image, on which no halo shows"
            )

    def error(self, halo: int) -> float:
        """The largest difference with this halo, as a share of the largest output."""
        plan = self.plans(self.sizes, halo)
        found = compare(self.whole, run_tiled(self.run, self.images, plan), plan)
        return 0.0 if found else found.difference / found.scale


def _as_input(image: Any, shape: Sequence[int]) -> NDArray[Any]:
    """An image as the model takes it; one without its first axis gets it."""
    array = np.asarray(image)
    if array.ndim == len(shape) - 1 and shape[0] == 1:
        array = array[None]
    if array.ndim != len(shape) or array.dtype.kind not in "fiub":
        given = show_shape(array.shape) if array.ndim else f"a {type(image).__name__}"
        raise InvalidModelError(
            f"calibrate: {given}; expected an array like the input, {show_shape(shape)}"
        )
    return array


def _listed(images: Any) -> list[Any]:
    """One image or several."""
    several: list[Any] = [images]
    if isinstance(images, list):
        several = images  # pyright: ignore[reportUnknownVariableType]  # arrays of any kind
    if not several:
        raise InvalidModelError("calibrate: no image")
    return several
