"""Matrix products, reductions, softmax: ops that read whole axes."""

from __future__ import annotations

from math import prod
from typing import Any

from ...core import arrays, ops
from ...core.arrays import Reading
from ...core.link import everything, passed
from ...core.ops import Op
from ...errors import InvalidModelError
from ..machine.meanings import zeros_of
from ..machine.values import Constant, Outputs
from .rulebook import Call, rule

REDUCTIONS = (
    "All", "Any", "Max", "Mean", "Min", "Prod", "Sum", "EuclideanNorm", "ReduceJoin", "LogSumExp",
)  # fmt: skip


@rule(*REDUCTIONS)
def reduce(call: Call) -> Reading:
    """Over the given axes; none given, over none.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Sum
    """
    axes, keep = call.integers(1, "the axes"), call.flag("keep_dims")
    return arrays.reduce(call[0], axes, keepdims=keep, zeros=zeros_of(call.op), kind=call.kind)


@rule("ArgMax", "ArgMin")
def arg_reduce(call: Call) -> Reading:
    """Where the largest lies.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/ArgMax
    """
    return arrays.arg_reduce(call[0], call.integer(1, "the axis"), kind=call.kind)


@rule("Softmax", "LogSoftmax")
def softmax(call: Call) -> Any:
    """Over the last axis.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Softmax
    """
    return arrays.softmax(call[0], logarithm=call.op == "LogSoftmax", kind=call.kind)


@rule("L2Loss")
def l2_loss(call: Call) -> Reading:
    """Half the sum of all squares.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/L2Loss
    """
    return arrays.reduce(call[0], kind="l2loss")


@rule("SoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits")
def cross_entropy(call: Call) -> Outputs:
    """The loss of each row, and its gradient.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/SoftmaxCrossEntropyWithLogits
    """
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
def matmul(call: Call) -> Any:
    """Matrix product, each operand transposed or not.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/MatMul
    """
    return _product(call, call.flag("transpose_a"), call.flag("transpose_b"))


@rule("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")
def batch_matmul(call: Call) -> Any:
    """Matrix products over leading axes that broadcast.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/BatchMatMulV2
    """
    return _product(call, call.flag("adj_x"), call.flag("adj_y"))


def _product(call: Call, turn_a: bool, turn_b: bool) -> Any:
    weights = 0 if call.depends(1) else prod(call.shape(1)[-2:])
    return arrays.matmul(
        call[0], call[1], transpose_a=turn_a, transpose_b=turn_b, parameters=weights
    )


@rule("Einsum")
def einsum(call: Call) -> Any:
    """Einstein summation by the labels of the equation.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Einsum
    """
    return arrays.einsum(call.text("equation"), *call.given)


@rule("Cumsum", "Cumprod", "CumulativeLogsumexp")
def cumulate(call: Call) -> Any:
    """Cumulative sums and products, from either end, with or without the own element.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Cumsum
    """
    return arrays.cumulate(
        call[0], call.integer(1, "the axis"),
        exclusive=call.flag("exclusive"), reverse=call.flag("reverse"), kind=call.kind,
    )  # fmt: skip


@rule("TopK", "TopKV2")
def top_k(call: Call) -> Outputs:
    """The largest along the last axis and where they lie.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/TopKV2
    """
    return Outputs(arrays.top_k(call[0], call.integer(1) if len(call) > 1 else call.number("k")))


@rule("LowerBound", "UpperBound")
def searchsorted(call: Call) -> Any:
    """Each value is looked up in its own row of a sorted table (``tf.searchsorted``).

    https://www.tensorflow.org/api_docs/python/tf/searchsorted
    """
    return arrays.searchsorted(call[0], call[1])


@rule("FFT", "IFFT", "FFT2D", "IFFT2D", "FFT3D", "IFFT3D")
def fourier(call: Call) -> Reading:
    """Fourier transform: every output reads the whole of the last axes.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/FFT
    """
    count = {"2D": 2, "3D": 3}.get(call.op[-2:], 1)
    return arrays.fft(call[0], range(-count, 0), kind=call.kind)


@rule("RFFT", "RFFT2D", "RFFT3D", "IRFFT", "IRFFT2D", "IRFFT3D")
def real_fourier(call: Call) -> Any:
    """Fourier transform of real numbers, with half of the last axis; a shorter length cuts.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/RFFT
    """
    given = call.integers(1)
    lengths = {axis: int(given[axis]) for axis in range(-len(given), 0)}
    half = {**lengths, -1: lengths[-1] // 2 + 1}
    read, sizes = (lengths, half) if call.op.startswith("R") else (half, lengths)
    return arrays.fft(call[0], tuple(lengths), lengths=read, sizes=sizes, kind=call.kind)


SEGMENTS = ("Max", "Mean", "Min", "Prod", "Sum")


@rule(*(f"Segment{kind}" for kind in SEGMENTS), *(f"Segment{kind}V2" for kind in SEGMENTS))
def segments(call: Call) -> Any:
    """Sums, means … of the rows of a segment, by known numbers; V2 tells how many there are.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/SegmentMean
    """
    count = call.integer(2) if len(call) > 2 else None
    return arrays.segments(call[0], call.either(1), count, kind=call.kind)


@rule(*(f"UnsortedSegment{kind}" for kind in SEGMENTS))
def unsorted_segments(call: Call) -> Any:
    """Sums, means … of the rows that have the same number; the last operand tells how many.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/UnsortedSegmentSum
    """
    return arrays.segments(call[0], call.either(1), call.integer(2), kind=call.kind)


@rule("SparseSegmentMean", "SparseSegmentSqrtN", "SparseSegmentSum")
def sparse_segments(call: Call) -> Any:
    """The same of chosen rows.

    https://www.tensorflow.org/api_docs/python/tf/sparse/segment_mean
    """
    rows = arrays.take(call[0], call.either(1), 0)
    return arrays.segments(rows, call.either(2), None, kind=call.kind)


@rule("MatrixSolve", "MatrixTriangularSolve")
def solve(call: Call) -> Any:
    """``x`` with ``a @ x = b``; of a triangular matrix one half is read.

    https://www.tensorflow.org/api_docs/python/tf/linalg/triangular_solve
    """
    one_side, matrix = "Triangular" in call.op, call[0]
    lower = call.flag("lower", True) != call.flag("adjoint")
    whole = isinstance(matrix, Constant) and not (matrix.may_hide or matrix.may_have_zeros)
    side = ("lower" if lower else "upper") if one_side else None
    return arrays.solve(matrix, call[1], triangle=side, exact=whole)


@rule("ScatterNd")
def scatter_nd(call: Call) -> Any:
    """Rows added up in places of a tensor of zeros.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/ScatterNd
    """
    zeros = Constant(call.integers(2), made=True)
    return arrays.scatter_nd(zeros, call.either(0), call[1], accumulate=True)


@rule("SparseToDense")
def sparse_to_dense(call: Call) -> Any:
    """Elements put in places of a tensor that is filled with the default.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/SparseToDense
    """
    result, places = call.integers(1), call.places(0)
    if places is None:
        return ops.opaque(call.shapes, result, kind=call.kind)
    rows = places.reshape(-1, len(result))
    values = arrays.broadcast_to(call[2], (len(rows),))
    return arrays.scatter_nd(arrays.broadcast_to(call[3], result), rows, values)


@rule("MatrixDiagPart", "MatrixDiagPartV2", "MatrixDiagPartV3")
def diagonal(call: Call) -> Any:
    """A diagonal of the last two axes, or a band of them, which is read whole.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/MatrixDiagPartV3
    """
    lowest, *highest = call.integers(1, "k") if len(call) > 1 else (0,)
    if not highest or highest == [lowest]:
        return arrays.diagonal(call[0], lowest, -2, -1)
    *batch, rows, columns = call.shape(0)
    longest = min(rows + min(highest[0], 0), columns - max(lowest, 0))
    result = (*batch, highest[0] - lowest + 1, longest)
    return ops.opaque([call.shape(0)], result, kind=call.kind)


@rule("MatrixDiag", "MatrixDiagV2", "MatrixDiagV3")
def diagonal_matrix(call: Call) -> Any:
    """The last axis becomes one diagonal of a matrix.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/MatrixDiagV3
    """
    lowest, *highest = call.integers(1, "k") if len(call) > 1 else (0,)
    size = call.shape(0)[-1] + abs(lowest)
    sizes = [call.integers(k, "the size")[0] for k in (2, 3) if len(call) > k]
    if highest not in ([], [lowest]) or any(n not in (-1, size) for n in sizes):
        raise InvalidModelError("a matrix of several diagonals, or one that is no square")
    return arrays.diag_embed(call[0], lowest)


@rule("LogMatrixDeterminant")
def determinant(call: Call) -> Outputs:
    """The sign and the logarithm of a determinant read the whole matrix.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/LogMatrixDeterminant
    """
    made = arrays.matrix_function(call[0], ())
    return Outputs([made, made])


@rule("Cholesky")
def cholesky(call: Call) -> Any:
    """The lower factor of symmetric matrices, of which it reads the lower triangle.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Cholesky
    """
    return arrays.cholesky(call[0])


@rule("MatrixBandPart")
def band(call: Call) -> Any:
    """The last two axes within a band of the diagonal, zeros elsewhere.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/MatrixBandPart
    """
    return arrays.band(call[0], call.integer(1, "the band"), call.integer(2, "the band"))


@rule("MatrixSetDiag", "MatrixSetDiagV2", "MatrixSetDiagV3")
def set_diagonal(call: Call) -> Any:
    """One diagonal of the last two axes is replaced; of a band, each element perhaps.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/MatrixSetDiagV3
    """
    lowest, *highest = call.integers(2, "k") if len(call) > 2 else (0,)
    if not highest or highest == [lowest]:
        return arrays.set_diagonal(call[0], call[1], lowest)
    shape = call.shape(0)
    links = (passed(len(shape)), everything(len(call.shape(1))))
    return Op("set_diagonal", shape, links, exact=False)
