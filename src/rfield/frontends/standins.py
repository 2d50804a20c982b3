"""Free input sizes while a model is laid out: two stand-ins, and what differs between them is free.

Shared by front ends whose sources state shapes with unknown sizes. A free batch is laid out as 1;
nothing is measured along it.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..core.graph import FreeShape, Graph

STAND_INS = (1_290_240, 2_580_480)
"""Sizes at which a free axis is laid out: large, and divisible by every usual stride."""


def sized(shape: FreeShape, layout: int) -> tuple[list[int], list[int]]:
    """The sizes of layout 0 or 1, and which axes are free (the batch not among them).

    >>> sized((None, 32, None, 3), 0)
    ([1, 32, 1290240, 3], [2])
    """
    sizes = [
        size if size is not None else STAND_INS[layout] if axis else layout + 1
        for axis, size in enumerate(shape)
    ]
    return sizes, [axis for axis, size in enumerate(shape) if size is None and axis]


def mark_free(graph: Graph, twin: Graph) -> Graph:
    """Note in ``graph`` which sizes differ in ``twin``, the same model in the other layout.

    Values are matched by name: a slice that cuts nothing at one size may cut at another.
    """
    others = {node.name: node.shape for node in twin.nodes}
    for index, node in enumerate(graph.nodes):
        other = others.get(node.name, node.shape)
        if node.shape != other and len(node.shape) == len(other):
            graph.free_shapes[index] = free_shape(node.shape, other)
    return graph


def free_shape(one: Sequence[int], other: Sequence[int]) -> FreeShape:
    """None where two shapes differ."""
    return tuple(a if a == b else None for a, b in zip(one, other, strict=True))
