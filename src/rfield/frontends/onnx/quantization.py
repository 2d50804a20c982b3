"""Quantised graphs: quantising is pointwise, except where the scale is taken from the data."""

from __future__ import annotations

from typing import Any

from ...core import arrays, ops
from ...core.link import everything, passed
from ...core.ops import Op
from ..machine.values import Outputs
from .contraction import product
from .rulebook import Call, rule


@rule("QuantizeLinear", "DequantizeLinear", "com.microsoft::QuantizeLinear",
      "com.microsoft::DequantizeLinear")  # fmt: skip
def quantize(call: Call) -> Op:
    """Element by element; a scale per channel or block lies along ``axis``.

    https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html
    """
    shape = call.shape(0)
    scales = [value for value in call.operands[1:3] if value is not None]
    links = (passed(len(shape)), *(everything(len(value.shape)) for value in scales))
    single = all(value.shape in ((), (1,)) for value in scales)
    fixed = not any(call.depends(place) for place in (1, 2))
    return Op(call.kind, shape, links, exact=single or fixed)


def _by_all(x: Any) -> Any:
    """Each element from its own place, with a scale made of the largest and smallest of all."""
    rank = len(x.shape)
    op = Op("dynamic_quantize", tuple(x.shape), (passed(rank), everything(rank)), algebra="keep")
    return arrays.read(op, x, x)


@rule("DynamicQuantizeLinear")
def dynamic_quantize(call: Call) -> Outputs:
    """The scale and zero point depend on all elements, and so does every result.

    https://onnx.ai/onnx/operators/onnx__DynamicQuantizeLinear.html
    """
    scale = arrays.reduce(call[0], kind="dynamic_quantize")
    return Outputs([_by_all(call[0]), scale, scale])


@rule("com.microsoft::DynamicQuantizeMatMul")
def dynamic_matmul(call: Call) -> Any:
    """A matrix product after quantising by the data.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftdynamicquantizematmul
    """
    return product(call, _by_all(call[0]), call[1])


@rule("com.microsoft::QLinearAdd", "com.microsoft::QLinearMul")
def qlinear_binary(call: Call) -> Any:
    """Two quantised tensors, each with its scale and zero point.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftqlinearadd
    """
    return arrays.pointwise(call[0], call[3], kind=call.kind)


@rule("com.microsoft::QLinearWhere")
def qlinear_where(call: Call) -> Any:
    """A condition and two quantised tensors.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftqlinearwhere
    """
    return arrays.where(call[0], call[1], call[4])


@rule("com.microsoft::QLinearSigmoid", "com.microsoft::QLinearLeakyRelu")
def qlinear_unary(call: Call) -> Op:
    """An activation of quantised numbers.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftqlinearsigmoid
    """
    return ops.pointwise(call.shape(0), kind=call.kind)
