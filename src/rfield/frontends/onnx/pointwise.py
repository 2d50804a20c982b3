"""Ops that read each element from its own place, with broadcasting.

A pointwise op is one name below. Parameters that an op takes as further operands (slopes, bounds,
scales) are operands like any other: they broadcast, and as constants they are left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core import arrays, ops
from ...core.algebra import Algebra
from ...core.ops import Op
from ..machine.meanings import algebra_of
from ..machine.swallowing import clamped
from ..machine.values import Constant, Outputs, known
from .rulebook import Call, rule
from .tensors import DTYPES, Stored

POINTWISE = """
Abs Acos Acosh Asin Asinh Atan Atanh Bernoulli BitwiseNot Ceil Celu Cos Cosh
Elu Erf Exp Floor Gelu HardSigmoid HardSwish IsInf IsNaN LeakyRelu Log Mish Neg Not
Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh
ThresholdedRelu ImageScaler ParametricSoftplus ScaledTanh Scale Affine BitCast
ai.onnx.ml::Scaler ai.onnx.ml::Binarizer
com.microsoft::QuickGelu com.microsoft::Gelu com.microsoft::FastGelu com.microsoft::BiasGelu
"""

JOINS = """
Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less LessOrEqual
Max Mean Min Mod Mul Or Pow Sub Sum SwiGLU Where Xor com.microsoft::BiasAdd
"""

_ALONG_AXIS = frozenset(
    {"Add", "And", "Div", "Equal", "Greater", "Less", "Mul", "Or", "Pow", "Sub", "Xor"}
)


@rule(*POINTWISE.split(), *JOINS.split())
def pointwise(call: Call) -> Any:
    """Element by element, with NumPy broadcasting; ``Bernoulli`` takes a chance for each.

    https://onnx.ai/onnx/repo-docs/Broadcasting.html
    """
    algebra: Algebra | None = algebra_of(call.op)
    if call.opset < 7 and call.op in _ALONG_AXIS:
        return _along_axis(call, algebra)
    shapes = [() if value is None else value.shape for value in call.operands]
    op = ops.pointwise(*shapes, kind=call.kind, join=len(call.given) > 1, algebra=algebra)
    return op.drawn if call.op == "Bernoulli" else op


def _along_axis(call: Call, algebra: Algebra | None) -> Any:
    """Before opset 7 the second operand lay along ``axis`` of the first."""
    shape, other = call.shape(0), call.shape(1)
    axis = call.int("axis", len(shape) - len(other))
    wide = other
    if call.flag("broadcast") and axis >= 0 and len(other) + axis <= len(shape):
        wide = (*other, *(1,) * (len(shape) - axis - len(other)))
    return arrays.pointwise(call[0], arrays.reshape(call[1], wide), kind=call.kind, algebra=algebra)


@rule("PRelu")
def prelu(call: Call) -> Op:
    """The slope broadcasts to the operand, never the other way round.

    https://onnx.ai/onnx/operators/onnx__PRelu.html
    """
    shape, slope = call.shape(0), call.shape(1)
    op = ops.pointwise(shape, slope, kind="prelu", join=True)
    return op if op.shape == shape else ops.pointwise(shape, (), kind="prelu")


@rule("Cast")
def cast(call: Call) -> Any:
    """The same numbers in another type; short integers that nobody looked into may be a mask.

    https://onnx.ai/onnx/operators/onnx__Cast.html
    """
    given = call[0]
    if isinstance(given, Stored) and given.array is None:
        if given.floats and DTYPES.get(call.int("to", 0), "").startswith("float"):
            return given
        if given.doubtful:
            made = Constant(given.shape, made=True)
            made.unseen = True
            return made
    return ops.pointwise(call.shape(0), kind=call.kind, algebra="keep")


@rule("Clip", complete=True)
def clip(call: Call) -> Any:
    """Each element between two bounds; equal ones leave nothing of it.

    https://onnx.ai/onnx/operators/onnx__Clip.html
    """
    if call.opset < 11:
        low, high = call.float("min", -np.inf), call.float("max", np.inf)
    else:
        low, high = call.optional(1), call.optional(2)
    return clamped(call[0], low, high, call.kind)


@rule("CastLike", complete=True)
def cast_like(call: Call) -> Any:
    """The type of the second operand, and nothing else of it.

    https://onnx.ai/onnx/operators/onnx__CastLike.html
    """
    given = call.known(0)
    if given is not None and (np.isinf(given) | (given == np.round(given))).all():
        return known(given)  # the same numbers in every type
    return arrays.pointwise(call[0], kind=call.kind, algebra="keep")


@rule("Trilu", "com.microsoft::Trilu")
def triangle(call: Call) -> Any:
    """The elements on one side of a diagonal of the last two axes; zeros elsewhere.

    https://onnx.ai/onnx/operators/onnx__Trilu.html
    """
    k = call.integer(1, "k") if call.has(1) else 0
    return (arrays.triu if call.flag("upper", True) else arrays.tril)(call[0], k)


@rule("Dropout", "com.microsoft::BitmaskDropout")
def dropout(call: Call) -> Outputs:
    """The same elements; in training some become zero, and the mask is made of nothing but chance.

    https://onnx.ai/onnx/operators/onnx__Dropout.html
    """
    op = ops.pointwise(call.shape(0), kind="dropout", algebra="keep")
    mask = Constant(call.shape(0), made=True)
    mask.drawn = _draws(call, 1)
    return Outputs([op.drawn if mask.drawn else op, mask])


def _draws(call: Call, ratio: int) -> bool:
    """Whether a dropout, of which the operand ``ratio`` and the next are settings, is in training.

    Before opset 7 an attribute told, which most exporters left out.
    """
    share, training = call.known(ratio), call.known(ratio + 1)
    if not call.has(ratio + 1) or (call.has(ratio) and share is not None and not share.any()):
        return False
    return training is None or bool(training.any())


@rule("com.microsoft::BiasDropout")
def bias_dropout(call: Call) -> Outputs:
    """Data, bias and residual are added.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
    """
    shapes = [() if value is None else value.shape for value in call.operands[:3]]
    op = ops.pointwise(*shapes, kind="bias_dropout", join=True)
    mask = Constant(op.shape, made=True)
    mask.drawn = _draws(call, 3)
    return Outputs([op.drawn if mask.drawn else op, mask])


@rule("Identity", "Optional", "OptionalGetElement")
def identity(call: Call) -> Any:
    """The same value under another name.

    https://onnx.ai/onnx/operators/onnx__Identity.html
    """
    found = call.optional(0)
    return call[0] if found is None else found


@rule("OptionalHasElement")
def has_element(call: Call) -> Constant:
    """Whether there is a value; there is, for values are known to exist.

    https://onnx.ai/onnx/operators/onnx__OptionalHasElement.html
    """
    return known(call.has(0))


@rule("Constant")
def constant(call: Call) -> Constant:
    """A tensor in an attribute.

    https://onnx.ai/onnx/operators/onnx__Constant.html
    """
    found = call.tensor("value")
    if found is not None:
        return found
    for name, read, kind in (
        ("value_int", call.ints, np.int64), ("value_ints", call.ints, np.int64),
        ("value_float", call.floats, np.float32), ("value_floats", call.floats, np.float32),
    ):  # fmt: skip
        if (numbers := read(name)) is not None:
            single = name in ("value_int", "value_float")
            return known(np.array(numbers[0] if single else numbers, kind))
    if (texts := call.texts("value_strings")) is not None:
        return Stored((len(texts),))
    sparse = call.attribute("sparse_value", 11)
    return Stored(tuple(sparse.sparse_tensor.dims) if sparse is not None else ())


@rule("com.microsoft::BiasSplitGelu")
def bias_split_gelu(call: Call) -> Any:
    """The channels are halved; one half gates the other.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
    """
    one, other = arrays.split(call[0], 2, -1)
    return arrays.pointwise(one, other, kind="gelu")
