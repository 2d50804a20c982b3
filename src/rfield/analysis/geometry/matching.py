"""Which layer of one model is which of another: by name, else by what is computed in which order.

Knows names and kinds only, so that two models, or a model and what was recorded of it, are matched
alike.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise, takewhile
from typing import NamedTuple

import numpy as np

Pair = tuple[int | None, int | None]

MOST_CELLS = 25_000_000
"""Cells of the table of orders: two stretches of 5,000 layers without a common name."""


class Key(NamedTuple):
    """By what a layer is found again: its name, and what it computes (the same op as another)."""

    name: str
    kind: Hashable
    named_alone: bool = False
    """Whether the name is enough: where it is not known what the layer computes."""


def matched(a: Sequence[Key], b: Sequence[Key]) -> list[Pair]:
    """Pairs of places in ``a`` and ``b``, in the order of ``b``; None where there is no partner.

    Names count first, without what all of a model's begin with and where the kind agrees (layers of
    a sequence are called by number, and one more shifts them all); between those the longest common
    subsequence of kinds; then names whatever the kind. A layer that is gone stands where it was.

    >>> a = [Key("c1", "conv"), Key("p", "pool"), Key("c2", "conv")]
    >>> b = [Key("c1", "conv"), Key("new", "norm"), Key("q", "pool")]
    >>> matched(a, b)
    [(0, 0), (None, 1), (1, 2), (2, None)]
    """
    names_a, names_b = _without_root(a), _without_root(b)
    places = {name: j for j, name in enumerate(names_b)}
    partner: dict[int, int] = {}
    for i, key in enumerate(a):
        j = places.get(names_a[i])
        if j is not None and (key.named_alone or key.kind == b[j].kind):
            partner[i] = j
    taken = set(partner.values())
    stretches = pairwise([(-1, -1), *ascending(sorted(partner.items())), (len(a), len(b))])
    for (i, j), (next_i, next_j) in stretches:
        left = [k for k in range(i + 1, next_i) if k not in partner]
        right = [k for k in range(j + 1, next_j) if k not in taken]
        for p, q in _common([a[k].kind for k in left], [b[k].kind for k in right]):
            partner[left[p]] = right[q]
    taken = set(partner.values())
    for i, name in enumerate(names_a):
        j = places.get(name)
        if i not in partner and j is not None and j not in taken:
            partner[i] = j
    return list(_in_order(len(a), len(b), partner))


def _without_root(keys: Sequence[Key]) -> list[str]:
    """The names without the folders that all of them lie in."""
    paths = [key.name.replace("/", ".").split(".") for key in keys]
    folders = [path[:-1] for path in paths]
    shortest = min(map(len, folders), default=0)
    shared = takewhile(lambda k: len({path[k] for path in folders}) == 1, range(shortest))
    depth = len([*shared])
    return [".".join(path[depth:]) for path in paths]


def ascending(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The most pairs that ascend on both sides."""
    ends: list[int] = []  # the least right side on which an ascent of each length ends
    lengths: list[int] = []
    for _, j in pairs:
        place = bisect_left(ends, j)
        ends[place : place + 1] = [j]
        lengths.append(place)
    found: list[tuple[int, int]] = []
    wanted = len(ends) - 1
    for pair, length in zip(reversed(pairs), reversed(lengths), strict=True):
        if length == wanted and (not found or pair[1] < found[-1][1]):
            found.append(pair)
            wanted -= 1
    return found[::-1]


def _common(a: Sequence[Hashable], b: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """Places of a longest common subsequence; none where the table of it would be too large."""
    same = [*takewhile(lambda k: a[k] == b[k], range(min(len(a), len(b))))]
    yield from zip(same, same, strict=True)
    start = len(same)
    rest = min(len(a), len(b)) - start
    end = len([*takewhile(lambda k: a[-k] == b[-k], range(1, rest + 1))])
    yield from ((len(a) - k, len(b) - k) for k in range(1, end + 1))
    i, j = len(a) - end - start, len(b) - end - start
    if i * j > MOST_CELLS:
        return
    codes = {token: code for code, token in enumerate(dict.fromkeys([*a, *b]))}
    left = np.array([codes[token] for token in a[start : start + i]], dtype=np.int64)
    right = np.array([codes[token] for token in b[start : start + j]], dtype=np.int64)
    lengths = np.zeros((i + 1, j + 1), dtype=np.int32)
    for row, code in enumerate(left, 1):
        above = lengths[row - 1]
        np.maximum.accumulate(
            np.maximum(above[1:], above[:-1] + (right == code)), out=lengths[row, 1:]
        )
    while i and j:
        if left[i - 1] == right[j - 1]:
            i, j = i - 1, j - 1
            yield start + i, start + j
        elif lengths[i - 1, j] >= lengths[i, j - 1]:
            i -= 1
        else:
            j -= 1


def _in_order(here: int, there: int, partner: dict[int, int]) -> Iterator[Pair]:
    """The pairs in the order of ``b``; what ``b`` has not follows its predecessor in ``a``."""
    found = {j: i for i, j in partner.items()}
    gone: dict[int | None, list[int]] = {}
    before: int | None = None
    for i in range(here):
        if i in partner:
            before = i
        else:
            gone.setdefault(before, []).append(i)
    yield from ((i, None) for i in gone.get(None, ()))
    for j in range(there):
        i = found.get(j)
        yield i, j
        if i is not None:
            yield from ((lost, None) for lost in gone.get(i, ()))
