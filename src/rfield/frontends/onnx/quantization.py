"""Quantised graphs: quantising is pointwise, except where the scale is taken from the data."""

from __future__ import annotations

from collections.abc import Sequence

from ...core import ops
from ...core.link import everything, passed
from ...core.ops import Op
from .rulebook import Call, Reading, Result, rule
from .tensors import Value


@rule("QuantizeLinear", "DequantizeLinear", "com.microsoft::QuantizeLinear",
      "com.microsoft::DequantizeLinear")  # fmt: skip
def quantize(call: Call) -> Op | Reading:
    """Element by element; a scale per channel or block lies along ``axis``."""
    shape = call.shape(0)
    op = ops.pointwise(shape, kind=call.op.rpartition("::")[2].lower())
    scales = [call.optional(1), call.optional(2)]
    if any(v is not None and v.depends for v in scales):
        links = [*op.links, *(everything(len(v.shape)) for v in scales if v is not None)]
        exact = all(v is None or len(v.shape) == 0 or v.shape == (1,) for v in scales)
        kept = [call.value(0), *(v for v in scales if v is not None)]
        return Reading(Op(op.kind, op.shape, tuple(links), exact=exact), kept)
    return op


def dynamically_quantized(call: Call, value: Value) -> Value:
    """Each element from its own place, with a scale made of the largest and smallest of all."""
    rank = len(value.shape)
    op = Op("dynamic_quantize", value.shape, (passed(rank), everything(rank)))
    return call.step(op, [value, value])


@rule("DynamicQuantizeLinear")
def dynamic_quantize(call: Call) -> tuple[Result, ...]:
    """The scale and zero point depend on all elements, and so does every result."""
    x = call.value(0)
    rank = len(x.shape)
    both = Op("dynamic_quantize", x.shape, (passed(rank), everything(rank)))
    scale = Reading(Op("dynamic_quantize", (), (everything(rank),)), [x])
    return Reading(both, [x, x]), scale, scale


def _operands(call: Call, places: Sequence[int]) -> list[Value]:
    return [call.value(place) for place in places]


@rule("com.microsoft::QLinearAdd", "com.microsoft::QLinearMul")
def qlinear_binary(call: Call) -> Reading:
    """Two quantised tensors, each with its scale and zero point."""
    values = _operands(call, (0, 3))
    kind = call.op.rpartition("::")[2].lower()
    return Reading(ops.pointwise(*(v.shape for v in values), kind=kind, join=True), values)


@rule("com.microsoft::QLinearWhere")
def qlinear_where(call: Call) -> Reading:
    """A condition and two quantised tensors."""
    values = _operands(call, (0, 1, 4))
    return Reading(ops.pointwise(*(v.shape for v in values), kind="where", join=True), values)


@rule("com.microsoft::QLinearSigmoid", "com.microsoft::QLinearLeakyRelu")
def qlinear_unary(call: Call) -> Reading:
    """An activation of quantised numbers."""
    kind = call.op.rpartition("::")[2].lower()
    return Reading(ops.pointwise(call.shape(0), kind=kind), [call.value(0)])
