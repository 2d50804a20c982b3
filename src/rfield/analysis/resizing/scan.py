"""All sizes of one axis, from the readings of one step.

Every op turns a size into ``floor((a*n + b) / c)``, so what a network does with its sizes repeats
with a step: the lcm of its strides. The sizes of one step are read one by one, some of them again a
step further; that they agree shows the repetition. Where the sizes of a class begin follows from
the size arithmetic of one of them, and the smallest is read as well. Of a long step only as many
sizes are read as the others follow from (``followed``), and some of these to try that out. Where
sizes do not repeat, one is read of those that are alike behind the input (``twins``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from ...core.link import Link
from .ends import last_taken, up_to
from .growth import Ops, Steps, grows_evenly, growth, ops_of, starved, unlike
from .reading import Reading, Resizing
from .sizeset import SizeSet
from .steps import steps_of

FREE_BASE = 1024
MORE = 8
SHORT = 16
"""Steps up to which all sizes are read."""
LONG = 64
"""Steps from which on fewer kinds of sizes are looked for: no end is."""
ASIDE = 32
"""How far to both sides sizes are read where they do not repeat, and not less than ``MORE``."""
NEARBY = 1 << 14
"""Values and operands in all such sizes of a large network."""
AGAIN = 1 << 19
"""The same of sizes that are read again; not less than all of a step, or two, are."""


class Scan:
    """All sizes of one axis, from the readings of one step."""

    def __init__(self, resizing: Resizing, axis: int) -> None:
        self.resizing = resizing
        self.axis = axis
        self.name = resizing.axes[axis]
        self.periodic: bool | None = None  # while that is not known
        self._lines: dict[tuple[str, ...], int | None] = {}
        steps = steps_of(resizing, axis)
        self._in_question = len(steps) > 1
        for self.step in steps:
            self.base = self._base()
            self.resizing.afford(self.step + len(self._samples()))
            self.periodic = self._repeats() or None
            if self.periodic:
                return
        self.step = steps[0]
        self.base = self._base()
        self.periodic = False

    def read(self, size: int) -> Reading:
        """The model with all axes at ``size`` if they were equal, or else with this one only."""
        if self.resizing.is_square:
            reading = self._at((size,) * len(self.resizing.axes))
            if not reading.refused:
                return reading
        return self._alone(size)

    def forget(self) -> None:
        """Forget what rests on readings that turned out to be otherwise."""
        self._lines.clear()
        for name in ("accepted", "_grown", "_alike", "_end"):
            self.__dict__.pop(name, None)

    @property
    def _long(self) -> bool:
        return bool(self.periodic) and self.step > SHORT

    def _at(self, sizes: Sequence[int]) -> Reading:
        if self.periodic is False:
            return self.resizing.follow(sizes, self.resizing.leads.twins)
        if self._long:
            return self.resizing.follow(sizes, self.resizing.leads.by_op)
        return self.resizing.at(sizes)

    def _alone(self, size: int) -> Reading:
        return self._at(self._with(size))

    def _read_alone(self, size: int) -> Reading:
        return self.resizing.at(self._with(size))

    def _with(self, size: int) -> tuple[int, ...]:
        """The sizes that the model was read at, with another along this axis."""
        own = self.resizing.sizes
        return (*own[: self.axis], size, *own[self.axis + 1 :])

    @cached_property
    def accepted(self) -> dict[int, Reading]:
        """The readings of one step from ``base`` on that the model takes, by size."""
        window = self._window()
        if not self.periodic:  # what lies between may follow
            for n in sorted(window, key=lambda n: min(n - window[0], window[-1] - n)):
                self.read(n)
        found = {n: read for n in window if not (read := self.read(n)).refused}
        self.resizing.try_out(self._few if self.periodic else MORE // 4)
        return found

    @property
    def moves(self) -> bool:
        """Whether the output has an axis of its own along this one."""
        some: list[Reading] = []
        if self.periodic and not self.resizing.larger().places[self.axis]:
            some = [read for n in self._samples() if not (read := self.read(n)).refused]
        return any(read.output[self.axis] is not None for read in some or self.accepted.values())

    @property
    def _few(self) -> int:
        """How many sizes are read beside the first, and how many of those that followed."""
        return min(MORE, max(MORE // 2, self.step // MORE))

    @property
    def basis(self) -> str:
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
        return (
            f"sizes repeat every {self.step}: {count} from {self.base} on{others}, "
            f"{len(self._samples())} again {self.step} further; the smallest was read"
        )

    def meeting(self, criteria: Sequence[str]) -> SizeSet:
        """The sizes that meet all of ``criteria``."""
        good = [n for n, reading in self.accepted.items() if self._meets(reading, criteria)]
        if not self.periodic:
            return SizeSet.only(good, self._among)
        firsts = [self._first(n, criteria) for n in good]
        small = [self._least(n) for n in firsts if self._by_itself(self._least(n), criteria)]
        small += [n for n in self._alike if self._stands(n, criteria)]
        return up_to(self._end, SizeSet.of(self.step, firsts, small))

    @cached_property
    def _end(self) -> int | None:
        if (self.periodic and self.step > LONG) or not self.resizing.affords(MORE):
            return None
        taken = (n for n in self.accepted if not self._alone(n).refused)
        return last_taken(self.read, self._read_alone, taken, self.step)

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
        small = [n for n in self._alike if self._gives(n, target)] if self.periodic else []
        if self.periodic and gain == 0:
            return SizeSet.of(self.step, [self._first(n, ("accepted",)) for n in found], small)
        return SizeSet.only([*found, *small], None if self.periodic else self._among)

    def nearest_outputs(self, target: int) -> str:
        """What can be had instead of an output size that no input gives."""
        gain = self._gain() if self.periodic else 0
        pairs: set[tuple[int, int]] = set()
        for n, reading in self.accepted.items():
            got = reading.output[self.axis]
            if got is None:
                continue
            times = range((target - got) // gain, (target - got) // gain + 2) if gain else (0,)
            near = [(got + t * (gain or 0), n + t * self.step) for t in times]
            if self.periodic:  # below the first size of its class there is none
                first = self._first(n, ("accepted",))
                near.append((self.read(first).output[self.axis] or 0, first))
                near = [pair for pair in near if pair[1] >= first]
            pairs.update(near)
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

    def _window(self) -> range:
        if self.periodic:
            return range(self.base, self.base + self.step)
        aside = min(self.step, ASIDE, max(MORE, NEARBY // self.resizing.laid_out))
        return range(max(1, self.base - aside), self.base + aside + 1)

    def _samples(self) -> tuple[int, ...]:
        """Sizes that are read again one step further.

        Three where strides alone make the step; more where a longer one is in question.
        """
        if self.step <= MORE:
            few = min(MORE, AGAIN // self.resizing.laid_out)
            offsets = set(range(max(self.step, few, 2)))
        else:
            parts = MORE if self._in_question else 2
            offsets = {self.step * part // parts for part in range(parts)} | {self.step - 1}
        return tuple(self.base + offset for offset in sorted(offsets))

    def _base(self) -> int:
        """Where reading begins: at the size of the model, or well above a free axis' first."""
        entry = self.resizing.entries[0]
        if entry.axes[self.axis] in entry.free:
            return self.step * (FREE_BASE // self.step + 1)
        return self.resizing.sizes[self.axis]

    def _repeats(self) -> bool:
        """Whether the sizes that are read twice agree, one step apart."""
        if self.step > SHORT:
            for n in range(self.base, self.base + self._few):
                self.read(n)
        for n in self._samples():
            one, other = self.read(n), self.read(n + self.step)
            if bool(one.refused) != bool(other.refused):
                return False
            if not one.refused and unlike(one, other):
                return False
        samples = self._samples()
        if grows_evenly(self.read, samples, self.step):
            return True
        # of equal axes that are merged (windows of an image) there are more each time
        return self.resizing.is_square and grows_evenly(self._alone, samples, self.step)

    @cached_property
    def _grown(self) -> dict[Ops, Steps | None]:
        """By how much every axis of every value grows per step, for each list of ops."""
        pairs = ((self.read(n), self.read(n + self.step)) for n in self._samples())
        return {ops_of(a): growth(a, b) for a, b in pairs if not (a.refused or b.refused)}

    def _lowest(self, size: int) -> int:
        """The first size of the class of ``size`` at which, by how they grow, no value is empty."""
        reading = self.read(size)
        grown = self._grown.get(ops_of(reading))
        back = (size - 1) // self.step
        if grown is not None:
            for shape, steps in zip(reading.shapes, grown, strict=True):
                for n, step in zip(shape, steps, strict=True):
                    if step > 0:
                        back = min(back, (n - 1) // step)
        return size - back * self.step

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
        small = [n for n in range(1, int(below) + 1) if n % self.step not in taken]
        return small[: MORE if self._long else SHORT]

    def _first(self, size: int, criteria: Sequence[str]) -> int:
        """The first size of the class of ``size``; of a long step by how its values grow."""
        begin = self._begin(tuple(criteria)) if self._long else None
        if begin:
            return begin + (size - begin) % self.step
        if begin == 0:
            low = self._lowest(size)  # with equal axes, of which this one need not be to blame
            if low == self._least(size) or len(self.resizing.axes) == 1:
                return low
        return self._searched(size, criteria)

    def _begin(self, criteria: tuple[str, ...]) -> int | None:
        """The size from which on all meet the criteria; 0 where the size arithmetic tells, or None.

        Some classes are tried, the smallest among them, and sizes around the one that is found.
        """
        if criteria not in self._lines:
            good = [n for n, reading in self.accepted.items() if self._meets(reading, criteria)]
            some = {*good[:: max(1, len(good) // MORE)], *sorted(good, key=self._lowest)[:1]}
            firsts = {n: self._searched(n, criteria) for n in sorted(some)}
            found: int | None = 0
            if any(first != self._lowest(n) for n, first in firsts.items()):
                low, high = max(firsts.values()) - self.step + 1, min(firsts.values())
                while low < high:
                    middle = (low + high) // 2
                    low, high = (
                        (low, middle) if self._stands(middle, criteria) else (middle + 1, high)
                    )
                around = range(max(1, high - MORE), high + MORE)
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
        least = self._least(size)
        if self._stands(least, criteria) and not self._by_itself(least, criteria):
            return least
        low = self._lowest(size)
        good, bad = (low, least) if low > least and self._stands(low, criteria) else (size, low)
        while good - bad > self.step:
            middle = bad + (good - bad) // self.step // 2 * self.step
            if self._stands(middle, criteria):
                good = middle
            else:
                bad = middle
        return good

    def _least(self, size: int) -> int:
        """The smallest size of the class."""
        return (size - 1) % self.step + 1

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
        empty = starved(self.read(self.base))
        ways = (self.read, self._alone)
        readings = (way(size) for way in ways)  # the second only where the first does not do
        return any(self._meets(one, criteria) and starved(one) <= empty for one in readings)

    def _meets(self, reading: Reading, criteria: Iterable[str]) -> bool:
        return all(reading.holds(name, self.name) for name in ("accepted", *criteria))
