"""A graph in which nothing is read of operands that its output does not need.

Of two maps laid side by side only one may be wanted by the columns that are chosen later, and of a
padded layer only what reads its padding. Such an operand asks for a context, axis by axis, that no
output needs. What is wanted of every value is carried backwards as a box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress

import numpy as np

from ....core.graph import Graph, Node
from ....core.indices import EMPTY
from ....core.link import AnyLink, Link, Read, Reshaped
from ....core.relation import At, Sliding, Table
from .agreement import laid_along
from .unwrapping import LONGEST, inside

Box = tuple[range, ...]
"""What is wanted along each axis; an empty range where nothing is."""


def without_unread(graph: Graph, value: int) -> Graph:
    """The same network, as far as ``value`` is asked for; itself where all operands are read."""
    wanted: dict[int, Box] = {value: tuple(map(range, graph.nodes[value].shape))}
    nodes = [*graph.nodes]
    for index in range(value, -1, -1):
        box, node = wanted.get(index), nodes[index]
        if box is None:
            continue
        kept: list[bool] = []
        for operand, link in zip(node.operands, node.links, strict=True):
            found = _read(link, box, nodes[operand].shape)
            kept.append(all(found))
            if kept[-1]:
                wanted[operand] = _both(wanted.get(operand, found), found)
        if not all(kept):
            nodes[index] = _without(node, kept)
    same = all(one is other for one, other in zip(nodes, graph.nodes, strict=True))
    return graph if same else replace(graph, nodes=nodes)


def _without(node: Node, kept: Sequence[bool]) -> Node:
    """A part of a concatenation is left out; any other link is there and reads nothing."""
    if any(kept) and laid_along(node) is not None:
        operands, links = compress(node.operands, kept), compress(node.links, kept)
        return replace(node, operands=tuple(operands), links=tuple(links))
    links = (
        link if read or not isinstance(link, Link) else Link([*map(_nothing, link.reads)])
        for link, read in zip(node.links, kept, strict=True)
    )
    return replace(node, links=tuple(links))


def _nothing(read: Read) -> Read:
    """The same reading, step by step, of no position."""
    relation = read.relation
    if not isinstance(relation, Sliding) or relation.border == "cut":
        return read
    return read._replace(relation=replace(relation, taps=(EMPTY,) * relation.period))


def _both(one: Box, other: Box) -> Box:
    return tuple(
        range(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(one, other, strict=True)
    )


def _read(link: AnyLink, box: Box, shape: Sequence[int]) -> Box:
    """What is read of an operand of ``shape``, or more."""
    if isinstance(link, Reshaped):
        found = [*map(range, shape)]
        for group in link.groups:
            if len(group.before) == len(group.after) == 1:
                found[group.before[0]] = box[group.after[0]]
        return tuple(found)
    return tuple(_along(read, box, size) for read, size in zip(link.reads, shape, strict=True))


def _along(read: Read, box: Box, size: int) -> range:
    relation = read.relation
    if isinstance(relation, At):
        return range(relation.index, relation.index + 1)
    if read.axis is None:
        return range(size)
    outputs = box[read.axis]
    if isinstance(relation, Table):
        taps = [taps for taps in relation.taps[outputs.start : outputs.stop] if taps]
        ends = [(one.first, one.last) for one in taps]
    elif isinstance(relation, Sliding):
        ends = _ends(relation, outputs)
    else:
        return range(size)
    if not ends:
        return range(0)
    found = range(min(first for first, _ in ends), max(last for _, last in ends) + 1)
    within = range(max(found.start, 0), min(found.stop, size))
    if within == found or not isinstance(relation, Sliding):
        return within
    if relation.border in ("zero", "cut", "none"):
        return within
    if len(found) > LONGEST:
        return range(size)
    places = inside(np.arange(found.start, found.stop), size, relation.border)
    return range(size) if places is None else range(int(places.min()), int(places.max()) + 1)


def _ends(relation: Sliding, outputs: range) -> list[tuple[int, int]]:
    """The first and the last position that the first and the last of each phase read."""
    period = relation.period
    few = {*outputs[:period], *outputs[-period:]}
    taps = (relation.at(place) for place in few)
    return [(one.first, one.last) for one in taps if one]
