"""What the array ops take and return.

An *operand* is anything with a ``shape``: a tensor that depends on an input, a constant, whatever a
front end calls a tensor, or the result of another array op. Contents that are known are given as
NumPy arrays beside them. A ``Reading`` is an op with its operands, not yet part of any graph; its
operands may be readings themselves, so array ops nest as NumPy calls do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from ..arguments import Shape
from ..operation import Op

Array = npt.NDArray[Any]


class Operand(Protocol):
    """A tensor of any kind: only its shape is looked at."""

    @property
    def shape(self) -> Sequence[int]:
        """The sizes of its axes."""
        ...


class Reading:
    """``steps`` (or one op) one after the other: the first reads ``operands``, each other the last.

    Without steps it is its only operand unchanged.

    >>> from ..ops import reduce
    >>> Reading([reduce((5, 7), [0])], [Known((5, 7))]).shape
    (7,)
    """

    __slots__ = ("operands", "steps")

    def __init__(self, steps: Op | Sequence[Op], operands: Sequence[Operand]) -> None:
        self.steps: Sequence[Op] = [steps] if isinstance(steps, Op) else steps
        self.operands = operands

    @property
    def shape(self) -> Shape:
        """The shape of the result."""
        return self.steps[-1].shape if self.steps else tuple(self.operands[0].shape)


@dataclass(frozen=True, slots=True)
class Known:
    """A shape without contents, as an operand."""

    shape: Shape


def read(steps: Op | Sequence[Op], *operands: Operand) -> Reading:
    """A reading; a single op may be given as it is."""
    return Reading(steps, operands)


def shape_of(operand: Operand) -> Shape:
    """The shape of an operand as a plain tuple."""
    return tuple(operand.shape)


def contents(operand: Operand) -> Array | None:
    """The contents of an operand that is given as a NumPy array; None for any other."""
    return cast("Array", operand) if isinstance(operand, np.ndarray) else None
