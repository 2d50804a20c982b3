"""A weight whose elements an op has put in other places: which of them lies where.

A tile that is repeated over an image (``tile.repeat(…)``, ``tile[arange(n) % 8]``) is another
tensor at every size, but of the same elements. So the op is done with their places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ...core.numbers import KEPT
from .storage import extent

SMALL = 1 << 16
"""Of a weight with more elements these are not followed."""

MOVING = frozenset(
    f"aten::{name}" for name in (
        "repeat", "tile", "repeat_interleave", "index", "_unsafe_index", "index_select", "gather",
        "take_along_dim", "take", "embedding", "flip", "roll", "clone", "contiguous",
    )
)  # fmt: skip
"""Ops that take elements of their one operand and do nothing with them."""


class Held(NamedTuple):
    """A weight, and which of its elements a constant, or what it lies in, holds where."""

    weight: torch.Tensor
    places: NDArray[np.int64]


def moved(
    packet: str,
    func: Callable[..., Any],
    args: Sequence[Any],
    kwargs: dict[str, Any],
    result: Any,
    held: Callable[[torch.Tensor], Held | None],
    is_known: Callable[[torch.Tensor], bool],
) -> Held | None:
    """What the storage of a result holds, where that is elements of a single weight.

    ``held``: the same of an operand. ``is_known``: whether an operand has numbers, as places have.
    """
    if packet not in MOVING or not isinstance(result, torch.Tensor):
        return None
    if not 0 < result.numel() <= KEPT:
        return None
    found: list[Held] = []

    def places(item: Any) -> Any:
        if isinstance(item, (list, tuple)):
            return type(item)(map(places, item))
        if not isinstance(item, torch.Tensor) or is_known(item):
            return item
        own = held(item)
        if own is None:
            raise _LostError
        found.append(own)
        return torch.from_numpy(own.places.astype(np.float64))

    try:
        given = [places(item) for item in args]
        named = {name: places(item) for name, item in kwargs.items()}
    except _LostError:
        return None
    if len(found) != 1:
        return None
    made = func(*given, **named).to(torch.int64)
    row = torch.zeros(extent(result) + 1, dtype=torch.int64)
    row.as_strided(result.shape, result.stride()).copy_(made)
    return Held(found[0].weight, row.numpy())


class _LostError(Exception):
    """An operand is neither a weight nor known."""
