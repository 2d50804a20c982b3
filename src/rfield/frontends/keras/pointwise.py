"""Layers and ops that act element by element."""

from __future__ import annotations

from ...core import ops
from ...core.ops import Op
from .rulebook import Arguments, Reading, rule

UNARY = (
    "Activation", "ActivityRegularization", "AlphaDropout", "Dropout", "ELU", "GaussianDropout",
    "GaussianNoise", "LeakyReLU", "Masking", "PReLU", "ReLU", "Rescaling", "Normalization",
    "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "Identity", "LayerScale",
    "StochasticDepth",
    "RandomBrightness", "RandomContrast", "RandomColorJitter",
    "RandomGrayscale", "RandomHue", "RandomPosterization", "RandomSaturation", "RandomSharpness",
    "Solarization", "RandomColorDegeneration", "RandomErasing", "RandomInvert",
    "RandomGaussianBlur", "RandomElasticTransform", "RandomPerspective",
    "RandomFlip", "RandomRotation", "RandomShear", "RandomTranslation", "RandomZoom",
)  # fmt: skip

MOVING = frozenset({
    "RandomCrop", "RandomElasticTransform", "RandomFlip", "RandomGaussianBlur", "RandomPerspective",
    "RandomRotation", "RandomSharpness", "RandomShear", "RandomTranslation", "RandomZoom",
    "RandomErasing",
})  # fmt: skip
"""Augmentation that, in training, moves pixels about."""

OPS = (
    "Absolute", "Arccos", "Arccosh", "Arcsin", "Arcsinh", "Arctan", "Arctanh", "Cast", "Ceil",
    "Celu", "Clip", "Conj", "Conjugate", "Cos", "Cosh", "Elu", "Erf", "Erfinv", "Exp", "Exp2",
    "Expm1", "Floor", "Gelu", "HardShrink", "HardSigmoid", "HardSilu", "HardTanh", "Identity",
    "Imag", "Isfinite", "Isinf", "Isnan", "LeakyRelu", "Log", "Log10", "Log1p", "Log2",
    "LogSigmoid", "LogicalNot", "NanToNum", "Negative", "Real", "Reciprocal", "Relu", "Relu6",
    "Round", "Rsqrt", "Selu", "Sigmoid", "Sign", "Signbit", "Silu", "Sin", "Sinh", "SoftShrink",
    "Softplus", "Softsign", "SparsePlus", "Sqrt", "SquarePlus", "Square", "StopGradient", "Tan",
    "Tanh", "TanhShrink", "Threshold", "Trunc", "Angle",
)  # fmt: skip

JOINS = (
    "CustomScaleLayer", "Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract",
    "ops.Add", "ops.Arctan2",
    "ops.BitwiseAnd", "ops.BitwiseOr", "ops.Divide", "ops.DivideNoNan", "ops.Equal",
    "ops.FloorDivide", "ops.Greater", "ops.GreaterEqual", "ops.Less", "ops.LessEqual",
    "ops.LogicalAnd", "ops.LogicalOr", "ops.LogicalXor", "ops.Maximum", "ops.Minimum", "ops.Mod",
    "ops.Multiply", "ops.NotEqual", "ops.Power", "ops.Subtract", "ops.TrueDivide", "ops.Where",
    "ops.Logaddexp", "ops.Hypot",
)  # fmt: skip


@rule(*UNARY)
def unary(arg: Arguments) -> Op:
    """Each output reads its own element. Outside training, augmentation hands its operand on."""
    name = type(arg.layer).__name__
    activation = getattr(getattr(arg.layer, "activation", None), "__name__", "")
    if name == "Activation" and activation in ("softmax", "log_softmax"):
        return ops.mix(arg.shape(0), [-1], kind="softmax")
    if arg.training and name in MOVING:
        return ops.opaque([arg.shape(0)], arg.shape(0), kind=arg.kind)
    return ops.pointwise(arg.shape(0), kind=arg.kind)


@rule(*(f"ops.{name}" for name in dict.fromkeys(OPS)))
def unary_op(arg: Arguments) -> Op:
    """Each output reads its own element."""
    return ops.pointwise(arg.shape(0), kind=arg.kind)


@rule(*JOINS)
def join(arg: Arguments) -> Reading:
    """Operands broadcast against each other; those that depend on an input should be aligned."""
    operands = arg.operands
    if type(arg.layer).__module__.startswith("keras.src.ops"):
        operands = [*arg.args, *arg.kwargs.values()][: max(2, len(arg.args))]
    operands = [value for value in operands if value is not None]
    return Reading(
        ops.pointwise(*(arg.shape_of(value) for value in operands), kind=arg.kind, join=True),
        operands,
    )


@rule("Softmax", "ops.Softmax", "ops.LogSoftmax")
def softmax(arg: Arguments) -> Op:
    """Over the given axes."""
    axis = getattr(arg.layer, "axis", -1)
    axes = axis if isinstance(axis, (tuple, list)) else [axis]
    return ops.mix(arg.shape(0), axes, kind="softmax")
