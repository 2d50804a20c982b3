"""The window by which a layer slides: kernel, step and dilation, read off its relations."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from ...core.graph import Node
from ...core.link import Link
from ...core.relation import Sliding

SLIDING = frozenset({"conv", "conv_transpose", "max_pool", "avg_pool"})


class Window(NamedTuple):
    """Per axis: how many positions one output reads, how far it moves, how far these lie apart.

    A transposed convolution moves by 1/2 where its stride is 2. Dilation is None where the
    positions do not lie evenly.
    """

    kernel: tuple[int, ...]
    step: tuple[Fraction, ...]
    dilation: tuple[int | None, ...]


def window_of(node: Node, positions: Sequence[int]) -> Window | None:
    """The window of a layer along the axes ``positions`` of its output; None where it has none."""
    link = node.links[0] if node.kind in SLIDING and node.links else None
    if not isinstance(link, Link):
        return None
    along = {read.axis: read.relation for read in link.reads}
    found: list[tuple[int, Fraction, int | None]] = []
    for axis in positions:
        relation = along.get(axis)
        if not isinstance(relation, Sliding):
            return None
        count = sum(map(len, relation.taps))
        found.append((count, Fraction(relation.advance, relation.period), _dilation(relation)))
    if not found:
        return None
    kernel, step, dilation = zip(*found, strict=True)
    return Window(kernel, step, dilation)


def _dilation(relation: Sliding) -> int | None:
    if relation.period > 1 or len(relation.taps[0].combs) != 1:
        return None
    (comb,) = relation.taps[0].combs
    if comb.count == 1:
        return 1
    return comb.step if comb.width == 1 else None
