"""Running a function tile by tile and putting the results together.

Any array that can be sliced will do as the image (NumPy, PyTorch, a memory map, zarr, dask); only
one tile of it is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.padding import PAD_BORDERS, fold
from ...errors import InvalidModelError, show_shape
from .tiling import Tile, TilePlan

Array = Any
Progress = Callable[[int, int], None]


def run_tiled(
    function: Callable[..., Array],
    image: Array | tuple[Array, ...],
    plan: TilePlan,
    *,
    axes: Sequence[int] | None = None,
    output_axes: Sequence[int] | None = None,
    out: Array | None = None,
    progress: Progress | None = None,
) -> Array:
    """The function's result on the whole image, computed tile by tile; see ``rfield.run_tiled``."""
    images: tuple[Array, ...] = image if isinstance(image, tuple) else (image,)  # pyright: ignore[reportUnknownVariableType]  # arrays of any kind
    axes = plan.input_axes if axes is None else tuple(axes)
    output_axes = plan.output_axes if output_axes is None else tuple(output_axes)
    _check_images(images, plan, axes)
    for done, tile in enumerate(plan, 1):
        parts = [cut(one, tile, axes, plan.padding_mode) for one in images]
        result = function(*parts)
        _check_result(result, plan, tile, output_axes)
        target: Any = _room(result, plan, output_axes) if out is None else out
        out, rank = target, len(result.shape)
        target[_slices(rank, output_axes, tile.write)] = result[
            _slices(rank, output_axes, tile.valid)
        ]
        if progress is not None:
            progress(done, len(plan))
    return out


def cut(image: Array, tile: Tile, axes: Sequence[int], mode: str) -> Array:
    """What a tile reads of an image, padded where it reaches beyond it."""
    rank = len(image.shape)
    spans, chosen = list(tile.read), dict[int, list[int | None]]()
    for k, (axis, span, pads) in enumerate(zip(axes, tile.read, tile.pad, strict=True)):
        if any(pads):
            size, border = image.shape[axis], PAD_BORDERS[mode]
            places = [
                fold(i, size, border) for i in range(span.start - pads[0], span.stop + pads[1])
            ]
            inside = [place for place in places if place is not None] or [0]
            spans[k] = slice(min(inside), max(inside) + 1)
            chosen[axis % rank] = [p if p is None else p - min(inside) for p in places]
    part = image[_slices(rank, axes, spans)]
    if hasattr(part, "compute"):  # a lazy array (dask)
        part = part.compute()
    for axis, places in chosen.items():
        part = _padded(part, axis, places)
    return part


def _padded(part: Array, axis: int, places: Sequence[int | None]) -> Array:
    """The positions of a part along one axis; zero where there is none."""
    taken: Any = [place or 0 for place in places]
    padded = part[(*(slice(None),) * axis, taken)]
    for k in (k for k, place in enumerate(places) if place is None):
        padded[_slices(len(part.shape), [axis], [slice(k, k + 1)])] = 0
    return padded


def _slices(rank: int, axes: Sequence[int], spans: Sequence[slice]) -> tuple[slice, ...]:
    """An index of all axes, of which only ``axes`` are cut."""
    chosen = [slice(None)] * rank
    for axis, span in zip(axes, spans, strict=True):
        chosen[axis] = span
    return tuple(chosen)


def _check_images(images: tuple[Array, ...], plan: TilePlan, axes: Sequence[int]) -> None:
    if len(images) != len(plan.inputs):
        raise InvalidModelError(
            f"{len(images)} images for the inputs {', '.join(plan.inputs)}; give one for each"
        )
    for name, one in zip(plan.inputs, images, strict=True):
        shape = tuple(one.shape)
        sizes = tuple(shape[axis] for axis in axes if -len(shape) <= axis < len(shape))
        if sizes != plan.image:
            raise InvalidModelError(
                f"{name}: an image of {show_shape(shape)}, whose axes {tuple(axes)} are planned as "
                f"{' × '.join(map(str, plan.image))}"
            )


def _check_result(result: Array, plan: TilePlan, tile: Tile, axes: Sequence[int]) -> None:
    shape = tuple(getattr(result, "shape", ()))
    made = tuple(axis.made for axis in plan.tiles)
    if tuple(shape[axis] for axis in axes if -len(shape) <= axis < len(shape)) != made:
        raise InvalidModelError(
            f"tile {tile.index}: the function gave {show_shape(shape)}; its axes {tuple(axes)} "
            f"should be {' × '.join(map(str, made))}"
        )


def _room(result: Array, plan: TilePlan, axes: Sequence[int]) -> Array:
    """An array for the whole result, of the kind that the function gives."""
    shape = list(result.shape)
    for axis, tiles in zip(axes, plan.tiles, strict=True):
        shape[axis] = tiles.outputs
    if hasattr(result, "new_empty"):
        return result.new_empty(shape)
    return np.empty(shape, dtype=np.asarray(result).dtype)
