"""Where a constant is known to be zero although its numbers are not: a weight times a mask.

A parameter's numbers never count, but what a buffer or a constant makes of it does: ``weight *
mask`` is zero wherever the mask is. The patterns go through the ops that only move elements by the
same torch ops, on tensors of booleans, and through arithmetic as written here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from ..machine.limits import MASK

Pattern = torch.Tensor

_MOVING = """
view reshape _unsafe_view _reshape_alias permute transpose t expand unsqueeze squeeze slice
select flip roll repeat clone contiguous detach to _to_copy alias broadcast_to expand_as narrow
movedim flatten unflatten lift_fresh lift_fresh_copy
"""
_MOVES = frozenset(f"aten::{name}" for name in _MOVING.split())
_KEEPS = frozenset(
    f"aten::{name}" for name in ("neg", "abs", "relu", "tanh", "sin", "square", "sign", "erf")
)
_TYPES = ("dtype", "device", "layout", "memory_format", "non_blocking", "copy", "pin_memory")

ZerosOf = Callable[[Any], "Pattern | None"]


def zeros_after(
    packet: str,
    func: Callable[..., Any],
    bound: Mapping[str, Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    zeros_of: ZerosOf,
) -> Pattern | None:
    """Where the result of an op on constants is known to be zero, or None if nowhere."""
    packet = packet.removesuffix("_")
    own = bound.get("self", bound.get("input"))
    zeros = zeros_of(own)
    if packet in _MOVES and zeros is not None:
        plain = {name: value for name, value in kwargs.items() if name not in _TYPES}
        rest = args[1:] if packet not in ("aten::to", "aten::_to_copy") else ()
        return func(zeros, *rest, **plain) if rest or plain or len(args) < 2 else zeros
    if packet in _KEEPS:
        return zeros
    if packet == "aten::mul":
        return _or(zeros, zeros_of(bound.get("other")))
    if packet == "aten::div":
        return zeros
    if packet in ("aten::tril", "aten::triu"):
        whole = torch.ones(tuple(own.shape[-2:]), dtype=torch.bool)
        kept = (torch.tril if packet == "aten::tril" else torch.triu)(whole, bound["diagonal"])
        return _or(zeros, (~kept).expand(own.shape))
    if packet in ("aten::masked_fill", "aten::where"):
        return _chosen(packet, bound, zeros_of)
    if packet == "aten::_weight_norm":
        return zeros_of(bound.get("v"))
    return None


def _chosen(packet: str, bound: Mapping[str, Any], zeros_of: ZerosOf) -> Pattern | None:
    if packet == "aten::masked_fill":
        mask, one, other = bound["mask"], bound["value"], bound["self"]
    else:
        mask, one, other = bound["condition"], bound["self"], bound["other"]
    if not isinstance(mask, torch.Tensor) or mask.device.type == "meta":
        return None
    parts = [zeros_of(part) for part in (one, other)]
    if parts == [None, None]:
        return None
    first, second = (torch.zeros((), dtype=torch.bool) if p is None else p for p in parts)
    return torch.where(mask, first, second)


def _or(one: Pattern | None, other: Pattern | None) -> Pattern | None:
    if one is None or other is None:
        return other if one is None else one
    return one | other


def zeros_in_every_channel(weight: torch.Tensor) -> Pattern | None:
    """The taps of a kernel that are zero between all of its channels, as in a pruned model."""
    zeros = zeros_in(weight) if weight.dim() > 2 else None
    return None if zeros is None else zeros.all(0, True).all(1, True).expand(weight.shape)


def zeros_in(tensor: torch.Tensor) -> Pattern | None:
    """The zeros of a tensor whose numbers are known: a mask has zeros and others."""
    if tensor.numel() > MASK or tensor.is_quantized or tensor.is_sparse:
        return None
    zeros = tensor.detach() == 0
    some = bool(zeros.any()) and not bool(zeros.all())
    return zeros if some or (not tensor.dim() and bool(zeros)) else None
