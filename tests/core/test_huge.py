"""Sizes, strides and dilations of 10**9 are answered: nothing allocates their value.

What would count up to such a value runs into the time limit that pytest sets for one test.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest

from rfield.core import layout, ops, padding
from rfield.core.indices import IndexSet, union
from rfield.core.relation import Sliding, Spaced, compose, join, minimal, preimage, shift, window
from rfield.core.resampling import coordinates, resample
from rfield.errors import TooLargeError

MILLION, BILLION = 10**6, 10**9
MEGABYTES = 40.0


@pytest.fixture(autouse=True)
def frugal() -> Iterator[None]:
    """Fail a test that holds much memory at any moment."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    assert peak < MEGABYTES


def test_a_kernel_of_a_million() -> None:
    conv = window(MILLION, 1, MILLION // 2)
    assert (conv.at(7).first, conv.at(7).last) == (7 - MILLION // 2, 7 + MILLION // 2 - 1)
    twice = compose(conv, conv)
    assert len(twice.taps[0]) == 2 * MILLION - 1


def test_a_stride_of_a_billion() -> None:
    pool = window(3, BILLION, 1)
    twice = compose(pool, pool)
    assert twice.advance == BILLION**2
    hits = {BILLION * j - 1 + k for j in (-1, 0, 1) for k in range(3)}
    assert set(twice.at(0)) == hits
    assert set(preimage(IndexSet.of([BILLION]), pool, 10)) == {1}


def test_a_wide_kernel_under_a_wide_stride() -> None:
    relation = window(MILLION, BILLION, 0)
    assert set(preimage(IndexSet.of([3 * BILLION + 5]), relation, 10)) == {3}
    assert set(preimage(IndexSet.of([3 * BILLION - 5]), relation, 10)) == set()


def test_a_dilation_of_a_billion() -> None:
    conv = window(MILLION, 1, 0, BILLION)
    assert len(conv.taps) == len(conv.taps[0].combs) == 1
    assert len(compose(conv, conv).taps[0]) == 2 * MILLION - 1
    assert set(conv.at(0).clip(0, 3 * BILLION)) == {0, BILLION, 2 * BILLION, 3 * BILLION}


def test_clipping_keeps_a_long_comb_short() -> None:
    teeth = IndexSet.of(range(0, MILLION * BILLION, BILLION))
    clipped = teeth.clip(-5, (MILLION - 2) * BILLION)
    assert len(clipped) == MILLION - 1
    assert len(clipped.combs) == 1
    assert len(teeth.clip(5, BILLION * (MILLION - 1) - 1)) == MILLION - 2


def test_a_long_comb_joined_with_its_own_part() -> None:
    teeth = IndexSet.of(range(0, MILLION * BILLION, BILLION))
    assert union([teeth, teeth.clip(0, 10 * BILLION)]) == teeth


def test_window_arithmetic_on_a_billion_pixels() -> None:
    assert padding.same(BILLION, MILLION, 7, BILLION) == (499999499999997, 499999499999998)
    assert padding.window_count(BILLION, 3, 2, 1, 1, 1, ceil=True) == BILLION // 2 + 1
    assert padding.fold(-BILLION, 7, "reflect") == 4
    assert padding.fold(10 * BILLION, BILLION, "circular") == 0


def test_same_resize_of_a_billion_pixels() -> None:
    slope, offset = coordinates(BILLION, 2 * BILLION, "half_pixel")
    assert resample(slope, offset, "linear").period == 2
    assert resample(Fraction(BILLION), Fraction(BILLION - 1, 2), "cubic").period == 1


def test_long_kernels_upsampled() -> None:
    up = padding.transposed(MILLION, 2, 0, 1)
    assert len(up.at(0)) == MILLION // 2
    down = compose(window(MILLION, 2, 0), up)
    assert down.period == 1
    assert down.taps[0].dense


def test_an_upsampling_that_nobody_can_hold_says_so() -> None:
    with pytest.raises(TooLargeError) as told:
        padding.transposed(3, BILLION, 0, 1)
    assert str(told.value) == (
        "the pattern of a transposed convolution needs 1,000,000,000 cells, more than fit. "
        "Its phases are too many."
    )


def test_coprime_periods_that_nobody_can_hold_say_so() -> None:
    one, other = padding.transposed(2, 1021, 0, 1), padding.transposed(2, 1031, 0, 1)
    with pytest.raises(TooLargeError):
        compose(one, other)
    scaled = Sliding(1031, 1031, tuple(IndexSet.of([i % 3 + i]) for i in range(1031)))
    same_slope = Sliding(1021, 1021, tuple(IndexSet.of([i % 2 + i]) for i in range(1021)))
    with pytest.raises(TooLargeError):
        join([scaled, same_slope])


ON_A_BILLION: dict[str, Callable[[tuple[int, ...]], object]] = {
    "conv": lambda s: ops.conv(s, kernel=(MILLION, MILLION), stride=BILLION, padding="same"),
    "dilated": lambda s: ops.conv(s, kernel=(3, 3), dilation=BILLION, padding=BILLION),
    "grouped": lambda s: ops.conv(s, kernel=(3, 3), groups=2, channels=MILLION),
    "pool": lambda s: ops.pool(s, kernel=(2, 2), stride=3, ceil_mode=True),
    "transposed": lambda s: ops.conv_transpose(s, kernel=(2, 2), stride=2),
    "pad": lambda s: layout.pad(s, {2: (BILLION, BILLION), 3: (1, 1)}, mode="reflect"),
    "flip": lambda s: layout.flip(s, [2, 3]),
    "roll": lambda s: layout.roll(s, {2: BILLION // 3}),
    "slice": lambda s: layout.slice_(s, 2, 0, BILLION, MILLION),
    "concat": lambda s: layout.concat(s, s, axis=2),
    "reshape": lambda s: layout.reshape(s, (2, -1)),
    "merge": lambda s: layout.reshape(s, (1, 2, -1)),
    "permute": lambda s: layout.permute(s, (0, 2, 3, 1)),
    "space_to_depth": lambda s: layout.space_to_depth(s, (2, 2), axes=(2, 3), channel_axis=1),
    "tile": lambda s: layout.tile((1, MILLION), {1: 3}),
    "repeat": lambda s: layout.repeat_each(s, 2, MILLION),
    "frames": lambda s: layout.frames(s, 2, MILLION, 10),
    "cumsum": lambda s: ops.cumulate(s, 2),
    "softmax": lambda s: ops.mix(s, [2], kind="softmax"),
    "reduce": lambda s: ops.reduce(s, [2, 3]),
    "dense": lambda s: ops.dense(s, BILLION, axis=2),
    "broadcast": lambda s: ops.pointwise(s, (1, 1, 1, BILLION)),
}


@pytest.mark.parametrize("op", ON_A_BILLION)
def test_every_op_on_a_billion_by_a_billion(op: str) -> None:
    ON_A_BILLION[op]((1, 2, BILLION, BILLION))


TOO_MANY: list[tuple[Callable[[tuple[int, ...]], object], str]] = [
    (
        lambda s: ops.conv(s, kernel=3, groups=2, channels=BILLION),
        "the pattern of a group needs 500,000,000 cells, more than fit. Its channels are too many.",
    ),
    (
        lambda s: layout.tile(s, {2: 3}),
        "the pattern of tile needs 1,000,000,000 cells, more than fit. Its phases are too many.",
    ),
    (
        lambda s: layout.repeat_each(s, 2, BILLION),
        "the pattern of a repetition needs 1,000,000,000 cells, more than fit. "
        "Its phases are too many.",
    ),
    (
        lambda s: layout.frames(s, 2, 10 * MILLION, 10),
        "the pattern of frames needs 10,000,000 cells, more than fit. Its phases are too many.",
    ),
    (
        lambda s: layout.overwrite(s, 2, range(5, 100, 7)),
        "the table of an assignment needs 1,000,000,000 cells, more than fit. "
        "Its positions are too many.",
    ),
    (
        lambda s: padding.adaptive(s[2], 3 * MILLION),
        "the table of an adaptive pooling needs 3,000,000 cells, more than fit. "
        "Its windows are too many.",
    ),
]


@pytest.mark.parametrize(("op", "text"), TOO_MANY, ids=[text[:40] for _, text in TOO_MANY])
def test_what_nobody_can_hold_says_so(op: Callable[[tuple[int, ...]], object], text: str) -> None:
    with pytest.raises(TooLargeError) as told:
        op((1, 2, BILLION, BILLION))
    assert str(told.value) == text


@pytest.mark.parametrize("count", [5, 5000])
def test_spaced_taps_are_the_listed_ones(count: int) -> None:
    listed = [IndexSet.interval(3 + 7 * k, 4 + 7 * k) for k in range(count)]
    spaced = Spaced.of(IndexSet.interval(3, 4), 7, count)
    assert isinstance(spaced, tuple) == (count < 1000)
    assert len(spaced) == count
    assert list(spaced) == listed
    assert [spaced[0], spaced[-1]] == [listed[0], listed[-1]]
    assert tuple(spaced[1:9:2]) == tuple(listed[1:9:2])
    relation = Sliding(count, 7 * count, spaced)
    assert relation.at(-1) == IndexSet.interval(-4, -3)
    assert minimal(relation) == Sliding(1, 7, (IndexSet.interval(3, 4),))


def test_minimal_of_a_long_period_is_quick() -> None:
    long = Sliding(10080, 10080, tuple(IndexSet.of([i]) for i in range(10080)))
    assert minimal(long) == shift(0)
