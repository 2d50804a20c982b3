"""Writing into a tensor: known places are exact, places made from the data are a bound."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ...errors import InvalidModelError, bad_shapes, too_large
from .. import layout, ops
from ..algebra import Elementwise
from ..arguments import broadcast_shape, normalize_axis
from ..indices import EMPTY, IndexSet
from ..known.codes import squeezed
from ..limits import PERIOD_LIMIT
from ..link import AnyLink, Link, Read, everything, passed
from ..operation import Op
from ..relation import IDENTITY, WHOLE, Relation, Table, shift
from .elementwise import multiply, pointwise
from .expression import Array, Operand, Reading, known_array, operand_of, read, shape_of
from .indexing import Index, Part, chosen, getitem, tables_of
from .moving import concat
from .shaping import broadcast_to, permute, reshape

Combined = bool | Elementwise
"""Whether values are added to what stands there, or by which other arithmetic both become one."""


def put(
    x: Operand, index: Index, values: Operand | float, *, accumulate: Combined = False
) -> Reading:
    """A copy of ``x`` with ``x[index] = values``, or with both combined (``accumulate``: added).

    ``index`` is all that ``getitem`` takes but None; the values broadcast. Without ``accumulate``
    an element that is written reads its old value no more.
    https://docs.pytorch.org/docs/stable/generated/torch.Tensor.index_put_.html

    >>> from .expression import Known
    >>> put(Known((6, 4)), (slice(1, 3), 0), Known((2,))).shape
    (6, 4)
    """
    shape, values = shape_of(x), operand_of(values)
    parts, start, wide = chosen(shape, index)
    if any(part is None for part in parts):
        raise InvalidModelError("an assignment has no new axes")
    if not all(isinstance(part, (int, slice, np.ndarray)) for part in parts):
        return _anywhere(x, parts, start, wide, values, accumulate)
    arrays = tables_of(parts, shape)
    box = _box(parts, arrays, start, wide, shape)
    target = getitem(x, index).shape
    full = broadcast_to(values, target)
    if accumulate == "multiply":
        full, accumulate = multiply(getitem(x, index), full, kind="scatter"), False
    if box is None:
        return _flat(x, parts, arrays, start, wide, full, accumulate)
    places, drivers = box
    order = [driver for driver in drivers if driver is not None]
    order += [axis for axis in range(len(target)) if axis not in order]
    laid = reshape(permute(full, order), [len(row) for row in places])
    partial = {k: row for k, row in enumerate(places) if list(row) != list(range(shape[k]))}
    return _added(x, partial, laid, accumulate) if accumulate else _written(x, partial, laid)


def _box(
    parts: Sequence[Part],
    arrays: dict[int, Array],
    start: int,
    wide: Sequence[int],
    shape: Sequence[int],
) -> tuple[list[Sequence[int]], list[int | None]] | None:
    """The places along each axis and the axis of the values that belongs to it.

    None where arrays are paired, so that the places are no product.
    """
    places: list[Sequence[int]] = []
    drivers: list[int | None] = []
    before = 0
    for axis, part in enumerate(parts):
        if isinstance(part, slice):
            places.append(range(*part.indices(shape[axis])))
            drivers.append(before if before < start or not wide else before + len(wide))
            before += 1
            continue
        array = squeezed(arrays[axis])
        long = [k - array.ndim for k, size in enumerate(array.shape) if size != 1]
        if len(long) > 1:
            return None
        places.append([int(k) for k in array.reshape(-1)])
        drivers.append(start + len(wide) + long[0] if long else None)
    named = [driver for driver in drivers if driver is not None]
    spread = {start + k for k, size in enumerate(wide) if size != 1}
    return None if len(set(named)) < len(named) or not spread <= set(named) else (places, drivers)


def _written(x: Operand, partial: dict[int, Sequence[int]], values: Reading) -> Reading:
    """Axis by axis: what is not written along the first keeps its old value."""
    if not partial:
        return values
    axis, row = next(iter(partial.items()))
    rest = {k: places for k, places in partial.items() if k != axis}
    if rest:
        inner = getitem(x, (slice(None),) * axis + (np.asarray(row, np.int64),))
        values = _written(inner, rest, values)
    return overwrite(x, axis, row, values)


def overwrite(x: Operand, axis: int, places: Sequence[int], values: Operand) -> Reading:
    """Element ``k`` of the values is written to ``places[k]`` of the axis.

    Where a place is written twice either may stay, which is a bound.
    https://docs.pytorch.org/docs/stable/generated/torch.Tensor.index_copy_.html

    >>> from .expression import Known
    >>> overwrite(Known((6, 4)), 0, [5, 1], Known((2, 4))).shape
    (6, 4)
    """
    shape = shape_of(x)
    size, first, count = shape[axis], places[0] if places else 0, len(places)
    step = places[1] - first if count > 1 else 1
    even = step > 0 and list(places) == list(range(first, first + step * count, step))
    if not count:
        return read([], x)
    if even and step == 1:
        ahead = (slice(None),) * axis
        old = [
            getitem(x, (*ahead, slice(0, first))),
            getitem(x, (*ahead, slice(first + count, size))),
        ]
        joined = [old[0], values, old[1]]
        return concat([part for part in joined if shape_of(part)[axis]] or [values], axis)
    if even:
        op = layout.overwrite(shape, axis, range(first, first + step * count, step))
        return Reading(op, [x, values])
    taps = _hits(places, size)
    kept = Table(tuple(EMPTY if hit else IndexSet.interval(i, i) for i, hit in enumerate(taps)))
    links = [_with(len(shape), axis, kept), _with(len(shape), axis, Table(taps))]
    once = all(len(hit) < 2 for hit in taps)
    op = Op("overwrite", shape, tuple(links), join=True, exact=once, algebra="move")
    return Reading(op, [x, values])


def _hits(places: Sequence[int], size: int) -> tuple[IndexSet, ...]:
    """For each element of an axis the values that are written to it."""
    if size > PERIOD_LIMIT:
        raise too_large("the table of an assignment", size, "Its positions are too many.")
    found: list[list[int]] = [[] for _ in range(size)]
    for k, place in enumerate(places):
        found[place].append(k)
    return tuple(IndexSet.of(row) for row in found)


def _with(rank: int, axis: int, relation: Relation) -> Link:
    reads = list(passed(rank).reads)
    reads[axis] = Read(axis, relation)
    return Link(reads, is_part=True)


def _added(
    x: Operand, partial: dict[int, Sequence[int]], values: Reading, how: Combined
) -> Reading:
    shape = shape_of(x)
    for axis, row in partial.items():
        relation = Table(_hits(row, shape[axis]))
        op = ops.along(
            values.shape, {axis: (relation, shape[axis])}, kind="scatter", algebra="keep"
        )
        values = read(op, values)
    algebra = "add" if how is True else how or None
    return pointwise(x, values, kind="scatter_add", algebra=algebra)


def _flat(
    x: Operand,
    parts: Sequence[Part],
    arrays: dict[int, Array],
    start: int,
    wide: Sequence[int],
    values: Reading,
    accumulate: Combined,
) -> Reading:
    """Paired places: the axes on which they lie are written as one."""
    shape = shape_of(x)
    named = dict(arrays)
    for axis, part in enumerate(parts):  # a slice that cuts would need an axis of its own
        if isinstance(part, slice) and range(*part.indices(shape[axis])) != range(shape[axis]):
            raise InvalidModelError("an assignment to paired places beside a part of an axis")
    axes = list(named)
    rest = [axis for axis in range(len(shape)) if axis not in named]
    area = prod(shape[axis] for axis in axes)
    each = [np.broadcast_to(named[axis], wide).reshape(-1) for axis in axes]
    places = np.ravel_multi_index(tuple(each), [shape[axis] for axis in axes])
    order = [*axes, *rest]
    flat = reshape(permute(x, order), (area, *(shape[axis] for axis in rest)))
    count = len(wide)
    behind = [axis for axis in range(len(values.shape)) if not start <= axis < start + count]
    laid = permute(values, [*range(start, start + count), *behind])
    laid = reshape(laid, (prod(wide), *(shape[axis] for axis in rest)))
    row = [int(place) for place in places]
    made = _added(flat, {0: row}, laid, accumulate) if accumulate else overwrite(flat, 0, row, laid)
    back = reshape(made, [shape[axis] for axis in order])
    return permute(back, [order.index(axis) for axis in range(len(shape))])


def _anywhere(
    x: Operand,
    parts: Sequence[Part],
    start: int,
    wide: Sequence[int],
    values: Operand,
    accumulate: Combined,
) -> Reading:
    """Places that the data says: each element keeps what it had, or takes any of the values."""
    shape = shape_of(x)
    target: list[int] = []
    reads: list[Read] = []
    for place, part in enumerate(parts):
        if place == start:
            target += wide
            reads += [Read(None, WHOLE)] * len(wide)
        if isinstance(part, slice):
            picked = range(*part.indices(shape[place]))
            same = picked == range(shape[place])
            reads.append(Read(place, IDENTITY) if same else Read(None, WHOLE))
            target.append(len(picked))
    full = broadcast_shape([target, shape_of(values)])
    if full != tuple(target):
        raise bad_shapes("scatter", [target, shape_of(values)], "the values do not fit")
    last = len(target) - len(shape_of(values))
    own = [
        reads[last + k] if size == target[last + k] else Read(None, WHOLE)
        for k, size in enumerate(shape_of(values))
    ]
    data = [p for p in parts if p is not None and not isinstance(p, (int, slice, np.ndarray))]
    links: list[AnyLink] = [passed(len(shape)), Link(own)]
    links += [everything(len(shape_of(entry))) for entry in data]
    del accumulate
    return Reading(Op("scatter", shape, tuple(links), exact=False), [x, values, *data])


def scatter_nd(
    x: Operand, indices: object, updates: Operand, *, accumulate: Combined = False
) -> Reading:
    """``x[indices[..., 0], indices[..., 1], …] = updates``.

    https://onnx.ai/onnx/operators/onnx__ScatterND.html

    >>> from .expression import Known
    >>> scatter_nd(Known((4, 5)), [[0], [2]], Known((2, 5))).shape
    (4, 5)
    """
    array = known_array(indices)
    index: Any = indices if array is None else array.astype(np.int64)
    shape, own = shape_of(x), tuple(index.shape)
    count = own[-1] if own else 0
    if not 0 < count <= len(shape):
        raise bad_shapes("scatter_nd", [shape, own], "the indices do not fit")
    if shape_of(updates) != (*own[:-1], *shape[count:]):
        raise bad_shapes("scatter_nd", [own, shape_of(updates)], "the updates do not fit")
    if array is not None:
        return put(x, tuple(np.moveaxis(array, -1, 0)), updates, accumulate=accumulate)
    reads = [
        *[Read(None, WHOLE)] * (len(own) - 1),
        *(Read(k, IDENTITY) for k in range(count, len(shape))),
    ]
    links = (passed(len(shape)), everything(len(own)), Link(reads))
    return Reading(Op("scatter", shape, links, exact=False), [x, index, updates])


def scatter_elements(
    x: Operand,
    indices: object,
    updates: Operand | float,
    axis: int = 0,
    *,
    accumulate: Combined = False,
) -> Reading:
    """Each update goes to its own place on the other axes, and along ``axis`` where its index says.

    https://onnx.ai/onnx/operators/onnx__ScatterElements.html,
    https://docs.pytorch.org/docs/stable/generated/torch.Tensor.scatter_.html

    >>> from .expression import Known
    >>> scatter_elements(Known((4, 5)), [[1, 3]], Known((1, 2)), 1).shape
    (4, 5)
    """
    array = known_array(indices)
    index: Any = indices if array is None else array.astype(np.int64)
    shape, own = shape_of(x), tuple(index.shape)
    axis = normalize_axis(axis, len(shape)) if shape else 0
    given = operand_of(updates)
    updates = given if shape_of(given) else broadcast_to(given, own)
    if len(own) != len(shape) or any(a < b for a, b in zip(shape_of(updates), own, strict=True)):
        raise bad_shapes("scatter", [shape, own, shape_of(updates)], "the updates do not fit")
    if shape_of(updates) != own:
        updates = getitem(updates, tuple(slice(size) for size in own))
    if array is not None:
        parts: list[Any] = list(np.ogrid[tuple(slice(size) for size in own)])
        row = np.moveaxis(array, axis, 0).reshape(own[axis], -1)
        same = bool(row.size) and bool((row == row[:, :1]).all())
        shaped = [-1 if k == axis else 1 for k in range(len(own))]
        parts[axis] = row[:, 0].reshape(shaped) if same else array
        return put(x, tuple(parts), updates, accumulate=accumulate)
    reads = [
        Read(None, WHOLE)
        if k == axis
        else Read(k, IDENTITY if size == shape[k] else shift(0, "cut"))
        for k, size in enumerate(own)
    ]
    links = (passed(len(shape)), Link(reads), Link(reads))
    return Reading(Op("scatter", shape, links, exact=False), [x, index, updates])


def segments(
    x: Operand, ids: object, count: int | None = None, *, kind: str = "segments"
) -> Reading:
    """Row ``i`` is made of the rows of ``x`` whose number is ``i``; numbers below 0 belong nowhere.

    The axes of the numbers are the first of ``x``. Without ``count`` there are as many rows as the
    largest known number tells.
    https://www.tensorflow.org/api_docs/python/tf/math/unsorted_segment_sum

    >>> from .expression import Known
    >>> segments(Known((4, 3)), [0, 0, 1, 0]).steps[0].links
    (Link(0: Table(taps=(IndexSet{0..1; 3}, IndexSet{2})), 1: =),)
    """
    array = known_array(ids)
    index: Any = ids if array is None else array.astype(np.int64)
    shape, own = shape_of(x), tuple(index.shape)
    if shape[: len(own)] != own or not own:
        raise InvalidModelError(f"segments {own} of rows {shape}")
    flat = reshape(x, (prod(own), *shape[len(own) :]))
    if array is None:
        if count is None:
            raise InvalidModelError("how many rows there are depends on the data")
        reads = [Read(None, WHOLE), *(Read(k, IDENTITY) for k in range(1, len(flat.shape)))]
        links = (Link(reads), everything(len(own)))
        return Reading(Op(kind, (count, *flat.shape[1:]), links, exact=False), [flat, index])
    numbers = [int(number) for number in array.reshape(-1)]
    rows = max(numbers, default=-1) + 1 if count is None else count
    if max(numbers, default=-1) >= rows or rows > PERIOD_LIMIT:
        raise InvalidModelError(f"segment {max(numbers)} of {rows}")
    found: list[list[int]] = [[] for _ in range(rows)]
    for k, number in enumerate(numbers):
        if number >= 0:
            found[number].append(k)
    taps = Table(tuple(IndexSet.of(row) for row in found))
    algebra = None if "prod" in kind else "keep"
    return read(ops.along(flat.shape, {0: (taps, rows)}, kind=kind, algebra=algebra), flat)
