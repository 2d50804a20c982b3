"""Equations whose operands are all known: computed with NumPy, or by JAX itself on the CPU.

Only primitives of JAX are run, on constants that the traced function made or named. What is
repeated along an axis is held, and computed, once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import jax
import numpy as np

from ...core.arguments import Shape
from ...errors import too_large
from ..machine.limits import MASK
from ..machine.values import Array

PLAIN: dict[str, Callable[..., Any]] = {
    "abs": np.abs, "add": np.add, "and": np.bitwise_and, "ceil": np.ceil, "eq": np.equal,
    "exp": np.exp, "floor": np.floor, "ge": np.greater_equal, "gt": np.greater,
    "le": np.less_equal, "lt": np.less, "max": np.maximum, "min": np.minimum, "mul": np.multiply,
    "ne": np.not_equal, "neg": np.negative, "not": np.invert, "or": np.bitwise_or,
    "sqrt": np.sqrt, "sub": np.subtract,
}  # fmt: skip
"""Arithmetic that NumPy does as JAX does; the rest JAX computes, which compiles it first."""


def fold(
    primitive: Any, parameters: Mapping[str, Any], arrays: Sequence[Array], shapes: Sequence[Shape]
) -> list[Array] | None:
    """The results of an equation; None where JAX does not compute it, or it is random.

    Raises:
        TooLargeError: of more than ``limits.MASK`` elements.
    """
    name: str = primitive.name
    shape: Shape = shapes[0] if shapes else ()
    if name in PLAIN:
        return [_elementwise(PLAIN[name], arrays, shape)]
    if name == "select_n" and len(arrays) == 3 and arrays[0].dtype == bool:
        return [_elementwise(lambda which, no, yes: np.where(which, yes, no), arrays, shape)]
    if name == "convert_element_type" and parameters["new_dtype"].kind in "biuf":
        kind = parameters["new_dtype"]
        return [_elementwise(lambda array: array.astype(kind), arrays, shape)]
    if name == "iota":
        axis = int(parameters["dimension"])
        numbers = np.arange(shape[axis], dtype=parameters["dtype"])
        return [_spread(numbers, [axis], shape)]
    if name == "broadcast_in_dim":
        return [_spread(arrays[0], parameters["broadcast_dimensions"], shape)]
    if name in ("reshape", "squeeze") and _once(arrays).size == 1:
        return [np.broadcast_to(arrays[0][(0,) * arrays[0].ndim], shape)]
    _fits(*shapes)
    if name in ("reshape", "squeeze"):
        return [arrays[0].reshape(shape)]
    return _by_jax(primitive, parameters, arrays)


def _fits(*shapes: Shape) -> None:
    count = sum(map(prod, shapes))
    if count > MASK:
        raise too_large("a table that is computed", count, "Give a smaller input_shape.")


def _once(arrays: Sequence[Array]) -> Array:
    """The first with size 1 along the axes where all are repeated."""
    wide = [array for array in arrays if array.ndim]
    index = [
        slice(0, 1) if all(x.size and not x.strides[axis] for x in wide) else slice(None)
        for axis in range(arrays[0].ndim)
    ]
    return arrays[0][tuple(index)]


def _elementwise(
    function: Callable[..., Any], arrays: Sequence[Array], shape: Shape
) -> Array:  # fmt: skip
    small = [_once([array, *arrays]) for array in arrays]
    _fits(np.broadcast_shapes(*(array.shape for array in small)))
    with np.errstate(all="ignore"):
        return np.broadcast_to(np.asarray(function(*small)), shape)


def _spread(array: Array, axes: Sequence[int], shape: Shape) -> Array:
    wide = [1] * len(shape)
    for axis, size in zip(axes, array.shape, strict=True):
        wide[axis] = size
    return np.broadcast_to(array.reshape(wide), shape)


def _by_jax(
    primitive: Any, parameters: Mapping[str, Any], arrays: Sequence[Array]
) -> list[Array] | None:
    if primitive.name.startswith(("random", "rng", "threefry")):
        return None
    try:
        with (
            jax.default_device(jax.local_devices(backend="cpu")[0]),
            jax.ensure_compile_time_eval(),
        ):
            found = primitive.bind(*arrays, **parameters)
    except (NotImplementedError, TypeError, ValueError, RuntimeError):
        return None  # its shape is known all the same
    results = found if primitive.multiple_results else [found]
    return [np.asarray(result) for result in results]
