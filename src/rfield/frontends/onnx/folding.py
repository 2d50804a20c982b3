"""Constants computed with NumPy: the shape arithmetic that exporters write into graphs.

Only small tensors are computed, and only when all operands are known. The size of every result is
bounded before it is made, so a file cannot ask for memory here. What NumPy refuses is not folded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from .rulebook import Call
from .tensors import DTYPES, INTEGERS_KEPT, Array, Value, keeps, known

Fold = Callable[[Call, list[Array]], "Array | list[Array] | None"]

FOLDS: dict[str, Fold] = {}

_UNARY: dict[str, Callable[[Any], Any]] = {
    "Abs": np.abs, "Neg": np.negative, "Floor": np.floor, "Ceil": np.ceil, "Round": np.rint,
    "Sqrt": np.sqrt, "Exp": np.exp, "Log": np.log, "Not": np.logical_not, "Sign": np.sign,
    "Identity": np.asarray, "Reciprocal": np.reciprocal, "BitwiseNot": np.bitwise_not,
    "Sin": np.sin, "Cos": np.cos, "IsNaN": np.isnan, "Relu": lambda a: np.maximum(a, 0),
}  # fmt: skip
_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Pow": np.power,
    "And": np.logical_and, "Or": np.logical_or, "Xor": np.logical_xor,
    "Equal": np.equal, "Greater": np.greater, "Less": np.less,
    "GreaterOrEqual": np.greater_equal, "LessOrEqual": np.less_equal,
    "BitwiseAnd": np.bitwise_and, "BitwiseOr": np.bitwise_or, "BitwiseXor": np.bitwise_xor,
}  # fmt: skip
_REDUCTIONS: dict[str, Callable[..., Any]] = {
    "ReduceSum": np.sum, "ReduceProd": np.prod, "ReduceMax": np.max, "ReduceMin": np.min,
    "ReduceMean": np.mean,
}  # fmt: skip


def fold(call: Call) -> list[Value] | None:
    """The node's outputs as known constants, or None where that cannot be."""
    op = call.node.op
    if op == "Shape":
        return [_shape(call)]
    if op == "Size":
        value = call.value(0)
        return [known(np.array(prod(value.shape), np.int64), sized=value.depends or value.sized)]
    compute = FOLDS.get(op)
    if compute is None:
        return None
    arrays: list[Array] = []
    sized = False
    for value in call.inputs:
        if value is None:
            continue
        if value.index is not None or value.items is not None or value.array is None:
            return None
        sized |= value.sized
        arrays.append(value.array)
    try:
        with np.errstate(all="ignore"):
            result = compute(call, arrays)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return None
    if result is None:
        return None
    results = result if isinstance(result, list) else [result]
    return [known(array, sized=sized) for array in results]


def _shape(call: Call) -> Value:
    value = call.value(0)
    start, end = call.int("start", 0), call.int("end", 1 << 31)
    shape = np.array(value.shape[start:end], dtype=np.int64)
    return known(shape, sized=value.depends or value.sized)


def _fold(*names: str) -> Callable[[Fold], Fold]:
    def register(function: Fold) -> Fold:
        for name in names:
            FOLDS[name] = function
        return function

    return register


@_fold(*_UNARY)
def _unary(call: Call, arrays: list[Array]) -> Array:
    result = np.asarray(_UNARY[call.op](arrays[0]))
    return result if result.dtype == np.bool_ else result.astype(arrays[0].dtype)


@_fold(*_BINARY)
def _binary(call: Call, arrays: list[Array]) -> Array | None:
    if not _fits(arrays):
        return None
    return np.asarray(_BINARY[call.op](arrays[0], arrays[1]))


@_fold("Div")
def _div(_call: Call, arrays: list[Array]) -> Array | None:
    one, other = arrays
    if not _fits(arrays):
        return None
    if one.dtype.kind == "f":
        return np.asarray(np.divide(one, other)).astype(one.dtype)
    if not other.all():
        return None
    quotient = np.abs(one) // np.abs(other)  # towards zero, as in C
    return np.asarray(np.where((one < 0) != (other < 0), -quotient, quotient)).astype(one.dtype)


@_fold("Mod")
def _mod(call: Call, arrays: list[Array]) -> Array | None:
    if not _fits(arrays) or (arrays[0].dtype.kind in "iu" and not arrays[1].all()):
        return None
    return np.asarray((np.fmod if call.int("fmod", 0) else np.mod)(*arrays))


@_fold("Max", "Min", "Sum")
def _several(call: Call, arrays: list[Array]) -> Array | None:
    if not _fits(arrays):
        return None
    combine = {"Max": np.maximum, "Min": np.minimum, "Sum": np.add}[call.op]
    result = arrays[0]
    for array in arrays[1:]:
        result = combine(result, array)
    return np.asarray(result)


@_fold("Clip")
def _clip(call: Call, arrays: list[Array]) -> Array | None:
    if "min" in call.attributes or "max" in call.attributes:
        return None
    low, high = (call.optional(k) for k in (1, 2))
    result = arrays[0]
    if low is not None and low.array is not None:
        result = np.maximum(result, low.array)
    if high is not None and high.array is not None:
        result = np.minimum(result, high.array)
    return np.asarray(result)


@_fold("Where")
def _where(_call: Call, arrays: list[Array]) -> Array | None:
    return np.where(*arrays) if _fits(arrays) else None


@_fold("Cast")
def _cast(call: Call, arrays: list[Array]) -> Array | None:
    kind = DTYPES.get(call.int("to", 0))
    return None if kind is None else arrays[0].astype(kind)


@_fold("CastLike")
def _cast_like(_call: Call, arrays: list[Array]) -> Array:
    return arrays[0].astype(arrays[1].dtype)


@_fold("ConstantOfShape")
def _constant_of_shape(call: Call, arrays: list[Array]) -> Array | None:
    value = call.tensor("value")
    fill = np.zeros(1, np.float32) if value is None else value.array
    shape = [int(size) for size in arrays[0].reshape(-1)]
    if fill is None or any(size < 0 for size in shape) or not keeps(shape, fill.dtype.kind):
        return None
    return np.full(shape, fill.reshape(-1)[0], dtype=fill.dtype)


@_fold("Range")
def _range(_call: Call, arrays: list[Array]) -> Array | None:
    start, limit, step = (array.reshape(-1)[0] for array in arrays)
    if not step or abs((float(limit) - float(start)) / float(step)) > INTEGERS_KEPT:
        return None
    return np.arange(start, limit, step, dtype=arrays[0].dtype)


@_fold("Concat")
def _concat(call: Call, arrays: list[Array]) -> Array | None:
    if sum(array.size for array in arrays) > INTEGERS_KEPT:
        return None
    return np.concatenate(arrays, axis=call.int("axis", 1))


@_fold("Gather")
def _gather(call: Call, arrays: list[Array]) -> Array | None:
    axis = call.int("axis", 0)
    rest = arrays[0].size // max(1, arrays[0].shape[axis])
    return np.take(*arrays, axis=axis) if rest * arrays[1].size <= INTEGERS_KEPT else None


@_fold("GatherElements")
def _gather_elements(call: Call, arrays: list[Array]) -> Array:
    data, indices = arrays
    axis = call.int("axis", 0)
    return np.take_along_axis(data, indices % data.shape[axis], axis)


@_fold("GatherND")
def _gather_nd(call: Call, arrays: list[Array]) -> Array | None:
    data, indices = arrays
    count = indices.shape[-1]
    rest = prod(data.shape[count:])
    if call.int("batch_dims", 0) or indices.size * rest > INTEGERS_KEPT:
        return None
    return data[tuple(np.moveaxis(indices, -1, 0))]


@_fold("ScatterND")
def _scatter_nd(call: Call, arrays: list[Array]) -> Array | None:
    data, indices, updates = arrays
    if call.text("reduction", "none") != "none":
        return None
    result = data.copy()
    result[tuple(np.moveaxis(indices, -1, 0))] = updates
    return result


@_fold("Squeeze", "Unsqueeze", "Flatten", "Reshape")
def _shaped(call: Call, arrays: list[Array]) -> Array | None:
    from .layout import new_shape

    shape = new_shape(call)
    return arrays[0].reshape(shape) if prod(shape) == arrays[0].size else None


@_fold("Transpose")
def _transpose(call: Call, arrays: list[Array]) -> Array:
    return np.transpose(arrays[0], call.ints("perm"))


@_fold("Slice")
def _slice(call: Call, arrays: list[Array]) -> Array:
    from .layout import slices

    result = arrays[0]
    for axis, (start, stop, step) in slices(call).items():
        positions = np.arange(start, stop, step)
        result = np.take(result, positions, axis=axis)
    return result


@_fold("Split")
def _split(call: Call, arrays: list[Array]) -> list[Array]:
    from .layout import split_sizes

    axis, sizes = split_sizes(call)
    return np.split(arrays[0], np.cumsum(sizes)[:-1], axis=axis)


@_fold("Expand")
def _expand(_call: Call, arrays: list[Array]) -> Array | None:
    shape = [int(size) for size in arrays[1]]
    rank = max(len(shape), arrays[0].ndim)
    own = [1] * (rank - arrays[0].ndim) + list(arrays[0].shape)
    shape = [1] * (rank - len(shape)) + shape
    result = [b if a == 1 else a for a, b in zip(own, shape, strict=True)]
    if not keeps(result, arrays[0].dtype.kind):
        return None
    return np.broadcast_to(arrays[0], result).copy()


@_fold("Tile")
def _tile(_call: Call, arrays: list[Array]) -> Array | None:
    repeats = [int(times) for times in arrays[1]]
    if min(repeats, default=1) < 0 or arrays[0].size * prod(repeats) > INTEGERS_KEPT:
        return None
    return np.tile(arrays[0], repeats)


@_fold(*_REDUCTIONS)
def _reduce(call: Call, arrays: list[Array]) -> Array | None:
    from .contraction import reduced_axes

    axes = reduced_axes(call)
    if axes is None:
        return arrays[0]
    result = np.asarray(
        _REDUCTIONS[call.op](arrays[0], axis=tuple(axes), keepdims=bool(call.int("keepdims", 1)))
    )
    return result.astype(arrays[0].dtype)


@_fold("ArgMax", "ArgMin")
def _arg(call: Call, arrays: list[Array]) -> Array:
    axis = call.int("axis", 0)
    found = (np.argmax if call.op == "ArgMax" else np.argmin)(arrays[0], axis=axis)
    kept = np.expand_dims(found, axis) if call.int("keepdims", 1) else found
    return np.asarray(kept, dtype=np.int64)


@_fold("CumSum")
def _cumsum(call: Call, arrays: list[Array]) -> Array | None:
    if call.int("exclusive", 0) or call.int("reverse", 0):
        return None
    return np.cumsum(arrays[0], axis=int(arrays[1])).astype(arrays[0].dtype)


@_fold("NonZero")
def _nonzero(_call: Call, arrays: list[Array]) -> Array:
    return np.stack(np.nonzero(np.atleast_1d(arrays[0]))).astype(np.int64)


@_fold("Trilu")
def _trilu(call: Call, arrays: list[Array]) -> Array:
    shift = int(arrays[1].reshape(-1)[0]) if len(arrays) > 1 else 0
    return (np.triu if call.int("upper", 1) else np.tril)(arrays[0], shift)


def _fits(arrays: Sequence[Array]) -> bool:
    """Whether the broadcast result stays small."""
    return prod(np.broadcast_shapes(*(array.shape for array in arrays))) <= INTEGERS_KEPT
