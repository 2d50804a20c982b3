"""The exact-pixel engine against the oracle: support, influence, and who sees an input position."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import product
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

import rfield
from rfield.errors import UnresolvedSizeError
from tests.oracle import program as p
from tests.oracle.compare import Difference, depends, is_finite, plain_box
from tests.oracle.grid_meaning import NoTheoryError, Theory, has_theory
from tests.oracle.tensor_meaning import Sets, dependence, shapes_of
from tests.oracle.walks import walks

Mask = NDArray[np.bool_]
MOST = 12


def exact_differences(program: p.Program, seed: int = 0) -> Iterator[Difference]:
    """Compare ``support``, ``influence`` and ``outputs_seeing`` on sampled layers and positions."""
    from tests.oracle.translate import build

    rng = Random(f"exact {seed}")
    graph = build(program)
    shapes = shapes_of(program)
    theory = None
    if has_theory(program) and not is_finite(program):
        theory = Theory(program)
    layers = [layer.name for layer in program.layers]
    pairs = [(source, out) for source, _ in program.inputs for out in {*program.outputs}]
    pairs.append((rng.choice(layers), program.outputs[-1]))
    for source, output in sorted(pairs):
        if source == output or not depends(program, output, source) or 0 in shapes[output]:
            continue
        rf = rfield.receptive_field(graph, output, wrt=source)
        if rf.source_axes:
            yield from Exact(program, graph, rf, source, output, rng).differences(theory)


class Exact:
    """One layer in one source."""

    def __init__(
        self, program: p.Program, graph: Any, rf: Any, source: str, output: str, rng: Random
    ) -> None:
        shapes = shapes_of(program)
        self.program, self.graph, self.rf, self.rng = program, graph, rf, rng
        self.source, self.output = source, output
        self.shape, self.source_shape = shapes[output], shapes[source]
        self.canvas = tuple(self.source_shape[axis] for axis in rf.source_axes)
        self.sizes = [self.shape[axis] for axis in rf.positions]
        self.sets = self._maps(dependence(program, source)[output])
        self.every = list(product(*(range(n) for n in self.sizes)))
        self.title = f"{output} wrt {source}"

    def _maps(self, sets: Sets) -> NDArray[Any]:
        """As (positions…, source axes…), anything else joined (added, for chances)."""
        rank = len(self.shape)
        full = sets.reshape(*self.shape, *self.source_shape)
        kept = [*self.rf.positions, *(rank + axis for axis in self.rf.source_axes)]
        gone = tuple(axis for axis in range(full.ndim) if axis not in kept)
        joined = full.any(axis=gone) if full.dtype == bool else full.sum(axis=gone)
        order = sorted(range(len(kept)), key=kept.__getitem__)
        return joined.transpose(np.argsort(order))

    def differences(self, theory: Theory | None) -> Iterator[Difference]:
        """Everything."""
        corners = list(product(*({0, n - 1} for n in self.sizes)))
        spots = sorted({*corners[:8], *self.rng.sample(self.every, min(MOST, len(self.every)))})
        yield from self.supports(spots)
        yield from self.boxes()
        yield from self.influences(spots[:: max(1, len(spots) // 5)])
        if theory is not None:
            with suppress(NoTheoryError):
                yield from self.endless(theory, spots[:4])
        yield from self.seen()

    def ask(self, index: Any, **options: Any) -> Any:
        return rfield.support(self.graph, index, self.output, wrt=self.source, **options)

    def supports(self, spots: Sequence[tuple[int, ...]]) -> Iterator[Difference]:
        """One by one and as an array."""
        rows = np.array(spots, int).reshape(len(spots), len(self.sizes))
        many = self.ask(rows)
        regions = self.rf.region(rows, clip=True)
        for k, at in enumerate(spots):
            expected = self.sets[at]
            for name, found in (("support", self.ask(at)), ("support, many", many[k])):
                if not np.array_equal(self.placed(found), expected):
                    yield Difference(
                        f"{self.title}: {name} mask at {at}", points(expected), points_of(found)
                    )
                    return
                tight = found.mask.size == 0 or all(
                    found.mask.any(axis=tuple(a for a in range(found.mask.ndim) if a != k))[
                        [0, -1]
                    ].all()
                    for k in range(found.mask.ndim)
                )
                if not tight or found.fidelity is not rfield.Fidelity.EXACT:
                    yield Difference(
                        f"{self.title}: {name} is tight and exact at {at}", True, found
                    )
            box = plain_box(regions.start[k].tolist(), regions.stop[k].tolist())
            if box != plain_box(found.box.start, found.box.stop):
                yield Difference(f"{self.title}: engines' boxes at {at}", found.box, box)
                return

    def placed(self, found: Any) -> Mask:
        """The mask on the whole source; marks outside it are an error by themselves."""
        full = np.zeros(self.canvas, bool)
        if found.mask.size:
            stop = tuple(o + n for o, n in zip(found.offset, found.shape, strict=True))
            if min(found.offset) < 0 or any(a > b for a, b in zip(stop, self.canvas, strict=True)):
                raise AssertionError(f"support outside the tensor: {found}")
            where = tuple(slice(o, e) for o, e in zip(found.offset, stop, strict=True))
            full[where] = found.mask
        return full

    def boxes(self) -> Iterator[Difference]:
        """Boxes of outputs, by slices."""
        if not self.sizes:
            return
        for _ in range(3):
            index: list[Any] = []
            for n in self.sizes:
                start = self.rng.randrange(n)
                stop = self.rng.randint(start + 1, n)
                index.append(slice(start, stop) if self.rng.random() < 0.7 else start)
            if not any(isinstance(part, slice) for part in index):
                index[0] = slice(None)
            where = tuple(
                part if isinstance(part, slice) else slice(part, part + 1) for part in index
            )
            expected = self.sets[where].any(axis=tuple(range(len(self.sizes))))
            found = self.ask(tuple(index))
            if not np.array_equal(self.placed(found), expected):
                got = points_of(found)
                yield Difference(f"{self.title}: support of box {index}", points(expected), got)
                return

    def influences(self, spots: Sequence[tuple[int, ...]]) -> Iterator[Difference]:
        """The chance of a random walk to end at each position."""
        chances = self._maps(walks(self.program, self.source)[self.output])
        for at in spots:
            marks = self.sets[at]
            try:
                found = rfield.influence(self.graph, at, self.output, wrt=self.source)
            except rfield.RFieldError as error:
                if marks.any():
                    yield Difference(f"{self.title}: influence at {at}", "a distribution", error)
                    return
                continue
            if not marks.any():
                yield Difference(f"{self.title}: influence of nothing at {at}", "an error", found)
                return
            full = np.zeros(self.canvas)
            where = tuple(
                slice(o, o + n) for o, n in zip(found.offset, found.weight.shape, strict=True)
            )
            full[where] = found.weight
            expected = chances[at] / chances[at].sum()
            if abs(full.sum() - 1) > 1e-9:
                yield Difference(f"{self.title}: influence sums at {at}", 1, full.sum())
                return
            if not np.array_equal(full > 0, marks):
                yield Difference(
                    f"{self.title}: influence above zero at {at}", points(marks), points(full > 0)
                )
                return
            if not np.allclose(full, expected, rtol=1e-9, atol=1e-12):
                yield Difference(
                    f"{self.title}: influence weight at {at}", rounded(expected), rounded(full)
                )
                return

    def seen(self) -> Iterator[Difference]:
        """The outputs whose set holds an input position, or one of a box."""
        if not self.canvas:
            return
        count = len(self.sizes)
        for _ in range(4):
            index: list[Any] = []
            for n in self.canvas:
                start = self.rng.randrange(n)
                wide = self.rng.random() < 0.3
                index.append(slice(start, self.rng.randint(start + 1, n)) if wide else start)
            where = tuple(i if isinstance(i, slice) else slice(i, i + 1) for i in index)
            part = self.sets[(slice(None),) * count + where]
            hits = part.any(axis=tuple(range(count, part.ndim)))
            expected = box_of(hits)
            region = self.rf.outputs_seeing(tuple(index))
            got = plain_box(region.start, region.stop)
            if count == 0:
                continue
            if got != expected:
                sound = not expected or (
                    got
                    and all(
                        g[0] <= e[0] and g[1] >= e[1] for g, e in zip(got, expected, strict=True)
                    )
                )
                what = "loose" if sound else "unsound"
                yield Difference(f"{self.title}: outputs_seeing {what} {index}", expected, got)
                return

    def endless(self, theory: Theory, spots: Sequence[tuple[int, ...]]) -> Iterator[Difference]:
        """``clip=False``: the theory, as exact sets."""
        for at in spots:
            boxes = theory.reads(self.output, self.source, self.rf.positions, at)
            wide = any(box[axis].wide for box in boxes for axis in range(len(box)) if axis > 1)
            try:
                found = self.ask(at, clip=False)
            except UnresolvedSizeError as error:
                if not self.rf.global_reads:
                    yield Difference(f"{self.title}: endless support at {at}", "a set", error)
                    return
                continue
            if wide or any(
                box[axis].indices is None for box in boxes for axis in self.rf.source_axes
            ):
                yield Difference(f"{self.title}: endless support at {at}", "an error", found)
                return
            expected = {
                spot
                for box in boxes
                for spot in product(*(box[axis].indices or () for axis in self.rf.source_axes))
            }
            shifted = np.argwhere(found.mask) + np.array(found.offset, int)
            got = {tuple(map(int, row)) for row in shifted}
            if got != expected:
                yield Difference(
                    f"{self.title}: endless support at {at}", sorted(expected), sorted(got)
                )
                return


def box_of(hits: Mask) -> tuple[tuple[int, int], ...]:
    """First and last per axis; empty where nothing is hit."""
    if not hits.any():
        return ()
    spans: list[tuple[int, int]] = []
    for axis in range(hits.ndim):
        line = np.flatnonzero(hits.any(axis=tuple(a for a in range(hits.ndim) if a != axis)))
        spans.append((int(line[0]), int(line[-1])))
    return tuple(spans)


def points(mask: Mask) -> list[Any]:
    """The marked positions."""
    return [tuple(row) if len(row) > 1 else row[0] for row in np.argwhere(mask).tolist()]


def points_of(found: Any) -> list[Any]:
    """The positions of a support."""
    rows = (np.argwhere(found.mask) + np.array(found.offset, int)).tolist()
    return [tuple(row) if len(row) > 1 else row[0] for row in rows]


def rounded(weights: NDArray[np.float64]) -> dict[Any, float]:
    """The positive weights by position, short enough to read."""
    return {
        tuple(at): round(float(weights[tuple(at)]), 4) for at in np.argwhere(weights > 0).tolist()
    }
