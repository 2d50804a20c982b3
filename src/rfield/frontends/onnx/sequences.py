"""Sequences of tensors: lists that are known while the model is read."""

from __future__ import annotations

from ...core import layout
from ...core.arguments import normalize_axis
from ...errors import InvalidModelError, too_large
from .rulebook import Call, Reading, Result, rule
from .tensors import Value, known

PARTS = 4096
"""A sequence of more parts than this is not laid out."""


def _items(call: Call, place: int = 0) -> list[Value]:
    items = call.value(place).items
    if items is None:
        raise InvalidModelError(f"input {place} is a tensor; a sequence is expected")
    return items


def _position(call: Call, place: int, count: int, default: int) -> int:
    if not call.has(place):
        return default
    at = call.integers(place, "the position")[0]
    if not -count <= at <= count:
        raise InvalidModelError(f"position {at} in a sequence of {count}")
    return at + count if at < 0 else at


@rule("SequenceConstruct")
def construct(call: Call) -> Value:
    """The inputs as a sequence."""
    return Value((), items=call.given)


@rule("SequenceEmpty")
def empty(call: Call) -> Value:
    """Nothing yet."""
    return Value((), items=[])


@rule("SequenceAt")
def at(call: Call) -> Value:
    """One element."""
    items = _items(call)
    place = _position(call, 1, len(items), 0)
    if place >= len(items):
        raise InvalidModelError(f"position {place} in a sequence of {len(items)}")
    return items[place]


@rule("SequenceInsert")
def insert(call: Call) -> Value:
    """One element more."""
    items = list(_items(call))
    items.insert(_position(call, 2, len(items), len(items)), call.value(1))
    return Value((), items=items)


@rule("SequenceErase")
def erase(call: Call) -> Value:
    """One element less."""
    items = list(_items(call))
    if not items:
        raise InvalidModelError("the sequence is empty")
    del items[_position(call, 1, len(items), len(items) - 1)]
    return Value((), items=items)


@rule("SequenceLength")
def length(call: Call) -> Value:
    """How many elements."""
    return known(len(_items(call)))


@rule("SplitToSequence")
def split_to_sequence(call: Call) -> Value:
    """Slices along one axis; one by one without ``split``, and then the axis may go."""
    x = call.value(0)
    axis = normalize_axis(call.int("axis", 0), len(x.shape))
    size = x.shape[axis]
    squeeze = False
    if call.has(1):
        given = call.integers(1, "split")
        if not call.value(1).shape:
            each = max(1, given[0])
            if size // each > PARTS:
                raise too_large("a sequence", size // each, "Its parts are too many.")
            given = [min(each, size - start) for start in range(0, size, each)]
    else:
        if size > PARTS:
            raise too_large("a sequence", size, "Its parts are too many to be laid out.")
        given, squeeze = [1] * size, not call.int("keepdims", 1)
    if sum(given) != size or any(part < 0 for part in given):
        raise InvalidModelError(f"splits an axis of {size} into {given}")
    items: list[Value] = []
    start = 0
    for part in given:
        piece = call.step(layout.slice_(x.shape, axis, start, start + part), [x])
        if squeeze:
            less = (*piece.shape[:axis], *piece.shape[axis + 1 :])
            piece = call.step(layout.reshape(piece.shape, less), [piece])
        items.append(piece)
        start += part
    return Value((), items=items)


@rule("ConcatFromSequence")
def concat_from_sequence(call: Call) -> Result:
    """All elements joined, along an axis or a new one."""
    items = _items(call)
    if not items:
        raise InvalidModelError("the sequence is empty")
    axis = call.int("axis", 0)
    if call.int("new_axis", 0):
        axis = normalize_axis(axis, len(items[0].shape) + 1)
        items = [
            call.step(layout.reshape(v.shape, (*v.shape[:axis], 1, *v.shape[axis:])), [v])
            for v in items
        ]
    return Reading(layout.concat(*(v.shape for v in items), axis=axis), items)
