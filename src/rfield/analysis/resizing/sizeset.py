"""``SizeSet``: the sizes of one axis for which something holds, finite or going on for ever."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from ...core.relation import divisors
from ...errors import UnresolvedSizeError

SHOWN, SPACE = 8, 30


@dataclass(frozen=True, slots=True)
class SizeSet:
    """All ``n >= start`` with ``n % step in residues``, and the sizes in ``early``.

    Finite where ``residues`` is empty. Canonical: the smallest step, the smallest start.
    ``among``: the first and last size that were looked at, if nothing is known of others; None for
    a last one: nothing is known of smaller sizes.

    >>> legal = SizeSet(188, 16, (12,))
    >>> 572 in legal, 570 in legal, legal.around(570), legal.smallest
    (True, False, (556, 572), 188)
    >>> print(legal)
    n ≡ 12 mod 16, from 188
    """

    start: int = 1
    step: int = 1
    residues: tuple[int, ...] = ()
    early: tuple[int, ...] = ()
    among: tuple[int, int | None] | None = None

    @staticmethod
    def of(step: int, firsts: Iterable[int], alone: Sequence[int] = ()) -> SizeSet:
        """From the first member of each residue class modulo ``step``, and sizes of other classes.

        >>> print(SizeSet.of(4, [5, 7]), SizeSet.of(2, [3, 12]), sep=" | ")
        n ≡ 1 mod 2, from 5 | every size from 11; and 3, 5, 7, 9
        >>> print(SizeSet.of(2, [3], [4]))
        n ≡ 1 mod 2, from 5; and 3, 4
        """
        first = {n % step: n for n in sorted(firsts, reverse=True)}
        if not first:
            return SizeSet.only(alone)
        top = max([*first.values(), *alone])
        classes = (range(n, top + step, step) for n in first.values())
        members = sorted({*chain(*classes), *alone})
        residues = set(first)
        for shorter in divisors(step):
            if all((r + shorter) % step in residues for r in residues):
                step, residues = shorter, {r % shorter for r in residues}
                break
        held = set(members)
        start = top
        while start > 0 and (start in held) == (start % step in residues):
            start -= 1
        start += 1
        while start % step not in residues:
            start += 1
        early = tuple(m for m in members if m < start)
        return SizeSet(start, step, tuple(sorted(residues)), early)

    @staticmethod
    def only(sizes: Iterable[int], among: tuple[int, int | None] | None = None) -> SizeSet:
        """A finite set."""
        return SizeSet(early=tuple(sorted(set(sizes))), among=among)

    def __contains__(self, size: object) -> bool:
        if not isinstance(size, int):
            return False
        if not self.tells(size):
            raise UnresolvedSizeError(
                f"only the sizes {self._looked} were read, so nothing is known "
                f"of {size}.\n  Ask for it alone: rfield.check_size(model, {size})"
            )
        late = size >= self.start and size % self.step in self.residues
        return late or size in self.early

    def tells(self, size: int) -> bool:
        """Whether it is known of this size if it belongs here."""
        if self.among is None:
            return True
        first, last = self.among
        return first <= size and (last is None or size <= last)

    @property
    def _looked(self) -> str:
        """The sizes that were looked at, if not all."""
        if self.among is None:
            return ""
        first, last = self.among
        return f"from {first} on" if last is None else f"{first} to {last}"

    def __iter__(self) -> Iterator[int]:
        """The sizes in order; without end where there are residues."""
        yield from self.early
        block = self.start - self.start % self.step
        while self.residues:
            for residue in self.residues:
                if block + residue >= self.start:
                    yield block + residue
            block += self.step

    def __bool__(self) -> bool:
        return bool(self.early or self.residues)

    @property
    def is_finite(self) -> bool:
        """Whether there is a largest size."""
        return not self.residues

    @property
    def smallest(self) -> int | None:
        """The smallest size, None where there is none."""
        return next(iter(self), None)

    def above(self, size: int) -> int | None:
        """The smallest size of at least ``size``."""
        late = (
            n for n in range(max(size, self.start), max(size, self.start) + self.step) if n in self
        )
        found = [n for n in self.early if n >= size] + list(islice(late, 1))
        return min(found, default=None)

    def below(self, size: int) -> int | None:
        """The largest size of at most ``size``."""
        late = (n for n in range(size, max(self.start, size - self.step + 1) - 1, -1) if n in self)
        found = [n for n in self.early if n <= size] + list(islice(late, 1))
        return max(found, default=None)

    def around(self, size: int) -> tuple[int, ...]:
        """``size`` itself, or the nearest sizes on both sides."""
        near = (self.below(size), self.above(size))
        return tuple(sorted({n for n in near if n is not None}))

    def examples(self, near: int = 1, count: int = 3) -> tuple[int, ...]:
        """``count`` sizes from ``near`` on, or the last ones before it."""
        later = tuple(islice((n for n in self._from(near)), count))
        return later if later or not self.early else self.early[-count:]

    def _from(self, near: int) -> Iterator[int]:
        found = self.above(near)
        while found is not None:
            yield found
            found = self.above(found + 1)

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "start": self.start if self.residues else None,
            "step": self.step if self.residues else None,
            "residues": list(self.residues),
            "early": list(self.early),
            "among": None if self.among is None else list(self.among),
        }

    def __str__(self) -> str:
        early = _runs(self.early)
        if not self.residues:
            shown = early or "none"
            looked = self._looked
            return f"{shown} of {looked}" if looked else f"{shown} only" if early else shown
        if self.step == 1:
            late = f"every size from {self.start}"
        elif len(self.residues) == 1:
            rest = self.residues[0]
            named = f"multiples of {self.step}" if rest == 0 else f"n ≡ {rest} mod {self.step}"
            late = f"{named}, from {self.start}"
        else:
            shown = _runs(self.residues)
            late = f"n ≡ {shown} mod {self.step}, from {self.start}"
        known = "" if self.among is None else f"; nothing is known below {self.among[0]}"
        return (f"{late}; and {early}" if early else late) + known


def _runs(sizes: Sequence[int]) -> str:
    """Sizes as people write them, ``3, 5–9``, the first few runs of them."""
    runs: list[list[int]] = []
    for size in sizes:
        if runs and size == runs[-1][1] + 1:
            runs[-1][1] = size
        else:
            runs.append([size, size])
    shown = [str(a) if a == b else f"{a}, {b}" if b == a + 1 else f"{a}–{b}" for a, b in runs]
    some = next((k for k in range(SHOWN, 1, -1) if len(", ".join(shown[:k])) <= SPACE), 1)
    return ", ".join(shown[:some]) + " …" * (len(shown) > some)
