"""Where a constant is known to be zero although its numbers are not: a weight times a mask.

A parameter's numbers never count, but what buffers and constants make of it does. So a parameter is
given numbers of its own, drawn without a care for the model's, and each op that follows is done
with these as well. Whatever is zero then is zero for all weights, because only ops are followed
that give zero for that reason alone: they move, add and multiply, or fill in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from ...core.algebra import Algebra
from ..machine.limits import MASK
from ..machine.meanings import algebra_of

Sample = torch.Tensor

_MOVING_OR_LINEAR = """
reshape permute transpose t expand unsqueeze squeeze slice select
flip roll repeat clone contiguous detach to _to_copy alias broadcast_to expand_as narrow movedim
flatten unflatten lift_fresh lift_fresh_copy reshape_as cat stack constant_pad_nd pad index
index_select gather take_along_dim diagonal diag diag_embed block_diag tril triu masked_fill where
scatter scatter_add index_put index_add index_copy masked_scatter diagonal_scatter select_scatter
slice_scatter copy fill zero add sub mul div neg mm bmm mv matmul addmm baddbmm dot outer ger einsum
kron linear sum mean cumsum softmax _softmax exp _weight_norm square
"""
_ONE_OF_MANY = """
norm linalg_vector_norm linalg_matrix_norm frobenius_norm nuclear_norm std var std_mean var_mean
prod amax amin aminmax max min median logsumexp native_layer_norm native_group_norm
"""
_MAY_BE_SPARSE = """
qr lu_unpack linalg_ldl_factor threshold hardshrink softshrink dropout native_dropout bernoulli
"""
_ALGEBRA = """
matrix_exp linalg_matrix_exp inverse linalg_inv linalg_inv_ex linalg_solve linalg_solve_ex
_linalg_solve_ex linalg_solve_triangular triangular_solve linalg_cholesky linalg_cholesky_ex
cholesky linalg_qr linalg_lu linalg_householder_product
"""
_FOLLOWED = frozenset(_MOVING_OR_LINEAR.split())
_VIEWED = frozenset(("view", "_unsafe_view", "_reshape_alias", "view_as"))
_TOTALS = frozenset(_ONE_OF_MANY.split())
"""One number of many, which is zero for no weights but some."""
_SPARSE = frozenset(_MAY_BE_SPARSE.split())
"""Whose result has zeros where the operand has none."""
_SOLVED = frozenset(_ALGEBRA.split())
"""Linear algebra, of which the result tells; but what is nearly zero may be zero."""
_AT_ZERO = frozenset(("clamp", "clamp_min", "clamp_max", "clip", "hardtanh", "nan_to_num", "pow"))
"""Of which the numbers beside the operand tell whether zero stays zero."""
_TYPES = ("dtype", "device", "layout", "memory_format", "non_blocking", "copy", "pin_memory")

SampleOf = Callable[[torch.Tensor], "Sample | None"]

UNTOLD = torch.empty(0)
"""Made of what has zeros by an op that is not followed: nobody knows which are left."""


def sampled(
    packet: str,
    func: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    sample_of: SampleOf,
    result: torch.Tensor,
    place: int | None = None,
) -> Sample | None:
    """The result of an op on constants for weights drawn at random; None where it may not count.

    ``result``: what the op gave on meta tensors, alone or at a ``place`` among several. A write
    changes the sample that is written to, and with it all views of it.
    """
    packet = packet.removeprefix("aten::")
    name = packet.removesuffix("_")
    known = True
    given: list[Sample] = []

    def own(value: Any) -> Any:
        nonlocal known
        if isinstance(value, torch.Tensor):
            found = sample_of(value)
            known = known and found is not None
            given.extend(() if found is None else (found,))
            return found
        if isinstance(value, (list, tuple)):
            return type(value)(map(own, value))
        return value

    places = [own(value) for value in args]
    plain = {key: own(value) for key, value in kwargs.items() if key not in _TYPES}
    if not known:
        return None
    if name in ("to", "_to_copy"):
        return places[0]
    if packet in _SOLVED:
        return _solved(func, places, plain, place)
    if name in _VIEWED:  # a sample need not lie in memory as the weight does
        same = places[0].numel() == result.numel()  # not so where bytes are taken for another type
        return places[0].reshape(result.shape) if same else UNTOLD
    if name in _FOLLOWED and place is None:
        return func(*places, **plain)
    keeps = algebra_of(packet)
    if name in _AT_ZERO and len(given) == 1 and not bool((given[0] <= -9e29).any()):
        nothing = func(given[0].new_zeros(1), *places[1:], **plain)
        keeps = "keep" if not bool(nothing) else None
    return _generic(packet, keeps, given, result)


def _generic(
    packet: str, meaning: Algebra | None, given: list[Sample], result: torch.Tensor
) -> Sample | None:
    """The result of another op: zeros only where they are for all weights, as far as one can tell.

    Numbers are drawn anew, since what one weight gives (the ReLU of a negative number) says nothing
    of the others.
    """
    if not result.is_floating_point() or packet.strip("_") in _SPARSE:
        return None
    generator = torch.Generator().manual_seed(result.numel())
    fresh = torch.rand(result.shape, dtype=torch.float64, generator=generator) + 1.5
    if "quant" in packet or "_fq_" in packet:  # beside what is rounded stand scales
        given = given[:1]
    if len(given) == 1 and given[0].shape == result.shape:
        low, zero = given[0] <= -9e29, given[0] == 0
        if meaning in ("keep", "rectify", "exp") and not (low.any() and meaning == "keep"):
            empty = low if meaning == "exp" else zero | low
            return fresh.masked_fill(empty, 0.0)
    if packet.strip("_") in _TOTALS or all(_is_plain(sample) for sample in given):
        return fresh
    return UNTOLD


def _solved(
    func: Callable[..., Any], places: list[Any], plain: dict[str, Any], place: int | None
) -> Sample | None:
    try:
        made = func(*places, **plain)
    except RuntimeError:
        return UNTOLD
    found = made if place is None else made[place]
    near = (found != 0) & (found.abs() < 1e-12 * found.abs().max())
    return UNTOLD if bool(near.any()) else found


def _is_plain(sample: Sample) -> bool:
    """Whether nothing in it is zero or out of all bounds, but for a single number."""
    if sample.numel() < 2 or not sample.is_floating_point():
        return True
    return bool((sample != 0).all()) and bool((sample.abs() < 1e9).all())


def drawn(tensor: torch.Tensor, number: int) -> Sample | None:
    """A parameter with other numbers; those that are integers count as they are."""
    if not tensor.is_floating_point() or tensor.numel() > MASK:
        return None
    generator = torch.Generator().manual_seed(number)
    return torch.rand(tensor.shape, dtype=torch.float64, generator=generator) + 0.5


def wide(tensor: torch.Tensor) -> Sample | None:
    """A copy of a constant with the numbers it has, in double precision."""
    if tensor.numel() > MASK or tensor.is_quantized or tensor.is_sparse or tensor.is_complex():
        return None
    kind = torch.float64 if tensor.is_floating_point() else tensor.dtype
    return tensor.detach().to(kind, copy=True)


def zeros_in_every_channel(weight: torch.Tensor) -> torch.Tensor | None:
    """The taps of a kernel that are zero between all of its channels, as in a pruned model."""
    zeros = zeros_in(weight) if weight.dim() > 2 else None
    return None if zeros is None else zeros.all(0, True).all(1, True).expand(weight.shape)


def zeros_in(tensor: torch.Tensor) -> torch.Tensor | None:
    """The zeros of a tensor whose numbers are known: a mask has zeros and others."""
    if tensor.numel() > MASK or tensor.is_quantized or tensor.is_sparse:
        return None
    zeros = tensor.detach() == 0
    some = bool(zeros.any()) and not bool(zeros.all())
    return zeros if some or (not tensor.dim() and bool(zeros)) else None
