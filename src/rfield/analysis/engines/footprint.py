"""What is being pulled back: marks or weights over a window of one value, kept factored.

A footprint is a product of blocks. An axis along which it is the same everywhere in its window is
*uniform* and costs nothing (2048 channels are one plane); every other axis starts in a block of its
own, and axes share a block only where the footprint really is no product of them (a cross, two
paths of different shape). Arrays have a leading batch axis: many outputs are pulled back at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from ...core.known.codes import ALIVE
from ...errors import too_large
from .scatter import Array, Domain, Window


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """An array over ``axes`` (after the batch axis), covering their windows."""

    axes: tuple[int, ...]
    values: Array


@dataclass(frozen=True, slots=True, eq=False)
class Footprint:
    """``windows[a]`` for every axis, ``blocks`` for the axes that are not uniform.

    ``scale`` (one number per batch entry) is the total of the uniform part.
    """

    windows: tuple[Window, ...]
    blocks: tuple[Block, ...]
    scale: Array

    @property
    def batch(self) -> int:
        """How many outputs are pulled back at once."""
        return len(self.scale)

    def block_of(self, axis: int) -> Block | None:
        """The block that holds ``axis``; None if it is uniform."""
        return next((block for block in self.blocks if axis in block.axes), None)

    def span(self, entry: int, axis: int) -> Window | None:
        """First and past-last reached index of ``axis`` in one batch entry; None: nothing."""
        start, stop = self.windows[axis]
        block = self.block_of(axis)
        if block is None:
            return start, stop
        values = block.values[entry]
        place = block.axes.index(axis)
        hit = np.flatnonzero(values.any(axis=tuple(k for k in range(values.ndim) if k != place)))
        return (start + int(hit[0]), start + int(hit[-1]) + 1) if hit.size else None

    def box(self, entry: int) -> tuple[Window, ...] | None:
        """What one batch entry reaches of every axis; None: nothing."""
        if not self.scale[entry]:
            return None
        spans = [self.span(entry, axis) for axis in range(len(self.windows))]
        known = tuple(span for span in spans if span is not None)
        return known if len(known) == len(spans) else None


def seed(shape: Sequence[int], positions: Sequence[int], index: Array, domain: Domain) -> Footprint:
    """One output position per row of ``index``; all other axes as a whole."""
    windows: list[Window] = [(0, size) for size in shape]
    blocks: list[Block] = []
    for column, axis in enumerate(positions):
        at = index[:, column]
        first, last = int(at.min()), int(at.max())
        windows[axis] = (first, last + 1)
        if first != last:
            values = np.zeros((len(at), last - first + 1), dtype=domain.dtype)
            values[np.arange(len(at)), at - first] = 1
            blocks.append(Block((axis,), values))
    return Footprint(tuple(windows), tuple(blocks), np.ones(len(index), dtype=domain.dtype))


def explicit(foot: Footprint, axis: int, domain: Domain) -> Footprint:
    """The same footprint with ``axis`` in a block."""
    if foot.block_of(axis) is not None:
        return foot
    length = foot.windows[axis][1] - foot.windows[axis][0]
    if foot.batch * length > domain.limit:
        raise too_large("an exact set", foot.batch * length, "Its box is given by region().")
    ones = domain.share(np.ones((foot.batch, length), dtype=domain.dtype), length)
    return Footprint(foot.windows, (*foot.blocks, Block((axis,), ones)), foot.scale)


def merged(foot: Footprint, axes: Sequence[int], domain: Domain) -> Footprint:
    """The same footprint with all of ``axes`` in one block, in that order and before others."""
    if any(block.axes == tuple(axes) for block in foot.blocks):
        return foot
    for axis in axes:
        foot = explicit(foot, axis, domain)
    mine = [block for block in foot.blocks if set(block.axes) & set(axes)]
    rest = [axis for block in mine for axis in block.axes if axis not in axes]
    order = [*axes, *rest]
    cells = foot.batch * prod(
        size for block in mine for size in block.values.shape[1:]
    )  # axes of a block need not be axes of the tensor while it is being reshaped
    if cells > domain.limit:
        raise too_large("an exact set that is no box", cells, "Its box is given by region().")
    values: Array = np.ones((foot.batch,) + (1,) * len(order), dtype=domain.dtype)
    for block in mine:
        values = values * _placed(block, order)
    others = tuple(block for block in foot.blocks if block not in mine)
    return Footprint(foot.windows, (*others, Block(tuple(order), values)), foot.scale)


def _placed(block: Block, order: Sequence[int]) -> Array:
    """A block's array with its axes at their places in ``order``."""
    places = [order.index(axis) for axis in block.axes]
    shape = [len(block.values)] + [1] * len(order)
    for place, size in zip(places, block.values.shape[1:], strict=True):
        shape[1 + place] = size
    ranked = sorted(range(len(places)), key=places.__getitem__)
    return block.values.transpose(0, *(1 + k for k in ranked)).reshape(shape)


def without_known(foot: Footprint, codes: Array, domain: Domain) -> Footprint | None:
    """The same footprint without the elements of the value that no input changes."""
    axes = [axis for axis, size in enumerate(codes.shape) if size > 1]
    if not axes:
        return foot if codes.size and not codes.any() else None
    foot = merged(foot, axes, domain)
    block = next(b for b in foot.blocks if axes[0] in b.axes)
    part = tuple(slice(*foot.windows[a]) if a in axes else slice(None) for a in range(codes.ndim))
    sizes = [foot.windows[a][1] - foot.windows[a][0] for a in axes]
    alive = (codes[part] == ALIVE).reshape((1, *sizes, *(1,) * (len(block.axes) - len(axes))))
    others = tuple(b for b in foot.blocks if b is not block)
    kept = Block(block.axes, block.values * alive)
    return trimmed(Footprint(foot.windows, (*others, kept), foot.scale), domain)


def widened(values: Array, windows: Sequence[Window], wide: Sequence[Window]) -> Array:
    """``values`` over ``windows`` laid into the larger windows ``wide``."""
    if all(a == b for a, b in zip(windows, wide, strict=True)):
        return values
    whole = np.zeros((len(values), *(stop - start for start, stop in wide)), dtype=values.dtype)
    inside = (slice(a[0] - b[0], a[1] - b[0]) for a, b in zip(windows, wide, strict=True))
    whole[(slice(None), *inside)] = values
    return whole


def joined(one: Footprint, other: Footprint, domain: Domain) -> Footprint:
    """Both together. Axes on which they agree stay factored."""
    if domain.dtype is np.bool_:
        if contains(one, other):
            return one
        if contains(other, one):
            return other
    same = [axis for axis in range(len(one.windows)) if _same(one, other, axis)]
    rest = [axis for axis in range(len(one.windows)) if axis not in same]
    if not rest:
        scale = one.scale.copy()
        domain.add(scale, other.scale)
        return Footprint(one.windows, one.blocks, scale)
    wide = [
        (min(one.windows[a][0], other.windows[a][0]), max(one.windows[a][1], other.windows[a][1]))
        for a in rest
    ]
    total = np.zeros(_cells(one, wide, domain), dtype=domain.dtype)
    for foot in (one, other):
        _lay(total, foot, rest, wide, domain)
    windows = list(one.windows)
    for axis, window in zip(rest, wide, strict=True):
        windows[axis] = window
    kept = tuple(block for block in one.blocks if not set(block.axes) & set(rest))
    ones = np.ones(one.batch, dtype=domain.dtype)
    return Footprint(tuple(windows), (*kept, Block(tuple(rest), total)), ones)


def _cells(foot: Footprint, wide: Sequence[Window], domain: Domain) -> tuple[int, ...]:
    """The shape of an array over windows; an error where it is too large."""
    shape = (foot.batch, *(stop - start for start, stop in wide))
    if prod(shape) > domain.limit:
        raise too_large("an exact set that is no box", prod(shape), "Its box is given by region().")
    return shape


def _lay(
    total: Array, foot: Footprint, axes: Sequence[int], wide: Sequence[Window], domain: Domain
) -> None:
    """Add a footprint's part along ``axes`` to an array over ``wide``, without a copy of it."""
    whole = merged(foot, axes, domain)
    values = next(b for b in whole.blocks if axes[0] in b.axes).values
    if not (whole.scale == 1).all():
        values = values * whole.scale.reshape(-1, *(1,) * len(axes))
    windows = (foot.windows[axis] for axis in axes)
    inside = (slice(a[0] - b[0], a[1] - b[0]) for a, b in zip(windows, wide, strict=True))
    domain.add(total[(slice(None), *inside)], values)


def _same(one: Footprint, other: Footprint, axis: int) -> bool:
    """Whether both have the same factor for ``axis``."""
    if one.windows[axis] != other.windows[axis]:
        return False
    a, b = one.block_of(axis), other.block_of(axis)
    if a is None or b is None:
        return a is b
    return (
        a.axes == b.axes
        and (
            a.values is b.values
            or (a.values.shape == b.values.shape and bool((a.values == b.values).all()))
        )
        and all(one.windows[x] == other.windows[x] for x in a.axes)
    )


def contains(one: Footprint, other: Footprint) -> bool:
    """Whether every mark of ``other`` is in ``one`` (marks only; False where it is not plain)."""
    for a, b in zip(one.windows, other.windows, strict=True):
        if a[0] > b[0] or a[1] < b[1]:
            return False
    if not (one.scale | ~other.scale).all():
        return False
    for block in one.blocks:
        inside = tuple(
            slice(other.windows[a][0] - one.windows[a][0], other.windows[a][1] - one.windows[a][0])
            for a in block.axes
        )
        mine = block.values[(slice(None), *inside)]
        theirs: Array = np.ones((other.batch,) + (1,) * len(block.axes), dtype=np.bool_)
        for candidate in other.blocks:
            if set(candidate.axes) <= set(block.axes):
                theirs = theirs & _placed(candidate, block.axes)
            elif set(candidate.axes) & set(block.axes):
                return False
        if not (mine | ~theirs).all():
            return False
    return True


def trimmed(foot: Footprint, domain: Domain) -> Footprint | None:
    """Without empty margins and with uniform axes recognised; None if nothing is left."""
    if not foot.scale.any():
        return None
    windows = list(foot.windows)
    blocks: list[Block] = []
    scale = foot.scale
    for block in foot.blocks:
        axes, values = list(block.axes), block.values
        for axis in block.axes:
            place = 1 + axes.index(axis)
            others = tuple(k for k in range(values.ndim) if k != place)
            hit = np.flatnonzero(values.any(axis=others))
            if not hit.size:
                return None
            first, stop = int(hit[0]), int(hit[-1]) + 1
            part = (slice(None),) * place + (slice(first, stop),)
            values = values[part]
            start = windows[axis][0]
            windows[axis] = (start + first, start + stop)
            head = values[(slice(None),) * place + (slice(0, 1),)]
            if (values == head).all():
                values = domain.collect(values, place)
                axes.remove(axis)
        if axes:
            blocks.append(Block(tuple(axes), values))
        else:
            scale = scale * values
    return Footprint(tuple(windows), tuple(blocks), scale)
