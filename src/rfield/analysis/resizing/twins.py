"""Sizes at which a model is what it is at another size, but for the ops that read the input.

Windows of four pixels give as many positions at 208 pixels as at 209, and what comes behind them
knows no other size. Nothing else is taken from one size for another, so this holds for models whose
sizes do not repeat: whose ops come and go, as padding and masks of shifted windows do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...core.graph import Graph, Node
from .followed import Op, Shapes, alike


class Twins:
    """The readings so far. ``holds``: anything can follow from them."""

    def __init__(self) -> None:
        self.holds = True
        self._front: dict[int, Op] = {}
        self._seen: dict[Shapes, Graph] = {}

    def add(self, graph: Graph) -> bool:
        """One more reading; False where it is not what followed from those before it."""
        nodes = graph.nodes
        inputs = {entry.node for entry in graph.inputs_}
        front = [n for n, node in enumerate(nodes) if not inputs.isdisjoint(node.operands)]
        if not self._front:
            self._front = {index: Op(nodes[index]) for index in front}
        within = all(inputs.issuperset(nodes[index].operands) for index in front)
        self.holds = self.holds and within and front == [*self._front]
        if not self.holds:
            return False
        agrees = True
        for index, op in self._front.items():
            before = _before(nodes, index)
            expected = op.at(before, between=True)
            agrees = agrees and (expected is None or alike(expected, nodes[index]))
            op.listed = op.listed or not agrees
            op.add(nodes[index], before)
        other = self._seen.setdefault(tuple([nodes[index].shape for index in front]), graph)
        self.holds = self._same(graph, other, inputs)
        return agrees and self.holds

    def _same(self, one: Graph, other: Graph, inputs: set[int]) -> bool:
        """Whether two readings are the same behind what reads the input."""
        if one is other:
            return True
        return len(one.nodes) == len(other.nodes) and all(
            (a.kind, a.operands) == (b.kind, b.operands) and alike(a, b)
            for index, (a, b) in enumerate(zip(one.nodes, other.nodes, strict=True))
            if index not in inputs and index not in self._front
        )

    def graph(self, shapes: Mapping[str, Sequence[int]]) -> Graph | None:
        """The model at other shapes of its inputs, where that follows."""
        if not self.holds or not self._seen:
            return None
        like = next(iter(self._seen.values()))
        fresh = {
            entry.node: Node.source_of(entry.name, shapes[entry.name]) for entry in like.inputs_
        }
        for index, op in self._front.items():
            made = op.at(
                tuple([fresh[operand].shape for operand in op.like.operands]), between=True
            )
            if made is None:
                return None
            fresh[index] = made
        twin = self._seen.get(tuple([fresh[index].shape for index in self._front]))
        if twin is None:
            return None
        nodes = [fresh.get(index, node) for index, node in enumerate(twin.nodes)]
        return replace(twin, nodes=nodes, free_shapes={}, reread=None, numbers=None)


def _before(nodes: Sequence[Node], index: int) -> Shapes:
    return tuple([nodes[operand].shape for operand in nodes[index].operands])
