"""The nodes of a call that is made again, at their places in a graph; graphs that are the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ....core.graph import Graph
from ....core.known import Known
from ....core.link import AnyLink
from ....core.node import Node
from ....core.operation import Op


class OtherwiseError(Exception):
    """What the code saw when it was recorded is not so at this size."""


@dataclass(slots=True, eq=False)
class Step:
    """One node of a call; an operand is the number of an argument, or ``~k`` for the k-th node.

    ``known``, ``beyond``, ``unmasked``: as of the node.
    """

    op: Op
    operands: tuple[int, ...]
    links: tuple[AnyLink, ...]
    tables: tuple[object, ...]
    known: Known | None = None
    beyond: Step | None = None
    unmasked: Step | None = None

    @staticmethod
    def of(node: Node, count: int) -> Step:
        """A node of a call of ``count`` arguments."""
        beyond, unmasked = (
            None if other is None else Step.of(other, count)
            for other in (node.beyond, node.unmasked)
        )
        return Step(
            node.op, tuple(k if k < count else ~(k - count) for k in node.operands), node.links,
            beside_of(node), node.known, beyond, unmasked,
        )  # fmt: skip

    def node(
        self, like: Node, here: Sequence[int | None], start: int, tables: tuple[object, ...]
    ) -> Node:
        """It at its place, called as ``like`` is; ``tables``: but for what its op says."""
        operands = tuple([placed(k, here, start) for k in self.operands])
        beyond, unmasked = (
            other and other.past(self, like, here, start, tables)
            for other in (self.beyond, self.unmasked)
        )
        if None in operands:
            raise OtherwiseError
        return Node(
            like.name, self.op, operands, self.links, like.source, like.layer,  # type: ignore[arg-type]
            (*tables, *self.op.tables), self.known, weights=like.weights, beyond=beyond,
            unmasked=unmasked,
        )  # fmt: skip

    def past(
        self, masked: Step, like: Node, here: Sequence[int | None], start: int,
        tables: tuple[object, ...],
    ) -> Node:  # fmt: skip
        """What a node is past a border or masks, which reads the same beside its operands."""
        if self.tables != masked.tables:
            raise OtherwiseError
        return self.node(like, here, start, tables)


def renewed(
    tables: tuple[object, ...], before: tuple[object, ...], now: tuple[object, ...]
) -> tuple[object, ...]:
    """Tables at another size, where they are those of the model but for the names of its weights.

    ``before``: what stood for them at the recorded one.
    """
    if not len(tables) == len(before) == len(now):
        raise OtherwiseError
    found = list(tables)
    for place, (old, new) in enumerate(zip(before, now, strict=True)):
        if old != new:
            if tables[place] != old:
                raise OtherwiseError
            found[place] = new
    return tuple(found)


def placed(where: int | None, here: Sequence[int | None], start: int) -> int | None:
    """The node of a place, of a call with arguments ``here`` whose own nodes begin at ``start``."""
    return where if where is None else here[where] if where >= 0 else start + ~where


def beside_of(node: Node) -> tuple[object, ...]:
    """What a node reads beside its operands, but for what its op says."""
    return node.tables[: len(node.tables) - len(node.op.tables)]


def is_marked(node: Node) -> bool:
    """Whether a node says what a call alone cannot know."""
    return bool(node.soft or node.parts or node.source)


def same(one: Graph, other: Graph) -> bool:
    """Whether two graphs have the same values."""
    return len(one.nodes) == len(other.nodes) and all(
        (a.name, a.op, a.operands, a.links, a.layer, a.tables, a.weights)
        == (b.name, b.op, b.operands, b.links, b.layer, b.tables, b.weights)
        and not is_marked(b)
        and (a.known is a.beyond is a.unmasked is b.known is b.beyond is b.unmasked or _alike(a, b))
        for a, b in zip(one.nodes, other.nodes, strict=True)
    )


def _alike(one: Node | None, other: Node | None) -> bool:
    """Whether the same is known of two values, and of what they are past masks and borders."""
    if one is None or other is None:
        return one is other
    return (
        (one.op, one.operands, one.links, one.tables, one.soft)
        == (other.op, other.operands, other.links, other.tables, other.soft)
        and _same(one.known, other.known)
        and _alike(one.beyond, other.beyond)
        and _alike(one.unmasked, other.unmasked)
    )


def _same(one: Known | None, other: Known | None) -> bool:
    if one is None or other is None:
        return one is other
    a, b = one.numbers, other.numbers
    return (
        (one.shown, one.least, one.most) == (other.shown, other.least, other.most)
        and np.array_equal(one.codes, other.codes)
        and (a is b or (a is not None and b is not None and np.array_equal(a, b, equal_nan=True)))
    )
