"""Sequences of tensors: lists that are known while the model is read."""

from __future__ import annotations

from typing import Any

from ...core import arrays
from ...core.arguments import normalize_axis
from ...errors import InvalidModelError, too_large
from ..machine import limits
from ..machine.values import Constant, Items, known
from .rulebook import Call, rule


def _items(call: Call) -> Items:
    items = call.optional(0)
    if not isinstance(items, Items):
        raise InvalidModelError("operand 0 is a tensor; expected a list of tensors")
    return items


def _position(call: Call, place: int, count: int, default: int) -> int:
    if not call.has(place):
        return default
    at = call.integer(place, "the position")
    if not -count <= at <= count:
        raise InvalidModelError(f"position {at} in a sequence of {count}")
    return at + count if at < 0 else at


@rule("SequenceConstruct", "SequenceEmpty")
def construct(call: Call) -> Items:
    """The operands as a sequence.

    https://onnx.ai/onnx/operators/onnx__SequenceConstruct.html
    """
    return Items(call.given)


@rule("SequenceAt")
def at(call: Call) -> Any:
    """One element.

    https://onnx.ai/onnx/operators/onnx__SequenceAt.html
    """
    items = _items(call)
    place = _position(call, 1, len(items), 0)
    if place >= len(items):
        raise InvalidModelError(f"position {place} in a sequence of {len(items)}")
    return items[place]


@rule("SequenceInsert")
def insert(call: Call) -> Items:
    """One element more.

    https://onnx.ai/onnx/operators/onnx__SequenceInsert.html
    """
    items = _items(call)
    place = _position(call, 2, len(items), len(items))
    return Items((*items[:place], call[1], *items[place:]))


@rule("SequenceErase")
def erase(call: Call) -> Items:
    """One element less.

    https://onnx.ai/onnx/operators/onnx__SequenceErase.html
    """
    items = _items(call)
    if not items:
        raise InvalidModelError("the sequence is empty")
    place = _position(call, 1, len(items), len(items) - 1)
    return Items((*items[:place], *items[place + 1 :]))


@rule("SequenceLength")
def length(call: Call) -> Constant:
    """How many elements.

    https://onnx.ai/onnx/operators/onnx__SequenceLength.html
    """
    return known(len(_items(call)))


@rule("SplitToSequence")
def split_to_sequence(call: Call) -> Items:
    """Slices along one axis; one by one without ``split``, and then the axis may go.

    https://onnx.ai/onnx/operators/onnx__SplitToSequence.html
    """
    x = call[0]
    axis = normalize_axis(call.int("axis", 0), len(x.shape))
    size = x.shape[axis]
    sizes = [1]
    if call.has(1):
        sizes = list(call.integers(1, "split"))
    if not call.has(1) or not call.shape(1):
        step = max(1, sizes[0])
        if size // step > limits.TURNS:
            raise too_large("a sequence", size // step, "Its parts are too many to be laid out.")
        sizes = [min(step, size - start) for start in range(0, size, step)]
    parts = arrays.split(x, sizes, axis)
    if not call.has(1) and not call.flag("keepdims", True):
        parts = [arrays.squeeze(part, axis) for part in parts]
    return Items(call.step(part) for part in parts)


@rule("ConcatFromSequence")
def concat_from_sequence(call: Call) -> Any:
    """All elements joined, along an axis or a new one.

    https://onnx.ai/onnx/operators/onnx__ConcatFromSequence.html
    """
    items = _items(call)
    if not items:
        raise InvalidModelError("the sequence is empty")
    join = arrays.stack if call.flag("new_axis") else arrays.concat
    return join(items, call.int("axis", 0))
