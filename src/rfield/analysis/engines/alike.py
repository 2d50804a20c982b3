"""The sweep of a graph that is another one at other sizes: mostly that of the other.

A field that goes on for ever with one pattern knows no sizes, nor does what windows and readings of
whole axes make of it. So where all is of that kind, and the links are the same, the states are.
"""

from __future__ import annotations

from dataclasses import replace

from ...core.graph import Graph, Input, Node
from ...core.link import AnyLink, Link
from ...core.relation import Sliding, Whole
from .forward import Sweep, sweep
from .terms import Span, State, Terms


def swept_like(graph: Graph, entry: Input, other: Graph) -> Sweep:
    """What every value reads of an input, which may be as in the ``other`` graph."""
    place = entry.node, entry.axes
    if graph is other or place in graph.sweeps:
        return sweep(graph, *place)
    like = sweep(other, *place)
    if not _is_same(graph, like):
        return sweep(graph, *place)
    found = replace(like, graph=graph)
    graph.sweeps[place] = found
    return found


def _is_same(graph: Graph, other: Sweep) -> bool:
    nodes, known = graph.nodes, other.graph.nodes
    if len(nodes) != len(known) or other.crossed:
        return False
    if any(0 in node.shape for node in (*nodes, *known)):
        return False
    return all(map(_same_node, nodes, known)) and all(
        _is_plain(known, states) for states in other.states
    )


def _same_node(one: Node, other: Node) -> bool:
    return one is other or (
        (one.name, one.kind, one.operands) == (other.name, other.kind, other.operands)
        and all(map(_same_reads, one.links, other.links))
    )


def _same_reads(one: AnyLink, other: AnyLink) -> bool:
    if one is other:
        return True
    if not isinstance(one, Link) or not isinstance(other, Link):
        return False
    same = one.reads == other.reads and one.is_part == other.is_part
    return same and one.endless is None and other.endless is None


def _is_plain(nodes: list[Node], states: list[State]) -> bool:
    """Whether no state has a pattern, or an end, nor came about by what has one."""
    for node, state in zip(nodes, states, strict=True):
        if isinstance(state, Terms) and not all(
            term.low.size == 1 and (term.carrier is None) == (term.advance is None)
            for term in state.terms
        ):
            return False
        for operand, link in zip(node.operands, node.links, strict=True):
            given = states[operand]
            if given is None or link.is_identity:
                continue
            if isinstance(given, Span) and link.affine[given.axis] is not None:
                continue
            if not isinstance(link, Link) or not _is_endless(link):
                return False
    return True


def _is_endless(link: Link) -> bool:
    return link.never_empty and all(
        isinstance(read.relation, Whole)
        or (isinstance(read.relation, Sliding) and read.relation.border != "cut")
        for read in link.reads
    )
