"""TensorLists and TensorArrays: what loops read from and write to, element by element."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...core import layout
from ...core.arguments import Shape
from ...errors import InvalidModelError, too_large
from .rulebook import Arguments, Reading, rule
from .values import Fixed, Outputs, Parts, known

LONGEST = 1 << 16
"""Most elements of a list."""


def _list(arg: Arguments, position: int) -> Parts:
    value = arg.operand(position)
    if type(value) is not Parts:
        raise InvalidModelError(f"{arg.op} of something that is no list")
    return value


def _empty(count: int, shape: Shape | None = None) -> Parts:
    if not 0 <= count <= LONGEST:
        raise too_large("a list of tensors", count, "Give a smaller input_shape.")
    return Parts((None,) * count, shape)


def _element(arg: Arguments, parts: Parts, place: int) -> Any:
    if not 0 <= place < len(parts.items):
        raise InvalidModelError(f"element {place} of a list of {len(parts.items)}")
    made = parts.items[place]
    if made is not None:
        return made
    if parts.source is not None:
        return Reading(layout.select(arg.shape_of(parts.source), 0, place), [parts.source])
    if parts.shape is None:
        raise InvalidModelError(f"element {place} of a list is read before it is written")
    return Fixed(parts.shape)


def _with(parts: Parts, place: int, value: Any) -> Parts:
    if not 0 <= place < len(parts.items):
        raise InvalidModelError(f"element {place} of a list of {len(parts.items)}")
    return replace(parts, items=(*parts.items[:place], value, *parts.items[place + 1 :]))


def _split(arg: Arguments, value: Any) -> Parts:
    shape = arg.shape_of(value)
    if not shape:
        raise InvalidModelError("a list from a tensor without axes")
    return replace(_empty(shape[0], shape[1:]), source=value)


def stacked(arg: Arguments, parts: Parts) -> Any:
    """All elements along a new first axis."""
    if parts.source is not None and not any(item is not None for item in parts.items):
        return parts.source
    columns: list[Any] = []
    shapes: list[Shape] = []
    for place in range(len(parts.items)):
        element = _element(arg, parts, place)
        inner = element.op.shape if type(element) is Reading else arg.shape_of(element)  # type: ignore[union-attr]
        op = layout.reshape(inner, (1, *inner))
        columns.append(Reading(op, [element]))
        shapes.append(op.shape)
    if not columns:
        return Fixed((0, *(parts.shape or ())))
    if len(columns) == 1:
        return columns[0]
    # Steps of a sequence follow each other: they are not branches that should look alike.
    return Reading(replace(layout.concat(*shapes, axis=0), join=False), columns)


@rule("TensorListReserve", "EmptyTensorList")
def reserve(arg: Arguments) -> Parts:
    """A list with room for so many elements, or an empty one."""
    wanted = arg.known(0)
    shape = None
    if wanted is not None and wanted.ndim == 1 and (wanted >= 0).all():
        shape = tuple(int(size) for size in wanted)
    return _empty(arg.integer(1) if arg.op == "TensorListReserve" else 0, shape)


@rule("TensorListFromTensor")
def from_tensor(arg: Arguments) -> Parts:
    """The first axis becomes a list."""
    return _split(arg, arg.operand(0))


@rule("TensorListGetItem")
def get_item(arg: Arguments) -> Any:
    """One element."""
    return _element(arg, _list(arg, 0), arg.integer(1))


@rule("TensorListSetItem")
def set_item(arg: Arguments) -> Parts:
    """The list with one element replaced."""
    parts, place = _list(arg, 0), arg.integer(1)
    if arg.flag("resize_if_index_out_of_bounds") and len(parts.items) <= place < LONGEST:
        parts = replace(parts, items=(*parts.items, *(None,) * (place + 1 - len(parts.items))))
    return _with(parts, place, arg.operand(2))


@rule("TensorListPushBack")
def push_back(arg: Arguments) -> Parts:
    """The list with one element more."""
    parts = _list(arg, 0)
    if len(parts.items) >= LONGEST:
        raise too_large("a list of tensors", LONGEST, "Give a smaller input_shape.")
    return replace(parts, items=(*parts.items, arg.operand(1)))


@rule("TensorListStack")
def stack(arg: Arguments) -> Any:
    """All elements along a new first axis."""
    return stacked(arg, _list(arg, 0))


@rule("TensorListLength")
def length(arg: Arguments) -> Any:
    """How many elements."""
    return known(len(_list(arg, 0).items))


@rule("TensorArrayV3")
def array(arg: Arguments) -> Outputs:
    """The handle and the flow; the elements travel with the flow."""
    shape = arg.attribute_shape("element_shape")
    full = shape if shape is not None and None not in shape else None
    made = _empty(arg.integer(0), full)  # type: ignore[arg-type]
    return Outputs([made, made])


@rule("TensorArrayScatterV3")
def array_scatter(arg: Arguments) -> Parts:
    """Elements from the first axis of a tensor."""
    parts, places = _list(arg, 3), arg.integers(1)
    value = arg.operand(2)
    if places == tuple(range(len(parts.items))):
        return replace(_split(arg, value), shape=parts.shape or arg.shape_of(value)[1:])
    raise InvalidModelError("a TensorArray is filled out of order")


@rule("TensorArrayReadV3")
def array_read(arg: Arguments) -> Any:
    """One element."""
    return _element(arg, _list(arg, 2), arg.integer(1))


@rule("TensorArrayWriteV3")
def array_write(arg: Arguments) -> Parts:
    """The array with one element written."""
    return _with(_list(arg, 3), arg.integer(1), arg.operand(2))


@rule("TensorArrayGatherV3")
def array_gather(arg: Arguments) -> Any:
    """Chosen elements along a new first axis."""
    parts = _list(arg, 2)
    places = arg.integers(1)
    if parts.source is None:
        chosen = tuple(parts.items[place] for place in places)
        return stacked(arg, Parts(chosen, parts.shape))
    if places != tuple(range(len(parts.items))):
        raise InvalidModelError("a TensorArray is read out of order")
    return stacked(arg, parts)


@rule("TensorArraySizeV3")
def array_size(arg: Arguments) -> Any:
    """How many elements."""
    return known(len(_list(arg, 1).items))


@rule("TensorArrayCloseV3")
def array_close(arg: Arguments) -> Any:
    """Nothing."""
    return Fixed(())
