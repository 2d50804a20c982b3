"""Sizes that each axis takes beside others as they were read, and that are refused all at once.

A norm of one position has nothing to norm: 16 rows do with 64 columns, and 16 columns with 64 rows,
but 16 x 16 leaves one position. So the sets of the axes are held against each other where that may
happen: at their smallest sizes, and once for every class of sizes that repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from ...errors import UnresolvedSizeError
from .sizeset import SizeSet

SEARCHED = 256
"""So many sizes of each axis are looked at."""

CLASSES = FEW = 16
"""So many classes and small sizes are held against each other."""

LOOKED_AT = 4
"""So many sizes tell whether any class is refused, where all sizes repeat."""

Takes = Callable[[Sequence[int]], bool]


@dataclass(frozen=True, slots=True)
class Apart:
    """What is refused of sizes that each axis takes by itself.

    ``below``: sizes that are all smaller than these, one for each axis; none if empty. ``known``:
    all of those are refused, else some. ``classes``: those of ``step`` that are refused when all
    axes have a size of the same one. ``others``: some more are, of which no rule is known.
    """

    below: tuple[int, ...] = ()
    known: bool = True
    step: int = 1
    classes: tuple[int, ...] = ()
    others: bool = False

    def refuses(self, sizes: Sequence[int], read_at: Sequence[int | None] = ()) -> bool:
        """Whether sizes are refused; ``read_at``: those that the model was read at, which are not.

        Raises:
            UnresolvedSizeError: that is not known.
        """
        small = bool(self.below) and all(n < m for n, m in zip(sizes, self.below, strict=True))
        own = {n % self.step for n in sizes}
        classed = bool(self.classes) and own <= {*self.classes}
        if (small and self.known) or (classed and len(own) == 1):
            return True
        if small or classed or (self.others and tuple(sizes) != tuple(read_at)):
            raise UnresolvedSizeError(
                f"each of {tuple(sizes)} is taken beside other sizes, of both nothing is known.\n"
                f"  Ask for them alone: rfield.check_size(model, {tuple(sizes)})"
            )
        return False

    def __bool__(self) -> bool:
        return bool(self.below or self.classes or self.others)

    def __str__(self) -> str:
        some = "" if self.known else "some "
        told = [f"{some}below {' x '.join(map(str, self.below))}"] if self.below else []
        if self.classes:
            shown = ", ".join(map(str, self.classes))
            told.append(f"n ≡ {shown} mod {self.step} along all axes")
        if self.others:
            told.append("some others" if told else "some of them")
        return " and ".join(told)

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "below": list(self.below),
            "known": self.known,
            "step": self.step,
            "classes": list(self.classes),
            "others": self.others,
        }


def apart(sets: Sequence[SizeSet], takes: Takes, base: int, step: int) -> Apart:
    """What the sets of the axes do not say; ``takes``: whether the model takes such sizes.

    ``base``, ``step``: from where on sizes repeat, and after how many; 0 where they do not.
    """
    if len(sets) < 2 or not all(sets):
        return Apart()

    def refused(n: int) -> bool:
        legal = all(found.tells(n) and n in found for found in sets)
        return legal and not takes((n,) * len(sets))

    step, classes = _classes(refused, base, step) if 0 < step <= CLASSES else (1, ())
    every = sizes = [list(islice(found, SEARCHED)) for found in sets]
    if classes:
        sizes = [[n for n in own if n % step not in classes] for own in sizes]
    below, known = _small(sizes, takes) if all(sizes) else ((), True)
    found = Apart(below, known, step, classes)
    beside = [of for of in _mixed(every, sizes) if not _may_refuse(found, of)]
    return replace(found, others=not all(map(takes, beside)))


def _mixed(every: Sequence[list[int]], sizes: Sequence[list[int]]) -> Iterator[tuple[int, ...]]:
    """Some sizes that are not alike along all axes: of one class and another, small and large.

    >>> list(_mixed([[1, 2, 3, 4], [1, 2, 3, 4]], [[2, 4], [2, 4]]))
    [(1, 4), (4, 1)]
    """
    if not all(sizes):
        return
    start = tuple(own[:2][-1] for own in sizes)  # one position alone may be spread
    for k, own in enumerate(sizes):
        for n in sorted({every[k][0], own[:FEW][-1]} - {start[k]}):
            yield (*start[:k], n, *start[k + 1 :])


def _may_refuse(found: Apart, sizes: Sequence[int]) -> bool:
    try:
        return found.refuses(sizes)
    except UnresolvedSizeError:
        return True


def _classes(refused: Callable[[int], bool], base: int, step: int) -> tuple[int, tuple[int, ...]]:
    """The sizes that are refused on all axes, as classes of a step.

    >>> _classes(lambda n: n % 2 == 1, 64, 1)
    (2, (1,))
    """
    if not any(map(refused, range(base, base + max(step, LOOKED_AT)))):
        return 1, ()
    told = [refused(n) for n in range(base, base + 2 * CLASSES)]
    for longer in range(step, CLASSES + 1, step):
        if told[longer:] == told[:-longer]:
            return longer, tuple(sorted((base + k) % longer for k in range(longer) if told[k]))
    return 1, ()


def _small(sizes: Sequence[list[int]], takes: Takes) -> tuple[tuple[int, ...], bool]:
    """The sizes below which all at once are refused, and whether all of them are."""
    start = next((of for of in islice(zip(*sizes, strict=False), FEW) if not takes(of)), None)
    if start is None:
        return (), True
    known = all(own[0] == n for own, n in zip(sizes, start, strict=True))
    below: list[int] = []
    corner: list[int] = []
    for k, own in enumerate(sizes):
        place, sure = _first(own, lambda n, k=k: takes((*start[:k], n, *start[k + 1 :])))
        below.append(own[place] if place < len(own) else own[-1] + 1)
        corner.append(own[place - 1])
        known = known and sure
    return tuple(below), known and not takes(corner)


def _first(sizes: Sequence[int], takes: Callable[[int], bool]) -> tuple[int, bool]:
    """The place of a size from which on they are taken, and whether all before are refused.

    >>> _first([1, 2, 4, 8, 16], lambda n: n > 5), _first([1, 2, 3, 4], lambda n: n % 2 == 0)
    ((3, True), (3, False))
    """
    near = [takes(n) for n in sizes[: 2 * FEW]]
    if any(near):
        last = max((place for place, taken in enumerate(near) if not taken), default=-1)
        return last + 1, not any(near[: last + 1])
    low, high = len(near) - 1, len(sizes)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if takes(sizes[middle]) else (middle, high)
    return high, True
