"""How an op reads one operand axis, in both meanings: the words in which ops are defined.

``grid`` is the theory (the axis goes on for ever, padding is more grid), ``here`` this tensor (only
indices that exist; zero padding reads nothing, mirrored padding reads the mirrored element).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

Reads = Callable[[int], Iterable[int] | None]
"""Output index -> operand indices; None stands for every index of the axis."""


@dataclass(frozen=True)
class AxisRead:
    """One operand axis, read from output axis ``axis`` (None: from every output alike)."""

    axis: int | None
    grid: Reads
    here: Reads


@dataclass(frozen=True)
class Defined:
    """An op on operands of known shapes: the output shape and, per operand, one read per axis."""

    shape: tuple[int, ...]
    operands: tuple[tuple[AxisRead, ...], ...]


def same_place(axis: int) -> AxisRead:
    """Output index ``i`` reads operand index ``i``."""
    return AxisRead(axis, lambda i: [i], lambda i: [i])


def every(operand_axis: int, size: int) -> AxisRead:
    """Everything along the axis; channels do not go on for ever, positions do."""
    grid: Reads = lambda _: range(size) if operand_axis < 2 else None  # noqa: E731
    return AxisRead(None, grid, lambda _: range(size))


def only(axis: int | None, index: int) -> AxisRead:
    """The one index, whatever the output."""
    return AxisRead(axis, lambda _: [index], lambda _: [index])


def inside(reads: Callable[[int], Iterable[int]], size: int) -> Reads:
    """The part of ``reads`` that exists in an axis of ``size``."""
    return lambda i: [m for m in reads(i) if 0 <= m < size]
