"""Recurrences that a model writes out: a loop over time in its own code, one turn for each sample.

What is read is a graph with as many cells as samples, in which nothing says that they are one with
a state. A longer stream shows it: there are more of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from ....core.graph import Graph
from ....core.link import Link
from ....core.relation import At
from ...engines.clipped import clipped_bounds
from ..comparing.pairing import MOVES

LONGER = (1, 2, 4, 8, 16)
"""By so many samples longer streams are tried, and one of twice the length."""

TURNS = 4
"""Fewer single positions are those of channels, or of both ends."""

NAMED = 3
"""So many layers are named."""

STATE = (
    "Run the loop on each part with the state that the part before has left, or write it as a "
    "layer that keeps one (nn.GRU, cumsum)"
)


def written_out(
    graph: Graph, source: int, output: str | None, time: int, at: Callable[[int], Graph | None]
) -> tuple[str, ...]:
    """What is said of a model that goes through time itself, or nothing.

    ``at``: the model for a stream of another length along axis ``time`` of its input ``source``.
    """
    turns, size = _turns(graph, output), graph.nodes[source].shape[time]
    if turns < TURNS:
        return ()
    longer = map(at, (*(size + more for more in LONGER), 2 * size))
    other = next((one for one in longer if one is not None), None)
    if other is None or _turns(other, output) <= turns:
        return ()
    return (
        "the model goes through time in a loop of its own, with more steps for more samples "
        f"({_more(other, graph)}); what a step keeps for the next is not known",
        _advice(graph, source, _value(graph, output), time),
    )


def _more(longer: Graph, graph: Graph) -> str:
    """The layers that a longer stream has more calls of; kinds of ops where there are none."""
    calls = [
        Counter((node.layer.partition("#")[0], node.kind) for node in one.nodes)
        for one in (longer, graph)
    ]
    more = [*(calls[0] - calls[1])]
    layers = dict.fromkeys(layer for layer, _ in more if layer)
    inner = [one for one in layers if not any(other.startswith(f"{one}.") for other in layers)]
    kinds = dict.fromkeys(kind for _, kind in more)
    names = inner or [kind for kind in kinds if kind not in {*MOVES, "select"}] or [*kinds]
    return ", ".join(names[:NAMED]) + " …" * (len(names) > NAMED)


def _value(graph: Graph, output: str | None) -> int:
    return graph.main if output is None else graph.index(output)


def _turns(graph: Graph, output: str | None) -> int:
    """The most single positions that are picked of one axis of a value behind the output."""
    picked: dict[tuple[int, int], set[int]] = {}
    for index in graph.behind(_value(graph, output)):
        node = graph.nodes[index]
        for operand, link in zip(node.operands, node.links, strict=True):
            if link.is_identity or not isinstance(link, Link):
                continue
            for axis, read in enumerate(link.reads):
                if isinstance(read.relation, At) and graph.nodes[operand].shape[axis] > 1:
                    picked.setdefault((operand, axis), set()).add(read.relation.index)
    return max(map(len, picked.values()), default=0)


def _advice(graph: Graph, source: int, value: int, time: int) -> str:
    """How far outputs read, where there is one for each sample, and what can be done."""
    size = graph.nodes[source].shape[time]
    along = [axis for axis, n in enumerate(graph.nodes[value].shape) if n == size]
    places = np.arange(size, dtype=np.int64)
    found = None
    if len(along) == 1:
        found = clipped_bounds(graph, value, source, (time,), (along[0],), places[:, None])
    if found is None:
        return STATE
    before, after = (
        int((way * (side[:, 0] - places)).max()) for way, side in zip((-1, 1), found, strict=True)
    )
    if before < size - 1 and after < size - 1:
        sides = f"{max(before, 0):,} samples before its own and {max(after, 0):,} after it"
        return f"An output reads {sides}: a convolution or a window does that without a loop"
    if after >= size - 1:
        return "It is not causal: outputs read all samples after their own"
    ahead = f"up to {after:,} samples after it" if after > 0 else "none after it, so it is causal"
    return f"An output reads all samples before its own and {ahead}. {STATE}"
