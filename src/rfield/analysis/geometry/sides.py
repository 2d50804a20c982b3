"""The paths that attain both sides of a field, with what every layer on them adds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, islice, pairwise
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ...core.graph import Graph
from ...core.limits import MOST_TRIED
from ..plain import plain
from .fields import Fields
from .path import Paths, Stop

SHOWN = 12


@dataclass(frozen=True, slots=True)
class Step:
    """One layer on a path: what it adds on this side, in positions of the input.

    Negative where it pulls the side in (a crop, a valid convolution on its first side).
    """

    layer: str
    op: str
    adds: Fraction


@dataclass(frozen=True, slots=True)
class Side:
    """The path that attains one side of the field along one axis, from the input to the output.

    ``bound``: the first or last input position that output ``index`` reads. ``origin``: where that
    output lies if every op had a kernel of 1 and no padding (its position times the stride). The
    steps add up to ``total``: ``origin - bound`` on the first side, ``bound - origin`` on the last.
    """

    axis: str
    side: str
    index: tuple[int, ...]
    bound: int
    origin: Fraction
    steps: tuple[Step, ...]

    @property
    def total(self) -> Fraction:
        """What all layers together add."""
        return sum((step.adds for step in self.steps), Fraction(0))

    def as_dict(self) -> dict[str, Any]:
        """What it holds, in JSON's own types."""
        facts = {
            "axis": self.axis,
            "side": self.side,
            "index": self.index,
            "bound": self.bound,
            "origin": self.origin,
            "total": self.total,
            "steps": [{"layer": s.layer, "op": s.op, "adds": s.adds} for s in self.steps],
        }
        return cast("dict[str, Any]", plain(facts))

    def __str__(self) -> str:
        return self.text(self.axis)

    def text(self, axes: str) -> str:
        """The path as lines, headed by the names of the axes that share it."""
        adding = [step for step in self.steps if step.adds]
        largest = sorted(adding, key=lambda step: -abs(step.adds))[:SHOWN]
        shown = [step for step in adding if step in largest][:SHOWN]
        reads = "reads from" if self.side == "first" else "reads to"
        lines = [
            f"{axes}, {self.side}: {self.total} over {len(self.steps)} layers "
            f"(output {self.index} lies at {self.origin}, {reads} {self.bound})"
        ]
        lines += [f"  {step.adds!s:>6}  {step.layer} ({step.op})" for step in shown]
        rest = sum((step.adds for step in adding), Fraction(0)) - sum(
            (step.adds for step in shown), Fraction(0)
        )
        if len(adding) > len(shown):
            lines.append(f"  {rest!s:>6}  {len(adding) - len(shown)} more layers")
        return "\n".join(lines)


def sides_of(fields: Fields, value: int) -> tuple[Side, ...]:
    """Both sides along every axis, at an output position where the field is largest."""
    rf = fields._field(fields.graph.nodes[value].name, value)  # pyright: ignore[reportPrivateUsage]
    sides: list[Side] = []
    for axis, paths in zip(fields.axes, fields.paths, strict=True):
        if paths.states[value] is None:
            continue
        for index in islice(_largest(paths, value, rf.positions), MOST_TRIED):
            first = paths.walk(value, rf.positions, index, 0)
            last = paths.walk(value, rf.positions, index, 1) if first else None
            if first and last:
                both = _from_one_origin(first, last)
                sides += [_side(fields, axis, index, side, both[side]) for side in (0, 1)]
                break
    return tuple(sides)


def shared(sides: Iterable[Side]) -> list[tuple[Side, list[str]]]:
    """Each different path once, with the axes on which it is the same."""
    groups: dict[tuple[object, ...], tuple[Side, list[str]]] = {}
    for side in sides:
        key = (side.side, side.steps, side.bound, side.origin)
        groups.setdefault(key, (side, []))[1].append(side.axis)
    return list(groups.values())


def _largest(paths: Paths, value: int, positions: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Output positions at which the local field is largest: the first one, then from the middle on.

    A path may lead out of a tensor whose pattern is irregular; from the middle it hardly does.
    """
    field = paths.folded(value, positions)
    best, largest = np.zeros((0, len(positions)), np.int64), 0
    for rows in (*field.samples(), _middles(paths.graph.nodes[value].shape, positions)):
        low, high = field.bounds(rows)
        spans = np.where(low <= high, high - low, -1)
        here = int(spans.max(initial=-1))
        if here >= largest:
            kept = rows[spans == here]
            best = kept if here > largest else np.concatenate([best, kept])
            largest = here
    if len(best):
        middle = len(best) // 2
        for place in (0, *range(len(best) - 1, middle - 1, -1), *range(middle)):
            yield tuple(int(i) for i in best[place])


def _middles(shape: Sequence[int], positions: Sequence[int]) -> NDArray[np.int64]:
    """A few positions around the middle, along each axis alike."""
    steps = np.arange(-2, 3)[:, None]
    sizes = np.array([shape[axis] for axis in positions], dtype=np.int64)
    return np.minimum(np.maximum(sizes // 2 + steps, 0), np.maximum(sizes - 1, 0))


def _from_one_origin(
    first: tuple[Stop, ...], last: tuple[Stop, ...]
) -> tuple[tuple[Stop, ...], tuple[Stop, ...]]:
    """Both paths from one origin: the join at which they part takes up the difference."""
    shared = 1
    for one, other in zip(first[1:], last[1:], strict=False):
        if (one.value, one.element) != (other.value, other.element):
            break
        shared += 1
    shared = min(shared, len(last) - 1, len(first) - 1) or 1
    moved = tuple(
        Stop(stop.value, stop.element, first[k].anchor) if k < shared else stop
        for k, stop in enumerate(last)
    )
    return first, moved


def _side(
    fields: Fields, axis: str, index: tuple[int, ...], side: int, stops: Sequence[Stop]
) -> Side:
    graph, sign = fields.graph, 1 if side else -1
    adds = {here.value: sign * (below.anchor - here.anchor) for here, below in pairwise(stops)}
    steps = [
        Step(
            name,
            fields.op_of(name, max(values, key=lambda v: abs(adds[v]))),
            sum((adds[v] for v in values), Fraction(0)),
        )
        for name, values in _layers_on(graph, adds)
    ]
    bound = int(stops[-1].anchor)
    return Side(
        axis, ("first", "last")[side], index, bound, stops[0].anchor, tuple(reversed(steps))
    )


def _layers_on(graph: Graph, path: Iterable[int]) -> list[tuple[str, list[int]]]:
    """The layers of a path, and the values in each.

    A layer to which the path comes back is named value by value, so that no name stands twice.
    """
    found = [(name, [*values]) for name, values in groupby(path, graph.layer_of)]
    count = Counter(name for name, _ in found)
    return [
        (one, values)
        for name, group in found
        for one, values in (
            [(name, group)] if count[name] == 1 else [(graph.name_of(v), [v]) for v in group]
        )
    ]
