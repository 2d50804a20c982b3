"""Kernels with holes: a convolution of which some taps are known to be zero reads less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .indices import IndexSet
from .link import AnyLink, Link, Read
from .operation import Op
from .padding import transposed_at
from .relation import Sliding

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
    each box of taps, so the result has as many links. An upper bound if the channels differ, or if
    nothing is left. ``transposed``: the stride and the padding in front of a transposed one, of
    whose kernel the channels may come in either order.
    """
    present = ~zeros
    own = present.reshape(-1, *zeros.shape[2:])
    alive = own[own.reshape(len(own), -1).any(axis=1)]
    if not len(alive):
        return replace(op, exact=False)
    union = np.asarray(alive.any(axis=0))
    exact = op.exact and bool((alive == union).all())
    if union.all():
        return replace(op, exact=exact)
    (link,) = op.links
    assert isinstance(link, Link)
    links: list[AnyLink] = []
    for box in boxes(union):
        reads = list(link.reads)
        for j, (axis, kept, step) in enumerate(zip(axes, box, dilation, strict=True)):
            relation = reads[axis].relation
            assert isinstance(relation, Sliding)
            if transposed is not None:
                relation = transposed_at(kept, *transposed[j], step)
            else:
                first = relation.taps[0].first
                taps = (IndexSet.of([first + step * k for k in kept]),)
                relation = Sliding(relation.period, relation.advance, taps, relation.border)
            reads[axis] = Read(reads[axis].axis, relation)
        links.append(Link(reads))
    return replace(op, links=tuple(links), exact=exact)
