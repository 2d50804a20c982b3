"""Alignment by its definition, for graphs whose theory is known axis by axis.

At a join, the centre of what each operand reads is written down for every output position of a
window; the join is aligned along an axis when all operands agree wherever they read anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from random import Random

import rfield
from tests.oracle import program as p
from tests.oracle.compare import Difference, depends, is_finite
from tests.oracle.grid_meaning import NoTheoryError, Theory, has_theory
from tests.oracle.tensor_meaning import shapes_of
from tests.oracle.translate import build

NEAR = range(-30, 31)
Spans = dict[int, tuple[int, int]]


@dataclass(frozen=True)
class Join:
    """Along one axis: whether the strides agree, and the centres' largest distance if so."""

    stride_differs: bool
    offset: Fraction


def alignment_differences(program: p.Program, seed: int = 0) -> Iterator[Difference]:
    """Every join of a graph with known theory."""
    if not has_theory(program) or is_finite(program) or whole(program):
        return
    graph = build(program)
    got = {
        (join.layer, join.wrt, name): offset
        for join in rfield.alignment(graph).joins
        for name, offset in zip(join.axes, join.offset, strict=True)
        if name in join.differing
    }
    expected: dict[tuple[str, str, str], Fraction | None] = {}
    unclear: set[tuple[str, str, str]] = set()
    theory = Theory(program)
    for source, shape in program.inputs:
        names = {1: "t", 2: "yx", 3: "zyx"}[len(shape) - 2]
        for layer in program.layers:
            used = any(
                out == layer.name or depends(program, out, layer.name) for out in program.outputs
            )
            if len(layer.operands) < 2 or not used:
                continue
            for k, name in enumerate(names):
                key = (layer.name, source, name)
                try:
                    join = look(program, theory, layer, source, k + 2)
                except NoTheoryError:
                    unclear.add(key)
                    continue
                if join is not None and (join.stride_differs or join.offset):
                    expected[key] = None if join.stride_differs else abs(join.offset)
    found = {
        key: None if off is None else abs(off) for key, off in got.items() if key not in unclear
    }
    if found != expected:
        yield Difference("alignment", show(expected, found), show(found, expected))
    if shuffled(program, seed) != sorted(map(str, rfield.alignment(graph).joins)):
        yield Difference("alignment of shuffled nodes", "the same joins", shuffled(program, seed))


def show(one: dict[tuple[str, str, str], Fraction | None], other: object) -> str:
    """What is in one only."""
    assert isinstance(other, dict)
    return str({key: str(v) for key, v in one.items() if key not in other or other[key] != v})


def whole(program: p.Program) -> bool:
    """Whether some op reads a whole axis: it has no place, which another test looks at.

    Or takes one away, so that those behind it have other numbers.
    """
    return any(
        isinstance(layer.op, (p.Reduce, p.Dense, p.Softmax, p.Matmul))
        or (isinstance(layer.op, p.Select) and layer.op.axis > 1)
        for layer in program.layers
    )


def look(program: p.Program, theory: Theory, layer: p.Layer, source: str, axis: int) -> Join | None:
    """One join along one axis; None where fewer than two operands move along it."""
    shapes = shapes_of(program)
    branches: list[tuple[Fraction, Spans]] = []
    for operand in layer.operands:
        if operand != source and not depends(program, operand, source):
            continue
        if shapes[operand][axis] == 1 != shapes[layer.name][axis]:
            continue  # broadcast: the same for every output
        spans = spans_of(theory, operand, source, axis)
        if not spans:
            continue
        stride = pace(spans)
        if stride is None:
            raise NoTheoryError("a branch joins different strides")
        branches.append((stride, spans))
    if len(branches) < 2:
        return None
    if len({stride for stride, _ in branches}) > 1:
        return Join(True, Fraction(0))
    first = branches[0][1]
    gaps = [
        Fraction(sum(other[i]) - sum(first[i]), 2)
        for _, other in branches[1:]
        for i in first
        if i in other
    ]
    return Join(False, max(gaps, key=abs, default=Fraction(0)))


def spans_of(theory: Theory, operand: str, source: str, axis: int) -> Spans:
    """First and last index that each position of a value reads."""
    found: Spans = {}
    for i in NEAR:
        if operand == source:
            found[i] = i, i
            continue
        boxes = theory.reads(operand, source, [axis], [i], only=True)
        read = frozenset[int]().union(*(box[axis].indices or () for box in boxes))
        if read:
            found[i] = min(read), max(read)
    return found


def pace(spans: Spans) -> Fraction | None:
    """Source step per position, from a pattern that repeats; None without one."""
    for period in range(1, 16):
        pairs = [(spans[i], spans[i + period]) for i in spans if i + period in spans]
        steps = {step for a, b in pairs for step in (b[0] - a[0], b[1] - a[1])}
        holes = {i % period for i in NEAR if i not in spans}
        regular = all(i not in spans for i in NEAR if i % period in holes)
        if len(steps) == 1 and regular:
            return Fraction(steps.pop(), period)
    return None


def shuffled(program: p.Program, seed: int) -> list[str]:
    """The joins found when independent layers are created in another order."""
    rng = Random(f"order {seed}")
    waiting, order = list(program.layers), list[p.Layer]()
    made = {name for name, _ in program.inputs}
    while waiting:
        ready = [layer for layer in waiting if set(layer.operands) <= made]
        chosen = rng.choice(ready)
        waiting.remove(chosen)
        order.append(chosen)
        made.add(chosen.name)
    again = p.Program(program.inputs, tuple(order), program.outputs)
    return sorted(map(str, rfield.alignment(build(again)).joins))
