"""Ops that only move elements, held against NumPy moving the numbers of the elements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from rfield.core import layout
from rfield.core.link import reads_of
from rfield.core.operation import Op

Numbers = NDArray[np.int64]


def moved(steps: Sequence[Op], shape: tuple[int, ...]) -> list[list[int]]:
    """For every element of the last op's output the numbers of the elements that it reads."""
    found: list[list[int]] = []
    for index in product(*map(range, steps[-1].shape)):
        spots = [index]
        for number in reversed(range(len(steps))):
            before = steps[number - 1].shape if number else shape
            (link,) = steps[number].links
            assert link is not None
            # What lies outside is padding.
            spots = [
                read
                for spot in spots
                for read in reads_of(link, spot, before)
                if all(0 <= i < n for i, n in zip(read, before, strict=True))
            ]
        found.append(sorted(int(np.ravel_multi_index(spot, shape)) for spot in spots))
    return found


def shuffled(x: Numbers, block: tuple[int, int], *, first: bool) -> Numbers:
    """``depth_to_space`` of (batch, channel, rows, columns), of PyTorch or TensorFlow."""
    n, c, h, w = x.shape
    a, b = block
    if first:
        cells = x.reshape(n, c // (a * b), a, b, h, w).transpose(0, 1, 4, 2, 5, 3)
    else:
        cells = x.reshape(n, a, b, c // (a * b), h, w).transpose(0, 3, 4, 1, 5, 2)
    return cells.reshape(n, c // (a * b), h * a, w * b)


def gathered(x: Numbers, block: tuple[int, int], *, first: bool) -> Numbers:
    """``space_to_depth``."""
    n, c, h, w = x.shape
    a, b = block
    cells = x.reshape(n, c, h // a, a, w // b, b)
    order = (0, 1, 3, 5, 2, 4) if first else (0, 3, 5, 1, 2, 4)
    return cells.transpose(order).reshape(n, c * a * b, h // a, w // b)


def last(x: Numbers) -> Numbers:
    """The channel axis at the end."""
    return x.transpose(0, 2, 3, 1)


D2S, S2D = layout.depth_to_space, layout.space_to_depth
Case = tuple[
    tuple[int, ...], Callable[[tuple[int, ...]], Op | list[Op]], Callable[[Numbers], Numbers]
]
CASES: list[Case] = [
    ((2, 7), lambda s: layout.slice_(s, 1, 1, 6, 2), lambda x: x[:, 1:6:2]),
    ((2, 7), lambda s: layout.slice_(s, -1, 5, -1, -2), lambda x: x[:, 5::-2]),
    ((2, 7), lambda s: layout.slice_(s, 0, 0, 0, 1), lambda x: x[:0]),
    ((2, 5), lambda s: layout.flip(s, [1]), lambda x: x[:, ::-1]),
    ((2, 5), lambda s: layout.flip(s, [0, -1]), lambda x: x[::-1, ::-1]),
    ((3, 5), lambda s: layout.select(s, 0, -1), lambda x: x[2]),
    ((3, 5, 2), lambda s: layout.select(s, 1, 3), lambda x: x[:, 3]),
    ((3, 5), lambda s: layout.gather(s, 1, [4, 0, -2, 0]), lambda x: x[:, [4, 0, 3, 0]]),
    ((3, 5), lambda s: layout.gather(s, 1, [-1, 2, 0]), lambda x: x[:, [4, 2, 0]]),
    ((3, 5), lambda s: layout.gather(s, 1, [2, 2]), lambda x: x[:, [2, 2]]),
    ((3, 5), lambda s: layout.gather(s, 0, [1]), lambda x: x[[1]]),
    ((3, 5), lambda s: layout.gather(s, 1, [0, 2, 3]), lambda x: x[:, [0, 2, 3]]),
    ((2, 3, 4), lambda s: layout.permute(s, (2, 0, 1)), lambda x: x.transpose(2, 0, 1)),
    ((2, 3, 4), lambda s: layout.permute(s, (1, -1, 0)), lambda x: x.transpose(1, 2, 0)),
    ((2, 6, 4), lambda s: layout.reshape(s, (3, 4, 4)), lambda x: x.reshape(3, 4, 4)),
    ((2, 6, 4), lambda s: layout.reshape(s, (2, 2, -1)), lambda x: x.reshape(2, 2, 12)),
    ((2, 1, 6), lambda s: layout.reshape(s, (3, 4, 1)), lambda x: x.reshape(3, 4, 1)),
    ((1, 4, 9), lambda s: layout.reshape(s, (6, 6, 1)), lambda x: x.reshape(6, 6, 1)),
    ((3, 1), lambda s: layout.expand(s, (2, 3, 4)), lambda x: np.broadcast_to(x, (2, 3, 4))),
    ((2, 3), lambda s: layout.tile(s, {1: 3}), lambda x: np.tile(x, (1, 3))),
    ((2, 3), lambda s: layout.tile(s, {0: 2, 1: 1}), lambda x: np.tile(x, (2, 1))),
    ((2, 1), lambda s: layout.tile(s, {1: 3}), lambda x: np.tile(x, (1, 3))),
    ((2, 3), lambda s: layout.repeat_each(s, 1, 3), lambda x: x.repeat(3, 1)),
    ((2, 3), lambda s: layout.repeat_each(s, 0, 1), lambda x: x),
    (
        (2, 10),
        lambda s: layout.frames(s, 1, 4, 2),
        lambda x: np.lib.stride_tricks.sliding_window_view(x, 4, 1)[:, ::2],
    ),
    (
        (10, 2),
        lambda s: layout.frames(s, 0, 3, 2, dilation=2),
        lambda x: np.lib.stride_tricks.sliding_window_view(x, 5, 0)[::2, :, ::2].swapaxes(1, 2),
    ),
    ((1, 12, 2, 3), lambda s: D2S(s, (2, 3), axes=(2, 3), channel_axis=1),
     lambda x: shuffled(x, (2, 3), first=True)),
    ((1, 12, 2, 3), lambda s: D2S(s, (2, 3), axes=(2, 3), channel_axis=1, channels_first=False),
     lambda x: shuffled(x, (2, 3), first=False)),
    ((1, 2, 3, 12), lambda s: D2S(s, (2, 3), axes=(1, 2), channel_axis=3, channels_first=False),
     lambda x: last(shuffled(x.transpose(0, 3, 1, 2), (2, 3), first=False))),
    ((1, 2, 3, 12), lambda s: D2S(s, (2, 3), axes=(1, 2), channel_axis=-1),
     lambda x: last(shuffled(x.transpose(0, 3, 1, 2), (2, 3), first=True))),
    ((1, 2, 4, 6), lambda s: S2D(s, (2, 3), axes=(2, 3), channel_axis=1),
     lambda x: gathered(x, (2, 3), first=True)),
    ((1, 2, 4, 6), lambda s: S2D(s, (2, 3), axes=(2, 3), channel_axis=1, channels_first=False),
     lambda x: gathered(x, (2, 3), first=False)),
    ((1, 4, 6, 2), lambda s: S2D(s, (2, 3), axes=(-3, -2), channel_axis=3, channels_first=False),
     lambda x: last(gathered(x.transpose(0, 3, 1, 2), (2, 3), first=False))),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "make", "move"), CASES)
def test_elements_go_where_numpy_puts_them(
    shape: tuple[int, ...],
    make: Callable[[tuple[int, ...]], Op | list[Op]],
    move: Callable[[Numbers], Numbers],
) -> None:
    made = make(shape)
    steps = made if isinstance(made, list) else [made]
    expected = move(np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape))
    assert steps[-1].shape == expected.shape
    assert moved(steps, shape) == [[number] for number in expected.reshape(-1).tolist()]


@pytest.mark.parametrize(
    ("step", "dilation", "before"), [(1, 1, 0), (2, 1, 1), (2, 2, 0), (3, 1, 2)]
)
def test_overlapping_frames_are_added_up(step: int, dilation: int, before: int) -> None:
    count, places, size = 4, 3, 9
    steps = layout.overlap_add((2, count, places), 1, step, size, dilation=dilation, before=before)
    expected = [
        [
            row * count * places + window * places + place
            for window in range(count)
            for place in range(places)
            if step * window + dilation * place - before == i
        ]
        for row in range(2)
        for i in range(size)
    ]
    assert moved(steps, (2, count, places)) == expected


@pytest.mark.parametrize("positions", [range(1, 6, 2), range(0, 6, 3), range(2, 5, 2), range(3, 4)])
def test_an_assignment_reads_the_new_element_there_and_the_old_one_elsewhere(
    positions: range,
) -> None:
    old, new = layout.overwrite((6, 2), 0, positions).links
    assert old is not None
    assert new is not None
    written = {position: k for k, position in enumerate(positions)}
    for i, j in product(range(6), range(2)):
        assert reads_of(old, (i, j), (6, 2)) == ([] if i in written else [(i, j)])
        at = reads_of(new, (i, j), (len(positions), 2))
        assert at == ([(written[i], j)] if i in written else [])


def test_parts_of_a_concatenation_begin_where_the_last_one_ended() -> None:
    shapes = [(2, 3), (2, 1), (2, 4)]
    op = layout.concat(*shapes, axis=-1)
    assert (op.shape, op.join) == ((2, 8), True)
    begins = (0, 3, 4)
    for link, begin, shape in zip(op.links, begins, shapes, strict=True):
        assert link is not None
        for i, j in product(range(2), range(8)):
            inside = [at for at in reads_of(link, (i, j), shape) if 0 <= at[1] < shape[1]]
            assert inside == ([(i, j - begin)] if begin <= j < begin + shape[1] else [])
    assert not layout.concat((2, 3), axis=0).join
