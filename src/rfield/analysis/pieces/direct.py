"""A graph in which what moves elements and brings them back reads where they come from.

What is laid side by side (channels of two branches) and taken apart again has the context of its
own branch only; read through the concatenation it would have that of both.
"""

from __future__ import annotations

from dataclasses import replace

from ...core.graph import Graph, Node
from ...core.link import Link, Read
from ...core.relation import Sliding


def direct(graph: Graph) -> Graph:
    """The same network; values that nothing reads any more are still there."""
    nodes: list[Node] = []
    for node in graph.nodes:
        found = node
        while (nearer := _nearer(found, nodes)) is not None:
            found = nearer
        nodes.append(found)
    same = all(one is other for one, other in zip(nodes, graph.nodes, strict=True))
    return graph if same else replace(graph, nodes=nodes)


def _nearer(node: Node, nodes: list[Node]) -> Node | None:
    """A slice of a concatenation as one of the part, or None."""
    if len(node.operands) != 1 or node.known is not None:
        return None
    (operand,), (link,) = node.operands, node.links
    joined = nodes[operand]
    if not isinstance(link, Link) or len(link.changed) != 1 or joined.known is not None:
        return None
    (axis,) = link.changed
    read = link.reads[axis]
    relation = _stepping(read)
    if relation is None or read.axis is None or not joined.operands or not node.shape[read.axis]:
        return None
    ends = [relation.at(place).first for place in (0, node.shape[read.axis] - 1)]
    for part, laid in zip(joined.operands, joined.links, strict=True):
        if not isinstance(laid, Link) or laid.changed != (axis,) or not laid.stays:
            return None
        placed = _stepping(laid.reads[axis]) if laid.is_part else None
        if placed is None or placed.advance != 1:
            return None
        start = -placed.taps[0].first
        if start <= min(ends) and max(ends) < start + nodes[part].shape[axis]:
            reads = [*link.reads]
            taps = tuple(taps.shift(-start) for taps in relation.taps)
            reads[axis] = Read(read.axis, replace(relation, taps=taps))
            return replace(node, operands=(part,), links=(Link(reads),))
    return None


def _stepping(read: Read) -> Sliding | None:
    """The relation of an axis of which each output reads one position, in even steps."""
    relation = read.relation
    if not isinstance(relation, Sliding) or relation.period != 1:
        return None
    return relation if len(relation.taps[0]) == 1 else None
