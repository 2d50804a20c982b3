"""What a layer computes, in one word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..core.graph import Graph, Node

SEPARATORS = (".", "/")


def op_names(graph: Graph) -> dict[str, str]:
    """The word for each layer.

    A layer that holds no other is called by its op with the most multiply-adds (a bias is added
    after a convolution, heads are put together after attention); ``identity`` where it computes
    nothing. One that holds others is called by the op that ends it.
    """
    layers = graph.layer_index
    inside: dict[str, list[Node]] = {name: [] for name in layers}
    holders = {outer for name in layers for outer in _around(name) if outer in layers}
    for node in graph.nodes:
        home = node.name if node.name in layers else node.layer
        name = next((n for n in (home, *_around(node.name)) if n in layers), None)
        if name is not None:
            inside[name].append(node)
    named = {node.name for node in graph.nodes}
    return {
        name: graph.nodes[value].kind
        if name in holders or name in named
        else _word(inside[name], graph.nodes[value])
        for name, value in layers.items()
    }


def _around(name: str) -> Iterator[str]:
    """The names that lie around a name: a/b, a for a/b.c."""
    for at in range(len(name) - 1, 0, -1):
        if name[at] in SEPARATORS:
            yield name[:at]


def _word(nodes: Sequence[Node], last: Node) -> str:
    kinds = [node.kind for node in nodes]
    if not nodes:
        return "identity"
    if "softmax" in kinds and kinds.count("matmul") > 1:
        return "attention"
    work = max(node.work.macs for node in nodes)
    return next(n.kind for n in nodes if n.work.macs == work) if work else last.kind
