"""A model as it is in the middle of a stream: without what lies only at its beginning or end.

A cache in front of the stream, or a first frame that goes a way of its own (an up-sampling of all
frames but the first), is one part of a concatenation along time, of the same length however long
the stream is. In the middle the other part goes on for ever; that has a clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ....core.graph import Graph, Node
from ....core.link import AnyLink, Link, Read
from ....core.relation import Sliding
from ..comparing.agreement import laid_along

Parts = frozenset[tuple[str, int]]
"""Operands, by the name of their reader and their place."""


def short_parts(graph: Graph, size: int, at: Callable[[int], Graph | None]) -> Parts:
    """The operands of concatenations that do not grow with the stream, where others do.

    ``size``: the length of the stream in ``graph``; ``at``: the model at another one.
    """
    laid = [node for node in graph.nodes if laid_along(node) is not None]
    if not laid:
        return frozenset()
    longer = map(at, (2 * size, 3 * size, size + 1, size + 2))
    other = next((one for one in longer if one is not None and _alike(graph, one)), None)
    if other is None:
        return frozenset()
    found: set[tuple[str, int]] = set()
    for node in laid:
        axis = laid_along(node) or 0
        grown = [
            other.nodes[operand].shape[axis] - graph.nodes[operand].shape[axis]
            for operand in node.operands
        ]
        found |= {(node.name, k) for k, more in enumerate(grown) if any(grown) and not more}
    return frozenset(found)


def steady(graph: Graph, short: Parts) -> Graph:
    """The model without these operands."""
    if not short:
        return graph
    return replace(graph, nodes=[_without(node, short) for node in graph.nodes])


def _without(node: Node, short: Parts) -> Node:
    kept = [k for k in range(len(node.operands)) if (node.name, k) not in short]
    if len(kept) == len(node.operands):
        return node
    links: list[AnyLink] = [node.links[k] for k in kept]
    axis = laid_along(node)
    if len(links) == 1 and axis is not None:
        links = [_opened(links[0], axis)]
    return replace(node, operands=tuple(node.operands[k] for k in kept), links=tuple(links))


def _opened(link: AnyLink, axis: int) -> Link:
    """A part of a concatenation that goes on for ever on both sides."""
    assert isinstance(link, Link)
    reads = list(link.reads)
    relation = reads[axis].relation
    assert isinstance(relation, Sliding)
    reads[axis] = Read(axis, replace(relation, border="zero"))
    return Link(reads)


def _alike(one: Graph, other: Graph) -> bool:
    if len(one.nodes) != len(other.nodes):
        return False
    pairs = zip(one.nodes, other.nodes, strict=True)
    return all((a.kind, a.operands) == (b.kind, b.operands) for a, b in pairs)
