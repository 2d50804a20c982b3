"""Matrix products, reductions, softmax: ops that read whole axes."""

from __future__ import annotations

from typing import Any

from ...core import ops
from ...core.ops import Op
from ...core.relation import WHOLE
from ...errors import InvalidModelError
from .rulebook import Arguments, rule
from .values import Outputs

REDUCTIONS = (
    "All", "Any", "Max", "Mean", "Min", "Prod", "Sum", "EuclideanNorm", "ReduceJoin", "LogSumExp",
)  # fmt: skip


@rule(*REDUCTIONS)
def reduce(arg: Arguments) -> Op:
    """Over the given axes; none given, over none."""
    rank = len(arg.shape(0))
    axes = sorted(set(arg.axes(1, rank)))
    keep = arg.flag("keep_dims")
    if not axes:
        return ops.pointwise(arg.shape(0), kind=arg.op.lower())
    return ops.reduce(arg.shape(0), axes, keepdims=keep, kind=arg.op.lower())


@rule("ArgMax", "ArgMin")
def arg_reduce(arg: Arguments) -> Op:
    """Where the largest lies."""
    rank = len(arg.shape(0))
    return ops.reduce(arg.shape(0), arg.axes(1, rank), kind=arg.op.lower())


@rule("Softmax", "LogSoftmax")
def softmax(arg: Arguments) -> Op:
    """Over the last axis."""
    return ops.mix(arg.shape(0), [-1], kind=arg.op.lower())


@rule("L2Loss")
def l2_loss(arg: Arguments) -> Op:
    """One number."""
    return ops.reduce(arg.shape(0), range(len(arg.shape(0))), kind="l2loss")


@rule("SoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits")
def cross_entropy(arg: Arguments) -> Outputs:
    """The loss of each row, and its gradient."""
    logits, labels = arg.shape(0), arg.shape(1)
    loss = ops.reduce(logits, [-1], kind="cross_entropy")
    links = [loss.links[0]]
    if len(labels) == len(logits):
        links.append(ops.reduce(labels, [-1]).links[0])
    else:
        links.append(ops.pointwise(labels).links[0])
    loss = Op("cross_entropy", loss.shape, tuple(links))
    return Outputs([loss, ops.mix(logits, [-1], kind="cross_entropy_gradient")])


@rule("MatMul")
def matmul(arg: Arguments) -> Op:
    """A matrix product, each operand transposed or not."""
    return _product(
        arg, arg.flag("transpose_a"), arg.flag("transpose_b")
    )  # fmt: skip


@rule("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")
def batch_matmul(arg: Arguments) -> Op:
    """Matrix products over leading axes that broadcast."""
    return _product(arg, arg.flag("adj_x"), arg.flag("adj_y"))


def _product(arg: Arguments, turn_a: bool, turn_b: bool) -> Op:
    a, b = arg.shape(0), arg.shape(1)
    if len(a) < 2 or len(b) < 2:
        raise InvalidModelError(f"a matrix product of {a} and {b}")
    left = [*range(-len(a), -2), *(["k", "m"] if turn_a else ["m", "k"])]
    right = [*range(-len(b), -2), *(["n", "k"] if turn_b else ["k", "n"])]
    batch = range(-max(len(a), len(b)), -2)
    if a[left.index("k")] != b[right.index("k")]:
        raise InvalidModelError(f"a matrix product of {a} and {b}")
    weights = 0 if arg.depends(1) else b[-1] * b[-2]
    return ops.contract(
        [a, b], [left, right], [*batch, "m", "n"], kind="matmul", parameters=weights
    )  # fmt: skip


@rule("Einsum")
def einsum(arg: Arguments) -> Any:
    """Labels as in the equation; ``...`` stands for leading axes."""
    equation = arg.text("equation").replace(" ", "")
    terms, arrow, result = equation.partition("->")
    operands = terms.split(",")
    if len(operands) != len(arg) or not arrow:
        raise InvalidModelError(f"einsum {equation!r} of {len(arg)} operands")
    labels = [_labels(term, len(shape)) for term, shape in zip(operands, arg.shapes, strict=True)]
    longest = max(
        (sum(isinstance(label, int) for label in names) for names in labels), default=0
    )  # fmt: skip
    free = range(-longest, 0)
    before, dots, after = result.partition("...")
    output: list[object] = [*before, *(free if dots else ()), *after]
    return ops.contract(arg.shapes, labels, output, kind="einsum")


def _labels(term: str, rank: int) -> list[object]:
    """One label per axis; the axes under ``...`` are numbered from the right."""
    before, dots, after = term.partition("...")
    hidden = rank - len(before) - len(after)
    if hidden < 0 or (hidden and not dots):
        raise InvalidModelError(f"labels {term!r} for {rank} axes")
    return [*before, *range(-hidden, 0), *after]


@rule("Cumsum", "Cumprod", "CumulativeLogsumexp")
def cumulate(arg: Arguments) -> Op:
    """Running sums, forward or backward; exclusive ones leave their own element out."""
    shape = arg.shape(0)
    (axis,) = arg.axes(1, len(shape))
    return ops.cumulate(shape, axis, backward=arg.flag("reverse"), kind=arg.op.lower())


@rule("TopK", "TopKV2")
def top_k(arg: Arguments) -> Outputs:
    """The largest along the last axis and where they lie."""
    shape = arg.shape(0)
    count = arg.integer(1) if len(arg) > 1 else arg.number("k")
    op = ops.along(shape, {-1: (WHOLE, count)}, kind="top_k")
    return Outputs([op, op])


@rule("FFT", "IFFT", "FFT2D", "IFFT2D", "FFT3D", "IFFT3D")
def fourier(arg: Arguments) -> Op:
    """Every output reads the whole of the last axes."""
    count = {"2D": 2, "3D": 3}.get(arg.op[-2:], 1)
    return ops.mix(arg.shape(0), range(-count, 0), kind=arg.op.lower())


@rule("RFFT", "RFFT2D", "RFFT3D", "IRFFT", "IRFFT2D", "IRFFT3D")
def real_fourier(arg: Arguments) -> Op:
    """The same with half of the last axis."""
    shape, count = arg.shape(0), {"2D": 2, "3D": 3}.get(arg.op[-2:], 1)
    lengths = list(arg.integers(1))
    if arg.op.startswith("R"):
        lengths[-1] = lengths[-1] // 2 + 1
    return ops.along(
        shape, {k - count: (WHOLE, lengths[k]) for k in range(count)}, kind=arg.op.lower()
    )  # fmt: skip


@rule("SegmentSum", "UnsortedSegmentSum", "SparseToDense", "ScatterNd")
def scattered(arg: Arguments) -> Op:
    """Sums over groups: where each element goes is not looked at, so an upper bound."""
    sizes = {"UnsortedSegmentSum": 2, "ScatterNd": 2, "SparseToDense": 1}.get(arg.op)
    if sizes is None:
        raise InvalidModelError("a SegmentSum has as many rows as its largest index")
    result = arg.integers(sizes)
    if arg.op == "UnsortedSegmentSum":
        result = (*result, *arg.shape(0)[len(arg.shape(1)) :])
    return ops.opaque(arg.shapes, result, kind=arg.op.lower())
