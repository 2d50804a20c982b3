"""What tiles need whatever the image is: the plan of one that is large enough to show it."""

from __future__ import annotations

from math import ceil

from ....core.graph import Graph
from ....errors import NotTileableError
from ...geometry.fields import receptive_field
from ...results import UNBOUNDED
from .choice import tile_plan
from .plan import TilePlan

BLOCKS = 4
"""Blocks of outputs that a tile keeps, and tiles of the image, along each axis."""


def plan_of_any_image(
    graph: Graph, output: str | None = None, *, wrt: str | None = None, approximate: bool = False
) -> TilePlan:
    """A plan for several tiles along each axis, whose ``halo`` and ``grid`` are what is asked for.

    Raises:
        NotTileableError: tiles cannot equal the whole; the layers and the reason are named.
    """
    field = receptive_field(graph, output, wrt=wrt).local
    halo = field.halo
    tile: list[int] = []
    for before, after, stride, period in zip(
        halo.before, halo.after, field.stride, field.period, strict=True
    ):
        if before is UNBOUNDED or after is UNBOUNDED or stride is None:
            raise NotTileableError(f"{field.layer}: nothing local is left to tile")
        block = max(1, ceil(stride * period))
        context = 2 * (abs(before) + abs(after))
        tile.append(block * (ceil(context / block) + BLOCKS))
    image = [BLOCKS * size for size in tile]
    return tile_plan(graph, image, tile=tile, output=output, wrt=wrt, approximate=approximate)
