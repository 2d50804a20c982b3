"""Which node of one graph is which of another: the same model, read at two sizes.

They are the same in the same order, but for what changes nothing: padding by 0 and a slice of
everything are written at some sizes only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ....core.graph import Graph, Node
from ....core.link import Link
from ....core.relation import IDENTITY, Sliding

SKIPPED = -1
"""In the place of a node that the other graph does not have and that changes nothing."""

MOVES = frozenset({"pad", "slice", "reshape", "permute", "expand", "roll", "crop", "concat"})
"""Kinds that move elements and do nothing else."""

RESIZE = "resize"
"""A kind whose weights add up to one: where each output reads its own place, that is 1."""


def pairs_of(part: Graph, whole: Graph) -> list[int | None]:
    """For each node of the part the same node of the whole.

    ``SKIPPED`` for one that only the part has and that changes nothing; None from where on the two
    differ.
    """
    pairs: list[int | None] = []
    stands: dict[int, int] = {}  # for a value of the whole that only passes another one on
    there = 0
    for ours in part.nodes:
        mine = [same_place(part, pairs, operand) for operand in ours.operands]
        while there < len(whole.nodes):
            theirs = whole.nodes[there]
            operands = [stands.get(operand, operand) for operand in theirs.operands]
            if (ours.kind, mine, len(ours.shape)) == (theirs.kind, operands, len(theirs.shape)):
                pairs.append(there)
                there += 1
                break
            if changes_nothing(theirs, whole.nodes):
                stands[there] = operands[0]
                there += 1
            elif changes_nothing(ours, part.nodes):
                pairs.append(SKIPPED)
                break
            else:
                return pairs + [None] * (len(part.nodes) - len(pairs))
        else:
            pairs.append(SKIPPED if changes_nothing(ours, part.nodes) else None)
    return pairs


def same_place(part: Graph, pairs: Sequence[int | None], index: int) -> int | None:
    """The value of the whole that a value of the part is."""
    while pairs[index] == SKIPPED:
        (index,) = part.nodes[index].operands
    return pairs[index]


def changes_nothing(node: Node, nodes: Sequence[Node]) -> bool:
    """Whether a node only passes its operand on."""
    if node.kind not in {*MOVES, RESIZE} or len(node.operands) != 1 or node.known is not None:
        return False
    if node.shape != nodes[node.operands[0]].shape or not node.exact:
        return False
    (link,) = node.links
    return link.is_identity or (
        isinstance(link, Link)
        and all(
            read.axis == axis
            and isinstance(read.relation, Sliding)
            and replace(read.relation, border="none") == IDENTITY
            for axis, read in enumerate(link.reads)
        )
    )
