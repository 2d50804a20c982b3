"""Ops that read each element from its own place, with broadcasting.

A pointwise op is one name below. In-place forms (``relu_``) and all overloads are included.
"""

from __future__ import annotations

from ...core import ops
from ...core.ops import Op
from .rulebook import Arguments, Reading, rule

POINTWISE = """
abs absolute acos acosh add addcdiv addcmul alpha_dropout angle asin asinh atan atan2 atanh
bernoulli bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor ceil
celu clamp clamp_max clamp_min clip conj_physical copysign cos cosh deg2rad digamma div divide elu
eq erf erfc erfinv exp exp2 expm1 feature_dropout fix float_power floor floor_divide fmax fmin fmod
frac ge gelu greater greater_equal gt hardshrink hardsigmoid hardswish hardtanh heaviside hypot i0
igamma igammac isfinite isinf isnan isneginf isposinf le leaky_relu lerp less less_equal lgamma
log log10 log1p log2 log_sigmoid log_sigmoid_forward logaddexp logaddexp2 logical_and logical_not
logical_or logical_xor logit lt masked_fill max.other maximum min.other minimum mish mul multiply
nan_to_num ne neg negative nextafter not_equal polar polygamma positive pow prelu _prelu_kernel
rad2deg reciprocal relu relu6 remainder round rrelu rrelu_with_noise rsqrt rsub selu sgn sigmoid
sign signbit silu sin sinc sinh softplus softshrink special_entr special_erfcx special_expit
special_i0e special_i1 special_i1e special_log_ndtr special_ndtr special_xlog1py sqrt square sub
subtract tan tanh threshold true_divide trunc where xlogy __and__ __or__ __xor__ __lshift__
__rshift__ _conj_physical real_if_close fake_quantize_per_tensor_affine
fake_quantize_per_channel_affine quantize_per_tensor quantize_per_channel dequantize complex
ldexp logcumsumexp_pointwise nan_to_num
"""

SAME = """
alias clone contiguous detach detach_copy _conj conj resolve_conj resolve_neg lift lift_fresh
lift_fresh_copy to _to_copy type_as dropout native_alpha_dropout _reshape_alias_same
requires_grad copy_to_same positive _neg_view
"""

_FIRST_ONLY = frozenset({"quantize_per_tensor", "quantize_per_channel"})


def pointwise(arg: Arguments) -> Op:
    """Every tensor argument, broadcast."""
    return ops.pointwise(*[tuple(t.shape) for t in arg.operands], kind="pointwise", join=True)


for _name in dict.fromkeys(POINTWISE.split()):
    if _name not in SAME.split():
        rule(f"aten::{_name}")(pointwise)


def same(arg: Arguments) -> Op:
    """The same elements: no op at all in the graph."""
    return ops.pointwise(tuple(arg.operands[0].shape), kind="identity")


for _name in SAME.split():
    rule(f"aten::{_name}")(same)


@rule("aten::copy", "aten::_copy_from")
def copy(arg: Arguments) -> Reading:
    """``a.copy_(b)``: nothing of ``a`` is left."""
    shape = tuple(arg.self.shape)
    return Reading(_taken(tuple(arg.src.shape), shape), [arg.src])


def _taken(shape: tuple[int, ...], result: tuple[int, ...]) -> Op:
    op = ops.pointwise(shape, result, kind="identity" if shape == result else "expand")
    return Op(op.kind, op.shape, op.links[:1])


@rule("aten::fill", "aten::zero", "aten::uniform", "aten::normal", "aten::random",
      "aten::exponential")  # fmt: skip
def fill(arg: Arguments) -> Reading | None:
    """Overwritten by one value; that value may be a tensor."""
    value = arg.get("value")
    if value is None or not hasattr(value, "shape"):
        return None
    return Reading(_taken(tuple(value.shape), tuple(arg.self.shape)), [value])


@rule("aten::native_dropout")
def native_dropout(arg: Arguments) -> tuple[Op, None]:
    """The result, and a mask that depends on chance only."""
    return ops.pointwise(tuple(arg.input.shape), kind="dropout"), None


@rule("aten::glu")
def glu(arg: Arguments) -> list[Op]:
    """The first half times a gate made of the second."""
    from ...core import layout

    shape = tuple(arg.self.shape)
    axis = arg.dim % len(shape)
    half = shape[axis] // 2
    split = layout.reshape(shape, (*shape[:axis], 2, half, *shape[axis + 1 :]))
    return [split, ops.reduce(split.shape, [axis], kind="glu")]


@rule("aten::frexp")
def frexp(arg: Arguments) -> tuple[Op, Op]:
    """Mantissa and exponent."""
    return pointwise(arg), pointwise(arg)


@rule("aten::view_as_real", "aten::view_as_real_copy")
def view_as_real(arg: Arguments) -> list[Op]:
    """A complex number as a new last axis of two."""
    from ...core import layout

    shape = tuple(arg.self.shape)
    column = layout.reshape(shape, (*shape, 1))
    return [column, layout.expand(column.shape, (*shape, 2))]


@rule("aten::view_as_complex", "aten::view_as_complex_copy")
def view_as_complex(arg: Arguments) -> Op:
    """The last axis of two becomes one number."""
    return ops.reduce(tuple(arg.self.shape), [-1], kind="complex")


@rule("aten::real", "aten::imag")
def part_of_complex(arg: Arguments) -> Op:
    """One part of a complex number."""
    return ops.pointwise(tuple(arg.self.shape), kind="pointwise")
