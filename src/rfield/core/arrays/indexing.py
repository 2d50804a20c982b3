"""Choosing elements by indices: known ones are read exactly, data may point anywhere.

An index is known where it is an integer, a slice, a list or a NumPy array; any other operand is
data. Data makes the op an upper bound, unless what is indexed is itself a constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import prod
from types import EllipsisType
from typing import Any, NamedTuple

import numpy as np

from ...errors import InvalidModelError, too_large
from .. import layout, ops
from ..arguments import broadcast_shape, normalize_axis
from ..indices import IndexSet
from ..limits import PERIOD_LIMIT
from ..link import Link, Read, broadcast
from ..operation import Op
from ..relation import IDENTITY, WHOLE, At, Relation, Sliding
from ..resampling import repeating
from .expression import Array, Operand, Reading, known_array, read, shape_of
from .shaping import flatten, moveaxis, reshape

Part = int | slice | Array | Operand | None
Index = Part | EllipsisType | Sequence[Any]


class Chosen(NamedTuple):
    """An index brought to one form: a slice, an array, data or None per entry.

    ``start``: where the axes that come from arrays and data stand in the result, ``wide``: their
    shape. Integers beside arrays are arrays, as in NumPy.
    """

    parts: list[Part]
    start: int
    wide: tuple[int, ...]


def chosen(shape: Sequence[int], index: Index) -> Chosen:
    """NumPy's rules: ellipsis, boolean arrays, broadcasting, and where the new axes stand."""
    given: list[Any] = list(index) if isinstance(index, tuple) else [index]
    parts: list[Any] = []
    for part in given:
        array = None if isinstance(part, int) else known_array(part)
        if array is None:
            parts.append(part)
        elif array.dtype == bool:
            parts += np.nonzero(array)
        else:
            parts.append(int(array) if array.ndim == 0 else array.astype(np.int64))
    used = sum(part is not None and part is not Ellipsis for part in parts)
    dots = [k for k, part in enumerate(parts) if part is Ellipsis]
    if used > len(shape) or len(dots) > 1:
        raise InvalidModelError(f"{used} indices on {len(shape)} axes")
    at = dots[0] if dots else len(parts)
    parts[at : at + len(dots)] = [slice(None)] * (len(shape) - used)
    picking = [k for k, p in enumerate(parts) if p is not None and not isinstance(p, slice)]
    if all(isinstance(parts[k], int) for k in picking):
        return Chosen(parts, 0, ())
    apart = any(b - a > 1 for a, b in pairwise(picking))
    wide = broadcast_shape([() if isinstance(parts[k], int) else parts[k].shape for k in picking])
    start = 0 if apart else sum(not isinstance(part, int) for part in parts[: picking[0]])
    return Chosen(parts, start, wide)


def getitem(x: Operand, index: Index) -> Reading:
    """``x[index]`` with all of NumPy's indexing: slices, None, integers, arrays, masks, data.

    What is counted from the end moves with the size (``depends_on_size``).
    Known arrays are read exactly; several are paired, so ``x[:, rows, columns]`` reads one element
    for each output. https://numpy.org/doc/stable/user/basics.indexing.html

    >>> from .expression import Known
    >>> getitem(Known((8, 9, 7)), (..., None, [0, 1, 5])).shape
    (8, 9, 1, 3)
    >>> getitem(Known((8, 9, 7)), (slice(None), [0, 1], [2, 2])).shape
    (8, 2)
    """
    shape = shape_of(x)
    parts, start, wide = chosen(shape, index)
    given = [part for part in parts if part is not None]
    data = [part for part in given if not isinstance(part, (int, slice, np.ndarray))]
    picks = bool(data) or any(isinstance(part, np.ndarray) for part in given)
    arrays = tables_of(given, shape) if picks else {}
    varying = {axis: varying_axes(array) for axis, array in arrays.items()}
    paired = not data and any(len(axes) > 1 for axes in varying.values())
    span = (prod(wide),) if paired else wide
    if paired and span[0] > PERIOD_LIMIT:
        raise too_large("the table of an index", span[0], "Its positions are too many.")
    reads: list[Read] = []
    result: list[int] = []
    for place, part in enumerate(parts):
        if picks and place == start:
            result += span
        axis = len(reads)
        if part is None:
            result.append(1)
        elif isinstance(part, slice):
            picked = range(*part.indices(shape[axis]))
            reads.append(Read(len(result), _spaced(picked, shape[axis])))
            result.append(len(picked))
        elif not picks and isinstance(part, int):
            reads.append(Read(None, At(_inside(part, shape[axis]))))
        elif axis not in arrays:
            reads.append(Read(None, WHOLE))
        elif paired:
            flat = np.broadcast_to(arrays[axis], wide).reshape(-1)
            reads.append(Read(start, _table(flat, shape[axis])))
        else:
            reads.append(_along(arrays[axis], varying[axis], start + len(wide), shape[axis]))
    if not picks and all(read.relation == IDENTITY for read in reads):
        return reshape(x, result)
    kind = "gather" if picks else "select" if any(isinstance(p, int) for p in given) else "slice"
    link = Link(reads)
    if not data:
        moving = any(map(_counts_from_end, given))
        op = Op(kind, tuple(result), (link,), depends_on_size=moving, algebra="move")
        made = read(op, x)
        return reshape(made, [*result[:start], *wide, *result[start + 1 :]]) if paired else made
    links = [_own(shape_of(entry), wide, start) for entry in data]
    op = Op(kind, tuple(result), (link, *links), exact=False, loose=(0,))
    return Reading(op, [x, *data])


def _counts_from_end(part: Part) -> bool:
    """Whether the size of the axis tells where an index begins."""
    if isinstance(part, slice):
        start: int | None = part.start
        return (part.step or 1) < 0 if start is None else start < 0
    return isinstance(part, int) and part < 0


def tables_of(parts: Sequence[Part], shape: Sequence[int]) -> dict[int, Array]:
    """The known arrays and integers of an index by their axes, negative entries resolved."""
    found: dict[int, Array] = {}
    for axis, part in enumerate(parts):
        if isinstance(part, (int, np.ndarray)):
            array, size = np.asarray(part, np.int64), shape[axis]
            outside = array[(array < -size) | (array >= size)]
            if outside.size:
                raise InvalidModelError(f"index {int(outside[0])} outside an axis of {size}")
            found[axis] = np.where(array < 0, array + size, array)
    return found


def _inside(index: int, size: int) -> int:
    if not -size <= index < size:
        raise InvalidModelError(f"index {index} outside an axis of {size}")
    return index % size


def varying_axes(array: Array) -> list[int]:
    """The axes along which an array varies, counted from its end."""
    return [
        axis - array.ndim
        for axis, size in enumerate(array.shape)
        if size > 1 and bool((array != array.take([0], axis)).any())
    ]


def _along(array: Array, varying: Sequence[int], stop: int, size: int) -> Read:
    """A table along the one axis on which the array varies; ``stop``: the axis after its last."""
    if array.size and not varying:
        return Read(None, At(int(array.reshape(-1)[0])))
    if len(varying) != 1:  # beside data, or empty
        return Read(None, WHOLE)
    row = np.moveaxis(array, varying[0], 0).reshape(array.shape[varying[0]], -1)[:, 0]
    return Read(stop + varying[0], _table(row, size))


def _table(row: Array, size: int) -> Relation:
    indices = [int(index) for index in row.tolist()]
    if indices == list(range(size)):
        return IDENTITY
    return repeating(indices, size) or layout.table(indices)


def _spaced(picked: range, size: int) -> Relation:
    if picked == range(size):
        return IDENTITY
    return Sliding(1, picked.step, (IndexSet.interval(picked.start, picked.start),))


def _own(shape: Sequence[int], wide: Sequence[int], start: int) -> Link:
    """Data that stands in the axes ``wide``, which begin at ``start`` of the result."""
    reads = broadcast(shape, wide).reads
    return Link([r if r.axis is None else Read(r.axis + start, r.relation) for r in reads])


def take(x: Operand, indices: object, axis: int | None = None, *, batch_dims: int = 0) -> Reading:
    """Elements along an axis by indices of any shape, which stands in its place.

    ``batch_dims``: so many leading axes run together with those of the indices. Without an axis the
    operand is flattened. https://numpy.org/doc/stable/reference/generated/numpy.take.html,
    https://www.tensorflow.org/api_docs/python/tf/gather

    >>> from .expression import Known
    >>> take(Known((2, 9, 4)), [[0, -1, 3]], 1).shape
    (2, 1, 3, 4)
    """
    if axis is None:
        return take(flatten(x), indices, 0)
    axis = normalize_axis(axis, len(shape_of(x)))
    array = known_array(indices)
    index: Any = indices if array is None else array.astype(np.int64)
    rank = len(index.shape)
    batch = batch_dims + rank if batch_dims < 0 else batch_dims
    if not 0 <= batch <= min(axis, rank):
        raise InvalidModelError(f"batch_dims = {batch_dims} for indices of {rank} axes")
    if not batch:
        return getitem(x, (slice(None),) * axis + (index,))
    if array is None:
        return _looked_up(x, index, axis, batch)
    rows = rows_of(shape_of(x)[:batch], rank)
    made = getitem(x, (*rows, *[slice(None)] * (axis - batch), array))
    if axis == batch:
        return made  # else the new axes stand in front, as NumPy puts them
    places = range(batch, rank)
    return moveaxis(made, [*places], [axis + k - batch for k in places])


def rows_of(sizes: Sequence[int], rank: int) -> list[Array]:
    """Each index of the leading axes, as arrays of ``rank`` axes."""
    return [
        np.arange(size).reshape([size if k == axis else 1 for k in range(rank)])
        for axis, size in enumerate(sizes)
    ]


def _looked_up(x: Operand, indices: Operand, axis: int, batch: int) -> Reading:
    shape, places = shape_of(x), shape_of(indices)
    extra = len(places) - batch - 1
    rows = [
        Read(None, WHOLE) if k == axis else Read(k if k < axis else k + extra, IDENTITY)
        for k in range(len(shape))
    ]
    own = [Read(k if k < batch else axis + k - batch, IDENTITY) for k in range(len(places))]
    result = (*shape[:axis], *places[batch:], *shape[axis + 1 :])
    op = Op("gather", result, (Link(rows), Link(own)), exact=False, loose=(0,))
    return Reading(op, [x, indices])


def one_hot(x: Operand, depth: int, axis: int = -1) -> Reading:
    """A new axis of size ``depth``: all places along it read the same element.

    https://onnx.ai/onnx/operators/onnx__OneHot.html

    >>> from .expression import Known
    >>> one_hot(Known((2, 3)), 10).shape
    (2, 3, 10)
    """
    shape = shape_of(x)
    axis = normalize_axis(axis, len(shape) + 1)
    link = Link([Read(k if k < axis else k + 1, IDENTITY) for k in range(len(shape))])
    return read(Op("one_hot", (*shape[:axis], depth, *shape[axis:]), (link,), algebra="compare"), x)


def anywhere(
    operands: Sequence[Operand],
    sizes: Sequence[int],
    *,
    kind: str,
    keeps: int | None = None,
) -> Reading:
    """Every output may read all of the operands (nonzero, unique, selection by a mask): a bound.

    ``keeps``: the operand of which each output reads its own place only.

    >>> from .expression import Known
    >>> anywhere([Known((3, 4))], (12,), kind="masked_select").shape
    (12,)
    """
    shapes = [shape_of(operand) for operand in operands]
    op = ops.opaque(shapes, sizes, kind=kind)
    if keeps is not None:
        links = list(op.links)
        links[keeps] = broadcast(shapes[keeps], tuple(sizes))
        op = replace(op, links=tuple(links))
    return Reading(op, operands)
