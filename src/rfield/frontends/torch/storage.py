"""Numbers that stand for what lies in one storage, so that all views of it see what is written.

Views are told by their strides and by where they begin, as torch itself does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ..machine.limits import MASK
from .zeros import wide


def extent(tensor: torch.Tensor) -> int:
    """How many elements of the storage lie between the first and the last one of a tensor."""
    return _reach(tensor.shape, tensor.stride())


def _reach(shape: Sequence[int], strides: Sequence[int]) -> int:
    return sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))


def is_view(tensor: torch.Tensor, source: torch.Tensor) -> bool:
    """Whether both share a storage: what may be a view by its op (``contiguous``) may be a copy.

    Of a real tensor and one without numbers that was made in its stead nobody can tell.
    """
    return tensor.is_meta != source.is_meta or torch._C._is_alias_of(tensor, source)


def places_in(tensor: torch.Tensor) -> NDArray[np.int64] | None:
    """Where in its storage each element lies; axes along which it is one have the stride 0."""
    size, start = extent(tensor) + 1, int(tensor.storage_offset())
    if size > MASK:
        return None
    row, strides = np.arange(start, start + size), [8 * stride for stride in tensor.stride()]
    return np.lib.stride_tricks.as_strided(row, tuple(tensor.shape), strides, writeable=False)


def in_a_row(tensor: torch.Tensor) -> torch.Tensor | None:
    """The numbers of the whole storage of a constant; None of one that is too large."""
    if tensor.layout is not torch.strided or tensor.is_conj() or tensor.is_neg():
        return None
    count = tensor.untyped_storage().nbytes() // tensor.element_size()
    return wide(tensor.detach().as_strided((count,), (1,), 0)) if count <= MASK else None


def laid(numbers: torch.Tensor, strides: Sequence[int], start: int) -> torch.Tensor | None:
    """Numbers in a row as a tensor of these strides holds them; some number between them."""
    if not numbers.numel():
        return None
    count = start + 1 + _reach(numbers.shape, strides)
    if count > MASK:
        return None
    row = torch.ones(count, dtype=numbers.dtype)
    row.as_strided(numbers.shape, strides, start).copy_(numbers)
    return row


def lying(tensor: torch.Tensor, row: torch.Tensor, kind: torch.dtype | None) -> torch.Tensor | None:
    """The part of a storage that a tensor sees; ``kind``: the type of which its elements are."""
    if tensor.dtype != kind:
        if kind is None or tensor.dtype.to_real() != kind.to_real():
            return None  # the same bytes as another type
        if tensor.is_complex():
            row = torch.view_as_complex(row.view(-1, 2))
        elif row.is_complex():
            row = torch.view_as_real(row).view(-1)
    start = tensor.storage_offset()
    if tensor.numel() and start + extent(tensor) >= len(row):
        return None
    return row.as_strided(tensor.shape, tensor.stride(), start)
