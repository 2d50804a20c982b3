"""What a layer computes, in one word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..core.graph import Graph, Node

SEPARATORS = (".", "/")
_MOMENTS = ("mean", "reduce", "sum")


def op_names(graph: Graph) -> dict[str, str]:
    """The word for each layer; one that holds others is called by the op that ends it."""
    innermost = innermost_ops(graph)
    ends = graph.layer_index.items()
    return {name: innermost.get(name) or graph.nodes[value].kind for name, value in ends}


def innermost_ops(graph: Graph) -> dict[str, str]:
    """The word for each layer that holds no other.

    It is that of its op with the most multiply-adds (a bias is added after a convolution, heads
    are put together after attention); ``identity`` where it computes nothing.
    """
    layers = graph.layer_index
    inside: dict[str, list[Node]] = {name: [] for name in layers}
    holders = {outer for name in layers for outer in around(name) if outer in layers}
    for index, node in enumerate(graph.nodes):
        home = node.name if node.name in layers else node.layer
        names = (home, *around(node.name), graph.name_of(index))
        name = next((n for n in names if n in layers), None)
        if name is not None:
            inside[name].append(node)
    named = {node.name for node in graph.nodes}
    return {
        name: graph.nodes[value].kind if name in named else _word(inside[name], graph.nodes[value])
        for name, value in layers.items()
        if name not in holders
    }


def around(name: str) -> Iterator[str]:
    """The names that lie around a name, the nearest first.

    >>> [*around("a/b.c")]
    ['a/b', 'a']
    """
    for at in range(len(name) - 1, 0, -1):
        if name[at] in SEPARATORS:
            yield name[:at]


def _word(nodes: Sequence[Node], last: Node) -> str:
    kinds = [node.kind for node in nodes]
    if not nodes:
        return "identity"
    if "softmax" in kinds and kinds.count("matmul") > 1:
        return "attention"
    work = max(node.op.work.macs for node in nodes)
    if work:
        return next(node.kind for node in nodes if node.op.work.macs == work)
    moments = any(kind in _MOMENTS for kind in kinds)
    return "norm" if moments and "rsqrt" in kinds else last.kind
