"""TensorLists and TensorArrays: what loops read from and write to, element by element.

All rules are complete: of a list an answer names the elements that it reads, and no other is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...core import layout
from ...core.arguments import Shape
from ...core.arrays.expression import read
from ...errors import InvalidModelError, too_large
from ..machine.values import Constant, Outputs, known
from .rulebook import Call, rule
from .values import Parts, Row

LONGEST = 1 << 16
"""Most elements of a list."""


def _list(call: Call, place: int) -> Parts:
    value = call.operands[place] if place < len(call) else None
    if not isinstance(value, Parts):
        raise InvalidModelError(f"operand {place} is a tensor; expected a list of tensors")
    return value


def _empty(count: int, shape: Shape | None = None) -> Parts:
    if not 0 <= count <= LONGEST:
        raise too_large("a list of tensors", count, "Give a smaller input_shape.")
    return Parts([None] * count, shape)


def _inside(parts: Parts, place: int) -> int:
    if not 0 <= place < len(parts):
        raise InvalidModelError(f"element {place} of a list of {len(parts)}")
    return place


def element(parts: Parts, place: int) -> Any:
    """One element; zeros where none was written."""
    made = parts[_inside(parts, place)]
    if isinstance(made, Row):
        array = made.source.array if isinstance(made.source, Constant) else None
        if array is not None:
            return known(array[made.place], sized=made.source.sized)
        return read(layout.select(made.source.shape, 0, made.place), made.source)
    if made is None and parts.shape is None:
        raise InvalidModelError(f"element {place} of a list is read before it is written")
    return parts.blank if made is None else made


def _with(parts: Parts, place: int, value: Any) -> Parts:
    _inside(parts, place)
    return parts.of((*parts[:place], value, *parts[place + 1 :]))


def _rows(value: Any) -> list[Row]:
    if not value.shape:
        raise InvalidModelError("a list from a tensor without axes")
    if value.shape[0] > LONGEST:
        raise too_large("a list of tensors", value.shape[0], "Give a smaller input_shape.")
    return [Row(value, place) for place in range(value.shape[0])]


def stacked(parts: Parts) -> Any:
    """All elements along a new first axis."""
    source = parts[0].source if parts and isinstance(parts[0], Row) else None
    if source is not None and all(isinstance(p, Row) and p.source is source for p in parts):
        places = [row.place for row in parts]
        if places == list(range(source.shape[0])):
            return source
        return read(layout.gather(source.shape, 0, places), source)
    columns: list[Any] = []
    for place in range(len(parts)):
        each = element(parts, place)
        columns.append(read(layout.reshape(each.shape, (1, *each.shape)), each))
    if not columns:
        return Constant((0, *(parts.shape or ())))
    if len(columns) == 1:
        return columns[0]
    # Steps of a sequence follow each other: they are not branches that should look alike.
    op = layout.concat(*(column.shape for column in columns), axis=0)
    return read(replace(op, join=False), *columns)


@rule("TensorListReserve", "EmptyTensorList", complete=True)
def reserve(call: Call) -> Parts:
    """A list with room for so many elements, or an empty one.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/TensorListReserve
    """
    wanted = call.known(0)
    shape = None
    if wanted is not None and wanted.ndim == 1 and (wanted >= 0).all():
        shape = tuple(int(size) for size in wanted)
    return _empty(call.integer(1) if call.op == "TensorListReserve" else 0, shape)


@rule("TensorListFromTensor", complete=True)
def from_tensor(call: Call) -> Parts:
    """The first axis becomes a list.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/TensorListFromTensor
    """
    return Parts(_rows(call[0]), call.shape(0)[1:])


@rule("TensorListGetItem", complete=True)
def get_item(call: Call) -> Any:
    """One element.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/TensorListGetItem
    """
    return element(_list(call, 0), call.integer(1))


@rule("TensorListSetItem", complete=True)
def set_item(call: Call) -> Parts:
    """The list with one element replaced.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/TensorListSetItem
    """
    parts, place = _list(call, 0), call.integer(1)
    if call.flag("resize_if_index_out_of_bounds") and len(parts) <= place < LONGEST:
        parts = parts.of((*parts, *[None] * (place + 1 - len(parts))))
    return _with(parts, place, call[2])


@rule("TensorListPushBack", complete=True)
def push_back(call: Call) -> Parts:
    """The list with one element more.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/TensorListPushBack
    """
    parts = _list(call, 0)
    if len(parts) >= LONGEST:
        raise too_large("a list of tensors", LONGEST, "Give a smaller input_shape.")
    return parts.of((*parts, call[1]))


@rule("TensorListStack", complete=True)
def stack(call: Call) -> Any:
    """All elements along a new first axis.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/TensorListStack
    """
    return stacked(_list(call, 0))


@rule("TensorListLength", complete=True)
def length(call: Call) -> Any:
    """How many elements.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/TensorListLength
    """
    return known(len(_list(call, 0)))


@rule("TensorArrayV3", complete=True)
def array(call: Call) -> Outputs:
    """The handle and the flow; the elements travel with the flow.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/TensorArrayV3
    """
    made = _empty(call.integer(0), call.attribute_shape("element_shape"))
    return Outputs([made, made])


@rule("TensorArrayScatterV3", complete=True)
def array_scatter(call: Call) -> Parts:
    """The array with elements from the first axis of a tensor, in the places given.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/TensorArrayScatterV3
    """
    parts, places, rows = _list(call, 3), call.integers(1), _rows(call[2])
    if len(places) != len(rows):
        raise InvalidModelError(f"{len(rows)} elements for {len(places)} places")
    items = list(parts)
    for place, row in zip(places, rows, strict=True):
        items[_inside(parts, place)] = row
    return Parts(items, parts.shape or call.shape(2)[1:])


@rule("TensorArrayReadV3", complete=True)
def array_read(call: Call) -> Any:
    """One element.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/TensorArrayReadV3
    """
    return element(_list(call, 2), call.integer(1))


@rule("TensorArrayWriteV3", complete=True)
def array_write(call: Call) -> Parts:
    """The array with one element written.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/TensorArrayWriteV3
    """
    return _with(_list(call, 3), call.integer(1), call[2])


@rule("TensorArrayGatherV3", complete=True)
def array_gather(call: Call) -> Any:
    """Chosen elements along a new first axis.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/TensorArrayGatherV3
    """
    parts = _list(call, 2)
    return stacked(parts.of(parts[_inside(parts, place)] for place in call.integers(1)))


@rule("TensorArraySizeV3", complete=True)
def array_size(call: Call) -> Any:
    """How many elements.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/TensorArraySizeV3
    """
    return known(len(_list(call, 1)))


@rule("TensorArrayCloseV3", complete=True)
def array_close(call: Call) -> Any:
    """Nothing.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/TensorArrayCloseV3
    """
    return Constant(())
