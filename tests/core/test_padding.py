"""Padding arithmetic against the definitions, by counting and scattering."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfield.core import padding
from rfield.core.relation import Relation, Sliding, Table

kernels = st.integers(1, 7)
strides = st.integers(1, 6)
dilations = st.integers(1, 4)
pads = st.integers(0, 6)


def fits(size: int, kernel: int, stride: int, before: int, after: int, dilation: int) -> int:
    """Count window positions that lie inside the padded axis, one by one."""
    return sum(
        all(-before <= start - before + dilation * k < size + after for k in range(kernel))
        for start in range(0, size + before + after + 1, stride)
    )


@given(st.integers(0, 30), kernels, strides, dilations, st.booleans())
def test_same_is_the_least_padding_with_ceil_n_over_s_outputs(
    size: int, kernel: int, stride: int, dilation: int, lower: bool
) -> None:
    before, after = padding.same(size, kernel, stride, dilation, lower=lower)
    outputs = ceil(Fraction(size, stride))
    assert fits(size, kernel, stride, before, after, dilation) >= outputs
    assert (
        padding.window_count(size, kernel, stride, before, after, dilation, ceil=False) == outputs
    )
    assert abs(before - after) <= 1
    assert before >= after if lower else before <= after
    if size and before + after:
        short = before + after - 1
        assert fits(size, kernel, stride, short, 0, dilation) < outputs


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "dilation", "lower", "expected"),
    [
        (224, 3, 2, 1, False, (0, 1)),
        (224, 3, 2, 1, True, (1, 0)),
        (225, 3, 2, 1, False, (1, 1)),
        (224, 7, 2, 1, False, (2, 3)),
        (7, 2, 1, 1, False, (0, 1)),
        (7, 2, 1, 1, True, (1, 0)),
        (10, 3, 1, 4, False, (4, 4)),
        (10, 1, 3, 1, False, (0, 0)),
        (10, 2, 5, 1, False, (0, 0)),
    ],
)
def test_same_by_hand(
    size: int, kernel: int, stride: int, dilation: int, lower: bool, expected: tuple[int, int]
) -> None:
    assert padding.same(size, kernel, stride, dilation, lower=lower) == expected


@given(st.integers(0, 20), kernels, strides, pads, pads, dilations)
def test_window_count_counts(
    size: int, kernel: int, stride: int, before: int, after: int, dilation: int
) -> None:
    counted = fits(size, kernel, stride, before, after, dilation)
    got = padding.window_count(size, kernel, stride, before, after, dilation, ceil=False)
    assert got == counted


@given(st.integers(1, 20), kernels, strides, pads, pads, dilations)
def test_ceil_mode_counts_partial_windows_but_none_that_starts_behind_the_input(
    size: int, kernel: int, stride: int, before: int, after: int, dilation: int
) -> None:
    extent = dilation * (kernel - 1) + 1
    stop = size + before + after
    starts = [s for s in range(0, stop + stride, stride) if s + extent < stop + stride]
    if starts and starts[-1] >= size + before:
        starts.pop()
    got = padding.window_count(size, kernel, stride, before, after, dilation, ceil=True)
    assert got == len(starts)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pad", "expected"),
    [
        (6, 3, 2, 0, 3),
        (7, 3, 2, 0, 3),
        (5, 2, 2, 0, 3),
        (4, 2, 2, 1, 3),
        (5, 1, 3, 0, 2),
        (1, 3, 3, 0, 1),
        (1, 2, 1, 1, 2),
        (2, 2, 3, 1, 1),
    ],
)
def test_ceil_mode_as_in_pytorch(
    size: int, kernel: int, stride: int, pad: int, expected: int
) -> None:
    """Literals printed by torch.nn.functional.max_pool1d(..., ceil_mode=True)."""
    assert padding.window_count(size, kernel, stride, pad, pad, 1, ceil=True) == expected


@given(st.integers(1, 6), kernels, strides, st.integers(-3, 6), dilations)
def test_transposed_is_the_scatter_of_the_convolution(
    size: int, kernel: int, stride: int, before: int, dilation: int
) -> None:
    readers: dict[int, set[int]] = {}
    for m in range(-60, 61):
        for k in range(kernel):
            readers.setdefault(stride * m - before + dilation * k, set()).add(m)
    relation = padding.transposed(kernel, stride, before, dilation)
    for index in range(-12, 13):
        expected = readers.get(index, set())
        assert set(relation.at(index)) == expected
    outputs = padding.transposed_size(size, kernel, stride, before, 0, dilation, 0)
    assert outputs == max(s * stride + dilation * (kernel - 1) for s in range(size)) - before + 1


@given(st.integers(1, 24), st.integers(1, 24))
def test_adaptive_windows(size: int, outputs: int) -> None:
    relation = padding.adaptive(size, outputs)
    for i in range(outputs):
        first = floor(Fraction(i * size, outputs))
        stop = ceil(Fraction((i + 1) * size, outputs))
        assert set(at(relation, i)) == set(range(first, stop))


def at(relation: Relation, index: int) -> list[int]:
    assert isinstance(relation, (Sliding, Table))
    return list(relation.at(index))


@pytest.mark.parametrize(
    ("border", "mode"),
    [
        ("reflect", "reflect"),
        ("symmetric", "symmetric"),
        ("replicate", "edge"),
        ("circular", "wrap"),
    ],
)
@given(size=st.integers(1, 7), before=st.integers(0, 20), after=st.integers(0, 20))
def test_fold_is_numpys_padding(
    border: padding.Border, mode: str, size: int, before: int, after: int
) -> None:
    padded = np.pad(np.arange(size), (before, after), mode=mode)  # type: ignore[call-overload]
    found = [padding.fold(i, size, border) for i in range(-before, size + after)]
    assert found == padded.tolist()


@pytest.mark.parametrize("border", ["zero", "cut"])
@pytest.mark.parametrize("index", [-1, 3, 100])
def test_nothing_outside_where_zeros_are(border: padding.Border, index: int) -> None:
    assert padding.fold(index, 3, border) is None
    assert padding.fold(1, 3, border) == 1


@pytest.mark.parametrize("border", ["zero", "cut", "reflect", "symmetric", "replicate", "circular"])
def test_an_empty_axis_has_nothing_to_read(border: padding.Border) -> None:
    assert [padding.fold(i, 0, border) for i in (-2, -1, 0, 1)] == [None] * 4
