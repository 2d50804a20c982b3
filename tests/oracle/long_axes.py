"""Wide windows on long axes: what is counted position by position elsewhere is taken in runs here.

One axis of one to two hundred positions; kernels and borders of about seventy.
"""

from __future__ import annotations

from random import Random

from tests.oracle import generator as g
from tests.oracle import program as p


def wide(rng: Random, _: p.Ints) -> p.Op:
    """A dense window, or one with holes, that reaches over the border on either side."""
    dilation = rng.choice([1, 1, 1, 2, 11])
    kernel = rng.choice([3, 7]) if dilation == 11 else rng.choice([65, 66, 71, 80])
    pads = (rng.choice([0, 1, 64, 90]), rng.choice([0, 1, 64, 90]))
    stride = rng.choice([1, 1, 2, 3, 70])
    return p.Window("conv", (kernel,), (stride,), (pads,), (dilation,))


def spread(rng: Random, _: p.Ints) -> p.Op:
    """Transposed: many taps for each phase, or none for most of them."""
    kernel, stride = rng.choice([(65, 1), (140, 2), (9, 4), (1, 3), (3, 5)])
    return p.Transposed((kernel,), (stride,), ((rng.randint(0, 70), 0),), (1,), (0,))


def border(rng: Random, _: p.Ints) -> p.Op:
    mode = rng.choice(["constant", "reflect", "replicate", "circular", "symmetric"])
    return p.Pad(((rng.randint(0, 80), rng.randint(0, 80)),), mode)


def part(rng: Random, shape: p.Ints) -> p.Op:
    start = rng.randrange(shape[2] // 2)
    step = rng.choice([1, 2, 5, -1, -3])
    ends = (start, shape[2] - rng.randint(0, 9))
    return p.Slice(2, *(ends if step > 0 else (ends[1] - 1, start - 1)), step)


def turned(rng: Random, shape: p.Ints) -> p.Op:
    return rng.choice([p.Flip((2,)), p.Roll(((2, rng.randint(-70, 70)),)), p.Tile(2, 2)])


def shrunk(rng: Random, shape: p.Ints) -> p.Op:
    kernel = rng.choice([2, 3, 4])
    return p.Window("max_pool", (kernel,), (kernel,), ((0, 0),), (1,), ceil=rng.random() < 0.5)


KINDS: list[tuple[g.Proposal, int]] = [
    (wide, 6), (spread, 2), (border, 3), (part, 2), (turned, 2), (shrunk, 2), (g.running, 1),
    (g.resize, 1), (g.adaptive, 1),
]  # fmt: skip


def long(rng: Random) -> p.Program:
    """One to four layers, now and then joined with an earlier one."""
    sketch = g.Sketch(rng, KINDS, most=300_000)
    values = [sketch.input((1, 1, rng.randint(100, 200)))]
    for _ in range(rng.randint(1, 4)):
        made = (
            sketch.join(rng.sample(values, 2)) if len(values) > 1 and rng.random() < 0.3 else None
        )
        made = made or sketch.step(values[-1])
        if made not in values:
            values.append(made)
    return sketch.done(sketch.layers[-1].name) if sketch.layers else long(rng)
