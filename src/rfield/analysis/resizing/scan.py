"""All sizes of one axis, from the readings of one step.

Where the sizes of a class begin follows from the size arithmetic of one of them, and the smallest
is read as well. Where the model is another at small sizes, these are read one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain, takewhile

from ...core.link import Link
from .ends import FARTHEST, last_taken, up_to
from .growth import Ops, Steps, ops_of, starved
from .reach import Reach
from .reading import Reading, Resizing
from .repeating import MORE, SHORT, Repeating
from .sizeset import SizeSet

Place = tuple[int, int]
"""A value and one of its axes."""

LONG = 64
"""Steps from which on fewer kinds of sizes are looked for: no end is."""


class Scan(Repeating):
    """All sizes of one axis."""

    def __init__(self, resizing: Resizing, axis: int) -> None:
        self._lines: dict[tuple[str, ...], int | None] = {}
        self._stopping: dict[tuple[str, ...], set[frozenset[Place]]] = {}
        self._limited: dict[tuple[int, int], tuple[int, frozenset[Place]]] = {}
        self._growing: dict[Ops, list[tuple[int, int, int]]] = {}
        super().__init__(resizing, axis)

    def forget(self) -> None:
        """Forget what rests on readings that turned out to be otherwise."""
        super().forget()
        for found in (self._lines, self._stopping, self._limited, self._growing):
            found.clear()
        for name in ("_alike", "_end", "_empty"):
            self.__dict__.pop(name, None)

    @property
    def moves(self) -> bool:
        """Whether the output has an axis of its own along this one."""
        some: list[Reading] = []
        if self.periodic and not self.resizing.larger().places[self.axis]:
            some = [read for n in self._samples() if not (read := self.read(n)).refused]
        return any(read.output[self.axis] is not None for read in some or self.accepted.values())

    def basis(self, criteria: Sequence[str] = ()) -> str:
        """How the answer is known."""
        window = self._window()
        led = sum(self.read(n).followed for n in window)
        if not self.periodic:
            all_of = f"{window[0]} to {window[-1]} read"
            rest = ", the others are as these behind what reads the input"
            how = f"{len(window) - led} of {all_of}{rest}" if led else f"{all_of} one by one"
            return f"sizes were not seen to repeat: {how}"
        count = f"{len(window)} read one by one"
        if led:
            count = f"{len(window) - led} of {len(window)} read"
        others = ", from which the others follow op by op" if led else ""
        reach = self.reach(criteria)
        held = "none was held against that: they would be too many"
        if reach.tried:
            first, last = reach.tried[0], reach.tried[-1]
            held = f"{len(reach.tried)} from {first:,} to {last:,} held against that"
        return (
            f"sizes repeat every {self.step}: {count} from {self.base} on{others}, "
            f"{len(self._samples())} again {self.step} further, {held}{self._elsewhere(reach)}"
        )

    def _elsewhere(self, reach: Reach) -> str:
        """What is known of sizes that are otherwise."""
        beyond = "" if reach.last is None else f"; above {reach.last} it is otherwise"
        if reach.first == 1:
            return beyond
        known = "read one by one" if self._small(reach) else "of which nothing is known"
        return f"; below {reach.first} it is otherwise, {known}{beyond}"

    def _small(self, reach: Reach) -> range:
        """Sizes below all others that are read one by one."""
        return range(1, reach.first if reach.first <= self.room else 1)

    def _found(self, reach: Reach, firsts: Sequence[int], small: Iterable[int]) -> SizeSet:
        """Sizes from the first of each class on, and others, as far as anything is known."""
        found = SizeSet.of(self.step, [n for n in firsts if reach.holds(n)], tuple(small))
        first, last = 1 if self._small(reach) else reach.first, reach.last
        if last is not None:
            return SizeSet.only(takewhile(last.__ge__, found), (first, last))
        found = up_to(self._end, found)
        return found if first == 1 else replace(found, among=(first, None))

    def meeting(self, criteria: Sequence[str]) -> SizeSet:
        """The sizes that meet all of ``criteria``."""
        good = [n for n, reading in self.accepted.items() if self._meets(reading, criteria)]
        if not self.periodic:
            return SizeSet.only(good, self._among)
        reach = self.reach(criteria)
        firsts = [self._first(n, criteria) for n in good]
        leasts = {reach.least(n, self.step) for n in good if not self._is_stopped(n, criteria)}
        small = [n for n in leasts.difference(firsts) if self._by_itself(n, criteria)]
        small += [n for n in self._alike if reach.holds(n) and self._stands(n, criteria)]
        small += [n for n in self._small(reach) if self._stands(n, criteria)]
        return self._found(reach, firsts, small)

    @cached_property
    def _end(self) -> int | None:
        if (self.periodic and self.step > LONG) or not self.resizing.affords(MORE):
            return None
        taken = (n for n in self.accepted if not self._alone(n).refused)
        far = max(self.reach().tried, default=0)  # read by now, of this axis alone
        if far >= FARTHEST // 2 and not self._alone(far, self.resizing.at).refused:
            first = next(taken, None)
            if first is None or (far - first) % self.step == 0:
                return None
            taken = chain((first,), taken)
        return last_taken(self.read, lambda n: self._alone(n, self.resizing.at), taken, self.step)

    def against(self, criteria: Sequence[str]) -> tuple[str, ...]:
        """What speaks against the sizes that fail: each layer once, at the size read first."""
        told: dict[str, str] = {}
        for n in self._window():
            reading = self.read(n)
            if reading.refused and "accepted" in criteria:
                why = " ".join(line.strip() for line in reading.refused.splitlines())
                told.setdefault("", f"{n} is refused: {why}")
            for name in criteria:
                for finding in reading.against(name):
                    if finding.axis == self.name:
                        told.setdefault(f"{name} {finding.layer}", f"{n}: {finding}")
        return tuple(told.values())

    def giving(self, target: int) -> SizeSet:
        """The sizes that give an output of ``target``."""
        found: list[int] = []
        gain = self._gain() if self.periodic else 0
        for n, reading in self.accepted.items():
            got = reading.output[self.axis]
            if got is None or gain is None:
                continue
            if gain == 0:
                if got == target:
                    found.append(n)
            elif (target - got) % gain == 0:
                size = n + (target - got) // gain * self.step
                if size > 0 and self._gives(size, target):
                    found.append(size)
        if not self.periodic:
            return SizeSet.only(found, self._among)
        reach = self.reach()
        few = (n for n in self._small(reach) if self._stands(n, ()))
        small = [n for n in (*self._alike, *few) if self._gives(n, target)]
        if gain == 0:
            return self._found(reach, [self._first(n, ("accepted",)) for n in found], small)
        return self._found(reach, (), [*filter(reach.holds, found), *small])

    def nearest_outputs(self, target: int) -> str:
        """What can be had instead of an output size that no input gives."""
        gain = self._gain() if self.periodic else 0
        pairs: set[tuple[int, int]] = set()
        reach = self.reach() if self.periodic else Reach()
        for n, reading in self.accepted.items():
            got = reading.output[self.axis]
            if got is None:
                continue
            times = range((target - got) // gain, (target - got) // gain + 2) if gain else (0,)
            near = [(got + t * (gain or 0), n + t * self.step) for t in times]
            if self.periodic:  # below the first size of its class there is none
                first = self._first(n, ("accepted",))
                near.append((self.read(first).output[self.axis] or 0, first))
                near = [pair for pair in near if pair[1] >= first and reach.holds(pair[1])]
            pairs.update(near)
        for n in self._small(reach) if self.periodic else ():
            small = self.read(n)
            if not small.refused and (got := small.output[self.axis]) is not None:
                pairs.add((got, n))
        lower = sorted((pair for pair in pairs if pair[0] < target), reverse=True)
        upper = sorted(pair for pair in pairs if pair[0] > target)
        real = [next((p for p in of if self._gives(p[1], p[0])), None) for of in (lower, upper)]
        shown = [f"{pair[0]} from {pair[1]}" for pair in real if pair]
        return f"no input size gives {target}; nearest: {', '.join(shown) or 'none'}"

    def _gives(self, size: int, target: int) -> bool:
        reading = self.read(size)
        return not reading.refused and reading.output[self.axis] == target

    def _gain(self) -> int | None:
        """By how much the output grows per step; None without such an output axis."""
        for n in self._samples():
            one, other = self.read(n), self.read(n + self.step)
            if not one.refused:
                a, b = one.output[self.axis], other.output[self.axis]
                return None if a is None or b is None else b - a
        return None

    @property
    def _among(self) -> tuple[int, int]:
        return self._window()[0], self._window()[-1]

    def _lowest(self, size: int, criteria: Sequence[str]) -> int:
        """The first size of the class of ``size`` at which, by how they grow, no value is empty."""
        return self._limits(size, criteria)[0]

    def _limits(self, size: int, criteria: Sequence[str]) -> tuple[int, frozenset[Place]]:
        """The same, and the values that would be empty one step before, each with the axis."""
        key = size, self.reach(criteria).first
        if key not in self._limited:
            shapes, back = self.read(size).shapes, (size - key[1]) // self.step
            ops = ops_of(self.read(size))
            if ops not in self._growing:
                self._growing[ops] = list(_growing(self._grown.get(ops)))
            left = [
                ((shapes[v][axis] - 1) // step, v, axis) for v, axis, step in self._growing[ops]
            ]
            back = min([back, *(steps for steps, _, _ in left)])
            places = frozenset((value, axis) for steps, value, axis in left if steps == back)
            self._limited[key] = size - back * self.step, places
        return self._limited[key]

    @cached_property
    def _alike(self) -> list[int]:
        """Sizes of refused classes at which an operand of a join may have one position.

        That goes with any number of positions, so some of them may be taken all the same.
        """
        taken = {n % self.step for n in self.accepted}
        if not taken or len(taken) == self.step:
            return []
        size, reading = next(iter(self.accepted.items()))
        grown = self._grown.get(ops_of(reading))
        if grown is None:
            return []
        below = 0.0
        for node in reading.graph.nodes:
            parts = [isinstance(link, Link) and link.is_part for link in node.links]
            if len(parts) < 2 or any(parts):
                continue
            for operand in node.operands:
                for n, more in zip(reading.shapes[operand], grown[operand], strict=True):
                    if more > 0:
                        below = max(below, size - self.step * (n - 2) / more)
        small = [n for n in range(self.reach().first, int(below) + 1) if n % self.step not in taken]
        return small[: MORE if self._long else SHORT]

    def _first(self, size: int, criteria: Sequence[str]) -> int:
        """The first size of the class of ``size``; of a long step by how its values grow."""
        begin = self._begin(tuple(criteria)) if self._long else None
        if begin:
            return begin + (size - begin) % self.step
        if begin == 0:
            low = self._lowest(size, criteria)
            if low == self.reach(criteria).least(size, self.step) or len(self.resizing.axes) == 1:
                return low
            if self._is_stopped(size, criteria):  # else the other axis may be to blame
                return low
        return self._searched(size, criteria)

    def _is_stopped(self, size: int, criteria: Sequence[str]) -> bool:
        """Whether all sizes of a class below its lowest are refused, as was seen of others.

        They would leave the same values without a position, with this axis alone and with all.
        """
        low, places = self._limits(size, criteria)
        seen = self._stopping.get(tuple(criteria), ())
        return low > self.reach(criteria).least(size, self.step) and any(s <= places for s in seen)

    def _begin(self, criteria: tuple[str, ...]) -> int | None:
        """The size from which on all meet the criteria; 0 where the size arithmetic tells, or None.

        Some classes are tried, the smallest among them, and sizes around the one that is found.
        """
        if criteria not in self._lines:
            good = [n for n, reading in self.accepted.items() if self._meets(reading, criteria)]
            some = {
                *good[:: max(1, len(good) // MORE)],
                *sorted(good, key=lambda n: self._lowest(n, criteria))[:1],
            }
            firsts = {n: self._searched(n, criteria) for n in sorted(some)}
            found: int | None = 0
            limits = {n: self._limits(n, criteria) for n in firsts}
            least = self.reach(criteria).least
            self._stopping[criteria] = {
                places
                for n, (low, places) in limits.items()
                if firsts[n] == low > least(n, self.step)
            }
            if any(first != limits[n][0] for n, first in firsts.items()):
                low, high = max(firsts.values()) - self.step + 1, min(firsts.values())
                while low < high:
                    middle = (low + high) // 2
                    low, high = (
                        (low, middle) if self._stands(middle, criteria) else (middle + 1, high)
                    )
                around = range(max(self.reach(criteria).first, high - MORE), high + MORE)
                stand = [self._stands(n, criteria) for n in around]
                alike = stand == [n >= high for n in around] and len(good) == self.step
                found = high if alike and low == high else None
            self._lines[criteria] = found
        return self._lines[criteria]

    def _searched(self, size: int, criteria: Sequence[str]) -> int:
        """The first size of the class of ``size``: as long as nothing is made of no position.

        The smallest of all is read, and else the one that follows from the size arithmetic; sizes
        may be refused for other reasons, and merged axes grow by more each time: what lies between
        is searched.
        """
        least = self.reach(criteria).least(size, self.step)
        if self._stands(least, criteria) and not self._by_itself(least, criteria):
            return least
        low = self._lowest(size, criteria)
        good, bad = (low, least) if low > least and self._stands(low, criteria) else (size, low)
        while good - bad > self.step:
            middle = bad + (good - bad) // self.step // 2 * self.step
            if self._stands(middle, criteria):
                good = middle
            else:
                bad = middle
        return good

    def _by_itself(self, size: int, criteria: Sequence[str]) -> bool:
        """Whether the smallest size of a class is taken, but not as others are, nor is the next.

        One position goes with any number of them.
        """
        equal = (size,) * len(self.resizing.axes)
        if not self.resizing.is_square or len(equal) < 2 or size >= self.base:
            return False
        if not self._at(equal).refused:
            return False
        return self._stands(size, criteria) and not self._stands(size + self.step, criteria)

    def _stands(self, size: int, criteria: Sequence[str]) -> bool:
        """Whether a small size meets the criteria, and no more is made of nothing than ever.

        With the other axes equal, or else as they were read.
        """
        ways = (self.read, self._alone)
        readings = (way(size) for way in ways)  # the second only where the first does not do
        return any(self._meets(one, criteria) and starved(one) <= self._empty for one in readings)

    @cached_property
    def _empty(self) -> int:
        """How much is made of nothing at the first size."""
        return starved(self.read(self.base))

    def _meets(self, reading: Reading, criteria: Iterable[str]) -> bool:
        return all(reading.holds(name, self.name) for name in ("accepted", *criteria))


def _growing(grown: Steps | None) -> Iterator[tuple[int, int, int]]:
    """The axes of values that grow, and by how much with each step."""
    for value, steps in enumerate(grown or ()):
        for axis, step in enumerate(steps):
            if step > 0:
                yield value, axis, step
