"""What is known of each element of a tensor, as one small number each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]

ALIVE, FIXED, ZERO, LOW, SOME, SOFT, HIDDEN = range(7)
"""Changes with the input; a number that no input changes; zero; minus infinity; what an op of which
too little is known made of zero or minus infinity, so that it may be zero or not; a number with
which a mask was filled that is finite, and yet so low that its exponential is hardly seen; what
changes with the input, but beside a finite number that stands for minus infinity."""

_LOWEST = {2: -4.5e4, 4: -9e29, 8: -9e29}
"""Of a floating-point type by its bytes: a mask's number stays below. Frameworks write the most
negative number, 0.7 of it so that a sum of two does not overflow (``jax.nn``), or -1e30 (Haiku):
against scores that are any less extreme its exponential is exactly 0."""

_SOFT, _SOFT_ALONE = -1e4, -50.0
"""A finite number of a mask is at most this: the exponential of the first is 0 in every floating-
point type. That of the second changes no bit of the exponential of 0 when it is added; it counts
where the mask has no number between it and ``_GAP`` (-100 in Swin), so that a ramp is none."""

_GAP = -20.0

HIDES = _SOFT_ALONE
"""Finite numbers stand for minus infinity as long as what is left of them is at most this."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """``codes`` has the rank of the tensor, and size 1 along the axes where nothing varies.

    ``shown``: the reads of the value say it too, so that whoever reads an element that no input
    changes reads nothing. Else its readers have to leave such elements out. ``least``: of the
    finite numbers that are called minus infinity the one that is the least low, and ``most`` the
    largest number that was added: one may take the other away. ``numbers``: those of a constant.
    """

    codes: Codes
    shown: bool = True
    least: float = -np.inf
    most: float = 0.0
    numbers: NDArray[Any] | None = None

    @property
    def is_mask(self) -> bool:
        """Whether any element is known."""
        return bool(self.codes.any())

    @property
    def has_numbers(self) -> bool:
        """Whether no input changes some element that need not be zero."""
        return not bool(np.isin(self.codes, (ALIVE, ZERO, HIDDEN)).all())

    @property
    def unread(self) -> Known | None:
        """What its readers have to leave out; None for nothing."""
        if self.shown or not (self.codes == HIDDEN).any():
            return None if self.shown else self
        codes = np.where(self.codes == HIDDEN, np.uint8(ALIVE), self.codes)
        return replace(self, codes=codes) if codes.any() else None


def of_constant(
    shape: Sequence[int],
    array: NDArray[Any] | None = None,
    told: Codes | None = None,
    *,
    counts: bool = True,
    soft: int | None = None,
) -> Known:
    """What is known of a constant; its own numbers as far as they are given.

    ``told``: what is known of it without its numbers. ``counts``: whether its zeros do (a
    parameter's do not: training changes them). The most negative number of a type is minus infinity
    to a softmax. ``soft``: what to call those that are nearly so (see ``soft_limit``).

    >>> of_constant((3,), np.array([0.0, 1.0, -np.inf])).codes.tolist()
    [2, 1, 3]
    """
    codes = np.full((1,) * len(shape), FIXED, np.uint8)
    if told is not None:
        codes = np.where(told == SOFT, np.uint8(FIXED if soft is None else soft), told)
    if array is not None:
        wide = np.broadcast_shapes(codes.shape, array.shape)
        codes, array = np.broadcast_to(codes, wide).copy(), np.broadcast_to(array, wide)
        if counts:
            codes[array == 0] = ZERO
        if soft is not None and array.dtype.kind in "fi":
            codes[array <= soft_limit(array)] = soft
        if array.dtype.kind == "f":
            codes[array <= lowest(array)] = LOW
        low = array[codes == LOW]
        least = float(low.max()) if low.size else -np.inf
        return Known(squeezed(codes), least=least, numbers=array)
    return Known(squeezed(codes))


def lowest(array: NDArray[Any]) -> float:
    """Numbers of this array up to here are minus infinity to a softmax."""
    return _LOWEST.get(array.dtype.itemsize, -np.inf)


def soft_limit(array: NDArray[Any]) -> float:
    """Numbers of this mask up to here hide what they are added to, as good as minus infinity does.

    >>> soft_limit(np.array([0.0, -100.0])), soft_limit(np.array([0.0, -40.0, -100.0]))
    (-50.0, -10000.0)
    """
    others = array[array > _SOFT_ALONE]
    return _SOFT_ALONE if not others.size or others.min() > _GAP else _SOFT


def depends(codes: Codes) -> NDArray[np.bool_]:
    """Which elements change with the input."""
    return (codes == ALIVE) | (codes == HIDDEN)


def lows(codes: Codes) -> NDArray[np.bool_]:
    """Which elements are minus infinity to a softmax."""
    return (codes == LOW) | (codes == HIDDEN)


Array = TypeVar("Array", bound=NDArray[Any])


def squeezed(codes: Array) -> Array:
    """Size 1 along the axes where nothing varies."""
    for axis, size in enumerate(codes.shape):
        if size > 1:
            head = codes[(slice(None),) * axis + (slice(0, 1),)]
            if (codes == head).all():
                codes = cast("Array", head)
    return codes


def ranked(codes: Array, rank: int) -> Array:
    """The codes of a tensor that is broadcast to ``rank`` axes."""
    return cast("Array", codes.reshape((1,) * (rank - codes.ndim) + codes.shape))
