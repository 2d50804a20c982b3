"""Tiles at the beginning, inside and at the end of every axis, as they meet in an image.

Along an axis a tile equals the whole in the same positions wherever it lies along the others, but
for what is laid beside the data: a corner that is written over is one for tiles that lie at both
ends alone, and a mask of two axes has other numbers in each tile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import product

from ....core.graph import Graph
from .agreement import laid_along
from .cuts import Cut, meets_numbers
from .grid import Grid

Ends = tuple[list[Cut], list[Cut], list[Cut]]
"""Per axis the cut of a tile at the beginning, of one inside, and of one at the end."""


def at_ends(
    cuts: Callable[[Sequence[int]], list[Cut]], inside: Sequence[int], rest: Sequence[int],
    *, apart: bool,
) -> Ends:  # fmt: skip
    """What holds for all tiles; ``cuts``: of the tile that begins at a place.

    ``inside`` and ``rest``: where one inside and the last begin. ``apart``: no axis asks where a
    tile lies along another, so three tiles tell all.
    """
    places = [[0] * len(rest), [*inside], [*rest]]
    starts = [tuple(place) for place in places] if apart else [*product(*zip(*places, strict=True))]
    found = {start: cuts(start) for start in dict.fromkeys(starts)}
    begin, inner, end = (
        [
            reduce(Cut.common, [of[k] for start, of in found.items() if start[k] == place[k]])
            for k in range(len(rest))
        ]
        for place in places
    )
    return begin, inner, end


def are_apart(part: Graph, found: Grid, rest: Sequence[int]) -> bool:
    """Whether along each axis all is the same wherever a tile lies along the others.

    ``found``: the grid of the part. ``rest``: where the last tile begins.
    """
    if sum(map(bool, rest)) < 2:
        return True
    if found.crossed or meets_numbers(part):
        return False
    laid = ((index, laid_along(node)) for index, node in enumerate(part.nodes))
    return all(axis is None or found.rates[index][axis] is None for index, axis in laid)
