"""Sizes that have an end: a table of positions goes no further.

Nothing in how sizes repeat shows that, so a few much larger ones are read.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile

from .reading import Reading
from .sizeset import SizeSet

FARTHEST = 1 << 14
"""Up to about which size a model is read."""

TIMES = 64
"""So many times as large is the next one."""


def last_taken(
    near: Callable[[int], Reading], read: Callable[[int], Reading], taken: int, step: int
) -> int | None:
    """The last of the sizes from ``taken`` on, which is read, that the model takes; None: no end.

    ``near`` is asked for sizes beside one that is taken; it may tell what follows. Not looked for
    where a larger size takes more ops, one for each position perhaps.
    """
    ops = len(near(taken).shapes) if taken else 0
    while 0 < taken < FARTHEST // 2 and len(near(taken + step).shapes) == ops:
        refused = taken + max(1, min((TIMES - 1) * taken, FARTHEST - taken) // step) * step
        if not read(refused).refused:
            taken = refused
            continue
        while refused - taken > step:
            middle = taken + (refused - taken) // step // 2 * step
            if read(middle).refused:
                refused = middle
            else:
                taken = middle
        return refused - 1
    return None


def up_to(end: int | None, found: SizeSet) -> SizeSet:
    """The sizes without those beyond the end."""
    if end is None or found.is_finite:
        return found
    return SizeSet.only(takewhile(end.__ge__, found))
