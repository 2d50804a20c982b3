"""Sizes that have an end: a table of positions goes no further.

Nothing in how sizes repeat shows that, so a few much larger ones are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile

from .reading import Reading
from .sizeset import SizeSet

FARTHEST = 1 << 14
"""Up to about which size a model is read."""

TIMES = 64
"""So many times as large is the next one."""


def last_taken(
    near: Callable[[int], Reading], read: Callable[[int], Reading], sizes: Iterator[int], step: int
) -> int | None:
    """The last size that the model takes, of those a multiple of ``step`` further; None: no end.

    ``sizes``: those of one step which it takes. ``near`` is asked for the first and one beside it;
    it may tell what follows. Not looked for where a larger size takes more ops, one for each
    position perhaps.
    """
    first = taken = next(sizes, 0)
    ops = len(near(taken).shapes) if taken else 0
    while 0 < taken < FARTHEST // 2 and len(near(taken + step).shapes) == ops:
        refused = taken + max(1, min((TIMES - 1) * taken, FARTHEST - taken) // step) * step
        if not read(refused).refused:
            taken = refused
            continue
        last = _last(read, range(taken, refused, step))
        rest = {(n - last) % step for n in (first, *sizes)}
        return _last(read, [n for n in range(last, last + step) if n - last in rest])
    return None


def _last(read: Callable[[int], Reading], sizes: Sequence[int]) -> int:
    """The last of the sizes that the model takes; it takes the first, and none after the last."""
    low, high = 0, len(sizes)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if read(sizes[middle]).refused else (middle, high)
    return sizes[low]


def up_to(end: int | None, found: SizeSet) -> SizeSet:
    """The sizes without those beyond the end."""
    if end is None or found.is_finite:
        return found
    return SizeSet.only(takewhile(end.__ge__, found))
