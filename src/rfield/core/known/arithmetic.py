"""Known elements through arithmetic that goes position by position."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..algebra import Elementwise
from .codes import ALIVE, FIXED, LOW, SOFT, SOME, ZERO, Codes, Known, ranked, squeezed

Marks = NDArray[np.bool_]


def elementwise(algebra: Elementwise | None, operands: Sequence[Known | None], rank: int) -> Codes:
    """The codes of the result of a broadcasting op.

    Without an ``algebra`` only this is sure: a result of nothing but known elements is known.

    >>> mask = Known(np.array([ZERO, FIXED], np.uint8))
    >>> elementwise("multiply", [None, mask], 1).tolist()
    [2, 0]
    """
    codes = [_codes(known, rank) for known in operands]
    pair = len(codes) > 1
    shape = np.broadcast_shapes(*(c.shape for c in codes))
    result = np.where(_all([c != ALIVE for c in codes]), np.uint8(FIXED), np.uint8(ALIVE))
    special = ~_all([c <= FIXED for c in codes])
    if algebra == "add":  # with a zero added it stays that number
        special = ~_all([(c <= FIXED) | (c == ZERO) for c in codes])
    result = np.where(special & (result == FIXED), np.uint8(SOME), result)
    if algebra in ("add", "scale"):
        soft = ~_all([c != SOFT for c in codes]) & (result == SOME)
        result = np.where(soft, np.uint8(SOFT), result)
    zero = low = np.zeros((1,) * rank, bool)
    if algebra == "multiply":
        zero = ~_all([c != ZERO for c in codes])
    elif algebra == "add":
        low = ~_all([c != LOW for c in codes])
        zero = _all([c == ZERO for c in codes]) if pair else zero
    elif algebra == "subtract" and pair:
        zero = _all([c == ZERO for c in codes])
        low = (codes[0] == LOW) & (codes[1] == ALIVE)
    elif algebra == "subtract":
        low = codes[0] == LOW
    elif algebra == "divide":
        zero = codes[0] == ZERO
    elif algebra == "exp":
        zero = codes[0] == LOW
    elif algebra == "rectify":
        zero = (codes[0] == LOW) | (codes[0] == ZERO) | (codes[0] == SOFT)
    elif algebra == "maximum" and pair:
        low = _all([c == LOW for c in codes])
        zero = _all([(c == LOW) | (c == ZERO) for c in codes]) & ~low
    elif algebra in ("keep", "scale"):
        zero = codes[0] == ZERO
        low = codes[0] == LOW if algebra == "scale" else low
    result[np.broadcast_to(low, shape)] = LOW
    result[np.broadcast_to(zero, shape)] = ZERO
    return squeezed(result)


def veiled(operands: Sequence[Known | None], rank: int, *, only: int | None = None) -> bool:
    """Whether a special number (or ``only`` this) stands beside what the input changes."""
    codes = [_codes(known, rank) for known in operands]
    plain = _all([c <= FIXED if only is None else c != only for c in codes])
    return bool((~plain & ~_all([c != ALIVE for c in codes])).any())


def chosen(condition: Marks, one: Known | None, other: Known | None) -> Codes:
    """The codes of ``where(condition, one, other)`` with a known condition."""
    codes = [_codes(known, condition.ndim) for known in (one, other)]
    return squeezed(np.where(condition, codes[0], codes[1]))


def _codes(known: Known | None, rank: int) -> Codes:
    return np.zeros((1,) * rank, np.uint8) if known is None else ranked(known.codes, rank)


def _all(parts: Sequence[Marks]) -> Marks:
    result = parts[0]
    for part in parts[1:]:
        result = result & part
    return result
