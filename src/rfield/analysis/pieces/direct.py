"""A graph in which slices of a concatenation read the part that they lie in.

What is laid side by side (channels of two branches) and taken apart again has the context of its
own branch only; read through the concatenation it would have that of both.
"""

from __future__ import annotations

from dataclasses import replace

from ...core.graph import Graph, Node
from ...core.link import Link, Read
from ...core.relation import Sliding, shift


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
    first = _moved(link, axis)
    if first is None or link.reads[axis].axis is None or not joined.operands:
        return None
    last = first + node.shape[link.reads[axis].axis or 0]
    for part, laid in zip(joined.operands, joined.links, strict=True):
        if not isinstance(laid, Link) or laid.changed != (axis,) or not laid.stays:
            return None
        start = _moved(laid, axis) if laid.is_part else None
        if start is None:
            return None
        if -start <= first and last <= nodes[part].shape[axis] - start:
            reads = [*link.reads]
            reads[axis] = Read(reads[axis].axis, shift(first + start))
            return replace(node, operands=(part,), links=(Link(reads),))
    return None


def _moved(link: Link, axis: int) -> int | None:
    """By how many positions an axis is moved, where each output reads one of them, in order."""
    relation = link.reads[axis].relation
    if not isinstance(relation, Sliding) or (relation.period, relation.advance) != (1, 1):
        return None
    (taps,) = relation.taps
    return taps.first if len(taps) == 1 else None
