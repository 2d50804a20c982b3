"""After how many positions the sizes of an axis may repeat, by the strides along it."""

from __future__ import annotations

from contextlib import suppress
from math import lcm

from ...core.graph import Graph
from ...core.limits import STEP_LIMIT
from ...errors import TooLargeError, over_limit
from ..engines.forward import sweep
from ..engines.terms import Span, terms_of
from .reading import SINGLY, Resizing

BESIDE = 16
"""So many sizes are tried where patterns do not fit."""


def steps_of(resizing: Resizing, axis: int) -> list[int]:
    """Steps after which sizes may repeat, the likely one first.

    That is the lcm of all strides between positions that read one pattern, be it beside whole axes;
    the other one has the strides between windows as well.
    """
    plain, every = 1, 1
    graph = _with_patterns(resizing)
    nodes = graph.nodes
    for entry in (graph.entry(one.name) for one in resizing.entries):
        states = sweep(graph, entry.node, entry.axes).states[axis]
        for index, state in enumerate(states):
            if isinstance(state, Span):
                plain = lcm(plain, abs(state.advance) or 1)
            else:
                for term in terms_of(state, len(nodes[index].shape)):
                    stride = abs(term.advance or 1)
                    every = lcm(every, stride)
                    plain = lcm(plain, stride if term.low.size == 1 else 1)
            if plain > STEP_LIMIT:
                raise over_limit(
                    graph.layer_of(index), "all sizes of one step", plain, STEP_LIMIT,
                    SINGLY,
                )  # fmt: skip
    return [step for step in dict.fromkeys((plain, lcm(plain, every))) if step <= STEP_LIMIT]


def _with_patterns(resizing: Resizing) -> Graph:
    """The model at its own sizes, or at the next ones at which the patterns of its fields fit.

    A resize between corners makes a pattern of one size alone; the strides are the same at others.
    """
    for more in range(BESIDE):
        graph = resizing.graph
        if more:
            reading = resizing.at([size + more for size in resizing.sizes])
            if reading.refused:
                continue
            graph = reading.graph
        with suppress(TooLargeError):
            for entry in (graph.entry(one.name) for one in resizing.entries):
                sweep(graph, entry.node, entry.axes)
            return graph
    return resizing.graph
