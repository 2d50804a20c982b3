"""``TilePlan``: the tiles of an image as a lazy sequence, and what they cost.

How large the tiles are and how far apart is decided by ``planning``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import product
from math import lcm, prod
from typing import Any, ClassVar, overload

from ....errors import UnknownNameError
from ...answer import Answer
from ..comparing.agreement import Loss
from .tile import AxisTiles, Tile


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
    ``uncut``: the axes of the image that every tile has all of, each with its size.
    """

    schema: ClassVar[str] = "rfield.tiles/1"

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
    uncut: tuple[tuple[str, int], ...] = ()

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
        read, pad, valid, write = map(tuple, zip(*places, strict=True))
        return Tile(tuple(index), read, pad, valid, write)

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

    def to_dask(
        self,
        function: Callable[..., Any],
        image: Any,
        *,
        axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
        like: Any = None,
        out: Any = None,
        done: Any = None,
    ) -> Any:
        """The result on the whole image as a lazy dask array, one chunk for each tile.

        Dask's scheduler decides where tiles run: threads, processes, or the workers of a
        ``dask.distributed`` client. A worker holds the tiles that it runs and no more.

        Args:
            function: as for ``run_tiled``; workers in other processes need one that can be pickled.
            image: as for ``run_tiled``. What is stored elsewhere (zarr, HDF5) is read by the
                workers, tile by tile.
            axes: as for ``run_tiled``.
            output_axes: as for ``run_tiled``.
            like: an array with the shape and type that ``function`` gives for a tile; without it
                the first tile is run for them.
            out: an array that workers can write to (zarr). The lazy result is then the numbers of
                the tiles, each of which is written before its number is there.
            done: with ``out``, a folder in which tiles that are written are marked; those that are
                marked are not run again.

        Raises:
            InvalidModelError: the image has not the planned shape, or ``done`` is of another plan,
                image or ``out``.
        """
        from .lazily import to_dask

        return to_dask(
            self, function, image, axes=axes, output_axes=output_axes, like=like, out=out, done=done
        )

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
            {"type": "space", "id": name, "size": _sizes(axis)}
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

    def as_monai(self) -> dict[str, Any]:
        """Arguments of MONAI's ``SlidingWindowInferer`` for the same tiles.

        MONAI takes the mean where tiles overlap, their wrong borders too, where ``run_tiled`` keeps
        what is right: the result is near the whole, not equal to it.
        https://docs.monai.io/en/stable/inferers.html
        """
        # it moves by int(roi_size * (1 - overlap)): half a position more, so that rounding is safe
        overlap = [max(0.0, 1 - (axis.step + 0.5) / axis.tile) for axis in self.tiles]
        return {"roi_size": list(self.tile), "overlap": overlap, "mode": "constant"}

    def as_qupath(self) -> dict[str, Any]:
        """Tile settings as QuPath and its like ask for them, x first, in pixels of the input.

        ``tileSize``: of what the network reads; ``overlap``: of neighbouring tiles; ``padding``:
        what of each side is context only, one number for all sides, a multiple of the grid.
        """
        grid = lcm(*self.grid) or 1
        halo = max((side for both in self.halo for side in both), default=0)
        return {
            "tileSize": list(self.tile[::-1]),
            "overlap": [axis.tile - axis.step for axis in reversed(self.tiles)],
            "padding": -(-halo // grid) * grid,
        }

    def _facts(self) -> dict[str, Any]:
        return {
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
            "uncut": [list(pair) for pair in self.uncut],
        }

    def _told(self) -> str:
        def sizes(values: Sequence[object]) -> str:
            return " × ".join(str(value) for value in values)

        kind = "exact" if self.exact else "approximate"
        tiles = "1 tile" if len(self) == 1 else f"{len(self)} tiles"
        also = "".join(f" with all {size} of {name}" for name, size in self.uncut)
        return (
            f"{tiles} of {sizes(self.tile)}{also} every {sizes(self.step)} over "
            f"{sizes(self.image)} ({kind}, {float(self.work):.2f} × the image is computed)"
        )


def _sizes(axis: AxisTiles) -> dict[str, int]:
    """The smallest tile that has an output of its own, and by what larger ones differ from it."""
    spare = (axis.made - sum(axis.dropped)) / axis.rate - axis.grid
    step = axis.size_step
    return {"min": axis.tile - int(spare) // step * step, "step": step}
