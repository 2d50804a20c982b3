"""Sums of products: linear layers, matrix products, einsum, attention."""

from __future__ import annotations

from typing import Any

import torch

from ...core import arrays
from .rulebook import Arguments, Reading, bad_sizes, rule


@rule("aten::linear", shaped=True)
def linear(arg: Arguments) -> Reading:
    """The last axis is mixed.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html
    """
    shape, weight = tuple(arg.input.shape), tuple(arg.weight.shape)
    if not shape or shape[-1] != weight[-1]:
        raise bad_sizes("the last axis", shape, weight)
    plain = not arg.depends(arg.weight) and arg.zeros(arg.weight) is None
    if len(weight) == 2 and plain and not arg.unseen(arg.weight):
        return arrays.dense(arg.input, weight[0], bias=arg.get("bias") is not None)
    rows = [*range(len(shape) - 1)]
    if len(weight) == 1:
        return arrays.contract([[*rows, "in"], ["in"]], rows, arg.input, arg.weight)
    labels = [[*rows, "in"], ["out", "in"]]
    return arrays.contract(labels, [*rows, "out"], arg.input, arg.weight)


@rule("aten::matmul", shaped=True)
@rule("aten::mm", "aten::bmm", "aten::mv", "aten::dot", "aten::vdot", shaped="floats")
def matmul(arg: Arguments) -> Reading:
    """Matrix product with broadcast batch axes.

    https://docs.pytorch.org/docs/stable/generated/torch.matmul.html
    """
    first, second = arg.operands
    return arrays.matmul(first, second)


@rule("aten::addmm", "aten::baddbmm", "aten::addmv", "aten::_addmm_activation",
      "aten::_sparse_addmm", shaped="floats", complete=True)  # fmt: skip
def add_product(arg: Arguments) -> Reading:
    """``bias + a @ b``.

    https://docs.pytorch.org/docs/stable/generated/torch.addmm.html
    """
    added, first, second = arg.operands
    return _added(arg, added, arrays.matmul(first, second))


@rule("aten::addbmm", shaped="floats", complete=True)
def add_summed_product(arg: Arguments) -> Reading:
    """``bias + sum(a @ b)`` over the batch.

    https://docs.pytorch.org/docs/stable/generated/torch.addbmm.html
    """
    added, first, second = arg.operands
    return _added(arg, added, arrays.reduce(arrays.matmul(first, second), 0))


def _added(arg: Arguments, added: Any, product: Reading) -> Reading:
    """What is added may be a mask of minus infinity; no times one of them is nothing."""
    if arg.get("beta", 1) == 0:
        return product
    if arg.get("alpha", 1) == 0:
        return arrays.broadcast_to(added, product.shape)
    return arrays.pointwise(added, product, kind="add", algebra="add")


@rule("aten::addr", complete=True)
def add_outer(arg: Arguments) -> Reading:
    """``input + outer(a, b)``.

    https://docs.pytorch.org/docs/stable/generated/torch.addr.html
    """
    return _added(arg, arg.self, arrays.outer(arg.vec1, arg.vec2))


@rule("aten::inner", shaped=True)
def inner(arg: Arguments) -> Reading:
    """The last axes of both are multiplied and summed.

    https://docs.pytorch.org/docs/stable/generated/torch.inner.html
    """
    return arrays.inner(*arg.operands)


@rule("aten::outer", "aten::ger")
def outer(arg: Arguments) -> Reading:
    """Every pair.

    https://docs.pytorch.org/docs/stable/generated/torch.outer.html
    """
    return arrays.outer(*arg.operands)


@rule("aten::einsum", shaped=True)
def einsum(arg: Arguments) -> Reading:
    """Einstein summation, with ``...`` and without an arrow.

    https://docs.pytorch.org/docs/stable/generated/torch.einsum.html
    """
    return arrays.einsum(arg.equation, *arg.tensors)


@rule("aten::bilinear", shaped=True)
def bilinear(arg: Arguments) -> Reading:
    """Both last axes are mixed, position by position.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.bilinear.html
    """
    return arrays.bilinear(arg.input1, arg.input2, arg.weight.shape[0])


@rule("aten::_trilinear")
def trilinear(arg: Arguments) -> Reading:
    """What ``bilinear`` becomes: three tensors with new axes of size 1, multiplied and summed."""
    parts = (arg.i1, arg.expand1), (arg.i2, arg.expand2), (arg.i3, arg.expand3)
    wide = [arrays.unsqueeze(x, axes) for x, axes in parts]
    return arrays.reduce(arrays.multiply(*wide), arg.sumdim)


@rule("aten::scaled_dot_product_attention", shaped=True, complete=True)
def attention(arg: Arguments) -> Reading:
    """Query ``i`` reads query ``i`` and the keys and values that the mask leaves it.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html
    """
    return arrays.attention(arg.query, arg.key, arg.value, **_masks(arg))


def _masks(arg: Arguments) -> dict[str, Any]:
    given = arg.get("attn_mask", arg.get("attn_bias"))
    kind = "mask" if given is not None and given.dtype is torch.bool else "bias"
    return {kind: given, "causal": bool(arg.get("is_causal"))}


@rule("aten::_scaled_dot_product_attention_math", shaped=True, complete=True)
def attention_math(arg: Arguments) -> tuple[Reading, Reading]:
    """The same, with the weights of the values beside the result."""
    return attention(arg), arrays.attention_weights(arg.query, arg.key, **_masks(arg))


@rule("aten::_scaled_dot_product_flash_attention", "aten::_scaled_dot_product_efficient_attention",
      "aten::_scaled_dot_product_flash_attention_for_cpu",
      "aten::_scaled_dot_product_fused_attention_overrideable",
      "aten::_scaled_dot_product_cudnn_attention", complete=True)  # fmt: skip
def fused_attention(arg: Arguments) -> tuple[Reading | None, ...]:
    """The same, with the sums beside the result, and then what the kernel drew.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html
    """
    drawn = [None] * (len(arg.result) - 2)
    if not arg.result[1].numel():
        return attention(arg), None, *drawn
    sums = arrays.reduce(arrays.attention_weights(arg.query, arg.key, **_masks(arg)), -1)
    return attention(arg), arrays.reshape(sums, arg.result[1].shape), *drawn


@rule("aten::cdist", "aten::_cdist_forward", "aten::_euclidean_dist")
def cdist(arg: Arguments) -> Reading:
    """Distances of all pairs of rows.

    https://docs.pytorch.org/docs/stable/generated/torch.cdist.html
    """
    return arrays.cdist(arg.x1, arg.x2)


@rule("aten::cross", "aten::linalg_cross")
def cross(arg: Arguments) -> Reading:
    """Vector product: each component reads the other two of both.

    https://docs.pytorch.org/docs/stable/generated/torch.cross.html
    """
    first, second = arg.operands
    dim = arg.dim  # torch.cross without one takes the first axis of size 3
    axis = list(arg.result.shape).index(3) if dim is None else dim
    return arrays.cross(first, second, axis)


@rule("aten::cosine_similarity", "aten::pairwise_distance")
def similarity(arg: Arguments) -> Reading:
    """Pointwise, then one axis is summed.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cosine_similarity.html
    """
    keep = bool(arg.get("keepdim"))
    return arrays.reduce(arrays.pointwise(*arg.operands), arg.get("dim", -1), keepdims=keep)


@rule("aten::_linalg_solve_ex", "aten::linalg_solve_triangular", "aten::triangular_solve",
      "aten::cholesky_solve", "aten::linalg_lu_solve")  # fmt: skip
def solve(arg: Arguments) -> Any:
    """``x`` with ``a @ x = b``; beside it what was made of the matrix.

    https://docs.pytorch.org/docs/stable/generated/torch.linalg.solve.html
    """
    names = {
        "linalg_solve_ex": ("A", "B"), "linalg_solve_triangular": ("self", "B"),
        "triangular_solve": ("A", "self"), "cholesky_solve": ("input2", "self"),
        "linalg_lu_solve": ("LU", "B"),
    }  # fmt: skip
    matrix, given = (arg.get(name) for name in names[arg.short])
    one_side = "triangular" in arg.short
    upper = arg.get("upper") != bool(arg.get("transpose"))
    masked = arg.masked or arg.unseen(matrix) or arg.zeros(matrix) is not None
    exact = not masked and not (one_side and arg.depends(matrix))
    pivots = arg.get("pivots")
    made = arrays.solve(
        matrix, given, left=arg.get("left", True), exact=exact and not arg.depends(pivots),
        triangle=("upper" if upper else "lower") if one_side else None,
    )  # fmt: skip
    if pivots is not None and arg.depends(pivots):
        made = arrays.anywhere([*arg.operands], tuple(arg.result.shape), kind="solve")
    if not isinstance(arg.result, (tuple, list)):
        return made
    batch = matrix.dim() - 2
    rest = [
        arrays.matrix_function(matrix, tuple(part.shape[batch:]), exact=False)
        for part in arg.result[1:]
    ]
    return made, *rest


@rule("aten::linalg_lstsq")
def least_squares(arg: Arguments) -> Any:
    """Each column of the solution reads its own of the right-hand side, and the whole matrix.

    https://docs.pytorch.org/docs/stable/generated/torch.linalg.lstsq.html
    """
    matrix, given = arg.self, arg.b
    rows = matrix.shape[-1]
    wide = arrays.reduce(given, -2, keepdims=True)
    square = arrays.matrix_function(matrix, (rows, 1), exact=arg.zeros(matrix) is None)
    whole = arrays.pointwise(wide, square, kind="lstsq")
    return whole, *(
        arrays.anywhere(arg.operands, tuple(part.shape), kind="lstsq") for part in arg.result[1:]
    )


@rule("aten::linalg_inv_ex", "aten::linalg_inv", "aten::inverse", "aten::linalg_qr",
      "aten::linalg_svd", "aten::_linalg_svd", "aten::linalg_eigh",
      "aten::_linalg_eigh", "aten::linalg_lu", "aten::linalg_lu_factor_ex",
      "aten::linalg_matrix_exp", "aten::matrix_exp",
      "aten::linalg_pinv", "aten::_linalg_det", "aten::_linalg_slogdet")  # fmt: skip
def matrix_function(arg: Arguments) -> tuple[Reading, ...] | Reading:
    """Every number of the result reads the whole matrix.

    https://docs.pytorch.org/docs/stable/linalg.html
    """
    matrix = arg.operands[0]
    batch = matrix.dim() - 2
    found = arg.result if isinstance(arg.result, (tuple, list)) else [arg.result]
    exact = arg.short not in TRIANGULAR
    made = tuple(
        arrays.matrix_function(matrix, tuple(part.shape[batch:]), exact=exact) for part in found
    )
    return made if isinstance(arg.result, (tuple, list)) else made[0]


@rule("aten::linalg_cholesky_ex", "aten::cholesky")
def cholesky(arg: Arguments) -> Any:
    """The factor reads one triangle, row by row; whether it exists, the whole matrix.

    https://docs.pytorch.org/docs/stable/generated/torch.linalg.cholesky_ex.html
    """
    matrix = arg.operands[0]
    factor = arrays.cholesky(matrix, upper=bool(arg.get("upper")))
    if not isinstance(arg.result, (tuple, list)):
        return factor
    return factor, arrays.matrix_function(matrix, (), exact=False)


@rule("aten::_linalg_check_errors")
def check(arg: Arguments) -> tuple[()]:
    """Raises where a matrix is singular; it returns nothing."""
    return ()


TRIANGULAR = ("linalg_lu", "linalg_lu_factor_ex", "linalg_qr")
"""Decompositions of which each factor reads some rows and columns: a bound."""


@rule("aten::kron")
def kron(arg: Arguments) -> Reading:
    """Every element of the one times all of the other, block by block.

    https://docs.pytorch.org/docs/stable/generated/torch.kron.html
    """
    return arrays.kron(*arg.operands)


@rule("aten::chain_matmul", "aten::linalg_multi_dot")
def chain_matmul(arg: Arguments) -> Reading:
    """The first by its rows, the last by its columns.

    https://docs.pytorch.org/docs/stable/generated/torch.linalg.multi_dot.html
    """
    names = [[k, k + 1] for k in range(len(arg.operands))]
    output = [0, len(arg.operands)]
    if arg.operands[0].dim() == 1:
        names[0], output = [1], output[1:]
    if arg.operands[-1].dim() == 1:
        names[-1], output = names[-1][:1], output[:-1]
    return arrays.contract(names, output, *arg.operands)
