"""Shapes of all values at two sizes, one step apart, and at sizes so small that some are empty."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from ...errors import TooLargeError
from .edges import Finding
from .reading import CRITERIA, Reading

Steps = tuple[tuple[int, ...], ...]
"""For every value, along every axis, how many positions more there are."""


Ops = tuple[tuple[str, tuple[int, ...]], ...]
"""What a reading is made of: some sizes take more ops than others, or some at another place."""


def ops_of(reading: Reading) -> Ops:
    """The ops of a reading, each with what it reads; of a refused one none."""
    if reading.refused:
        return ()
    return tuple((node.kind, node.operands) for node in reading.graph.nodes)


def growth(one: Reading, other: Reading) -> Steps | None:
    """By how much the shapes of all values differ; None where the values are not the same."""
    ranks = [list(map(len, reading.shapes)) for reading in (one, other)]
    if ranks[0] != ranks[1] or ops_of(one) != ops_of(other):
        return None
    return tuple(
        tuple(b - a for a, b in zip(before, after, strict=True))
        for before, after in zip(one.shapes, other.shapes, strict=True)
    )


def grows_evenly(read: Callable[[int], Reading], sizes: Iterable[int], step: int) -> bool:
    """Whether all values grow by the same from each of the sizes to the one a step further."""
    seen: dict[Ops, Steps] = {}
    for n in sizes:
        one, other = read(n), read(n + step)
        if one.refused and other.refused:
            continue
        grown = None if one.refused or other.refused else growth(one, other)
        if grown is None or seen.setdefault(ops_of(one), grown) != grown:
            return False
    return True


_LAID_OUT = frozenset({"concat", "pad"})


def starved(reading: Reading) -> int:
    """How many outputs have no position, and how many values are made of one that has none.

    A part of a concatenation or an assignment may be empty: a shift further than the image goes.
    So may what is laid out with numbers around it.
    """
    shapes, graph = reading.shapes, reading.graph
    made = sum(
        0 not in shapes[index]
        and node.kind not in _LAID_OUT
        and not node.parts
        and any(
            0 in shapes[operand] and not link.is_part
            for operand, link in zip(node.operands, node.links, strict=True)
        )
        for index, node in enumerate(graph.nodes)
    )
    return made + sum(0 in shapes[index] for index in graph.outputs_)


def unlike(one: Reading, other: Reading, axis: str) -> bool:
    """Whether what must be the same one step further is not; what is too large is not known.

    Along ``axis`` alone: the step of another, whose size may differ as well, may be longer.
    """

    def found(reading: Reading, name: str) -> set[Finding]:
        return {finding for finding in reading.against(name) if finding.axis == axis}

    with suppress(TooLargeError):
        return any(found(one, name) != found(other, name) for name in CRITERIA)
    return False
