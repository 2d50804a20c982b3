"""Sets with holes that are products of sets along each axis: dilation, strips, shifted windows.

What a value reads along one axis of the source is the union of what comes through its links, like
its bounds, only as marks: an array over the value's elements and the positions of that axis. All of
a unit's set is the product of those where that can be shown (as ``solid`` shows it of boxes); then
the holes of a million units cost one row of marks for each of its rows and columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import prod

import numpy as np
from numpy.typing import NDArray

from ...core.graph import Graph
from ...core.known.codes import ALIVE
from ...core.limits import DENSE_LIMIT, MOST_UNITS
from ...core.link import AnyLink, Link, Reshaped
from ...core.relation import IDENTITY, At, Prefix, Relation, Sliding, Whole, indices_at
from .diagonal import placed, written_out
from .everywhere import Everywhere
from .pull import fold_all
from .solid import Flags, is_covered, is_single

Marks = Flags
"""The axes of a tensor, of size 1 where nothing changes, and at the end those of a source axis."""


MOST_PRODUCTS = 1 << 30
"""Multiplications for the proof that one union is a product: half a second."""


class Products:
    """The marks of each value along every axis of the source, worked out when they are needed."""

    def __init__(
        self, graph: Graph, source: int, everywhere: Everywhere, solid: frozenset[int]
    ) -> None:
        self.graph = graph
        self.source = source
        self._everywhere = everywhere
        self._solid = solid
        self._sizes = [graph.nodes[source].shape[axis] for axis in everywhere.axes]
        self._reached = graph.dependents(source)
        self._marks: dict[int, tuple[Marks, ...] | None] = {}
        self._products: dict[int, bool] = {}

    def of(self, value: int) -> tuple[Marks, ...] | None:
        """What each element reads along each axis, if its set is their product; else None."""
        for earlier in sorted(self.graph.behind(value) & self._reached):
            if earlier not in self._marks:
                self._work_out(earlier)
        return self._marks[value] if self._products[value] else None

    def _work_out(self, value: int) -> None:
        self._marks[value], self._products[value] = None, False
        if value in self._solid:
            self._marks[value], self._products[value] = self._boxes(value), True
            return
        if value in self._everywhere.crossed:
            return
        node = self.graph.nodes[value]
        if len(node.operands) == 1 and node.links[0].is_identity and node.known is None:
            (same,) = node.operands
            self._marks[value], self._products[value] = self._marks[same], self._products[same]
            return
        parts: list[tuple[tuple[Marks, ...], bool]] = []
        for operand, link in zip(node.operands, node.links, strict=True):
            if operand not in self._reached:
                continue
            before = self._marks[operand]
            shape = self.graph.nodes[operand].shape
            passed = None if before is None else through(before, link, shape, node.shape)
            if before is None or passed is None:
                return
            parts.append((passed, self._products[operand] and _keeps(link, before)))
        marks = [_union([passed[k] for passed, _ in parts]) for k in range(len(self._sizes))]
        if any(one.size > DENSE_LIMIT for one in marks):
            return
        alive = None if node.known is None else (node.known.codes == ALIVE)[..., None]
        if alive is not None:
            marks = [one & alive for one in marks]
        self._marks[value] = tuple(marks)
        if len(parts) == 1 and alive is None:
            self._products[value] = parts[0][1]
            return
        shown = [
            [((p & alive if alive is not None else p) == m).all(axis=-1)
             for p, m in zip(passed, marks, strict=True)]
            for passed, is_product in parts if is_product
        ]  # fmt: skip
        self._products[value] = is_covered(shown, len(node.shape))

    def _boxes(self, value: int) -> tuple[Marks, ...] | None:
        """The marks of a value that reads boxes without holes."""
        found = self._everywhere.bounds(value)
        assert found is not None
        if any(low.size * n > DENSE_LIMIT for (low, _), n in zip(found, self._sizes, strict=True)):
            return None
        return tuple(
            (low[..., None] <= np.arange(size)) & (np.arange(size) <= high[..., None])
            for (low, high), size in zip(found, self._sizes, strict=True)
        )


def _union(parts: Sequence[Marks]) -> Marks:
    shape = np.broadcast_shapes(*(one.shape for one in parts))
    if prod(shape) > DENSE_LIMIT:
        return np.zeros((DENSE_LIMIT + 1,), dtype=np.bool_)
    return reduce(np.logical_or, parts)


def through(
    marks: tuple[Marks, ...], link: AnyLink, before: Sequence[int], after: Sequence[int]
) -> tuple[Marks, ...] | None:
    """The marks of an operand as those of its reader; None where that is not worked out."""
    found: list[Marks] = []
    for one in marks:
        passed = _reshaped(one, link) if isinstance(link, Reshaped) else _linked(
            one, link, before, after
        )  # fmt: skip
        if passed is None:
            return None
        found.append(passed)
    return tuple(found)


def _linked(one: Marks, link: Link, before: Sequence[int], after: Sequence[int]) -> Marks | None:
    if link.coupled:
        return None
    for axis, read in enumerate(link.reads):
        if read.relation == IDENTITY and read.axis is not None:
            continue
        count = 1 if read.axis is None else after[read.axis]
        one = _read(one.swapaxes(axis, 0), read.relation, before[axis], count).swapaxes(0, axis)
    return placed(link, len(after), one)[0]


def _read(one: Marks, relation: Relation, size: int, count: int) -> Marks:
    """Marks along their first axis, as ``count`` outputs read them."""
    if isinstance(relation, Whole):
        return np.logical_or.reduce(one, axis=0, keepdims=True) & (size > 0)
    if isinstance(relation, At):
        place = relation.index if len(one) > 1 else 0
        return one[place : place + 1]
    if isinstance(relation, Prefix):
        if len(one) == 1:
            return one
        step = -1 if relation.backward else 1
        return np.logical_or.accumulate(one[::step], axis=0)[::step][:count]
    border = relation.border if isinstance(relation, Sliding) else "none"
    rows: list[Marks] = []
    for output in range(count):
        at = np.asarray(indices_at(relation, output, size), dtype=np.int64)
        if border not in ("zero", "cut", "none"):
            at = fold_all(at, size, border)
        at = at[(at >= 0) & (at < size)]
        if len(one) == 1:
            rows.append(one[0] & (len(at) > 0))
        else:
            rows.append(np.logical_or.reduce(one[at], axis=0))
    found = np.stack(rows) if rows else one[:0]
    return found[:1] if len(found) > 1 and (found == found[:1]).all() else found


def _reshaped(one: Marks, link: Reshaped) -> Marks | None:
    full, shape = written_out(link, one.shape)
    if prod(full) > DENSE_LIMIT:
        return None
    return np.broadcast_to(one, full).reshape((*shape, one.shape[-1]))


def _keeps(link: AnyLink, before: tuple[Marks, ...]) -> bool:
    """Whether a union of the products that the link reads is a product."""
    if isinstance(link, Reshaped):
        return True
    if link.coupled:
        return False
    moving: list[int] = []
    for axis, read in enumerate(link.reads):
        if all(one.shape[axis] == 1 for one in before) or is_single(read.relation):
            continue
        if not _has_largest(before, axis, read.relation):
            moving.append(axis)
    along = [[axis for axis in moving if one.shape[axis] > 1] for one in before]
    used = [axis for axes in along for axis in axes]
    if all(len(axes) <= 1 for axes in along) and len(set(used)) == len(used):
        return all(one.any(axis=-1).all() for one in before)
    wholes = all(isinstance(link.reads[axis].relation, Whole) for axis in moving)
    return wholes and _fill(before, moving)


def _has_largest(before: tuple[Marks, ...], axis: int, relation: Relation | None = None) -> bool:
    """Whether all are read, and one index along an axis reads at least what every other does."""
    if relation is not None and not isinstance(relation, Whole):
        return False
    best = np.ones(max(one.shape[axis] for one in before), dtype=np.bool_)
    for one in before:
        if one.shape[axis] > 1:
            rest = tuple(a for a in range(one.ndim) if a != axis)
            best &= (one == one.any(axis=axis, keepdims=True)).all(axis=rest)
    return bool(best.any())


def _fill(before: tuple[Marks, ...], moving: list[int]) -> bool:
    """Whether the union of the products of all elements along some axes is a product."""
    if len(before) != 2:
        return len(before) == 1
    shape = np.broadcast_shapes(*(one.shape[:-1] for one in before))
    others = [axis for axis in range(len(shape)) if axis not in moving]
    count = prod(shape[axis] for axis in moving)
    groups = prod(shape[axis] for axis in others)
    if groups * count * max(one.shape[-1] for one in before) > DENSE_LIMIT:
        return False
    tall, wide = (
        np.broadcast_to(one, (*shape, one.shape[-1]))
        .transpose((*others, *moving, one.ndim - 1))
        .reshape(groups, count, one.shape[-1])
        for one in before
    )
    new = np.ones(count, dtype=np.bool_)  # what is as the element before it adds nothing
    new[1:] = (tall[:, 1:] != tall[:, :-1]).any(axis=(0, 2))
    new[1:] |= (wide[:, 1:] != wide[:, :-1]).any(axis=(0, 2))
    tall, wide = tall[:, new].astype(np.float32), wide[:, new].astype(np.float32)
    plane = tall.shape[2] * wide.shape[2]
    if groups * int(new.sum()) * plane > MOST_PRODUCTS:
        return False
    step = max(1, MOST_UNITS // plane)
    return all(
        _is_product(tall[at : at + step], wide[at : at + step]) for at in range(0, groups, step)
    )


def _is_product(tall: NDArray[np.float32], wide: NDArray[np.float32]) -> bool:
    """Whether the union of products, over the middle axis of both, is the product of unions."""
    union = np.matmul(tall.transpose(0, 2, 1), wide) > 0
    sides = np.logical_or.reduce(tall > 0, axis=1), np.logical_or.reduce(wide > 0, axis=1)
    return bool(np.array_equal(union, sides[0][:, :, None] & sides[1][:, None, :]))


def of_positions(marks: tuple[Marks, ...], positions: Sequence[int]) -> tuple[Marks, ...] | None:
    """Marks of whole positions, if one element of each reads what all of them do; else None."""
    rank = marks[0].ndim - 1
    rest = [axis for axis in range(rank) if axis not in positions]
    varying = [axis for axis in rest if any(one.shape[axis] > 1 for one in marks)]
    if len(varying) > 1 or any(not _has_largest(marks, axis) for axis in varying):
        return None
    order = (*positions, *rest, rank)
    shapes = [(*(one.shape[axis] for axis in positions), one.shape[-1]) for one in marks]
    folded = [np.logical_or.reduce(one, axis=tuple(rest), keepdims=True) for one in marks]
    return tuple(
        one.transpose(order).reshape(shape) for one, shape in zip(folded, shapes, strict=True)
    )
