"""Layers and ops that act element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core import arrays, ops
from ..machine.meanings import algebra_of
from ..machine.swallowing import clamped
from ..machine.values import Constant, Dependent, known
from .rulebook import Call, operand, rule

HANDED_ON = """
ActivityRegularization AlphaDropout AugMix CutMix Dropout GaussianDropout GaussianNoise Identity
MixUp RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast
RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHue
RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation RandomSharpness
RandomShear RandomTranslation RandomZoom SpatialDropout1D SpatialDropout2D SpatialDropout3D
StochasticDepth
"""
"""Layers of which nothing is left outside training."""

NOISE = """
AlphaDropout Dropout GaussianDropout GaussianNoise RandomBrightness RandomHue RandomInvert
RandomPosterization SpatialDropout1D SpatialDropout2D SpatialDropout3D
"""
"""Those which change each element by itself in training too; the others mix or move elements."""

LAYERS = """
ELU LayerScale LeakyReLU Normalization PReLU ReLU Rescaling Solarization
"""

OPS = """
Abs Absolute Angle Arccos Arccosh Arcsin Arcsinh Arctan Arctanh BitwiseInvert BitwiseNot Cast Cbrt
Ceil Celu Conj Conjugate ConvertToTensor Copy Cos Cosh Deg2rad Elu Erf Erfc Erfinv Exp Exp2
Expm1 Fabs Floor Gelu HardShrink HardSigmoid HardSilu HardTanh I0 Imag Isfinite Isinf Isnan
Isneginf Isposinf Isreal LeakyRelu Log Log10 Log1p Log2 LogSigmoid LogicalNot NanToNum Negative
Rad2deg Real Reciprocal Relu Relu6 Round Rsqrt SaturateCast Selu Sigmoid Sign Signbit Silu Sin Sinc
Sinh SoftShrink Softplus Softsign SparsePlus SparseSigmoid Sqrt Square Squareplus StopGradient Tan
Tanh TanhShrink Threshold Trunc
"""

JOINS = """
Add Arctan2 BitwiseAnd BitwiseLeftShift BitwiseOr BitwiseRightShift BitwiseXor Divide DivideNoNan
Equal FloorDivide Fmax Fmin Fmod Gcd Greater GreaterEqual Heaviside Hypot Isclose Lcm Ldexp
LeftShift Less LessEqual LogicalAnd LogicalOr LogicalXor Logaddexp Logaddexp2 Maximum Minimum Mod
Multiply Nextafter NotEqual Polar Power RightShift Subtract TrueDivide
"""


@rule(*HANDED_ON.split())
def handed_on(call: Call) -> Any:
    """Noise and augmentation: outside training the operand itself.

    https://keras.io/api/layers/preprocessing_layers/image_augmentation/
    """
    name = type(call.layer).__name__
    if not call.training or name in ("ActivityRegularization", "Identity"):
        return call[0]
    shape = call.shape(0)
    if name in NOISE.split():
        op = ops.pointwise(shape, kind=call.kind)
        return op.drawn if getattr(call.layer, "rate", 1) else op
    return ops.opaque([shape], shape, kind=call.kind).drawn


@rule("Activation")
def activation(call: Call) -> Any:
    """The function by its name; a softmax is over the last axis.

    https://keras.io/api/layers/core_layers/activation/
    """
    name = getattr(call.layer.activation, "__name__", "")
    if name in ("softmax", "log_softmax", "sparsemax"):
        return arrays.softmax(call[0], logarithm=name == "log_softmax")
    if name == "glu":
        return _glu(call[0], -1)
    return arrays.pointwise(call[0], kind=name or "activation")


@rule(*LAYERS.split(), *(f"ops.{name}" for name in OPS.split()))
def unary(call: Call) -> Any:
    """Each output reads its own element.

    https://keras.io/api/ops/numpy/
    """
    return arrays.pointwise(call[0], kind=call.kind, algebra=algebra_of(type(call.layer).__name__))


@rule("ops.Clip")
def clip(call: Call) -> Any:
    """Each element between two bounds.

    https://keras.io/api/ops/numpy/#clip-function
    """
    return clamped(call[0], call.layer.x_min, call.layer.x_max, call.kind)


@rule("Masking")
def masking(call: Call) -> Any:
    """A step of which all features have one value is set to zero; where that is zero, it stays.

    https://keras.io/api/layers/core_layers/masking/
    """
    call.machine.pads = True
    if call.layer.mask_value == 0:
        return arrays.pointwise(call[0], kind="masking", algebra="keep")
    return arrays.mix(call[0], -1, kind="masking")


@rule("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract")
def merge(call: Call) -> Any:
    """Operands broadcast against each other.

    https://keras.io/api/layers/merging_layers/
    """
    parts = call.get("inputs", 0)
    rank = max(len(part.shape) for part in parts)
    wide = [_with_batch_first(part, rank) for part in parts]
    return arrays.pointwise(*wide, kind=call.kind, algebra=algebra_of(type(call.layer).__name__))


def _with_batch_first(part: Any, rank: int) -> Any:
    """Layers that merge put missing axes after the batch."""
    missing = rank - len(part.shape)
    if not missing:
        return part
    return arrays.reshape(part, (part.shape[0], *[1] * missing, *part.shape[1:]))


@rule(*(f"ops.{name}" for name in JOINS.split()))
def join(call: Call) -> Any:
    """NumPy's broadcasting; operands that depend on an input should be aligned.

    https://keras.io/api/ops/numpy/
    """
    parts = call.tensors()[:2]
    return arrays.pointwise(*parts, kind=call.kind, algebra=algebra_of(type(call.layer).__name__))


@rule("ops.Where")
def where(call: Call) -> Any:
    """The second operand where the condition holds, else the third.

    https://keras.io/api/ops/numpy/#where-function
    """
    condition, one, other = call.tensors()
    return arrays.where(condition, one, other)


@rule("ops.Select")
def select(call: Call) -> Any:
    """The first choice whose condition holds.

    https://keras.io/api/ops/numpy/#select-function
    """
    made = operand(call.get("default", 2, 0))
    cases = zip(call.get("condlist", 0), call.get("choicelist", 1), strict=True)
    for condition, choice in reversed([*cases]):
        made = arrays.where(operand(condition), operand(choice), made)
    return made


@rule("ops.Digitize", "ops.SearchSorted", "ops.IsIn")
def against_a_table(call: Call) -> Any:
    """Each element by itself against all of a table.

    https://keras.io/api/ops/numpy/#digitize-function
    """
    parts = call.tensors()
    own, table = parts[::-1] if call.op == "ops.SearchSorted" else parts
    return arrays.searchsorted(table, own, rows=0)


@rule("Softmax")
def softmax_layer(call: Call) -> Any:
    """Over the given axes; where a mask is False nothing is read.

    https://keras.io/api/layers/activation_layers/softmax/
    """
    x, mask = call[0], call.get("mask", 1)
    if mask is not None:
        found = operand(mask)
        array = found.array if isinstance(found, Constant) else None
        condition = found if array is None else known(array > 0.5)
        x = arrays.where(condition, x, -np.inf)
    return arrays.softmax(x, call.layer.axis)


@rule("ops.Softmax", "ops.LogSoftmax", "ops.Sparsemax")
def softmax(call: Call) -> Any:
    """Over the given axis.

    https://keras.io/api/ops/nn/#softmax-function
    """
    return arrays.softmax(call[0], call.layer.axis, logarithm=call.op == "ops.LogSoftmax")


@rule("ops.Glu")
def glu(call: Call) -> Any:
    """The axis is halved; one half gates the other.

    https://keras.io/api/ops/nn/#glu-function
    """
    return _glu(call[0], call.layer.axis)


def _glu(x: Any, axis: int) -> Any:
    one, other = arrays.split(x, 2, axis)
    return arrays.pointwise(one, other, kind="glu")


@rule("ops.ZerosLike", "ops.OnesLike", "ops.FullLike", "ops.EmptyLike", complete=True)
def like(call: Call) -> Any:
    """Only the shape is read.

    https://keras.io/api/ops/numpy/#zeros_like-function
    """
    number = {"ops.ZerosLike": 0, "ops.OnesLike": 1}.get(call.op)
    shape = call.shape(0)
    value = call.get("fill_value", 1) if call.op == "ops.FullLike" else None
    if isinstance(value, Dependent):
        return arrays.broadcast_to(value, shape)
    if number is None:
        return Constant(shape, made=True)
    return known(np.broadcast_to(np.float32(number), shape))
