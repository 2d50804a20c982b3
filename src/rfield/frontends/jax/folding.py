"""Equations whose operands are all known: computed with NumPy, or by JAX itself on the CPU.

Only primitives of JAX are run, on constants that the traced function made or named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from ...core.arguments import Shape
from ..machine.limits import MASK
from ..machine.values import Array

PLAIN: dict[str, Callable[..., Any]] = {
    "abs": np.abs, "add": np.add, "and": np.logical_and, "ceil": np.ceil, "eq": np.equal,
    "exp": np.exp, "floor": np.floor, "ge": np.greater_equal, "gt": np.greater,
    "le": np.less_equal, "lt": np.less, "max": np.maximum, "min": np.minimum, "mul": np.multiply,
    "ne": np.not_equal, "neg": np.negative, "sqrt": np.sqrt, "sub": np.subtract,
}  # fmt: skip
"""Arithmetic that NumPy does as JAX does; the rest JAX computes, which compiles it first."""


def fold(
    primitive: Any, parameters: Mapping[str, Any], arrays: Sequence[Array], shapes: Sequence[Shape]
) -> list[Array] | None:
    """The results of an equation, or None where they are too many to be computed."""
    if sum(prod(shape) for shape in shapes) > MASK:
        return None
    name = primitive.name
    with np.errstate(all="ignore"):
        if name in PLAIN and (name != "and" or arrays[0].dtype == bool):
            return [np.asarray(PLAIN[name](*arrays))]
        if name == "iota":
            return [_iota(parameters)]
        if name == "broadcast_in_dim":
            wide = [1] * len(shapes[0])
            sizes = zip(parameters["broadcast_dimensions"], arrays[0].shape, strict=True)
            for place, size in sizes:
                wide[place] = size
            return [np.broadcast_to(arrays[0].reshape(wide), shapes[0])]
        if name in ("reshape", "squeeze"):
            return [arrays[0].reshape(shapes[0])]
        if name == "select_n" and len(arrays) == 3 and arrays[0].dtype == bool:
            return [np.where(arrays[0], arrays[2], arrays[1])]
        if name == "convert_element_type" and parameters["new_dtype"].kind in "biuf":
            return [arrays[0].astype(parameters["new_dtype"])]
    return _by_jax(primitive, parameters, arrays)


def _iota(parameters: Mapping[str, Any]) -> Array:
    shape, axis = parameters["shape"], parameters["dimension"]
    along = [1] * len(shape)
    along[axis] = shape[axis]
    numbers = np.arange(shape[axis], dtype=parameters["dtype"]).reshape(along)
    return np.broadcast_to(numbers, shape)


def _by_jax(
    primitive: Any, parameters: Mapping[str, Any], arrays: Sequence[Array]
) -> list[Array] | None:
    import jax

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
