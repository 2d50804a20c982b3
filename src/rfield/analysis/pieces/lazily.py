"""Tiles as a lazy dask array: whoever has a cluster runs them there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ...errors import InvalidModelError, RFieldError
from .lending import copied
from .marks import Marks, digest
from .stitching import check_images, check_result, kept, laid, plain, sought
from .tiles import Tile, Tiling


def to_dask(
    plan: Tiling,
    function: Callable[..., Any],
    image: Any,
    *,
    axes: Sequence[int] | None = None,
    output_axes: Sequence[int] | None = None,
    like: Any = None,
    out: Any = None,
    done: Any = None,
) -> Any:
    """One chunk for each tile, or with ``out`` one number; see ``TilePlan.to_dask``."""
    try:
        lazy, delayed = _module("dask.array"), _module("dask").delayed
        get_scheduler_lock = _module("dask.utils").get_scheduler_lock
    except ImportError as error:
        raise RFieldError(
            "to_dask() needs dask, which is not installed.\n"
            '  Install it: pip install "dask[array]"   (or: pip install "rfield[dask]")'
        ) from error
    if done is not None and out is None:
        raise InvalidModelError("done= marks what is written: give out= too")
    images: tuple[Any, ...] = image if isinstance(image, tuple) else (image,)  # pyright: ignore[reportUnknownVariableType]  # arrays of any kind
    axes = plan.input_axes if axes is None else tuple(axes)
    output_axes = plan.output_axes if output_axes is None else tuple(output_axes)
    check_images(images, plan, axes)
    sources = tuple(lazy.from_array(one) if isinstance(one, np.ndarray) else one for one in images)
    run = _Run(function, axes, output_axes, plan, tuple(tuple(one.shape) for one in images))

    def task(tile: Tile, *target: Any) -> Any:
        given = [one[run.spans(one, tile)] if hasattr(one, "dask") else one for one in sources]
        later = delayed(run.tile if not target else run.write, traverse=False)
        return later(tile, *target, *given)

    if out is not None:
        marks = None if done is None else Marks(done, plan)
        lock = get_scheduler_lock()
        if marks is not None:
            marks.check(
                plan,
                lambda tile: digest(run.parts(tile, *sources)),
                lambda tile: digest([out[kept(out, tile.write, output_axes)]]),
            )
        waiting = [
            (number, tile) for number, tile in enumerate(plan)
            if marks is None or tile.index not in marks
        ]  # fmt: skip
        parts = [
            lazy.from_delayed(task(tile, number, out, marks, lock), (1,), np.int64)
            for number, tile in waiting
        ]
        return lazy.concatenate(parts) if parts else lazy.zeros((0,), np.int64)
    if like is None:
        first = plan.at([0] * len(plan.counts))
        like = run.result(first, run.parts(first, *sources))
    shape, kind = tuple(like.shape), np.asarray(like[(slice(0, 0),) * len(like.shape)]).dtype

    def joined(index: tuple[int, ...]) -> Any:
        place = len(index)
        if place < len(plan.counts):
            parts = [joined((*index, number)) for number in range(plan.counts[place])]
            return lazy.concatenate(parts, axis=output_axes[place])
        tile = plan.at(index)
        sizes = list(shape)
        for axis, span in zip(output_axes, tile.write, strict=True):
            sizes[axis] = span.stop - span.start
        return lazy.from_delayed(task(tile), tuple(sizes), kind)

    return joined(())


def _module(name: str) -> Any:
    """A module of dask, which is optional."""
    return import_module(name)


class _Run:
    """What a worker does with one tile; ``images`` are whole, or the part that it reads."""

    def __init__(
        self, function: Callable[..., Any], axes: Sequence[int], output_axes: Sequence[int],
        plan: Tiling, shapes: tuple[tuple[int, ...], ...],
    ) -> None:  # fmt: skip
        self.function, self.axes, self.output_axes = function, axes, output_axes
        self.plan, self.shapes = plan, shapes

    def spans(self, image: Any, tile: Tile) -> tuple[slice, ...]:
        """The slices of an image that a tile reads."""
        return sought(image.shape, tile, self.axes, self.plan.padding_mode)[0]

    def parts(self, tile: Tile, *images: Any) -> list[Any]:
        """What a tile reads of each image, with its padding."""
        parts: list[Any] = []
        for one, shape in zip(images, self.shapes, strict=True):
            spans, places = sought(shape, tile, self.axes, self.plan.padding_mode)
            is_whole = tuple(one.shape) == shape
            part = one[spans] if is_whole else one
            part = part.compute() if hasattr(part, "compute") else part
            parts.append(copied(laid(part, places)))
        return parts

    def result(self, tile: Tile, parts: Sequence[Any]) -> Any:
        """What the function gives for a tile."""
        found = self.function(*parts)
        check_result(found, self.plan, tile, self.output_axes)
        return found

    def tile(self, tile: Tile, *images: Any) -> Any:
        """The part of it that is right."""
        return self.valid(tile, self.parts(tile, *images))

    def valid(self, tile: Tile, parts: Sequence[Any]) -> Any:
        """That of what these parts give."""
        found = self.result(tile, parts)
        return np.asarray(plain(found[kept(found, tile.valid, self.output_axes)], None))

    def write(
        self, tile: Tile, number: int, out: Any, marks: Marks | None, lock: Any, *images: Any
    ) -> Any:
        """Write that part, then mark the tile; two tiles may share a chunk of what is stored."""
        parts = self.parts(tile, *images)
        read = "" if marks is None else digest(parts)
        part = self.valid(tile, parts)
        with lock:
            place = kept(part, tile.write, self.output_axes)
            out[place] = part
            written = "" if marks is None else digest([out[place]])
        if marks is not None:
            marks.add(tile.index, read, written)
        return np.array([number])
