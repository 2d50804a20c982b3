"""The evaluators of constants: functions of arrays, and of settings given by keyword.

Each has NumPy's name where NumPy has it. None makes a result of more than ``limits.COMPUTED``
elements, and that is seen to before it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from math import ceil, prod
from typing import Any

import numpy as np

from . import limits
from .values import Array

Evaluator = Callable[..., Any]
"""One array as the result, or a list of several."""

EVALUATORS: dict[str, Evaluator] = {}

MOVING: set[str] = set()
"""Evaluators that only move elements: a weight of the file stays a weight, and a mask a mask."""


def evaluator(*, moving: bool = False) -> Callable[[Evaluator], Evaluator]:
    """Decorator: the function, under its own name, is one of the evaluators."""

    def register(function: Evaluator) -> Evaluator:
        name = function.__name__.rstrip("_")
        EVALUATORS[name] = function
        if moving:
            MOVING.add(name)
        return function

    return register


def _fits(*sizes: int) -> None:
    """See to it that a result of these sizes is not too large, before it is made."""
    if min(sizes, default=0) < 0 or prod(sizes) > limits.COMPUTED:
        raise ValueError(f"a constant of the sizes {sizes}")


# --- element by element

_ELEMENTWISE: dict[str, Callable[..., Any]] = {
    name: getattr(np, name)
    for name in (
        "absolute", "add", "bitwise_and", "bitwise_or", "bitwise_xor", "ceil", "cos", "divide",
        "equal", "exp", "floor", "fmod", "greater", "greater_equal", "invert", "isinf", "isnan",
        "left_shift", "less", "less_equal", "log", "logical_and", "logical_not", "logical_or",
        "logical_xor", "maximum", "minimum", "multiply", "negative", "not_equal", "power",
        "reciprocal", "right_shift", "rint", "sign", "sin", "sqrt", "square", "subtract", "tanh",
        "trunc",
    )
}  # fmt: skip


def _whole_divisor(function: Callable[..., Any]) -> Callable[..., Any]:
    def divided(a: Array, b: Array) -> Any:
        if b.dtype.kind in "iu" and not b.all():
            raise ZeroDivisionError
        return function(a, b)

    return divided


def _quotient(a: Array, b: Array) -> Any:
    if a.dtype.kind not in "iu":
        return np.divide(a, b)
    found = np.abs(a) // np.abs(b)
    return np.where((a < 0) != (b < 0), -found, found)


_ELEMENTWISE |= {
    "floor_divide": _whole_divisor(np.floor_divide),
    "mod": _whole_divisor(np.mod),
    "quotient": _whole_divisor(_quotient),  # of integers cut towards zero, as in C
    "divide_no_nan": lambda a, b: np.where(b == 0, 0, a / np.where(b == 0, 1, b)),
    "identity": np.asarray,
    "relu": lambda a: np.maximum(a, 0),
    "squared_difference": lambda a, b: np.square(a - b),
}


def _elementwise(function: Callable[..., Any]) -> Evaluator:
    def apply(*arrays: Array) -> Any:
        if len(arrays) == 1 and getattr(function, "nin", 1) == 2:
            return arrays[0]
        if len(arrays) > 1:
            _fits(*np.broadcast_shapes(*(array.shape for array in arrays)))
        return function(*arrays) if len(arrays) < 3 else reduce(function, arrays)

    return apply


EVALUATORS.update({name: _elementwise(function) for name, function in _ELEMENTWISE.items()})
MOVING.add("identity")


@evaluator()
def where(one: Array, other: Array, *, condition: Array) -> Any:
    """One where the condition holds, the other elsewhere."""
    _fits(*np.broadcast_shapes(one.shape, other.shape, condition.shape))
    return np.where(condition, one, other)


@evaluator()
def clip(value: Array, *, low: Any = None, high: Any = None) -> Any:
    """Within bounds; None: no bound."""
    value = value if low is None else np.maximum(value, low)
    return value if high is None else np.minimum(value, high)


@evaluator()
def cast(value: Array, *, dtype: Any) -> Any:
    """As another type; floats become integers towards zero."""
    return value.astype(dtype)


# --- moving elements


@evaluator(moving=True)
def reshape(value: Array, *, shape: Sequence[int]) -> Any:
    """The same elements under another shape."""
    return value.reshape(tuple(shape))


@evaluator(moving=True)
def transpose(value: Array, *, axes: Sequence[int] | None = None) -> Any:
    """Axes in another order, by default backwards."""
    return np.transpose(value, axes)


@evaluator(moving=True)
def squeeze(value: Array, *, axes: Sequence[int] | None = None) -> Any:
    """Without axes of size 1."""
    return np.squeeze(value, axis=None if axes is None else tuple(axes))


@evaluator(moving=True)
def expand_dims(value: Array, *, axes: int | Sequence[int]) -> Any:
    """With new axes of size 1."""
    return np.expand_dims(value, axes if isinstance(axes, int) else tuple(axes))


@evaluator(moving=True)
def getitem(value: Array, *, index: Sequence[Any]) -> Any:
    """NumPy's index of integers, slices, None and Ellipsis."""
    return value[tuple(index)]


@evaluator(moving=True)
def concatenate(*values: Array, axis: int = 0) -> Any:
    """End to end along an axis."""
    _fits(sum(value.size for value in values))
    return np.concatenate(values, axis=axis)


@evaluator(moving=True)
def stack(*values: Array, axis: int = 0) -> Any:
    """Along a new axis."""
    _fits(sum(value.size for value in values))
    return np.stack(values, axis=axis)


@evaluator(moving=True)
def split(value: Array, *, sizes: Sequence[int], axis: int = 0) -> Any:
    """Parts of these sizes along an axis, one after the other."""
    if sum(sizes) != value.shape[axis]:
        raise ValueError(f"parts of {sizes} of an axis of {value.shape[axis]}")
    return np.split(value, np.cumsum(sizes)[:-1], axis=axis)


@evaluator(moving=True)
def unstack(value: Array, *, axis: int = 0) -> Any:
    """The parts along an axis, without it."""
    return list(np.moveaxis(value, axis, 0))


@evaluator(moving=True)
def take(value: Array, *, indices: Any, axis: int = 0) -> Any:
    """Elements of an axis by their index."""
    _fits(value.size // max(1, value.shape[axis]), np.size(indices))
    return np.take(value, indices, axis=axis)


@evaluator(moving=True)
def take_along_axis(value: Array, *, indices: Array, axis: int) -> Any:
    """Each place picks its own element along an axis."""
    _fits(*indices.shape)
    if indices.size and not -value.shape[axis] <= indices.min() <= indices.max():
        raise IndexError
    return np.take_along_axis(value, np.where(indices < 0, indices + value.shape[axis], indices),
                              axis)  # fmt: skip


@evaluator(moving=True)
def gather_nd(value: Array, *, indices: Array) -> Any:
    """Elements, or slices, by tuples of indices along the last axis of ``indices``."""
    _fits(*indices.shape[:-1], *value.shape[indices.shape[-1] :])
    return value[tuple(np.moveaxis(indices, -1, 0))]


@evaluator(moving=True)
def scatter_nd(value: Array, updates: Array, *, indices: Array) -> Any:
    """Elements, or slices, overwritten at tuples of indices."""
    result = value.copy()
    result[tuple(np.moveaxis(indices, -1, 0))] = updates
    return result


@evaluator(moving=True)
def setitem(value: Array, update: Array, *, index: Sequence[Any]) -> Any:
    """Overwritten at NumPy's index."""
    result = value.copy()
    result[tuple(index)] = update
    return result


@evaluator(moving=True)
def tile(value: Array, *, repeats: Sequence[int]) -> Any:
    """The whole array again and again along each axis."""
    _fits(value.size, *repeats)
    return np.tile(value, tuple(repeats))


@evaluator(moving=True)
def repeat(value: Array, *, times: int, axis: int) -> Any:
    """Each element several times along an axis."""
    _fits(value.size, times)
    return np.repeat(value, times, axis=axis)


@evaluator(moving=True)
def broadcast_to(value: Array, *, shape: Sequence[int]) -> Any:
    """Expanded to a shape; axes of size 1 may stand on either side."""
    shape = np.broadcast_shapes(value.shape, tuple(shape))
    _fits(*shape)
    return np.broadcast_to(value, shape)


@evaluator(moving=True)
def flip(value: Array, *, axes: Sequence[int]) -> Any:
    """Backwards along axes."""
    return np.flip(value, tuple(axes))


@evaluator(moving=True)
def roll(value: Array, *, shifts: Sequence[int], axes: Sequence[int]) -> Any:
    """Shifted around the end; shifts of an axis that is named twice add up."""
    return np.roll(value, tuple(shifts), tuple(axes))


@evaluator()
def pad(value: Array, *, widths: Sequence[tuple[int, int]], mode: str = "constant",
        number: Any = 0) -> Any:  # fmt: skip
    """Elements before and after each axis; below 0: elements taken away."""
    kept = tuple(slice(max(0, -a), size - max(0, -b) if b < 0 else None)
                 for (a, b), size in zip(widths, value.shape, strict=True))  # fmt: skip
    added = [(max(0, a), max(0, b)) for a, b in widths]
    _fits(*(size + a + b for size, (a, b) in zip(value.shape, added, strict=True)))
    more = {"constant_values": number} if mode == "constant" else {}
    return np.pad(value[kept], added, mode=mode, **more)  # type: ignore[call-overload]  # a word


@evaluator()
def triangle(value: Array, *, k: int = 0, upper: bool = False) -> Any:
    """Zeros above a diagonal of the last two axes, or below it."""
    return np.triu(value, k) if upper else np.tril(value, k)


@evaluator()
def band(value: Array, *, lower: int, upper: int) -> Any:
    """Zeros outside a band of the main diagonal; a bound below 0: no end."""
    value = value if lower < 0 else np.triu(value, -lower)
    return value if upper < 0 else np.tril(value, upper)


@evaluator(moving=True)
def diagonal(value: Array, *, offset: int = 0, axes: tuple[int, int] = (-2, -1)) -> Any:
    """A diagonal of two axes, which become the last one."""
    return np.diagonal(value, offset, *axes)


# --- made from nothing but settings


@evaluator()
def arange(*, start: Any = 0, stop: Any, step: Any = 1, dtype: Any = None) -> Any:
    """Counting from ``start`` to before ``stop``."""
    _fits(max(0, ceil((float(stop) - float(start)) / float(step))))
    return np.arange(start, stop, step, dtype=dtype)


@evaluator()
def linspace(*, start: Any, stop: Any, count: int) -> Any:
    """Evenly spaced numbers, both ends among them."""
    _fits(count)
    return np.linspace(start, stop, count)


@evaluator()
def full(*, shape: Sequence[int], number: Any, dtype: Any = None) -> Any:
    """One number throughout, held once."""
    _fits(*shape)
    return np.broadcast_to(np.asarray(number, dtype=dtype), tuple(shape))


@evaluator()
def eye(*, rows: int, columns: int, k: int = 0, dtype: Any = float) -> Any:
    """Ones on a diagonal."""
    _fits(rows, columns)
    return np.eye(rows, columns, k, dtype=dtype)


@evaluator()
def one_hot(indices: Array, *, depth: int, on: Any = 1, off: Any = 0, axis: int = -1) -> Any:
    """A new axis with ``on`` at each index; an index below 0 counts from the end."""
    _fits(*indices.shape, depth)
    wrapped = np.where(indices < 0, indices + depth, indices)
    return np.moveaxis(np.where(wrapped[..., None] == np.arange(depth), on, off), -1, axis)


@evaluator()
def broadcast_shapes(one: Array, other: Array) -> Any:
    """The shape to which two shapes broadcast."""
    return np.array(np.broadcast_shapes(tuple(one), tuple(other)), dtype=np.int64)


# --- over axes


def _reduction(function: Callable[..., Any]) -> Evaluator:
    def apply(value: Array, *, axes: Sequence[int] | None = None, keepdims: bool = False) -> Any:
        found = function(value, axis=None if axes is None else tuple(axes), keepdims=keepdims)
        return found.astype(value.dtype) if value.dtype.kind == "f" else found

    return apply


EVALUATORS.update({
    "sum": _reduction(np.sum), "prod": _reduction(np.prod), "mean": _reduction(np.mean),
    "max": _reduction(np.max), "min": _reduction(np.min),
    "all": _reduction(np.all), "any": _reduction(np.any),
})  # fmt: skip


def _place(function: Callable[..., Any]) -> Evaluator:
    def apply(value: Array, *, axis: int, keepdims: bool = False) -> Any:
        return function(value, axis=axis, keepdims=keepdims)

    return apply


EVALUATORS.update({"argmax": _place(np.argmax), "argmin": _place(np.argmin)})


def _running(function: Callable[..., Any], first: int) -> Evaluator:
    def apply(value: Array, *, axis: int, exclusive: bool = False, reverse: bool = False) -> Any:
        value = np.flip(value, axis) if reverse else value
        found = np.moveaxis(function(value, axis=axis, dtype=value.dtype), axis, 0)
        if exclusive:
            found = np.concatenate([np.full_like(found[:1], first), found[:-1]])
        found = np.moveaxis(found, 0, axis)
        return np.flip(found, axis) if reverse else found

    return apply


EVALUATORS.update({"cumsum": _running(np.cumsum, 0), "cumprod": _running(np.cumprod, 1)})


@evaluator()
def sort(value: Array, *, axis: int = -1) -> Any:
    """In ascending order along an axis."""
    return np.sort(value, axis=axis, kind="stable")


@evaluator()
def argsort(value: Array, *, axis: int = -1) -> Any:
    """The order that sorts an axis; of a permutation its inverse."""
    return np.argsort(value, axis=axis, kind="stable")


@evaluator()
def nonzero(value: Array) -> Any:
    """The places that are not zero, one column each."""
    return np.stack(np.nonzero(np.atleast_1d(value)))


@evaluator()
def matmul(a: Array, b: Array) -> Any:
    """A product of matrices of whole numbers or few others."""
    _fits(a.size, b.shape[-1] if b.ndim > 1 else 1)
    return np.matmul(a, b)
