"""Ops that select elements, or write over them."""

from __future__ import annotations

from typing import Any

from ...core import arrays
from ..machine.meanings import combined
from ..machine.values import Constant
from .rulebook import Call, operand, rule


@rule("ops.GetItem")
def get_item(call: Call) -> Any:
    """Python's indexing with integers, slices, None, an ellipsis and arrays.

    https://keras.io/api/ops/numpy/#get_item-function
    """
    key = call.get("key", 1)  # Keras takes a list for a tuple, which it becomes in a file
    parts = [
        value.array if isinstance(value, Constant) and value.array is not None else value
        for value in (key if isinstance(key, (tuple, list)) else [key])
    ]
    return arrays.getitem(call[0], tuple(parts))


@rule("ops.Take")
def take(call: Call) -> Any:
    """Elements along an axis by their indices.

    https://keras.io/api/ops/numpy/#take-function
    """
    x, indices = operand(call.get("x", 0)), call.indices("indices", 1)
    return arrays.take(x, indices, call.layer.axis)


@rule("ops.TakeAlongAxis")
def take_along_axis(call: Call) -> Any:
    """Each place picks its own element along an axis.

    https://keras.io/api/ops/numpy/#take_along_axis-function
    """
    x, indices = operand(call.get("x", 0)), call.indices("indices", 1)
    return arrays.take_along_axis(x, indices, call.layer.axis)


@rule("ops.Slice")
def slice_(call: Call) -> Any:
    """So many elements from a known start on.

    https://keras.io/api/ops/core/#slice-function
    """
    x, starts = operand(call.get("inputs", 0)), _starts(call)
    sizes = call.layer.shape if hasattr(call.layer, "shape") else call.get("shape", 2)  # Keras 3.10
    index = tuple(slice(a, a + n) for a, n in zip(starts, sizes, strict=True))
    return arrays.getitem(x, index)


def _starts(call: Call) -> list[int]:
    """Where a slice begins on each axis."""
    given = call.get("start_indices", 1)
    listed = given if isinstance(given, (list, tuple)) else [given]
    found: list[int] = []
    for value in map(operand, listed):
        array = value.array if isinstance(value, Constant) else None
        if array is None:
            raise call.unknown_contents(value, "the start")
        found += [int(number) for number in array.reshape(-1)]
    return found


@rule("ops.SliceUpdate")
def slice_update(call: Call) -> Any:
    """A copy in which a slice is written over.

    https://keras.io/api/ops/core/#slice_update-function
    """
    x, updates = operand(call.get("inputs", 0)), operand(call.get("updates", 2))
    starts = _starts(call)
    index = tuple(slice(a, a + n) for a, n in zip(starts, updates.shape, strict=True))
    return arrays.put(x, index, updates)


@rule("ops.ScatterUpdate")
def scatter_update(call: Call) -> Any:
    """A copy in which elements are written over, or added to.

    https://keras.io/api/ops/core/#scatter_update-function
    """
    x, updates = operand(call.get("inputs", 0)), operand(call.get("updates", 2))
    adds = combined(getattr(call.layer, "reduction", None) or "none")
    return arrays.scatter_nd(x, call.indices("indices", 1), updates, accumulate=adds)
