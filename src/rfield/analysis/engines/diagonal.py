"""Where the axes of an array come to lie when its operand is read: the same for all engines.

An axis goes where the output axis lies that drives it. Several may run together, where one output
axis drives more than one operand axis; a reshape needs its own axes written out.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.limits import CELL_LIMIT
from ...core.link import Link, Reshaped
from ...errors import too_large

Array = NDArray[Any]


def diagonal(array: Array, axes: Sequence[int]) -> Array:
    """The places where all of ``axes`` agree, along the first of them; the others get size 1.

    An axis of size 1 is the same everywhere, so it agrees with any place.

    >>> diagonal(np.arange(6).reshape(1, 2, 3)[:, :, :2], (1, 2)).tolist()
    [[[0], [4]]]
    """
    first, *rest = axes
    for other in rest:
        if array.shape[other] == 1:
            continue
        if array.shape[first] == 1:
            array = array.swapaxes(first, other)
            continue
        running = np.diagonal(array, axis1=first, axis2=other)
        running = np.moveaxis(running, -1, first - (other < first))
        array = np.expand_dims(running, other)
    return array


def placed(link: Link, rank: int, *arrays: Array) -> list[Array]:
    """Every operand axis at the output axis that drives it; the others have size 1 by now.

    Axes behind those of the operand stay behind. Of coupled axes the first holds what they reach
    together.
    """
    firsts = {r.axis: a for a, r in reversed([*enumerate(link.reads)]) if r.axis is not None}
    count, sources = len(link.reads), [firsts[place] for place in sorted(firsts)]
    order = [*sources, *(axis for axis in range(count) if axis not in sources)]
    found: list[Array] = []
    for array in arrays:
        shape = [1] * rank
        for place, axis in firsts.items():
            shape[place] = array.shape[axis]
        moved = array.transpose(*order, *range(count, array.ndim))
        found.append(moved.reshape((*shape, *array.shape[count:])))
    return found


def written_out(link: Reshaped, sizes: Sequence[int]) -> tuple[list[int], list[int]]:
    """The sizes that an array must have to be reshaped, and those that it has then.

    An axis that is alone stays as it is; of those that a group joins all are needed, where the
    array varies along any.
    """
    full, shape = list(sizes), [1] * len(link.after)
    for group in link.groups:
        if len(group.before) == len(group.after) == 1:
            shape[group.after[0]] = sizes[group.before[0]]
        elif any(sizes[axis] > 1 for axis in group.before):
            for axis in group.before:
                full[axis] = link.before[axis]
            for axis in group.after:
                shape[axis] = link.after[axis]
    return full, shape


def spread(array: Array, axis: int, times: int) -> Array:
    """The inverse: ``axis`` becomes ``times`` axes, filled where they agree and empty elsewhere.

    >>> spread(np.array([5, 7]), 0, 2).tolist()
    [[5, 0], [0, 7]]
    """
    size = array.shape[axis]
    shape = (*array.shape[:axis], *(size,) * times, *array.shape[axis + 1 :])
    if times == 1 or size == 1:
        return array.reshape(shape)
    if prod(shape) > 4 * CELL_LIMIT:
        raise too_large("an exact set that is no box", prod(shape), "Its box is given by region().")
    result = np.zeros(shape, dtype=array.dtype)
    places = (slice(None),) * axis + (np.arange(size),) * times
    result[places] = array
    return result
