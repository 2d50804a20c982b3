"""Tiles as a lazy dask array: whoever has a cluster runs them there."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from importlib import import_module
from pathlib import Path
from socket import gethostname
from tempfile import gettempdir
from typing import Any
from uuid import uuid4

import numpy as np

from ....errors import InvalidModelError, RFieldError
from ..arrays import copied
from .marks import Marks, digest
from .stitching import check_images, check_result, kept, laid, plain, sought
from .tile import Tile, Tiling


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
    stored = not any(hasattr(one, "dask") for one in sources)

    def given(tile: Tile) -> list[Any]:
        return [one[run.spans(one, tile)] if hasattr(one, "dask") else one for one in sources]

    if out is not None:
        marks = None if done is None else Marks(done, plan)
        if marks is not None:
            marks.check(
                plan,
                lambda tile: digest(run.parts(tile, *sources)),
                lambda tile: digest([out[kept(out, tile.write, output_axes)]]),
            )
        waiting = [
            number for number, tile in enumerate(plan)
            if marks is None or tile.index not in marks
        ]  # fmt: skip
        target = Target(out, marks, uuid4().hex)
        if stored and waiting:
            numbers = lazy.from_array(np.array(waiting), chunks=1)
            return lazy.map_blocks(
                run.numbered, numbers, target, sources, dtype=np.int64,
                meta=np.empty(0, np.int64), token=target.name,
            )  # fmt: skip
        write = delayed(run.write, traverse=False)
        parts: list[Any] = []
        for number in waiting:
            later = write(number, target, *given(run.nth(number)))
            parts.append(lazy.from_delayed(later, (1,), np.int64))
        return lazy.concatenate(parts) if parts else lazy.zeros((0,), np.int64)
    if like is None:
        first = plan.at([0] * len(plan.counts))
        like = run.result(first, run.parts(first, *sources))
    rank, kind = (
        len(like.shape),
        np.asarray(plain(like[(slice(0, 0),) * len(like.shape)], None)).dtype,
    )
    chunks = [(size,) for size in like.shape]
    places = [axis % rank for axis in output_axes]
    for place, tiles in zip(places, plan.tiles, strict=True):
        spans = (tiles.place(number).write for number in range(tiles.count))
        chunks[place] = tuple(span.stop - span.start for span in spans)
    if stored:
        return lazy.map_blocks(
            run.placed, places, sources, chunks=tuple(chunks), dtype=kind,
            meta=np.empty((0,) * rank, kind), token=uuid4().hex,
        )  # fmt: skip
    later = delayed(run.tile, traverse=False)

    def joined(index: tuple[int, ...]) -> Any:
        place = len(index)
        if place < len(plan.counts):
            parts = [joined((*index, number)) for number in range(plan.counts[place])]
            return lazy.concatenate(parts, axis=output_axes[place])
        sizes = [of[0] for of in chunks]
        for axis, number in zip(places, index, strict=True):
            sizes[axis] = chunks[axis][number]
        tile = plan.at(index)
        return lazy.from_delayed(later(tile, *given(tile)), tuple(sizes), kind)

    return joined(())


class Target:
    """Where workers write, one at a time: two tiles may share a chunk of what is stored.

    Which lock keeps two workers apart is known only where they run: threads and processes of one
    machine share a file, the workers of a ``dask.distributed`` cluster its scheduler. ``name`` is
    that of the lock. An array in memory is no place for another process.
    """

    def __init__(self, out: Any, marks: Marks | None, name: str) -> None:
        self.out, self.marks, self.name = out, marks, name
        stored = not isinstance(out, np.ndarray) or isinstance(out, np.memmap)
        self.process = None if stored else (gethostname(), os.getpid())

    def lock(self) -> AbstractContextManager[Any]:
        """The lock, for this worker.

        Raises:
            InvalidModelError: what is written here would be lost.
        """
        if self.process not in (None, (gethostname(), os.getpid())):
            raise InvalidModelError(
                "out is an array in the memory of another process, where this one cannot write.\n"
                "  Give one that is stored (zarr), or compute in threads: scheduler='threads'"
            )
        workers = sys.modules.get("distributed.worker")
        if workers is not None:
            with suppress(ValueError):  # no worker of a cluster
                workers.get_worker()
                return _module("distributed").Lock(self.name)
        return _module("locket").lock_file(Path(gettempdir()) / f"rfield-{self.name}.lock")


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

    def nth(self, number: int) -> Tile:
        """The tile of this number."""
        return self.plan.at([int(k) for k in np.unravel_index(number, self.plan.counts)])

    def numbered(self, numbers: Any, target: Target, images: Sequence[Any]) -> Any:
        """Write the tile of this chunk of numbers."""
        return self.write(int(numbers[0]), target, *images)

    def placed(self, places: Sequence[int], images: Sequence[Any], block_id: Any) -> Any:
        """The part of a tile that is right, where its chunk lies."""
        return self.tile(self.plan.at([block_id[axis] for axis in places]), *images)

    def tile(self, tile: Tile, *images: Any) -> Any:
        """The part of it that is right."""
        return self.valid(tile, self.parts(tile, *images))

    def valid(self, tile: Tile, parts: Sequence[Any]) -> Any:
        """That of what these parts give."""
        found = self.result(tile, parts)
        return np.asarray(plain(found[kept(found, tile.valid, self.output_axes)], None))

    def write(self, number: int, target: Target, *images: Any) -> Any:
        """Write that part, then mark the tile."""
        tile = self.nth(number)
        parts = self.parts(tile, *images)
        out, marks = target.out, target.marks
        read = "" if marks is None else digest(parts)
        part = self.valid(tile, parts)
        with target.lock():
            place = kept(part, tile.write, self.output_axes)
            out[place] = part
            written = "" if marks is None else digest([out[place]])
        if marks is not None:
            marks.add(tile.index, read, written)
        return np.array([number])
