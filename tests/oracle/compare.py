"""One program, every answer of rfield that the oracle also knows, and where the two differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import product
from math import inf
from random import Random
from typing import Any

import numpy as np

import rfield
from rfield.analysis.engines.reverse import pull_back
from rfield.core.relation import Sliding, Table
from tests.oracle import program as p
from tests.oracle.grid_meaning import NoTheoryError, Side, Theory, has_theory
from tests.oracle.tensor_meaning import Sets, dependence, shapes_of
from tests.oracle.translate import build

MOST_POSITIONS = 60
Box = tuple[tuple[float, float], ...]
"""(first, last) per source axis; an empty tuple where nothing is read."""


@dataclass(frozen=True)
class Difference:
    what: str
    expected: object
    got: object

    def __str__(self) -> str:
        return f"{self.what}\n    expected {self.expected}\n    got      {self.got}"


def differences(program: p.Program, seed: int = 0) -> Iterator[Difference]:
    """Compare everything; ``seed`` chooses the layers and positions that are sampled."""
    rng = Random(seed)
    shapes = shapes_of(program)
    graph = build(program)
    theory = Theory(program) if has_theory(program) else None
    for layer in program.layers:
        got = graph.shape(graph.index(layer.name))
        if got != shapes[layer.name]:
            yield Difference(f"shape of {layer.name}", shapes[layer.name], got)
            return
    layers = [layer.name for layer in program.layers]
    for source, _ in program.inputs:
        fields = rfield.receptive_fields(graph, wrt=source)
        known = dependence(program, source)
        chosen = {*program.outputs, rng.choice(layers)}
        for output in sorted(chosen):
            yield from compare_field(
                program, theory, fields[output], source, output, known[output], rng
            )
    output = program.outputs[-1]
    yield from compare_reverse(program, graph, output, rng)
    middle = rng.choice(layers)
    if middle != output and depends(program, output, middle):
        field = rfield.receptive_field(graph, output, wrt=middle)
        known = dependence(program, middle)
        yield from compare_field(program, theory, field, middle, output, known[output], rng)
    if theory is not None:
        yield from compare_exact_sets(theory, graph, output)


def depends(program: p.Program, output: str, source: str) -> bool:
    """Whether there is a path."""
    behind = {output}
    for layer in reversed(program.layers):
        if layer.name in behind:
            behind.update(layer.operands)
    return source in behind


def compare_field(
    program: p.Program,
    theory: Theory | None,
    rf: Any,
    source: str,
    output: str,
    sets: Sets,
    rng: Random,
) -> Iterator[Difference]:
    """One layer in one source: regions in both meanings, and the numbers that follow from them."""
    title = f"{output} wrt {source}"
    shapes = shapes_of(program)
    shape, source_shape = shapes[output], shapes[source]
    sizes = [shape[axis] for axis in rf.positions]
    every = list(product(*(range(n) for n in sizes)))
    if rf.fidelity is not rfield.Fidelity.EXACT and has_theory(program):
        yield Difference(f"{title}: fidelity", rfield.Fidelity.EXACT, rf.fidelity)
    apart = Theory(program, here=True) if theory is not None else None
    clipped = [tensor_box(sets, shape, rf, source_shape, at) for at in every]
    if every and rf.positions:
        region = rf.region(np.array(every), clip=True)
        got = [
            plain_box(a, b)
            for a, b in zip(region.start.tolist(), region.stop.tolist(), strict=True)
        ]
        for at, expected, found in zip(every, clipped, got, strict=True):
            if expected != found:
                loose = apart is not None and rf.positions == rf.source_axes
                loose = loose and found == box_axis_by_axis(apart, rf, source, output, at)
                what = "axes apart, many" if loose else "many"
                yield Difference(f"{title}: region({at}, clip=True), {what}", expected, found)
                break
    if not every or 0 in shape:
        return
    spots = {every[0], every[-1], *rng.sample(every, min(4, len(every)))}
    outside = [tuple(rng.randint(-4, n + 4) for n in sizes) for _ in range(2)]
    for at in spots:
        region = rf.region(at, clip=True)
        found = plain_box(region.start, region.stop)
        if found != clipped[every.index(at)]:
            yield Difference(f"{title}: region({at}, clip=True)", clipped[every.index(at)], found)
            break
    if is_finite(program):
        yield from compare_containment(program, rf, output, every, clipped)
    elif theory is not None:
        try:
            yield from compare_theory(theory, rf, source, output, [*sorted(spots), *outside])
        except NoTheoryError:
            return
        numbers = compare_numbers if single_path(program) else compare_size
        yield from numbers(theory, rf, source, output, every)


def tensor_box(sets: Sets, shape: p.Ints, rf: Any, source_shape: p.Ints, at: Sequence[int]) -> Box:
    """The hull per axis of what the output reads at a position."""
    where: list[Any] = [slice(None)] * len(shape)
    for axis, i in zip(rf.positions, at, strict=True):
        where[axis] = i
    mask = sets[tuple(where)].reshape(-1, *source_shape).any(axis=0)
    if not mask.any():
        return ()
    hull: list[tuple[float, float]] = []
    for axis in rf.source_axes:
        others = tuple(a for a in range(mask.ndim) if a != axis)
        read = np.flatnonzero(mask.any(axis=others))
        hull.append((int(read[0]), int(read[-1])))
    return tuple(hull)


def plain_box(start: Sequence[float], stop: Sequence[float]) -> Box:
    """A region's start and stop as (first, last)."""
    if any(b <= a for a, b in zip(start, stop, strict=True)):
        return ()
    return tuple((a, b - 1) for a, b in zip(start, stop, strict=True))


def theory_box(
    theory: Theory, rf: Any, source: str, output: str, at: Sequence[int], *, local: bool = False
) -> Box:
    """The hull per axis in the theory. ``local``: without what comes through a whole axis."""
    boxes = theory.reads(output, source, rf.positions, at)
    return hull_of([[box[axis] for box in boxes] for axis in rf.source_axes], local)


def box_axis_by_axis(theory: Theory, rf: Any, source: str, output: str, at: Sequence[int]) -> Box:
    """As ``theory_box``, but each axis as if the others were not there."""
    columns: list[list[Side]] = []
    for axis in rf.source_axes:
        places = [(q, i) for q, i in zip(rf.positions, at, strict=True) if q == axis]
        boxes = theory.reads(output, source, *zip(*places, strict=True), only=True)
        columns.append([box[axis] for box in boxes])
    return hull_of(columns, False)


def hull_of(columns: Sequence[Sequence[Side]], local: bool) -> Box:
    """First and last index per axis; nothing where one axis has nothing."""
    hull: list[tuple[float, float]] = []
    for column in columns:
        sides = [side for side in column if not (local and side.wide)]
        if not sides:
            return ()
        if any(side.wide for side in sides):
            hull.append((-inf, inf))
        else:
            indices = frozenset[int]().union(*(side.indices or () for side in sides))
            hull.append((min(indices), max(indices)))
    return tuple(hull)


def compare_theory(
    theory: Theory, rf: Any, source: str, output: str, spots: Sequence[Sequence[int]]
) -> Iterator[Difference]:
    """The region of single positions, inside the output and beyond it."""
    for at in spots:
        expected = theory_box(theory, rf, source, output, at)
        region = rf.region(tuple(at))
        found = plain_box(region.start, region.stop)
        if found != expected:
            loose = rf.positions == rf.source_axes and found == box_axis_by_axis(
                theory, rf, source, output, at
            )
            what = "region, axes apart" if loose else "region"
            yield Difference(f"{output} wrt {source}: {what}({tuple(at)})", expected, found)
        if rf.global_reads:
            expected = theory_box(theory, rf, source, output, at, local=True)
            region = rf.local.region(tuple(at))
            found = plain_box(region.start, region.stop)
            if found != expected:
                yield Difference(
                    f"{output} wrt {source}: local.region({tuple(at)})", expected, found
                )


def is_finite(program: p.Program) -> bool:
    """Whether some axis is irregular or made of parts: there the theory ends with the tensor."""
    return any(
        isinstance(layer.op, (p.Gather, p.Adaptive, p.Overwrite))
        or (isinstance(layer.op, p.Concat) and layer.op.axis > 1)
        for layer in program.layers
    )


def compare_containment(
    program: p.Program, rf: Any, output: str, every: Sequence[Sequence[int]], clipped: Sequence[Box]
) -> Iterator[Difference]:
    """Where padding only ever adds zeros, a tensor reads no more than the theory says."""
    if any(
        isinstance(layer.op, (p.Roll, p.Resize))
        or (isinstance(layer.op, p.Pad) and layer.op.mode != "constant")
        for layer in program.layers
    ):
        return
    for at, box in zip(every, clipped, strict=True):
        region = rf.region(at)
        outer = plain_box(region.start, region.stop)
        inside = all(o[0] <= b[0] and b[1] <= o[1] for b, o in zip(box, outer, strict=False))
        if box and not (outer and inside):
            yield Difference(f"{output}: clipped inside region({at})", f"around {box}", outer)
            return


def single_path(program: p.Program) -> bool:
    """Whether the program is a chain."""
    return len(program.inputs) == 1 and all(len(layer.operands) == 1 for layer in program.layers)


def compare_size(
    theory: Theory, rf: Any, source: str, output: str, every: Sequence[Sequence[int]]
) -> Iterator[Difference]:
    """``size`` is at least that of every position here, and that of one of them or of a phase."""
    spots = every if len(every) <= MOST_POSITIONS else every[:: len(every) // MOST_POSITIONS + 1]
    boxes = [theory_box(theory, rf, source, output, at) for at in spots]
    for k, size in enumerate(rf.size):
        widths = {box[k][1] - box[k][0] + 1 for box in boxes if box}
        if inf in widths:
            if size is not rfield.UNBOUNDED:
                yield Difference(f"{output} wrt {source}: size[{k}]", "UNBOUNDED", size)
        elif size is not rfield.UNBOUNDED and widths and size < max(widths):
            yield Difference(f"{output} wrt {source}: size[{k}]", max(widths), size)


def compare_numbers(
    theory: Theory, rf: Any, source: str, output: str, every: Sequence[Sequence[int]]
) -> Iterator[Difference]:
    """Size, sizes, stride, padding and period of a chain, found by searching for the pattern."""
    title = f"{output} wrt {source}"
    lines = {
        k: Line(theory, rf, source, output, axis)
        for k, axis in enumerate(rf.source_axes)
        if axis in rf.positions
    }
    if any(line.is_empty for line in lines.values()):
        if any(rf.size):  # nothing along one axis is nothing at all
            yield Difference(f"{title}: size of nothing", 0, rf.size)
        return
    for k, line in lines.items():
        pattern = find_pattern(line)
        if pattern is None:
            continue
        expected, got = (
            pattern,
            Numbers(rf.size[k], rf.sizes[k], rf.stride[k], rf.padding[k], rf.period[k]),
        )
        if got != expected and expected.stride != 0:
            yield Difference(f"{title}: axis {line.axis}", expected, got)


@dataclass(frozen=True)
class Numbers:
    size: Any
    sizes: tuple[int, ...]
    stride: Fraction | None
    padding: int | None
    period: int


SPAN = 24


class Line:
    """What the positions along one axis read there, the other axes not looked at."""

    def __init__(self, theory: Theory, rf: Any, source: str, output: str, axis: int) -> None:
        self.axis = axis
        self._ask = partial(theory.reads, output, source, [axis], only=True)
        self.hulls = [self.hull(i) for i in range(-SPAN, SPAN + 1)]
        self.is_wide = any(box[axis].wide for box in self._ask([0]))
        self.is_empty = not any(self.hulls) and not any(
            self._ask([i]) for i in range(-SPAN, SPAN + 1)
        )

    def hull(self, i: int) -> tuple[int, int] | None:
        boxes = self._ask([i])
        found = frozenset[int]().union(*(box[self.axis].indices or () for box in boxes))
        return (min(found), max(found)) if found else None


def find_pattern(line: Line) -> Numbers | None:
    """The numbers of one axis from hulls alone; None where an axis is whole, empty or too long."""
    hulls = line.hulls
    if line.is_wide or not any(hulls):
        return None
    for period in range(1, SPAN // 2 + 1):
        advance = common_step(hulls, hulls[period:])
        if advance is None:
            continue
        for far in (997, -1013, 5003):  # a long period may look like a short one near 0
            block, phase = divmod(far, period)
            near = hulls[SPAN + phase]
            moved = near and (near[0] + advance * block, near[1] + advance * block)
            if line.hull(far) != moved:
                return None
        sizes = tuple(sorted({hull[1] - hull[0] + 1 for hull in hulls if hull}))
        zero = hulls[SPAN]
        padding = -zero[0] if zero else None
        return Numbers(sizes[-1], sizes, Fraction(advance, period), padding, period)
    return None


def common_step(
    hulls: Sequence[tuple[int, int] | None], later: Sequence[tuple[int, int] | None]
) -> int | None:
    """By how much every hull moves to become the later one; None if that differs."""
    steps: set[int] = set()
    for hull, other in zip(hulls, later, strict=False):
        if (hull is None) != (other is None):
            return None
        if hull and other:
            if hull[1] - hull[0] != other[1] - other[0]:
                return None
            steps.add(other[0] - hull[0])
    return steps.pop() if len(steps) == 1 else None


def compare_reverse(
    program: p.Program, graph: Any, output: str, rng: Random
) -> Iterator[Difference]:
    """The reverse algorithm agrees with the forward sweep from every earlier value."""
    fields = rfield.receptive_fields(graph, of=output)
    earlier = [name for name in fields if name != output]
    for name in rng.sample(earlier, min(3, len(earlier))):
        one, other = fields[name], rfield.receptive_field(graph, output, wrt=name)
        for what in ("size", "sizes", "stride", "padding", "period", "axes"):
            if getattr(one, what) != getattr(other, what):
                title = f"of={output}, {name}: {what} (expected: wrt=, got: of=)"
                yield Difference(title, getattr(other, what), getattr(one, what))


def compare_exact_sets(theory: Theory, graph: Any, output: str) -> Iterator[Difference]:
    """Per axis the exact sets, holes included, of the reverse engine."""
    pulled = pull_back(graph, graph.index(output))
    shapes = theory.shapes
    for source, _ in theory.program.inputs:
        reads = pulled.reads.get(graph.index(source)) if source in graph.inputs else None
        for axis, read in enumerate(reads or ()):
            relation = read.relation
            if read.axis is None or not isinstance(relation, (Sliding, Table)):
                continue
            for i in range(-3, shapes[output][read.axis] + 3):
                boxes = theory.reads(output, source, [read.axis], [i], only=True)
                expected = {m for box in boxes for m in box[axis].indices or ()}
                if set(relation.at(i)) != expected:
                    what = f"{output} wrt {source}: exact set of axis {axis} at {i}"
                    yield Difference(what, sorted(expected), relation.at(i))
                    return
