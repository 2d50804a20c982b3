"""Where a constant is known to be zero although its numbers are not: a weight times a mask.

A parameter's numbers never count, but what buffers and constants make of it does. So a parameter is
given numbers of its own, drawn without a care for the model's, and each op that follows is done
with these as well. Whatever is zero then is zero for all weights, because only ops are followed
that give zero for that reason alone: they move, add and multiply, or fill in. Most weights meet no
mask: numbers are drawn when an op asks for them (``Plain``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch

from ...core.algebra import Algebra
from ..machine.limits import MASK
from ..machine.meanings import algebra_of


class Plain:
    """What has no zeros whatever the weights are; its numbers are made when they are asked for.

    They lie in memory as the tensor does for which they stand, so that what is a view of that is a
    view of them. ``large``: they are too many to be made. ``positive``: all are, so that none
    cancel in a sum.
    """

    __slots__ = ("_made", "large", "make", "positive")

    def __init__(
        self, make: Callable[[], torch.Tensor], count: int, *, positive: bool = True
    ) -> None:
        self.make = make
        self._made: torch.Tensor | None = None
        self.large = count > MASK
        self.positive = positive

    def numbers(self) -> torch.Tensor:
        """The same ones every time."""
        if self._made is None:
            self._made = self.make()
        return self._made


Sample = torch.Tensor | Plain

_MOVING_OR_LINEAR = """
reshape permute transpose t expand unsqueeze squeeze slice select
flip roll repeat clone contiguous detach to _to_copy alias broadcast_to expand_as narrow movedim
flatten unflatten lift_fresh lift_fresh_copy reshape_as cat stack constant_pad_nd pad index
index_select gather take_along_dim diagonal diag diag_embed block_diag tril triu masked_fill where
scatter scatter_add index_put index_add index_copy masked_scatter diagonal_scatter select_scatter
slice_scatter copy fill zero add sub mul div neg mm bmm mv matmul addmm baddbmm dot outer ger einsum
kron linear sum mean cumsum softmax _softmax exp _weight_norm square coalesce _coalesced _to_dense
to_dense _sparse_addmm addcmul addcdiv lerp index_fill fill_diagonal put unfold as_strided
im2col col2im max_unpool2d max_unpool3d
"""
_MOVES_AND_PRODUCTS = """
reshape permute transpose t expand unsqueeze squeeze select slice flip roll repeat clone contiguous
alias detach broadcast_to expand_as narrow movedim flatten unflatten reshape_as cat stack mul div
neg square exp softmax _softmax
"""
_SUMS = """
add mm bmm mv matmul addmm baddbmm dot outer ger einsum kron linear sum mean cumsum
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
_VIEWED = frozenset(("view", "_unsafe_view", "_reshape_alias", "view_as"))
_FOLLOWED = frozenset(_MOVING_OR_LINEAR.split())
_KEEPS_PLAIN = _VIEWED | frozenset(_MOVES_AND_PRODUCTS.split())
"""Moves and products: of what has no zeros they make none."""
_WEIGHED = frozenset(("mul", "div", "add", "addmm", "baddbmm"))
"""With numbers beside the operands that they are multiplied by."""
_ADDS_UP = frozenset(_SUMS.split())
"""Of what is positive they make nothing that is zero."""
_TOTALS = frozenset(_ONE_OF_MANY.split())
"""One number of many, which is zero for no weights but some."""
_SPARSE = frozenset(_MAY_BE_SPARSE.split())
"""Whose result has zeros where the operand has none."""
_SOLVED = frozenset(_ALGEBRA.split())
"""Linear algebra, of which the result tells; but what is nearly zero may be zero."""
_AT_ZERO = frozenset(("clamp", "clamp_min", "clamp_max", "clip", "hardtanh", "nan_to_num", "pow"))
"""Of which the numbers beside the operand tell whether zero stays zero."""
_PARTS = frozenset(
    ("split", "split_with_sizes", "chunk", "tensor_split", "unbind", "unsafe_split", "unsafe_chunk")
)
_OF_ZERO_A_NUMBER = frozenset(("cos", "cosh"))
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
    if packet == name and all(isinstance(sample, Plain) for sample in given):
        rises = all(isinstance(one, Plain) and one.positive for one in given)
        rises = rises and not (name in _WEIGHED and _falls([places, *plain.values()]))
        kept = name in _KEEPS_PLAIN or (name in _ADDS_UP and rises)
        if kept and place is None and not _has_zero([places, *plain.values()]):
            later = partial(_later, func, places, plain, result.shape if name in _VIEWED else None)
            if any(isinstance(one, Plain) and one.large for one in given):
                later, rises = partial(_fresh, result.shape), True
            return Plain(later, result.numel(), positive=rises and name != "neg")
        left_to_numbers = name in _FOLLOWED | _VIEWED | _SOLVED | _AT_ZERO | _SPARSE
        if not left_to_numbers and result.is_floating_point() and result.is_contiguous():
            return Plain(lambda: _fresh(result.shape), result.numel())
    if result.numel() > MASK or any(isinstance(one, Plain) and one.large for one in given):
        return UNTOLD
    places, plain, samples = _numbers(places), _numbers(plain), _numbers(given)
    return _computed(packet, func, places, plain, samples, result, place)


def _numbers(value: Any) -> Any:
    """The same, with numbers for all that is ``Plain``."""
    if isinstance(value, Plain):
        return value.numbers()
    if isinstance(value, dict):
        return {key: _numbers(part) for key, part in value.items()}
    return type(value)(map(_numbers, value)) if isinstance(value, (list, tuple)) else value


def _has_zero(value: Any) -> bool:
    """Whether a factor among the arguments may make zero, or no number, of what is not."""
    if isinstance(value, (list, tuple)):
        return any(map(_has_zero, value))
    return isinstance(value, float) and not 1e-30 < abs(value) < 1e30


def _falls(value: Any) -> bool:
    """Whether a factor among the arguments is negative."""
    if isinstance(value, (list, tuple)):
        return any(map(_falls, value))
    return isinstance(value, (int, float)) and value < 0


def _later(
    func: Callable[..., Any], places: Any, plain: Any, shape: torch.Size | None
) -> torch.Tensor:
    """An op done with what is drawn only now."""
    return _followed(func, _numbers(places), _numbers(plain), shape)


def _followed(
    func: Callable[..., Any], places: Any, plain: Any, shape: torch.Size | None
) -> torch.Tensor:
    """An op done with the samples; a view, whose ``shape`` is told, need not be one of them."""
    return func(*places, **plain) if shape is None else places[0].reshape(shape)


def _computed(
    packet: str, func: Callable[..., Any], places: list[Any], plain: dict[str, Any],
    given: list[torch.Tensor], result: torch.Tensor, place: int | None,
) -> torch.Tensor | None:  # fmt: skip
    name = packet.removesuffix("_")
    if packet in _SOLVED:
        return _solved(func, places, plain, place)
    if "sparse" in name and name not in _FOLLOWED:
        if "sparse_coo" not in name or len(given) != 2:
            return UNTOLD
        return torch.sparse_coo_tensor(given[0], given[1], result.shape).to_dense()
    if name in _VIEWED:  # bytes may be taken for another type
        same = places[0].numel() == result.numel()
        return _followed(func, places, plain, result.shape) if same else UNTOLD
    if name in _FOLLOWED and place is None:
        return _followed(func, places, plain, None)
    if name in _PARTS and place is not None:
        return func(*places, **plain)[place]
    keeps = algebra_of(packet)
    if packet != name:  # what is written to may still be asked for
        places = [part.clone() if isinstance(part, torch.Tensor) else part for part in places]
    if name in _AT_ZERO and len(given) == 1 and not bool((given[0] <= -9e29).any()):
        nothing = func(given[0].new_zeros(1), *places[1:], **plain)
        keeps = "keep" if not bool(nothing) else None
    found = _generic(packet, keeps, given, result)
    makes = found is not None and found is not UNTOLD and bool(found.all())
    return UNTOLD if makes and _makes_zeros(func, places, plain, place) else found


def _generic(
    packet: str, meaning: Algebra | None, given: list[torch.Tensor], result: torch.Tensor
) -> torch.Tensor | None:
    """The result of another op: zeros only where they are for all weights, as far as one can tell.

    Numbers are drawn anew, since what one weight gives (the ReLU of a negative number) says nothing
    of the others.
    """
    if not result.is_floating_point():
        return None
    if packet.strip("_") in _SPARSE:
        return None if all(map(_is_plain, given)) else UNTOLD
    fresh = _fresh(result.shape)
    if "quant" in packet or "_fq_" in packet:  # beside what is rounded stand scales
        given = given[:1]
    if len(given) == 1 and given[0].shape == result.shape:
        low, zero = given[0] <= -9e29, given[0] == 0
        if packet.strip("_") in _OF_ZERO_A_NUMBER and not low.any():
            return fresh
        if meaning in ("keep", "rectify", "exp") and not (low.any() and meaning == "keep"):
            empty = low if meaning == "exp" else zero | low
            return fresh.masked_fill(empty, 0.0)
    if packet.strip("_") in _TOTALS or all(_is_plain(sample) for sample in given):
        return fresh
    return UNTOLD


def _makes_zeros(func: Callable[..., Any], places: Any, plain: Any, place: int | None) -> bool:
    """Whether an op that nobody follows leaves zeros, where it can be done at all.

    All numbers are positive, for what is cut from the negative ones is cut from some weights only.
    """
    places = [_positive(part) for part in places]
    try:
        made = func(*places, **plain)
    except (RuntimeError, TypeError, IndexError):
        return False
    made = made if place is None else made[place]
    return isinstance(made, torch.Tensor) and not bool(made.all())


def _positive(part: Any) -> Any:
    if not isinstance(part, torch.Tensor) or not part.is_floating_point():
        return part
    return torch.where(part == 0, part, _fresh(part.shape).to(part.dtype))


def _fresh(shape: torch.Size) -> torch.Tensor:
    generator = torch.Generator().manual_seed(shape.numel())
    return torch.rand(shape, dtype=torch.float64, generator=generator) + 1.5


def _solved(
    func: Callable[..., Any], places: list[Any], plain: dict[str, Any], place: int | None
) -> torch.Tensor | None:
    try:
        made = func(*places, **plain)
    except RuntimeError:
        return UNTOLD
    found = made if place is None else made[place]
    near = (found != 0) & (found.abs() < 1e-12 * found.abs().max())
    return UNTOLD if bool(near.any()) else found


def _is_plain(sample: torch.Tensor) -> bool:
    """Whether nothing in it is zero or out of all bounds, but for a single number."""
    if sample.numel() < 2 or not sample.is_floating_point():
        return True
    return bool((sample != 0).all()) and bool((sample.abs() < 1e9).all())


def drawn(tensor: torch.Tensor, number: int, zeros: torch.Tensor | None) -> Sample | None:
    """A parameter with other numbers, but for its ``zeros`` where these count."""
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return None
    shape = tensor.shape
    kind = torch.complex128 if tensor.is_complex() else torch.float64

    def draw() -> torch.Tensor:
        generator = torch.Generator().manual_seed(number)
        return torch.rand(shape, dtype=kind, generator=generator) + 0.5

    if zeros is not None:
        return draw().masked_fill(zeros, 0.0)
    plain = Plain(draw, tensor.numel(), positive=not tensor.is_complex())
    return plain if plain.large or tensor.is_contiguous() else draw()


def wide(tensor: torch.Tensor) -> torch.Tensor | None:
    """A copy of a constant with the numbers it has, in double precision."""
    if tensor.numel() > MASK or tensor.is_quantized:
        return None
    whole = torch.complex128 if tensor.is_complex() else tensor.dtype
    kind = torch.float64 if tensor.is_floating_point() else whole
    return dense(tensor.detach()).to(kind, copy=True)


def dense(tensor: torch.Tensor) -> torch.Tensor:
    """A sparse constant with its zeros written out; another one is itself."""
    return tensor if tensor.layout is torch.strided else tensor.to_dense()


def zeros_in_every_channel(weight: torch.Tensor) -> torch.Tensor | None:
    """The taps of a kernel that are zero between all of its channels, as in a pruned model."""
    zeros = zeros_in(weight) if weight.dim() > 2 else None
    return None if zeros is None else zeros.all(0, True).all(1, True).expand(weight.shape)


def zeros_in(tensor: torch.Tensor) -> torch.Tensor | None:
    """The zeros of a tensor whose numbers are known: a mask has zeros and others."""
    if tensor.numel() > MASK or tensor.is_quantized:
        return None
    zeros = dense(tensor.detach()) == 0
    some = bool(zeros.any()) and not bool(zeros.all())
    return zeros if some or (not tensor.dim() and bool(zeros)) else None
