"""Maxima that go back to where a pooling found them: which places those are is known but for a few.

The places are data; but those of one window lie in that window. Where windows do not overlap, a
position reads the maximum of its own window, and what decides whether it is the one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ...core.link import Link, Read
from ...core.node import Node
from ...core.operation import Op
from ...core.padding import transposed_at
from ...core.relation import IDENTITY, Sliding
from .values import Dependent


def unpooled(op: Op, values: Sequence[Any], nodes: Sequence[Node]) -> tuple[Op, Sequence[Any]]:
    """The op and what it reads; as they are where no pooling of this size found the places.

    The maxima stand for their places: both read the same, and these have no numbers that another
    size would change.
    """
    if op.kind != "max_unpool" or not all(isinstance(value, Dependent) for value in values):
        return op, values
    found, places = values[0], nodes[values[1].index]
    twin = next(
        (
            k for k in range(values[1].index - 1, -1, -1)
            if nodes[k].kind == places.kind and nodes[k].operands == places.operands
            and nodes[k].links == places.links and not _counted(nodes[k])
        ),
        None,
    )  # fmt: skip
    if twin is None or not _counted(places) or not places.exact or places.shape != found.shape:
        return op, values
    if len(places.operands) != 1 or nodes[places.operands[0]].shape != op.shape:
        return op, values
    (link,) = places.links
    back = _back(link) if isinstance(link, Link) else None
    if back is None:
        return op, values
    return replace(op, links=(back, back), exact=True), (found, Dependent(twin, places.shape))


def _counted(node: Node) -> bool:
    """Whether these are places, counted in a value of some size."""
    return any(isinstance(table, str) and table.startswith("places in ") for table in node.tables)


def _back(link: Link) -> Link | None:
    """For each position the window that it lies in; None where there are several."""
    reads: list[Read] = []
    for axis, (own, relation) in enumerate(link.reads):
        if own != axis:
            return None
        if relation == IDENTITY:
            reads.append(Read(axis, IDENTITY))
            continue
        if not isinstance(relation, Sliding) or relation.period != 1 or relation.border != "zero":
            return None
        (taps,), step = relation.taps, relation.advance
        if not taps or step < 1 or taps.last - taps.first >= step:
            return None
        kept = [tap - taps.first for tap in taps]
        reads.append(Read(axis, transposed_at(kept, step, -taps.first, 1)))
    return Link(reads)
