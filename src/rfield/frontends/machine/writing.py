"""Evaluators that write elements into places: sums at indices, diagonals, the places themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .evaluators import EVALUATORS, MOVING, evaluator, fits
from .values import Array

__all__ = ["EVALUATORS", "MOVING"]  # with those below


@evaluator()
def scatter_nd_add(updates: Array, *, indices: Array, shape: Sequence[int]) -> Any:
    """Sums of elements, or slices, at tuples of indices in zeros."""
    fits(*shape)
    made = np.zeros(shape, updates.dtype)
    np.add.at(made, tuple(np.moveaxis(indices, -1, 0)), updates)
    return made


@evaluator()
def diagonal_matrix(
    value: Array, *, k: int = 0, rows: int = -1, columns: int = -1, fill: Any = 0
) -> Any:
    """A matrix with the last axis on diagonal ``k``.

    Sizes below 0 are as small as they may be, both together those of a square.
    """
    length = value.shape[-1]
    if rows < 0 and columns < 0:
        rows = columns = length + abs(k)
    rows = rows if rows >= 0 else length + max(-k, 0)
    columns = columns if columns >= 0 else length + max(k, 0)
    fits(*value.shape[:-1], rows, columns)
    made = np.full((*value.shape[:-1], rows, columns), fill, value.dtype)
    return set_diagonal(made, value, k=k)


@evaluator()
def set_diagonal(value: Array, diagonal: Array, *, k: int = 0) -> Any:
    """A copy with another diagonal of the last two axes."""
    made, place = value.copy(), np.arange(diagonal.shape[-1])
    made[..., place + max(-k, 0), place + max(k, 0)] = diagonal
    return made


@evaluator()
def argwhere(value: Array) -> Any:
    """The places that are not zero, one a row."""
    return np.argwhere(value)
