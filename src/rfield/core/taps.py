"""Kernels with holes: a convolution of which some taps are known to be zero reads less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from .indices import IndexSet
from .known.pattern import relation_of
from .limits import MOST_CODES, MOST_KINDS
from .link import AnyLink, Link, Read
from .operation import Op
from .padding import transposed_at
from .relation import IDENTITY, Sliding

Marks = NDArray[np.bool_]
Box = tuple[tuple[int, ...], ...]


def boxes(present: Marks) -> list[Box]:
    """The marks as products of sets, one per axis: rows that are alike go together.

    >>> boxes(np.array([[True, True, True], [True, False, False]]))
    [((0,), (0, 1, 2)), ((1,), (0,))]
    """
    if present.ndim == 1:
        found = tuple(int(k) for k in np.flatnonzero(present))
        return [(found,)] if found else []
    alike: dict[bytes, list[int]] = {}
    for index, part in enumerate(present):
        if part.any():
            alike.setdefault(part.tobytes(), []).append(index)
    return [(tuple(rows), *inner) for rows in alike.values() for inner in boxes(present[rows[0]])]


def with_taps(
    op: Op,
    zeros: NDArray[np.bool_],
    axes: Sequence[int],
    dilation: Sequence[int],
    *,
    transposed: Sequence[tuple[int, int]] | None = None,
) -> Op:
    """The convolution ``op`` without the taps of its kernel that are zero.

    ``zeros``: over (output channel, input channel, kernel…), with size 1 where it is the same for
    all. ``axes``: those of the operand along which the kernel lies. The operand is read once for
    each box of taps, and for each kind of channels that have the same taps, so the result has as
    many links. An upper bound if these are too many, or if nothing is left. ``transposed``: the
    stride and the padding in front of a transposed one, of whose kernel the channels may come in
    either order, so that it is a bound where the channels differ.
    """
    (link,) = op.links
    assert isinstance(link, Link)
    kinds = _kinds(~zeros)
    if not kinds:
        return op.thinned
    told, many = all(pairs.all() for _, pairs in kinds), len(kinds) > MOST_KINDS
    parts = [] if many else [boxes(taps) for taps, _ in kinds]
    many = many or (len(kinds) > 1 and sum(map(len, parts)) > MOST_KINDS)
    same = transposed or told or many
    reads = None if same else _channels(op, link, axes, [pairs for _, pairs in kinds])
    if reads is None:  # all that any channel reads
        union = np.logical_or.reduce([taps for taps, _ in kinds])
        op = op if told else op.thinned
        if union.all():
            return op
        parts, reads = [boxes(union)], list[dict[int, Read]](({},))
    links: list[AnyLink] = []
    for some, channels in zip(parts, reads, strict=True):
        for box in some:
            found = dict(enumerate(link.reads)) | channels
            for j, (axis, kept, step) in enumerate(zip(axes, box, dilation, strict=True)):
                relation = link.reads[axis].relation
                assert isinstance(relation, Sliding)
                if transposed is not None:
                    relation = transposed_at(kept, *transposed[j], step)
                else:
                    first = relation.taps[0].first
                    own = (IndexSet.of([first + step * k for k in kept]),)
                    relation = Sliding(relation.period, relation.advance, own, relation.border)
                found[axis] = Read(link.reads[axis].axis, relation)
            links.append(Link(tuple(found.values())))
    return replace(op, links=tuple(links))


def _kinds(present: Marks) -> list[tuple[Marks, Marks]]:
    """Which taps there are, each with the pairs of channels that have these and no others."""
    space, pairs = present.shape[2:], present.shape[:2]
    flat = present.reshape(prod(pairs), -1)
    if (flat == flat[:1]).all():
        return [(flat[0].reshape(space), np.ones(pairs, bool))] if flat[0].any() else []
    found, which = np.unique(flat, axis=0, return_inverse=True)
    return [
        (taps.reshape(space), (which == k).reshape(pairs)) for k, taps in enumerate(found)
        if taps.any()
    ]  # fmt: skip


def _channels(
    op: Op, link: Link, axes: Sequence[int], kinds: Sequence[Marks]
) -> list[dict[int, Read]] | None:
    """Which channels each kind reads, by their axis; None where that is not told."""
    rest = [axis for axis in range(len(op.shape)) if axis not in axes]
    named = [axis for axis in rest if link.reads[axis].relation != IDENTITY]
    named = named or [axis for axis in rest if op.shape[axis] == len(kinds[0])]
    if len(named) != 1:
        return None
    axis, relation = named[0], link.reads[named[0]].relation
    outputs, inputs = op.shape[axis], kinds[0].shape[1]
    grouped = isinstance(relation, Sliding)
    groups = outputs // relation.period if grouped else 1
    told = inputs == relation.advance if grouped else inputs > 1
    if not told or len(kinds[0]) != outputs or outputs * inputs * groups > MOST_CODES:
        return None
    own = np.repeat(np.eye(groups, dtype=bool), outputs // groups, axis=0)
    wide = [(own[:, :, None] & pairs[:, None]).reshape(outputs, -1) for pairs in kinds]
    return [{axis: Read(axis, relation_of(marks))} for marks in wide]
