"""Parts of an image that are lent to a function, which may write into what it is given.

A model whose first op works in place (``x.sub_(mean)``, a ReLU before the first convolution) would
change the image under the next tile, and what the caller has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...errors import InvalidModelError

Array = Any


def copied(part: Array) -> Array:
    """The part as an array of its own; itself where nothing can be written into it (JAX).

    A result of indexing that shares no memory is no copy more (zarr).
    """
    if hasattr(part, "detach"):
        return part.clone()
    return part.copy() if getattr(part, "base", None) is not None else part


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


def _counted(arrays: Sequence[Array]) -> bool:
    """Whether all are tensors whose writes are counted."""
    return all(hasattr(one, "detach") and not one.is_inference() for one in arrays)
