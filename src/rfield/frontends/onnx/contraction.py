"""Sums over axes: matrix products, Einstein sums, reductions, top-k, running sums."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ...core import arrays, ops
from ...core.arguments import normalize_axis
from ...core.ops import Op
from ...errors import InvalidModelError, unfit_shapes
from ..machine.meanings import zeros_of
from ..machine.values import Constant, Outputs
from .rulebook import Call, rule


def weights_of(*operands: Any) -> int:
    """How many elements the constant operands have: parameters."""
    return sum(prod(v.shape) for v in operands if isinstance(v, Constant))


def product(call: Call, one: Any, other: Any, **how: Any) -> Any:
    """A matrix product, with the parameters among its operands counted."""
    return arrays.matmul(one, other, parameters=weights_of(one, other), **how)


@rule("MatMul", "MatMulInteger", "com.microsoft::MatMulIntegerToFloat")
def matmul(call: Call) -> Any:
    """Matrix product.

    https://onnx.ai/onnx/operators/onnx__MatMul.html
    """
    return product(call, call[0], call[1])


@rule("QLinearMatMul", "com.microsoft::QLinearMatMul")
def qlinear_matmul(call: Call) -> Any:
    """The same on quantised numbers.

    https://onnx.ai/onnx/operators/onnx__QLinearMatMul.html
    """
    return product(call, call[0], call[3])


@rule("com.microsoft::FusedMatMul", "com.microsoft::TransposeMatMul",
      "com.microsoft::FusedMatMulActivation")  # fmt: skip
def fused_matmul(call: Call) -> Any:
    """A matrix product with axes of either operand moved first.

    ``transBatch``: the batch axes come after the first axis of the matrix; ``trans``: the last two
    axes are exchanged.
    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftfusedmatmul
    """
    one, other = (
        arrays.moveaxis(call[place], 0, -2)
        if call.flag(f"transBatch{side}") and len(call.shape(place)) > 2 else call[place]
        for place, side in enumerate("AB")
    )  # fmt: skip
    return product(
        call, one, other,
        transpose_a=call.flag("transA"), transpose_b=call.flag("transB"),
    )  # fmt: skip


@rule("com.microsoft::MatMulNBits", "com.microsoft::MatMulFpQ4", "com.microsoft::MatMulBnb4")
def matmul_of_bits(call: Call) -> Any:
    """The weight is packed; its size is in the attributes.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftmatmulnbits
    """
    shape = call.shape(0)
    inner, outer = call.int("K", 0), call.int("N", 0)
    if not shape or shape[-1] != inner or outer < 1:
        raise InvalidModelError(f"K = {inner}, N = {outer} for an operand of {shape}")
    return arrays.dense(call[0], outer)


@rule("Gemm", "com.microsoft::FusedGemm", "com.microsoft::QGemm")
def gemm(call: Call) -> Any:
    """``A @ B + C``, each of the two transposed where said.

    https://onnx.ai/onnx/operators/onnx__Gemm.html
    """
    quantised = call.op.endswith("QGemm")
    one, other = call[0], call[3 if quantised else 1]
    if len(one.shape) != 2 or len(other.shape) != 2:
        raise unfit_shapes("two matrices are expected", [one.shape, other.shape])
    made = product(
        call, one, other, kind="gemm",
        transpose_a=call.flag("transA"), transpose_b=call.flag("transB"),
    )  # fmt: skip
    if quantised or not call.depends(2):
        return made
    return arrays.add(made, call[2], kind="gemm")


@rule("Einsum")
def einsum(call: Call) -> Any:
    """Einstein summation by the labels of the equation.

    https://onnx.ai/onnx/operators/onnx__Einsum.html
    """
    return arrays.einsum(call.text("equation", ""), *call.given)


def reduced_axes(call: Call) -> list[int] | None:
    """The axes of a reduction; None where nothing is reduced at all."""
    rank = len(call.shape(0))
    axes = call.ints_at("axes", 1) if "::" not in call.op else call.ints("axes")
    if not axes:
        return None if call.flag("noop_with_empty_axes") else list(range(rank))
    return sorted({normalize_axis(axis, rank) for axis in axes})


@rule("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean",
      "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare",
      "com.microsoft::QLinearReduceMean", "com.microsoft::ReduceSumInteger")  # fmt: skip
def reduce(call: Call) -> Any:
    """Over some axes or all.

    https://onnx.ai/onnx/operators/onnx__ReduceSum.html
    """
    axes = reduced_axes(call)
    keep = call.flag("keepdims", True)
    return arrays.reduce(
        call[0],
        () if axes is None else axes,
        keepdims=keep,
        zeros=zeros_of(call.op),
        kind=call.kind,
    )


@rule("ArgMax", "ArgMin")
def arg_reduce(call: Call) -> Any:
    """Where the largest or smallest lies along one axis.

    https://onnx.ai/onnx/operators/onnx__ArgMax.html
    """
    keep = call.flag("keepdims", True)
    return arrays.arg_reduce(call[0], call.int("axis", 0), keepdims=keep, kind=call.kind)


@rule("Det")
def determinant(call: Call) -> Any:
    """Over the last two axes.

    https://onnx.ai/onnx/operators/onnx__Det.html
    """
    return arrays.reduce(call[0], (-2, -1), kind="det")


@rule("TopK")
def top_k(call: Call) -> Outputs:
    """The largest along an axis, and where they were.

    https://onnx.ai/onnx/operators/onnx__TopK.html
    """
    count = call.int("k", 1) if call.opset < 10 else call.integers(1, "k")[0]
    return Outputs(arrays.top_k(call[0], count, call.int("axis", -1)))


@rule("CumSum", "CumProd")
def cumulate(call: Call) -> Any:
    """Running sums and products, from either end, with or without the own element.

    https://onnx.ai/onnx/operators/onnx__CumSum.html
    """
    return arrays.cumulate(
        call[0], call.integer(1, "the axis"), kind=call.kind,
        exclusive=call.flag("exclusive"), reverse=call.flag("reverse"),
    )  # fmt: skip


@rule("OneHot")
def one_hot(call: Call) -> Any:
    """A new axis; every place along it reads the same index.

    https://onnx.ai/onnx/operators/onnx__OneHot.html
    """
    return arrays.one_hot(call[0], call.integer(1, "depth"), call.int("axis", -1))


def from_axis(call: Call, axis: int) -> Sequence[int]:
    """All axes from ``axis`` on."""
    rank = len(call.shape(0))
    start = axis + rank if axis < 0 else axis
    if not 0 <= start <= rank:
        raise InvalidModelError(f"axis = {axis}; the operand has {rank} axes")
    return range(start, rank)


@rule("Softmax", "LogSoftmax", "Hardmax")
def softmax(call: Call) -> Any:
    """Every output reads the whole axis; before opset 13 all axes from ``axis`` on.

    https://onnx.ai/onnx/operators/onnx__Softmax.html
    """
    if call.opset >= 13:
        axes: int | Sequence[int] = call.int("axis", -1)
    else:
        axes = from_axis(call, call.int("axis", 1))
    if call.op == "Hardmax":
        return arrays.mix(call[0], axes, kind=call.kind)
    return arrays.softmax(call[0], axes, logarithm=call.op == "LogSoftmax", kind=call.kind)


@rule("com.microsoft::QLinearSoftmax")
def qlinear_softmax(call: Call) -> Op:
    """Softmax of quantised numbers.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftqlinearsoftmax
    """
    axis = call.int("axis", -1)
    axes = [axis] if call.int("opset", 13) >= 13 else from_axis(call, axis)
    return ops.mix(call.shape(0), axes, kind="softmax")
