"""Tiles: which part of the image to read, which part of the result is right, and where it goes.

The tiles of one axis are equal in size and step, so a million of them cost as much as four, and a
tile is made when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, floor
from typing import Any, NamedTuple, Protocol

from ....core.graph import Graph


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile; every tuple has one entry per axis of the plan.

    ``read``: the slices of the image to run the network on, to be padded by ``pad`` positions that
    lie outside the image (one of them is negative where the tile lies wholly outside, so that it
    still says where). Of the result, ``valid`` equals what the whole image gives at ``write``.
    """

    index: tuple[int, ...]
    read: tuple[slice, ...]
    pad: tuple[tuple[int, int], ...]
    valid: tuple[slice, ...]
    write: tuple[slice, ...]


class Place(NamedTuple):
    """One tile along one axis."""

    read: slice
    pad: tuple[int, int]
    valid: slice
    write: slice


@dataclass(frozen=True, slots=True)
class AxisTiles:
    """The tiles along one axis of an image of ``size`` positions, in input positions.

    ``padding`` lies around the image and counts as input. Tiles of ``tile`` positions begin every
    ``step``, a multiple of ``grid``, the last one where it ends with the padded image; tiles of
    other sizes than these differ from it by multiples of ``size_step``. ``rate``: outputs per
    position.
    ``dropped``: outputs at the beginning of a tile, and at its end, that are not those of the whole
    (at the ends of the image all are). ``made``: outputs of one tile; ``outputs``: of the whole.
    """

    size: int
    padding: tuple[int, int]
    tile: int
    step: int
    grid: int
    size_step: int
    rate: Fraction
    dropped: tuple[int, int]
    made: int
    outputs: int

    @property
    def padded(self) -> int:
        """Positions of the image and its padding."""
        return self.size + sum(self.padding)

    @property
    def count(self) -> int:
        """How many tiles."""
        rest = self.padded - self.tile
        return 1 + (-(-rest // self.step) if rest else 0)

    @property
    def halo(self) -> tuple[int, int]:
        """Input positions before and after those whose outputs a tile gives: context only."""
        if self.tile == self.padded:
            return 0, 0
        before, after = self.dropped
        return ceil(before / self.rate), self.tile - floor((self.made - after) / self.rate)

    def start(self, number: int) -> int:
        """Where a tile begins, in positions of the padded image."""
        return min(number * self.step, self.padded - self.tile)

    def place(self, number: int) -> Place:
        """What tile ``number`` reads and writes."""
        start, size = self.start(number), self.size
        low = start - self.padding[0]
        high = low + self.tile
        begin, end = min(max(0, low), size), min(max(0, high), size)
        moved = self._moved(start)
        first = 0 if number == 0 else min(moved + self.dropped[0], self.outputs)
        last = self.outputs
        if start + self.tile < self.padded:
            last = min(self._moved(self.start(number + 1)) + self.dropped[0], last)
        return Place(
            slice(begin, end),
            (begin - low, high - end),
            slice(first - moved, last - moved),
            slice(first, last),
        )

    def _moved(self, start: int) -> int:
        """The outputs before those of a tile that begins here."""
        return start * self.rate.numerator // self.rate.denominator


class Tiling(Protocol):
    """What running tiles needs of their plan."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs that are cut."""
        ...

    @property
    def tiles(self) -> tuple[AxisTiles, ...]:
        """The tiles along each axis."""
        ...

    @property
    def image(self) -> tuple[int, ...]:
        """The sizes of the image."""
        ...

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Tiles per axis."""
        ...

    @property
    def padding_mode(self) -> str:
        """What lies around the image."""
        ...

    @property
    def input_axes(self) -> tuple[int, ...]:
        """Axes of the input that are planned."""
        ...

    @property
    def output_axes(self) -> tuple[int, ...]:
        """The same of the output."""
        ...

    def at(self, index: Sequence[int]) -> Tile:
        """The tile at a grid position."""
        ...

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        ...

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Tile]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A tile size tried out: per axis the outputs that it makes and the span that is kept.

    ``short``: not all that is kept is right, for the halo was chosen too small.
    """

    sizes: tuple[int, ...]
    part: Graph
    made: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]
    short: bool = False


def uncut_of(
    names: Sequence[str], sizes: Sequence[int], places: Sequence[int | None]
) -> tuple[tuple[str, int], ...]:
    """The axes of an image that no axis of the output goes along with: tiles have all of them.

    >>> uncut_of(("y", "x"), (96, 4000), (2, None))
    (('x', 4000),)
    """
    both = zip(names, sizes, places, strict=True)
    return tuple((name, size) for name, size, place in both if place is None)
