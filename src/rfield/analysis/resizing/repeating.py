"""The readings of one axis: whether they repeat after a step, and how far that holds.

Every op turns a size into ``floor((a*n + b) / c)``, so what a network does with its sizes repeats
with a step: the lcm of its strides. The sizes of one step are read one by one, some of them again a
step further; that they agree shows the repetition. Others, small ones and large ones, are held
against what follows from it (``reach``). Of a long step only as many sizes are read as the others
follow from (``followed``), and some of these to try that out. Code may take some of the sizes only,
as multiples of 8: then the step is by how much the next one is larger. Where sizes do not repeat,
one is read of those that are alike behind the input (``twins``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import chain

from ...errors import TooLargeError
from .ends import FARTHEST
from .growth import Ops, Steps, grows_evenly, growth, ops_of, starved, unlike
from .reach import Judge, Reach, Verdict, reach, spread
from .reading import Reading, Resizing
from .steps import steps_of

FREE_BASE = 1024
MORE = 8
SHORT = 16
"""Steps up to which all sizes are read."""
ASIDE = 32
"""How far to both sides sizes are read where they do not repeat, and not less than ``MORE``."""
NEARBY = 1 << 14
"""Values and operands in all such sizes of a large network, and in small ones that are tried."""
AGAIN = 1 << 19
"""The same of sizes that are read again; not less than all of a step, or two, are."""
ASKED, LONGEST = (2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32), 64
"""So many strides a step of the model's own code may be, and so long: numbers of few bits."""
TRIED, MOST_TRIED = 4, 32
"""So many small sizes are held against what follows, of a large network and of a small one."""
ODD = (1001, 4199)
"""Sizes with the divisors 7, 11 and 13, and 13, 17 and 19: code may ask for what a division leaves.
"""


At = Callable[[Sequence[int]], Reading]
Way = Callable[[int, At | None], Reading]


class Repeating:
    """All readings of one axis."""

    def __init__(self, resizing: Resizing, axis: int) -> None:
        self.resizing = resizing
        self.axis = axis
        self.name = resizing.axes[axis]
        self.periodic: bool | None = None  # while that is not known
        self._reaches: dict[tuple[str, ...], Reach] = {}
        steps = steps_of(resizing, axis)
        self._in_question = len(steps) > 1
        for step in chain(steps, self._asked(steps[0])):
            self.step = step
            self.base = self._base()
            self.resizing.afford(self.step + len(self._samples()))
            if self._settles():
                return
        self.step, self.periodic = steps[0], False
        self.base = self._base()

    def _asked(self, step: int) -> Iterator[int]:
        """A longer step, where the model's own code takes only some of the sizes of the strides."""
        self.periodic, self.step = None, step
        base = self._base()
        if self.read(base).refused or not self.read(base + step).refused:
            return
        for times in ASKED:
            if times * step > LONGEST or not self.resizing.affords(times * step):
                return
            if not self.read(base + times * step).refused:
                self._in_question = True
                yield times * step
                return

    def read(self, size: int, at: At | None = None) -> Reading:
        """The model with all axes at ``size`` if they were equal, or else with this one only."""
        at = at or self._at
        if self.resizing.is_square:
            reading = at((size,) * len(self.resizing.axes))
            if not reading.refused:
                return reading
        return at(self._with(size))

    def forget(self) -> None:
        """Forget what rests on readings that turned out to be otherwise."""
        self._reaches.clear()
        for name in ("accepted", "_grown", "_evenly"):
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

    def _alone(self, size: int, at: At | None = None) -> Reading:
        return (at or self._at)(self._with(size))

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
    def _few(self) -> int:
        """How many sizes are read beside the first, and how many of those that followed."""
        return min(MORE, max(MORE // 2, self.step // MORE))

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

    def _settles(self) -> bool:
        """Whether sizes repeat; asked again where one that had followed turned out otherwise."""
        while True:
            self.resizing.overturned, self.periodic = False, None
            self.periodic = self._repeats() or None
            found = bool(self.periodic) and self.reach().steady
            if found and not self.resizing.overturned:
                return True
            self.forget()
            if not self.resizing.overturned:
                return False

    def _repeats(self) -> bool:
        """Whether the sizes that are read twice agree, one step apart; the first before others."""
        first, *others = self._samples()
        if not self._agrees(first):
            return False
        if self.step > SHORT:
            for n in range(self.base, self.base + self._few):
                self.read(n)
        return self._evenly is not None and all(map(self._agrees, others))  # shapes cost least

    def _agrees(self, size: int) -> bool:
        """Whether a size is taken, and all else is the same, where it is one step further."""
        one, other = self.read(size), self.read(size + self.step)
        if bool(one.refused) != bool(other.refused):
            return False
        return bool(one.refused) or not unlike(one, other, self.name)

    @cached_property
    def _evenly(self) -> Way | None:
        """How sizes are read that grow evenly.

        Of equal axes that are merged (windows of an image) there are more each time.
        """
        samples = self._samples()
        first = next((n for n in samples if not self.read(n).refused), self.base)
        on = {first, first + self.step} if self.resizing.is_square else ()
        if grows_evenly(self.read, [*samples, *on], self.step):
            return self.read
        if self.resizing.is_square and grows_evenly(self._alone, samples, self.step):
            return self._alone
        return None

    @cached_property
    def _grown(self) -> dict[Ops, Steps | None]:
        """By how much every axis of every value grows per step, for each list of ops."""
        pairs = ((self.read(n), self.read(n + self.step)) for n in self._samples())
        return {ops_of(a): growth(a, b) for a, b in pairs if not (a.refused or b.refused)}

    @property
    def room(self) -> int:
        """So many small sizes are read one by one where the model is another there."""
        return max(SHORT, NEARBY // self.resizing.laid_out)

    def reach(self, criteria: Sequence[str] = ()) -> Reach:
        """Down to which size, and up to which, all is as the sizes of one step show."""
        names = tuple(name for name in criteria if name != "accepted")
        if names not in self._reaches:
            count = min(MOST_TRIED, max(TRIED, self.room // 8))
            below, above = list(spread(self.base, count)), list(self._larger(count // 4))
            if not self.resizing.affords(2 * (len(below) + len(above)) + MORE):
                below, above = [], []
            self._reaches[names] = reach(
                self._judge(names), self.base, self.step, below, above, self.room
            )
        return self._reaches[names]

    def _larger(self, count: int) -> Iterator[int]:
        """Sizes beyond those of two steps: the farthest, some with odd divisors, some between."""
        near = self.base + 2 * self.step
        yield from (size for size in ODD[: max(1, count // 4)] if size > near)
        if near >= FARTHEST:
            return
        for part in range(1, count + 1):
            size = near * (FARTHEST / near) ** (part / count)
            yield self.base + int(size - self.base) // self.step * self.step

    def _judge(self, criteria: Sequence[str]) -> Judge:
        """A size beside what follows of it: near by with equal axes, else with this one only."""
        far = max(ODD[0], 2 * (self.base + self.step))
        seen = self.resizing.firsthand
        known: dict[tuple[bool, int], tuple[Reading, Steps | None]] = {}

        def judge(size: int) -> Verdict:
            read: Way = self._alone if size > far else self._evenly or self.read
            like = self.base + (size - self.base) % self.step
            key = size > far, like
            try:
                if key not in known:
                    one = read(like, None)
                    known[key] = one, growth(one, read(like + self.step, None))
                found, (one, grown) = read(size, seen), known[key]
                verdict = _verdict(found, one, grown, (size - like) // self.step)
                if verdict is Verdict.AS and self._met(found, criteria) != self._met(one, criteria):
                    return Verdict.OTHER
                return verdict
            except TooLargeError:
                return Verdict.UNKNOWN

        return judge

    def _met(self, reading: Reading, criteria: Sequence[str]) -> list[bool]:
        return [reading.holds(name, self.name) for name in criteria]


def _verdict(found: Reading, like: Reading, grown: Steps | None, times: int) -> Verdict:
    """What a reading is beside one of its class, so many steps from it."""
    if like.refused:
        return Verdict.NONE if found.refused else Verdict.OTHER
    if grown is None:
        return Verdict.OTHER
    shapes = tuple(
        tuple(n + more * times for n, more in zip(shape, steps, strict=True))
        for shape, steps in zip(like.shapes, grown, strict=True)
    )
    if not found.refused and starved(found) > starved(like):
        return Verdict.NONE
    if found.refused:
        return Verdict.NONE if any(n < 1 for shape in shapes for n in shape) else Verdict.REFUSED
    same = found.shapes == shapes and ops_of(found) == ops_of(like)
    return Verdict.AS if same else Verdict.OTHER
