"""Exact sets of integer indices that stay small.

Why: a receptive field may have holes (dilation, kernels smaller than their stride, transposed
convolutions), and only exact sets compose exactly. A set is a sorted tuple of *combs*; a comb is a
run of ``width`` indices repeated ``count`` times every ``step``. A dense interval is one comb of
one run, a dilated kernel is one comb, so neither a kernel of 10**6 nor a dilation of 10**9 costs
memory. Sets that are truly irregular are held run by run, up to ``RUN_LIMIT``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import too_large
from .limits import RUN_LIMIT


class Comb(NamedTuple):
    """``count`` runs of ``width`` indices, the first at ``start``, one every ``step``.

    Canonical: ``width >= 1``, ``count >= 1``, and ``step > width`` (a gap) unless ``count == 1``,
    where ``step`` is 0.
    """

    start: int
    step: int
    count: int  # pyright: ignore[reportIncompatibleMethodOverride]  # a field, not tuple.count
    width: int

    @property
    def last(self) -> int:
        """The largest index of the comb."""
        return self.start + self.step * (self.count - 1) + self.width - 1


def _comb(start: int, step: int, count: int, width: int) -> Comb:
    if count == 1:
        return Comb(start, 0, 1, width)
    if step <= width:
        return Comb(start, 0, 1, step * (count - 1) + width)
    return Comb(start, step, count, width)


@dataclass(frozen=True, slots=True)
class IndexSet:
    """A finite set of integers, canonical: two equal sets have equal ``combs``.

    >>> IndexSet.of(range(0, 9, 2))
    IndexSet{0, 2 .. 8}
    >>> IndexSet.of(range(0, 9, 2)) + range(0, 2)
    IndexSet{0..9}
    """

    combs: tuple[Comb, ...]

    @staticmethod
    def of(indices: range | Iterable[int]) -> IndexSet:
        """The set of the given indices."""
        if isinstance(indices, range):
            if len(indices) == 0:
                return EMPTY
            low = min(indices[0], indices[-1])
            return IndexSet((_comb(low, abs(indices.step), len(indices), 1),))
        return _from_runs((index, index + 1) for index in indices)

    @staticmethod
    def interval(first: int, last: int) -> IndexSet:
        """All indices from ``first`` to ``last``, both included; empty if ``last < first``."""
        return IndexSet((Comb(first, 0, 1, last - first + 1),)) if last >= first else EMPTY

    @property
    def first(self) -> int:
        """The smallest index; the set must not be empty."""
        return self.combs[0].start

    @property
    def last(self) -> int:
        """The largest index; the set must not be empty."""
        return self.combs[-1].last

    def __bool__(self) -> bool:
        return bool(self.combs)

    def __len__(self) -> int:
        return sum(comb.count * comb.width for comb in self.combs)

    def __iter__(self) -> Iterator[int]:
        for start, stop in self.runs():
            yield from range(start, stop)

    def __contains__(self, index: int) -> bool:
        for start, step, count, width in self.combs:
            tooth = (index - start) // step if step else 0
            if 0 <= tooth < count and 0 <= index - start - tooth * step < width:
                return True
        return False

    @property
    def dense(self) -> bool:
        """Whether the set is empty or one interval without holes."""
        return len(self.combs) <= 1 and all(comb.count == 1 for comb in self.combs)

    def runs(self) -> Iterator[tuple[int, int]]:
        """The maximal runs as half-open ``(start, stop)``, ascending."""
        for start, step, count, width in self.combs:
            for tooth in range(count):
                yield start + tooth * step, start + tooth * step + width

    def hull(self) -> IndexSet:
        """The smallest interval that contains the set."""
        return IndexSet.interval(self.first, self.last) if self else EMPTY

    def shift(self, offset: int) -> IndexSet:
        """Every index moved by ``offset``."""
        if offset == 0:
            return self
        return IndexSet(tuple(Comb(c.start + offset, c.step, c.count, c.width) for c in self.combs))

    def clip(self, first: int, last: int) -> IndexSet:
        """The part of the set inside ``first .. last``, both included."""
        if not self or (self.first >= first and self.last <= last):
            return self
        if last < first or self.last < first or self.first > last:
            return EMPTY
        if self.dense:
            return IndexSet.interval(max(first, self.first), min(last, self.last))
        return union(_clip_comb(comb, first, last) for comb in self.combs)

    def __add__(self, steps: range) -> IndexSet:
        """Minkowski sum: the union of the set shifted by every element of ``steps``."""
        count = len(steps)
        if count == 0 or not self:
            return EMPTY
        low, step = min(steps[0], steps[-1]), abs(steps.step)
        moved = self.shift(low)
        if count == 1:
            return moved
        if len(moved.combs) == 1:
            summed = _add_range(moved.combs[0], step, count)
            if summed is not None:
                return IndexSet((summed,))
        runs = sum(comb.count for comb in moved.combs)
        if runs * count > RUN_LIMIT:
            raise too_large(
                "an exact set with holes", runs * count, "The region (its hull) is available."
            )
        return union(moved.shift(step * k) for k in range(count))

    def scale_add(self, factor: int, other: IndexSet) -> IndexSet:
        """The set ``{factor * a + b}`` for ``a`` in self and ``b`` in ``other``."""
        parts: list[IndexSet] = []
        for start, step, count, width in self.combs:
            widened = other + _multiples(factor, width)
            parts.append((widened + _multiples(factor * step, count)).shift(factor * start))
        return parts[0] if len(parts) == 1 else union(parts)

    def quotients(self, modulus: int) -> IndexSet:
        """All ``q`` for which ``modulus * q`` is an element."""
        if sum(comb.count for comb in self.combs) > RUN_LIMIT:
            raise too_large("an exact set with holes", len(self), "The region is available.")
        return union(
            IndexSet.interval(-(-start // modulus), (stop - 1) // modulus)
            for start, stop in self.runs()
        )

    def by_residue(self, modulus: int) -> Iterator[tuple[int, IndexSet]]:
        """Split by residue: ``(k, {q})`` such that ``modulus * q + k`` are the elements."""
        if modulus == 1:
            yield 0, self
            return
        if sum(_pieces(comb, modulus) for comb in self.combs) > RUN_LIMIT:
            raise too_large("an exact set with holes", len(self), "The region is available.")
        parts: dict[int, list[IndexSet]] = {}
        for comb in self.combs:
            for piece in _progressions(comb, modulus):
                parts.setdefault(piece[0] % modulus, []).append(
                    IndexSet.of(
                        range(
                            piece[0] // modulus,
                            piece[-1] // modulus + 1,
                            max(1, piece.step // modulus),
                        )
                    )
                )
        for residue, sets in sorted(parts.items()):
            yield residue, union(sets)

    def __repr__(self) -> str:
        def show(comb: Comb) -> str:
            one = f"{comb.start}" if comb.width == 1 else f"{comb.start}..{_run_last(comb)}"
            if comb.count == 1:
                return one
            return f"{one}, {comb.start + comb.step} .. {comb.last}"

        return "IndexSet{" + "; ".join(show(comb) for comb in self.combs) + "}"


EMPTY = IndexSet(())


def union(sets: Iterable[IndexSet]) -> IndexSet:
    """All indices that are in any of ``sets``.

    >>> union([IndexSet.interval(0, 3), IndexSet.interval(2, 6)])
    IndexSet{0..6}
    """
    found = {one for one in sets if one}
    if len(found) <= 1:
        return found.pop() if found else EMPTY
    longest = max(found, key=len)
    if len(longest.combs) == 1:
        whole = longest.combs[0]
        found = {o for o in found if not all(_inside(c, whole) for c in o.combs)} | {longest}
    if len(found) == 1:
        return longest
    runs = sum(comb.count for one in found for comb in one.combs)
    if runs > RUN_LIMIT:
        raise too_large("an exact set with holes", runs, "The region (its hull) is available.")
    return _from_runs(run for one in found for run in one.runs())


def _run_last(comb: Comb) -> int:
    return comb.start + comb.width - 1


def _multiples(factor: int, count: int) -> range:
    return range(0, factor * count, factor) if factor else range(1)


def _inside(comb: Comb, whole: Comb) -> bool:
    """Whether all of ``comb`` is in ``whole``; may miss it where their steps differ."""
    if comb.start < whole.start or comb.last > whole.last:
        return False
    if whole.count == 1:
        return True
    offset = (comb.start - whole.start) % whole.step
    return offset + comb.width <= whole.width and comb.step % whole.step == 0


def _add_range(comb: Comb, step: int, count: int) -> Comb | None:
    """``comb`` plus ``count`` multiples of ``step``, where the sum is one comb again."""
    start, own, teeth, width = comb
    if teeth == 1:
        return _comb(start, step, count, width)
    if step <= width:
        return _comb(start, own, teeth, width + step * (count - 1))
    if step % own == 0 and step // own <= teeth:
        return _comb(start, own, teeth + (count - 1) * (step // own), width)
    if own % step == 0 and own // step <= count:
        return _comb(start, step, count + (teeth - 1) * (own // step), width)
    return None


def _clip_comb(comb: Comb, first: int, last: int) -> IndexSet:
    if comb.count == 1 or comb.last < first or comb.start > last:
        return IndexSet.interval(max(first, comb.start), min(last, comb.last))
    low = -(-max(0, first - comb.start) // comb.step)  # the first tooth that starts inside
    high = min(comb.count, (last - comb.start - comb.width + 1) // comb.step + 1)
    combs: list[Comb] = []
    before = comb.start + (low - 1) * comb.step + comb.width
    if low > 0 and before > first:
        combs.append(Comb(first, 0, 1, min(before, last + 1) - first))
    if high > low:
        combs.append(_comb(comb.start + low * comb.step, comb.step, high - low, comb.width))
    cut = comb.start + max(high, low) * comb.step
    if max(high, low) < comb.count and cut <= last:
        combs.append(Comb(cut, 0, 1, last + 1 - cut))
    if high > low:
        return IndexSet(tuple(combs))
    return _from_runs((comb.start, comb.start + comb.width) for comb in combs)


def _pieces(comb: Comb, modulus: int) -> int:
    return min(comb.width, modulus) if comb.count == 1 else comb.width * min(comb.count, modulus)


def _progressions(comb: Comb, modulus: int) -> Iterator[range]:
    """The comb as ranges whose elements share one residue each."""
    start, step, count, width = comb
    if count == 1:
        for offset in range(min(width, modulus)):
            yield range(start + offset, start + width, modulus)
        return
    for offset in range(width):
        teeth = range(start + offset, start + offset + step * count, step)
        for phase in range(min(modulus, count)):
            yield teeth[phase::modulus]


def _from_runs(runs: Iterable[tuple[int, int]]) -> IndexSet:
    merged: list[list[int]] = []
    for start, stop in sorted(runs):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], stop)
        else:
            merged.append([start, stop])
    combs: list[Comb] = []
    for start, stop in merged:
        if combs and combs[-1].width == stop - start:
            previous = combs[-1]
            if previous.count == 1:
                combs[-1] = Comb(previous.start, start - previous.start, 2, previous.width)
                continue
            if start == previous.start + previous.step * previous.count:
                combs[-1] = previous._replace(count=previous.count + 1)
                continue
        combs.append(Comb(start, 0, 1, stop - start))
    return IndexSet(tuple(combs))
