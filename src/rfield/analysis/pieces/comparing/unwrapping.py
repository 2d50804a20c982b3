"""What wraps around an axis, read from further back, where in the end nothing wraps.

A circular shift and the shift back, a full turn, an end that is laid at the beginning first and
then turned to it: step by step one end of the axis needs the other, and all together they may need
what is near. So the positions that a value reads are listed through all steps that only move
elements, and looked at: are they those of one step without a turn?
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....core.graph import Graph, Node
from ....core.indices import IndexSet
from ....core.link import Link, Read
from ....core.relation import IDENTITY, Border, Sliding, Table, shift
from .pairing import MOVES

Positions = NDArray[np.int64]

DEEPEST = 64
"""Through so many steps a value is followed."""

LONGEST = 1 << 22
"""Longer axes are not listed."""


class Origin(NamedTuple):
    """A value's elements as those of ``source``: per axis the position that each index reads."""

    source: int
    places: tuple[Positions, ...]


def wraps(node: Node) -> bool:
    """Whether it reads beyond an end what is at the other."""
    return bool(_turned(node))


def _turned(node: Node) -> set[int]:
    """The axes along which a node does that."""
    return {
        axis for link in node.links if not link.is_identity and isinstance(link, Link)
        for axis, read in enumerate(link.reads)
        if isinstance(read.relation, Sliding) and read.relation.border == "circular"
    }  # fmt: skip


def turned(graph: Graph) -> list[bool]:
    """Which values wrap around, or are read of one that does through steps that only move."""
    found: list[bool] = []
    for node in graph.nodes:
        moved = [o for o in node.operands if graph.nodes[o].kind in MOVES]
        found.append(wraps(node) or any(found[operand] for operand in moved))
    return found


def unturned(graph: Graph) -> Graph:
    """The same network, read from further back where that needs no turn, or one for several."""
    nodes: list[Node] = []
    for node, turns in zip(graph.nodes, turned(graph), strict=True):
        nodes.append((_unwrapped(node, nodes) if turns else None) or node)
    same = all(one is other for one, other in zip(nodes, graph.nodes, strict=True))
    return graph if same else replace(graph, nodes=nodes)


def _unwrapped(node: Node, nodes: Sequence[Node]) -> Node | None:
    """The same value read from further back without a turn, or in one turn for several; or None.

    ``nodes``: all before it.
    """
    found: Node | None = None
    around, turns = _turned(node), True
    for depth, origin in enumerate(_origins(node, nodes)):
        shape = nodes[origin.source].shape
        turns = turns and node.shape == shape
        if around:
            steps = [_step(*one) for one in zip(origin.places, shape, strict=True)]
            moves = [
                one for one in steps if one and (one.border != "circular" or (turns and depth))
            ]
            found = _reading(node, origin, moves) if len(moves) == len(steps) else found
        around |= _turned(nodes[origin.source])
    return found


def readings(node: Node, nodes: Sequence[Node]) -> Iterator[Node]:
    """The same value read from one value behind it after the other; ``nodes``: all before it.

    Each in even steps or, where these do not fit, place by place.
    """
    for origin in _origins(node, nodes):
        shape = nodes[origin.source].shape
        both = zip(origin.places, shape, strict=True)
        yield _reading(node, origin, [_step(*one) or _listed(one[0]) for one in both])


def _reading(node: Node, origin: Origin, relations: Sequence[Sliding | Table]) -> Node:
    reads = [Read(axis, relation) for axis, relation in enumerate(relations)]
    return replace(node, operands=(origin.source,), links=(Link(reads),))


def _origins(node: Node, nodes: Sequence[Node]) -> Iterator[Origin]:
    """A value's elements as those of its operand, and of what is behind that."""
    own = _moved(node, nodes)
    return iter(()) if own is None else islice(_behind(own, nodes), DEEPEST)


def _behind(origin: Origin, nodes: Sequence[Node]) -> Iterator[Origin]:
    """The same elements in one value after the other, as long as these only move them."""
    while True:
        yield origin
        node = nodes[origin.source]
        if node.kind not in MOVES:
            return
        before = _moved(node, nodes) if len(node.operands) == 1 else _joined(node, nodes)
        if before is None:
            return
        both = zip(before.places, origin.places, strict=True)
        origin = Origin(before.source, tuple(inner[outer] for inner, outer in both))


def _moved(node: Node, nodes: Sequence[Node]) -> Origin | None:
    """Where the elements of a node are in its operand; None where some are in none."""
    if len(node.operands) != 1 or node.known is not None or not node.exact or node.op.own:
        return None
    (operand,), (link,) = node.operands, node.links
    before = nodes[operand].shape
    if not isinstance(link, Link) or not link.stays or len(before) != len(node.shape):
        return None
    found: list[Positions] = []
    for axis, (read, size) in enumerate(zip(link.reads, before, strict=True)):
        places = _places(read, node.shape[axis], size) if read.axis == axis else None
        if places is None:
            return None
        found.append(places)
    return Origin(operand, tuple(found))


def _places(read: Read, outputs: int, size: int) -> Positions | None:
    """The one position that each index along an axis reads, at ends too."""
    relation = read.relation
    if not isinstance(relation, Sliding) or relation.period != 1 or max(outputs, size) > LONGEST:
        return None
    if len(relation.taps[0]) != 1 or not outputs or not size:
        return None
    places = relation.taps[0].first + relation.advance * np.arange(outputs, dtype=np.int64)
    return inside(places, size, relation.border)


def inside(places: Positions, size: int, border: Border) -> Positions | None:
    """The positions with what stands for those beyond the ends; None where nothing does."""
    match border:
        case "circular":
            return places % size
        case "replicate":
            return np.clip(places, 0, size - 1)
        case "reflect":
            places = np.abs(places)
            places = size - 1 - np.abs(size - 1 - places)
        case "symmetric":
            places = np.where(places < 0, -1 - places, places)
            places = np.where(places < size, places, 2 * size - 1 - places)
        case _:
            pass
    return places if places.min() >= 0 and places.max() < size else None


def _joined(node: Node, nodes: Sequence[Node]) -> Origin | None:
    """Parts that are laid end to end and are all of one value, as one reading of that; or None."""
    if node.kind != "concat" or node.known is not None or not node.operands:
        return None
    along: set[int] = set()
    for link in node.links:
        if not isinstance(link, Link) or not link.stays:
            return None
        along.update(link.changed)
    if len(along) != 1:
        return None
    (axis,) = along
    parts: list[tuple[int, dict[int, Origin]]] = []
    for operand, link in zip(node.operands, node.links, strict=True):
        read = link.reads[axis].relation if isinstance(link, Link) else None
        if not isinstance(read, Sliding) or read.period != 1 or read.advance != 1:
            return None
        shape = nodes[operand].shape
        if max(shape, default=0) > LONGEST:
            return None
        own = Origin(operand, tuple(np.arange(size, dtype=np.int64) for size in shape))
        behind = {origin.source: origin for origin in islice(_behind(own, nodes), 2)}
        parts.append((-read.taps[0].first, behind))
    parts.sort(key=lambda part: part[0])
    stops = np.cumsum([len(next(iter(of.values())).places[axis]) for _, of in parts])
    if [0, *stops] != [*(start for start, _ in parts), node.shape[axis]]:
        return None
    for source in parts[0][1]:
        of = [behind[source] for _, behind in parts if source in behind]
        rest = [k for k in range(len(node.shape)) if k != axis]
        if len(of) == len(parts) and all(
            np.array_equal(one.places[k], of[0].places[k]) for one in of for k in rest
        ):
            places = list(of[0].places)
            places[axis] = np.concatenate([one.places[axis] for one in of])
            return Origin(source, tuple(places))
    return None


def _listed(places: Positions) -> Table:
    return Table(tuple(IndexSet.of([place]) for place in places.tolist()))


def _step(places: Positions, size: int) -> Sliding | None:
    """The positions as those of even steps, at whose ends stands what a border has there; or None.

    >>> _step(np.array([0, 0, 1, 2]), 4)
    Sliding(period=1, advance=1, taps=(IndexSet{-1},), border='replicate')
    """
    apart, counts = np.unique(np.diff(places), return_counts=True)
    advance = int(apart[counts.argmax()]) if len(apart) else 1
    at = int((np.diff(places) == advance).argmax()) if len(apart) else 0
    first = int(places[at]) - advance * at
    even = first + advance * np.arange(len(places), dtype=np.int64)
    if 2 * np.count_nonzero(even == places) < len(places):  # a few fit anything
        return None
    if (first, advance, len(places)) == (0, 1, size) and np.array_equal(even, places):
        return IDENTITY
    borders: tuple[Border, ...] = ("zero", "replicate", "reflect", "symmetric", "circular")
    for border in borders:
        found = inside(even, size, border)
        if found is not None and np.array_equal(found, places):
            return replace(shift(first, border), advance=advance)
    return None
