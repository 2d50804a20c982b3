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
            return tuple(shape)
        return Numbers(np.broadcast_to(once.copy(), array.shape))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Numbers) and np.array_equal(self.array, other.array)

    def __hash__(self) -> int:
        return hash(self.array.shape)

    def __repr__(self) -> str:
        return f"Numbers{self.array.shape}"


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
