"""How large a tile may be, as a user says it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ....core.arguments import integer, one, per_axis
from .planning import Planner


class Limit(NamedTuple):
    """How large a tile may be: by its sizes, its positions, or the memory it takes.

    ``each``: there is a size given for each axis.
    """

    tile: tuple[int, ...] | None
    each: bool
    pixels: int | None
    bytes: int | None

    def sizes(self, planner: Planner) -> tuple[int, ...] | None:
        """The sizes that are given; one for all axes is none for those that tiles have all of."""
        if self.tile is None or self.each:
            return self.tile
        all_ = zip(self.tile, planner.sizes, planner.output_axes, strict=True)
        return tuple(whole if axis is None else size for size, whole, axis in all_)


def limit_of(
    planner: Planner,
    tile: int | Sequence[int] | None,
    max_pixels: int | None,
    max_bytes: int | None,
) -> Limit:
    """The limit that was given, looked into."""
    return Limit(
        None if tile is None else per_axis("tile", tile, len(planner.axes)),
        integer(tile) is None,
        None if max_pixels is None else one("max_pixels", max_pixels),
        None if max_bytes is None else one("max_bytes", max_bytes),
    )
