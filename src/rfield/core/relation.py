"""How one output index reads one operand axis, and the exact algebra of such relations.

Every op is described by these relations and nothing else; every question interprets them.
``Sliding`` is closed under composition, so the relation of a whole chain is again one small object.

Two meanings share one relation (DESIGN §1, fact 4). The *theory*: the grid goes on for ever, and
padding of any mode is just more grid. The *tensor*: the axis has a length, and ``border`` says what
a position beyond its ends reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import gcd, lcm
from typing import Literal, overload

from ..errors import too_large
from .indices import EMPTY, IndexSet, union
from .limits import LISTED, PERIOD_LIMIT

Border = Literal["zero", "reflect", "symmetric", "replicate", "circular", "cut", "none"]
"""What a position outside the operand reads in the tensor: ``zero`` and ``cut`` nothing, the others
the mirrored, clamped or wrapped element; ``none``: there is no such position. Under ``cut`` (the
parts of a concatenation) there is nothing outside in the theory either."""


@dataclass(frozen=True, slots=True)
class Spaced(Sequence[IndexSet]):
    """Many taps that cost as much as one: the ``k``-th is ``first`` moved by ``step * k``.

    >>> list(Spaced(IndexSet.interval(0, 1), 4, 3))
    [IndexSet{0..1}, IndexSet{4..5}, IndexSet{8..9}]
    """

    first: IndexSet
    step: int
    length: int

    @staticmethod
    def of(first: IndexSet, step: int, length: int) -> Sequence[IndexSet]:
        """The taps, listed where there are few, so that equal taps are found equal."""
        taps = Spaced(first, step, length)
        return taps if length > LISTED else tuple(taps)

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[IndexSet]:
        return (self.first.shift(self.step * k) for k in range(self.length))

    @overload
    def __getitem__(self, index: int) -> IndexSet: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[IndexSet, ...]: ...
    def __getitem__(self, index: int | slice) -> IndexSet | tuple[IndexSet, ...]:
        places = range(self.length)[index]
        if isinstance(places, range):
            return tuple(self.first.shift(self.step * k) for k in places)
        return self.first.shift(self.step * places)


def all_read(taps: Sequence[IndexSet]) -> bool:
    """Whether none of the sets is empty."""
    return bool(taps.first) if isinstance(taps, Spaced) else all(taps)


@dataclass(frozen=True)
class Sliding:
    """Output ``i = period*q + r`` reads ``advance*q + t`` for ``t`` in ``taps[r]``.

    >>> conv = Sliding(1, 2, (IndexSet.interval(-1, 1),))      # kernel 3, stride 2, padding 1
    >>> conv.at(5)
    IndexSet{9..11}
    """

    period: int
    advance: int
    taps: Sequence[IndexSet]
    border: Border = "zero"

    def at(self, index: int) -> IndexSet:
        """The operand indices that output ``index`` reads (theory)."""
        block, phase = divmod(index, self.period)
        return self.taps[phase].shift(self.advance * block)

    @cached_property
    def affine(self) -> tuple[int, int, int] | None:
        """``(advance, first, last)`` where one phase reads something, else None."""
        if self.period != 1 or not self.taps[0] or self.border == "cut":
            return None
        return self.advance, self.taps[0].first, self.taps[0].last

    @cached_property
    def is_identity(self) -> bool:
        """Whether output ``i`` reads operand ``i`` on an axis of the same length."""
        return self == IDENTITY


@dataclass(frozen=True)
class Table:
    """Output ``i`` reads ``taps[i]``; defined for ``0 <= i < len(taps)`` only."""

    taps: tuple[IndexSet, ...]

    def at(self, index: int) -> IndexSet:
        """The operand indices that output ``index`` reads."""
        return self.taps[index] if 0 <= index < len(self.taps) else EMPTY


@dataclass(frozen=True)
class Whole:
    """Every output reads every index of the operand axis."""


@dataclass(frozen=True)
class Prefix:
    """Output ``i`` reads operand ``0 .. i``, or ``i .. end`` when ``backward`` (sums, RNNs)."""

    backward: bool = False


@dataclass(frozen=True)
class At:
    """Every output reads the one operand index ``index``."""

    index: int


Relation = Sliding | Table | Whole | Prefix | At

ZERO = IndexSet.interval(0, 0)
IDENTITY = Sliding(1, 1, (ZERO,), "none")
"""Output ``i`` reads operand ``i``, and both axes have the same length."""
WHOLE = Whole()


def indices_at(relation: Relation, index: int, size: int) -> Sequence[int]:
    """The indices of an axis of ``size`` that output ``index`` reads (theory).

    >>> list(indices_at(Prefix(), 2, 5))
    [0, 1, 2]
    """
    match relation:
        case Whole():
            return range(size)
        case Prefix(backward=backward):
            return range(index, size) if backward else range(index + 1)
        case At(index=only):
            return (only,)
        case Sliding() | Table():
            return tuple(relation.at(index))


def window(kernel: int, stride: int, before: int, dilation: int = 1) -> Sliding:
    """Convolution or pooling: output ``i`` reads ``stride*i - before + dilation*k``.

    >>> window(kernel=3, stride=2, before=1).at(5)
    IndexSet{9..11}
    """
    first = -before
    taps = IndexSet.of(range(first, first + dilation * (kernel - 1) + 1, dilation))
    return Sliding(1, stride, (taps,))


def shift(offset: int, border: Border = "zero") -> Sliding:
    """Output ``i`` reads operand ``i + offset``: padding, cropping, rolling, concatenation.

    >>> shift(2).at(5)
    IndexSet{7}
    """
    return Sliding(1, 1, (IndexSet.interval(offset, offset),), border)


def minimal(relation: Sliding) -> Sliding:
    """The same relation with the smallest period.

    >>> minimal(Sliding(2, 2, (IndexSet.interval(0, 0), IndexSet.interval(1, 1))))
    Sliding(period=1, advance=1, taps=(IndexSet{0},), border='zero')
    """
    period, advance, taps = relation.period, relation.advance, relation.taps
    for smaller in divisors(period):
        if smaller == period:
            break
        repeats = period // smaller
        if advance % repeats:
            continue
        step = advance // repeats
        if all(taps[r - smaller].shift(step) == taps[r] for r in range(smaller, period)):
            return Sliding(smaller, step, taps[:smaller], relation.border)
    return relation


def compose(outer: Sliding, inner: Sliding) -> Sliding:
    """First ``outer`` (output to middle), then ``inner`` (middle to input), in the theory.

    Exact, holes included. Post-condition: ``compose(f, g).at(i)`` is the union of ``g.at(m)`` over
    ``m`` in ``f.at(i)``.

    >>> pool = window(kernel=2, stride=2, before=0)
    >>> compose(pool, window(kernel=3, stride=1, before=1)).taps[0]
    IndexSet{-1..2}
    """
    blocks = inner.period // gcd(inner.period, outer.advance) if outer.advance else 1
    period = outer.period * blocks
    if period > PERIOD_LIMIT:
        raise too_large("the pattern of a composed relation", period, "Its phases are too many.")
    advance = inner.advance * (outer.advance * blocks // inner.period)
    ends = _ends_in_order(inner) if period > LISTED else None
    taps: list[IndexSet] = []
    for phase in range(period):
        block, outer_phase = divmod(phase, outer.period)
        middle = outer.taps[outer_phase]
        if ends and middle.dense and middle:
            offset = outer.advance * block
            first, low = divmod(middle.first + offset, inner.period)
            last, high = divmod(middle.last + offset, inner.period)
            taps.append(
                IndexSet.interval(
                    inner.advance * first + ends[low][0], inner.advance * last + ends[high][1]
                )
            )
        else:
            taps.append(image(middle.shift(outer.advance * block), inner))
    return minimal(Sliding(period, advance, tuple(taps)))


def _ends_in_order(relation: Sliding) -> list[tuple[int, int]] | None:
    """The ends of each tap, where outputs side by side read one interval, which both ends bound.

    Then an interval is read from an interval, and its ends alone say which.
    """
    if not all(taps.dense and taps for taps in relation.taps):
        return None
    ends = [(taps.first, taps.last) for taps in relation.taps]
    after = [*ends[1:], (ends[0][0] + relation.advance, ends[0][1] + relation.advance)]
    for (low, high), (next_low, next_high) in zip(ends, after, strict=True):
        if not (low <= next_low <= high + 1 and high <= next_high):
            return None
    return ends


def image(indices: IndexSet, relation: Sliding) -> IndexSet:
    """All operand indices read by any output in ``indices`` (theory).

    >>> image(IndexSet.interval(0, 4), window(kernel=3, stride=2, before=1))
    IndexSet{-1..9}
    """
    return union(
        blocks.scale_add(relation.advance, relation.taps[phase])
        for phase, blocks in indices.by_residue(relation.period)
        if relation.taps[phase]
    )


def preimage(indices: IndexSet, relation: Sliding, length: int) -> IndexSet:
    """The inverse image: all outputs ``0 <= i < length`` that read any of ``indices`` (theory).

    >>> preimage(IndexSet.interval(4, 4), window(kernel=3, stride=2, before=1), length=10)
    IndexSet{2}
    """
    hits: list[IndexSet] = []
    for phase, taps in enumerate(relation.taps):
        blocks = IndexSet.interval(0, (length - 1 - phase) // relation.period)
        gaps = indices.scale_add(1, taps.scale_add(-1, ZERO))  # every index minus every tap
        if relation.advance:
            steps = gaps.quotients(abs(relation.advance))
            reading = steps if relation.advance > 0 else steps.scale_add(-1, ZERO)
            blocks = reading.clip(blocks.first, blocks.last) if blocks else EMPTY
        elif 0 not in gaps:
            continue
        hits.append(blocks.scale_add(relation.period, ZERO).shift(phase))
    return union(hits)


def join(relations: Sequence[Sliding]) -> Sliding | None:
    """The union of relations over the same output axis, or None where their strides differ.

    >>> one = join([window(kernel=1, stride=1, before=0), window(kernel=3, stride=1, before=1)])
    >>> one == window(kernel=3, stride=1, before=1)
    True
    """
    first = relations[0]
    if any(a.advance * b.period != b.advance * a.period for a, b in pairwise(relations)):
        return None
    period = lcm(*(relation.period for relation in relations))
    if period > PERIOD_LIMIT:
        raise too_large("the pattern of a join", period, "Its phases are too many.")
    taps = tuple(union(relation.at(phase) for relation in relations) for phase in range(period))
    return minimal(Sliding(period, first.advance * (period // first.period), taps))


def divisors(number: int) -> list[int]:
    """All divisors, ascending.

    >>> divisors(12)
    [1, 2, 3, 4, 6, 12]
    """
    small = [d for d in range(1, int(number**0.5) + 1) if number % d == 0]
    return small + [number // d for d in reversed(small) if d * d != number]
