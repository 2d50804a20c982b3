"""Tensors over the memory of others: ``as_strided``, and what torch itself makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from ...core import layout, ops
from ...core.indices import IndexSet
from ...core.link import Link, Read
from ...core.ops import Op
from ...core.relation import IDENTITY, At, Relation, Sliding, Table
from ...errors import InvalidModelError
from ..machine.limits import CONTENTS
from .rulebook import Arguments, rule

OUTSIDE = "as_strided takes what lies outside of its tensor in memory, which is not followed"


@rule("aten::as_strided", "aten::as_strided_copy")
def as_strided(arg: Arguments) -> Op | list[Op]:
    """Where the strides are those of a slice, permutation or window the relation is found."""
    shape, before = tuple(arg.self.shape), arg.self.stride()
    size, stride = tuple(arg.size), tuple(arg.stride)
    own = arg.self.storage_offset()
    start = own if arg.storage_offset is None else arg.storage_offset
    if (size, stride, start) == (shape, tuple(before), own):
        return ops.pointwise(shape, kind="identity")
    found = _by_axes(shape, before, size, stride, start - own)
    return found or _by_places(shape, before, size, stride, start - own)


def _by_axes(
    shape: tuple[int, ...], before: Sequence[int], size: tuple[int, ...], stride: Sequence[int],
    offset: int,
) -> Op | None:  # fmt: skip
    """Each axis of the result along one of the tensor, or None."""
    reads: list[Read] = []
    used: set[int] = set()
    for axis, step in enumerate(before):
        start, offset = divmod(offset, step) if step else (0, offset)
        fits = [k for k in range(len(size)) if step and stride[k] % step == 0 and k not in used
                and stride[k] // step * (size[k] - 1) + start < shape[axis]
                and size[k] > 1]  # fmt: skip
        if len(fits) > 1 or not 0 <= start < shape[axis]:
            return None
        if not fits:
            reads.append(Read(None, At(start)))
            continue
        used.add(fits[0])
        reads.append(Read(fits[0], _strided(stride[fits[0]] // step, start)))
    if offset or any(n > 1 and k not in used and stride[k] for k, n in enumerate(size)):
        return None
    return Op("as_strided", size, (Link(reads),), algebra="move")


def _by_places(
    shape: tuple[int, ...], before: Sequence[int], size: tuple[int, ...], stride: Sequence[int],
    offset: int,
) -> Op | list[Op]:  # fmt: skip
    """Where each element lies in memory is written out."""
    last = sum((n - 1) * step for n, step in zip(shape, before, strict=True))
    most = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if prod(size) and not 0 <= offset <= most <= last:
        raise InvalidModelError(OUTSIDE)
    if max(prod(shape), prod(size)) > CONTENTS:
        return ops.opaque([shape], size, kind="as_strided")
    held, wanted = _memory(shape, before), offset + _memory(size, stride)
    order = np.argsort(held, kind="stable")
    found = np.minimum(np.searchsorted(held[order], wanted), held.size - 1)
    if (held[order][found] != wanted).any():
        raise InvalidModelError(OUTSIDE)
    one = IndexSet.interval
    taps = Table(tuple(one(k, k) for k in order[found].tolist()))
    picked = Op("as_strided", (wanted.size,), (Link([Read(0, taps)]),), algebra="move")
    flat = layout.reshape(shape, (held.size,))
    return [flat, picked, layout.reshape(picked.shape, size)]


def _memory(shape: Sequence[int], stride: Sequence[int]) -> NDArray[np.int64]:
    """The places in memory of the elements in their order, counted from the first."""
    places: NDArray[np.int64] = np.zeros(tuple(shape), np.int64)
    for axis, (count, step) in enumerate(zip(shape, stride, strict=True)):
        along = [count if k == axis else 1 for k in range(len(shape))]
        places = places + (np.arange(count) * step).reshape(along)
    return places.reshape(-1)


def _strided(step: int, start: int) -> Relation:
    relation = Sliding(1, step, (IndexSet.interval(start, start),))
    return IDENTITY if relation == IDENTITY else relation
