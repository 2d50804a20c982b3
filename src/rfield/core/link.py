"""How a whole output tensor reads one operand tensor.

A ``Link`` gives one relation per operand axis and names the output axis that drives it; that covers
every op whose operand axes can be looked at one by one. A ``Reshaped`` link is the one thing that
couples axes: both tensors have the same row-major order.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import NamedTuple

from .relation import IDENTITY, WHOLE, At, Relation, Sliding, Table, all_read, indices_at


class Read(NamedTuple):
    """One operand axis: it is read through ``relation`` from output axis ``axis``.

    ``axis`` is None where no output axis drives the reading (``Whole`` of a contracted axis,
    ``At``). A ``Whole`` with an axis keeps its place in the layout (a reduction that keeps
    its axis, a softmax).
    """

    axis: int | None
    relation: Relation


class Span(NamedTuple):
    """A window that moves steadily: ``i`` along ``axis`` reads ``advance*i + first .. last``."""

    axis: int
    advance: int
    first: int
    last: int

    @property
    def size(self) -> int:
        """How many indices one position reads, those between first and last included."""
        return self.last - self.first + 1

    def read_by(self, other: Span) -> Span:
        """What a window that moves steadily over the positions of this one reads in its place."""
        axis, advance, first, last = other
        step = self.advance
        if step < 0:
            first, last = last, first
        return Span(axis, step * advance, self.first + step * first, self.last + step * last)


class Link:
    """One ``Read`` per operand axis; ``affine[j]`` is the short form of axis ``j`` or None.

    ``is_part``: it serves only a part of the outputs (one operand of a concatenation, an
    assignment, a table). ``never_empty``: it is no part and no phase of any reading reads nothing.
    Only then are there short forms: else what is read depends on more than one axis.
    ``is_identity``: every axis is passed on unchanged, so anything known of the operand holds.
    ``rank``, if given, is that of the output: new axes at its end are no identity.
    ``drivers``: the output axes that drive a reading, ascending. ``changed``: the operand axes that
    are not passed on unchanged; ``stays``: all others keep their place. ``coupled``: the operand
    axes that one output axis drives together (a diagonal, the keys that a query may see), where
    there are several; an output reads them at the same place only. ``endless``: where it is one of
    several for one operand, the link that they are on a grid that goes on for ever: masks that
    differ where an image ends are no more of its theory than padding is.
    """

    __slots__ = (
        "_hash", "affine", "changed", "coupled", "drivers", "endless", "is_identity", "is_part",
        "never_empty", "reads", "stays",
    )  # fmt: skip

    def __init__(
        self,
        reads: Sequence[Read],
        *,
        is_part: bool = False,
        rank: int | None = None,
        endless: Link | None = None,
    ) -> None:
        self.endless = endless
        self.reads = tuple(reads)
        self.is_part = is_part or any(_is_part(read.relation) for read in self.reads)
        self.never_empty = not self.is_part and all(
            all_read(r.relation.taps) for r in self.reads if isinstance(r.relation, Sliding)
        )
        self.affine = tuple(_affine(read) if self.never_empty else None for read in self.reads)
        whole = rank is None or rank == len(self.reads)
        self.is_identity = (  # a scalar may still be broadcast
            bool(self.reads)
            and whole
            and all(r.axis == j and r.relation == IDENTITY for j, r in enumerate(self.reads))
        )
        driven: dict[int, list[int]] = {}
        for j, read in enumerate(self.reads):
            if read.axis is not None:
                driven.setdefault(read.axis, []).append(j)
        self.drivers = tuple(sorted(driven))
        self.coupled = tuple(tuple(axes) for axes in driven.values() if len(axes) > 1)
        self.changed = tuple(j for j, r in enumerate(self.reads) if r.relation != IDENTITY)
        self.stays = all(read.axis in (None, j) for j, read in enumerate(self.reads))
        self._hash: int | None = None

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Link) and hash(self) == hash(other) and self._all == other._all

    def __hash__(self) -> int:
        if self._hash is None:  # a table may be long
            self._hash = hash(self._all)
        return self._hash

    @property
    def _all(self) -> tuple[object, ...]:
        """What makes links the same; the rest follows from it."""
        return self.reads, self.is_part, self.is_identity, self.endless

    def __repr__(self) -> str:
        return f"Link({', '.join(_show(read) for read in self.reads)})"


class Group(NamedTuple):
    """Operand axes ``before`` and output axes ``after`` that hold the same row-major index."""

    before: tuple[int, ...]
    after: tuple[int, ...]


class Reshaped:
    """The same elements in the same order under another shape.

    ``groups`` are the smallest runs of axes with equal products; axes of size 1 stay alone where
    they can.
    """

    __slots__ = ("affine", "after", "before", "groups", "is_identity")
    is_part = False

    def __init__(self, before: Sequence[int], after: Sequence[int]) -> None:
        self.before, self.after = tuple(before), tuple(after)
        self.groups = tuple(regroup(self.before, self.after))
        self.is_identity = self.before == self.after
        affine: list[Span | None] = [None] * len(self.before)
        for group in self.groups:
            if len(group.before) == len(group.after) == 1:
                affine[group.before[0]] = Span(group.after[0], 1, 0, 0)
        self.affine = tuple(affine)

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Reshaped) and (self.before, self.after) == (other.before, other.after)
        )

    def __hash__(self) -> int:
        return hash((self.before, self.after))

    @property
    def inverse(self) -> Reshaped:
        """The reshape back."""
        return Reshaped(self.after, self.before)

    def __repr__(self) -> str:
        return f"Reshaped({self.before} -> {self.after})"


AnyLink = Link | Reshaped


def regroup(before: Sequence[int], after: Sequence[int]) -> list[Group]:
    """Split a reshape into its independent groups, left to right.

    >>> regroup((1, 8, 6), (8, 2, 3))
    [Group(before=(0,), after=()), Group(before=(1,), after=(0,)), Group(before=(2,), after=(1, 2))]
    """
    if prod(before) != prod(after):
        raise ValueError(f"cannot reshape {tuple(before)} into {tuple(after)}")
    if prod(before) == 0:
        return [Group(tuple(range(len(before))), tuple(range(len(after))))]
    groups: list[Group] = []
    i = j = 0
    while i < len(before) or j < len(after):
        if i < len(before) and j < len(after) and before[i] == after[j]:
            groups.append(Group((i,), (j,)))
            i, j = i + 1, j + 1
        elif i < len(before) and before[i] == 1:
            groups.append(Group((i,), ()))
            i += 1
        elif j < len(after) and after[j] == 1:
            groups.append(Group((), (j,)))
            j += 1
        else:
            start_i, start_j = i, j
            left, right = before[i], after[j]
            i, j = i + 1, j + 1
            while left != right:
                if left < right:
                    left, i = left * before[i], i + 1
                else:
                    right, j = right * after[j], j + 1
            groups.append(Group(tuple(range(start_i, i)), tuple(range(start_j, j))))
    return groups


def passed(rank: int) -> Link:
    """Every axis unchanged.

    >>> passed(3)
    Link(0: =, 1: =, 2: =)
    """
    if rank not in _PASSED:
        _PASSED[rank] = Link([Read(j, IDENTITY) for j in range(rank)])
    return _PASSED[rank]


_PASSED: dict[int, Link] = {}


def broadcast(shape: Sequence[int], result: Sequence[int]) -> Link:
    """NumPy broadcasting: axes align at the end, a size-1 axis is read at its only index.

    >>> broadcast((3, 1), (2, 3, 5))
    Link(1: =, At(index=0))
    """
    offset = len(result) - len(shape)
    if offset == 0 and tuple(shape) == tuple(result):
        return passed(len(shape))
    return Link(
        [
            Read(None, At(0))
            if size == 1 and result[j + offset] != 1
            else Read(j + offset, IDENTITY)
            for j, size in enumerate(shape)
        ]
    )


def everything(rank: int) -> Link:
    """Every output reads every element.

    >>> everything(2)
    Link(Whole(), Whole())
    """
    return Link([Read(None, WHOLE)] * rank)


def reads_of(link: AnyLink, index: Sequence[int], shape: Sequence[int]) -> list[tuple[int, ...]]:
    """All operand elements that output ``index`` reads in a tensor of ``shape``, one by one.

    The plainest interpretation of a link, for small examples and tests; no border but ``zero``.

    >>> reads_of(Reshaped((2, 3), (6,)), (4,), (2, 3))
    [(1, 1)]
    """
    if isinstance(link, Reshaped):
        flat = 0
        for size, i in zip(link.after, index, strict=True):
            flat = flat * size + i
        element: list[int] = []
        for size in reversed(link.before):
            element.append(flat % size)
            flat //= size
        return [tuple(reversed(element))]
    axes: list[list[int]] = []
    for read, size in zip(link.reads, shape, strict=True):
        at = 0 if read.axis is None else index[read.axis]
        axes.append([i for i in indices_at(read.relation, at, size) if 0 <= i < size])
    return list(product(*axes))


def _is_part(relation: Relation) -> bool:
    if isinstance(relation, Sliding):
        return relation.border == "cut"
    return isinstance(relation, Table) and not all_read(relation.taps)


def _affine(read: Read) -> Span | None:
    if read.axis is None or not isinstance(read.relation, Sliding):
        return None
    span = read.relation.affine
    return None if span is None else Span(read.axis, *span)


def _show(read: Read) -> str:
    arrow = "" if read.axis is None else f"{read.axis}: "
    return f"{arrow}{'=' if read.relation == IDENTITY else read.relation}"


def of_rank(link: AnyLink, rank: int) -> AnyLink:
    """A link that passes all axes on, and others after them, is not the identity."""
    if isinstance(link, Reshaped) or not link.is_identity or len(link.reads) == rank:
        return link
    return Link(link.reads, is_part=link.is_part, rank=rank)
