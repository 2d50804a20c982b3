"""Ops that read each element from its own place, with broadcasting.

A pointwise op is one name below. Parameters that an op takes as further inputs (slopes, bounds,
scales) are operands like any other: they broadcast, and as constants they are left out.
"""

from __future__ import annotations

from sys import intern

from ...core import ops
from ...core.ops import Op
from .rulebook import Call, Reading, Result, rule
from .tensors import Value, known

POINTWISE = """
Abs Acos Acosh Asin Asinh Atan Atanh Bernoulli BitwiseNot Cast CastLike Ceil Celu Clip Cos Cosh
Elu Erf Exp Floor Gelu HardSigmoid HardSwish IsInf IsNaN LeakyRelu Log Mish Neg Not
Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh
ThresholdedRelu ImageScaler ParametricSoftplus ScaledTanh Scale Affine Trilu BitCast
ai.onnx.ml::Scaler ai.onnx.ml::Binarizer
com.microsoft::QuickGelu com.microsoft::Gelu com.microsoft::FastGelu com.microsoft::BiasGelu
com.microsoft::Trilu
"""

JOINS = """
Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less LessOrEqual
Max Mean Min Mod Mul Or Pow PRelu Sub Sum SwiGLU Where Xor com.microsoft::BiasAdd
"""

_FIRST_ONLY = frozenset({"CastLike", "Trilu", "com.microsoft::Trilu"})


def kind_of(call: Call) -> str:
    """The op's name without its domain, as the kind of a graph node."""
    return intern(call.op.rpartition("::")[2].lower())


def pointwise(call: Call) -> Op:
    """Every input, broadcast."""
    kind = kind_of(call)
    if call.op in _FIRST_ONLY:
        return ops.pointwise(call.shape(0), kind=kind)
    if call.opset < 7 and call.op in _LEGACY:
        return _legacy(call, kind)
    return aligned(call, kind, join=False)


def aligned(call: Call, kind: str, *, join: bool) -> Op:
    """All inputs broadcast together; one link for each place, missing inputs included."""
    shapes = [() if value is None else value.shape for value in call.inputs]
    if not shapes:
        raise_missing = call.value(0)
        shapes = [raise_missing.shape]
    return ops.pointwise(*shapes, kind=kind, join=join)


def joined(call: Call) -> Op:
    """The inputs are combined position by position."""
    kind = kind_of(call)
    if call.opset < 7 and call.op in _LEGACY:
        return _legacy(call, kind)
    if call.op == "PRelu":
        return _prelu(call)
    return aligned(call, kind, join=True)


_LEGACY = frozenset(
    {"Add", "And", "Div", "Equal", "Greater", "Less", "Mul", "Or", "Pow", "PRelu", "Sub", "Xor"}
)


def _legacy(call: Call, kind: str) -> Op:
    """Before opset 7 the second operand lay along ``axis`` of the first."""
    shape, other = call.shape(0), call.shape(1)
    axis = call.int("axis", len(shape) - len(other))
    if call.int("broadcast", 0) and axis >= 0 and len(other) + axis <= len(shape):
        other = (*other, *(1,) * (len(shape) - axis - len(other)))
    op = ops.pointwise(shape, other, kind=kind, join=True)
    if other != call.shape(1) and call.value(1).depends:
        return ops.opaque([shape, call.shape(1)], op.shape, kind=kind)
    return op


def _prelu(call: Call) -> Op:
    """The slope broadcasts to the input, never the other way round."""
    shape, slope = call.shape(0), call.shape(1)
    op = ops.pointwise(shape, slope, kind="prelu", join=True)
    return op if op.shape == shape else ops.pointwise(shape, (), kind="prelu")


for _name in POINTWISE.split():
    rule(_name)(pointwise)
for _name in JOINS.split():
    rule(_name)(joined)


@rule("Dropout", "com.microsoft::BitmaskDropout")
def dropout(call: Call) -> tuple[Op, Op]:
    """The same elements; the mask is made of nothing but chance."""
    op = ops.pointwise(call.shape(0), kind="dropout")
    return op, op


@rule("com.microsoft::BiasDropout")
def bias_dropout(call: Call) -> tuple[Op, Op]:
    """Data, bias and residual are added."""
    shapes = [() if value is None else value.shape for value in call.inputs[:3]]
    op = ops.pointwise(*shapes, kind="bias_dropout", join=True)
    return op, op


@rule("Identity", "Optional", "OptionalGetElement", "OptionalHasElement")
def identity(call: Call) -> Result:
    """The same value under another name; a node only where it is an output of the graph."""
    value = call.value(0)
    if call.op == "OptionalHasElement":
        return known(True)
    outputs = call.tracer.model.graph.outputs
    if value.items is None and value.depends and call.outputs and call.outputs[0] in outputs:
        return ops.pointwise(value.shape, kind="identity")
    return value


@rule("Shape", "Size")
def shape_only(call: Call) -> Value:
    """Always folded before rules are asked: shapes are known."""
    return Value(call.shape(0))


@rule("Constant")
def constant(call: Call) -> Value:
    """A tensor in an attribute."""
    import numpy as np

    found = call.tensor("value")
    if found is not None:
        return found
    if (number := call.attribute("value_int", 2)) is not None:
        return known(np.array(number, np.int64))
    if (number := call.attribute("value_float", 1)) is not None:
        return known(np.array(number, np.float32))
    if (numbers := call.ints("value_ints")) is not None:
        return known(np.array(numbers, np.int64))
    if (floats := call.floats("value_floats")) is not None:
        return known(np.array(floats, np.float32))
    if (texts := call.texts("value_strings")) is not None:
        return Value((len(texts),))
    sparse = call.attribute("sparse_value", 11)
    return Value(tuple(sparse.sparse_tensor.dims) if sparse is not None else ())


@rule("com.microsoft::BiasSplitGelu")
def bias_split_gelu(call: Call) -> Reading:
    """The channels are halved; one half gates the other."""
    from ...core import layout

    x = call.value(0)
    half = x.shape[-1] // 2
    axis = len(x.shape) - 1
    one = call.step(layout.slice_(x.shape, axis, 0, half), [x])
    other = call.step(layout.slice_(x.shape, axis, half, 2 * half), [x])
    return Reading(ops.pointwise(one.shape, other.shape, kind="gelu", join=True), [one, other])
