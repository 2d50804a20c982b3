"""Running a function tile by tile and putting the results together.

Any array that can be sliced will do as the image (NumPy, PyTorch, a memory map, zarr, dask); only
one tile of it is in memory at a time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np

from ....core.padding import PAD_BORDERS, fold
from ....errors import InvalidModelError, show_shape
from ..arrays import Lender, concatenated, overlaps
from .marks import Marks, digest
from .tile import Tile, Tiling

Array = Any
Progress = Callable[[int, int], None]
Read = tuple[list[Array], list[str]]
"""What several tiles read together, of each input; and of each tile its digest, if it is marked."""
Places = Mapping[int, Sequence[int | None]]
"""Axes along which a part is laid out anew: which of its positions are taken, None for a zero."""


def run_tiled(
    function: Callable[..., Array],
    image: Array | tuple[Array, ...],
    plan: Tiling,
    *,
    axes: Sequence[int] | None = None,
    output_axes: Sequence[int] | None = None,
    out: Array | None = None,
    batch: int = 1,
    prepare: Callable[[Array], Array] | None = None,
    prefetch: bool = False,
    done: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Array:
    """The function's result on the whole image, computed tile by tile; see ``rfield.run_tiled``."""
    if not callable(function) or not hasattr(plan, "input_axes"):
        names = ", ".join(type(given).__name__ for given in (function, image, plan))
        raise InvalidModelError(
            f"run_tiled of {names}; expected run_tiled(function, image, plan), the plan last"
        )
    images: tuple[Array, ...] = image if isinstance(image, tuple) else (image,)  # pyright: ignore[reportUnknownVariableType]  # arrays of any kind
    axes = plan.input_axes if axes is None else tuple(axes)
    output_axes = plan.output_axes if output_axes is None else tuple(output_axes)
    check_images(images, plan, axes)
    if batch != 1:
        _check_batch(batch, (*axes, *output_axes))
    if done is not None and out is None:
        raise InvalidModelError("done= marks what is written: give out= too")
    if out is not None:
        _check_place(out, images, plan)
    marks = None if done is None else Marks(done, plan)
    target: Any = out
    lender = Lender(images)
    count = 0 if marks is None else sum(tile.index in marks for tile in plan)

    def read(tiles: list[Tile]) -> tuple[list[Array], list[str]]:
        parts = [[cut(one, tile, axes, plan.padding_mode) for tile in tiles] for one in images]
        seen = [] if marks is None else [digest(of[k] for of in parts) for k in range(len(tiles))]
        given = [concatenated(of, 0) if len(of) > 1 else lender.part(of[0]) for of in parts]
        return (given if prepare is None else [prepare(one) for one in given]), seen

    def written(tile: Tile) -> str:
        return digest([target[kept(target, tile.write, output_axes)]])

    if marks is not None:
        marks.check(
            plan,
            lambda tile: digest(cut(one, tile, axes, plan.padding_mode) for one in images),
            written,
        )
    for tiles, (parts, seen) in _ahead(_batches(plan, batch, marks), read, prefetch=prefetch):
        results = lender.run(function, parts, tiles[0].index)
        _check_array(results, tiles[0])
        rows = _rows(results, len(tiles))
        for k, (tile, result) in enumerate(zip(tiles, rows, strict=True)):
            check_result(result, plan, tile, output_axes)
            if target is None:
                target = _room(result, plan, output_axes)
            elif not count:
                _check_out(target, result, plan, output_axes)
            part = result[kept(result, tile.valid, output_axes)]
            target[kept(result, tile.write, output_axes)] = (
                part if out is None else plain(part, out)
            )
            if marks is not None:
                marks.add(tile.index, seen[k], written(tile))
            del result, part
        del parts, results, rows  # the next tile takes their memory
        count += len(tiles)
        if progress is not None:
            progress(count, len(plan))
    return target


def _batches(plan: Tiling, batch: int, marks: Marks | None) -> Iterator[list[Tile]]:
    """The tiles that are not written yet, several at a time."""
    waiting = (tile for tile in plan if marks is None or tile.index not in marks)
    while tiles := list(islice(waiting, batch)):
        yield tiles


def _ahead(
    batches: Iterator[list[Tile]], read: Callable[[list[Tile]], Read], *, prefetch: bool
) -> Iterator[tuple[list[Tile], Read]]:
    """Tiles with what they read; with ``prefetch`` the next are read while these are used."""
    if not prefetch:
        for tiles in batches:
            yield tiles, read(tiles)
        return
    with ThreadPoolExecutor(1) as reader:
        pending = [(tiles, reader.submit(read, tiles)) for tiles in islice(batches, 1)]
        while pending:
            tiles, parts = pending.pop()
            found = parts.result()
            pending += [(more, reader.submit(read, more)) for more in islice(batches, 1)]
            yield tiles, found


def _rows(results: Array, count: int) -> list[Array]:
    """The results of several tiles that were run together."""
    if count == 1:
        return [results]
    length = results.shape[0] // count
    if results.shape[0] != length * count:
        raise InvalidModelError(
            f"{count} tiles at once: the function gave {show_shape(results.shape)}, whose first "
            "axis is no multiple of that"
        )
    return [results[k * length : (k + 1) * length] for k in range(count)]


def _check_batch(batch: Any, axes: Sequence[int]) -> None:
    if not isinstance(batch, int) or batch < 1:
        raise InvalidModelError(f"batch = {batch!r}; expected an integer of at least 1")
    if 0 in axes:
        raise InvalidModelError(
            f"batch = {batch}: tiles are joined along the first axis, which is a planned one.\n"
            "  Give an image with an axis in front: image[None]"
        )


def plain(part: Array, out: Array) -> Array:
    """A result as an array that ``out`` can take: a tensor comes to the host, unless both are."""
    if hasattr(part, "detach") and not hasattr(out, "detach"):
        return part.detach().cpu().numpy()
    return part


def cut(image: Array, tile: Tile, axes: Sequence[int], mode: str) -> Array:
    """What a tile reads of an image, padded where it reaches beyond it."""
    spans, places = sought(image.shape, tile, axes, mode)
    part = image[spans]
    if hasattr(part, "compute"):  # a lazy array (dask)
        part = part.compute()
    return laid(part, places)


def sought(
    shape: Sequence[int], tile: Tile, axes: Sequence[int], mode: str
) -> tuple[tuple[slice, ...], Places]:
    """The slices of the image that a tile needs, and how its padding is laid out from them."""
    rank = len(shape)
    spans, chosen = list(tile.read), dict[int, list[int | None]]()
    for k, (axis, span, pads) in enumerate(zip(axes, tile.read, tile.pad, strict=True)):
        if any(pads):
            size, border = shape[axis], PAD_BORDERS[mode]
            places = [
                fold(i, size, border) for i in range(span.start - pads[0], span.stop + pads[1])
            ]
            inside = [place for place in places if place is not None] or [0]
            spans[k] = slice(min(inside), max(inside) + 1)
            chosen[axis % rank] = [p if p is None else p - min(inside) for p in places]
    return _slices(rank, axes, spans), chosen


def laid(part: Array, places: Places) -> Array:
    """The part of an image with its padding."""
    for axis, along in places.items():
        part = _padded(part, axis, along)
    return part


def kept(result: Array, spans: Sequence[slice], axes: Sequence[int]) -> tuple[slice, ...]:
    """An index of the planned axes of an array like ``result``."""
    return _slices(len(result.shape), axes, spans)


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


def check_images(images: tuple[Array, ...], plan: Tiling, axes: Sequence[int]) -> None:
    """Refuse images that are not as planned."""
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


def check_result(result: Array, plan: Tiling, tile: Tile, axes: Sequence[int]) -> None:
    """Refuse a result that is not as planned."""
    _check_array(result, tile)
    shape = tuple(result.shape)
    made = tuple(axis.made for axis in plan.tiles)
    if tuple(shape[axis] for axis in axes if -len(shape) <= axis < len(shape)) != made:
        raise InvalidModelError(
            f"tile {tile.index}: the function gave {show_shape(shape)}; its axes {tuple(axes)} "
            f"should be {' × '.join(map(str, made))}"
        )


def _check_array(result: Array, tile: Tile) -> None:
    """Refuse what is no array: a model may give several."""
    if not hasattr(result, "shape"):
        several = "\n  Choose the one that is planned: lambda x: model(x)[...]"
        raise InvalidModelError(
            f"tile {tile.index}: the function gave a {type(result).__name__}, no array"
            + several * isinstance(result, (tuple, list, dict))
        )


def _check_place(out: Array, images: Sequence[Array], plan: Tiling) -> None:
    """Refuse to write over what the next tile reads."""
    apart = all(axis.count == 1 or axis.step == axis.tile for axis in plan.tiles)
    if not apart and any(overlaps(out, one) for one in images):
        raise InvalidModelError(
            "out shares memory with the image: tiles overlap, and the next one would read what the "
            "last one wrote.\n  Give out= an array of its own."
        )


def _check_out(out: Array, result: Array, plan: Tiling, axes: Sequence[int]) -> None:
    """Refuse a place for the whole result that has another shape, or would cut its numbers off."""
    if _width(out) < _width(result):
        raise InvalidModelError(
            f"out is of type {out.dtype}, which does not hold the results of type {result.dtype}"
        )
    shape = _whole_shape(result, plan, axes)
    if tuple(out.shape) != shape:
        raise InvalidModelError(
            f"out has shape {show_shape(out.shape)}; the whole result has {show_shape(shape)}"
        )


def _width(array: Array) -> int:
    """Truth values, whole numbers, real numbers, complex ones: what of these a type holds."""
    kind = array.dtype
    if hasattr(kind, "is_floating_point"):  # PyTorch's
        return (
            3 if kind.is_complex else 2 if kind.is_floating_point else int("bool" not in f"{kind}")
        )
    return {"b": 0, "f": 2, "c": 3}.get(np.dtype(kind).kind, 1)


def _whole_shape(result: Array, plan: Tiling, axes: Sequence[int]) -> tuple[int, ...]:
    shape = list(result.shape)
    for axis, tiles in zip(axes, plan.tiles, strict=True):
        shape[axis] = tiles.outputs
    return tuple(shape)


def _room(result: Array, plan: Tiling, axes: Sequence[int]) -> Array:
    """An array for the whole result, of the kind that the function gives."""
    shape = _whole_shape(result, plan, axes)
    if hasattr(result, "new_empty"):
        return result.new_empty(shape)
    return np.empty(shape, dtype=np.asarray(result).dtype)
