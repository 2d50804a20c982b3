"""``verify``: the claim of the two engines against a model that runs.

The model is a function from input arrays to layer arrays (``Running``; each framework has one), so
nothing here knows a framework. Two kinds of evidence, at chosen positions of chosen layers:

*Noise.* Everything outside the support is drawn anew; the output must not change by one bit.
*Marks.* One input position becomes NaN, in all channels. What reads it becomes NaN: nothing cancels
and no weight is too small. One run tells this for every layer and every position at once, and it is
compared in both directions: read but not claimed, claimed but not read. A NaN that contradicts the
claim is confirmed with finite values first, since ``0 * NaN`` is NaN and a few ops swallow a NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.graph import Graph
from ..errors import InvalidModelError, RFieldError
from .claims import Claim, chosen_layers, chosen_positions
from .claims import elements as marked_elements
from .fields import Fields, choose_source
from .results import Fidelity
from .support import support

Arrays = Mapping[str, NDArray[Any]]
Progress = Callable[[int, int], None]
SCHEMA = 1
CONFIRMATIONS = 4


class NotDeterministicError(RFieldError, ValueError):
    """The model gives different outputs for the same input, so nothing can be verified."""


class Running(Protocol):
    """A model that can be run on arrays.

    ``marks``: a NaN reaches everything that reads it (so the framework's kernels do not drop it).
    ``precision``: the type of the arithmetic, for the result.
    """

    marks: bool
    precision: str

    def inputs(self, seed: int) -> dict[str, NDArray[Any]]:
        """Random inputs by name."""
        ...

    def run(self, inputs: Arrays, layers: Sequence[str]) -> dict[str, NDArray[Any]]:
        """The arrays of ``layers`` (those that the running model has) for these inputs."""
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


@dataclass(frozen=True, slots=True)
class Verification:
    """What was tried, what held, and every counter-example. True if there is none.

    ``layers`` and ``positions``: how many were looked at. ``sound``: (layer, position) pairs whose
    output did not change under noise outside the support. ``compared``: pairs of an output position
    and a marked input position, ``read`` of them read as claimed. ``faces``: sides of regions shown
    to be reached. ``skipped``: layers that the running model does not have under that name.
    """

    wrt: str
    layers: tuple[str, ...]
    positions: int
    sound: int
    compared: int
    read: int
    faces: int
    runs: int
    precision: str
    counterexamples: tuple[CounterExample, ...]
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return not self.counterexamples

    def as_dict(self) -> dict[str, Any]:
        """Plain data, with a schema version."""
        return {
            "schema": SCHEMA,
            "holds": bool(self),
            "wrt": self.wrt,
            "layers": list(self.layers),
            "positions": self.positions,
            "sound": self.sound,
            "compared": self.compared,
            "read": self.read,
            "faces": self.faces,
            "runs": self.runs,
            "precision": self.precision,
            "counterexamples": [
                {
                    "layer": c.layer, "index": list(c.index), "problem": c.problem,
                    "element": None if c.element is None else list(c.element), "claimed": c.claimed,
                }
                for c in self.counterexamples
            ],
            "skipped": list(self.skipped),
            "notes": list(self.notes),
        }  # fmt: skip

    def __str__(self) -> str:
        tried = (
            f"{len(self.layers)} layers at {self.positions} positions in {self.runs} runs "
            f"({self.precision})"
        )
        if self:
            return (
                f"verified: {tried}; {self.sound} unchanged by noise outside, {self.faces} faces "
                f"and {self.read:,} elements read as claimed"
            )
        shown = "\n".join(f"  {example}" for example in self.counterexamples[:20])
        more = len(self.counterexamples) - 20
        tail = f"\n  and {more} more" if more > 0 else ""
        return f"not verified: {len(self.counterexamples)} counter-examples; {tried}\n{shown}{tail}"


@dataclass(slots=True)
class _Tally:
    """The evidence so far."""

    sound: int = 0
    compared: int = 0
    read: int = 0
    faces: int = 0
    runs: int = 0
    bad: list[CounterExample] = field(default_factory=list[CounterExample])
    notes: list[str] = field(default_factory=list[str])


def verify(
    graph: Graph,
    running: Running,
    *,
    layers: Sequence[str] = (),
    wrt: str | None = None,
    positions: int = 12,
    samples: int = 2,
    most_probes: int = 400,
    seed: int = 0,
    progress: Progress | None = None,
) -> Verification:
    """Hold the support and the region of ``layers`` at ``positions`` places against the model.

    ``layers`` empty: the outputs, and layers spread over the network. ``samples``: marked elements
    per position besides the faces; ``most_probes`` bounds the marks in all.
    """
    draw = np.random.default_rng(seed)
    value = graph.index(layers[-1]) if layers else graph.outputs_[-1]
    source = choose_source(graph, value, wrt)
    fields = Fields(graph, source, wrt)
    base = running.inputs(seed)
    name = graph.nodes[source].name
    if name not in base or base[name].dtype.kind != "f":
        raise InvalidModelError(f"input {name!r} does not hold real numbers; it cannot be varied")
    wanted = tuple(layers) or chosen_layers(graph, source)
    steady = _steady(running, base, wanted)
    tally = _Tally(runs=2)
    claims: list[Claim] = []
    for layer in wanted:
        claim = _claim(graph, fields, layer, positions, draw, steady.get(layer), tally)
        if claim is not None:
            claims.append(claim)
    names = [claim.layer for claim in claims]
    elements = list(marked_elements(claims, fields.source_axes, draw, samples))[:most_probes]
    total = len(elements) + sum(len(claim.rows) for claim in claims)
    done = 0
    check = _Check(running, base, name, fields.source_axes, steady, draw, tally)
    for claim in claims:
        for row in range(len(claim.rows)):
            check.noise(claim, row)
            done += 1
            if progress is not None:
                progress(done, total)
    if running.marks:
        for element in elements:
            check.mark(claims, names, element)
            done += 1
            if progress is not None:
                progress(done, total)
        _count_faces(claims, elements, tally)
    return Verification(
        fields.wrt, tuple(names), sum(len(claim.rows) for claim in claims), tally.sound,
        tally.compared, tally.read, tally.faces, tally.runs, running.precision, tuple(tally.bad),
        tuple(layer for layer in wanted if layer not in steady), tuple(tally.notes),
    )  # fmt: skip


def _steady(running: Running, base: Arrays, layers: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The arrays of the layers, found equal in two runs."""
    one, other = running.run(base, layers), running.run(base, layers)
    for layer, array in one.items():
        if not np.array_equal(array, other[layer], equal_nan=True):
            raise NotDeterministicError(
                f"{layer} differs between two runs on the same input, by up to "
                f"{np.nanmax(np.abs(array - other[layer])):.3g}.\n"
                "  Only a deterministic model can be verified: no dropout, noise or sampling."
            )
    return one


def _claim(
    graph: Graph,
    fields: Fields,
    layer: str,
    positions: int,
    draw: np.random.Generator,
    real: NDArray[Any] | None,
    tally: _Tally,
) -> Claim | None:
    """What is claimed of a layer; what contradicts itself is a counter-example already."""
    if real is None:
        return None
    rf = fields._field(layer, graph.index(layer))  # pyright: ignore[reportPrivateUsage]
    shape = graph.nodes[rf.value].shape
    if real.shape != shape:
        tally.bad.append(
            CounterExample(layer, (), f"its shape is {real.shape}", None, f"shape {shape}")
        )
        return None
    if all(state is None for state in rf.states) or 0 in shape:
        tally.notes.append(f"{layer} does not depend on {rf.wrt}")
        return None
    sizes = tuple(shape[axis] for axis in rf.positions)
    rows = chosen_positions(sizes, max(rf.period), positions, draw)
    supports = support(graph, rows, layer, wrt=fields.wrt, clip=True)
    assert isinstance(supports, tuple)
    box = rf.region(rows, clip=True)
    for row, found in enumerate(supports):
        start, stop = tuple(box.start[row].tolist()), tuple(box.stop[row].tolist())
        if 0 not in found.shape and (start, stop) != (found.box.start, found.box.stop):
            tally.bad.append(
                CounterExample(
                    layer, tuple(rows[row].tolist()), f"its support spans {found.box}", None,
                    f"region {start} to {stop}",
                )
            )  # fmt: skip
    return Claim(layer, rf, rows, supports, sizes)


def _count_faces(
    claims: Sequence[Claim], elements: Sequence[tuple[int, ...]], tally: _Tally
) -> None:
    for claim in claims:
        for row, found in enumerate(claim.supports):
            for k in range(len(found.shape)):
                ends = {found.offset[k], found.offset[k] + found.shape[k] - 1}
                seen = {e[k] for e in elements if e[k] in ends and claim.reads(row, e)}
                tally.faces += 2 if seen == ends else 0


@dataclass(slots=True)
class _Check:
    """Runs of the model with one thing changed."""

    running: Running
    base: Arrays
    name: str
    axes: tuple[int, ...]
    steady: Arrays
    draw: np.random.Generator
    tally: _Tally

    def _run(self, x: NDArray[Any], layers: Sequence[str]) -> dict[str, NDArray[Any]]:
        self.tally.runs += 1
        return self.running.run({**self.base, self.name: x}, layers)

    def noise(self, claim: Claim, row: int) -> None:
        """Everything outside the support anew: this output must stay as it was."""
        x = self.base[self.name]
        found = claim.supports[row]
        sizes = tuple(x.shape[axis] for axis in self.axes)
        keep: Any = np.zeros(sizes, dtype=bool)
        keep[tuple(slice(o, o + n) for o, n in zip(found.offset, found.shape, strict=True))] = (
            found.mask
        )
        if keep.all():
            return
        shape = [1] * x.ndim
        for axis, size in zip(self.axes, sizes, strict=True):
            shape[axis] = size
        order = np.argsort(self.axes)
        spread = keep.transpose(order).reshape(shape)
        fresh = self.draw.standard_normal(x.shape).astype(x.dtype) * 3
        changed = self._run(np.where(spread, x, fresh), [claim.layer])[claim.layer]
        if np.array_equal(
            claim.at(row, changed), claim.at(row, self.steady[claim.layer]), equal_nan=True
        ):
            self.tally.sound += 1
            return
        gap = np.nanmax(np.abs(claim.at(row, changed) - claim.at(row, self.steady[claim.layer])))
        self._bad(claim, row, f"noise outside the support changes it by {gap:.3g}", None)

    def mark(
        self, claims: Sequence[Claim], layers: Sequence[str], element: tuple[int, ...]
    ) -> None:
        """One input position marked: which outputs read it, in both directions."""
        real = self._run(self._with(element, float("nan")), layers)
        doubtful: list[tuple[Claim, int, bool]] = []
        for claim in claims:
            for row in range(len(claim.rows)):
                was = np.isnan(claim.at(row, self.steady[claim.layer])).all()
                marked = bool(np.isnan(claim.at(row, real[claim.layer])).any()) and not was
                said = claim.reads(row, element)
                self.tally.compared += 1
                if marked == said:
                    self.tally.read += marked
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
        for scale in 10.0 ** np.arange(CONFIRMATIONS):
            real = self._run(self._with(element, None, float(scale)), layers)
            for k, (claim, row, _) in enumerate(doubtful):
                steady = claim.at(row, self.steady[claim.layer])
                moved[k] |= not np.array_equal(
                    claim.at(row, real[claim.layer]), steady, equal_nan=True
                )
        for changes, (claim, row, marked) in zip(moved, doubtful, strict=True):
            if changes and marked:
                self._bad(claim, row, "it reads more than claimed", element)
            elif not changes and not marked:
                self._bad(claim, row, "claimed, but not read", element)

    def _with(
        self, element: tuple[int, ...], value: float | None, scale: float = 1.0
    ) -> NDArray[Any]:
        x: Any = np.array(self.base[self.name])
        where: list[Any] = [slice(None)] * x.ndim
        for axis, index in zip(self.axes, element, strict=True):
            where[axis] = index
        part = x[tuple(where)]
        x[tuple(where)] = (
            part + scale * self.draw.standard_normal(part.shape) if value is None else value
        )
        return x

    def _bad(self, claim: Claim, row: int, problem: str, element: tuple[int, ...] | None) -> None:
        found = claim.supports[row]
        claimed = f"{found.box} ({found.count:,} positions)"
        self.tally.bad.append(
            CounterExample(claim.layer, claim.index(row), problem, element, claimed)
        )
