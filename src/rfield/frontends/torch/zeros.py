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

from ..machine.limits import MASK

Sample = torch.Tensor

_MOVING_OR_LINEAR = """
view reshape _unsafe_view _reshape_alias permute transpose t expand unsqueeze squeeze slice select
flip roll repeat clone contiguous detach to _to_copy alias broadcast_to expand_as narrow movedim
flatten unflatten lift_fresh lift_fresh_copy view_as reshape_as cat stack constant_pad_nd pad index
index_select gather take_along_dim diagonal diag diag_embed block_diag tril triu masked_fill where
scatter scatter_add index_put index_add index_copy masked_scatter diagonal_scatter select_scatter
slice_scatter copy add sub mul div neg mm bmm mv matmul addmm baddbmm dot outer ger einsum kron
linear sum mean cumsum softmax _softmax exp _weight_norm square
"""
_FOLLOWED = frozenset(_MOVING_OR_LINEAR.split())
_ZERO_STAYS = frozenset(
    ("abs", "erf", "gelu", "leaky_relu", "relu", "relu6", "sign", "silu", "sin", "tanh")
)
_TYPES = ("dtype", "device", "layout", "memory_format", "non_blocking", "copy", "pin_memory")

SampleOf = Callable[[torch.Tensor], "Sample | None"]


def sampled(
    packet: str,
    func: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    sample_of: SampleOf,
) -> Sample | None:
    """The result of an op on constants for weights drawn at random; None where it may not count.

    A write changes the sample that is written to, and with it all views of it.
    """
    packet = packet.removeprefix("aten::")
    name = packet.removesuffix("_")
    if name in _ZERO_STAYS:
        own = sample_of(args[0])
        return None if own is None else torch.where(own == 0, own, own.abs() + 1)
    if name not in _FOLLOWED:
        return None
    known = True

    def given(value: Any) -> Any:
        nonlocal known
        if isinstance(value, torch.Tensor):
            found = sample_of(value)
            known = known and found is not None
            return found
        if isinstance(value, (list, tuple)):
            return type(value)(map(given, value))
        return value

    places = [given(value) for value in args]
    if name in ("to", "_to_copy"):
        return places[0] if known else None
    plain = {key: given(value) for key, value in kwargs.items() if key not in _TYPES}
    return func(*places, **plain) if known else None


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
