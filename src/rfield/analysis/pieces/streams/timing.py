"""How one value goes along a time axis: when each of its positions can be computed.

A ``Pattern`` is a state of the forward sweep read as a clock: position ``period*q + r`` needs the
input samples ``advance*q + first[r] .. advance*q + last[r]``. Nothing here knows what a stream is
made of; ``plan`` asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from math import lcm

import numpy as np

from ....core.limits import KEPT_OPS, PHASE_LIMIT
from ....core.relation import Sliding
from ...engines.bounds import axis_field
from ...engines.pull import LARGEST, NOTHING, Ints
from ...engines.terms import Span, State, Term, Terms, carriers, from_span, to_state


@dataclass(frozen=True, eq=False)
class Pattern:
    """The clock of one value: its tensor ``axis``, and what each phase needs of the input.

    A phase that reads nothing has ``first > last``. ``remembers``: the past has no end (a running
    sum, a recurrent layer); then ``first`` means nothing.
    """

    axis: int
    advance: int
    first: Ints
    last: Ints
    remembers: bool = False

    @property
    def period(self) -> int:
        """Positions after which the pattern repeats."""
        return len(self.first)

    @cached_property
    def hop(self) -> Fraction:
        """Input samples per position."""
        return Fraction(self.advance, self.period)

    @cached_property
    def reads(self) -> tuple[int, int]:
        """First and last sample that a block of ``period`` positions needs, from its own start."""
        busy = self.first <= self.last
        if not busy.any():
            return 0, -1
        return int(self.first[busy].min()), int(self.last[busy].max())

    @cached_property
    def ready(self) -> Ints:
        """Per phase the last sample that this position and all before it need."""
        if self.period == 1:
            return self.last
        both = np.concatenate([self.last - self.advance, self.last])
        return np.maximum.accumulate(both)[-self.period :]

    @cached_property
    def needed(self) -> Ints:
        """Per phase the first sample that this position and all after it need."""
        if self.period == 1:
            return self.first
        both = np.concatenate([self.first, self.first + self.advance])
        return np.minimum.accumulate(both[::-1])[::-1][: self.period]

    def repeated(self, times: int) -> Pattern:
        """The same clock with a period ``times`` as long."""
        if times == 1:
            return self
        steps = np.repeat(np.arange(times, dtype=np.int64) * self.advance, self.period)
        first, last = np.tile(self.first, times) + steps, np.tile(self.last, times) + steps
        return Pattern(self.axis, self.advance * times, first, last, self.remembers)

    def ready_at(self, position: int) -> int:
        """How many samples must have arrived before ``position`` and all before it are there."""
        block, phase = divmod(position, self.period)
        return self.advance * block + int(self.ready[phase]) + 1

    def needed_at(self, position: int) -> int:
        """The first sample that ``position`` or any after it needs."""
        block, phase = divmod(position, self.period)
        return self.advance * block + int(self.needed[phase])

    def computable(self, samples: int) -> int:
        """How many positions can be computed from the first ``samples``; below 0 before the start.

        The theory: positions before 0 count down.
        """
        return int(((samples - 1 - self.ready) // self.advance + 1).sum())


def pattern_of(state: State, shape: Sequence[int]) -> Pattern | str:
    """The clock of a value with this state, whole-axis reads left out; or why it has none."""
    if state is None:
        return "it does not depend on the time axis"
    if isinstance(state, Terms):
        kept = [t for t in state.terms if not t.is_global or _is_prefix(t)]
        if not kept:
            return "it has no place of its own in time"
        remembers = any(t.is_global for t in kept)
        # What is left has an end in the future, and a past without end is said beside it.
        state = to_state(Term(t.low, t.high, t.carrier, t.advance) for t in kept)
    else:
        remembers = False
    where = carriers([state], len(shape))
    if len(where) != 1:
        return (
            "it has no place of its own in time" if not where
            else f"its time is spread over the axes {', '.join(map(str, where))}"
        )  # fmt: skip
    if isinstance(state, Span) and state.advance > 0:
        span = from_span(state, 1)
        return Pattern(where[0], state.advance, span.low, span.high, remembers)
    field = axis_field(state, shape, where)
    if any(t.carrier is not None and t.advance is None for t in field.terms):
        return "its windows over time are irregular, or depend on the length"
    if field.stride is None:
        return "paths with different strides meet"
    if field.stride <= 0:
        return "it runs backwards in time" if field.stride else "it stands still in time"
    if field.period > PHASE_LIMIT:
        return f"its pattern repeats after {field.period} positions only"
    low, high = field.bounds(np.arange(field.period, dtype=np.int64)[:, None])
    empty = low > high
    low, high = np.where(empty, NOTHING[0], low), np.where(empty, NOTHING[1], high)
    return Pattern(where[0], int(field.stride * field.period), low, high, remembers)


def _is_prefix(term: Term) -> bool:
    """Whether a whole-axis read still has an end in the future."""
    return term.carrier is not None and int(term.high.max()) <= LARGEST


@dataclass(frozen=True, slots=True)
class Window:
    """One op's reading along its own time axis, in positions of its own operand.

    ``reads`` positions serve the next ``gives`` outputs, and the window then moves by ``step``.
    ``state``: what of them must be kept for the next time. ``ahead``: how many of them lie after
    the step's own positions.
    """

    reads: int
    gives: int
    step: int
    state: int
    ahead: int


@lru_cache(maxsize=KEPT_OPS)
def window_of(relation: Sliding) -> Window:
    """The window of a relation, its outputs grouped so that it is as short as it can be.

    A convolution with kernel 10 and stride 5 keeps 5, a transposed one with kernel 16 and stride 8
    keeps 1.

    >>> from rfield.core.relation import window
    >>> window_of(window(kernel=10, stride=5, before=0))
    Window(reads=10, gives=1, step=5, state=5, ahead=5)
    """
    clock = reading_clock(relation)
    first, last, step = clock.first, clock.last, clock.advance
    # Outputs r .. r+period-1: those from r on, and those before r one block later.
    low = np.minimum(_from(first, np.minimum), _before(first, np.minimum, NOTHING[0], step))
    high = np.maximum(_from(last, np.maximum), _before(last, np.maximum, NOTHING[1], step))
    reads = int((high - low).min()) + 1
    ahead = int(last.max()) - (step - 1)
    return Window(max(reads, 0), clock.period, step, max(reads - step, 0), max(ahead, 0))


@lru_cache(maxsize=KEPT_OPS)
def reading_clock(relation: Sliding) -> Pattern:
    """One op as a clock: its operand's positions are the samples."""
    first = [taps.first if taps else NOTHING[0] for taps in relation.taps]
    last = [taps.last if taps else NOTHING[1] for taps in relation.taps]
    return Pattern(0, relation.advance, np.array(first, np.int64), np.array(last, np.int64))


def held_of(relation: Sliding, operand: Pattern, samples: int) -> int:
    """Positions of its operand that an op must hold when so many samples have arrived.

    More than the state of its window where the samples do not end on its grid: the rest waits.
    """
    clock = reading_clock(relation)
    arrived = operand.computable(samples)
    return max(0, arrived - clock.needed_at(clock.computable(arrived)))


def _from(values: Ints, best: np.ufunc) -> Ints:
    return best.accumulate(values[::-1])[::-1]


def _before(values: Ints, best: np.ufunc, nothing: int, step: int) -> Ints:
    return np.concatenate([[nothing], best.accumulate(values)[:-1] + step])


def lags(branches: Sequence[Pattern]) -> tuple[int, ...]:
    """How many positions each branch is ahead of the slowest one, at most.

    That is the delay by which it must be held back so that all meet at the same position.
    """
    period = lcm(*(b.period for b in branches))
    clocks = [b.repeated(period // b.period) for b in branches]
    ready = np.stack([c.ready for c in clocks])
    steps = np.array([[c.advance] for c in clocks], dtype=np.int64)
    ahead = np.zeros(len(clocks), dtype=np.int64)
    for i, arrived in enumerate(ready.max(axis=0)):
        there = ((arrived - 1 - ready) // steps + 1).sum(axis=1)
        ahead = np.maximum(ahead, there - i)
    return tuple(ahead.tolist())
