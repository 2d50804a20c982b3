"""Ops that act element by element, with NumPy broadcasting."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...core import arrays, ops
from ...core.arrays.expression import read
from ...core.ops import Op
from ..machine.meanings import algebra_of
from ..machine.values import Constant, Dependent, Outputs, known
from .convolution import layout_of
from .rulebook import Call, rule
from .values import Blocked, NotInBlocksError

UNARY = (
    "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cast", "Ceil", "Cos", "Cosh",
    "Digamma", "Elu", "Erf", "Erfc", "Erfinv", "Exp", "Expm1", "Floor", "Inv", "IsFinite", "IsInf",
    "IsNan", "LeakyRelu", "Lgamma", "Log", "Log1p", "LogicalNot", "Ndtri", "Neg",
    "Real", "Imag", "ComplexAbs", "Conj", "Angle", "Reciprocal", "Relu", "Relu6", "Rint", "Round",
    "Rsqrt", "Selu", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Square",
    "Tan", "Tanh", "BesselI0e", "BesselI1e", "Invert", "AsString",
    "FakeQuantWithMinMaxArgs",
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
    "FakeQuantWithMinMaxVars",
    "FakeQuantWithMinMaxVarsPerChannel",
    "Bucketize",
)


_COMPLEX = (8, 18)
"""The numbers of the types complex64 and complex128."""


@rule(*UNARY)
def unary(call: Call) -> Any:
    """Each output reads its own element.

    https://www.tensorflow.org/api_docs/python/tf/math
    """
    value = call[0]
    if type(value) is Blocked:
        return in_blocks(call, value)
    becomes = call.op == "Cast" and call.dtype("DstT") in _COMPLEX
    kind = "complex" if becomes and call.dtype("SrcT") not in {0, *_COMPLEX} else call.kind
    return ops.pointwise(value.shape, kind=kind, algebra=algebra_of(call.op))


@rule(*BINARY)
def binary(call: Call) -> Any:
    """Element by element with broadcasting; operands that depend on an input should be aligned.

    https://www.tensorflow.org/api_docs/python/tf/math
    """
    if any(type(value) is Blocked for value in call.operands):
        return _beside_blocks(call)
    algebra = algebra_of(call.op)
    return ops.pointwise(*call.shapes, kind=call.kind, join=len(call) > 1, algebra=algebra)


@rule(*PASSING)
def passing(call: Call) -> Any:
    """The operand itself, a list of tensors as well.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Identity
    """
    return call.operands[0] if call.operands else call[0]


@rule("IdentityN")
def passing_all(call: Call) -> Outputs:
    """The operands themselves.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/IdentityN
    """
    return Outputs(call.operands)


@rule(*WEIGHTED)
def weighted(call: Call) -> Op:
    """Element by element, with constants beside: ranges, scales, boundaries.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/QuantizeAndDequantizeV2
    """
    return ops.pointwise(call.shape(0), kind=call.kind)


@rule("QuantizeAndDequantize", "QuantizeAndDequantizeV2", "QuantizeAndDequantizeV3",
      "QuantizeAndDequantizeV4")  # fmt: skip
def quantized(call: Call) -> Any:
    """Element by element within a given range; without one it is that of all, or of a slice.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/QuantizeAndDequantizeV2
    """
    if call.flag("range_given", call.op.endswith("V3")):
        return ops.pointwise(call.shape(0), kind=call.kind)
    axis, rank = call.number("axis", -1), len(call.shape(0))
    return arrays.mix(call[0], [k for k in range(rank) if k != axis], kind=call.kind)


_BYTES = {4: 1, 6: 1, 10: 1, 11: 1, 12: 1, 5: 2, 14: 2, 15: 2, 16: 2, 17: 2, 19: 2, 2: 8, 8: 8,
          9: 8, 23: 8, 18: 16}  # fmt: skip
"""The sizes of types by their numbers; the others have four bytes."""


@rule("Bitcast")
def bitcast(call: Call) -> Any:
    """The same bytes in another type: a last axis of parts more, or one less.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Bitcast
    """
    before, after = (_BYTES.get(call.dtype(name), 4) for name in ("T", "type"))
    shape = call.shape(0)
    parts = (*shape, before // after) if before > after else shape
    return arrays.bitcast(call[0], shape[:-1] if before < after else parts)


@rule("BiasAdd", "BiasAddV1")
def bias_add(call: Call) -> Any:
    """One number per channel is added.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/BiasAdd
    """
    value = call[0]
    if type(value) is Blocked:
        return in_blocks(call, value)
    shape, bias = call.shape(0), call[1]
    if not isinstance(bias, Dependent):
        return ops.pointwise(shape, kind="biasadd")
    channel = layout_of(call, len(shape))[1] if len(shape) > 2 else len(shape) - 1
    wide = [1] * len(shape)
    wide[channel] = call.shape(1)[0]
    return arrays.pointwise(value, arrays.reshape(bias, wide), kind="biasadd")


@rule("Select")
def select(call: Call) -> Any:
    """Elements of one of two operands; the condition may be a vector over the first axis.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Select
    """
    condition, shape = call.shape(0), call.shape(1)
    chosen = call[0]
    if len(condition) == 1 and len(shape) > 1:
        wide = (condition[0], *(1,) * (len(shape) - 1))
        array = call.known(0)
        chosen = arrays.reshape(chosen, wide) if array is None else known(array.reshape(wide))
    op = ops.pointwise(
        chosen.shape, shape, call.shape(2), kind="select", join=True, algebra="where"
    )  # fmt: skip
    return read(op, chosen, *call.operands[1:])


def in_blocks(call: Call, value: Blocked) -> Blocked:
    """A pointwise op before BatchToSpaceND: the same op in the space of the image."""
    shape = value.value.shape
    op = ops.pointwise(shape, kind=call.kind, algebra=algebra_of(call.op))
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
