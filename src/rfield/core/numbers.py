"""Numbers that an op reads beside its operands: an envelope, a ramp of positions, a mask.

They belong to one size of the input. Whether a part of that input meets the same numbers is a
question of their contents (``analysis.pieces.agreement``), not of their shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

KEPT = 1 << 20
"""Elements of a constant that a graph keeps (the mask of 256 windows of 8 x 8): of a longer one
only the shape, and a hash where there is one."""

COMPARED = 1 << 24
"""Of one that holds few numbers again and again, so many elements are compared."""


class Numbers:
    """A constant, spread over the output of its reader as NumPy broadcasts it.

    Equal where shape and contents are. Axes along which nothing varies have the stride 0.
    """

    __slots__ = ("array",)

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array

    @staticmethod
    def of(array: NDArray[Any] | None, shape: Sequence[int]) -> Numbers | tuple[int, ...]:
        """A copy of the contents where they are few, else the shape."""
        if array is None or array.shape != tuple(shape):
            return tuple(shape)
        once = array[tuple(slice(None) if step else slice(0, 1) for step in array.strides)]
        if once.size > KEPT:
            banded = _banded(once)
            return tuple(shape) if banded is None else Numbers(np.broadcast_to(banded, array.shape))
        return Numbers(np.broadcast_to(once.copy(), array.shape))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Numbers) and np.array_equal(self.array, other.array)

    def __hash__(self) -> int:
        return hash(self.array.shape)

    def __repr__(self) -> str:
        return f"Numbers{self.array.shape}"


def _banded(array: NDArray[Any]) -> NDArray[Any] | None:
    """A copy that holds each diagonal of the last two axes once, where these are all that vary.

    The mask of a window over time is one number for each distance, however long the stream is.
    """
    if array.ndim < 2 or array.size != array.shape[-1] * array.shape[-2] or array.size > COMPARED:
        return None
    rows, columns = array.shape[-2:]
    flat = array.reshape(rows, columns)
    if not np.array_equal(flat[1:, 1:], flat[:-1, :-1], equal_nan=flat.dtype.kind == "f"):
        return None
    line = np.concatenate([flat[:0:-1, 0], flat[0]])  # from the lowest diagonal to the highest
    windows = np.lib.stride_tricks.sliding_window_view(line, columns)
    return windows[::-1][(None,) * (array.ndim - 2)]


class Same:
    """What a model holds, whatever its numbers are: equal where it is the same object."""

    __slots__ = ("held",)

    def __init__(self, held: object) -> None:
        self.held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.held is other.held

    def __hash__(self) -> int:
        return id(self.held)

    def __reduce__(self) -> tuple[type[object], tuple[()]]:
        return object, ()  # a copy is of no model, and equal to nothing
