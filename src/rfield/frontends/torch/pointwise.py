"""Ops that read each element from its own place, with broadcasting.

A pointwise op is one name below. In-place forms (``relu_``) and all overloads are included.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ...core import arrays, ops
from ...core.algebra import Elementwise
from ...core.ops import Op
from ..machine.complexes import put_together, taken_apart
from ..machine.functions import is_function
from ..machine.masks import EXTREME
from ..machine.meanings import algebra_of
from ..machine.swallowing import clamped
from ..machine.values import Constant
from .rulebook import Arguments, Reading, rule
from .values import is_weight

FLOATING = """
abs absolute acos acosh add addcdiv addcmul asin asinh atan atan2 atanh ceil celu clamp clamp_max
clamp_min clip copysign cos cosh deg2rad dequantize digamma div divide elu erf erfc erfinv exp exp2
expm1 fix floor fmax fmin fmod frac gelu hardshrink hardsigmoid hardswish hardtanh hypot leaky_relu
lerp lgamma log log10 log1p log2 log_sigmoid logit maximum minimum mish mul multiply nan_to_num neg
negative pow _prelu_kernel rad2deg reciprocal relu relu6 remainder round rsqrt rsub selu sgn sigmoid
sign silu sin sinc sinh softplus softshrink special_entr special_expit sqrt square sub subtract tan
tanh threshold true_divide trunc xlogy
"""
"""Of floating-point numbers, a floating-point number of the same type."""

OTHERS = """
alpha_dropout angle bernoulli bitwise_and bitwise_left_shift bitwise_not bitwise_or
bitwise_right_shift bitwise_xor conj_physical eq feature_dropout float_power floor_divide ge greater
greater_equal gt heaviside i0 igamma igammac isfinite isinf isnan isneginf isposinf ldexp le less
less_equal logaddexp logaddexp2 logical_and logical_not logical_or logical_xor
lt max.other min.other ne nextafter not_equal polar polygamma rrelu rrelu_with_noise signbit
special_erfcx special_i0e special_i1 special_i1e special_log_ndtr special_ndtr special_xlog1py
special_zeta
__and__ __or__ __xor__ __lshift__ __rshift__ _conj_physical complex
"""

SAME = """
alias clone contiguous detach detach_copy _conj conj resolve_conj resolve_neg lift lift_fresh
lift_fresh_copy to _to_copy type_as dropout
positive _neg_view
"""


def pointwise(arg: Arguments) -> Op | Reading | Constant | None:
    """Every tensor argument, broadcast; no times a tensor is zero."""
    algebra, number = algebra_of(arg.short), arg.get("other")
    if isinstance(number, complex) and not arg.operands[0].is_complex():
        found = _imaginary(arg.short, arg.operands[0], number)
        if found is not None:
            return found
    elif isinstance(number, complex) and arg.short in ("mul", "multiply", "div", "divide"):
        both = [arg.operands[0], _tensor(number)]
        return arrays.pointwise(*both, kind=arg.short, algebra=algebra)
    if 0 in (arg.get("alpha", 1), arg.get("value", 1)) and len(arg.operands) > 1:
        left = arg.operands[1 if arg.short == "rsub" else 0]
        return arrays.broadcast_to(left, broadcast(arg).shape)
    if arg.short in _BOUNDS:
        ends = ("min_val", "max_val") if arg.short == "hardtanh" else ("min", "max")
        low, high = map(arg.get, ends)
        return clamped(arg.self, low, high, arg.short)
    if arg.short in ("pow", "float_power") and (_is(arg.exponent, 0) or _is(arg.self, 1)):
        return _everywhere(1.0, arg)
    share = arg.get("weight") if arg.short == "lerp" else None
    if isinstance(share, (int, float)) and share in (0, 1):
        return arrays.broadcast_to(arg.operands[int(share)], broadcast(arg).shape)
    if arg.short in _WRITTEN_OUT and (arg.masked or not all(map(arg.depends, arg.operands))):
        return _WRITTEN_OUT[arg.short](arg)
    if len(arg.operands) == 1 and isinstance(number, (int, float)):
        gone = algebra == "divide" and np.isinf(number) and arg.get("rounding_mode") is None
        if gone or (algebra == "multiply" and number == 0):
            return _everywhere(0.0, arg)
        counts = arg.masked or (algebra == "multiply" and abs(number) >= EXTREME)
        told = algebra in _NUMBERED or is_function(_function(arg), 2)
        alone = number == 1 and algebra in ("multiply", "divide")
        if counts and told and not alone and arg.get("alpha", 1) == 1:
            both = [arg.operands[0], _tensor(float(number))]
            if arg.short == "rsub":
                return arrays.pointwise(*reversed(both), kind="sub", algebra="subtract")
            return arrays.pointwise(*both, kind=_function(arg), algebra=algebra)
    return broadcast(arg)


def _everywhere(number: float, arg: Arguments) -> Constant:
    """The result where it is one number, whatever the operands hold."""
    shape = broadcast(arg).shape
    return Constant(shape, np.broadcast_to(number, shape), made=True)


def _function(arg: Arguments) -> str:
    """The name of the function, with what chooses another one than the op's name says."""
    if arg.get("rounding_mode") is not None:
        return {"floor": "floor_divide", "trunc": "truncate_divide"}[arg.rounding_mode]
    if arg.short == "bitwise_not" and arg.operands[0].dtype == torch.bool:
        return "logical_not"
    scaled, cut = arg.get("alpha", 1) != 1, arg.get("decimals")
    return f"{arg.short}_scaled" if scaled else "round_decimals" if cut else arg.short


def _blended(arg: Arguments) -> Reading:
    """``(1 - weight) * self + weight * end``: each is read where its own factor is not zero."""
    share = arg.weight
    if isinstance(share, torch.Tensor):
        known = None if is_weight(share) else arg.constant(share)
        rest = _without(share) if known is None else _tensor(1 - known.detach().double().numpy())
    else:
        share, rest = _tensor(float(share)), _tensor(1 - float(share))
    parts = [arrays.multiply(arg.self, rest), arrays.multiply(arg.end, share)]
    return arrays.add(*parts, kind="lerp")


def _without(share: torch.Tensor) -> Reading:
    return arrays.pointwise(_tensor(1.0), share, kind="subtract", algebra="subtract")


def _accumulated(arg: Arguments) -> Reading:
    """``self + value * first * second``, or over the second."""
    kind: Elementwise = "multiply" if arg.short == "addcmul" else "divide"
    part = arrays.pointwise(arg.tensor1, arg.tensor2, kind=kind, algebra=kind)
    plain: Elementwise = "add" if _positive(arg.value) else "compare"
    return arrays.pointwise(arg.self, part, kind=arg.short, algebra=plain)


_WRITTEN_OUT = {"lerp": _blended, "addcmul": _accumulated, "addcdiv": _accumulated}
"""Sums of products, which zeros go through part by part."""

_BOUNDS = frozenset({"clamp", "clamp_min", "clamp_max", "clip", "hardtanh"})

_NUMBERED = ("add", "subtract", "multiply", "divide")
"""What a number may do to another that stands for minus infinity depends on the number."""


def broadcast(arg: Arguments) -> Op:
    """Every tensor argument, broadcast; once a tensor is no op at all."""
    algebra: Elementwise | None = algebra_of(arg.short)
    alone = len(arg.operands) == 1
    if alone and arg.short in ("mul", "div") and _is(arg.get("other"), 1):
        return ops.pointwise(tuple(arg.operands[0].shape), kind="identity")
    if algebra in ("add", "subtract") and not _positive(arg.get("alpha", 1)):
        algebra = None
    elif algebra == "multiply" and alone and _positive(arg.get("other")):
        algebra = "scale"
    elif algebra == "veil" and alone and _positive(arg.get("exponent")):
        algebra = "keep"
    shapes = [tuple(t.shape) for t in arg.operands]
    kind = _function(arg) if arg.masked else arg.short
    return ops.pointwise(*shapes, kind=kind, join=True, algebra=algebra)


def _is(number: object, this: int) -> bool:
    return isinstance(number, (int, float)) and number == this


def _positive(number: object) -> bool:
    return isinstance(number, (int, float)) and number > 0


rule(*(f"aten::{name}" for name in FLOATING.split()), shaped="floats", complete=True)(pointwise)
rule(*(f"aten::{name}" for name in OTHERS.split()), complete=True)(pointwise)
rule(*(f"aten::normal.{name}" for name in ("Tensor_float", "float_Tensor", "Tensor_Tensor")))(
    pointwise
)


@rule("aten::log_sigmoid_forward")
def log_sigmoid(arg: Arguments) -> tuple[Op, Op]:
    """The result, and what the gradient needs of it."""
    return broadcast(arg), broadcast(arg)


@rule("aten::prelu", shaped="floats")
def prelu(arg: Arguments) -> Reading:
    """Each channel (axis 1) has a slope, or one slope is for all.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.prelu.html
    """
    slope = arg.weight
    if slope.dim() and arg.self.dim() > 2:
        slope = arrays.reshape(slope, (-1, *(1,) * (arg.self.dim() - 2)))
    return arrays.pointwise(arg.self, slope, kind="prelu", algebra="keep")


@rule("aten::where", shaped="floats", complete=True)
def where(arg: Arguments) -> Reading:
    """One or the other, element by element, as the condition says.

    https://docs.pytorch.org/docs/stable/generated/torch.where.html
    """
    return _chosen(arg.condition, arg.get("self"), arg.get("other"))


@rule("aten::masked_fill", shaped="floats", complete=True)
def masked_fill(arg: Arguments) -> Reading:
    """A value where the mask is set, the element elsewhere.

    https://docs.pytorch.org/docs/stable/generated/torch.Tensor.masked_fill.html
    """
    return _chosen(arg.mask, arg.value, arg.self)


@rule("aten::tril", "aten::triu", shaped="floats")
def triangle(arg: Arguments) -> Reading:
    """The elements on one side of a diagonal of the last two axes; zero on the other side.

    https://docs.pytorch.org/docs/stable/generated/torch.tril.html
    """
    rows, columns = arg.self.shape[-2:]
    lower = np.tri(rows, columns, arg.diagonal - (arg.short == "triu"), dtype=bool)
    mask = lower if arg.short == "tril" else ~lower
    kept = Constant(mask.shape, mask, made=True, sized=True)  # made for the size at hand
    return _chosen(kept, arg.self, 0)


def _chosen(condition: Any, one: Any, other: Any) -> Reading:
    operands = [condition, *(_tensor(part) for part in (one, other))]
    op = ops.pointwise(*[tuple(o.shape) for o in operands], join=True, algebra="where")
    return Reading(op, operands)


def _tensor(part: Any) -> Any:
    """A number in the place of a tensor is a constant."""
    return part if hasattr(part, "shape") else Constant((), np.asarray(part), made=True)


def same(arg: Arguments) -> Op | Reading:
    """The same elements: no op at all in the graph; of a real number made complex one part is."""
    given, asked = arg.operands[0], arg.get("dtype")
    if asked is not None and asked.is_complex and not given.is_complex():
        return _of_parts(given, 0.0)
    made = arg.result.dtype if isinstance(arg.result, torch.Tensor) else given.dtype
    if arg.masked and given.is_floating_point() and not made.is_floating_point:
        kind = "cast" if made == torch.bool else "trunc"
        return ops.pointwise(tuple(given.shape), kind=kind, algebra="keep")
    return ops.pointwise(tuple(given.shape), kind="identity")


def _imaginary(short: str, real: Any, number: complex) -> Reading | None:
    """A tensor of real numbers times, or plus, a complex number."""
    if short in ("add", "sub"):
        return _of_parts(real, number.imag)
    if short not in ("mul", "div"):
        return None
    scaled = arrays.pointwise(real, kind="multiply", algebra="keep")
    return _of_parts(scaled if number.real else 0.0, scaled if number.imag else 0.0)


def _of_parts(real: Any, imaginary: Any) -> Reading:
    shape = tuple(real.shape if hasattr(real, "shape") else imaginary.shape)
    parts = [
        part if hasattr(part, "shape") else Constant(shape, np.full(shape, part), made=True)
        for part in (real, imaginary)
    ]
    return Reading(ops.pointwise(shape, shape, kind="complex", join=True, algebra="keep"), parts)


rule(*(f"aten::{name}" for name in SAME.split()))(same)


@rule("aten::copy", complete=True)
def copy(arg: Arguments) -> Reading:
    """``a.copy_(b)``: nothing of ``a`` is left."""
    shape = tuple(arg.self.shape)
    return Reading(_taken(tuple(arg.src.shape), shape), [arg.src])


def _taken(shape: tuple[int, ...], result: tuple[int, ...]) -> Op:
    op = ops.pointwise(shape, result, kind="identity" if shape == result else "expand")
    return Op(op.kind, op.shape, op.links[:1], algebra="move")


@rule("aten::fill", "aten::zero", "aten::uniform", "aten::normal", "aten::random",
      "aten::exponential", complete=True)  # fmt: skip
def fill(arg: Arguments) -> Reading | None:
    """Overwritten by one value; that value may be a tensor."""
    value = arg.get("value", 0 if arg.short == "zero" else None)
    if value is None:
        return None
    number = _tensor(value)
    return Reading(_taken(tuple(number.shape), tuple(arg.self.shape)), [number])


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
    return [split, replace(ops.reduce(split.shape, [axis], kind="glu"), algebra=None)]


@rule("aten::frexp")
def frexp(arg: Arguments) -> tuple[Op, Op]:
    """Mantissa and exponent."""
    return broadcast(arg), broadcast(arg)


@rule("aten::view_as_real", "aten::view_as_real_copy")
def view_as_real(arg: Arguments) -> Op:
    """A complex number as a new last axis of two.

    https://docs.pytorch.org/docs/stable/generated/torch.view_as_real.html
    """
    return taken_apart(tuple(arg.self.shape))


@rule("aten::view_as_complex", "aten::view_as_complex_copy")
def view_as_complex(arg: Arguments) -> Op:
    """The last axis of two becomes one number."""
    return put_together(tuple(arg.self.shape))


@rule("aten::real", "aten::imag")
def part_of_complex(arg: Arguments) -> Op:
    """One part of a complex number."""
    return ops.pointwise(tuple(arg.self.shape), kind=arg.short, algebra="keep")
