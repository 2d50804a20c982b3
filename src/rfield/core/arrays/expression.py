"""What the array ops take and return.

An *operand* is anything with a ``shape``: a tensor that depends on an input, a constant, whatever a
front end calls a tensor, a NumPy array (known contents), or the result of another array op. A
``Reading`` is an op with its operands, not yet part of any graph; its operands may be readings
themselves, so array ops nest as NumPy calls do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..arguments import Shape, normalize_axis
from ..operation import Op

Array = NDArray[Any]
Axes = int | Sequence[int] | None


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
    """A reading; a single op may be given as it is. Steps on steps make one chain.

    >>> from ..ops import mix, reduce
    >>> len(read(mix((7,), [0], kind="sort"), read(reduce((5, 7), [0]), Known((5, 7)))).steps)
    2
    """
    steps = [steps] if isinstance(steps, Op) else steps
    first = operands[0] if len(operands) == 1 else None
    if isinstance(first, Reading):
        return Reading([*first.steps, *steps], first.operands)
    return Reading(steps, operands)


def leaves(reading: Reading) -> set[int]:
    """The ids of all operands that a reading names, however deep."""
    found: set[int] = set()
    for value in reading.operands:
        found |= leaves(value) if isinstance(value, Reading) else {id(value)}
    return found


def shape_of(operand: Operand) -> Shape:
    """The shape of an operand as a plain tuple."""
    return tuple(operand.shape)


def known_array(value: object) -> Array | None:
    """The contents of an argument that is known: an integer, a list, a NumPy array; else None."""
    if isinstance(value, (int, float, list, tuple, range, np.ndarray, np.generic)):
        return np.asarray(value)
    return None


def operand_of(value: Operand | float) -> Operand:
    """A number in the place of a tensor is a known array."""
    return np.asarray(value) if isinstance(value, (int, float)) else value


def axes_of(axes: Axes, rank: int) -> list[int]:
    """Axes as non-negative integers, each once; None stands for all.

    >>> axes_of(-1, 3), axes_of((0, -3), 3), axes_of(None, 2)
    ([2], [0], [0, 1])
    """
    if axes is None:
        return list(range(rank))
    named = [axes] if isinstance(axes, int) else axes
    return list(dict.fromkeys(normalize_axis(axis, rank) for axis in named))
