"""Tiles: which part of the image to read, which part of the result is right, and where it goes.

A plan is arithmetic: the tiles of one axis are equal in size and step, so a plan of a million tiles
costs as much as one of four, and a tile is made when it is asked for. How large the tiles are and
how far apart is decided by ``tile_planning``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import product
from math import ceil, floor, prod
from typing import Any, NamedTuple, overload

from ...errors import UnknownNameError
from ..answer import Answer
from .agreement import Loss

SCHEMA = 1


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
    ``step``, the last one where it ends with the padded image. ``rate``: outputs per position.
    ``dropped``: outputs at the beginning of a tile, and at its end, that are not those of the whole
    (at the ends of the image all are). ``made``: outputs of one tile; ``outputs``: of the whole.
    """

    size: int
    padding: tuple[int, int]
    tile: int
    step: int
    grid: int
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
        start = self.start(number)
        low, high = start - self.padding[0], start + self.tile - self.padding[0]
        begin, end = (min(max(0, i), self.size) for i in (low, high))
        first, last = self._written(number), self._written(number + 1)
        moved = int(start * self.rate)
        return Place(
            slice(begin, end),
            (begin - low, high - end),
            slice(first - moved, last - moved),
            slice(first, last),
        )

    def _written(self, number: int) -> int:
        """The first output that tile ``number`` writes."""
        if number == 0:
            return 0
        if number == self.count:
            return self.outputs
        return min(int(self.start(number) * self.rate) + self.dropped[0], self.outputs)


@dataclass(frozen=True, eq=False, repr=False)
class TilePlan(Answer, Sequence[Tile]):
    """Tiles that together give every output of ``layer`` on the whole image exactly once.

    A lazy sequence: ``len(plan)``, ``plan[k]``, ``for tile in plan``; ``plan.at((i, j))`` by grid
    position. ``input_axes`` and ``output_axes`` are the tensor axes that ``axes`` stand for in the
    input and in the output. ``exact``: tiled equals whole; else ``losses`` says which layers
    prevent it, and ``outside`` is the share of the influence on an output that comes from outside
    its tile (None where the image is too large to say). ``needed``: with a chosen halo that is too
    small for exact tiles, (before, after) per axis of one that is large enough. ``measured``: the
    largest difference on the images that the halo was chosen by, as a share of the largest output.
    """

    layer: str
    inputs: tuple[str, ...]
    axes: tuple[str, ...]
    tiles: tuple[AxisTiles, ...]
    input_shapes: Mapping[str, tuple[int, ...]] = field(repr=False)
    output_shape: tuple[int, ...] = field(repr=False)
    input_axes: tuple[int, ...] = field(repr=False)
    output_axes: tuple[int, ...] = field(repr=False)
    padding_mode: str = "constant"
    losses: tuple[Loss, ...] = ()
    outside: float | None = None
    needed: tuple[tuple[int, int], ...] = ()
    measured: float | None = None

    @property
    def exact(self) -> bool:
        """Whether tiled equals whole, bit for bit up to the order of additions."""
        return not self.losses and not self.needed

    @property
    def image(self) -> tuple[int, ...]:
        """The sizes of the image."""
        return tuple(axis.size for axis in self.tiles)

    @property
    def tile(self) -> tuple[int, ...]:
        """The sizes of a tile's input."""
        return tuple(axis.tile for axis in self.tiles)

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Tiles per axis."""
        return tuple(axis.count for axis in self.tiles)

    @property
    def step(self) -> tuple[int, ...]:
        """Input positions from one tile to the next."""
        return tuple(axis.step for axis in self.tiles)

    @property
    def grid(self) -> tuple[int, ...]:
        """Tiles must begin at multiples of this; a start off this grid is wrong with any halo."""
        return tuple(axis.grid for axis in self.tiles)

    @property
    def halo(self) -> tuple[tuple[int, int], ...]:
        """Input positions (before, after) that a tile reads only as context."""
        return tuple(axis.halo for axis in self.tiles)

    @property
    def work(self) -> Fraction:
        """Input positions of all tiles over those of the image: 5/4 computes a quarter again."""
        read = prod(axis.count * axis.tile for axis in self.tiles)
        return Fraction(read, prod(axis.padded for axis in self.tiles))

    @property
    def overhead(self) -> float:
        """``work`` less what the image itself takes: 0.25 for 5/4."""
        return float(self.work) - 1

    def at(self, index: Sequence[int]) -> Tile:
        """The tile at a grid position."""
        places = [axis.place(i) for axis, i in zip(self.tiles, index, strict=True)]
        return Tile(
            tuple(index),
            tuple(place.read for place in places),
            tuple(place.pad for place in places),
            tuple(place.valid for place in places),
            tuple(place.write for place in places),
        )

    def __len__(self) -> int:
        return prod(self.counts)

    def __iter__(self) -> Iterator[Tile]:
        return (self.at(index) for index in product(*map(range, self.counts)))

    @overload
    def __getitem__(self, index: int) -> Tile: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Tile, ...]: ...
    def __getitem__(self, index: int | slice) -> Tile | tuple[Tile, ...]:
        if isinstance(index, slice):
            return tuple(self[k] for k in range(*index.indices(len(self))))
        number = range(len(self))[index]
        place: list[int] = []
        for count in reversed(self.counts):
            number, rest = divmod(number, count)
            place.append(rest)
        return self.at(place[::-1])

    def axis(self, name: str) -> AxisTiles:
        """The tiles along one axis."""
        if name not in self.axes:
            raise UnknownNameError(f"unknown axis {name!r}. Known: {', '.join(self.axes)}.")
        return self.tiles[self.axes.index(name)]

    def as_bioimageio(self) -> dict[str, Any]:
        """Axis entries of a bioimage.io model description (format 0.5).

        ``inputs`` and ``outputs`` give each space axis its ``size`` (``min`` and ``step``, or the
        reference to the input axis) and the outputs their ``halo`` in output positions, the larger
        one of both sides; an axis without one has no ``halo``.
        """
        inputs = [
            {"type": "space", "id": name, "size": {"min": self._smallest(axis), "step": axis.grid}}
            for name, axis in zip(self.axes, self.tiles, strict=True)
        ]
        outputs: list[dict[str, Any]] = []
        for name, axis in zip(self.axes, self.tiles, strict=True):
            offset = axis.made - int(axis.tile * axis.rate)
            size = {"tensor_id": self.inputs[0], "axis_id": name, "offset": offset}
            entry = {"type": "space", "id": name, "size": size, "scale": float(1 / axis.rate)}
            halo = max(axis.dropped)
            outputs.append(entry | {"halo": halo} if halo else entry)
        return {"inputs": inputs, "outputs": outputs}

    @staticmethod
    def _smallest(axis: AxisTiles) -> int:
        """The smallest tile that has an output of its own."""
        spare = (axis.made - sum(axis.dropped)) / axis.rate - axis.grid
        return axis.tile - int(spare) // axis.grid * axis.grid

    def as_dict(self) -> dict[str, Any]:
        """Plain data (JSON-ready), with a schema version."""
        return {
            "schema": SCHEMA,
            "layer": self.layer,
            "axes": list(self.axes),
            "image": list(self.image),
            "tile": list(self.tile),
            "counts": list(self.counts),
            "step": list(self.step),
            "grid": list(self.grid),
            "halo": [list(both) for both in self.halo],
            "padding": [list(axis.padding) for axis in self.tiles],
            "padding_mode": self.padding_mode,
            "outputs": [axis.outputs for axis in self.tiles],
            "overhead": self.overhead,
            "exact": self.exact,
            "losses": [str(loss) for loss in self.losses],
            "outside": self.outside,
            "needed": [list(both) for both in self.needed],
            "measured": self.measured,
        }

    def _told(self) -> str:
        def sizes(values: Sequence[object]) -> str:
            return " × ".join(str(value) for value in values)

        kind = "exact" if self.exact else "approximate"
        tiles = "1 tile" if len(self) == 1 else f"{len(self)} tiles"
        return (
            f"{tiles} of {sizes(self.tile)} every {sizes(self.step)} over "
            f"{sizes(self.image)} ({kind}, {float(self.work):.2f} × the image is computed)"
        )
