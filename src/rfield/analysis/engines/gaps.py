"""Where a box cannot be had axis by axis.

A field is computed per axis, and a branch that reads nothing along one axis reads nothing at all. A
single path shows that by itself (one empty axis empties the box). Where branches join it does not:
at a position where one branch is empty along y only, its reach along x must not count. Such joins
are rare (a transposed convolution with kernel < stride beside another path); they are found here,
by comparing which positions of each branch are empty on each axis. So are the ops whose empty
phases along one axis are seen by the field of no axis (those after a global pooling).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import lcm

import numpy as np
from numpy.typing import NDArray

from .pull import Bounds

Marks = NDArray[np.bool_]

Mask = tuple[tuple[int, ...], bytes]
"""Where a branch reads nothing: shape and bits of a mask."""
Gaps = tuple[Mask | None, ...]
"""For each operand of a join: where it reads nothing; None: nowhere."""


def gaps_of(branches: Sequence[Sequence[Bounds] | None]) -> Gaps | None:
    """The gaps of a join's operands along one axis; None if there are none at all.

    An operand that cannot depend on the source is None; one without any bounds reads nothing.
    """
    found = tuple(None if branch is None else mask_of(branch) for branch in branches)
    return found if any(one is not None for one in found) else None


def crossed_joins(per_axis: Sequence[dict[int, Gaps]]) -> frozenset[int]:
    """The joins whose gaps differ between the axes."""
    joins = set[int]().union(*per_axis)
    return frozenset(
        join for join in joins if any(gaps.get(join) != per_axis[0].get(join) for gaps in per_axis)
    )


def hidden(per_axis: Sequence[dict[tuple[int, int], frozenset[int]]]) -> frozenset[int]:
    """The ops with empty phases along an axis that the field of no axis shows.

    Each dictionary has, for op and operand, the output axes whose empty phases one field misses.
    """
    missed: dict[tuple[int, int], frozenset[int]] = {}
    for one in per_axis:
        for key, axes in one.items():
            missed[key] = missed.get(key, axes) & axes
    return frozenset(op for (op, _), axes in missed.items() if axes)


def mask_of(branch: Sequence[Bounds]) -> Mask | None:
    """Where no bounds of a branch reach anything, in its shortest form; None: nowhere."""
    empty: Marks | None = None
    for low, high in branch:
        here = low > high
        if not here.any():
            return None
        empty = here if empty is None else _both(empty, here)
    if empty is None:
        return (), b""
    for axis, size in enumerate(empty.shape):
        head = empty[(slice(None),) * axis + (slice(0, 1),)]
        if size > 1 and (empty == head).all():
            empty = head
    return empty.shape, empty.tobytes()


def _both(one: Marks, other: Marks) -> Marks:
    """Both masks at once; axes that they repeat differently are written out to a common period."""
    times = [
        (1, 1) if 1 in (a, b) else (lcm(a, b) // a, lcm(a, b) // b)
        for a, b in zip(one.shape, other.shape, strict=True)
    ]
    return np.tile(one, [a for a, _ in times]) & np.tile(other, [b for _, b in times])
