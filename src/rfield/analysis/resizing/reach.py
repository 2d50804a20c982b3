"""How far what the sizes of one step show holds: down to which size, and up to which.

Code may look at a size and run something else: other layers below 40, one more for every halving.
Nothing in the sizes of one step shows that, so others are held against them, small ones and much
larger ones, and where one is otherwise the last that is not is looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto


class Verdict(Enum):
    """What a size is beside what was foreseen of it."""

    AS = auto()
    """The model takes it, with the ops and shapes that were foreseen."""
    NONE = auto()
    """It refuses it, and some value would have had no position."""
    REFUSED = auto()
    """It refuses it, for another reason."""
    OTHER = auto()
    """It takes it, and is another model."""
    UNKNOWN = auto()
    """It is too large to be looked at."""


TAKEN = (Verdict.AS, Verdict.OTHER)
BESIDE = 2
"""So many sizes beyond one that is otherwise show whether only some are."""

Judge = Callable[[int], Verdict]


@dataclass(frozen=True, slots=True)
class Reach:
    """Sizes ``first`` to ``last`` (None: as far as was looked) are as foreseen, but for some.

    ``tried``: all that were held against it. ``steady``: no size was found to be otherwise between
    others that are not.
    """

    first: int = 1
    last: int | None = None
    tried: tuple[int, ...] = ()
    steady: bool = True

    def holds(self, size: int) -> bool:
        """Whether a size is one of those."""
        return self.first <= size and (self.last is None or size <= self.last)

    def least(self, size: int, step: int) -> int:
        """The first of the class of a size that is one of those."""
        return (size - self.first) % step + self.first


def reach(
    judge: Judge, base: int, step: int, below: Iterable[int], above: Iterable[int], room: int
) -> Reach:
    """From the size at which reading began: sizes ``below`` and ``above`` it are tried.

    ``room``: so many small sizes may be otherwise one by one.
    """
    lower, upper = sorted(below, reverse=True), sorted(above)
    first, last = _edge(judge, [base, *lower], step), _edge(judge, [base, *upper], step)
    small = first is not None and 2 * first.good <= base and first.good <= room
    edges = (None if small else first, last)
    steady = not any(judge(n) is Verdict.AS for edge in edges if edge for n in edge.beyond)
    return Reach(
        1 if first is None else first.good,
        None if last is None else last.good,
        (*reversed(lower), *upper),
        steady,
    )


@dataclass(frozen=True, slots=True)
class _Edge:
    """The last size that is as foreseen, and some beyond the one that is not."""

    good: int
    beyond: tuple[int, ...]


def _edge(judge: Judge, sizes: Sequence[int], step: int) -> _Edge | None:
    """Where, on the way through ``sizes``, the first is otherwise."""
    bad = next((k for k in range(1, len(sizes)) if _otherwise(judge, sizes, k, step)), None)
    if bad is None:
        return None
    good, other = sizes[bad - 1], sizes[bad]
    while abs(other - good) > 1:
        middle = (good + other) // 2
        if judge(middle) in (Verdict.AS, Verdict.NONE):
            good = middle
        else:
            other = middle
    way = other - good
    beyond = (other + way * k for k in range(1, BESIDE + 1))
    return _Edge(good, tuple(size for size in beyond if size > 0))


def _otherwise(judge: Judge, sizes: Sequence[int], place: int, step: int) -> bool:
    """Whether a size is another model, or refused although one of its class further on is taken."""
    found = judge(sizes[place])
    if found is Verdict.OTHER:
        return True
    if found is not Verdict.REFUSED:
        return False
    taken = next((n for n in sizes[place + 1 :] if judge(n) in TAKEN), None)
    if taken is None:
        return False
    alike = taken - (taken - sizes[place]) % step
    return alike > 0 and judge(alike) in TAKEN


def spread(base: int, count: int) -> Iterator[int]:
    """About ``count`` sizes below one, more of the small ones; all of them if they are so few."""
    yield from range(1, min(base, max(count, 1) // 2 + 1))
    last = max(1, count // 2)
    if base <= last:
        return
    parts = count - last + 1
    yield from {round(last * (base / last) ** (part / parts)) for part in range(1, parts)} - {
        base,
        *range(last + 1),
    }
