"""Both engines and the oracle on one program, as much as fits into little time.

For every input and output: at all positions (or a sample) the exact set, the box of the forward
engine, the box of the set, and where influence is positive, each against the oracle; then regions
of the theory, inside the output and beyond it. ``compare`` and ``compare_exact`` ask for more, and
take ten times as long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

import rfield
from rfield.analysis.pixels.influence import influence_of
from rfield.analysis.pixels.support import support_of
from tests.oracle import program as p
from tests.oracle.compare import (
    Difference,
    compare_theory,
    depends,
    is_finite,
    plain_box,
)
from tests.oracle.compare_exact import box_of, points
from tests.oracle.grid_meaning import NoTheoryError, Theory, has_theory
from tests.oracle.tensor_meaning import dependence, shapes_of
from tests.oracle.translate import build

MOST = 10
Spot = tuple[int, ...]
Marks = NDArray[np.bool_]


def engine_differences(program: p.Program, seed: int = 0) -> Iterator[Difference]:
    """Every output in every input that it depends on."""
    rng = Random(f"engines {seed}")
    graph, shapes = build(program), shapes_of(program)
    theory = Theory(program) if has_theory(program) and not is_finite(program) else None
    for layer in program.layers:
        got = graph.shape(graph.index(layer.name))
        if got != shapes[layer.name]:
            yield Difference(f"shape of {layer.name}", shapes[layer.name], got)
            return
    for source, shape in program.inputs:
        fields = rfield.receptive_fields(graph, wrt=source)
        known = dependence(program, source)
        for output in sorted({*program.outputs}):
            if 0 in shapes[output] or not depends(program, output, source):
                continue
            rf, title = fields[output], f"{output} wrt {source}"
            if rf.fidelity is not rfield.Fidelity.EXACT and has_theory(program):
                yield Difference(f"{title}: fidelity", rfield.Fidelity.EXACT, rf.fidelity)
            sets = laid(known[output].reshape(*shapes[output], *shape), len(shapes[output]), rf)
            yield from compare_tensor(rf, sets, title, rng)
            if theory is not None:
                sizes = sets.shape[: len(rf.positions)]
                spots = {tuple(rng.randint(-3, n + 3) for n in sizes) for _ in range(3)}
                try:
                    yield from compare_theory(theory, rf, source, output, sorted(spots))
                except NoTheoryError:
                    continue


def laid(sets: Marks, rank: int, rf: Any) -> Marks:
    """The oracle's sets as (positions…, source axes…), anything else joined."""
    kept = [*rf.positions, *(rank + axis for axis in rf.source_axes)]
    joined = sets.any(axis=tuple(axis for axis in range(sets.ndim) if axis not in kept))
    order = sorted(kept)
    return joined.transpose([order.index(axis) for axis in kept])


def compare_tensor(rf: Any, sets: Marks, title: str, rng: Random) -> Iterator[Difference]:
    """Sets, boxes and influence on this input."""
    sizes = sets.shape[: len(rf.positions)]
    corners = list(product(*({0, n - 1} for n in sizes)))[:4]
    every = list(product(*(range(n) for n in sizes)))
    spots = sorted({*corners, *rng.sample(every, min(MOST, len(every)))})
    rows = np.array(spots, int).reshape(len(spots), len(sizes))
    regions = rf.region(rows, clip=True)
    starts, stops = regions.start.tolist(), regions.stop.tolist()
    for at, found, start, stop in zip(spots, support_of(rf, rows), starts, stops, strict=True):
        expected = sets[at]
        if not np.array_equal(placed(found.offset, found.mask, expected.shape), expected):
            yield Difference(f"{title}: support mask at {at}", points(expected), found)
            return
        if found.fidelity is not rfield.Fidelity.EXACT:
            yield Difference(f"{title}: support is exact at {at}", True, found)
        box = box_of(expected)
        if not box == plain_box(start, stop) == plain_box(found.box.start, found.box.stop):
            got = f"region {plain_box(start, stop)}, support {found.box}"
            yield Difference(f"{title}: engines' boxes at {at}", box, got)
            return
    at = rng.choice(spots)
    yield from compare_influence(rf, sets[at], at, title)


def compare_influence(rf: Any, marks: Marks, at: Spot, title: str) -> Iterator[Difference]:
    """Positive exactly on the set; a distribution."""
    try:
        found = influence_of(rf, at)
    except rfield.RFieldError as error:
        if marks.any():
            yield Difference(f"{title}: influence at {at}", "a distribution", error)
        return
    if not marks.any():
        yield Difference(f"{title}: influence of nothing at {at}", "an error", found)
        return
    full = placed(found.offset, found.weight, marks.shape)
    if not np.array_equal(full > 0, marks) or abs(full.sum() - 1) > 1e-9:
        got = points(full > 0)
        yield Difference(f"{title}: influence above zero at {at}", points(marks), got)


def placed(offset: Sequence[int], values: NDArray[Any], canvas: Sequence[int]) -> NDArray[Any]:
    """``values`` on the whole source; those outside it are an error by themselves."""
    full = np.zeros(canvas, values.dtype)
    if values.size:
        stop = [o + n for o, n in zip(offset, values.shape, strict=True)]
        if min(offset) < 0 or any(a > b for a, b in zip(stop, canvas, strict=True)):
            raise AssertionError(f"{tuple(offset)} to {stop} outside {tuple(canvas)}")
        full[tuple(slice(o, e) for o, e in zip(offset, stop, strict=True))] = values
    return full
