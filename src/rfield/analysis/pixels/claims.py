"""What ``verify`` looks at: layers, positions, the claim made there, and which elements to mark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.graph import Graph
from ..geometry.field import ReceptiveField
from .support import Support

Rows = NDArray[np.int64]
Element = tuple[int, ...]


@dataclass(slots=True)
class Claim:
    """What is claimed of one layer: its support at each row of ``rows``."""

    layer: str
    field: ReceptiveField
    rows: Rows
    supports: tuple[Support, ...]
    sizes: tuple[int, ...]

    def reads(self, row: int, element: Sequence[int]) -> bool:
        """Whether output ``row`` is claimed to read the input position ``element``."""
        found = self.supports[row]
        place = tuple(e - o for e, o in zip(element, found.offset, strict=True))
        inside = all(0 <= p < n for p, n in zip(place, found.shape, strict=True))
        return inside and bool(found.mask[place])

    def at(self, row: int, array: NDArray[Any]) -> NDArray[Any]:
        """The part of the layer's array that belongs to output ``row``."""
        where: list[Any] = [slice(None)] * array.ndim
        for column, axis in enumerate(self.field.positions):
            where[axis] = int(self.rows[row, column])
        return array[tuple(where)]

    def index(self, row: int) -> tuple[int, ...]:
        """The output position as a tuple."""
        return tuple(int(i) for i in self.rows[row])


def chosen_layers(graph: Graph, source: int, count: int = 6) -> tuple[str, ...]:
    """The outputs, and up to ``count`` layers spread evenly over the network."""
    reached = graph.dependents(source)
    named = {index: name for name, index in graph.layer_index.items() if index in reached}
    outputs = [graph.nodes[index].name for index in graph.outputs_ if index in reached]
    outputs = [named.get(graph.index(name), name) for name in outputs]
    order = [named[index] for index in sorted(named) if named[index] not in outputs]
    count = min(count, len(order))
    spread = [order[int((k + 0.5) * len(order) / count)] for k in range(count)]
    return tuple(dict.fromkeys([*spread, *outputs]))


def chosen_positions(
    sizes: Sequence[int], periods: int, count: int, draw: np.random.Generator
) -> Rows:
    """Corners, the middles of the sides, the centre, the phases next to it, then random ones."""
    if not sizes:
        return np.zeros((1, 0), dtype=np.int64)
    middle = tuple(n // 2 for n in sizes)
    found = dict.fromkeys(product(*((0, n - 1) for n in sizes)))
    for k, n in enumerate(sizes):
        for end in (0, n - 1):
            found[(*middle[:k], end, *middle[k + 1 :])] = None
    found[middle] = None
    for step in range(1, min(periods, 4)):
        found[tuple(min(m + step, n - 1) for m, n in zip(middle, sizes, strict=True))] = None
    cells = int(np.prod(sizes, dtype=np.float64))
    while len(found) < min(count, cells):
        found[tuple(int(draw.integers(n)) for n in sizes)] = None
    return np.array(list(found), dtype=np.int64)


def elements(
    claims: Sequence[Claim], axes: Sequence[int], draw: np.random.Generator, samples: int
) -> Iterator[Element]:
    """Input positions to mark: sides of every region, then samples inside, in holes, outside."""
    yield from _faces(claims, axes, draw)
    for claim in claims:
        sizes = [claim.field.graph.nodes[claim.field.source].shape[axis] for axis in axes]
        for found in claim.supports:
            if 0 not in found.shape:
                yield from _samples(found, draw, samples)
                yield from _neighbours(found, sizes, draw)


def _faces(
    claims: Sequence[Claim], axes: Sequence[int], draw: np.random.Generator
) -> Iterator[Element]:
    """One element on each side of each region; one that shows several sides is used for all."""
    chosen: dict[Element, None] = {}
    for claim in claims:
        for row, found in enumerate(claim.supports):
            for k, side in product(range(len(axes)), (0, -1)):
                if 0 in found.shape:
                    continue
                place = found.offset[k] + (0 if side == 0 else found.shape[k] - 1)
                if any(e[k] == place and claim.reads(row, e) for e in chosen):
                    continue
                rest = _one_of(np.moveaxis(found.mask, k, 0)[side], draw)
                if rest is not None:
                    inner = [o for a, o in enumerate(found.offset) if a != k]
                    element = [r + o for r, o in zip(rest, inner, strict=True)]
                    element.insert(k, place)
                    chosen[tuple(element)] = None
    yield from chosen


def _samples(found: Support, draw: np.random.Generator, samples: int) -> Iterator[Element]:
    """Elements of the support, and of its holes."""
    for marks in (found.mask, ~found.mask):
        for _ in range(samples):
            place = _one_of(marks, draw)
            if place is not None:
                yield tuple(p + o for p, o in zip(place, found.offset, strict=True))


def _neighbours(
    found: Support, sizes: Sequence[int], draw: np.random.Generator
) -> Iterator[Element]:
    """Elements just outside each side of the box."""
    for k, size in enumerate(sizes):
        for outside in (found.offset[k] - 1, found.offset[k] + found.shape[k]):
            if 0 <= outside < size:
                near = [
                    o + int(draw.integers(0, n, dtype=np.int64))
                    for o, n in zip(found.offset, found.shape, strict=True)
                ]
                near[k] = outside
                yield tuple(near)


def _one_of(marks: NDArray[np.bool_], draw: np.random.Generator) -> tuple[int, ...] | None:
    places = np.flatnonzero(marks)
    if not places.size:
        return None
    return tuple(int(i) for i in np.unravel_index(int(draw.choice(places)), marks.shape))
