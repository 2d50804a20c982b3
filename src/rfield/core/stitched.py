"""Concatenations that pad or roll: written with slices and ``cat``, read as what they are.

``cat([zeros, x])`` is zero padding, ``cat([x[:1], x])`` repeats the border, and
``cat([x[-k:], x[:-k]])`` is a circular shift. As parts put side by side they would have no stride,
and their field would end with the tensor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .layout import pad, roll
from .limits import PERIOD_LIMIT
from .link import AnyLink, Link, Read, Reshaped
from .operation import Op
from .padding import PAD_BORDERS, fold
from .relation import IDENTITY, At, Relation, Sliding, Table, shift

Places = NDArray[np.int64]


class Moves(Protocol):
    """A graph in the making, as far as it is looked at here."""

    @property
    def nodes(self) -> Sequence[Any]:
        """The values, operands first."""
        ...

    @property
    def moved(self) -> set[int]:
        """Those whose elements are those of their operands in other places."""
        ...

    def shape(self, index: int) -> tuple[int, ...]:
        """The shape of a value."""
        ...


LONGEST = 8
"""Moves that are followed from a part to the tensor that it is taken from."""

_MODES = tuple(mode for mode in PAD_BORDERS if PAD_BORDERS[mode] not in ("zero", "cut", "none"))


def as_padding(
    draft: Moves, op: Op, operands: Sequence[int]
) -> tuple[Op, list[int], tuple[int, ...]] | None:
    """The concatenation as padding of its one operand, or of what all of them are taken from.

    Behind them the values in between, which are passed by. One operand alone stands beside
    constants, which are a border. None where it is neither.
    """
    axis = _axis(op.links)
    if axis is None:
        return None
    if len(operands) == 1:
        return replace(op, links=tuple(_open(link, axis) for link in op.links)), list(operands), ()
    if op.shape[axis] > PERIOD_LIMIT:
        return None
    paths = [dict(_path(draft, operand, axis)) for operand in operands]
    starts = [_start(link, axis) for link in op.links]
    order = sorted(range(len(paths)), key=starts.__getitem__)
    for root in paths[0]:
        parts = [paths[k].get(root) for k in order]
        if all(part is not None for part in parts):
            places = np.concatenate([part for part in parts if part is not None])
            found = (
                _moved(draft.shape(root), axis, places) if len(places) == op.shape[axis] else None
            )
            if found is not None and found.shape == op.shape:  # else its axes lie elsewhere
                between = [i for path in paths for i in takewhile(root.__ne__, path)]
                return found, [root], tuple(dict.fromkeys(between))
    return None


def _axis(links: Sequence[AnyLink | None]) -> int | None:
    """The axis along which all links are parts of a concatenation."""
    axes: set[int] = set()
    for link in links:
        if not isinstance(link, Link) or len(link.changed) != 1 or not link.stays:
            return None
        (axis,) = link.changed
        relation = link.reads[axis].relation
        if not isinstance(relation, Sliding) or relation.border != "cut":
            return None
        if not relation.period == relation.advance == 1:
            return None
        axes.add(axis)
    return axes.pop() if len(axes) == 1 else None


def _start(link: AnyLink | None, axis: int) -> int:
    relation = link.reads[axis].relation if isinstance(link, Link) else None
    return -relation.taps[0].first if isinstance(relation, Sliding) else 0


def _open(link: AnyLink | None, axis: int) -> Link:
    """The same part with a border of zeros in the place of an end."""
    assert isinstance(link, Link)
    reads = list(link.reads)
    reads[axis] = Read(axis, shift(-_start(link, axis)))
    return Link(reads)


def _path(draft: Moves, index: int, axis: int) -> Iterator[tuple[int, Places | None]]:
    """A value and those that it is cut from, each with the places along ``axis`` that it holds.

    None on the way, where axes of one position come and go (an element is repeated along one).
    """
    rank, at = len(draft.shape(index)), axis
    places: Places = np.arange(draft.shape(index)[axis], dtype=np.int64)
    for _ in range(LONGEST):
        yield index, places if at == axis and len(draft.shape(index)) == rank else None
        node = draft.nodes[index]
        if index not in draft.moved or len(node.operands) != 1 or node.known is not None:
            return
        (link,) = node.links
        if link.is_identity:
            index = node.operands[0]
            continue
        before = draft.shape(node.operands[0])
        if isinstance(link, Reshaped):
            same = _same_axis(before, node.shape, at, axis)
            if same is None:
                return
            index, at = node.operands[0], same
            continue
        if len(before) != len(node.shape):
            return
        if any(r != Read(j, IDENTITY) for j, r in enumerate(link.reads) if j != at):
            return
        read = link.reads[at]
        moved = _taken(read.relation, places) if read.axis in (at, None) else None
        if moved is None or (moved < 0).any() or (moved >= before[at]).any():
            return
        index, places = node.operands[0], moved


def _same_axis(before: Sequence[int], after: Sequence[int], at: int, wanted: int) -> int | None:
    """The axis of ``before`` that is axis ``at`` of ``after``, where only axes of 1 differ.

    An axis of one position is as good as another: it is ``wanted``, if that is one.
    """
    own = [[axis for axis, size in enumerate(shape) if size != 1] for shape in (before, after)]
    if [before[axis] for axis in own[0]] != [after[axis] for axis in own[1]]:
        return None
    if after[at] != 1:
        return own[0][own[1].index(at)]
    return wanted if wanted < len(before) and before[wanted] == 1 else None


def _taken(relation: Relation, places: Places) -> Places | None:
    """The one element that each place reads, or None."""
    if isinstance(relation, At):
        return np.full_like(places, relation.index)
    if not isinstance(relation, Sliding | Table):
        return None
    taps = relation.taps
    if any(len(entry) != 1 for entry in taps):
        return None
    firsts = np.array([entry.first for entry in taps], dtype=np.int64)
    if isinstance(relation, Table):
        return firsts[places]
    block, phase = np.divmod(places, relation.period)
    return relation.advance * block + firsts[phase]


def _moved(shape: Sequence[int], axis: int, places: Places) -> Op | None:
    """The op on a tensor of ``shape`` that gives it these places along ``axis``."""
    size, total = shape[axis], len(places)
    if not total:
        return None
    first = int(places[0])
    if total == size and ((np.arange(size) + first) % size == places).all():
        return roll(shape, {axis: -first if 2 * first <= size else size - first})
    if total <= size:
        return None
    for before in np.flatnonzero(places[: total - size + 1] == 0).tolist():
        if (places[before : before + size] != np.arange(size)).any():
            continue
        rest = [k for k in range(total) if not before <= k < before + size]
        for mode in _MODES:
            if mode != "replicate" and max(before, total - size - before) >= size:
                continue  # laid out again as a whole, which is no border
            if all(fold(k - before, size, PAD_BORDERS[mode]) == places[k] for k in rest):
                return pad(shape, {axis: (before, total - size - before)}, mode=mode)
    return None
