"""The small frozen values that answers are made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from ..core.graph import Graph
from ..errors import UnresolvedSizeError

EXAMPLE = 224


class Fidelity(Enum):
    """How far a number can be trusted. Never a lower bound."""

    EXACT = "exact"
    UPPER_BOUND = "upper bound"

    def __repr__(self) -> str:
        return f"Fidelity.{self.name}"


class Unbounded(Enum):
    """The size of a field that some path makes global: it grows with the input, without end.

    It is larger than any number.

    >>> max(31, UNBOUNDED), UNBOUNDED <= 64
    (UNBOUNDED, False)
    """

    UNBOUNDED = "unbounded"

    def __repr__(self) -> str:
        return "UNBOUNDED"

    def __str__(self) -> str:
        return "∞"

    def __gt__(self, other: object) -> bool:
        return other is not self if isinstance(other, _SIZES) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return True if isinstance(other, _SIZES) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return False if isinstance(other, _SIZES) else NotImplemented

    def __le__(self, other: object) -> bool:
        return other is self if isinstance(other, _SIZES) else NotImplemented


_SIZES = (int, float, Fraction, Unbounded)
UNBOUNDED: Final = Unbounded.UNBOUNDED
Size = int | Literal[Unbounded.UNBOUNDED]


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """The box of input positions that outputs read: half-open ``start .. stop`` per axis.

    For one output ``start`` and ``stop`` are tuples; for an array of outputs of shape ``(..., d)``
    they are arrays of shape ``(..., number of input axes)``. An output that reads nothing has
    ``start == stop`` on every axis. Endless sides are ``-inf`` and ``inf``.
    """

    start: Any
    stop: Any
    axes: tuple[str, ...]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Region):
            return NotImplemented
        return (
            self.axes == other.axes
            and np.array_equal(self.start, other.start)
            and np.array_equal(self.stop, other.stop)
        )

    def __hash__(self) -> int:
        return hash((self.axes, np.asarray(self.start).tobytes(), np.asarray(self.stop).tobytes()))

    @property
    def size(self) -> Any:
        """Positions per axis."""
        if self.is_one:
            return tuple(b - a for a, b in zip(self.start, self.stop, strict=True))
        return self.stop - self.start

    @property
    def is_one(self) -> bool:
        """Whether this is the region of one output, not of an array of them."""
        return type(self.start) is tuple

    @property
    def slices(self) -> tuple[slice, ...]:
        """The region as slices, for indexing the spatial axes of an input (one output only)."""
        if not self.is_one:
            raise TypeError("slices of many regions; index them first")
        return tuple(slice(a, b) for a, b in zip(self.start, self.stop, strict=True))

    def __str__(self) -> str:
        if not self.is_one:
            return f"<{np.asarray(self.start).size // max(1, len(self.axes))} regions>"
        parts = [
            f"{name}: nothing" if b <= a else f"{name}: {a}..{b - 1}"
            for name, a, b in zip(self.axes, self.start, self.stop, strict=True)
        ]
        return ", ".join(parts)

    __repr__ = __str__


AXIS_NAMES = {1: ("t",), 2: ("y", "x"), 3: ("z", "y", "x"), 4: ("t", "z", "y", "x")}


@lru_cache(maxsize=4096)
def halves(count: int) -> Fraction:
    """So many halves: thousands of layers share a few strides and centres, which are made once.

    >>> halves(6), halves(-1)
    (Fraction(3, 1), Fraction(-1, 2))
    """
    return Fraction(count, 2)


def axis_names(count: int) -> tuple[str, ...]:
    """Names of ``count`` spatial axes: t; y, x; z, y, x."""
    return AXIS_NAMES.get(count) or tuple(f"axis{k}" for k in range(count))


IndexArray = NDArray[np.int64]


def sizes_needed(graph: Graph, problem: str) -> UnresolvedSizeError:
    """Free sizes stand in the way of an answer: with an example of how to give them."""
    shapes = {entry.name: graph.shape(entry.node) for entry in graph.inputs_}
    given = {name: tuple(n or EXAMPLE for n in shape) for name, shape in shapes.items()}
    shown = given if len(given) > 1 else next(iter(given.values()))
    return UnresolvedSizeError(
        f"{problem}. Give one, for example\n  rfield.load(model, input_shape={shown})"
    )
