"""Diagonals and triangles: two axes that run together."""

from __future__ import annotations

import numpy as np

from ..arguments import normalize_axis
from ..link import Link, Read
from ..operation import Op
from ..relation import IDENTITY, shift
from .elementwise import where
from .expression import Operand, Reading, read, shape_of
from .padding import pad
from .reduction import reduce
from .shaping import moveaxis, unsqueeze


def diagonal(x: Operand, offset: int = 0, first: int = 0, second: int = 1) -> Reading:
    """Output ``i`` reads ``(i, i + offset)`` of the two axes; it is the last axis of the result.

    https://numpy.org/doc/stable/reference/generated/numpy.diagonal.html

    >>> from .expression import Known
    >>> diagonal(Known((4, 5, 3)), 1).shape
    (3, 4)
    """
    shape = shape_of(x)
    a, b = normalize_axis(first, len(shape)), normalize_axis(second, len(shape))
    down, right = max(0, -offset), max(0, offset)
    length = max(0, min(shape[a] - down, shape[b] - right))
    kept = [axis for axis in range(len(shape)) if axis not in (a, b)]
    place = len(kept)
    reads = [Read(kept.index(k) if k in kept else place, IDENTITY) for k in range(len(shape))]
    for axis, start in ((a, down), (b, right)):
        if start or shape[axis] != length:
            reads[axis] = Read(place, shift(start))
    return read(
        Op("diagonal", (*(shape[axis] for axis in kept), length), (Link(reads),), algebra="move"), x
    )


def trace(x: Operand, offset: int = 0, first: int = 0, second: int = 1) -> Reading:
    """The sum of a diagonal.

    https://numpy.org/doc/stable/reference/generated/numpy.trace.html

    >>> from .expression import Known
    >>> trace(Known((4, 5, 3))).shape
    (3,)
    """
    return reduce(diagonal(x, offset, first, second), -1, kind="trace")


def diag_embed(x: Operand, offset: int = 0, first: int = -2, second: int = -1) -> Reading:
    """The last axis on the diagonal of a square of two new ones; zeros elsewhere.

    https://docs.pytorch.org/docs/stable/generated/torch.diag_embed.html

    >>> from .expression import Known
    >>> diag_embed(Known((2, 3)), 1).shape
    (2, 4, 4)
    """
    rank = len(shape_of(x)) + 1
    size = shape_of(x)[-1] + abs(offset)
    wide = pad(x, {rank - 2: (max(0, -offset), max(0, offset))})
    square = where(np.eye(size, k=offset, dtype=bool), unsqueeze(wide, -1), 0)
    a, b = normalize_axis(first, rank), normalize_axis(second, rank)
    return moveaxis(square, (rank - 2, rank - 1), (a, b))


def tril(x: Operand, k: int = 0) -> Reading:
    """The elements on and below diagonal ``k`` of the last two axes; the others read nothing.

    https://numpy.org/doc/stable/reference/generated/numpy.tril.html

    >>> from .expression import Known
    >>> tril(Known((2, 3, 3))).shape
    (2, 3, 3)
    """
    rows, columns = shape_of(x)[-2:]
    return where(np.tri(rows, columns, k, dtype=bool), x, 0)


def triu(x: Operand, k: int = 0) -> Reading:
    """The elements on and above diagonal ``k`` of the last two axes; the others read nothing.

    https://numpy.org/doc/stable/reference/generated/numpy.triu.html

    >>> from .expression import Known
    >>> triu(Known((2, 3, 3)), 1).shape
    (2, 3, 3)
    """
    rows, columns = shape_of(x)[-2:]
    return where(~np.tri(rows, columns, k - 1, dtype=bool), x, 0)


def band(x: Operand, lower: int, upper: int) -> Reading:
    """The elements up to ``lower`` below and ``upper`` above the diagonal; below 0 means all.

    https://www.tensorflow.org/api_docs/python/tf/linalg/band_part

    >>> from .expression import Known
    >>> band(Known((3, 4)), 1, -1).shape
    (3, 4)
    """
    rows, columns = shape_of(x)[-2:]
    kept = np.ones((rows, columns), bool)
    if lower >= 0:
        kept &= ~np.tri(rows, columns, -lower - 1, dtype=bool)
    if upper >= 0:
        kept &= np.tri(rows, columns, upper, dtype=bool)
    return where(kept, x, 0)


def set_diagonal(x: Operand, values: Operand, offset: int = 0) -> Reading:
    """A copy of ``x`` with the values on a diagonal of its last two axes.

    https://www.tensorflow.org/api_docs/python/tf/linalg/set_diag

    >>> from .expression import Known
    >>> set_diagonal(Known((2, 3, 4)), Known((2, 3))).shape
    (2, 3, 4)
    """
    rows, columns = shape_of(x)[-2:]
    down, right = max(0, -offset), max(0, offset)
    length = shape_of(values)[-1]
    placed = pad(values, {len(shape_of(values)) - 1: (down, rows - down - length)})
    on = np.zeros((rows, columns), bool)
    on[np.arange(length) + down, np.arange(length) + right] = True
    return where(on, unsqueeze(placed, -1), x)
