"""Known elements through arithmetic that goes position by position."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..algebra import Elementwise
from .codes import (
    ALIVE,
    FIXED,
    HIDDEN,
    HIDES,
    LOW,
    SOFT,
    SOME,
    ZERO,
    Codes,
    Known,
    depends,
    lows,
    ranked,
    squeezed,
)  # fmt: skip

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
    moving = ~_all([~depends(c) for c in codes])
    result = np.where(moving, np.uint8(ALIVE), np.uint8(FIXED))
    result = np.where(_uncertain(algebra, codes) & ~moving, np.uint8(SOME), result)
    if algebra in ("add", "scale"):
        soft = ~_all([c != SOFT for c in codes]) & (result == SOME)
        result = np.where(soft, np.uint8(SOFT), result)
    zero = low = np.zeros((1,) * rank, bool)
    if algebra == "multiply":
        zero = ~_all([c != ZERO for c in codes])
        for one, other in ((0, 1), (1, 0)) if pair else ():
            low = low | (lows(codes[one]) & (_numbers(operands[other], rank) > 0))
    elif algebra == "add":
        low = ~_all([~lows(c) for c in codes])
        zero = _all([c == ZERO for c in codes]) if pair else zero
    elif algebra == "subtract" and pair:
        zero = _all([c == ZERO for c in codes])
        unknown = operands[1] is None or operands[1].numbers is None
        plain = (codes[1] <= FIXED) & (unknown | np.isfinite(_numbers(operands[1], rank)))
        low = lows(codes[0]) & plain
    elif algebra == "subtract":
        low = lows(codes[0])
    elif algebra == "divide":
        zero = codes[0] == ZERO
        low = lows(codes[0]) & (_numbers(operands[1], rank) > 0) if pair else low
    elif algebra == "exp":
        zero = lows(codes[0])
    elif algebra == "rectify":
        zero = lows(codes[0]) | (codes[0] == ZERO) | (codes[0] == SOFT)
    elif algebra == "maximum" and pair:
        low = _all([lows(c) for c in codes])
        zero = _all([lows(c) | (c == ZERO) for c in codes]) & ~low
    elif algebra in ("keep", "scale"):
        zero = _all([c == ZERO for c in codes])
        low = lows(codes[0]) if algebra == "scale" else low
    finite = max((k.least for k in operands if k is not None), default=-np.inf) > -np.inf
    own = np.where(moving & finite, np.uint8(HIDDEN), np.uint8(LOW))
    return squeezed(np.where(zero, np.uint8(ZERO), np.where(low, own, result)))


def _uncertain(algebra: Elementwise | None, codes: Sequence[Codes]) -> Marks:
    """Where a result of known elements may be a zero, as far as its op is not looked at."""
    if algebra == "add":  # with a zero added it stays that number; SOME and a number are a number
        some = ~_all([c != FIXED for c in codes])
        return ~_all([(c <= FIXED) | (c == ZERO) | ((c == SOME) & some) for c in codes])
    return ~_all([c <= (ZERO if algebra == "offset" else FIXED) for c in codes])


def veiled(operands: Sequence[Known | None], rank: int, *, only: int | None = None) -> bool:
    """Whether a special number (or ``only`` this) stands beside what the input changes."""
    codes = [_codes(known, rank) for known in operands]
    plain = _all([c <= FIXED if only is None else c != only for c in codes])
    return bool((~plain & ~_all([~depends(c) for c in codes])).any())


def uncovered(operands: Sequence[Known | None], codes: Codes) -> bool:
    """Whether what stood beside a low number comes to light, as far as one can tell."""
    given = [ranked(known.codes, codes.ndim) == HIDDEN for known in operands if known is not None]
    return bool((~_all([~hidden for hidden in given]) & (codes == ALIVE)).any())


def lifted(
    algebra: Elementwise | None, operands: Sequence[Known | None], codes: Codes
) -> tuple[Marks, float, float]:
    """Where numbers take a finite stand-in for minus infinity away; ``least`` and ``most`` then.

    >>> far = Known(np.array([LOW], np.uint8), least=-1e9)
    >>> near = Known(np.array([FIXED], np.uint8), numbers=np.array([1e9]))
    >>> lifted("add", [far, near], np.array([LOW], np.uint8))
    (array([ True]), -inf, 1000000000.0)
    """
    rank, added = codes.ndim, algebra in ("add", "subtract")
    given = [known for known in operands if known is not None]
    low: NDArray[np.float64] = np.full((1,) * rank, max((k.least for k in given), default=-np.inf))
    high: NDArray[np.float64] = np.full((1,) * rank, sum(k.most for k in given))
    for place, known in enumerate(operands):
        numbers = _numbers(known, rank)
        if added:
            high = high + np.fmax(-numbers if algebra == "subtract" and place else numbers, 0)
        elif algebra in ("multiply", "divide"):
            factor = np.where(numbers > 0, numbers, 1)
            low, high = (
                (low * factor, high * factor) if algebra == "multiply" or not place
                else (low / factor, high / factor)
            )  # fmt: skip
    hidden = lows(codes)
    undone = hidden & (low + high > HIDES)
    if algebra == "subtract" and len(operands) > 1:
        finite = _all([np.array(k is not None and np.isfinite(k.least)) for k in operands])
        undone = undone | (_all([lows(_codes(known, rank)) for known in operands]) & finite)
    rest, still = np.broadcast_arrays(low, hidden & ~undone)
    left = rest[still]
    return undone, float(left.max()) if left.size else -np.inf, float(high.max())


def chosen(condition: Marks, one: Known | None, other: Known | None) -> Codes:
    """The codes of ``where(condition, one, other)`` with a known condition."""
    codes = [_codes(known, condition.ndim) for known in (one, other)]
    return squeezed(np.where(condition, codes[0], codes[1]))


def _codes(known: Known | None, rank: int) -> Codes:
    return np.zeros((1,) * rank, np.uint8) if known is None else ranked(known.codes, rank)


def _numbers(known: Known | None, rank: int) -> NDArray[np.float64]:
    """The finite numbers of a constant; NaN where there is none, or another one."""
    array = None if known is None else known.numbers
    if array is None or array.dtype.kind not in "fiu":
        return np.full((1,) * rank, np.nan)
    wide = array.reshape((1,) * (rank - array.ndim) + array.shape).astype(np.float64)
    return np.where(np.isfinite(wide), wide, np.nan)


def _all(parts: Sequence[Marks]) -> Marks:
    result = parts[0]
    for part in parts[1:]:
        result = result & part
    return result
