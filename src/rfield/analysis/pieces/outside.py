"""How much of what an output depends on lies outside its tile: the price of an approximate plan."""

from __future__ import annotations

from ...core.graph import Graph
from ...errors import TooLargeError
from ..pixels.influence import influence
from .tiling import Tile, TilePlan


def outside_share(whole: Graph, plan: TilePlan) -> float | None:
    """The largest share of influence mass outside the tile, over a middle tile's corner and middle.

    Without weights, as ``influence`` counts it (every tap and every branch of a join alike). None
    where the image is too large for the mass of all its positions.
    """
    tile = plan.at([count // 2 for count in plan.counts])
    corner = tuple(span.start for span in tile.write)
    middle = tuple((span.start + span.stop - 1) // 2 for span in tile.write)
    try:
        return max(_share(whole, plan, tile, index) for index in (corner, middle))
    except TooLargeError:
        return None


def _share(whole: Graph, plan: TilePlan, tile: Tile, index: tuple[int, ...]) -> float:
    found = influence(whole, index, plan.layer, wrt=plan.inputs[0])
    inside: list[slice] = []
    for k, span in enumerate(tile.read):
        start = span.start + plan.tiles[k].padding[0] - tile.pad[k][0] - found.offset[k]
        inside.append(slice(max(0, start), max(0, start + plan.tile[k])))
    return float(1 - found.weight[tuple(inside)].sum())
