"""Sums over axes: matrix products, Einstein sums, reductions, top-k, running sums."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from ...core import layout, ops
from ...core.arguments import normalize_axis
from ...core.link import Link, Read
from ...core.ops import Op
from ...core.relation import IDENTITY, WHOLE
from ...errors import InvalidModelError, bad_shapes
from .rulebook import Call, Reading, rule
from .tensors import Shape, Value


def matmul(one: Value, other: Value, *, kind: str = "matmul") -> Op:
    """NumPy's ``matmul``: batch axes broadcast, a vector has one axis only."""
    a, b = one.shape, other.shape
    if not a or not b or a[-1] != b[-2 if len(b) > 1 else -1]:
        raise bad_shapes(kind, [a, b], "the inner sizes differ")
    rank = max(len(a), len(b)) - 2
    left: list[object] = ["m", "k"] if len(a) > 1 else ["k"]
    right: list[object] = ["k", "n"] if len(b) > 1 else ["k"]
    labels = (
        [*range(rank - len(a) + 2, rank), *left] if len(a) > 1 else left,
        [*range(rank - len(b) + 2, rank), *right] if len(b) > 1 else right,
    )
    output = [*range(max(0, rank)), *(["m"] if len(a) > 1 else []), *(["n"] if len(b) > 1 else [])]
    return ops.contract([a, b], labels, output, kind=kind, parameters=weights_of(one, other))


def weights_of(*operands: Value | None) -> int:
    """How many elements the constant operands have: parameters."""
    return sum(prod(v.shape) for v in operands if v is not None and not v.depends)


@rule("MatMul", "MatMulInteger", "com.microsoft::MatMulIntegerToFloat",
      "com.microsoft::DynamicQuantizeMatMul")  # fmt: skip
def plain_matmul(call: Call) -> Reading:
    """A matrix product."""
    one, other = call.value(0), call.value(1)
    if not call.op.endswith("DynamicQuantizeMatMul"):
        return Reading(matmul(one, other), [one, other])
    from .quantization import dynamically_quantized

    return Reading(matmul(one, other), [dynamically_quantized(call, one), other])


@rule("QLinearMatMul", "com.microsoft::QLinearMatMul")
def qlinear_matmul(call: Call) -> Reading:
    """The same on quantised numbers."""
    one, other = call.value(0), call.value(3)
    return Reading(matmul(one, other), [one, other])


@rule("com.microsoft::FusedMatMul", "com.microsoft::TransposeMatMul",
      "com.microsoft::FusedMatMulActivation")  # fmt: skip
def fused_matmul(call: Call) -> Reading:
    """A matrix product with the last axes of either operand exchanged first."""
    if call.int("transBatchA", 0) or call.int("transBatchB", 0):
        raise InvalidModelError("transBatchA and transBatchB are not read")
    one = _turned(call, call.value(0), "transA")
    other = _turned(call, call.value(1), "transB")
    return Reading(matmul(one, other), [one, other])


def _turned(call: Call, value: Value, attribute: str) -> Value:
    rank = len(value.shape)
    if not call.int(attribute, 0) or rank < 2:
        return value
    return call.step(layout.permute(value.shape, (*range(rank - 2), rank - 1, rank - 2)), [value])


@rule("com.microsoft::MatMulNBits", "com.microsoft::MatMulFpQ4", "com.microsoft::MatMulBnb4")
def matmul_of_bits(call: Call) -> Reading:
    """The weight is packed; its size is in the attributes."""
    shape = call.shape(0)
    inner, outer = call.int("K", 0), call.int("N", 0)
    if not shape or shape[-1] != inner or outer < 1:
        raise InvalidModelError(f"K = {inner}, N = {outer} for an operand of {shape}")
    return Reading(ops.dense(shape, outer), [call.value(0)])


@rule("Gemm", "com.microsoft::FusedGemm", "com.microsoft::QGemm")
def gemm(call: Call) -> Reading:
    """``A @ B + C``, each transposed where said."""
    values = [call.value(0), call.value(3 if call.op.endswith("QGemm") else 1)]
    a, b = values[0].shape, values[1].shape
    if len(a) != 2 or len(b) != 2:
        raise bad_shapes("gemm", [a, b], "two matrices are expected")
    left = "km" if call.int("transA", 0) else "mk"
    right = "nk" if call.int("transB", 0) else "kn"
    if a[left.index("k")] != b[right.index("k")]:
        raise bad_shapes("gemm", [a, b], "the inner sizes differ")
    op = ops.contract([a, b], [left, right], "mn", kind="gemm", parameters=weights_of(*values))
    added = call.optional(2)
    if call.op.endswith("QGemm") or added is None or not added.depends:
        return Reading(op, values)
    product = call.step(op, values)
    return Reading(
        ops.pointwise(product.shape, added.shape, kind="gemm", join=True), [product, added]
    )


@rule("Einsum")
def einsum(call: Call) -> Op:
    """Explicit or implicit output, ellipsis included."""
    text = call.text("equation", "").replace(" ", "")
    terms, arrow, output = text.partition("->")
    listed = terms.split(",")
    values = call.given
    if len(listed) != len(values):
        raise InvalidModelError(f"the equation {text!r} has {len(listed)} terms, not {len(values)}")
    labels = [_labels(term, len(v.shape)) for term, v in zip(listed, values, strict=True)]
    if arrow:
        wide = max((len([x for x in names if isinstance(x, int)]) for names in labels), default=0)
        head, dots, tail = output.partition("...")
        result: list[object] = [*head, *(range(-wide, 0) if dots else ()), *tail]
    else:
        letters = [x for names in labels for x in names if isinstance(x, str)]
        dotted = sorted({x for names in labels for x in names if isinstance(x, int)})
        result = [*dotted, *sorted(x for x in set(letters) if letters.count(x) == 1)]
    if not set(result) <= {x for names in labels for x in names}:
        raise InvalidModelError(f"the equation {text!r} has an output that no term has")
    return ops.contract([v.shape for v in values], labels, result, kind="einsum")


def _labels(term: str, rank: int) -> list[object]:
    head, dots, tail = term.partition("...")
    wide = rank - len(head) - len(tail) if dots else 0
    if wide < 0 or len(head) + len(tail) + wide != rank:
        raise InvalidModelError(f"the term {term!r} does not fit an operand of {rank} axes")
    return [*head, *range(-wide, 0), *tail]


def reduced_axes(call: Call) -> list[int] | None:
    """The axes of a reduction; None where nothing is reduced at all."""
    rank = len(call.shape(0))
    axes = call.ints_at("axes", 1)
    if not axes:
        if call.int("noop_with_empty_axes", 0):
            return None
        return list(range(rank))
    return sorted({normalize_axis(axis, rank) for axis in axes})


@rule("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean",
      "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare",
      "com.microsoft::QLinearReduceMean", "com.microsoft::ReduceSumInteger")  # fmt: skip
def reduce(call: Call) -> Reading:
    """Over some axes or all."""
    x = call.value(0)
    quantised = "::" in call.op
    if quantised:
        axes: Sequence[int] | None = call.ints("axes") or range(len(x.shape))
    else:
        axes = reduced_axes(call)
    if axes is None:
        return Reading(ops.pointwise(x.shape, kind=call.op.lower()), [x])
    kind = call.op.rpartition("::")[2].lower()
    return Reading(
        ops.reduce(x.shape, axes, keepdims=bool(call.int("keepdims", 1)), kind=kind), [x]
    )


@rule("ArgMax", "ArgMin")
def arg_reduce(call: Call) -> Op:
    """Where the largest is, along one axis."""
    axis = call.int("axis", 0)
    return ops.reduce(
        call.shape(0), [axis], keepdims=bool(call.int("keepdims", 1)), kind=call.op.lower()
    )


@rule("Det")
def determinant(call: Call) -> Op:
    """Over the last two axes."""
    return ops.reduce(call.shape(0), [-2, -1], kind="det")


@rule("TopK")
def top_k(call: Call) -> tuple[Reading, Reading]:
    """The largest along an axis, and where they were."""
    shape = call.shape(0)
    axis = normalize_axis(call.int("axis", -1), len(shape))
    count = call.int("k", 1) if call.opset < 10 else call.integers(1, "k")[0]
    if not 0 <= count <= shape[axis]:
        raise InvalidModelError(f"k = {count} of an axis of {shape[axis]}")
    op = ops.along(shape, {axis: (WHOLE, count)}, kind="topk")
    return Reading(op, [call.value(0)]), Reading(op, [call.value(0)])


@rule("CumSum", "CumProd")
def cumulate(call: Call) -> Reading:
    """Running sums; ``exclusive`` leaves out the own position."""
    shape = call.shape(0)
    axis = normalize_axis(call.integers(1, "the axis")[0], len(shape))
    backward = bool(call.int("reverse", 0))
    steps = [ops.cumulate(shape, axis, backward=backward, kind=call.op.lower())]
    if call.int("exclusive", 0):
        steps.append(layout.pad(shape, {axis: (-1, 1) if backward else (1, -1)}))
    return Reading(steps, [call.value(0)])


@rule("OneHot")
def one_hot(call: Call) -> Reading:
    """A new axis; every place on it reads the same index."""
    shape = call.shape(0)
    depth = call.integers(1, "depth")[0]
    axis = normalize_axis(call.int("axis", -1), len(shape) + 1)
    reads = [Read(k if k < axis else k + 1, IDENTITY) for k in range(len(shape))]
    result = (*shape[:axis], depth, *shape[axis:])
    return Reading(Op("one_hot", result, (Link(reads),)), [call.value(0)])


def flattened(shape: Shape, axis: int) -> Sequence[int]:
    """All axes from ``axis`` on: what old softmax ops ran over."""
    axis = axis + len(shape) if axis < 0 else axis
    if not 0 <= axis <= len(shape):
        raise InvalidModelError(f"axis = {axis}; the operand has {len(shape)} axes")
    return range(axis, len(shape))


@rule("Softmax", "LogSoftmax", "Hardmax")
def softmax(call: Call) -> Op:
    """Every output reads the whole axis; before opset 13 all axes from ``axis`` on."""
    shape = call.shape(0)
    if call.opset >= 13:
        axes: Sequence[int] = [call.int("axis", -1)] if shape else []
    else:
        axes = flattened(shape, call.int("axis", 1))
    return ops.mix(shape, axes, kind=call.op.lower())


@rule("com.microsoft::QLinearSoftmax")
def qlinear_softmax(call: Call) -> Reading:
    """Softmax of quantised numbers."""
    shape = call.shape(0)
    axis = call.int("axis", -1)
    axes = [axis] if call.int("opset", 13) >= 13 else flattened(shape, axis)
    return Reading(ops.mix(shape, axes, kind="softmax"), [call.value(0)])
