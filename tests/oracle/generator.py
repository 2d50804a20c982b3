"""Random programs from a seed: chains, and graphs with joins, several inputs and several outputs.

Ops are proposed at random and kept when the oracle's own shape rules accept them, so every program
is a valid network; sizes stay small, odd things (size-1 axes, kernels smaller than their stride,
even kernels, one-sided padding, empty slices) are frequent.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from random import Random

from tests.oracle import program as p
from tests.oracle.tensor_meaning import shape_of

MOST_ELEMENTS = 420
LARGEST = {1: 24, 2: 9, 3: 5}
Proposal = Callable[[Random, p.Ints], p.Op]


def per_axis(rng: Random, count: int, low: int, high: int) -> p.Ints:
    """One number per axis; often the same on all."""
    if rng.random() < 0.4:
        return (rng.randint(low, high),) * count
    return tuple(rng.randint(low, high) for _ in range(count))


def some_pairs(rng: Random, count: int, most: int) -> p.Pairs:
    """(before, after) per axis; sides often differ."""
    return tuple((rng.randint(0, most), rng.randint(0, most)) for _ in range(count))


def window_pads(rng: Random, count: int) -> p.Pairs | str:
    """Padding of a window in any of its forms."""
    pads: p.Pairs | str = rng.choice(["same", "same", "same_lower", "valid"])
    return pads if rng.random() < 0.35 else some_pairs(rng, count, 2)


def stride(rng: Random, count: int) -> p.Ints:
    """Mostly 1 and 2."""
    return tuple(rng.choice([1, 1, 1, 2, 2, 3]) for _ in range(count))


def dilation(rng: Random, count: int) -> p.Ints:
    return per_axis(rng, count, 1, 3) if rng.random() < 0.3 else (1,) * count


def conv(rng: Random, shape: p.Ints) -> p.Op:
    count = len(shape) - 2
    channels = rng.choice([1, 2, shape[1]])
    groups = rng.choice([g for g in (1, 2, 3, 4) if shape[1] % g == 0 and channels % g == 0])
    return p.Window(
        "conv", per_axis(rng, count, 1, 4), stride(rng, count), window_pads(rng, count),
        dilation(rng, count), channels=channels, groups=groups,
    )  # fmt: skip


def pool(rng: Random, shape: p.Ints) -> p.Op:
    count = len(shape) - 2
    return p.Window(
        rng.choice(["max_pool", "avg_pool"]), per_axis(rng, count, 1, 3), stride(rng, count),
        window_pads(rng, count), dilation(rng, count), ceil=rng.random() < 0.5, channels=shape[1],
    )  # fmt: skip


def transposed(rng: Random, shape: p.Ints) -> p.Op:
    count = len(shape) - 2
    steps = per_axis(rng, count, 1, 3)
    pads: p.Pairs | str = rng.choice(["same", "valid", "same_lower"])
    if rng.random() < 0.7:
        pads = some_pairs(rng, count, 2)
    kernel, widths = per_axis(rng, count, 1, 4), dilation(rng, count)
    no_extra = isinstance(pads, str) or rng.random() < 0.6
    extra = tuple(0 if no_extra else rng.randint(0, s - 1) for s in steps)
    return p.Transposed(kernel, steps, pads, widths, extra, rng.choice([1, 2]))


def resize(rng: Random, shape: p.Ints) -> p.Op:
    sizes = shape[2:]
    mode = rng.choice(["nearest", "nearest", "linear", "cubic"])
    where = rng.choice(["half_pixel", "align_corners", "asymmetric"])
    rounding = rng.choice(["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"])
    if mode != "nearest":
        rounding = "floor"
    if rng.random() < 0.5:
        size = tuple(max(1, n + rng.randint(-3, 4)) for n in sizes)
        return p.Resize(size, None, mode, where, rounding)
    choices = [
        Fraction(2),
        Fraction(3),
        Fraction(1),
        Fraction(1, 2),
        Fraction(3, 2),
        Fraction(2, 3),
    ]
    return p.Resize(None, tuple(rng.choice(choices) for _ in sizes), mode, where, rounding)


def adaptive(rng: Random, shape: p.Ints) -> p.Op:
    return p.Adaptive(tuple(rng.randint(1, min(n + 1, 6)) for n in shape[2:]))


def pad(rng: Random, shape: p.Ints) -> p.Op:
    mode = rng.choice(["constant", "reflect", "replicate", "circular", "symmetric"])
    pads = some_pairs(rng, len(shape) - 2, 3)
    if mode == "constant" and rng.random() < 0.3:
        pads = tuple((before - 1, after - 1) for before, after in pads)
    return p.Pad(pads, mode)


def crop(rng: Random, shape: p.Ints) -> p.Op:
    return p.Crop(some_pairs(rng, len(shape) - 2, 1))


def slice_(rng: Random, shape: p.Ints) -> p.Op:
    axis = rng.randrange(1, len(shape))
    n = shape[axis]
    if rng.random() < 0.02:
        return p.Slice(axis, 0, 0, 1)
    step = rng.choice([1, 2, 3, -1, -2])
    start = rng.randrange(n)
    stop = rng.randint(start + 1, n) if step > 0 else rng.randint(-1, start - 1)
    return p.Slice(axis, start, stop, step)


def flip(rng: Random, shape: p.Ints) -> p.Op:
    axes = [axis for axis in range(1, len(shape)) if rng.random() < 0.6]
    return p.Flip(tuple(axes) or (len(shape) - 1,))


def roll(rng: Random, shape: p.Ints) -> p.Op:
    axes = range(2, len(shape))
    return p.Roll(tuple((axis, rng.randint(-4, 4)) for axis in axes if rng.random() < 0.8))


def gather(rng: Random, shape: p.Ints) -> p.Op:
    """Irregular indices: evenly spaced ones would be a slice, with another theory."""
    axis = rng.randrange(2, len(shape))
    indices = [rng.randrange(shape[axis]) for _ in range(rng.randint(3, 5))]
    steps = {b - a for a, b in itertools.pairwise(indices)}
    return p.Gather(axis, tuple(indices if len(steps) > 1 else [indices[0]] * 2))


def whole(rng: Random, shape: p.Ints) -> p.Op:
    """An op that reads a whole axis."""
    axis = rng.randrange(1, len(shape))
    return rng.choice([p.Softmax(axis), p.Dense(rng.randint(1, 3), axis), p.Reduce((axis,), True)])


def running(rng: Random, shape: p.Ints) -> p.Op:
    return p.Cumsum(rng.randrange(2, len(shape)), rng.random() < 0.5)


def reshape(rng: Random, shape: p.Ints) -> p.Op:
    """Merge, split or regroup the spatial axes; sometimes mix channels and space."""
    own = rng.random() < 0.25
    total = prod(shape[1:]) if own else prod(shape[2:])
    head = [shape[0]] if own else list(shape[:2])
    count = rng.randint(1, 3) + own
    sizes: list[int] = []
    for _ in range(count - 1):
        sizes.append(rng.choice([d for d in range(1, total + 1) if total % d == 0]))
        total //= sizes[-1]
    sizes.append(total)
    rng.shuffle(sizes)
    result = (*head, *sizes)
    return p.Reshape(result, tuple(range(2, len(result))))


def to_space(rng: Random, shape: p.Ints) -> p.Op:
    block = tuple(rng.choice([1, 2]) for _ in shape[2:])
    return p.DepthToSpace(block, rng.random() < 0.5)


def to_depth(rng: Random, shape: p.Ints) -> p.Op:
    block = tuple(rng.choice([b for b in (1, 2, 3) if n % b == 0]) for n in shape[2:])
    return p.SpaceToDepth(block, rng.random() < 0.5)


PLAIN: list[tuple[Proposal, int]] = [
    (conv, 8), (pool, 5), (transposed, 4), (resize, 3), (pad, 2), (crop, 1), (slice_, 2),
    (flip, 1), (roll, 1), (lambda _rng, _shape: p.Pointwise("pointwise"), 1),
]  # fmt: skip
RARE: list[tuple[Proposal, int]] = [(adaptive, 2), (gather, 2), (whole, 3), (running, 1)]
MOVING: list[tuple[Proposal, int]] = [(reshape, 3), (to_space, 2), (to_depth, 2)]


@dataclass
class Sketch:
    """A program in the making."""

    rng: Random
    kinds: list[tuple[Proposal, int]]
    shapes: dict[str, p.Ints] = field(default_factory=dict)
    inputs: list[tuple[str, p.Ints]] = field(default_factory=list)
    layers: list[p.Layer] = field(default_factory=list)
    most: int = MOST_ELEMENTS

    def input(self, shape: p.Ints) -> str:
        name = f"in{len(self.inputs)}"
        self.inputs.append((name, shape))
        self.shapes[name] = shape
        return name

    def add(self, op: p.Op, *operands: str) -> str | None:
        """Add the op if it is a valid layer of a small size."""
        shape = shape_of(op, [self.shapes[name] for name in operands])
        small = prod(shape) <= self.most and max(shape) <= max(60, self.most // 1000)
        if min(shape) < 0 or not small or (min(shape) == 0 and not isinstance(op, p.Slice)):
            return None
        name = f"l{len(self.layers)}"
        self.layers.append(p.Layer(name, op, operands))
        self.shapes[name] = shape
        return name

    def step(self, operand: str) -> str:
        """One more layer on top of ``operand``."""
        shape = self.shapes[operand]
        makers, weights = zip(*self.kinds, strict=True)
        for _ in range(20 if min(shape) else 0):
            op = self.rng.choices(makers, weights)[0](self.rng, shape)
            if isinstance(op, p.DepthToSpace) and shape[1] % prod(op.block):
                continue
            made = self.add(op, operand)
            if made:
                return made
        made = self.add(p.Pointwise("pointwise"), operand) if min(shape) else None
        return made or operand

    def fit(self, operand: str, shape: p.Ints, keep: int = -1) -> str:
        """``operand`` brought to ``shape`` by cropping, resizing and a 1×1 convolution."""
        own = self.shapes[operand]
        if keep != 1 and own[1] != shape[1]:
            ones = (1,) * (len(shape) - 2)
            mix = p.Window("conv", ones, ones, "valid", ones, channels=shape[1])
            operand = self.add(mix, operand) or operand
        cuts: list[tuple[int, int]] = []
        for axis in range(2, len(shape)):
            extra = 0 if axis == keep else own[axis] - shape[axis]
            before = self.rng.randint(0, max(extra, 0))
            cuts.append((before, max(extra, 0) - before))
        if any(a or b for a, b in cuts):
            operand = self.add(p.Crop(tuple(cuts)), operand) or operand
        return operand

    def join(self, names: list[str]) -> str | None:
        """Add, multiply or concatenate values of equal rank."""
        shapes = [self.shapes[name] for name in names]
        if len({len(shape) for shape in shapes}) > 1 or min(map(min, shapes)) < 1:
            return None
        target = tuple(min(sizes) for sizes in zip(*shapes, strict=True))
        kind = self.rng.choice(["add", "add", "multiply", "channel", "space", "broadcast"])
        if kind == "space":
            axis = self.rng.randrange(2, len(target))
            return self.add(p.Concat(axis), *[self.fit(name, target, axis) for name in names])
        if kind == "channel":
            return self.add(p.Concat(1), *[self.fit(name, target, 1) for name in names])
        if kind == "broadcast":
            wide = [
                tuple(m if n != 1 else 1 for n, m in zip(s, target, strict=True)) for s in shapes
            ]
            names = [self.fit(name, shape) for name, shape in zip(names, wide, strict=True)]
            if any(
                n not in (1, max(column))
                for column in zip(*(self.shapes[name] for name in names), strict=True)
                for n in column
            ):
                return None
            return self.add(p.Pointwise("add"), *names)
        return self.add(p.Pointwise(kind), *[self.fit(name, target) for name in names])

    def done(self, *outputs: str) -> p.Program:
        return p.Program(tuple(self.inputs), tuple(self.layers), outputs)


def _kinds(rng: Random) -> list[tuple[Proposal, int]]:
    kinds = list(PLAIN)
    if rng.random() < 0.3:
        kinds += RARE
    if rng.random() < 0.25:
        kinds += MOVING
    return kinds


def _input_shape(rng: Random, count: int) -> p.Ints:
    channels = rng.choice([1, 1, 2, 4]) if count < 3 else rng.choice([1, 2])
    return (1, channels, *(rng.randint(1, LARGEST[count]) for _ in range(count)))


def chain(rng: Random) -> p.Program:
    """A chain of 1 to 7 layers."""
    sketch = Sketch(rng, _kinds(rng))
    last = sketch.input(_input_shape(rng, rng.choice([1, 1, 1, 2, 2, 3])))
    for _ in range(rng.randint(1, 7)):
        last = sketch.step(last)
    return sketch.done(last) if sketch.layers else chain(rng)


def dag(rng: Random) -> p.Program:
    """A graph of 2 to 12 layers with joins; one or two inputs, one to three outputs."""
    return joined(rng, Sketch(rng, _kinds(rng)))


def joined(rng: Random, sketch: Sketch) -> p.Program:
    """The graph begun by ``sketch``, which says what its layers are."""
    count = rng.choice([1, 1, 2, 2, 3])
    values = [sketch.input(_input_shape(rng, count)) for _ in range(rng.choice([1, 1, 2]))]
    for _ in range(rng.randint(2, 8)):
        if rng.random() < 0.4 and len(values) > 1:
            chosen = rng.sample(values[-4:], min(len(values[-4:]), rng.choice([2, 2, 3])))
            made = sketch.join(chosen)
        elif rng.random() < 0.06 and len(sketch.shapes[values[-1]]) > 3:
            chosen = [rng.choice(values[-3:]) for _ in range(2)]
            made = attend(sketch, chosen)
        else:
            made = sketch.step(rng.choice(values[-3:]))
        if made and made not in values:
            values.append(made)
    layers = [layer.name for layer in sketch.layers]
    if not layers:
        return joined(rng, type(sketch)(rng, sketch.kinds, most=sketch.most))
    extra = [name for name in layers[:-1] if rng.random() < 0.15][:2]
    return sketch.done(*extra, layers[-1])


def attend(sketch: Sketch, names: list[str]) -> str | None:
    """A matrix product over the last two axes, where the sizes allow one."""
    x, y = (sketch.shapes[name] for name in names)
    if len(x) != len(y) or x[-1] != y[-2] or x[:-2] != y[:-2]:
        return None
    return sketch.add(p.Matmul(), *names)


def block(rng: Random) -> p.Program:
    """Pieces of real networks; two inputs now and then."""
    from tests.oracle.motifs import assembled

    def start(rng: Random) -> Sketch:
        sketch = Sketch(rng, _kinds(rng))
        count = rng.choice([1, 1, 2, 2, 2, 3])
        for _ in range(rng.choice([1, 1, 1, 2])):
            sketch.input(_input_shape(rng, count))
        return sketch

    return assembled(rng, start)


def case(kind: str, seed: int) -> p.Program:
    """The program number ``seed`` of its kind."""
    from tests.oracle.every_op import small
    from tests.oracle.long_axes import long

    makers = {"chain": chain, "dag": dag, "block": block, "small": small, "long": long}
    return makers[kind](Random(f"{kind} {seed}"))
