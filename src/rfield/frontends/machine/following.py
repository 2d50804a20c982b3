"""Which axes of a value go along with the positions of an input.

A vector that multiplies the channels of a value takes none of its positions away, whatever zeros it
has; one that lies along positions may be a mask. What an axis is nobody says: it is followed back
to the inputs, whose axes are known.
"""

from __future__ import annotations

from ...core.graph import Draft
from ...core.link import AnyLink, Link, Reshaped
from ...core.relation import IDENTITY


def goes_along(draft: Draft, value: int, axis: int) -> bool:
    """Whether what a value reads of an input differs from place to place of one of its axes."""
    entries = {entry.node: entry.axes for entry in draft.entries}
    stack, seen = [(value, axis)], {(value, axis)}
    while stack:
        index, place = stack.pop()
        node = draft.nodes[index]
        if place in entries.get(index, ()):
            return True
        for operand, link in zip(node.operands, node.links, strict=True):
            if link.is_part and _is_joined_along(link, place):
                return True
            more = {(operand, own) for own in _driven(link, place)} - seen
            seen |= more
            stack += more
    return False


def _is_joined_along(link: AnyLink, place: int) -> bool:
    """Whether one of several that are joined has its part of an axis only."""
    return isinstance(link, Link) and any(
        read.axis == place and read.relation != IDENTITY for read in link.reads
    )


def _driven(link: AnyLink, place: int) -> list[int]:
    """The operand axes whose reading goes along with an axis of the result."""
    if isinstance(link, Reshaped):
        return [own for group in link.groups if place in group.after for own in group.before]
    return [own for own, read in enumerate(link.reads) if read.axis == place]
