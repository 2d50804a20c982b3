"""Small graphs of all op kinds, each about as often as any other: for the longest search."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.oracle import generator as g
from tests.oracle import program as p


def tile(rng: Random, shape: p.Ints) -> p.Op:
    return p.Tile(rng.randrange(1, len(shape)), rng.randint(2, 3))


def repeat(rng: Random, shape: p.Ints) -> p.Op:
    return p.Repeat(rng.randrange(1, len(shape)), rng.randint(2, 3))


def select(rng: Random, shape: p.Ints) -> p.Op:
    """A spatial axis is dropped, as long as one is left."""
    if len(shape) < 4:
        return g.flip(rng, shape)
    axis = rng.randrange(2, len(shape))
    return p.Select(axis, rng.randrange(shape[axis]))


def permute(rng: Random, shape: p.Ints) -> p.Op:
    """Any order of all axes but the first; mostly channels stay where they are."""
    kept = 2 if rng.random() < 0.6 else 1
    order = list(range(kept, len(shape)))
    rng.shuffle(order)
    return p.Permute((*range(kept), *order))


def dropped(rng: Random, shape: p.Ints) -> p.Op:
    """A reduction of several axes; of positions also without keeping them (channels stay)."""
    keeps = rng.random() < 0.6 or len(shape) < 4
    axes = [axis for axis in range(1 if keeps else 2, len(shape)) if rng.random() < 0.4]
    keeps = keeps or len(shape) - len(axes) < 3
    return p.Reduce(tuple(axes) or (2,), keeps)


def frames(rng: Random, shape: p.Ints) -> p.Op:
    axis, size = rng.randrange(2, len(shape)), rng.randint(1, 3)
    dilation, pads = rng.choice([1, 1, 2]), (rng.randint(0, 1), rng.randint(0, 1))
    return p.Frames(axis, size, rng.randint(1, 3), dilation, *pads)


def overlap_add(rng: Random, shape: p.Ints) -> p.Op:
    """Laid together as ``Frames`` cut them, a little more or less of it."""
    if len(shape) < 4:
        return frames(rng, shape)
    axis = rng.randrange(2, len(shape) - 1)
    windows, places = shape[axis : axis + 2]
    step, dilation, before = rng.randint(1, 3), rng.choice([1, 1, 2]), rng.randint(0, 1)
    size = step * (windows - 1) + dilation * (places - 1) + 1 - before + rng.randint(-1, 1)
    return p.OverlapAdd(axis, step, max(1, size), dilation, before)


KINDS: list[tuple[g.Proposal, int]] = [
    (g.conv, 5), (g.pool, 4), (g.transposed, 4), (g.resize, 3), (g.adaptive, 1), (g.pad, 3),
    (g.crop, 1), (g.slice_, 2), (g.flip, 1), (g.roll, 1), (g.gather, 1), (g.whole, 2), (dropped, 1),
    (g.running, 1), (g.reshape, 2), (permute, 2), (g.to_space, 2), (g.to_depth, 2), (tile, 1),
    (repeat, 1), (select, 1), (frames, 2), (overlap_add, 2),
    (lambda _rng, _shape: p.Pointwise("pointwise"), 1),
]  # fmt: skip


class EveryJoin(g.Sketch):
    """Joins of all kinds: also matrix products and values written into another."""

    def join(self, names: list[str]) -> str | None:
        shapes = [self.shapes[name] for name in names]
        if self.rng.random() < 0.7 or len({*map(len, shapes)}) > 1 or min(map(min, shapes)) < 1:
            return super().join(names)
        make = self.rng.choice([self.product, self.written])
        return make(names[0], names[1])

    def cut(self, name: str, axis: int, size: int) -> str:
        """The first ``size`` indices."""
        if self.shapes[name][axis] <= size:
            return name
        return self.add(p.Slice(axis, 0, size, 1), name) or name

    def product(self, left: str, right: str) -> str | None:
        x, y = self.shapes[left], self.shapes[right]
        rank = len(x)
        for axis in range(1, rank - 2):
            least = min(x[axis], y[axis])
            left, right = self.cut(left, axis, least), self.cut(right, axis, least)
        least = min(x[-1], y[-2])
        left, right = self.cut(left, rank - 1, least), self.cut(right, rank - 2, least)
        fits = self.shapes[left][-1] == self.shapes[right][-2]
        return self.add(p.Matmul(), left, right) if fits else None

    def written(self, old: str, new: str) -> str | None:
        target = tuple(map(min, self.shapes[old], self.shapes[new]))
        axis = self.rng.randrange(2, len(target))
        old, new = self.fit(old, target, axis), self.fit(new, target, axis)
        size = self.shapes[old][axis]
        start, step = self.rng.randrange(size), self.rng.randint(1, 3)
        return self.add(
            p.Overwrite(axis, start, step), old, self.cut(new, axis, len(range(start, size, step)))
        )


def small(rng: Random) -> p.Program:
    """A graph of 2 to 12 layers; half of them without ops that couple axes, so with a theory."""
    moving = (g.reshape, permute, g.to_space, g.to_depth, frames, overlap_add)
    kinds = KINDS if rng.random() < 0.5 else [kind for kind in KINDS if kind[0] not in moving]
    program = g.joined(rng, EveryJoin(rng, kinds, most=240))
    return replace(program, outputs=program.outputs[-1:])
