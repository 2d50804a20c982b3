"""A network without what divides the image into so many parts, as a pyramid of pools does.

Each part grows with the image, so that no tile has one, and a grid that keeps to where they end is
as coarse as they are. Without them the rest has its own grid and field.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from ....core.graph import Graph, Node
from ....errors import RFieldError
from .agreement import Loss
from .cuts import DIVIDES
from .left_out import dividing
from .pairing import pairs_of


def undivided(whole: Graph, other: Graph | None, value: int) -> tuple[Graph, tuple[Loss, ...]]:
    """The network as if such values depended on nothing, and what they are.

    None where ``value`` is made of these alone. ``other``: the same at another size, if there is
    one.
    """
    if other is None:
        return replace(whole), ()
    pairs, nodes = pairs_of(other, whole), [*whole.nodes]
    found: dict[str, Loss] = {}
    for place in sorted(pairs[index] or 0 for index in dividing(other, whole, pairs)):
        node = nodes[place]
        found[whole.layer_of(place)] = Loss(whole.layer_of(place), node.kind, DIVIDES)
        nodes[place] = Node.source_of(node.name, node.shape)
    rest = replace(whole, nodes=nodes)
    alone = value not in rest.dependents(*(entry.node for entry in whole.inputs_))
    return (replace(whole), ()) if alone else (rest, tuple(found.values()))


def at_other_size(
    read: Callable[[Sequence[int]], Graph], own: Sequence[int], sizes: Sequence[int]
) -> Graph | None:
    """The network for an image that differs along all axes; ``own``: as it was given."""
    for tried in (own, [2 * size for size in sizes], [size // 2 for size in sizes]):
        if all(one != size for one, size in zip(tried, sizes, strict=True)):
            with suppress(RFieldError):
                return read(tried)
    return None
