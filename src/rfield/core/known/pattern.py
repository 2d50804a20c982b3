"""The relation behind a table of marks: who reads what, as the shortest thing that says it."""

from __future__ import annotations

from hashlib import blake2b
from math import gcd

import numpy as np
from numpy.typing import NDArray

from ..indices import IndexSet
from ..kept import Kept
from ..limits import ROW_PHASES
from ..relation import WHOLE, Prefix, Relation, Sliding, Table, minimal

Marks = NDArray[np.bool_]
Ints = NDArray[np.int64]

_SLIDING = Kept[Relation]()
"""The softmax over a mask, and both products beside it, ask for the same one."""


def relation_of(marks: Marks) -> Relation:
    """Output ``i`` reads the ``k`` with ``marks[i, k]``.

    A band is a window that slides and so the same at every size, if both its ends are seen to be
    its own and not the ends of the table; that of a resize moves by another step than one. A
    triangle is a prefix; anything else is a table.

    >>> relation_of(np.tril(np.ones((4, 4), bool)))
    Prefix(backward=False)
    >>> relation_of(np.eye(4, dtype=bool)).taps
    (IndexSet{0},)
    """
    rows, size = marks.shape
    if marks.all():
        return WHOLE
    if rows == size:
        triangle = np.tri(size, dtype=bool)
        if (marks == triangle).all():
            return Prefix()
        if (marks == triangle.T).all():
            return Prefix(backward=True)
    asked = rows, size, blake2b(np.packbits(marks).tobytes(), digest_size=32).digest()
    known = _SLIDING.get(asked)
    if known is not None:
        return known
    common = gcd(rows, size)
    first, step = rows // common, size // common
    some = marks[:: max(1, rows // 4)]
    for repeat in range(1, min(ROW_PHASES, rows // 2) // first + 1):
        period, advance = first * repeat, step * repeat
        after = marks[period :: max(1, rows // 4), advance:]
        if (after != some[: len(after), : size - advance]).any():
            continue  # seen at a few rows already, as for nearly all
        found = _sliding(marks, period, advance)
        if found is not None:
            return _SLIDING.keep(asked, minimal(found))
    return Table(tuple(_set(np.flatnonzero(row)) for row in marks))


def _sliding(marks: Marks, period: int, advance: int) -> Sliding | None:
    """The marks as windows that move by ``advance`` every ``period`` rows, or None."""
    rows, size = marks.shape
    taps: list[IndexSet] = []
    for phase in range(period):
        count = len(range(phase, rows, period))
        bases: Ints = np.arange(count, dtype=np.int64) * advance
        reach = np.zeros(2 * size, dtype=bool)  # by distance from the base, ``size`` is 0
        at, column = np.nonzero(marks[phase::period])
        reach[column - bases[at] + size] = True
        offsets = np.flatnonzero(reach) - size
        if not offsets.size:
            taps.append(_set(offsets))
            continue
        low, high = int(offsets[0]), int(offsets[-1])
        if bases[-1] + low - 1 < 0 or bases[0] + high + 1 >= size:
            return None
        columns: Ints = np.arange(size, dtype=np.int64)
        places = columns[None, :] - bases[:, None] + size
        if (reach[places] != marks[phase::period]).any():
            return None
        taps.append(_set(offsets))
    return Sliding(period, advance, tuple(taps))


def _set(numbers: NDArray[np.intp]) -> IndexSet:
    return IndexSet.of([int(number) for number in numbers])
