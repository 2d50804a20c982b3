"""Choosing elements by indices: known ones are read exactly, data may point anywhere.

An index is known where it is an integer, a slice, a list or a NumPy array; any other operand is
data. Data makes the op an upper bound, unless what is indexed is itself a constant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from ..relation import IDENTITY, WHOLE, At, Relation, Sliding, Table, minimal
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


class _Spread(NamedTuple):
    """How the axes ``wide`` that come from arrays lie while elements are chosen.

    ``units``: axes, counted from their end, that are one axis then, the outermost first. An array
    that goes on evenly along one of its axes, as windows do, drives a unit of its own, in which
    that axis is the outermost: its list then repeats, so much further on. Where others vary along
    several axes, each output has its own entry of a list, and all axes are one.
    """

    wide: tuple[int, ...]
    units: tuple[tuple[int, ...], ...]

    @classmethod
    def singly(cls, wide: tuple[int, ...]) -> _Spread:
        return cls(wide, tuple((axis - len(wide),) for axis in range(len(wide))))

    @classmethod
    def of(
        cls, arrays: Mapping[int, Array], varying: Mapping[int, list[int]], wide: tuple[int, ...]
    ) -> _Spread:
        several = {axis: axes for axis, axes in varying.items() if len(axes) > 1}
        if not several:
            return cls.singly(wide)
        used = [axis for axes in varying.values() for axis in axes]
        windows = [_outermost_first(arrays[axis], axes) for axis, axes in several.items()]
        if len({*used}) == len(used) and all(windows):
            joined = {unit[0]: unit for unit in windows} | {
                a: () for unit in windows for a in unit[1:]
            }
            units = (joined.get(axis, (axis,)) for axis in range(-len(wide), 0))
            return cls(wide, tuple(unit for unit in units if unit))
        if prod(wide) > PERIOD_LIMIT:
            raise too_large("the table of an index", prod(wide), "Its positions are too many.")
        return cls(wide, (tuple(range(-len(wide), 0)),))

    @property
    def sizes(self) -> list[int]:
        """Of the units."""
        return [prod(self.wide[axis] for axis in unit) for unit in self.units]

    def reading(self, array: Array, axes: Sequence[int], size: int) -> tuple[int, Relation]:
        """The unit that drives an array, and how; ``axes``: along which it varies."""
        place = next(k for k, unit in enumerate(self.units) if axes[0] in unit)
        unit = self.units[place]
        whole = array.reshape((1,) * (len(self.wide) - array.ndim) + array.shape)
        turned = np.moveaxis(whole, unit, range(len(unit)))
        own = turned.reshape(*turned.shape[: len(unit)], -1)[..., 0]
        rows = np.broadcast_to(own, [self.wide[axis] for axis in unit]).reshape(len(own), -1)
        relation = _table(rows.reshape(-1), size)
        if isinstance(relation, Table) and len(unit) > 1 and _outermost_first(array, axes) == unit:
            relation = _sliding(rows)
        return place, relation

    def gathered(self, made: Reading, start: int) -> Reading:
        """What was chosen, with its axes as in ``wide``; ``start``: where they stand."""
        order = [axis for unit in self.units for axis in unit]
        shape = [*made.shape]
        shape[start : start + len(self.units)] = [self.wide[axis] for axis in order]
        places = [start + len(self.wide) + axis for axis in order]
        return moveaxis(reshape(made, shape), range(start, start + len(order)), places)


def _outermost_first(array: Array, axes: Sequence[int]) -> tuple[int, ...]:
    """The axes with one in front along which an array goes on evenly, where there is one.

    Of several the one that goes furthest, forwards if possible: windows are spread over more than
    each of them holds.

    >>> _outermost_first(np.arange(3)[:, None] + np.arange(9), (-2, -1))
    (-1, -2)
    >>> _outermost_first(np.array([[0, 5], [3, 1]]), (-2, -1))
    ()
    """
    found: list[tuple[int, int, bool, int]] = []
    for axis in axes:
        steps = np.diff(array, axis=axis)
        step, count = int(steps.flat[0]), array.shape[axis]
        if (steps == step).all():
            found.append((abs(step) * (count - 1), count, step > 0, axis))
    if not found:
        return ()
    _, count, _, outer = max(found)
    if array.size // count > PERIOD_LIMIT:
        return ()
    return (outer, *(axis for axis in axes if axis != outer))


def _sliding(rows: Array) -> Sliding:
    """Rows that lie evenly apart: each reads what the first reads, so much further on."""
    taps = tuple(IndexSet.interval(place, place) for place in rows[0].tolist())
    return minimal(Sliding(rows.shape[1], int(rows[1, 0] - rows[0, 0]), taps))


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
    spread = _Spread.singly(wide) if data else _Spread.of(arrays, varying, wide)
    reads: list[Read] = []
    result: list[int] = []
    for place, part in enumerate(parts):
        if picks and place == start:
            result += spread.sizes
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
        elif arrays[axis].size and not varying[axis]:
            reads.append(Read(None, At(int(arrays[axis].flat[0]))))
        elif (data and len(varying[axis]) != 1) or not arrays[axis].size:
            reads.append(Read(None, WHOLE))
        else:
            unit, relation = spread.reading(arrays[axis], varying[axis], shape[axis])
            reads.append(Read(start + unit, relation))
    if not picks and all(read.relation == IDENTITY for read in reads):
        return reshape(x, result)
    kind = "gather" if picks else "select" if any(isinstance(p, int) for p in given) else "slice"
    link = Link(reads)
    if not data:
        moving = any(map(_counts_from_end, given))
        op = Op(kind, tuple(result), (link,), depends_on_size=moving, algebra="move")
        return spread.gathered(read(op, x), start)
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
