"""Borders of known zeros, and what is read through them all the same.

A map that is padded up to whole windows has rows that no input changes, so whoever reads them reads
nothing: that is true of what depends on what, and makes a table for this one size of any product
behind. What is *computed* there is the same op as anywhere. Which part of an image gives the same
numbers as the whole is a question of what is computed, so a node says both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from ...core.graph import Draft
from ...core.known import LOW, Known
from ...core.link import AnyLink, Link, of_rank
from ...core.node import Node
from ...core.ops import Op
from ...core.relation import Table
from .meanings import name_of
from .swallowing import Ranges
from .values import Dependent


class Emitting(Protocol):
    """What is asked of the emitter."""

    @property
    def draft(self) -> Draft:
        """The graph in the making."""
        ...

    @property
    def ranges(self) -> Ranges:
        """Between which numbers its values stay."""
        ...

    def masked(
        self, op: Op, values: Sequence[Any]
    ) -> tuple[Op, Sequence[Any], Known | None, float]:
        """The op and its operands as masks leave them, and what is known of the result."""
        ...

    def read(self, op: Op, values: Sequence[Any]) -> tuple[Op, list[int], list[AnyLink], bool]:
        """The op, the values that it reads, and how."""
        ...

    def note(
        self, op: Op, links: Sequence[AnyLink | None], operands: Sequence[Any],
        values: Sequence[Any],
    ) -> None:  # fmt: skip
        """What the op reads beside its operands."""
        ...


def past_borders(
    emitter: Emitting, op: Op, values: Sequence[Any], operands: Sequence[Any], index: int
) -> None:
    """Note of the value ``index`` what would be read if nothing were known of any border.

    ``op`` and ``values`` are those before masks took anything away. What masks say stays.
    """
    draft = emitter.draft
    behind = [value.index for value in values if isinstance(value, Dependent)]
    if _lists(draft.nodes[index].links) and not _lists(op.links):
        bare, _ = _computed(emitter, op, values, operands, index, {})
        draft.nodes[index].unmasked = None if _lists(bare.links) else bare
    masks = _masks(emitter, behind)
    if not any(each in draft.borders for each in behind):
        if not masks and _lays(op, draft.known.get(index)):
            draft.borders[index] = None
        return
    given = op.links
    made, known = _computed(emitter, op, values, operands, index, masks)
    known = None if not masks and _lays(made.op, known) else known
    draft.borders[index] = known
    node = draft.nodes[index]
    narrowed = any(link not in given for link in node.links)
    told = node.known is not None or node.exact != made.exact
    if (narrowed or told) and not node.parts:  # else it reads the border as it is
        made.known = None if known is None else known.unread
        node.beyond = made


def _computed(
    emitter: Emitting, op: Op, values: Sequence[Any], operands: Sequence[Any], index: int,
    masks: dict[int, Known],
) -> tuple[Node, Known | None]:  # fmt: skip
    """The value ``index`` where no more than ``masks`` is known of any, and what is known of it."""
    draft = emitter.draft
    held, draft.known = draft.known, masks
    noted = draft.tables
    emitter.ranges.bordered = False
    try:
        op, values, known, _ = emitter.masked(op, values)
        links = op.links
        op, kept, chosen, _ = emitter.read(op, values)
        node = draft.nodes[index]
        op = fitted(op, chosen, join=op.join and len(kept) > 1, moving=node.op.depends_on_size)
        op, kept, _ = draft.stitched(op, kept)
        emitter.note(op, links, operands, values)
        tables = (*draft.tables, *op.tables)
    finally:
        draft.known, draft.tables = held, noted
        emitter.ranges.bordered = True
    links = tuple(of_rank(link, len(op.shape)) for link in op.links if link)
    made = replace(
        node, op=op, operands=tuple(kept), links=links, tables=tables, known=None, beyond=None,
    )  # fmt: skip
    return made, known


def _lists(links: Sequence[AnyLink | None]) -> bool:
    """Whether positions along some axis are listed."""
    return any(
        isinstance(read.relation, Table)
        for link in links if isinstance(link, Link) for read in link.reads
    )  # fmt: skip


def _lays(op: Op, known: Known | None) -> bool:
    """Whether what is known of its result is a border that it lays itself, and no mask."""
    return op.algebra == "move" and known is not None and not (known.codes >= LOW).any()


def _masks(emitter: Emitting, behind: Sequence[int]) -> dict[int, Known]:
    """What is known of these values but for borders."""
    draft = emitter.draft
    told = {each: draft.borders.get(each, draft.known.get(each)) for each in behind}
    return {each: known for each, known in told.items() if known is not None}


def fitted(op: Op, links: Sequence[AnyLink], *, join: bool, moving: bool) -> Op:
    """The op with the links that are left, as tables call it; itself where nothing changes."""
    kind = name_of(op.kind, alone=len(links) == 1)
    if len(links) == len(op.links) and (kind, join, moving) == (
        op.kind, op.join, op.depends_on_size,
    ):  # fmt: skip
        return op
    return replace(op, kind=kind, links=tuple(links), join=join, depends_on_size=moving)
