"""A graph with one wrong rule in it, for tests of what has to notice."""

from __future__ import annotations

from dataclasses import replace

import rfield
from rfield.core.link import Link, Read
from rfield.core.relation import Sliding


def with_link(graph: rfield.Graph, layer: str, axis: int, relation: Sliding) -> rfield.Graph:
    """The same graph with one axis of one layer read through another relation."""
    index = graph.index(layer)
    node = graph.nodes[index]
    link = node.links[0]
    assert isinstance(link, Link)
    reads = [Read(read.axis, relation) if k == axis else read for k, read in enumerate(link.reads)]
    nodes = list(graph.nodes)
    nodes[index] = replace(node, links=(Link(reads), *node.links[1:]))
    return replace(graph, nodes=nodes)
