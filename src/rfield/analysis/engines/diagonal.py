"""Several axes that run together: where one output axis drives more than one operand axis."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import too_large
from .pull import CELL_LIMIT

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
