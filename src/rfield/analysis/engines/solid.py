"""Which values read boxes without holes: a proof, value by value.

The bounds of a unit are the hull of what it reads. They are all of it where the unit reads a value
that has no holes itself, window by window without a gap between them, and where one operand of a
join reads at least what the others do. That is so in nearly every convolutional network without
dilation; where it cannot be shown so, the set itself has to be looked at (``pixels.support``).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product
from math import prod

import numpy as np
from numpy.typing import NDArray

from ...core.graph import Graph
from ...core.limits import MOST_UNITS
from ...core.link import AnyLink, Reshaped
from ...core.relation import IDENTITY, At, Relation, Sliding, Table, Whole
from .clipped import through_clipped
from .everywhere import Everywhere
from .pull import NOTHING, Bounds, Ints

Flags = NDArray[np.bool_]

MOST_STEPS = 16
"""Distances between neighbouring taps that are looked at."""


def solid_values(graph: Graph, source: int, everywhere: Everywhere) -> frozenset[int]:
    """The values each element of which is shown to read all of its box."""
    bounds = {source: everywhere.bounds(source)}
    found = {source}
    for value in sorted(graph.dependents(source) - {source}):
        bounds[value] = after = everywhere.bounds(value)
        if after is None:
            continue
        node = graph.nodes[value]
        shown: list[list[Flags]] = []
        for operand, link in zip(node.operands, node.links, strict=True):
            before = bounds.get(operand)
            if operand in found and before is not None and _keeps(link, before):
                shape = graph.nodes[operand].shape
                shown.append(_same(link, shape, before, node.shape, after))
        if is_covered(shown, len(node.shape)):
            found.add(value)
    return frozenset(found)


def _same(
    link: AnyLink,
    shape: tuple[int, ...],
    before: tuple[Bounds, ...],
    into: tuple[int, ...],
    after: tuple[Bounds, ...],
) -> list[Flags]:
    """Where what comes through one link is all that is read, along each axis of the source."""
    have = tuple((0, size) for size in shape)
    want = tuple((0, size) for size in into)
    found: list[Flags] = []
    for mine, (low, high) in zip(before, after, strict=True):
        passed = through_clipped(mine, link, shape, have, want)
        nothing = low > high
        if passed is None:
            found.append(nothing)
        else:
            found.append(nothing | ((passed[0] == low) & (passed[1] == high)))
    return found


def is_covered(shown: list[list[Flags]], rank: int) -> bool:
    """Whether each slice of a tensor along some axis has an operand that shows all of it."""
    if any(all(bool(flags.all()) for flags in one) for one in shown):
        return True
    for axis in range(rank if len(shown) > 1 else 0):
        rest = tuple(a for a in range(rank) if a != axis)
        slices = [_every([np.asarray(f.all(axis=rest)) for f in one]) for one in shown]
        if np.logical_or.reduce(np.broadcast_arrays(*slices)).all():
            return True
    return False


def _every(flags: Sequence[Flags]) -> Flags:
    """Where all of several flags are set; they are repeated along axes of size 1."""
    return np.logical_and.reduce(np.broadcast_arrays(*flags))


def _keeps(link: AnyLink, before: tuple[Bounds, ...]) -> bool:
    """Whether a union of the operand's boxes that the link reads is a box without holes."""
    if isinstance(link, Reshaped):
        return True
    if link.coupled:
        return False
    moving: list[int] = []
    for axis, read in enumerate(link.reads):
        moves = any(low.shape[axis] > 1 for low, _ in before)
        if moves and not is_single(read.relation) and not _has_largest(before, axis, read.relation):
            moving.append(axis)
    if not moving:
        return True
    if _are_apart(before, moving):
        return all(_touch(before, axis, link.reads[axis].relation) for axis in moving)
    wholes = all(isinstance(link.reads[axis].relation, Whole) for axis in moving)
    return wholes and _fill(before, moving)


def _are_apart(before: tuple[Bounds, ...], moving: list[int]) -> bool:
    """Whether the bounds along each axis of the source change along an axis of their own.

    Only then is a union over windows along several axes the product of the unions.
    """
    along = [[axis for axis in moving if low.shape[axis] > 1] for low, _ in before]
    used = [axis for axes in along for axis in axes]
    return all(len(axes) <= 1 for axes in along) and len(set(used)) == len(used)


def is_single(relation: Relation) -> bool:
    """Whether every output reads one index at most."""
    if relation == IDENTITY or isinstance(relation, At):
        return True
    if isinstance(relation, (Sliding, Table)):
        return all(len(taps) <= 1 for taps in relation.taps)
    return False


def _steps(relation: Relation) -> set[int] | None:
    """The distances between neighbours among the indices that an output reads; None: unknown."""
    if not isinstance(relation, (Sliding, Table)):
        return {1}
    found: set[int] = set()
    for taps in relation.taps:
        stops = [(comb.start, comb.last) for comb in taps.combs]
        found.update(start - last for (_, last), (start, _) in pairwise(stops))
        for comb in taps.combs:
            found.update([comb.step - comb.width + 1] if comb.count > 1 else [])
            found.update([1] if comb.width > 1 else [])
        if len(found) > MOST_STEPS or any(step < 1 for step in found):
            return None
    border = relation.border if isinstance(relation, Sliding) else "none"
    if border == "circular" or (border not in ("zero", "cut", "none") and found - {1}):
        return None
    return found


def _touch(before: tuple[Bounds, ...], axis: int, relation: Relation) -> bool:
    """Whether the bounds of all that an output reads along an axis leave no gap between them."""
    steps = _steps(relation)
    (bounds,) = [bounds for bounds in before if bounds[0].shape[axis] > 1]
    low, high = (np.moveaxis(side, axis, 0) for side in bounds)
    if steps is None or (low > high).any():
        return False
    return all(
        bool((low[n:] <= high[:-n] + 1).all() and (low[:-n] <= high[n:] + 1).all())
        for n in steps
        if n < len(low)
    )


def _fill(before: tuple[Bounds, ...], moving: list[int]) -> bool:
    """Whether the boxes of all units along some axes leave no hole between them.

    They are painted, for each unit along the other axes, and what is painted is counted.
    """
    shape = np.broadcast_shapes(*(low.shape for low, _ in before))
    others = [axis for axis in range(len(shape)) if axis not in moving]
    sides: list[tuple[Ints, Ints]] = []
    for low, high in before:
        pair = [
            np.broadcast_to(side, shape)
            .transpose(others + moving)
            .reshape(-1, prod(shape[axis] for axis in moving))
            for side in (low, high)
        ]
        sides.append((pair[0], pair[1]))
    reached = np.logical_and.reduce([low <= high for low, high in sides])
    if not reached.any(axis=1).all():
        return False
    sides = [
        (np.where(reached, low, NOTHING[0]), np.where(reached, high, NOTHING[1]))
        for low, high in sides
    ]
    firsts = [low.min(axis=1, keepdims=True) for low, _ in sides]
    spans = [
        int((high.max(axis=1, keepdims=True) - first).max()) + 2
        for (_, high), first in zip(sides, firsts, strict=True)
    ]
    groups = sides[0][0].shape[0]
    if groups * prod(spans) > MOST_UNITS or sides[0][0].size > MOST_UNITS:
        return False
    paint = np.zeros((groups, *spans), dtype=np.int32)
    group: Ints = np.broadcast_to(np.arange(groups, dtype=np.int64)[:, None], reached.shape)[
        reached
    ]
    for corner in product((0, 1), repeat=len(sides)):
        places = [
            ((high + 1 if end else low) - first)[reached]
            for end, (low, high), first in zip(corner, sides, firsts, strict=True)
        ]
        np.add.at(paint, (group, *places), (-1) ** sum(corner))
    for axis in range(1, paint.ndim):
        np.cumsum(paint, axis=axis, out=paint)
    painted = (paint > 0).reshape(groups, -1).sum(axis=1)
    full = np.ones(groups, dtype=np.int64)
    for (_, high), first in zip(sides, firsts, strict=True):
        full *= high.max(axis=1) - first[:, 0] + 1
    return bool((painted == full).all())


def _has_largest(before: tuple[Bounds, ...], axis: int, relation: Relation) -> bool:
    """Whether all are read, and one index along an axis reads at least what every other does."""
    if not isinstance(relation, Whole):
        return False
    size = max(low.shape[axis] for low, _ in before)
    best = np.ones(size, dtype=bool)
    for low, high in before:
        if low.shape[axis] == 1:
            continue
        rest = tuple(a for a in range(low.ndim) if a != axis)
        best &= (low == low.min(axis=axis, keepdims=True)).all(axis=rest)
        best &= (high == high.max(axis=axis, keepdims=True)).all(axis=rest)
    return bool(best.any())


def solid_positions(
    graph: Graph, value: int, everywhere: Everywhere, positions: tuple[int, ...]
) -> bool:
    """Whether some element of every position reads what all of them do, for a solid value."""
    found = everywhere.bounds(value)
    if found is None:
        return False
    rest = [axis for axis in range(len(graph.nodes[value].shape)) if axis not in positions]
    return (
        all(
            not any(low.shape[axis] > 1 for low, _ in found) or _has_largest(found, axis, Whole())
            for axis in rest
        )
        and sum(any(low.shape[axis] > 1 for low, _ in found) for axis in rest) <= 1
    )
