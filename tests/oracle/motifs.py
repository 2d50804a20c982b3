"""Pieces of real networks as random programs: windows, attention, shuffles, gates, crosses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from random import Random

from tests.oracle import program as p
from tests.oracle.generator import Sketch, per_axis, stride

Motif = Callable[[Sketch, str], str]


class TooLargeError(Exception):
    """A layer of the piece would be too large."""


def put(sketch: Sketch, op: p.Op, *operands: str) -> str:
    """One layer, or give up."""
    made = sketch.add(op, *operands)
    if made is None:
        raise TooLargeError(op)
    return made


def reshape(sketch: Sketch, name: str, shape: Sequence[int]) -> str:
    return put(sketch, p.Reshape(tuple(shape), tuple(range(2, len(shape)))), name)


def permute(sketch: Sketch, name: str, order: Sequence[int]) -> str:
    return put(sketch, p.Permute(tuple(order)), name)


def attention(sketch: Sketch, name: str) -> str:
    """Every token (second axis from the end) with every other."""
    rank = len(sketch.shapes[name])
    swapped = (*range(rank - 2), rank - 1, rank - 2)
    scores = put(sketch, p.Matmul(), name, permute(sketch, name, swapped))
    if sketch.rng.random() < 0.7:
        scores = put(sketch, p.Softmax(rank - 1), scores)
    return put(sketch, p.Matmul(), scores, name)


def windows(sketch: Sketch, name: str) -> str:
    """Partition into windows, mix inside each, put back; sometimes shifted."""
    rng, shape = sketch.rng, sketch.shapes[name]
    count = len(shape) - 2
    sides = [rng.choice([d for d in range(1, n + 1) if n % d == 0]) for n in shape[2:]]
    shifts = [rng.randint(0, side) for side in sides]
    shifted = rng.random() < 0.4
    if shifted:
        name = put(sketch, p.Roll(tuple((2 + j, -s) for j, s in enumerate(shifts))), name)
    split = [*shape[:2]]
    for n, side in zip(shape[2:], sides, strict=True):
        split += [n // side, side]
    outer, inner = [2 + 2 * j for j in range(count)], [3 + 2 * j for j in range(count)]
    order = [0, *outer, *inner, 1]
    name = permute(sketch, reshape(sketch, name, split), order)
    laid = sketch.shapes[name]
    name = reshape(sketch, name, (shape[0], prod(laid[1 : 1 + count]), prod(sides), shape[1]))
    if rng.random() < 0.7:
        name = attention(sketch, name)
    else:
        name = put(sketch, p.Dense(prod(sides), 2), name)
    name = reshape(sketch, name, laid)
    back = [order.index(axis) for axis in range(len(order))]
    name = reshape(sketch, permute(sketch, name, back), shape)
    if shifted:
        name = put(sketch, p.Roll(tuple((2 + j, s) for j, s in enumerate(shifts))), name)
    return name


def tokens(sketch: Sketch, name: str) -> str:
    """Flatten the space, attend or mix channels, and put it back."""
    shape = sketch.shapes[name]
    name = reshape(sketch, name, (*shape[:2], prod(shape[2:])))
    name = permute(sketch, name, (0, 2, 1))
    name = attention(sketch, name) if sketch.rng.random() < 0.4 else sketch_pointwise(sketch, name)
    return reshape(sketch, permute(sketch, name, (0, 2, 1)), shape)


def sketch_pointwise(sketch: Sketch, name: str) -> str:
    return put(sketch, p.Pointwise("pointwise"), name)


def one_by_one(sketch: Sketch, name: str, channels: int, groups: int = 1) -> str:
    ones = (1,) * (len(sketch.shapes[name]) - 2)
    return put(
        sketch,
        p.Window("conv", ones, ones, "valid", ones, channels=channels, groups=groups),
        name,
    )


def shuffle(sketch: Sketch, name: str) -> str:
    """Grouped convolution, channel shuffle, and a slice of the channels."""
    rng = sketch.rng
    groups = rng.choice([2, 2, 3])
    name = one_by_one(sketch, name, groups * rng.choice([1, 2]))
    shape = sketch.shapes[name]
    count = len(shape) - 2
    kernel, steps = per_axis(rng, count, 1, 3), (1,) * count
    name = put(
        sketch,
        p.Window("conv", kernel, steps, "same", steps, channels=shape[1], groups=groups),
        name,
    )
    if rng.random() < 0.8:
        split = (shape[0], groups, shape[1] // groups, *shape[2:])
        order = (0, 2, 1, *range(3, len(split)))
        name = reshape(sketch, permute(sketch, reshape(sketch, name, split), order), shape)
    if rng.random() < 0.6:
        start = rng.randrange(shape[1])
        name = put(sketch, p.Slice(1, start, rng.randint(start + 1, shape[1]), 1), name)
    return name


def dropped(sketch: Sketch, name: str) -> str:
    """A wide branch beside a narrow one, of which channels are then taken (one may be lost)."""
    shape = sketch.shapes[name]
    count = len(shape) - 2
    ones = (1,) * count
    wide = p.Window("conv", (3,) * count, ones, "same", ones, channels=2)
    both = put(sketch, p.Concat(1), put(sketch, wide, name), name)
    total = sketch.shapes[both][1]
    start = sketch.rng.randrange(total)
    return put(sketch, p.Slice(1, start, sketch.rng.randint(start + 1, total), 1), both)


def gate(sketch: Sketch, name: str) -> str:
    """Squeeze and excitation."""
    shape = sketch.shapes[name]
    axes = tuple(range(2, len(shape)))
    small = put(sketch, p.Reduce(axes, True), name)
    small = one_by_one(sketch, small, shape[1])
    return put(sketch, p.Pointwise("multiply"), name, small)


def cross(sketch: Sketch, name: str) -> str:
    """Long along one axis beside long along another."""
    shape = sketch.shapes[name]
    count, rng = len(shape) - 2, sketch.rng
    ones = (1,) * count
    sides: list[str] = []
    for _ in range(2):
        kernel = tuple(rng.choice([1, 1, 3, 2]) for _ in range(count))
        widths = tuple(rng.choice([1, 1, 2]) for _ in range(count))
        op = p.Window("conv", kernel, ones, "same", widths, channels=shape[1])
        sides.append(put(sketch, op, name))
    joins: list[p.Op] = [p.Pointwise("add"), p.Pointwise("multiply"), p.Concat(1)]
    return put(sketch, rng.choice(joins), *sides)


def twice(sketch: Sketch, name: str) -> str:
    """One value read twice by the same op."""
    shape = sketch.shapes[name]
    axis = sketch.rng.randrange(1, len(shape))
    op = sketch.rng.choice([p.Pointwise("add"), p.Concat(1), p.Concat(axis)])
    return put(sketch, op, name, name)


def cells(sketch: Sketch, name: str) -> str:
    """A convolution at the other side of space-to-depth, or of depth-to-space."""
    rng, shape = sketch.rng, sketch.shapes[name]
    count = len(shape) - 2
    first, second = rng.random() < 0.5, rng.random() < 0.5
    ones = (1,) * count
    kernel = per_axis(rng, count, 1, 3)
    conv = p.Window("conv", kernel, ones, "same", ones, channels=1)
    if rng.random() < 0.5:
        block = tuple(rng.choice([b for b in (1, 2, 3) if n % b == 0]) for n in shape[2:])
        name = put(sketch, p.SpaceToDepth(block, first), name)
        wide = p.Window("conv", kernel, ones, "same", ones, channels=sketch.shapes[name][1])
        return put(sketch, p.DepthToSpace(block, second), put(sketch, wide, name))
    block = tuple(rng.choice([1, 2]) for _ in range(count))
    name = put(sketch, p.DepthToSpace(block, first), one_by_one(sketch, name, prod(block)))
    return put(sketch, p.SpaceToDepth(block, second), put(sketch, conv, name))


def turned(sketch: Sketch, name: str) -> str:
    """Any order of all axes but the first."""
    order = list(range(1, len(sketch.shapes[name])))
    sketch.rng.shuffle(order)
    return permute(sketch, name, (0, *order))


def repeats(sketch: Sketch, name: str) -> str:
    """Some indices, some of them again and again."""
    rng, shape = sketch.rng, sketch.shapes[name]
    axis = rng.randrange(1, len(shape))
    picked = sorted(rng.choices(range(shape[axis]), k=rng.randint(1, 4)))
    return put(sketch, p.Gather(axis, (*picked, picked[0], picked[0])), name)


def sparse(sketch: Sketch, name: str) -> str:
    """A stride larger than the kernel."""
    count = len(sketch.shapes[name]) - 2
    kernel, pads = per_axis(sketch.rng, count, 1, 2), ((1, 1),) * count
    steps = per_axis(sketch.rng, count, 2, 4)
    return put(sketch, p.Window("conv", kernel, steps, pads, (1,) * count, channels=1), name)


def wide(sketch: Sketch, name: str) -> str:
    """A kernel of more taps than are handled one by one."""
    rng, shape = sketch.rng, sketch.shapes[name]
    count = len(shape) - 2
    kernel = tuple(rng.randint(13, 20) if rng.random() < 0.7 else 1 for _ in range(count))
    kind = rng.choice(["conv", "max_pool"])
    steps = stride(rng, count)
    op = p.Window(kind, kernel, steps, "same", (1,) * count, channels=shape[1])
    return put(sketch, op, name)


def mirrored(sketch: Sketch, name: str) -> str:
    """As much padding as the axis allows, then a convolution."""
    rng, shape = sketch.rng, sketch.shapes[name]
    mode = rng.choice(["reflect", "circular", "replicate", "symmetric"])
    most = [n - (mode == "reflect") if mode != "replicate" else 3 for n in shape[2:]]
    pads = tuple((rng.randint(0, min(m, 4)), rng.randint(0, min(m, 4))) for m in most)
    ones = (1,) * len(pads)
    name = put(sketch, p.Pad(pads, mode), name)
    kernel = per_axis(rng, len(pads), 1, 3)
    return put(sketch, p.Window("conv", kernel, ones, "valid", ones, channels=1), name)


def running(sketch: Sketch, name: str) -> str:
    axis = sketch.rng.randrange(2, len(sketch.shapes[name]))
    return put(sketch, p.Cumsum(axis, sketch.rng.random() < 0.5), name)


def plain(sketch: Sketch, name: str) -> str:
    return sketch.step(name)


MOTIFS: list[Motif] = [
    windows, windows, tokens, shuffle, dropped, gate, cross, cross, twice, cells, turned, repeats,
    sparse, wide, mirrored, running, plain, plain, plain, plain,
]  # fmt: skip


def assembled(rng: Random, kinds: Callable[[Random], Sketch]) -> p.Program:
    """Two to five pieces on top of each other, with skip connections and unread outputs."""
    sketch = kinds(rng)
    values = list(sketch.shapes)
    for _ in range(rng.randint(2, 5)):
        before = len(sketch.layers)
        name = rng.choice(values[-2:])
        shape = sketch.shapes[name]
        if len(shape) < 3 or min(shape) < 1:
            break
        if rng.random() < 0.2 and len(values) > 1:
            made = sketch.join(rng.sample(values[-3:], 2))
        else:
            try:
                made = rng.choice(MOTIFS)(sketch, name)
            except TooLargeError:
                for layer in sketch.layers[before:]:
                    del sketch.shapes[layer.name]
                del sketch.layers[before:]
                continue
        if made and made not in values:
            values.append(made)
    layers = [layer.name for layer in sketch.layers]
    if not layers:
        return assembled(rng, kinds)
    extra = [name for name in layers[:-1] if rng.random() < 0.1][:1]
    return sketch.done(
        *extra, rng.choice([values[-1], layers[-1]]) if values[-1] in layers else layers[-1]
    )
