"""A graph in which what moves elements and brings them back reads where they come from.

What is laid side by side (channels of two branches) and taken apart again has the context of its
own branch only; read through the concatenation it would have that of both.
"""

from __future__ import annotations

from dataclasses import replace

from ...core.graph import Graph, Node
from ...core.link import AnyLink, Link, Read
from ...core.relation import IDENTITY, Sliding, shift


def direct(graph: Graph) -> Graph:
    """The same network; values that nothing reads any more are still there."""
    nodes: list[Node] = []
    for node in graph.nodes:
        found = node
        while (nearer := _nearer(found, nodes) or _joined(found, nodes)) is not None:
            found = nearer
        nodes.append(_unturned(found, nodes))
    same = all(one is other for one, other in zip(nodes, graph.nodes, strict=True))
    return graph if same else replace(graph, nodes=nodes)


def _joined(node: Node, nodes: list[Node]) -> Node | None:
    """A circular shift of what was shifted before as one shift, or None."""
    ends = node, *(nodes[operand] for operand in node.operands)
    shifts = [[_turn(read) for read in _kept(one)] for one in ends]
    if len(ends) != 2 or not all(shifts) or ends[1].known is not None or node.known is not None:
        return None
    if not all(any(shifted) and None not in shifted for shifted in shifts):
        return None
    both = [(a or 0) + (b or 0) for a, b in zip(*shifts, strict=True)]
    reads = [Read(k, shift(far, "circular") if far else IDENTITY) for k, far in enumerate(both)]
    return replace(node, operands=ends[1].operands, links=(Link(reads),))


def _kept(node: Node) -> tuple[Read, ...]:
    """The readings of a node that has one operand and its axes in their order, else nothing."""
    (link, *more) = node.links or (None,)
    reads = link.reads if isinstance(link, Link) and not more else ()
    return reads if all(read.axis == k for k, read in enumerate(reads)) else ()


def _turn(read: Read) -> int | None:
    """How far a reading is shifted in a circle, 0 where it is not at all, None for any other."""
    if read.relation == IDENTITY:
        return 0
    relation = _stepping(read)
    if relation is None or (relation.border, relation.advance) != ("circular", 1):
        return None
    return relation.taps[0].first


def _unturned(node: Node, nodes: list[Node]) -> Node:
    """A circular shift by all of an axis, once or several times, as none."""
    links: list[AnyLink] = []
    for operand, link in zip(node.operands, node.links, strict=True):
        reads = link.reads if isinstance(link, Link) else ()
        pairs = zip(reads, nodes[operand].shape, strict=False)
        rounds = [bool((far := _turn(read)) and size and far % size == 0) for read, size in pairs]
        if any(rounds):
            both = zip(reads, rounds, strict=True)
            links.append(Link([Read(one.axis, IDENTITY) if all_ else one for one, all_ in both]))
        else:
            links.append(link)
    same = all(one is other for one, other in zip(links, node.links, strict=True))
    return node if same else replace(node, links=tuple(links))


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
