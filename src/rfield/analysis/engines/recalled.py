"""What pulls through the narrow places of a graph came to: those of many values are nearly alike.

Where all that is pulled back is one footprint of one value, the rest of the way is that of any pull
that came by with the same footprint. And what is refused to a footprint, because it leaves a tensor
that has nothing beyond its ends, is refused to a larger one.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

import numpy as np

from ...core.limits import PHASE_LIMIT
from ...errors import InvalidModelError, TooLargeError
from .footprint import Footprint, contains

MOST_REFUSED = 4
"""Footprints of one value that are kept because they were refused."""

Key = tuple[object, ...]
Look = Callable[[int, Footprint], list[Footprint] | None]


class Recalled:
    """The outcomes of pulls of marks on one canvas; None: refused."""

    def __init__(self) -> None:
        self._outcomes: dict[Key, list[Footprint] | None] = {}
        self._refused: dict[int, list[Footprint]] = {}

    def pulled(self, limit: int, pull: Callable[[Look], list[Footprint]]) -> list[Footprint]:
        """The outcome of a pull that asks at each narrow place, in no more cells than ``limit``.

        Raises:
            InvalidModelError, TooLargeError: as the pull, or as one before it.
        """
        passed: list[tuple[Key, int, Footprint]] = []

        def look(value: int, foot: Footprint) -> list[Footprint] | None:
            if any(block.values.size > PHASE_LIMIT for block in foot.blocks):
                return None
            key = value, limit, foot.windows, _digest(foot)
            found = self._outcomes.get(key)
            refused = key in self._outcomes and found is None
            if refused or any(contains(foot, one) for one in self._refused.get(value, ())):
                raise InvalidModelError("a footprint that was refused before")
            if found is None:
                passed.append((key, value, foot))
            return found

        try:
            outcome = pull(look)
        except (InvalidModelError, TooLargeError) as error:
            self._outcomes.update((key, None) for key, _, _ in passed)
            for _, value, foot in passed:
                if isinstance(error, InvalidModelError) and foot.batch == 1:
                    self._refused.setdefault(value, [])[MOST_REFUSED - 1 :] = [foot]
            raise
        self._outcomes.update((key, outcome) for key, _, _ in passed)
        return outcome


def _digest(foot: Footprint) -> Key:
    """The blocks of a footprint, in short."""
    found = blake2b(np.packbits(foot.scale).tobytes(), digest_size=16)
    for block in foot.blocks:
        found.update(np.packbits(block.values).tobytes())
    shapes = tuple((block.axes, block.values.shape) for block in foot.blocks)
    return foot.batch, shapes, found.digest()
