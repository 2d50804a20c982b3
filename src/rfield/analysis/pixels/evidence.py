"""Runs of a model with one thing changed, and what they say about a claim.

The model is a function from input arrays to layer arrays (``Running``; each framework has one), so
nothing here knows a framework. Two kinds of evidence:

*Noise.* Everything outside the support is drawn anew; the output must not change by one bit.
*Marks.* One input position becomes NaN, in all channels (where the input holds integers: other
integers). What reads it changes: nothing cancels and no weight is too small. One run tells this for
every layer and position at once, in both directions: read but not claimed, claimed but not read.

A difference may be the runtime's own. ``0 * NaN`` in a kernel that mixes neighbours is NaN, and
some ops swallow a NaN; so a mark that contradicts the claim is decided by finite values. What these
cannot decide, because a change may be lost in rounding, is counted as undecided: it is neither a
counter-example nor evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..results import Fidelity
from .claims import Claim, Element

Arrays = Mapping[str, NDArray[Any]]
SCALES = (1.0, 10.0, 1e3, 1e6, 1e9)
"""Finite changes by which a doubt is decided; squares of the largest are finite in float32."""
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
    """

    running: Running
    base: Arrays
    name: str
    axes: tuple[int, ...]
    steady: Arrays
    draw: np.random.Generator
    tally: Tally

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
        fresh = self._fresh() * 3 if self.real else self._fresh()
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
        doubtful: list[tuple[Claim, int, bool]] = []
        for claim in claims:
            for row in range(len(claim.rows)):
                if not self._tells(claim, row):
                    continue
                steady = claim.at(row, self.steady[claim.layer])
                marked = not np.array_equal(
                    claim.at(row, real[claim.layer]), steady, equal_nan=True
                )
                said = claim.reads(row, element)
                self.tally.compared += 1
                if marked == said:
                    if marked:
                        self.tally.reads(claim, row, element)
                elif marked or claim.field.fidelity is Fidelity.EXACT:
                    doubtful.append((claim, row, marked))
        if doubtful:
            self._confirm(doubtful, element)

    def _confirm(
        self, doubtful: Sequence[tuple[Claim, int, bool]], element: tuple[int, ...]
    ) -> None:
        """Finite values decide: does the output change when this input position does?"""
        layers = list(dict.fromkeys(claim.layer for claim, _, _ in doubtful))
        moved = [False] * len(doubtful)
        for scale in SCALES:
            real = self._run(self._with(element, None, scale), layers)
            for k, (claim, row, _) in enumerate(doubtful):
                steady = claim.at(row, self.steady[claim.layer])
                now = claim.at(row, real[claim.layer])
                moved[k] |= _moved(now, steady)
        for changes, (claim, row, marked) in zip(moved, doubtful, strict=True):
            if marked and (changes or not self.real):
                self._bad(claim, row, "it reads more than claimed", element)
            elif changes:
                self.tally.reads(claim, row, element)
            elif not marked and self.real and self.running.carries(claim.layer):
                self._bad(claim, row, "claimed, but not read", element)
            else:
                self.tally.undecided += 1

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

    def _with(self, element: Element, value: float | None, scale: float = 1.0) -> NDArray[Any]:
        """The input with one position set to ``value``; None: changed by random numbers."""
        x: Any = np.array(self.base[self.name])
        where: list[Any] = [slice(None)] * x.ndim
        for axis, index in zip(self.axes, element, strict=True):
            where[axis] = index
        part = x[tuple(where)]
        if value is not None:
            x[tuple(where)] = value
        elif self.real:
            x[tuple(where)] = part + scale * self.draw.standard_normal(part.shape)
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
