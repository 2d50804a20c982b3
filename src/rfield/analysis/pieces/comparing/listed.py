"""Where two lists of what is read agree, position by position."""

from __future__ import annotations

from itertools import groupby

from ....core.relation import Table
from .cuts import IRREGULAR, Cut, LossError


def listed(mine: Table, other: Table, cut: Cut) -> Cut:
    """The longest run of outputs that read the same in both, as far apart as the operand lies.

    A mask that is made of positions hides some at a border, and none further in.

    Raises:
        LossError: there is no such run, or nothing moves.
    """
    shift = cut.shift
    if shift is None:
        raise LossError(IRREGULAR)
    same = [
        0 <= place + shift < len(other.taps)
        and all(map(cut.holds, taps))
        and taps.shift(shift) == other.taps[place + shift]
        for place, taps in enumerate(mine.taps)
    ]
    runs = [tuple(run) for agrees, run in groupby(range(len(same)), same.__getitem__) if agrees]
    if not runs:
        raise LossError(IRREGULAR)
    best = max(runs, key=len)
    return Cut(shift, best[0], best[-1] + 1)
