"""Pieces of networks at any size: windows, grids, tokens, gates, pixel shuffles, im2col."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import prod
from random import Random

from tests.oracle import generator as g
from tests.oracle import program as p
from tests.oracle.growing_mixing import (
    attention,
    axial,
    gate,
    group_norm,
    heads,
    mix,
    token_conv,
)
from tests.oracle.growing_networks import (
    WINDOWS,
    Growing,
    Plan,
    UnfitError,
    along_growing,
    divisor,
    like,
    permute,
    reshape,
    same,
    undo,
)

Motif = Callable[[Plan, str], str]
TIMES = {1: (2, 4, 8), 2: (2, 4, 6), 3: (1, 2, 3)}
UNITS = {1: (8, 12, 6), 2: (3, 4, 6), 3: (4,)}


def split_all(plan: Plan, name: str, sides: Sequence[int], *, grid: bool) -> str:
    """Every spatial axis in two: runs and the place in a run, or with ``grid`` as many runs."""

    def make(shape: p.Ints) -> list[int]:
        result = [*shape[:2]]
        for n, side in zip(shape[2:], sides, strict=True):
            if n % side:
                raise ValueError(n)
            result += [side, n // side] if grid else [n // side, side]
        return result

    return reshape(plan, name, make)


def blocks_and_grids(plan: Plan, name: str) -> str:
    """Windows, then a grid over the image: a pair of MaxViT, with or without what it adds to."""
    mixed = windows(plan, name, fixed_grid=False)
    if plan.shapes[mixed] != plan.shapes[name]:
        return mixed
    if plan.rng.random() < 0.3:
        mixed = same(plan, p.Pointwise("add"), name, mixed)
    return windows(plan, mixed, fixed_grid=True)


def windows(plan: Plan, name: str, fixed_grid: bool | None = None) -> str:
    """Partition, mix inside each window or over the grid of windows, put back; maybe shifted."""
    rng, count, whole = plan.rng, plan.rank(name) - 2, name
    fixed_grid = rng.random() < 0.25 if fixed_grid is None else fixed_grid
    choice = (3, 4, 6) if fixed_grid else WINDOWS  # of two cells, attention leaves one place
    sides = [divisor(plan, name, 2 + j, choice) for j in range(count)]
    growing = [j for j in range(count) if plan.grows(name, 2 + j)]
    shifts = tuple((2 + j, -rng.randint(0, sides[j])) for j in growing)
    shifted = rng.random() < 0.4 and bool(shifts)
    if shifted:
        name = same(plan, p.Roll(shifts), name)
    name = split_all(plan, name, sides, grid=fixed_grid)
    first, second = [2 + 2 * j for j in range(count)], [3 + 2 * j for j in range(count)]
    over_grid = fixed_grid or rng.random() < 0.3
    outer, inner = (second, first) if over_grid else (first, second)
    order = [0, *outer, *inner, 1]
    name = turned = permute(plan, name, order)
    into_batch = rng.random() < 0.4

    def tokens(s: p.Ints) -> p.Ints:
        many, each = prod(s[1 : 1 + count]), prod(s[1 + count : 1 + 2 * count])
        return (s[0] * many, each, s[-1]) if into_batch else (s[0], many, each, s[-1])

    name = reshape(plan, name, tokens)
    axis = plan.rank(name) - 2
    if rng.random() < 0.2 and not over_grid:
        name = token_conv(plan, permute(plan, name, (*range(axis), axis + 1, axis)))
        name = permute(plan, name, (*range(axis), axis + 1, axis))
    else:
        name = mix(plan, name, axis, marked=fixed_grid)
    if prod(plan.shapes[name][-1]) != prod(plan.shapes[turned][-1]):
        return name  # all that is left is one position
    name = like(plan, name, turned)
    name = permute(plan, name, [order.index(axis) for axis in range(len(order))])
    name = like(plan, name, whole)
    if shifted:
        name = same(plan, p.Roll(tuple((axis, -step) for axis, step in shifts)), name)
    return name


def tokens(plan: Plan, name: str) -> str:
    """Flatten the space, mix tokens or windows of tokens, and put it back."""
    rng, whole = plan.rng, name
    flat = reshape(plan, name, lambda s: (*s[:2], prod(s[2:])))
    name = permute(plan, flat, (0, 2, 1))
    kind = rng.choice(["mix", "mix", "channels", "conv", "line", "pointwise"])
    if kind == "mix":
        name = mix(plan, name, 1)
    elif kind == "channels":
        name = attention(plan, flat)
        name = permute(plan, name, (0, 2, 1))
    elif kind == "conv":
        name = permute(plan, token_conv(plan, flat), (0, 2, 1))
    elif kind == "line":
        line = p.Window("conv", (3,), (1,), "same", (1,), channels=2)
        name = permute(plan, same(plan, line, flat), (0, 2, 1))
    if prod(plan.shapes[name][-1]) != prod(plan.shapes[whole][-1]):
        return name
    return like(plan, permute(plan, name, (0, 2, 1)), whole)


def shuffled(plan: Plan, name: str) -> str:
    """Pixel unshuffle or shuffle, a convolution or a mix there, perhaps back again."""
    rng, count = plan.rng, plan.rank(name) - 2
    ones = (1,) * count
    kernel, first = g.per_axis(rng, count, 1, 3), rng.random() < 0.5
    block = tuple(divisor(plan, name, 2 + j) if rng.random() < 0.8 else 1 for j in range(count))
    down = rng.random() < 0.6 and max(block) <= 3
    if down:
        name = same(plan, p.SpaceToDepth(block, first), name)
    else:
        block = tuple(rng.choice([1, 2]) for _ in range(count))
    channels = prod(block) * rng.choice([1, 1, 2])
    if rng.random() < 0.8 or not down:
        conv = p.Window("conv", kernel, ones, "same", ones, channels=channels)
        name = same(plan, along_growing(plan, name, conv), name)
    if rng.random() < 0.7 or not down:
        name = same(plan, p.DepthToSpace(block, rng.random() < 0.5), name)
    return name


def patches(plan: Plan, name: str) -> str:
    """A strided convolution with kernels as large as its stride."""
    count = plan.rank(name) - 2
    sides = tuple(min(divisor(plan, name, 2 + j), 4) for j in range(count))
    ones = (1,) * count
    channels = plan.rng.choice([1, 2])
    return same(plan, p.Window("conv", sides, sides, "valid", ones, channels=channels), name)


def columns(plan: Plan, name: str) -> str:
    """im2col: windows cut out along some axes; weighted sums of each, or a mix of all windows."""
    rng, count = plan.rng, plan.rank(name) - 2
    growing = [2 + j for j in range(count) if plan.grows(name, 2 + j)]
    cut = [axis for axis in growing if rng.random() < 0.7] or growing[:1]
    order: list[int] = []
    for done, axis in enumerate(cut):
        size, step = rng.choice([1, 2, 3, 3, 4, 5]), rng.choice([1, 1, 2, 3])
        before, after = rng.choice([(0, 0), (1, 1), (size - 1, 0)])
        dilation = rng.choice([1, 1, 1, 2])
        name = same(plan, p.Frames(axis + done, size, step, dilation, before, after), name)
        order.append(axis + done + 1)
    kept = [axis for axis in range(2, plan.rank(name)) if axis not in order]
    turned = permute(plan, name, [0, 1, *order, *kept])
    many = 2 + len(order)
    if rng.random() < 0.4:
        name = reshape(plan, turned, lambda s: (s[0], prod(s[1:many]), prod(s[many:])))
        return mix(plan, name, rng.choice([1, 2, 2]))
    name = reshape(plan, turned, lambda s: (s[0], prod(s[1:many]), *s[many:]))
    if rng.random() < 0.4:
        return mix(plan, name, rng.randrange(1, plan.rank(name)))
    return same(plan, p.Dense(rng.choice([1, 2]), 1), name)


def overlapping(plan: Plan, name: str) -> str:
    """Frames that overlap, mixed inside each, laid together again."""
    rng = plan.rng
    axis = rng.choice([a for a in range(2, plan.rank(name)) if plan.grows(name, a)] or [2])
    size, step = rng.randint(2, 4), rng.randint(1, 3)
    cut = same(plan, p.Frames(axis, size, step), name)
    mixed = mix(plan, cut, axis + 1) if rng.random() < 0.7 else mix(plan, cut, axis)
    lengths = dict(zip(plan.shapes[mixed], (s[axis] for s in plan.shapes[name]), strict=True))
    return plan.put(lambda s: p.OverlapAdd(axis, step, lengths[s]), mixed)


def merging(plan: Plan, name: str) -> str:
    """Every second row and column, side by side as channels (Swin's patch merging)."""
    rng = plan.rng
    growing = [a for a in range(2, plan.rank(name)) if plan.common(name, a) % 2 == 0]
    for axis in growing:
        if rng.random() < 0.3:
            continue
        parts = [
            plan.put(lambda s, a=axis, b=first: p.Slice(a, b, s[a], 2), name) for first in (0, 1)
        ]
        name = same(plan, p.Concat(1), *parts)
    if rng.random() < 0.4:
        return name
    return same(plan, p.Dense(rng.choice([1, 2]), 1), name)


def halves(plan: Plan, name: str) -> str:
    """Mixing in some channels only, beside others; then perhaps only some are taken."""
    rng = plan.rng
    mixed = rng.choice([gate, axial, tokens, windows])(plan, name)
    if plan.shapes[mixed] != plan.shapes[name] or plan.grows(name, 1):
        return mixed
    both = same(plan, p.Concat(1), *rng.choice([(name, mixed), (mixed, name)]))
    channels = plan.shapes[both][0][1]
    if rng.random() < 0.3:
        both = same(plan, p.Permute((0, 1, *range(plan.rank(both) - 1, 1, -1))), both)
    start = rng.randrange(channels)
    return same(plan, p.Slice(1, start, rng.randint(start + 1, channels), 1), both)


def class_token(plan: Plan, name: str) -> str:
    """One more token, which is the mean of all or the first; attention; it is taken, or dropped."""
    rng = plan.rng
    flat = reshape(plan, name, lambda s: (*s[:2], prod(s[2:])))
    turned = permute(plan, flat, (0, 2, 1))
    place = [n // 2 for n in plan.shapes[name][0][2:]]  # the same one at every size
    middle = {
        (s[0], prod(s[2:]), s[1]): sum(i * prod(s[3 + j :]) for j, i in enumerate(place))
        for s in plan.shapes[name]
    }
    if rng.random() < 0.6:
        extra = same(plan, p.Reduce((1,), True), turned)
    else:
        chosen = plan.put(lambda s: p.Select(1, middle[s]), turned)
        extra = reshape(plan, chosen, lambda s: (s[0], 1, s[1]))
    first = rng.random() < 0.5
    both = same(plan, p.Concat(1), *((extra, turned) if first else (turned, extra)))
    if rng.random() < 0.6:
        both = mix(plan, both, 1)
    kind = rng.choice(["take", "drop", "leave"])
    if kind == "take":
        return plan.put(lambda s: p.Select(1, middle[s[0], s[1] - 1, s[2]]), both)
    if kind == "leave":
        return both
    rest = plan.put(lambda s: p.Slice(1, int(first), s[1] - 1 + first, 1), both)
    if plan.shapes[rest] != plan.shapes[turned]:
        return rest
    return like(plan, permute(plan, rest, (0, 2, 1)), name)


def scrambled(plan: Plan, name: str) -> str:
    """Axes split by fixed lengths, turned and merged; something is mixed; perhaps all back."""
    rng, steps = plan.rng, list[tuple[str, tuple[int, ...] | None]]()
    for _ in range(rng.randint(1, 4)):
        rank = plan.rank(name)
        kind = rng.choice(["split", "merge", "turn"])
        before, order = name, list[int]()
        if kind == "split":
            axis = rng.randrange(1, rank)
            side = divisor(plan, name, axis)
            name = reshape(
                plan, name,
                lambda s, a=axis, d=side: (*s[:a], s[a] // d, d, *s[a + 1 :]),
            )  # fmt: skip
        elif kind == "merge" and rank > 3:
            axis = rng.randrange(0, rank - 1)
            name = reshape(plan, name, lambda s, a=axis: (*s[:a], s[a] * s[a + 1], *s[a + 2 :]))
        elif kind == "turn":
            order = list(range(1, rank))
            rng.shuffle(order)
            name = permute(plan, name, (0, *order))
        steps.append((before, (0, *order) if kind == "turn" else None))
    axis = rng.randrange(1, plan.rank(name))
    kept = plan.shapes[name]
    name = (
        mix(plan, name, axis)
        if rng.random() < 0.8
        else same(plan, along_growing(plan, name, g.conv(rng, kept[0])), name)
    )
    if plan.shapes[name] != kept or rng.random() < 0.3:
        return name
    for before, order in reversed(steps):
        if order is None:
            name = like(plan, name, before)
        else:
            name = permute(plan, name, [order.index(axis) for axis in range(len(order))])
    return name


def plain(plan: Plan, name: str) -> str:
    """One layer that reads axis by axis."""
    rng, shape = plan.rng, plan.shapes[name][0]
    count = len(shape) - 2
    kind = rng.choice([g.conv, g.conv, g.conv, g.pool, g.transposed, g.pad, g.crop, g.roll, None])
    if kind is not None:
        return same(plan, along_growing(plan, name, kind(rng, shape)), name)
    which = rng.choice(["resize", "slice", "repeat", "pointwise"])
    if which == "resize":
        by = rng.choice([Fraction(2), Fraction(1, 2), Fraction(3)])
        scale = tuple(by if plan.grows(name, 2 + j) else Fraction(1) for j in range(count))
        mode = rng.choice(["nearest", "linear"])
        return same(plan, p.Resize(None, scale, mode, "half_pixel"), name)
    axis, step = rng.randrange(2, 2 + count), rng.choice([1, 2, 3])
    first, less = rng.randint(0, 2), rng.randint(0, 2)
    if which == "slice" and plan.grows(name, axis):
        return plan.put(lambda s: p.Slice(axis, first, s[axis] - less, step), name)
    if which == "repeat":
        return same(plan, p.Repeat(axis, 2), name)
    return same(plan, p.Pointwise("pointwise"), name)


def conv_block(plan: Plan, name: str) -> str:
    """A convolution that keeps the size, and its sum with what it read."""
    count, rng = plan.rank(name) - 2, plan.rng
    ones, channels = (1,) * count, plan.shapes[name][0][1]
    kernel = g.per_axis(rng, count, 1, 3)
    conv = p.Window("conv", kernel, ones, "same", g.dilation(rng, count), channels=channels)
    made = same(plan, along_growing(plan, name, conv), name)
    return same(plan, p.Pointwise("add"), made, name) if rng.random() < 0.6 else made


MOTIFS: tuple[Motif, ...] = (
    windows, windows, windows, blocks_and_grids, tokens, tokens, axial, axial, gate, group_norm,
    shuffled, shuffled, patches, columns, columns, scrambled, scrambled, scrambled, plain, plain,
    plain, conv_block, conv_block, overlapping, heads, merging, merging, halves, halves,
    class_token,
)  # fmt: skip


LONGEST = 12_000
"""Positions along one axis: brute force takes the square of it."""


def network(seed: int) -> Growing:
    """The network number ``seed``: one to five pieces on top of each other, with skips."""
    rng = Random(f"growing {seed}")
    count = rng.choice([1, 1, 2, 2, 2, 2, 3])
    units = [rng.choice(UNITS[count]) for _ in range(count)]
    plan, channels = Plan(rng), rng.choice([1, 1, 2])
    plan.shapes["in0"] = [(1, channels, *(u * t for u in units)) for t in TIMES[count]]
    plan.longest = max(plan.shapes["in0"][-1])
    values = ["in0"]
    for _ in range(rng.randint(1, 6)):
        if plan.rank(values[-1]) < 3:
            break
        name = rng.choice(values[-2:]) if rng.random() < 0.2 else values[-1]
        mark = len(plan.layers[0])
        try:
            if rng.random() < 0.2:
                made = joined(plan, name, values)
            else:
                made = rng.choice(MOTIFS)(plan, name)
            if any(max(plan.shapes[layer.name][-1]) > LONGEST for layer in plan.layers[-1][mark:]):
                raise UnfitError(made)
        except UnfitError:
            undo(plan, mark)
            continue
        if made not in values:
            values.append(made)
    if not plan.layers[0]:
        return network(seed + 1_000_003)
    last = plan.layers[0][-1].name
    inputs = plan.shapes["in0"]
    programs = tuple(
        p.Program((("in0", shape),), tuple(layers), (last,))
        for shape, layers in zip(inputs, plan.layers, strict=True)
    )
    return Growing(programs, frozenset(plan.grids))


def joined(plan: Plan, name: str, values: Sequence[str]) -> str:
    """The sum or the concatenation with an earlier value of the same shapes."""
    equal = [v for v in values if v != name and plan.shapes[v] == plan.shapes[name]]
    if not equal:
        raise UnfitError(name)
    op = plan.rng.choice([p.Pointwise("add"), p.Pointwise("multiply"), p.Concat(1)])
    return same(plan, op, plan.rng.choice(equal), name)
