"""Gather and scatter: known indices are read exactly, computed ones as an upper bound."""

from __future__ import annotations

from math import prod

import numpy as np

from ...core import layout, ops
from ...core.arguments import normalize_axis
from ...core.link import Link, Read
from ...core.ops import Op
from ...core.relation import IDENTITY, WHOLE, shift
from ...errors import InvalidModelError, bad_shapes
from .rulebook import Call, Reading, rule
from .tensors import Array, Shape, Value


@rule("Gather", "com.microsoft::GatherBlockQuantized")
def gather(call: Call) -> Reading | Op:
    """``data[..., indices, ...]`` along one axis."""
    data, indices = call.value(0), call.value(1)
    if "::" in call.op:
        return _embedding(call)
    rank = len(data.shape)
    axis = normalize_axis(call.int("axis", 0), rank)
    shape, places = data.shape, indices.shape
    result = (*shape[:axis], *places, *shape[axis + 1 :])
    if not indices.depends and indices.array is not None:
        return _picked(data, axis, indices.array, result)
    shifted = len(places) - 1
    reads = [
        Read(None, WHOLE) if k == axis else Read(k if k < axis else k + shifted, IDENTITY)
        for k in range(rank)
    ]
    where = Link([Read(axis + k, IDENTITY) for k in range(len(places))])
    op = Op("gather", result, (Link(reads), where), exact=not data.depends or shape[axis] <= 1)
    return Reading(op, [data, indices])


def _picked(data: Value, axis: int, indices: Array, result: Shape) -> Reading:
    size = data.shape[axis]
    if indices.size and (indices.min() < -size or indices.max() >= size):
        raise InvalidModelError(f"an index outside an axis of {size}")
    if indices.ndim == 0:
        return Reading(layout.select(data.shape, axis, int(indices)), [data])
    picked = layout.gather(data.shape, axis, [int(i) for i in indices.reshape(-1)])
    if indices.ndim == 1:
        return Reading(picked, [data])
    return Reading([picked, layout.reshape(picked.shape, result)], [data])


def _embedding(call: Call) -> Reading:
    """A packed table: the width of a row is in the scales."""
    indices, scales = call.value(1), call.shape(2)
    width = scales[-1] * call.int("block_size", 128)
    link = Link([Read(k, IDENTITY) for k in range(len(indices.shape))])
    return Reading(Op("gather", (*indices.shape, width), (link,)), [indices])


@rule("GatherElements")
def gather_elements(call: Call) -> Reading:
    """Along one axis each output picks its own place; on the others it keeps its own."""
    data, indices = call.value(0), call.value(1)
    axis = normalize_axis(call.int("axis", 0), len(data.shape))
    if len(indices.shape) != len(data.shape):
        raise bad_shapes("gather", [data.shape, indices.shape], "the ranks differ")
    known = indices.array if not indices.depends else None
    same = None if known is None else _one_row(known, axis)
    cut = {
        k: (IDENTITY, size)
        for k, size in enumerate(indices.shape)
        if k != axis and size != data.shape[k]
    }
    if any(size > data.shape[k] for k, (_, size) in cut.items()):
        raise bad_shapes("gather", [data.shape, indices.shape], "the indices do not fit")
    if same is not None:
        size = data.shape[axis]
        if same and not all(-size <= i < size for i in same):
            raise InvalidModelError(f"an index outside an axis of {size}")
        first = layout.gather(data.shape, axis, same)
        steps = [first, *([ops.along(first.shape, cut, kind="slice")] if cut else [])]
        return Reading(steps, [data])
    relations = {**cut, axis: (WHOLE, indices.shape[axis])}
    op = ops.along(data.shape, relations, kind="gather", exact=False)
    place = ops.pointwise(indices.shape)
    return Reading(Op("gather", op.shape, (*op.links, *place.links), exact=False), [data, indices])


def _one_row(indices: Array, axis: int) -> list[int] | None:
    """The indices along ``axis`` if they are the same everywhere else."""
    moved = np.moveaxis(indices, axis, -1).reshape(-1, indices.shape[axis])
    if not len(moved) or bool((moved == moved[0]).all()):
        return [int(i) for i in (moved[0] if len(moved) else [])]
    return None


@rule("GatherND")
def gather_nd(call: Call) -> Reading:
    """The last axis of the indices names a place on several axes at once."""
    data, indices = call.value(0), call.value(1)
    batch = call.int("batch_dims", 0)
    places, count = indices.shape[:-1], indices.shape[-1] if indices.shape else 0
    rank = len(data.shape)
    if not indices.shape or batch < 0 or batch + count > rank or batch > len(places):
        raise bad_shapes("gather_nd", [data.shape, indices.shape], "the indices do not fit")
    rest = data.shape[batch + count :]
    result = (*places, *rest)
    array = indices.array if not indices.depends else None
    if array is not None and count == 1 and batch == 0:
        return _picked(data, 0, array[..., 0], result)
    box = None if array is None or batch else _box(array)
    if box is not None and len(box) == len(places) == count:
        steps, shape = list[Op](), data.shape
        for axis, row in enumerate(box):
            size = shape[axis]
            if any(not -size <= i < size for i in row):
                raise InvalidModelError(f"an index outside an axis of {size}")
            steps.append(layout.gather(shape, axis, row))
            shape = steps[-1].shape
        return Reading(steps, [data])
    reads = [
        Read(k, IDENTITY) if k < batch
        else Read(None, WHOLE) if k < batch + count
        else Read(k - count - batch + len(places), IDENTITY)
        for k in range(rank)
    ]  # fmt: skip
    where = Link([*(Read(k, IDENTITY) for k in range(len(places))), Read(None, WHOLE)])
    op = Op("gather_nd", result, (Link(reads), where), exact=not data.depends)
    return Reading(op, [data, indices])


def _box(indices: Array) -> list[list[int]] | None:
    """For indices of shape ``(d0 .. dm, m)``: one row per axis if they span a grid, else None."""
    count = indices.shape[-1]
    if indices.ndim - 1 != count or not indices.size:
        return None
    rows: list[list[int]] = []
    for axis in range(count):
        moved = np.moveaxis(indices[..., axis], axis, -1).reshape(-1, indices.shape[axis])
        if not bool((moved == moved[0]).all()):
            return None
        rows.append([int(i) for i in moved[0]])
    return rows


@rule("ScatterND")
def scatter_nd(call: Call) -> Reading:
    """Some places are overwritten; assignments to a slice are read exactly."""
    data, indices, updates = call.value(0), call.value(1), call.value(2)
    shape = data.shape
    count = indices.shape[-1] if indices.shape else 0
    if not 0 < count <= len(shape):
        raise bad_shapes("scatter_nd", [shape, indices.shape], "the indices do not fit")
    places = indices.shape[:-1]
    if updates.shape != (*places, *shape[count:]):
        raise bad_shapes("scatter_nd", [indices.shape, updates.shape], "the updates do not fit")
    array = indices.array if not indices.depends else None
    plain = call.text("reduction", "none") == "none"
    box = None if array is None else _box(array)
    if box is not None and plain:
        assigned = _assigned(call, data, updates, box)
        if assigned is not None:
            return assigned
    reads = [
        *[Read(None, WHOLE)] * len(places),
        *(Read(k, IDENTITY) for k in range(count, len(shape))),
    ]
    where = Link([Read(None, WHOLE)] * len(indices.shape))
    links = (ops.pointwise(shape).links[0], where, Link(reads))
    return Reading(Op("scatter_nd", shape, links, exact=False), [data, indices, updates])


def _assigned(call: Call, data: Value, updates: Value, box: list[list[int]]) -> Reading | None:
    """``data[..., a:b:c, ...] = updates``: indexed axes are whole but one, evenly spaced."""
    shape = data.shape
    rows = [[i % max(1, shape[axis]) for i in row] for axis, row in enumerate(box)]
    partial = [axis for axis, row in enumerate(rows) if row != list(range(shape[axis]))]
    if not partial:
        return Reading(ops.pointwise(updates.shape, kind="overwrite"), [updates])
    if len(partial) > 1:
        return None
    (axis,) = partial
    row = rows[axis]
    step = row[1] - row[0] if len(row) > 1 else 1
    positions = range(row[0], row[0] + step * len(row), step) if step > 0 else range(0)
    if list(positions) != row:
        return None
    if step > 1:
        return Reading(layout.overwrite(shape, axis, positions), [data, updates])
    parts: list[Value] = []
    for start, stop in ((0, positions.start), (positions.stop, shape[axis])):
        if stop > start:
            parts.append(call.step(layout.slice_(shape, axis, start, stop), [data]))
    parts.insert(1 if positions.start else 0, updates)
    return Reading(layout.concat(*(part.shape for part in parts), axis=axis), parts)


@rule("ScatterElements", "Scatter")
def scatter_elements(call: Call) -> Op:
    """Along one axis the updates go where the indices say."""
    data, indices, updates = call.shape(0), call.shape(1), call.shape(2)
    axis = normalize_axis(call.int("axis", 0), len(data))
    if indices != updates or len(indices) != len(data):
        raise bad_shapes("scatter", [data, indices, updates], "the updates do not fit")
    reads = [
        Read(None, WHOLE) if k == axis
        else Read(k, IDENTITY if size == data[k] else shift(0, "cut"))
        for k, size in enumerate(indices)
    ]  # fmt: skip
    same, moved = ops.pointwise(data).links[0], Link(reads)
    return Op("scatter", data, (same, moved, moved), exact=False)


@rule("TensorScatter")
def tensor_scatter(call: Call) -> Op:
    """A window of a cache is overwritten where the index says."""
    cache, update = call.shape(0), call.shape(1)
    axis = normalize_axis(call.int("axis", -2), len(cache))
    reads = [Read(None, WHOLE) if k == axis else Read(k, IDENTITY) for k in range(len(update))]
    links = (ops.pointwise(cache).links[0], Link(reads), Link([Read(0, IDENTITY)]))
    return Op("tensor_scatter", cache, links[: len(call.inputs)], exact=False)


@rule("NonZero")
def nonzero(call: Call) -> Op:
    """How many there are depends on the data: as many as there can be."""
    shape = call.shape(0)
    return ops.opaque([shape], (len(shape), prod(shape)), kind="nonzero")


@rule("Compress")
def compress(call: Call) -> Reading:
    """A known condition picks positions; an unknown one may pick any."""
    data, condition = call.value(0), call.value(1)
    shape = data.shape
    axis = call.attribute("axis", 2)
    flat = layout.reshape(shape, (prod(shape),)) if axis is None else None
    place = 0 if axis is None else normalize_axis(axis, len(shape))
    known = None if condition.depends else condition.array
    if known is not None:
        picked = [int(i) for i in np.nonzero(known.reshape(-1))[0]]
        before = shape if flat is None else flat.shape
        op = layout.gather(before, place, picked)
        return Reading([op] if flat is None else [flat, op], [data])
    result = (prod(shape),) if axis is None else shape
    return Reading(ops.opaque([shape, condition.shape], result, kind="compress"), [data, condition])


@rule("Unique")
def unique(call: Call) -> tuple[Op, Op, Op, Op]:
    """How many there are depends on the data: as many as there can be."""
    shape = call.shape(0)
    axis = call.attribute("axis", 2)
    count = prod(shape) if axis is None else shape[normalize_axis(axis, len(shape))]
    places = ops.opaque([shape], (count,), kind="unique")
    result = (count,) if axis is None else shape
    return ops.opaque([shape], result, kind="unique"), places, places, places


@rule("NonMaxSuppression")
def non_max_suppression(call: Call) -> Op:
    """Which boxes are left depends on all of them."""
    boxes, scores = call.shape(0), call.shape(1)
    each = boxes[1]
    if call.has(2) and (limit := call.value(2).array) is not None:
        each = min(each, max(0, int(limit.reshape(-1)[0])))
    shapes = [() if value is None else value.shape for value in call.inputs]
    return ops.opaque(shapes, (scores[0] * scores[1] * each, 3), kind="nms")


@rule("ai.onnx.ml::ArrayFeatureExtractor")
def array_feature(call: Call) -> Reading:
    """Elements of the last axis."""
    data, indices = call.value(0), call.constant(1, "the indices")
    picked = [int(i) for i in indices.reshape(-1)]
    return Reading(layout.gather(data.shape, len(data.shape) - 1, picked), [data])
