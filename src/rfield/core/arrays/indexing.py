"""Elements by their places: NumPy's index expressions, tables of indices, segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from types import EllipsisType

import numpy as np

from ...errors import InvalidModelError, too_large
from .. import layout, ops
from ..arguments import Shape, normalize_axis
from ..indices import IndexSet
from ..link import Link, Read
from ..operation import Op
from ..relation import IDENTITY, WHOLE, Table
from .expression import Array, Operand, Reading, contents, read, shape_of

Index = int | slice | EllipsisType | None
"""One part of a basic index; None is a new axis."""

LISTED = 1 << 20
"""Places of a table that couples axes, one by one."""


def getitem(x: Operand, index: Sequence[Index]) -> Reading:
    """NumPy's basic index: integers, slices, None for a new axis, Ellipsis.

    What is counted from the end moves with the size of the axis (``depends_on_size``).

    >>> from .expression import Known
    >>> getitem(Known((2, 9, 5)), [0, slice(-3, None), None]).shape
    (3, 1, 5)
    """
    shape = shape_of(x)
    used = sum(part is not None and part is not Ellipsis for part in index)
    if used > len(shape) or sum(part is Ellipsis for part in index) > 1:
        raise InvalidModelError(f"{used} indices on {len(shape)} axes")
    place = next((k for k, part in enumerate(index) if part is Ellipsis), len(index))
    rest = [slice(None)] * (len(shape) - used)
    steps: list[Op] = []
    result: list[int] = []
    axis, now = 0, shape
    for part in [*index[:place], *rest, *index[place + 1 :]]:
        if part is None or isinstance(part, EllipsisType):
            result.append(1)
            continue
        size = shape[axis]
        chosen, from_end = _chosen(part, size)
        if isinstance(part, slice):
            result.append(len(chosen))
        if chosen != range(size):
            op = layout.slice_(now, axis, chosen.start, chosen.stop, chosen.step)
            steps.append(replace(op, depends_on_size=from_end))
            now = op.shape
        axis += 1
    if now != tuple(result):
        steps.append(layout.reshape(now, result))
    return read(steps, x)


def _chosen(part: int | slice, size: int) -> tuple[range, bool]:
    """The elements of an index, and whether the end of the axis tells which is the first."""
    if not isinstance(part, slice):
        if not -size <= part < size:
            raise InvalidModelError(f"index {part} outside an axis of {size}")
        return range(part % size, part % size + 1), part < 0
    start: int | None = part.start
    chosen = range(*part.indices(size))
    return chosen, chosen.step < 0 if start is None else start < 0 and len(chosen) > 0


def take(
    x: Operand, indices: Operand, axis: int, *, batch: int = 0, table: bool = False
) -> Reading:
    """Elements of an axis by their index; the first ``batch`` axes of both run together.

    Known indices (an array) pick; those that depend on the data may pick any element along the
    axis: a bound, unless ``x`` is a ``table`` of constants. Negative indices count from the end.

    >>> from .expression import Known
    >>> take(Known((2, 9, 5)), np.array([[0, 3], [1, -1]]), 1).shape
    (2, 2, 2, 5)
    """
    shape, own = shape_of(x), shape_of(indices)
    axis = normalize_axis(axis, len(shape))
    if not 0 <= batch <= min(axis, len(own)) or own[:batch] != shape[:batch]:
        raise InvalidModelError(f"{batch} common axes of {shape} and {own}, along axis {axis}")
    result = (*shape[:axis], *own[batch:], *shape[axis + 1 :])
    known = contents(indices)
    if known is None:
        return _looked_up(x, indices, axis, batch, result, table)
    if batch:
        grid = np.indices((*shape[:axis], *own[batch:]), sparse=True)
        places = [*grid[:axis], known.reshape(*own[:batch], *[1] * (axis - batch), *own[batch:])]
        return _picked(x, places, result)
    if not own:
        return read(layout.select(shape, axis, int(known)), x)
    op = layout.gather(shape, axis, [int(place) for place in known.reshape(-1)])
    return read([op] if op.shape == result else [op, layout.reshape(op.shape, result)], x)


def _looked_up(
    x: Operand, indices: Operand, axis: int, batch: int, result: Shape, table: bool
) -> Reading:
    """Each output reads its own index, and any element along the axis."""
    extra = len(indices.shape) - batch - 1
    rows = [
        Read(None, WHOLE) if k == axis else Read(k if k < axis else k + extra, IDENTITY)
        for k in range(len(x.shape))
    ]
    own = [Read(k if k < batch else axis + k - batch, IDENTITY) for k in range(len(indices.shape))]
    return read(Op("gather", result, (Link(rows), Link(own)), exact=table), x, indices)


def gather_nd(x: Operand, indices: Operand, *, batch: int = 0, table: bool = False) -> Reading:
    """Elements, or slices, by tuples of indices along the last axis of ``indices``.

    Tuples that depend on the data may be any: a bound, unless ``x`` is a ``table`` of constants.

    >>> from .expression import Known
    >>> gather_nd(Known((4, 6, 5)), np.array([[0, 3], [1, -1]])).shape
    (2, 5)
    """
    shape, own = shape_of(x), shape_of(indices)
    count = own[-1] if own else 0
    if not own or batch + count > len(shape) or own[:batch] != shape[:batch] or batch >= len(own):
        raise InvalidModelError(f"tuples of {count} indices into {len(shape)} axes")
    result = (*own[:-1], *shape[batch + count :])
    known = contents(indices)
    if known is not None:
        grid = np.indices(own[:-1], sparse=True)
        return _picked(x, [*grid[:batch], *np.moveaxis(known, -1, 0)], result)
    shift = len(own) - 1 - batch - count
    rows = [
        Read(k, IDENTITY) if k < batch else
        Read(None, WHOLE) if k < batch + count else Read(k + shift, IDENTITY)
        for k in range(len(shape))
    ]  # fmt: skip
    tuples = [*(Read(k, IDENTITY) for k in range(len(own) - 1)), Read(None, WHOLE)]
    return read(Op("gather", result, (Link(rows), Link(tuples)), exact=table), x, indices)


def _picked(x: Operand, places: Sequence[Array], result: Shape) -> Reading:
    """The first axes at known places that belong together; the other axes as they are."""
    shape = shape_of(x)
    sizes = shape[: len(places)]
    for index, size in zip(places, sizes, strict=True):
        if index.size and not -size <= index.min() <= index.max() < size:
            raise InvalidModelError(f"an index outside an axis of {size}")
    wrapped = [index % max(1, size) for index, size in zip(places, sizes, strict=True)]
    together = np.broadcast_arrays(*wrapped) if len(wrapped) > 1 else wrapped
    if together[0].size > LISTED:
        raise too_large("a table of places", together[0].size, "Give a smaller input_shape.")
    flat = layout.reshape(shape, (prod(sizes), *shape[len(places) :]))
    rows = np.ravel_multi_index(tuple(together), sizes) if prod(sizes) else together[0]
    op = layout.gather(flat.shape, 0, [int(row) for row in rows.reshape(-1)])
    return read([flat, op, layout.reshape(op.shape, result)], x)


def reverse_sequence(x: Operand, lengths: Operand, *, axis: int, batch_axis: int) -> Reading:
    """The first ``lengths[b]`` elements of ``axis`` in reverse order, for each index ``b``.

    Where the lengths differ from each other, or depend on the data, this is a bound.

    >>> from .expression import Known
    >>> reverse_sequence(Known((2, 5)), np.array([3, 3]), axis=1, batch_axis=0).steps[0].links
    (Link(0: =, 1: Table(taps=(IndexSet{2}, IndexSet{1}, IndexSet{0}, IndexSet{3}, IndexSet{4}))),)
    """
    shape = shape_of(x)
    axis, batch_axis = normalize_axis(axis, len(shape)), normalize_axis(batch_axis, len(shape))
    if axis == batch_axis or shape_of(lengths) != (shape[batch_axis],):
        raise InvalidModelError(f"lengths {shape_of(lengths)} of sequences in {shape}")
    known = contents(lengths)
    if known is not None and known.size and (known == known[0]).all():
        count = int(known[0])
        order = [*range(count)[::-1], *range(count, shape[axis])]
        return read(layout.gather(shape, axis, order, kind="reverse_sequence"), x)
    link = ops.mix(shape, [axis], kind="reverse_sequence").links[0]
    own = Link([Read(batch_axis, IDENTITY)])
    op = Op("reverse_sequence", shape, (link, own), exact=False)
    return read(op, x, lengths)


def segments(
    x: Operand, ids: Operand, count: int | None = None, *, kind: str = "segments"
) -> Reading:
    """Sums, means … over the rows that have the same number; ``count`` rows come out.

    The axes of ``ids`` are the first of ``x``. Numbers below 0 belong nowhere. Without ``count``
    there are as many rows as the largest number tells.

    >>> from .expression import Known
    >>> segments(Known((4, 3)), np.array([0, 0, 1, 0])).steps[0].links
    (Link(0: Table(taps=(IndexSet{0..1; 3}, IndexSet{2})), 1: =),)
    """
    shape, own = shape_of(x), shape_of(ids)
    if shape[: len(own)] != own or not own:
        raise InvalidModelError(f"segments {own} of rows {shape}")
    flat = layout.reshape(shape, (prod(own), *shape[len(own) :]))
    steps = [flat] if len(own) > 1 else []
    known = contents(ids)
    if known is not None:
        numbers = known.reshape(-1)
        rows = int(numbers.max(initial=-1)) + 1 if count is None else count
        if numbers.size and (numbers.max() >= rows or rows > LISTED):
            raise InvalidModelError(f"segment {int(numbers.max())} of {rows}")
        taps = tuple(IndexSet.of(np.flatnonzero(numbers == k).tolist()) for k in range(rows))
        return read([*steps, ops.along(flat.shape, {0: (Table(taps), rows)}, kind=kind)], x)
    if count is None:
        raise InvalidModelError("how many rows there are depends on the data")
    reads = [Read(None, WHOLE), *(Read(k, IDENTITY) for k in range(1, len(flat.shape)))]
    every = Link([Read(None, WHOLE)] * len(own))
    op = Op(kind, (count, *flat.shape[1:]), (Link(reads), every), exact=False)
    return read(op, read(steps, x) if steps else x, ids)
