"""Which axes of an input were taken to be positions, where that was a guess.

By default all axes after batch and channel are. That windows slide along them speaks for it. Where
no window does (a linear layer, attention: sequences come as (batch, time, features) too), or where
one slides along another axis (an image without its batch axis), the answer may be about the wrong
axis, and says which one it took.
"""

from __future__ import annotations

from ...core.graph import Graph, Input
from ...core.link import Link
from ...core.relation import Sliding
from ...errors import show_shape
from ..engines.forward import sweep
from ..engines.terms import State, terms_of
from ..results import axis_names

WINDOWS = frozenset({"conv", "max_pool", "avg_pool"})
SEQUENCE = 3
"""Inputs of so many axes or fewer may be anything; those with more are images or volumes."""


def guessed_axes(graph: Graph) -> tuple[str, ...]:
    """A sentence for each input whose positions were a guess, with how to choose others."""
    if not graph.guessed:
        return ()
    told = (_guessed(graph, entry) for entry in graph.inputs_)
    return tuple(text for text in told if text)


def _guessed(graph: Graph, entry: Input) -> str:
    shape = graph.shape(entry.node)
    if len(shape) > SEQUENCE or not entry.axes:
        return ""
    names = axis_names(len(entry.axes))
    taken = ", ".join(f"{n} is axis {a}" for n, a in zip(names, entry.axes, strict=True))
    text = f"{taken} of {entry.name} {show_shape(shape)}"
    slid = [
        axis
        for axis in range(len(shape))
        if _slides(graph, entry.node, axis, alone=axis in entry.axes)
    ]
    others = [axis for axis in slid if axis not in entry.axes]
    if others:
        both = tuple(slid)
        return (
            f"{text}, but windows slide along axis {' and '.join(map(str, others))}: with a batch "
            f"axis in front, or with axes={both}, those are positions too"
        )
    if all(axis in slid for axis in entry.axes):
        return ""
    other = tuple(axis for axis in range(1, len(shape)) if axis not in entry.axes) or entry.axes
    return f"{text}, a guess: no window slides along it; choose with axes={other}"


def _slides(graph: Graph, source: int, axis: int, *, alone: bool) -> bool:
    """Whether windows slide along an axis of an input.

    ``alone``: windows side by side will do. Elsewhere they may be groups of channels.
    """
    states = sweep(graph, source, (axis,)).states[0]
    for index in range(source + 1, len(graph.nodes)):
        node = graph.nodes[index]
        for operand, link in zip(node.operands, node.links, strict=True):
            if node.kind not in WINDOWS or not isinstance(link, Link):
                continue
            for carrier in _carriers(states[operand], len(link.reads)):
                relation = link.reads[carrier].relation
                if isinstance(relation, Sliding) and _is_window(relation, alone=alone):
                    return True
    return False


def _carriers(state: State, rank: int) -> set[int]:
    if isinstance(state, tuple):
        return {state[0]}
    return {term.carrier for term in terms_of(state, rank) if term.carrier is not None}


def _is_window(relation: Sliding, *, alone: bool) -> bool:
    """Whether more than one position is read at a time, by windows that overlap or alone."""
    if alone and abs(relation.advance) != relation.period:
        return True
    span = max((taps.last - taps.first + 1 for taps in relation.taps if taps), default=1)
    return span > 1 and (alone or (relation.period == 1 and span > abs(relation.advance)))
