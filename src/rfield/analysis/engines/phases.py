"""After how many positions it repeats where a value reads nothing, along every axis of its tensor.

A field is reduced axis by axis, and where branches join, one that is wider along an axis hides
which positions the other has there. Where it reads nothing at some of them, the field along another
axis still depends on them (see ``gaps``): so they are looked at one by one there.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd, lcm

from ...core.graph import Graph
from ...core.link import AnyLink, Link
from ...core.relation import At, Sliding, Table, Whole, all_read
from .forward import Sweep
from .terms import State, carriers, terms_of

Phases = tuple[int | None, ...]
"""Per axis of a tensor the positions after which its gaps repeat; None: they do not."""


def gap_phases(graph: Graph, swept: Sweep) -> dict[int, Phases]:
    """Those of every value that depends on the source and has gaps."""
    nodes = graph.nodes
    reached = graph.dependents(swept.source)
    found: dict[int, Phases] = {}
    full: set[int] = set()  # reads all of the source, everywhere
    for index in sorted(reached - {swept.source}):
        node = nodes[index]
        rank = len(node.shape)
        after: Phases = (1,) * rank
        for operand, link in node.in_theory:
            if operand not in reached:
                continue
            if _passes_all(swept, operand, link, operand in full):
                full.add(index)
                break
            before = found.get(operand, (1,) * len(nodes[operand].shape))
            after = tuple(map(_both, after, _through(before, link, rank)))
        if index not in full and after != (1,) * rank:
            found[index] = after
    return found


def joint_periods(own: Sequence[int], gaps: Phases, states: Sequence[State]) -> tuple[int, ...]:
    """The periods per source axis, with those of the gaps along the axes that its field goes on."""
    ways = [carriers([state], len(gaps), local=True) for state in states]
    return tuple(
        lcm(period, *(gaps[axis] or 1 for axis in way))
        for period, way in zip(own, ways, strict=True)
    )


def _both(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else lcm(one, other)


def _passes_all(swept: Sweep, operand: int, link: AnyLink, is_full: bool) -> bool:
    """Whether every output reads all that the operand does, or the operand reads all everywhere."""
    if not isinstance(link, Link):
        return is_full
    if not link.never_empty:
        return False
    rank = len(link.reads)
    moving = {
        axis
        for state in swept.at(operand)
        for term in terms_of(state, rank)
        for axis in range(rank)
        if term.varies(axis)
    }
    return is_full or all(isinstance(link.reads[axis].relation, Whole) for axis in moving)


def _through(before: Phases, link: AnyLink, rank: int) -> Phases:
    """The phases of the output that reads an operand with those."""
    after: list[int | None] = [1] * rank
    if not isinstance(link, Link):
        return (None,) * rank if any(n != 1 for n in before) else tuple(after)
    for read, phases in zip(link.reads, before, strict=True):
        if read.axis is not None:
            after[read.axis] = _both(after[read.axis], _read(read.relation, phases))
    return tuple(after)


def _read(relation: object, phases: int | None) -> int | None:
    """The phases of an axis that is read so."""
    if isinstance(relation, Whole | At):
        return 1
    if isinstance(relation, Table):
        return None if phases != 1 or not all(relation.taps) else 1
    if not isinstance(relation, Sliding):
        return None if phases != 1 else 1
    if phases is None or relation.border == "cut":
        return None
    if phases == 1:
        return 1 if all_read(relation.taps) else relation.period
    return relation.period * (phases // gcd(phases, relation.advance))
