"""Choosing elements one by one: each output has an index of its own.

Which index is known and which is data is said as in ``indexing``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import unfit_shapes
from .. import layout
from ..arguments import broadcast_shape, normalize_axis
from ..link import AnyLink, Link, Read, broadcast
from ..operation import Op
from ..relation import IDENTITY, WHOLE
from .expression import Array, Operand, Reading, known_array, read, shape_of
from .indexing import chosen, getitem, rows_of, varying_axes
from .shaping import flatten, moveaxis


def take_along_axis(x: Operand, indices: object, axis: int | None = -1) -> Reading:
    """Each output names its own index along one axis; the other axes broadcast.

    https://numpy.org/doc/stable/reference/generated/numpy.take_along_axis.html

    >>> from .expression import Known
    >>> take_along_axis(Known((2, 5)), [[1], [4]], 1).shape
    (2, 1)
    """
    array = known_array(indices)
    index: Any = indices if array is None else array.astype(np.int64)
    if axis is None:
        return take_along_axis(flatten(x), index, 0)
    shape, own = shape_of(x), tuple(index.shape)
    axis = normalize_axis(axis, len(shape))
    if len(own) != len(shape):
        raise unfit_shapes("the ranks differ", [shape, own])
    if array is None:
        result = broadcast_shape([(*shape[:axis], own[axis], *shape[axis + 1 :]), own])
        reads = list(broadcast((*shape[:axis], result[axis], *shape[axis + 1 :]), result).reads)
        reads[axis] = Read(axis, WHOLE)
        links: list[AnyLink] = [Link(reads), broadcast(own, result)]
        return Reading(Op("gather", result, tuple(links), exact=False, loose=(0,)), [x, index])
    along = {axis, *(k % len(shape) for k in varying_axes(array))}
    rows = rows_of(shape, len(shape))
    parts: list[Array | slice] = []
    for k, size in enumerate(shape):
        if k == axis:
            cut = tuple(slice(None) if j in along else slice(0, 1) for j in range(len(shape)))
            parts.append(array[cut])
        elif k in along:
            parts.append(rows[k] if size == own[k] else np.zeros_like(rows[k][:1]))
            if size not in (own[k], 1):
                raise unfit_shapes("sizes do not broadcast", [shape, own])
        else:
            parts.append(slice(None))
    # The arrays have one axis per entry of ``along``: together, in front or where they are.
    kept = sorted(along)
    squeezed = [
        part if isinstance(part, slice) else part.reshape([part.shape[j] for j in kept])
        for part in parts
    ]
    made = getitem(x, tuple(squeezed))
    start = chosen(shape, tuple(squeezed)).start
    made = moveaxis(made, [start + k for k in range(len(along))], kept)
    result = broadcast_shape([made.shape, own])
    return read([], made) if result == made.shape else read(layout.expand(made.shape, result), made)


def gather_elements(x: Operand, indices: object, axis: int) -> Reading:
    """As ``take_along_axis``, but a smaller size on another axis cuts and does not broadcast.

    https://onnx.ai/onnx/operators/onnx__GatherElements.html,
    https://docs.pytorch.org/docs/stable/generated/torch.gather.html

    >>> from .expression import Known
    >>> gather_elements(Known((4, 5)), [[1, 0]], 1).shape
    (1, 2)
    """
    array = known_array(indices)
    index: Any = indices if array is None else array
    shape, own = shape_of(x), tuple(index.shape)
    axis = normalize_axis(axis, len(shape)) if shape else 0
    if len(own) != len(shape):
        raise unfit_shapes("the ranks differ", [shape, own])
    if any(size > shape[k] for k, size in enumerate(own) if k != axis):
        raise unfit_shapes("the indices do not fit", [shape, own])
    cut = tuple(slice(None) if k == axis else slice(size) for k, size in enumerate(own))
    return take_along_axis(getitem(x, cut), index, axis) if shape else read([], x)


def gather_nd(x: Operand, indices: object, *, batch_dims: int = 0) -> Reading:
    """The last axis of the indices names a place on several axes at once.

    https://onnx.ai/onnx/operators/onnx__GatherND.html

    >>> from .expression import Known
    >>> gather_nd(Known((4, 5, 6)), [[0, 1], [3, 4], [2, 2]]).shape
    (3, 6)
    """
    array = known_array(indices)
    index: Any = indices if array is None else array.astype(np.int64)
    shape, own = shape_of(x), tuple(index.shape)
    count = own[-1] if own else 0
    places = own[:-1]
    if not own or not 0 <= batch_dims <= len(places) or batch_dims + count > len(shape):
        raise unfit_shapes("the indices do not fit", [shape, own])
    if array is not None:
        rows = rows_of(shape[:batch_dims], len(places))
        return getitem(x, (*rows, *np.moveaxis(array, -1, 0)))
    first = batch_dims + count
    reads = [
        Read(k, IDENTITY)
        if k < batch_dims
        else Read(None, WHOLE)
        if k < first
        else Read(k - first + len(places), IDENTITY)
        for k in range(len(shape))
    ]
    where = Link([*(Read(k, IDENTITY) for k in range(len(places))), Read(None, WHOLE)])
    result = (*places, *shape[first:])
    op = Op("gather", result, (Link(reads), where), exact=False, loose=(0,))
    return Reading(op, [x, index])
