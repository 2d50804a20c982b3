"""Ops that act element by element, with NumPy broadcasting."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from ...core import layout, ops
from ...core.arrays.expression import read
from ...core.ops import Op
from ..machine.values import Constant, Dependent, Outputs
from .convolution import layout_of
from .rulebook import Call, rule
from .values import Blocked, NotInBlocksError

UNARY = (
    "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cast", "Ceil", "Cos", "Cosh",
    "Digamma", "Elu", "Erf", "Erfc", "Erfinv", "Exp", "Expm1", "Floor", "Inv", "IsFinite", "IsInf",
    "IsNan", "LeakyRelu", "Lgamma", "Log", "Log1p", "LogicalNot", "Ndtri", "Neg",
    "Real", "Imag", "ComplexAbs", "Conj", "Angle", "Reciprocal", "Relu", "Relu6", "Rint", "Round",
    "Rsqrt", "Selu", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Square",
    "Tan", "Tanh", "BesselI0e", "BesselI1e", "Invert", "QuantizeAndDequantize", "AsString",
    "FakeQuantWithMinMaxArgs", "Bitcast",
)  # fmt: skip

BINARY = (
    "Add", "AddV2", "Atan2", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Complex", "Div", "DivNoNan",
    "Equal", "FloorDiv", "FloorMod", "Greater", "GreaterEqual", "Igamma", "LeftShift", "Less",
    "LessEqual", "LogicalAnd", "LogicalOr", "Maximum", "Minimum", "Mod", "Mul", "MulNoNan",
    "NextAfter", "NotEqual", "Polygamma", "Pow", "RealDiv", "RightShift", "SquaredDifference",
    "Sub", "TruncateDiv", "TruncateMod", "Xdivy", "Xlog1py", "Xlogy", "Zeta", "SelectV2",
    "AddN", "AccumulateNV2", "ApproximateEqual", "ClipByValue",
)  # fmt: skip

PASSING = (
    "CheckNumerics", "CheckNumericsV2", "DebugIdentity", "DebugIdentityV2", "DebugIdentityV3",
    "DebugGradientIdentity", "EnsureShape", "Enter", "Exit", "Identity", "LoopCond",
    "NextIteration", "OptimizationBarrier", "PlaceholderWithDefault", "PreventGradient",
    "RefEnter", "RefExit", "RefIdentity", "RefNextIteration", "Snapshot",
    "StopGradient", "XlaSharding", "_Retval", "Copy", "CopyHost", "Print",
)  # fmt: skip

WEIGHTED = (
    "FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel", "QuantizeAndDequantizeV2",
    "QuantizeAndDequantizeV3", "QuantizeAndDequantizeV4", "Bucketize",
)  # fmt: skip


alone = lru_cache(maxsize=2048)(ops.pointwise)
"""The same op on the same shape is worked out once."""


@rule(*UNARY)
def unary(call: Call) -> Any:
    """Each output reads its own element."""
    value = call[0]
    if type(value) is Blocked:
        return in_blocks(call, value)
    return alone(value.shape, kind=call.kind)


@rule(*BINARY)
def binary(call: Call) -> Any:
    """Operands broadcast against each other; those that depend on an input should be aligned."""
    if any(type(value) is Blocked for value in call.operands):
        return _beside_blocks(call)
    return alone(*call.shapes, kind=call.kind, join=len(call.operands) > 1)


@rule(*PASSING)
def passing(call: Call) -> Any:
    """The operand itself, a list of tensors as well."""
    return call.operands[0] if call.operands else call[0]


@rule("IdentityN")
def passing_all(call: Call) -> Outputs:
    """The operands themselves."""
    return Outputs(call.operands)


@rule(*WEIGHTED)
def weighted(call: Call) -> Op:
    """Element by element, with constants beside."""
    return ops.pointwise(call.shape(0), kind=call.kind)


@rule("BiasAdd", "BiasAddV1")
def bias_add(call: Call) -> Any:
    """One number per channel."""
    value = call[0]
    if type(value) is Blocked:
        return in_blocks(call, value)
    shape, bias = call.shape(0), call[1]
    if not isinstance(bias, Dependent):
        return alone(shape, kind="biasadd")
    channel = layout_of(call, len(shape))[1] if len(shape) > 2 else len(shape) - 1
    wide = [1] * len(shape)
    wide[channel] = call.shape(1)[0]
    column = read(layout.reshape(call.shape(1), wide), bias)
    return read(ops.pointwise(shape, wide, kind="biasadd", join=True), value, column)


@rule("Select")
def select(call: Call) -> Any:
    """The condition may be a vector over the first axis."""
    condition, shape = call.shape(0), call.shape(1)
    if len(condition) == 1 and len(shape) > 1 and isinstance(call[0], Dependent):
        wide = (condition[0], *(1,) * (len(shape) - 1))
        column = read(layout.reshape(condition, wide), call[0])
        op = ops.pointwise(wide, shape, call.shape(2), kind="select", join=True)
        return read(op, column, *call.operands[1:])
    if len(condition) < len(shape):
        condition = (1,) * len(shape)
    return ops.pointwise(condition, shape, call.shape(2), kind="select", join=True)


def in_blocks(call: Call, value: Blocked) -> Blocked:
    """A pointwise op before BatchToSpaceND: the same op in the space of the image."""
    shape = value.value.shape
    op = ops.pointwise(shape, kind=call.kind)
    return replace(value, value=read(op, value.value))


def _beside_blocks(call: Call) -> Any:
    first = next(value for value in call.operands if type(value) is Blocked)
    others = [value for value in call.operands if value is not first]
    along_channels = all(
        isinstance(value, Constant) and value.has_shape and all(s == 1 for s in value.shape[:-1])
        for value in others
    )
    if along_channels:
        return in_blocks(call, first)
    raise NotInBlocksError
