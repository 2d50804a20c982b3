"""Shape arithmetic on small constants, with NumPy.

Everything that a graph computes from shapes and literals is known before any pixel is; a rule that
needs a size finds it here. An op that is not in ``FOLDS`` gives a constant of unknown
content, whose shape the rules tell. Integers are held in 64 bits: a size never wraps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from ...errors import InvalidModelError
from ..machine.limits import COMPUTED
from ..machine.values import Array, Constant

Fold = Callable[..., Any]
FOLDS: dict[str, Fold] = {}
"""Op name -> function of the node's attributes and its operands' arrays."""

FEW = 64
"""Numbers of a weight that are computed with; what is made of more is no shape and no mask."""


def fold(item: Any, operands: Sequence[Any], most: int = COMPUTED) -> Any:
    """The value of a node whose operands are all constants, or None if it is not computed.

    ``most``: elements of an operand that is computed with.
    """
    op = item.op
    function = FOLDS.get(op)
    if function is None:
        return None
    arrays: list[Array] = []
    for operand in operands:
        if not operand.has_shape or prod(operand.shape) > most:
            return _of_shape(op, operands)
        array = operand.array
        weight = array is not None and array.dtype.kind == "f" and not operand.made
        if array is None or (weight and array.size > FEW):
            return _of_shape(op, operands)
        arrays.append(array)
    with np.errstate(all="ignore"):
        try:
            result = function(item.node.attr, *arrays)
        except (ArithmeticError, IndexError, TypeError, ValueError) as error:
            raise InvalidModelError(f"{op} of constants: {error}") from None
    sized = any(operand.sized for operand in operands)
    return None if result is None else known(result, sized=sized)


def known(array: Any, *, sized: bool = False) -> Constant:
    """A constant with its numbers; integers are held in 64 bits, so that sizes never wrap."""
    made = np.asarray(array)
    if made.dtype.kind in "iu" and made.dtype != np.int64:
        made = made.astype(np.int64)
    return Constant(made.shape, made, sized=sized, made=True)


def _of_shape(op: str, operands: Sequence[Any]) -> Constant | None:
    """Ops that look at the shape of their operand only."""
    if not operands or not operands[0].has_shape:
        return None
    shape = operands[0].shape
    if op in ("Shape", "VariableShape"):
        return known(np.array(shape, dtype=np.int64))
    if op == "Size":
        return known(np.int64(prod(shape)))
    if op == "Rank":
        return known(np.int64(len(shape)))
    return None


def folds(*names: str) -> Callable[[Fold], Fold]:
    """Decorator: the function computes the ops of these names on constants."""

    def register(function: Fold) -> Fold:
        FOLDS.update(dict.fromkeys(names, function))
        return function

    return register


def _plain(function: Callable[..., Any]) -> Fold:
    def apply(attributes: Any, *arrays: Array) -> Any:
        if len(arrays) > 1 and _many(*np.broadcast_shapes(*(a.shape for a in arrays))):
            return None
        return function(*arrays)

    return apply


FOLDS.update(
    {
        name: _plain(function)
        for name, function in {
            "Add": np.add, "AddV2": np.add, "Sub": np.subtract, "Mul": np.multiply,
            "Maximum": np.maximum, "Minimum": np.minimum, "FloorDiv": np.floor_divide,
            "FloorMod": np.mod, "TruncateMod": np.fmod, "Pow": np.power, "Neg": np.negative,
            "Abs": np.abs, "Sign": np.sign, "Square": np.square, "Floor": np.floor,
            "Ceil": np.ceil, "Rint": np.rint, "Round": np.rint, "Sqrt": np.sqrt, "Exp": np.exp,
            "Log": np.log, "Less": np.less, "LessEqual": np.less_equal, "Greater": np.greater,
            "GreaterEqual": np.greater_equal, "Equal": np.equal, "NotEqual": np.not_equal,
            "LogicalAnd": np.logical_and, "LogicalOr": np.logical_or,
            "LogicalNot": np.logical_not, "SelectV2": np.where, "Select": np.where,
            "RealDiv": np.true_divide, "Shape": np.shape, "VariableShape": np.shape,
            "Size": np.size, "Rank": np.ndim,
            "ZerosLike": np.zeros_like, "OnesLike": np.ones_like, "BitwiseAnd": np.bitwise_and,
            "InvertPermutation": np.argsort, "SquaredDifference": lambda a, b: (a - b) ** 2,
            "DivNoNan": lambda a, b: np.where(b == 0, 0, a / np.where(b == 0, 1, b)),
        }.items()
    }
)  # fmt: skip


@folds("Div", "TruncateDiv")
def divide(attributes: Any, a: Array, b: Array) -> Any:
    """Integers are cut towards zero, as in C."""
    if a.dtype.kind != "i":
        return a / b
    return np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b))


@folds("Cast")
def cast(attributes: Any, value: Array) -> Any:
    """Floats are cut towards zero."""
    target = attributes["DstT"].type % 100
    kinds: dict[int, Any] = {1: np.float32, 2: np.float64, 10: np.bool_, 19: np.float16}
    kind = kinds.get(target, np.int64)
    return np.trunc(value).astype(kind) if value.dtype.kind == "f" and kind is np.int64 else (
        value.astype(kind)
    )  # fmt: skip


@folds("Pack")
def pack(attributes: Any, *values: Array) -> Any:
    """Stack."""
    return np.stack(values, axis=attributes["axis"].i if "axis" in attributes else 0)


@folds("ConcatV2")
def concat(attributes: Any, *values: Array) -> Any:
    """The axis comes last."""
    return np.concatenate(values[:-1], axis=int(values[-1]))


@folds("Concat")
def old_concat(attributes: Any, axis: Array, *values: Array) -> Any:
    """The axis comes first."""
    return np.concatenate(values, axis=int(axis))


@folds("Range")
def arange(attributes: Any, start: Array, limit: Array, delta: Array) -> Any:
    """None where it would be long."""
    if delta == 0 or abs((float(limit) - float(start)) / float(delta)) > COMPUTED:
        return None
    return np.arange(start.item(), limit.item(), delta.item(), dtype=start.dtype)


@folds("LinSpace")
def linspace(attributes: Any, start: Array, stop: Array, count: Array) -> Any:
    """None where it would be long."""
    return None if int(count) > COMPUTED else np.linspace(start[()], stop[()], int(count))


@folds("Fill")
def fill(attributes: Any, shape: Array, value: Array) -> Any:
    """None where it would be large; the rule tells the shape."""
    return None if prod(shape.tolist()) > COMPUTED else np.full(shape.tolist(), value)


@folds("Reshape")
def reshape(attributes: Any, value: Array, shape: Array) -> Any:
    """The same elements under another shape."""
    return value.reshape(shape.tolist())


@folds("ExpandDims")
def expand_dims(attributes: Any, value: Array, axis: Array) -> Any:
    """One axis more."""
    return np.expand_dims(value, int(axis.reshape(())))


@folds("Squeeze")
def squeeze(attributes: Any, value: Array) -> Any:
    """Without axes of size 1."""
    axes = tuple(attributes["squeeze_dims"].list.i) if "squeeze_dims" in attributes else ()
    return np.squeeze(value, axis=axes or None)


@folds("Transpose")
def transpose(attributes: Any, value: Array, order: Array) -> Any:
    """Axes in another order."""
    return np.transpose(value, order.tolist())


@folds("GatherV2", "Gather", "ResourceGather")
def gather(attributes: Any, value: Array, indices: Array, axis: Array | None = None) -> Any:
    """Chosen elements."""
    if "batch_dims" in attributes and attributes["batch_dims"].i:
        return None
    return np.take(value, indices, axis=0 if axis is None else int(axis))


@folds("Slice")
def slice_(attributes: Any, value: Array, begin: Array, size: Array) -> Any:
    """A size of −1 goes to the end."""
    parts = [slice(b, None if s < 0 else b + s)
             for b, s in zip(begin.tolist(), size.tolist(), strict=True)]  # fmt: skip
    return value[tuple(parts)]


@folds("StridedSlice")
def strided_slice(attributes: Any, value: Array, begin: Array, end: Array, step: Array) -> Any:
    """NumPy's indexing, written with masks."""
    return value[index_of(attributes, begin.tolist(), end.tolist(), step.tolist())]


def index_of(
    attributes: Any, begin: Sequence[int], end: Sequence[int], step: Sequence[int]
) -> tuple[Any, ...]:
    """The Python index that the masks of a StridedSlice write."""
    masks = {
        name: attributes[f"{name}_mask"].i if f"{name}_mask" in attributes else 0
        for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }
    if not len(begin) == len(end) == len(step):
        raise InvalidModelError("begin, end and strides differ in length")
    parts: list[Any] = []
    for k, (first, last, stride) in enumerate(zip(begin, end, step, strict=True)):
        bit = 1 << k
        if masks["ellipsis"] & bit:
            parts.append(Ellipsis)
        elif masks["new_axis"] & bit:
            parts.append(None)
        elif masks["shrink_axis"] & bit:
            parts.append(first)
        else:
            parts.append(slice(
                None if masks["begin"] & bit else first,
                None if masks["end"] & bit else last,
                stride,
            ))  # fmt: skip
    return tuple(parts)


@folds("Tile")
def tile(attributes: Any, value: Array, times: Array) -> Any:
    """None where it would be large."""
    return None if value.size * prod(times.tolist()) > COMPUTED else np.tile(value, times.tolist())


@folds("BroadcastTo")
def broadcast_to(attributes: Any, value: Array, shape: Array) -> Any:
    """None where it would be large."""
    return None if prod(shape.tolist()) > COMPUTED else np.broadcast_to(value, shape.tolist())


@folds("ReverseV2")
def reverse(attributes: Any, value: Array, axes: Array) -> Any:
    """Backwards along axes."""
    return np.flip(value, tuple(axes.reshape(-1).tolist()))


@folds("MatrixBandPart")
def band(attributes: Any, value: Array, lower: Array, upper: Array) -> Any:
    """Zeros outside a band of the diagonal."""
    offset = np.arange(value.shape[-1]) - np.arange(value.shape[-2])[:, None]
    inside = ((lower < 0) | (-offset <= lower)) & ((upper < 0) | (offset <= upper))
    return np.where(inside, value, np.zeros_like(value))


@folds("BroadcastArgs")
def broadcast_args(attributes: Any, a: Array, b: Array) -> Any:
    """The shape to which two shapes broadcast."""
    return np.array(np.broadcast_shapes(tuple(a.tolist()), tuple(b.tolist())), dtype=np.int64)


def _reduction(function: Callable[..., Any]) -> Fold:
    def reduce(attributes: Any, value: Array, axes: Array) -> Any:
        keep = attributes["keep_dims"].b if "keep_dims" in attributes else False
        return function(value, axis=tuple(axes.reshape(-1).tolist()), keepdims=keep)

    return reduce


FOLDS.update(
    {
        name: _reduction(function)
        for name, function in {
            "Prod": np.prod, "Sum": np.sum, "Max": np.max, "Min": np.min, "Mean": np.mean,
            "All": np.all, "Any": np.any,
        }.items()
    }
)  # fmt: skip


@folds("OneHot")
def one_hot(attributes: Any, indices: Array, depth: Array, on: Array, off: Array) -> Any:
    """A new axis with ``on`` at each index."""
    axis = attributes["axis"].i if "axis" in attributes else -1
    if _many(indices.size, int(depth)):
        return None
    found = indices[..., None] == np.arange(int(depth))
    return np.moveaxis(np.where(found, on, off), -1, axis)


@folds("ScatterNd")
def scatter_nd(attributes: Any, indices: Array, updates: Array, shape: Array) -> Any:
    """Sums of updates in zeros."""
    if _many(*shape.tolist()):
        return None
    made = np.zeros(shape.tolist(), updates.dtype)
    np.add.at(made, tuple(np.moveaxis(indices, -1, 0)), updates)
    return made


@folds("TensorScatterUpdate")
def scatter_update(attributes: Any, value: Array, indices: Array, updates: Array) -> Any:
    """A copy with some elements overwritten."""
    made = value.copy()
    made[tuple(np.moveaxis(indices, -1, 0))] = updates
    return made


@folds("MatrixDiag", "MatrixDiagV2", "MatrixDiagV3")
def matrix_diag(
    attributes: Any, value: Array, k: Any = 0, rows: Any = -1, columns: Any = -1, fill: Any = 0
) -> Any:
    """One diagonal of a matrix; several are not computed."""
    if np.size(k) > 1:
        return None
    k, length = int(k), value.shape[-1]
    rows = int(rows) if rows >= 0 else length + max(-k, 0)
    columns = int(columns) if columns >= 0 else length + max(k, 0)
    if _many(*value.shape[:-1], rows, columns):
        return None
    made = np.full((*value.shape[:-1], rows, columns), fill, value.dtype)
    place = np.arange(length)
    made[..., place + max(-k, 0), place + max(k, 0)] = value
    return made


@folds("MatrixSetDiag", "MatrixSetDiagV2", "MatrixSetDiagV3")
def set_diag(attributes: Any, value: Array, diagonal: Array, k: Any = 0) -> Any:
    """A copy with another diagonal; several are not computed."""
    if np.size(k) > 1:
        return None
    made, place = value.copy(), np.arange(diagonal.shape[-1])
    made[..., place + max(-int(k), 0), place + max(int(k), 0)] = diagonal
    return made


@folds("Pad", "PadV2")
def pad(attributes: Any, value: Array, widths: Array, fill: Any = 0) -> Any:
    """One number around."""
    if _many(*(n + sum(both) for n, both in zip(value.shape, widths.tolist(), strict=True))):
        return None
    return np.pad(value, widths.tolist(), constant_values=fill)


@folds("Cumsum", "Cumprod")
def cumsum(attributes: Any, value: Array, axis: Array) -> Any:
    """Sums from the beginning of an axis; the other kinds are not computed."""
    if any(name in attributes and attributes[name].b for name in ("exclusive", "reverse")):
        return None
    return np.cumsum(value, int(axis), value.dtype)


@folds("GatherNd")
def gather_nd(attributes: Any, value: Array, indices: Array) -> Any:
    """Elements by tuples of indices."""
    return value[tuple(np.moveaxis(indices, -1, 0))]


@folds("Where")
def where(attributes: Any, condition: Array) -> Any:
    """The places that are not zero, one a row."""
    return np.argwhere(condition)


def _many(*sizes: int) -> bool:
    """Whether a result of these sizes is not made: the rule tells its shape."""
    return prod(sizes) > COMPUTED
