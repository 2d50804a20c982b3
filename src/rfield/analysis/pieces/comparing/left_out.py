"""What an approximation leaves out of account: values that depend on the image by whole axes alone.

A tile has other ones than the image, whatever its halo is: the mean behind a gate, or that of a
pyramid's levels, which are of 1, 2, 3 and 6 parts of any image, attention over channels. They say
of places what they can: a mean of each row those of rows. Where that does not fit, brought back to
the size of the image or laid beside the means of columns, such a value is one that is the same
everywhere, and what it meets says how both lie.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction

from ....core.graph import Graph
from ....core.link import AnyLink, Link, Read
from ....core.relation import Sliding, Whole
from .cuts import Cut, Cuts
from .pairing import SKIPPED, same_place

Sizes = Sequence[int]


def left_out(
    part: Graph, whole: Graph, pairs: Sequence[int | None], moving: Collection[int]
) -> dict[int, Cuts]:
    """Those values of the part, as if they were the same everywhere; ``moving``: its inputs."""
    near, apart = {*moving}, dict[int, Cuts]()
    divided = dividing(part, whole, pairs)
    for index, node in enumerate(part.nodes):
        if (place := same_place(part, pairs, index)) is None:
            break
        found: list[bool] = []
        for operand, link in zip(node.operands, node.links, strict=True):
            there = same_place(part, pairs, operand)
            if there is None or not (operand in near or operand in apart):
                continue
            sizes = part.nodes[operand].shape, whole.nodes[there].shape
            contracts = _contracts(link, *sizes, node.shape)
            found.append(operand in apart or contracts or index in divided)
        if found and all(found):
            both = zip(node.shape, whole.nodes[place].shape, strict=True)
            apart[index] = tuple(Cut(0 if m == n else None, 0, m) for m, n in both)
        elif found:
            near.add(index)
    return apart


def dividing(part: Graph, whole: Graph, pairs: Sequence[int | None]) -> set[int]:
    """The values of the part that divide an axis into as many parts whatever its length.

    Each is another part of a tile than of the image.
    """
    return {
        index
        for index, node in enumerate(part.nodes)
        if (place := pairs[index]) is not None and place != SKIPPED
        for link, other, operand, there in zip(
            node.links, whole.nodes[place].links, node.operands, whole.nodes[place].operands,
            strict=False,
        )
        if isinstance(link, Link) and isinstance(other, Link)
        for mine, theirs, size, total in zip(
            link.reads, other.reads, part.nodes[operand].shape, whole.nodes[there].shape,
            strict=True,
        )
        if size != total and mine.axis is not None and mine.axis == theirs.axis
        and 1 != node.shape[mine.axis] == whole.nodes[place].shape[mine.axis]
        and not isinstance(mine.relation, Whole)
        and not (_step(mine) == _step(theirs) is not None)
    }  # fmt: skip


def _step(read: Read) -> Fraction | None:
    """By how much a reading moves from output to output; None where that differs."""
    relation = read.relation
    return Fraction(relation.advance, relation.period) if isinstance(relation, Sliding) else None


def _contracts(link: AnyLink, mine: Sizes, other: Sizes, outputs: Sizes) -> bool:
    """Whether all of an axis is read that is cut, and no place on it is kept."""
    return isinstance(link, Link) and any(
        isinstance(read.relation, Whole)
        and size != there
        and (read.axis is None or outputs[read.axis] == 1)
        for read, size, there in zip(link.reads, mine, other, strict=True)
    )
