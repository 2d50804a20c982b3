"""Arrays of any library: joined, and kept apart from those that others may write into.

A model whose first op works in place (``x.sub_(mean)``, a ReLU before the first convolution) would
change the image under the next tile, and what the caller has. A source of sound fills one buffer
again and again, while its last samples are still needed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from ...errors import InvalidModelError

Array = Any

WORK = 10_000
"""So long is looked for an element that two arrays share; slices of an image are told at once."""


def copied(part: Array) -> Array:
    """The part as an array of its own; itself where nothing can be written into it (JAX).

    A result of indexing that shares no memory is no copy more (zarr).
    """
    if hasattr(part, "detach"):
        return part.clone()
    return part.copy() if getattr(part, "base", None) is not None else part


def owned(array: Array) -> Array:
    """The same numbers in memory that nobody else has; itself where nothing can be written."""
    if hasattr(array, "detach"):
        return array.clone()
    return array.copy() if hasattr(array, "copy") else array


def concatenated(arrays: list[Any], axis: int) -> Any:
    """Arrays of any library one after another, by that library's own function."""
    first = arrays[0]
    if isinstance(first, np.ndarray):
        return np.concatenate(arrays, axis)
    if hasattr(first, "__array_namespace__"):
        return first.__array_namespace__().concat(arrays, axis=axis)
    library = sys.modules.get(type(first).__module__.partition(".")[0])
    for name in ("concatenate", "concat"):
        if hasattr(library, name):
            return getattr(library, name)(arrays, axis)
    return np.concatenate(arrays, axis)


def overlaps(one: Array, other: Array) -> bool:
    """Whether writing into one array changes the other, as far as that can be seen."""
    if one is other:
        return True
    both = [_in_memory(array) for array in (one, other)]
    if all(isinstance(array, np.ndarray) for array in both):
        try:
            return np.shares_memory(*both, max_work=cast("Any", WORK))
        except RuntimeError:  # too hard to tell
            return True
    if not all(hasattr(array, "untyped_storage") for array in (one, other)):
        return False
    return one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()


class Lender:
    """Gives a function parts of the images; copies, unless it is seen to leave them alone.

    PyTorch counts the writes into a tensor: where the first part is not written into, the others
    are views, and a write into one is an error. Other arrays are always copied.
    """

    def __init__(self, images: Sequence[Array]) -> None:
        self.images = images
        self.counted = _counted(images)
        self.views = False

    def part(self, part: Array) -> Array:
        """What a function may be given for a part of an image."""
        return part if self.views else copied(part)

    def run(self, function: Callable[..., Array], parts: Sequence[Array], where: object) -> Array:
        """The function's result.

        Raises:
            InvalidModelError: it wrote into an image, though it left the first part alone.
        """
        if not self.counted or not (self.views or _counted(parts)):
            return function(*parts)
        lent = self.images if self.views else parts
        before = [one._version for one in lent]  # torch counts for all views of a tensor together
        result = function(*parts)
        same = before == [one._version for one in lent]
        if self.views and not same:
            raise InvalidModelError(
                f"tile {where}: the function wrote into the image, and did not at the first tile.\n"
                "  Give one that writes into a copy: lambda x: model(x.clone())"
            )
        self.views = same
        return result


def _in_memory(array: Array) -> Array:
    """A tensor as the NumPy array that lies in the same place, where it can be one."""
    if not hasattr(array, "detach"):
        return array
    try:
        return array.detach().numpy()
    except (TypeError, RuntimeError):  # of a type that NumPy does not have, or on a device
        return None


def _counted(arrays: Sequence[Array]) -> bool:
    """Whether all are tensors whose writes are counted."""
    return all(hasattr(one, "detach") and not one.is_inference() for one in arrays)
