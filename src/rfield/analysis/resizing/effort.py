"""How much it is to read a model at one size, in values and operands."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from itertools import chain

from ...core.graph import Graph, Input
from ...core.limits import GENERAL, READ_WHOLE
from ...errors import TooLargeError
from ..engines.forward import sweep
from ..engines.terms import Terms


def laid_out(graph: Graph) -> int:
    """Of one reading."""
    return sum(1 + len(node.operands) for node in graph.nodes)


def swept(graph: Graph, entries: Iterable[Input]) -> int:
    """What the sweeps of one reading cost besides, where fields are not plain."""
    with suppress(TooLargeError):
        sweeps = (sweep(graph, entry.node, entry.axes) for entry in entries)
        states = chain.from_iterable(states for one in sweeps for states in one.states)
        return GENERAL * sum(type(state) is Terms for state in states)
    return GENERAL * len(graph.nodes)


def work(readings: int, one: int, sweeps: int) -> int:
    """Of so many readings, of which only some are swept."""
    if readings <= 1:
        return 0
    return readings * one + min(readings, READ_WHOLE) * sweeps
