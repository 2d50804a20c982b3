"""What every value really reads of one input, on a tensor of known sizes: all of them in one sweep.

``clipped`` answers for one value and the positions that were asked for. Where the question is about
the model (which layers see an object, how much of the image a layer sees), all positions of all
values are wanted once, each only while somebody still reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...core.graph import Graph
from ...core.link import AnyLink, Link
from ...core.relation import Prefix, Sliding, Whole
from ...errors import TooLargeError
from .clipped import (
    Box,
    alive,
    coordinates,
    through_clipped,
    union_clipped,
)
from .pull import Bounds, Ints, evened

RECENT = 64
"""States, and answers that follow from them, that are kept to be found again."""

_SMALL = 1 << 16
"""Cells of a state that is kept."""

_State = list[Bounds] | None


def all_boxes(
    graph: Graph, source: int, axis: int, *, local: bool = False
) -> Iterator[tuple[int, _State]]:
    """Every value that depends on ``source`` with its bounds along ``axis``: unions over its axes.

    None where they are too large to be had. ``local``: without whole-axis reads.
    """
    nodes = graph.nodes
    full: list[Box] = [tuple((0, size) for size in node.shape) for node in nodes]
    last_use = {operand: n for n, node in enumerate(nodes) for operand in node.operands}
    states: dict[int, _State] = {source: [coordinates(full[source], axis)]}
    unread: _State = []  # that of a value which does not depend on the source
    recent: dict[tuple[object, ...], tuple[_State, object]] = {}
    yield source, states[source]
    for index in range(source + 1, len(nodes)):
        node = nodes[index]
        if any(operand in states for operand in node.operands):
            read = [states.get(operand, unread) for operand in node.operands]
            shapes = tuple(nodes[operand].shape for operand in node.operands)
            way = (*map(id, read), *map(id, node.links), id(node.known), shapes, node.shape)
            if way not in recent:
                try:
                    found = _boxes(graph, index, states, full, local)
                except TooLargeError:
                    found = None
                found = next((state for state in read if _alike(state, found)), found)
                if len(recent) == RECENT:
                    recent.clear()
                if sum(low.size for low, _ in found or ()) <= _SMALL:
                    recent[way] = found, (read, node)  # which keep the ids
            else:
                found = recent[way][0]
            states[index] = found
            yield index, found
        for operand in node.operands:
            if last_use[operand] == index:
                states.pop(operand, None)


def _alike(one: _State, other: _State) -> bool:
    """Whether two states are the same, so that one of them will do.

    A field that fills its axis grows no more, and then each layer of a long chain repeats the last.
    """
    if one is None or other is None or len(one) != len(other):
        return False
    return all(
        a.shape == b.shape and (a == b).all()
        for here, there in zip(one, other, strict=True)
        for a, b in zip(here, there, strict=True)
    )


def _boxes(
    graph: Graph,
    index: int,
    states: dict[int, _State],
    full: Sequence[Box],
    local: bool,
) -> _State:
    node = graph.nodes[index]
    found: list[Bounds] = []
    for operand, link in zip(node.operands, node.links, strict=True):
        if operand not in states:
            continue
        state = states[operand]
        if state is None:
            return None
        if link.is_identity:
            found += state
            continue
        before = graph.nodes[operand].shape
        for bounds in state:
            if local and _reads_whole(link, bounds):
                continue
            passed = through_clipped(bounds, link, before, full[operand], full[index])
            if passed is not None:
                found.append(passed)
    merged = union_clipped(found)
    if node.known is not None:
        merged = [alive(bounds, node.known.codes, full[index]) for bounds in merged]
    return merged


def _reads_whole(link: AnyLink, bounds: Bounds) -> bool:
    """Whether all of an axis is read along which the bounds move."""
    if not isinstance(link, Link):
        return False
    return any(
        isinstance(read.relation, Whole | Prefix)
        and bounds[0].shape[axis] > 1
        and evened(bounds, axis) is None
        for axis, read in enumerate(link.reads)
    )


def flat(found: Sequence[Bounds]) -> Bounds:
    """The hull of a union of bounds, element by element."""
    shape = np.broadcast_shapes(*(low.shape for low, _ in found))
    low: Ints = np.minimum.reduce([np.broadcast_to(low, shape) for low, _ in found])
    high: Ints = np.maximum.reduce([np.broadcast_to(high, shape) for _, high in found])
    return low, high


def has_holes(graph: Graph) -> bool:
    """Whether some window has holes or reaches so far that all of it may lie outside its tensor."""
    for node in graph.nodes:
        for link in node.links:
            if isinstance(link, Link):
                for axis in link.changed:
                    relation = link.reads[axis].relation
                    if isinstance(relation, Sliding) and not all(t.dense for t in relation.taps):
                        return True
    return False
