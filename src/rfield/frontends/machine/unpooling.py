"""Maxima that go back to where a pooling found them: which places those are is known but for a few.

The places are data; but those of one window lie in that window. Where windows do not overlap, a
position reads the maximum of its own window, and what decides whether it is the one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

from ...core.link import Link, Read
from ...core.node import Node
from ...core.operation import Op
from ...core.padding import transposed_at
from ...core.relation import IDENTITY, Sliding
from ...errors import InvalidModelError, show_shape
from .values import Dependent

UNPOOL = "max_unpool"
PLACES = "places in "
"""What ``arrays.places`` notes before the sizes in which it counts."""


def unpooled(op: Op, values: Sequence[Any], nodes: Sequence[Node]) -> tuple[Op, Sequence[Any]]:
    """The op and what it reads; as they are where no pooling of this size found the places.

    The maxima stand for their places: both read the same, and these have no numbers that another
    size would change.

    Raises:
        InvalidModelError: a maximum may lie at a place that the result has not.
    """
    if op.kind != UNPOOL or not all(isinstance(value, Dependent) for value in values):
        return op, values
    found, places = values[0], nodes[values[1].index]
    _check_room(op.shape, places)
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


def _counted(node: Node) -> tuple[int, ...]:
    """The sizes in which these are places, counted row by row; none where they are no places."""
    told = (table for table in node.tables if isinstance(table, str))
    sizes = next((table.removeprefix(PLACES) for table in told if table.startswith(PLACES)), "")
    return tuple(map(int, sizes.split(" x "))) if sizes else ()


def _check_room(result: Sequence[int], places: Node) -> None:
    """Refuse what frameworks refuse, for most data: 7 x 7 pooled by 2 and laid back in 6 x 6."""
    sizes = _counted(places)
    if not sizes or not isinstance(places.links[0], Link):
        return
    last = 0
    for axis, size in enumerate(sizes, len(places.shape) - len(sizes)):
        relation, place = places.links[0].reads[axis].relation, size - 1
        if isinstance(relation, Sliding) and relation.period == 1 and relation.taps[0]:
            window = relation.advance * (places.shape[axis] - 1)
            place = min(place, window + relation.taps[0].last)
        last = last * size + place
    room = result[-len(sizes) :]
    if last >= prod(room):
        raise InvalidModelError(
            f"a maximum may lie at place {last} of {show_shape(sizes)}, and {show_shape(room)} has "
            f"only {prod(room)}; tell the unpooling the size that was pooled"
        )


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
