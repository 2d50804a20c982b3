"""Output positions and boxes of the input, as users name them, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.arguments import listed, placed, window_of
from ...errors import InvalidModelError, show_shape
from ..results import IndexArray


def rows_at(
    index: Any, layer: str, sizes: Sequence[int], *, inside: bool
) -> tuple[IndexArray, bool]:
    """``index`` as rows of positions of a layer, and whether it was an array of many.

    ``inside``: none may lie outside the ``sizes``.
    """
    at = np.asarray(placed(index, sizes))
    if at.size == 0 and at.ndim <= 1:
        at = np.zeros((0,), dtype=np.int64)
    elif not np.issubdtype(at.dtype, np.integer):
        raise InvalidModelError(f"{layer}: index = {index!r}; expected integers")
    if at.ndim == 0:
        at = at.reshape(1)
    count, shape = len(sizes), show_shape(sizes)
    if at.shape[-1] != count:
        raise InvalidModelError(
            f"{layer}: an index of {at.shape[-1]} numbers; its positions are {shape}"
        )
    many = at.ndim > 1
    if not count:
        return np.zeros((max(1, int(np.prod(at.shape[:-1]))), 0), np.int64), many
    rows = at.reshape(-1, count).astype(np.int64)
    if inside:
        outside = ((rows < 0) | (rows >= np.array(sizes, dtype=np.int64))).any(axis=-1)
        if outside.any():
            bad = tuple(rows[outside][0].tolist())
            raise InvalidModelError(f"{layer}: index {bad} outside positions {shape}")
    return rows, many


def windows_at(
    index: Any, layer: str, axes: Sequence[str], sizes: Sequence[int]
) -> list[tuple[int, int]]:
    """One position of an input of those ``sizes``, or a box of them, as half-open windows."""
    index = placed(index, sizes)
    entries = listed(index)
    parts = (index,) if entries is None else tuple(entries)
    if len(parts) != len(axes):
        raise InvalidModelError(
            f"{layer}: input index {index!r}; expected one number or slice for each of "
            f"{', '.join(axes)}"
        )
    windows: list[tuple[int, int]] = []
    for name, size, part in zip(axes, sizes, parts, strict=True):
        begin, end, step = window_of(part, size)
        if not 0 <= begin < end <= size or step != 1:
            raise InvalidModelError(
                f"{layer}: input index {part!r} on {name}; expected an integer or a plain "
                f"slice inside its {size} positions"
            )
        windows.append((begin, end))
    return windows
