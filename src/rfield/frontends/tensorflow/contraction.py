"""Matrix products, reductions, softmax: ops that read whole axes."""

from __future__ import annotations

from typing import Any

from ...core import ops
from ...core.ops import Op
from ...core.relation import WHOLE
from ...errors import InvalidModelError
from ..machine.values import Outputs
from .rulebook import Call, rule

REDUCTIONS = (
    "All", "Any", "Max", "Mean", "Min", "Prod", "Sum", "EuclideanNorm", "ReduceJoin", "LogSumExp",
)  # fmt: skip


@rule(*REDUCTIONS)
def reduce(call: Call) -> Op:
    """Over the given axes; none given, over none."""
    rank = len(call.shape(0))
    axes = sorted(set(call.axes(1, rank)))
    keep = call.flag("keep_dims")
    if not axes:
        return ops.pointwise(call.shape(0), kind=call.kind)
    return ops.reduce(call.shape(0), axes, keepdims=keep, kind=call.kind)


@rule("ArgMax", "ArgMin")
def arg_reduce(call: Call) -> Op:
    """Where the largest lies."""
    rank = len(call.shape(0))
    return ops.reduce(call.shape(0), call.axes(1, rank), kind=call.kind)


@rule("Softmax", "LogSoftmax")
def softmax(call: Call) -> Op:
    """Over the last axis."""
    return ops.mix(call.shape(0), [-1], kind=call.kind)


@rule("L2Loss")
def l2_loss(call: Call) -> Op:
    """One number."""
    return ops.reduce(call.shape(0), range(len(call.shape(0))), kind="l2loss")


@rule("SoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits")
def cross_entropy(call: Call) -> Outputs:
    """The loss of each row, and its gradient."""
    logits, labels = call.shape(0), call.shape(1)
    loss = ops.reduce(logits, [-1], kind="cross_entropy")
    links = [loss.links[0]]
    if len(labels) == len(logits):
        links.append(ops.reduce(labels, [-1]).links[0])
    else:
        links.append(ops.pointwise(labels).links[0])
    loss = Op("cross_entropy", loss.shape, tuple(links))
    return Outputs([loss, ops.mix(logits, [-1], kind="cross_entropy_gradient")])


@rule("MatMul")
def matmul(call: Call) -> Op:
    """A matrix product, each operand transposed or not."""
    return _product(
        call, call.flag("transpose_a"), call.flag("transpose_b")
    )  # fmt: skip


@rule("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")
def batch_matmul(call: Call) -> Op:
    """Matrix products over leading axes that broadcast."""
    return _product(call, call.flag("adj_x"), call.flag("adj_y"))


def _product(call: Call, turn_a: bool, turn_b: bool) -> Op:
    a, b = call.shape(0), call.shape(1)
    if len(a) < 2 or len(b) < 2:
        raise InvalidModelError(f"a matrix product of {a} and {b}")
    left = [*range(-len(a), -2), *(["k", "m"] if turn_a else ["m", "k"])]
    right = [*range(-len(b), -2), *(["n", "k"] if turn_b else ["k", "n"])]
    batch = range(-max(len(a), len(b)), -2)
    if a[left.index("k")] != b[right.index("k")]:
        raise InvalidModelError(f"a matrix product of {a} and {b}")
    weights = 0 if call.depends(1) else b[-1] * b[-2]
    return ops.contract(
        [a, b], [left, right], [*batch, "m", "n"], kind="matmul", parameters=weights
    )  # fmt: skip


@rule("Einsum")
def einsum(call: Call) -> Any:
    """Labels as in the equation; ``...`` stands for leading axes."""
    equation = call.text("equation").replace(" ", "")
    terms, arrow, result = equation.partition("->")
    operands = terms.split(",")
    if len(operands) != len(call) or not arrow:
        raise InvalidModelError(f"einsum {equation!r} of {len(call)} operands")
    labels = [_labels(term, len(shape)) for term, shape in zip(operands, call.shapes, strict=True)]
    longest = max(
        (sum(isinstance(label, int) for label in names) for names in labels), default=0
    )  # fmt: skip
    free = range(-longest, 0)
    before, dots, after = result.partition("...")
    output: list[object] = [*before, *(free if dots else ()), *after]
    return ops.contract(call.shapes, labels, output, kind="einsum")


def _labels(term: str, rank: int) -> list[object]:
    """One label per axis; the axes under ``...`` are numbered from the right."""
    before, dots, after = term.partition("...")
    hidden = rank - len(before) - len(after)
    if hidden < 0 or (hidden and not dots):
        raise InvalidModelError(f"labels {term!r} for {rank} axes")
    return [*before, *range(-hidden, 0), *after]


@rule("Cumsum", "Cumprod", "CumulativeLogsumexp")
def cumulate(call: Call) -> Op:
    """Running sums, forward or backward; exclusive ones leave their own element out."""
    shape = call.shape(0)
    (axis,) = call.axes(1, len(shape))
    return ops.cumulate(shape, axis, backward=call.flag("reverse"), kind=call.kind)


@rule("TopK", "TopKV2")
def top_k(call: Call) -> Outputs:
    """The largest along the last axis and where they lie."""
    shape = call.shape(0)
    count = call.integer(1) if len(call) > 1 else call.number("k")
    op = ops.along(shape, {-1: (WHOLE, count)}, kind="top_k")
    return Outputs([op, op])


@rule("FFT", "IFFT", "FFT2D", "IFFT2D", "FFT3D", "IFFT3D")
def fourier(call: Call) -> Op:
    """Every output reads the whole of the last axes."""
    count = {"2D": 2, "3D": 3}.get(call.op[-2:], 1)
    return ops.mix(call.shape(0), range(-count, 0), kind=call.kind)


@rule("RFFT", "RFFT2D", "RFFT3D", "IRFFT", "IRFFT2D", "IRFFT3D")
def real_fourier(call: Call) -> Op:
    """The same with half of the last axis."""
    shape, count = call.shape(0), {"2D": 2, "3D": 3}.get(call.op[-2:], 1)
    lengths = list(call.integers(1))
    if call.op.startswith("R"):
        lengths[-1] = lengths[-1] // 2 + 1
    return ops.along(
        shape, {k - count: (WHOLE, lengths[k]) for k in range(count)}, kind=call.kind
    )  # fmt: skip


@rule("SegmentSum", "UnsortedSegmentSum", "SparseToDense", "ScatterNd")
def scattered(call: Call) -> Op:
    """Sums over groups: where each element goes is not looked at, so an upper bound."""
    sizes = {"UnsortedSegmentSum": 2, "ScatterNd": 2, "SparseToDense": 1}.get(call.op)
    if sizes is None:
        raise InvalidModelError("a SegmentSum has as many rows as its largest index")
    result = call.integers(sizes)
    if call.op == "UnsortedSegmentSum":
        result = (*result, *call.shape(0)[len(call.shape(1)) :])
    return ops.opaque(call.shapes, result, kind=call.kind)
