"""Matrix products, reductions and running sums."""

from __future__ import annotations

from typing import Any

import keras

from ...core import arrays
from ..machine.meanings import zeros_of
from ..machine.values import Outputs
from .rulebook import Call, operand, rule


@rule("Dot")
def dot(call: Call) -> Any:
    """Contract one axis of each operand, for each element of the batch.

    https://keras.io/api/layers/merging_layers/dot/
    """
    a, b = call.get("inputs", 0)
    axes = call.layer.axes
    left, right = (axes, axes) if isinstance(axes, int) else axes
    first: list[object] = ["n", *(f"a{k}" for k in range(1, len(a.shape)))]
    second: list[object] = ["n", *(f"b{k}" for k in range(1, len(b.shape)))]
    first[left] = second[right] = "k"
    kept = [label for label in [*first, *second[1:]] if label != "k"]
    if len(kept) == 1:
        kept.append("one")
        a = arrays.unsqueeze(a, -1)
        first.append("one")
    return arrays.contract([first, second], kept, a, b, kind="dot")


@rule("ops.Matmul")
def matmul(call: Call) -> Any:
    """A matrix product over leading axes that broadcast.

    https://keras.io/api/ops/numpy/#matmul-function
    """
    a, b = call.tensors()
    return arrays.matmul(a, b)


@rule("ops.Dot", "ops.Inner", "ops.Outer", "ops.Kron", "ops.Vdot")
def products(call: Call) -> Any:
    """NumPy's products by their names.

    https://keras.io/api/ops/numpy/#dot-function
    """
    a, b = call.tensors()[:2]
    if call.op == "ops.Vdot":
        return arrays.dot(arrays.reshape(a, (-1,)), arrays.reshape(b, (-1,)))
    how = {"Dot": arrays.dot, "Inner": arrays.inner, "Outer": arrays.outer, "Kron": arrays.kron}
    return how[call.op[4:]](a, b)


@rule("ops.Tensordot")
def tensordot(call: Call) -> Any:
    """A contraction of axes that are named by pairs, or of so many at the end.

    https://keras.io/api/ops/numpy/#tensordot-function
    """
    a, b = call.tensors()
    return arrays.tensordot(a, b, call.layer.axes)


@rule("ops.Cross")
def cross(call: Call) -> Any:
    """The cross product of vectors along an axis.

    https://keras.io/api/ops/numpy/#cross-function
    """
    a, b = (
        arrays.moveaxis(part, axis, -1)
        for part, axis in zip(call.tensors(), (call.layer.axisa, call.layer.axisb), strict=True)
    )
    return arrays.moveaxis(arrays.cross(a, b), -1, call.layer.axisc)


@rule("ops.CDist")
def distances(call: Call) -> Any:
    """All distances between two sets of vectors.

    https://keras.io/api/ops/core/#cdist-function
    """
    a, b = call.tensors()
    return arrays.cdist(a, b)


@rule("ops.Einsum")
def einsum(call: Call) -> Any:
    """Labels as in the subscripts.

    https://keras.io/api/ops/numpy/#einsum-function
    """
    return arrays.einsum(call.layer.subscripts, *map(operand, call.args))


@rule("ops.Mean", "ops.Sum", "ops.Max", "ops.Min", "ops.Prod", "ops.Any", "ops.All", "ops.Var",
      "ops.Std", "ops.Amax", "ops.Amin", "ops.Logsumexp", "ops.Median", "ops.CountNonzero",
      "ops.Norm", "ops.Ptp", "ops.Nanmax", "ops.Nanmean", "ops.Nanmedian", "ops.Nanmin",
      "ops.Nanprod", "ops.Nanstd", "ops.Nansum", "ops.Nanvar")  # fmt: skip
def reduce(call: Call) -> Any:
    """Over the given axes, or all.

    https://keras.io/api/ops/numpy/#sum-function
    """
    keep = bool(getattr(call.layer, "keepdims", False))
    zeros = zeros_of(type(call.layer).__name__)
    return arrays.reduce(call[0], call.layer.axis, keepdims=keep, zeros=zeros, kind=call.kind)


@rule("ops.Average")
def average(call: Call) -> Any:
    """A mean with weights of the same shape, or along the one axis.

    https://keras.io/api/ops/numpy/#average-function
    """
    x, axis, weights = call[0], call.layer.axis, call.get("weights", 1)
    if weights is not None:
        found = operand(weights)
        if len(found.shape) < len(x.shape):
            wide = [1] * len(x.shape)
            wide[axis] = x.shape[axis]
            found = arrays.reshape(found, wide)
        x = arrays.multiply(x, found)
    return arrays.reduce(x, axis, zeros="keep", kind="average")


@rule("ops.Argmax", "ops.Argmin", "ops.Nanargmax", "ops.Nanargmin")
def arg_reduce(call: Call) -> Any:
    """Where the largest (or smallest) lies along an axis, or among all elements.

    https://keras.io/api/ops/numpy/#argmax-function
    """
    keep = call.layer.keepdims
    return arrays.arg_reduce(call[0], call.layer.axis, keepdims=keep, kind=call.kind)


@rule("ops.Cumsum", "ops.Cumprod", "ops.Nancumsum", "ops.Nancumprod")
def cumulate(call: Call) -> Any:
    """Running sums along an axis, or over all elements in a row.

    https://keras.io/api/ops/numpy/#cumsum-function
    """
    return arrays.cumulate(call[0], call.layer.axis, kind=call.kind)


@rule("ops.Diff")
def diff(call: Call) -> Any:
    """Differences of neighbours.

    https://keras.io/api/ops/numpy/#diff-function
    """
    return arrays.diff(call[0], call.layer.n, call.layer.axis)


@rule("ops.Moments")
def moments(call: Call) -> Outputs:
    """Mean and variance.

    https://keras.io/api/ops/nn/#moments-function
    """
    return Outputs(arrays.moments(call[0], call.layer.axes, keepdims=call.layer.keepdims))


@rule("ops.Slogdet")
def determinant(call: Call) -> Outputs:
    """The sign and the logarithm of a determinant read the whole matrix.

    https://keras.io/api/ops/linalg/#slogdet-function
    """
    made = arrays.matrix_function(call[0], ())
    return Outputs([made, made])


@rule("ops.Cholesky")
def cholesky(call: Call) -> Any:
    """A factor of a symmetric matrix; which triangle is read, each backend chooses.

    TensorFlow reads the lower one, PyTorch that of the factor, JAX the mean of both.
    https://keras.io/api/ops/linalg/#cholesky-function
    """
    x, upper, backend = call[0], call.layer.upper, keras.backend.backend()
    if backend == "torch":
        return arrays.cholesky(x, upper=upper)
    if backend == "jax":
        x = arrays.add(x, arrays.swapaxes(x, -1, -2))
    factor = arrays.cholesky(x)
    return arrays.swapaxes(factor, -1, -2) if upper else factor


@rule("ops.Sort", "ops.Argsort", "ops.Argpartition")
def sort(call: Call) -> Any:
    """Which element comes first depends on the whole axis.

    https://keras.io/api/ops/numpy/#sort-function
    """
    return arrays.sort(call[0], call.layer.axis, kind=call.kind)


@rule("ops.TopK")
def top_k(call: Call) -> Outputs:
    """The largest along the last axis, and where they lie.

    https://keras.io/api/ops/math/#top_k-function
    """
    return Outputs(arrays.top_k(call[0], call.layer.k))


@rule("ops.SegmentSum", "ops.SegmentMax", "ops.SegmentMin", "ops.SegmentProd")
def segments(call: Call) -> Any:
    """Rows with the same number are added up.

    https://keras.io/api/ops/core/#segment_sum-function
    """
    ids, count = call.indices("segment_ids", 1), call.layer.num_segments
    return arrays.segments(operand(call.get("data", 0)), ids, count)
