"""Ops that act element by element, with NumPy broadcasting."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from ...core import layout, ops
from ...core.ops import Op
from .convolution import layout_of
from .rulebook import Arguments, NotInBlocksError, Reading, rule
from .values import Blocked, Fixed, Outputs

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
def unary(arg: Arguments) -> Any:
    """Each output reads its own element."""
    value = arg.operand(0)
    if type(value) is Blocked:
        return in_blocks(arg, value)
    return alone(arg.shape_of(value), kind=arg.op.lower())


@rule(*BINARY)
def binary(arg: Arguments) -> Any:
    """Operands broadcast against each other; those that depend on an input should be aligned."""
    if any(type(value) is Blocked for value in arg.operands):
        return _beside_blocks(arg)
    return alone(*arg.shapes, kind=arg.op.lower(), join=len(arg.operands) > 1)


@rule(*PASSING)
def passing(arg: Arguments) -> Any:
    """The operand itself."""
    return arg.operand(0)


@rule("IdentityN")
def passing_all(arg: Arguments) -> Outputs:
    """The operands themselves."""
    return Outputs(arg.operands)


@rule(*WEIGHTED)
def weighted(arg: Arguments) -> Op:
    """Element by element, with constants beside."""
    return ops.pointwise(arg.shape(0), kind=arg.op.lower())


@rule("BiasAdd", "BiasAddV1")
def bias_add(arg: Arguments) -> Any:
    """One number per channel."""
    value = arg.operand(0)
    if type(value) is Blocked:
        return in_blocks(arg, value)
    shape, bias = arg.shape(0), arg.operand(1)
    if type(bias) is not int:
        return alone(shape, kind="biasadd")
    channel = layout_of(arg, len(shape))[1] if len(shape) > 2 else len(shape) - 1
    wide = [1] * len(shape)
    wide[channel] = arg.shape(1)[0]
    column = Reading(layout.reshape(arg.shape(1), wide), [bias])
    return Reading(ops.pointwise(shape, wide, kind="biasadd", join=True), [value, column])


@rule("Select")
def select(arg: Arguments) -> Any:
    """The condition may be a vector over the first axis."""
    condition, shape = arg.shape(0), arg.shape(1)
    if len(condition) == 1 and len(shape) > 1 and type(arg.operand(0)) is int:
        wide = (condition[0], *(1,) * (len(shape) - 1))
        column = Reading(layout.reshape(condition, wide), [arg.operand(0)])
        op = ops.pointwise(wide, shape, arg.shape(2), kind="select", join=True)
        return Reading(op, [column, *arg.operands[1:]])
    if len(condition) < len(shape):
        condition = (1,) * len(shape)
    return ops.pointwise(condition, shape, arg.shape(2), kind="select", join=True)


def in_blocks(arg: Arguments, value: Blocked) -> Blocked:
    """A pointwise op before BatchToSpaceND: the same op in the space of the image."""
    shape = arg.shape_of(value.value)
    op = ops.pointwise(shape, kind=arg.op.lower())
    return replace(value, value=Reading(op, [value.value]))


def _beside_blocks(arg: Arguments) -> Any:
    first = next(value for value in arg.operands if type(value) is Blocked)
    others = [value for value in arg.operands if value is not first]
    along_channels = all(
        type(value) is Fixed and value.shape is not None and all(s == 1 for s in value.shape[:-1])
        for value in others
    )
    if along_channels:
        return in_blocks(arg, first)
    raise NotInBlocksError
