"""The inverse question: which kernels, strides and dilations give a field of a given size.

Arithmetic of one axis only. An output of a chain reads the sums of one tap of each layer. Tap ``t``
of a layer lies ``t·a`` away, where the step ``a`` is its dilation times the strides before it. So
the field has ``1 + Σ (k−1)·a`` positions, and it has no holes exactly if, from the smallest
step to the largest, each is at most one more than what the smaller ones reach together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from math import prod

from ...errors import InvalidModelError

MOST_LAYERS = 500
MOST_POSITIONS = 1_000_000
FEW = 3


@dataclass(frozen=True, slots=True)
class Layout:
    """A chain of one kernel: layers with a stride first, then layers with a dilation."""

    kernel: int
    strides: tuple[int, ...]
    dilations: tuple[int, ...]

    @property
    def layers(self) -> int:
        """How many layers it has."""
        return len(self.strides)

    @property
    def steps(self) -> tuple[int, ...]:
        """How far apart the taps of each layer lie, in input positions."""
        return tuple(d * prod(self.strides[:k]) for k, d in enumerate(self.dilations))

    @property
    def size(self) -> int:
        """Size of the field."""
        return 1 + (self.kernel - 1) * sum(self.steps)

    @property
    def cost(self) -> Fraction:
        """Multiply-adds per input position along one axis, one channel in and out."""
        ends = (prod(self.strides[: k + 1]) for k in range(self.layers))
        return sum((Fraction(self.kernel, end) for end in ends), Fraction(0))

    @property
    def spread(self) -> int:
        """Proportional to the variance of the influence: wide steps use the border more."""
        return sum(step * step for step in self.steps)


def layouts(
    size: int,
    kernels: Sequence[int],
    *,
    max_dilation: int | None = None,
    stride: int = 1,
    no_gaps: bool = False,
    least_cost: bool = False,
) -> list[Layout]:
    """The best chains whose field has at least ``size`` positions, the best first.

    Best: fewest layers, then least cost (or the other way round), then the smallest field, then the
    widest spread of the influence. The first may have holes, unless ``no_gaps``; the others have
    none.

    Raises:
        InvalidModelError: an argument is out of range, or no chain can do it.
    """
    _check(size, kernels, max_dilation, stride)
    ways = [(k, way) for k in dict.fromkeys(kernels) for way in _factors(stride, k)]
    if not ways:
        widest = max(kernels)
        raise InvalidModelError(
            f"stride {stride} is no product of strides of at most {widest}, and a stride larger "
            "than the kernel leaves positions unread.\n"
            "  Take a larger kernel, or a stride with smaller factors"
        )

    def rank(found: Layout) -> tuple[Fraction | int, ...]:
        first = (found.cost, found.layers) if least_cost else (found.layers, found.cost)
        return *first, found.size, -found.spread

    limit = max_dilation or size
    chosen: list[Layout] = []
    for gaps, few in ((False, FEW),) if no_gaps else ((True, 1), (False, FEW)):
        found = [one for k, way in ways for one in _fewest(size, k, way, limit, gaps=gaps)]
        chosen.extend(one for one in sorted(found, key=rank)[:few] if one not in chosen)
    if not chosen:
        raise InvalidModelError(
            f"a field of {size:,} takes more than {MOST_LAYERS:,} layers.\n"
            "  Take a larger kernel, dilation or stride"
        )
    return chosen


def _check(size: int, kernels: Sequence[int], max_dilation: int | None, stride: int) -> None:
    limits = [("size", size, 2), ("stride", stride, 1), *(("kernel", k, 2) for k in kernels)]
    limits.append(("max_dilation", 1 if max_dilation is None else max_dilation, 1))
    if not kernels:
        raise InvalidModelError("kernel: expected a number, or several to choose from")
    for name, value, least in limits:
        if not hasattr(value, "__index__"):
            raise InvalidModelError(f"{name} = {value!r}; expected a whole number")
        if not least <= value <= MOST_POSITIONS:
            raise InvalidModelError(f"{name} = {value:,}; expected {least} to {MOST_POSITIONS:,}")


def _factors(stride: int, most: int) -> Iterator[tuple[int, ...]]:
    """The ways to write ``stride`` as a product of strides up to ``most``, the largest first."""
    if stride == 1:
        yield ()
    for factor in range(min(stride, most), 1, -1):
        if stride % factor == 0:
            yield from ((factor, *rest) for rest in _factors(stride // factor, factor))


def _fewest(
    size: int, kernel: int, strided: tuple[int, ...], limit: int, *, gaps: bool
) -> Iterator[Layout]:
    """The chains with the fewest layers that begin with these strides, the widest spread first."""
    steps = [prod(strided[:k]) for k in range(len(strided))]
    stride, reach = prod(strided), (kernel - 1) * sum(steps)
    missing = size - 1 - reach
    if missing <= 0:
        yield Layout(kernel, strided, (1,) * len(strided))
        return
    total = -(-missing // ((kernel - 1) * stride))
    dilations = _Dilations(kernel, (reach + 1) // stride, gaps=gaps)
    count = next((n for n in range(1, MOST_LAYERS) if dilations.most(n, limit) >= total), None)
    if count is not None:
        for found in islice(dilations.sums(count, total, limit), FEW):
            ones = (1,) * len(strided)
            yield Layout(kernel, strided + (1,) * count, ones + found)


@dataclass(frozen=True, slots=True)
class _Dilations:
    """Dilations of layers that follow each other; without gaps the first is at most ``start``."""

    kernel: int
    start: int
    gaps: bool

    def bound(self, before: int) -> int:
        """The largest dilation without gaps, where smaller ones add up to ``before``."""
        return self.start + (self.kernel - 1) * before

    def most(self, count: int, limit: int) -> int:
        """The largest sum of ``count`` dilations of at most ``limit``."""
        if self.gaps:
            return count * limit
        total = 0
        for done in range(count):
            step = min(limit, self.bound(total))
            total += step
            if step == limit:
                return total + (count - done - 1) * limit
        return total

    def sums(self, count: int, total: int, limit: int) -> Iterator[tuple[int, ...]]:
        """All ascending dilations with this sum, the largest last one first.

        Every sum between ``count`` and ``most`` can be had, so no branch leads nowhere.
        """
        if count == 0:
            yield ()
            return
        largest = min(limit, total - count + 1)
        if not self.gaps:  # no more than the bound that the others give
            largest = min(largest, (self.start + (self.kernel - 1) * total) // self.kernel)
        for last in range(largest, 0, -1):
            rest = total - last
            if rest > self.most(count - 1, last):
                return
            yield from ((*found, last) for found in self.sums(count - 1, rest, last))
