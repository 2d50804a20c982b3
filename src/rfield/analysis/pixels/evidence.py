"""Runs of a model with one thing changed, and what they say about a claim.

The model is a function from input arrays to layer arrays (``Running``; each framework has one), so
nothing here knows a framework. Two kinds of evidence:

*Noise.* Everything outside the support is drawn anew; the output must not change by one bit.
*Marks.* One input position becomes NaN, in all channels (where the input holds integers: other
integers). What reads it changes: nothing cancels and no weight is too small. One run tells this for
every layer and position at once, in both directions: read but not claimed, claimed but not read.

A NaN alone proves nothing: ``0 * NaN`` is NaN behind a mask that takes the element away and in a
kernel that mixes neighbours, and some ops swallow it. So a second run changes the same position by
finite numbers (in double precision, whose range suffices); where the two disagree, or contradict
the claim, larger ones decide. What these cannot decide, because a change may be lost in rounding,
is counted as undecided: it is neither a counter-example nor evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..results import Fidelity
from .claims import Claim, Element

Arrays = Mapping[str, NDArray[Any]]
SCALES = (1.0, 10.0, 1e3, 1e6, 1e9)
"""Finite changes by which a doubt is decided; squares of the largest are finite in float32."""
HUGE = (1e30, 1e80, 1e150)
"""Changes that nothing but a known zero takes away; for double precision, where most are finite."""
SMALL = 10.0
"""Changes up to here leave a mask of finite numbers (-100) lower than all that stands beside it."""
PLAIN = 1e80
"""From this scale on an output that stays as it was does not read the element."""
BASES = 12
"""Other inputs around which an output is tried that does not depend on an element here."""
ROUNDING = 16
"""A change of less than this many units in the last place, however large its cause, is rounding."""


class Running(Protocol):
    """A model that can be run on arrays. ``precision``: the type of the arithmetic."""

    precision: str

    def inputs(self, seed: int) -> dict[str, NDArray[Any]]:
        """Random inputs by name."""
        ...

    def run(self, inputs: Arrays, layers: Sequence[str]) -> dict[str, NDArray[Any]]:
        """The arrays of ``layers`` (those that the running model has) for these inputs."""
        ...

    def carries(self, layer: str) -> bool:
        """Whether a NaN reaches everything up to this layer that reads it."""
        ...


@dataclass(frozen=True, slots=True)
class CounterExample:
    """One place where the model and the claim differ.

    ``problem`` says how; ``element`` is the input position that shows it, where there is one.
    """

    layer: str
    index: tuple[int, ...]
    problem: str
    element: tuple[int, ...] | None
    claimed: str

    def __str__(self) -> str:
        at = "" if self.element is None else f" at input position {self.element}"
        return f"{self.layer} {self.index}: {self.problem}{at}; claimed {self.claimed}"


@dataclass(slots=True)
class Tally:
    """The evidence so far."""

    sound: int = 0
    compared: int = 0
    read: int = 0
    runs: int = 0
    undecided: int = 0
    reached: set[tuple[str, int, int, int]] = field(default_factory=set[tuple[str, int, int, int]])
    bad: list[CounterExample] = field(default_factory=list[CounterExample])
    notes: list[str] = field(default_factory=list[str])

    def reads(self, claim: Claim, row: int, element: Element) -> None:
        """The model reads it, as claimed."""
        self.read += 1
        for axis, place in enumerate(element):
            self.reached.add((claim.layer, row, axis, place))

    def faces(self, claims: Sequence[Claim]) -> int:
        """How many sides of supports were shown to be reached."""
        return sum(
            (claim.layer, row, axis, first + place) in self.reached
            for claim in claims
            for row, found in enumerate(claim.supports)
            for axis, (first, size) in enumerate(zip(found.offset, found.shape, strict=True))
            for place in (0, size - 1)
        )


@dataclass(slots=True)
class Check:
    """Runs of the model with one thing changed.

    ``name`` is the input that is varied, along ``axes``; ``steady`` what each layer is otherwise.
    ``premised``: finite numbers are taken for minus infinity, so that only changes that are small
    beside them count against a claim.
    """

    running: Running
    base: Arrays
    name: str
    axes: tuple[int, ...]
    steady: Arrays
    draw: np.random.Generator
    tally: Tally
    premised: bool = False

    @property
    def real(self) -> bool:
        """Whether the input holds real numbers, so that it can be NaN."""
        return self.base[self.name].dtype.kind == "f"

    def noise(self, claim: Claim, row: int) -> None:
        """Everything outside the support anew: this output must stay as it was."""
        x = self.base[self.name]
        found = claim.supports[row]
        sizes = tuple(x.shape[axis] for axis in self.axes)
        keep: Any = np.zeros(sizes, dtype=bool)
        keep[tuple(slice(o, o + n) for o, n in zip(found.offset, found.shape, strict=True))] = (
            found.mask
        )
        if keep.all() or not self._tells(claim, row):
            return
        shape = [1] * x.ndim
        for axis, size in zip(self.axes, sizes, strict=True):
            shape[axis] = size
        spread = keep.transpose(np.argsort(self.axes)).reshape(shape)
        fresh = self._fresh() * (1 if self.premised or not self.real else 3)
        gap = self._gap(claim, row, np.where(spread, x, fresh))
        if gap == 0:
            self.tally.sound += 1
            return
        rounding = _rounding(claim.at(row, self.steady[claim.layer]))
        if gap <= rounding and self._gap(claim, row, np.where(spread, x, fresh * 1e3)) <= rounding:
            self.tally.undecided += 1
            return
        self._bad(claim, row, f"noise outside the support changes it by {gap:.3g}", None)

    def independent(self, layer: str) -> None:
        """A layer that is claimed not to depend on this input: the whole input anew."""
        now = self._run(self._fresh(), [layer])[layer]
        if np.array_equal(now, self.steady[layer], equal_nan=True):
            self.tally.notes.append(f"{layer} does not depend on {self.name}")
            return
        gap = largest_gap(now, self.steady[layer])
        self.tally.bad.append(
            CounterExample(layer, (), f"noise changes it by {gap:.3g}", None, "nothing")
        )

    def mark(
        self, claims: Sequence[Claim], layers: Sequence[str], element: tuple[int, ...]
    ) -> None:
        """One input position marked: which outputs read it, in both directions."""
        real = self._run(self._with(element, float("nan") if self.real else None), layers)
        wide = self.real and self.running.precision == "float64"
        moved = self._run(self._with(element, None), layers) if wide else real
        doubtful: list[tuple[Claim, int, bool]] = []
        for claim in claims:
            for row in range(len(claim.rows)):
                if not self._tells(claim, row):
                    continue
                steady = claim.at(row, self.steady[claim.layer])
                marked = not np.array_equal(
                    claim.at(row, real[claim.layer]), steady, equal_nan=True
                )
                said, exact = claim.reads(row, element), claim.field.fidelity is Fidelity.EXACT
                self.tally.compared += 1
                if marked != said:
                    if marked or exact:
                        doubtful.append((claim, row, marked))
                elif marked:
                    if (
                        exact
                        and self.real
                        and not _moved(claim.at(row, moved[claim.layer]), steady)
                    ):
                        doubtful.append((claim, row, marked))
                    else:
                        self.tally.reads(claim, row, element)
        if doubtful:
            self._confirm(doubtful, element)

    def _confirm(
        self, doubtful: Sequence[tuple[Claim, int, bool]], element: tuple[int, ...]
    ) -> None:
        """Finite values decide: does the output change when this input position does?"""
        layers = list(dict.fromkeys(claim.layer for claim, _, _ in doubtful))
        moved, stays = [False] * len(doubtful), [False] * len(doubtful)
        wide = self.running.precision == "float64"
        scales = (*(HUGE if wide else ()), *reversed(SCALES))
        most = SMALL if self.premised else SCALES[-1]  # more may outdo a finite mask
        for scale, sign in product(scales, (0, 1, -1)):  # some ops let one direction through only
            real = self._run(self._with(element, None, scale, sign), layers)
            for k, (claim, row, _) in enumerate(doubtful):
                steady = claim.at(row, self.steady[claim.layer])
                now = claim.at(row, real[claim.layer])
                moved[k] |= (scale <= most or claim.reads(row, element)) and _moved(now, steady)
                stays[k] |= scale >= PLAIN and np.array_equal(now, steady, equal_nan=True)
            if all(moved):
                break
        open_ = [
            (claim, row) if stay and marked and not move and claim.reads(row, element) else None
            for (claim, row, marked), move, stay in zip(doubtful, moved, stays, strict=True)
        ]
        elsewhere = self._elsewhere(open_, element) if any(open_) else [None] * len(open_)
        for k, (claim, row, marked) in enumerate(doubtful):
            said, changes = claim.reads(row, element), moved[k] or elsewhere[k] is True
            if changes or (marked and not said and not self.real):
                if said:
                    self.tally.reads(claim, row, element)
                else:
                    self._bad(claim, row, "it reads more than claimed", element)
            elif (
                said and self.real and self.running.carries(claim.layer)
                and (not marked or elsewhere[k] is False)
            ):  # fmt: skip
                self._bad(claim, row, "claimed, but not read", element)
            else:
                self.tally.undecided += 1

    def _elsewhere(
        self, asked: Sequence[tuple[Claim, int] | None], element: Element
    ) -> list[bool | None]:
        """Whether an output depends on an element around other inputs.

        A unit that is dead or saturated here lives there. None where the output never varies.
        """
        layers = list(dict.fromkeys(pair[0].layer for pair in asked if pair))
        found: list[bool | None] = [None] * len(asked)
        for number in range(BASES):
            base = self._fresh() * (1 + number % 3)
            steady = self._run(base, layers)
            for scale, sign in product((0.1, 1.0, 1e3), (1, -1)):
                now = self._run(self._with(element, None, scale, sign, base), layers)
                for k, pair in enumerate(asked):
                    if pair is None or found[k]:
                        continue
                    claim, row = pair
                    here = claim.at(row, steady[claim.layer])
                    if _moved(claim.at(row, now[claim.layer]), here):
                        found[k] = True
                    elif not np.array_equal(here, claim.at(row, self.steady[claim.layer])):
                        found[k] = False
        return found

    def _tells(self, claim: Claim, row: int) -> bool:
        """Whether a change at this output can be seen at all: it is not NaN throughout."""
        return bool(np.isfinite(claim.at(row, self.steady[claim.layer])).any())

    def _run(self, x: NDArray[Any], layers: Sequence[str]) -> dict[str, NDArray[Any]]:
        self.tally.runs += 1
        return self.running.run({**self.base, self.name: x}, layers)

    def _gap(self, claim: Claim, row: int, x: NDArray[Any]) -> float:
        """By how much the output changes for the input ``x``."""
        now = claim.at(row, self._run(x, [claim.layer])[claim.layer])
        steady = claim.at(row, self.steady[claim.layer])
        if np.array_equal(now, steady, equal_nan=True):
            return 0.0
        return largest_gap(now, steady)

    def _fresh(self) -> NDArray[Any]:
        return self.running.inputs(int(self.draw.integers(1, 2**31)))[self.name]

    def _with(
        self,
        element: Element,
        value: float | None,
        scale: float = 1.0,
        sign: int = 0,
        base: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """The input with one position set to ``value``; None: changed by random numbers.

        ``sign``: that of the changes in all channels; 0: random as well.
        """
        x: Any = np.array(self.base[self.name] if base is None else base)
        where: list[Any] = [slice(None)] * x.ndim
        for axis, index in zip(self.axes, element, strict=True):
            where[axis] = index
        part = x[tuple(where)]
        if value is not None:
            x[tuple(where)] = value
        elif self.real:
            sizes: tuple[int, ...] = tuple(part.shape)
            drawn = self.draw.standard_normal(sizes)
            x[tuple(where)] = part + scale * (sign * np.abs(drawn) if sign else drawn)
        else:
            x[tuple(where)] = self._fresh()[tuple(where)]
        return x

    def _bad(self, claim: Claim, row: int, problem: str, element: Element | None) -> None:
        found = claim.supports[row]
        claimed = f"{found.box} ({found.count:,} positions)"
        self.tally.bad.append(
            CounterExample(claim.layer, claim.index(row), problem, element, claimed)
        )


def largest_gap(one: NDArray[Any], other: NDArray[Any]) -> float:
    """The largest difference between two arrays; NaN where one of them is nothing but NaN."""
    with np.errstate(invalid="ignore"):
        gap: Any = np.abs(one.astype(np.float64) - other.astype(np.float64))
    return float("nan") if np.isnan(gap).all() else float(np.nanmax(gap))


def _rounding(steady: NDArray[Any]) -> float:
    """The largest change that may be rounding; 0 for integers."""
    if steady.dtype.kind != "f":
        return 0.0
    largest = np.abs(steady[np.isfinite(steady)]).max(initial=0.0)
    return ROUNDING * float(np.finfo(steady.dtype).eps) * float(largest)


def _moved(now: NDArray[Any], steady: NDArray[Any]) -> bool:
    """Whether finite numbers became other finite numbers, by more than rounding."""
    finite: Any = np.isfinite(steady)
    if not np.isfinite(now[finite]).all():
        return False
    gap = largest_gap(now[finite], steady[finite]) if finite.any() else 0.0
    return gap > _rounding(steady)
