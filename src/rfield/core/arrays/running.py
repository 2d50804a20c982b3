"""Sums that run along an axis, circular shifts, and the bands and diagonals of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from ...errors import InvalidModelError
from .. import layout, ops
from ..arguments import normalize_axis
from ..link import Link, Read, passed
from ..operation import Op
from ..relation import shift
from .expression import Operand, Reading, read, shape_of


def cumulate(
    x: Operand, axis: int, *, exclusive: bool = False, reverse: bool = False, kind: str = "cumsum"
) -> Reading:
    """Cumulative sums, products …: output ``i`` reads ``0 .. i``, or ``i .. end`` in ``reverse``.

    ``exclusive``: without its own element.

    >>> from .expression import Known
    >>> [op.kind for op in cumulate(Known((1, 9)), 1, exclusive=True).steps]
    ['pad', 'cumsum']
    """
    shape = shape_of(x)
    axis = normalize_axis(axis, len(shape))
    run = ops.cumulate(shape, axis, backward=reverse, kind=kind)
    if exclusive and shape[axis]:
        return read([layout.pad(shape, {axis: (-1, 1) if reverse else (1, -1)}), run], x)
    return read(run, x)


def roll(x: Operand, shifts: Sequence[int], axes: Sequence[int] | None = None) -> Reading:
    """Circular shift: output ``i`` reads ``(i - shift) mod size``.

    Shifts of an axis that is named twice add up. Without ``axes`` the elements are rolled in
    row-major order, and the shifts add up.

    >>> from .expression import Known
    >>> roll(Known((1, 8)), [1, 2], [1, 1]).steps[0].links
    (Link(0: =, 1: Sliding(period=1, advance=1, taps=(IndexSet{-3},), border='circular')),)
    """
    shape = shape_of(x)
    if axes is None:
        flat = layout.reshape(shape, (prod(shape),))
        rolled = layout.roll(flat.shape, {0: sum(shifts)})
        return read([flat, rolled, layout.reshape(rolled.shape, shape)], x)
    if len(shifts) != len(axes):
        raise InvalidModelError(f"{len(shifts)} shifts for {len(axes)} axes")
    totals: dict[int, int] = {}
    for axis, by in zip(axes, shifts, strict=True):
        named = normalize_axis(axis, len(shape))
        totals[named] = totals.get(named, 0) + by
    return read(layout.roll(shape, {axis: by for axis, by in totals.items() if by}), x)


def band(x: Operand, lower: int, upper: int) -> Reading:
    """The last two axes within a band of their diagonal, zeros elsewhere; a bound below 0: no end.

    >>> from .expression import Known
    >>> band(Known((3, 3)), -1, 0).operands[1]
    array([[ True, False, False],
           [ True,  True, False],
           [ True,  True,  True]])
    """
    shape = shape_of(x)
    if len(shape) < 2:
        raise InvalidModelError(f"a band of a tensor of {len(shape)} axes")
    offset = np.arange(shape[-1]) - np.arange(shape[-2])[:, None]
    mask = ((lower < 0) | (-offset <= lower)) & ((upper < 0) | (offset <= upper))
    op = ops.pointwise(shape, mask.shape, kind="band", algebra="multiply")
    return read(op, x, mask)


def diagonal(x: Operand, offset: int = 0) -> Reading:
    """A diagonal of the last two axes; ``offset`` above 0 lies above the main one.

    >>> from .expression import Known
    >>> diagonal(Known((3, 5)), 1).shape
    (3,)
    """
    shape = shape_of(x)
    if len(shape) < 2:
        raise InvalidModelError(f"a diagonal of a tensor of {len(shape)} axes")
    row, column = max(0, -offset), max(0, offset)
    count = min(shape[-2] - row, shape[-1] - column)
    if count < 0:
        raise InvalidModelError(f"diagonal {offset} of {shape}")
    last = len(shape) - 2
    reads = [*passed(last).reads, Read(last, shift(row, "none")), Read(last, shift(column, "none"))]
    return read(Op("diagonal", (*shape[:-2], count), (Link(reads),)), x)
