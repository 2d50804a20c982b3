"""Resize coordinates against the ONNX formulas, and taps against interpolation weights."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfield.core.indices import IndexSet
from rfield.core.relation import Sliding
from rfield.core.resampling import (
    Coordinates,
    Method,
    Rounding,
    coordinates,
    repeating,
    resample,
    resampled,
)  # fmt: skip
from rfield.errors import InvalidModelError

sizes = st.integers(1, 13)
HALF = Fraction(1, 2)


def onnx_coordinate(
    mode: Coordinates, i: int, scale: Fraction, size: int, outputs: int
) -> Fraction:
    """The table ``coordinate_transformation_mode`` of the ONNX operator Resize."""
    if mode == "half_pixel":
        return (i + HALF) / scale - HALF
    if mode == "half_pixel_symmetric":
        adjustment = outputs / (scale * size)
        return Fraction(size, 2) * (1 - adjustment) + (i + HALF) / scale - HALF
    if mode == "pytorch_half_pixel":
        return (i + HALF) / scale - HALF if outputs > 1 else Fraction(0)
    if mode == "align_corners":
        return i * Fraction(size - 1, outputs - 1) if outputs > 1 else Fraction(0)
    if mode == "asymmetric":
        return i / scale
    return (i + HALF) / scale


@pytest.mark.parametrize(
    "mode",
    [
        "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
        "tf_half_pixel_for_nn",
    ],
)  # fmt: skip
@given(size=sizes, outputs=sizes, given_scale=st.booleans(), data=st.data())
def test_coordinates_are_those_of_onnx(
    mode: Coordinates, size: int, outputs: int, given_scale: bool, data: st.DataObject
) -> None:
    scale = Fraction(outputs, size)
    if given_scale:  # any scale with floor(size * scale) == outputs
        extra = data.draw(st.fractions(0, 1, max_denominator=4).filter(lambda f: f < 1))
        scale = Fraction(outputs + extra) / size
    slope, offset = coordinates(size, outputs, mode, 1 / scale if given_scale else None)
    for i in range(outputs):
        assert slope * i + offset == onnx_coordinate(mode, i, scale, size, outputs)


def cubic_weight(x: Fraction) -> Fraction:
    a, x = Fraction(-3, 4), abs(x)
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else Fraction(0)


def linear_weight(x: Fraction) -> Fraction:
    return max(Fraction(0), 1 - abs(x))


WEIGHTS = {"linear": linear_weight, "cubic": cubic_weight}


@pytest.mark.parametrize("method", ["linear", "cubic"])
@pytest.mark.parametrize("antialias", [False, True])
@given(
    slope=st.fractions(Fraction(1, 5), 5, max_denominator=6),
    offset=st.fractions(-2, 2, max_denominator=6),
)
def test_taps_are_the_pixels_with_weight(
    method: Method, antialias: bool, slope: Fraction, offset: Fraction
) -> None:
    relation = resample(slope, offset, method, antialias=antialias)
    shrink = max(slope, Fraction(1)) if antialias else Fraction(1)
    for i in range(-7, 8):
        point = slope * i + offset
        near = range(floor(point) - 20, floor(point) + 21)
        expected = {m for m in near if WEIGHTS[method]((m - point) / shrink) != 0}
        assert set(relation.at(i)) == expected


@pytest.mark.parametrize("rounding", ["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"])
@given(slope=st.fractions(0, 5, max_denominator=6), offset=st.fractions(-2, 2, max_denominator=6))
def test_nearest(rounding: Rounding, slope: Fraction, offset: Fraction) -> None:
    relation = resample(slope, offset, "nearest", rounding=rounding)
    for i in range(-7, 8):
        point = slope * i + offset
        low = floor(point)
        rest = point - low
        up = {
            "floor": False,
            "ceil": rest > 0,
            "round_prefer_floor": rest > HALF,
            "round_prefer_ceil": rest >= HALF,
        }[rounding]
        assert list(relation.at(i)) == [low + up]


def test_borders() -> None:
    assert resample(HALF, Fraction(-1, 4), "linear").border == "replicate"
    assert resample(HALF, Fraction(-1, 4), "nearest").border == "replicate"
    assert resample(Fraction(2), HALF, "linear", antialias=True).border == "zero"


def test_a_pattern_that_never_repeats_is_listed():
    """Positions 0, 0.7, 1.4, 2.1, 2.8 and 3.5 of four, and a hair less than each."""
    step = Fraction(7, 10) - Fraction(1, 10**12)
    nearest = resampled(step, Fraction(0), "nearest", (4, 6))
    assert [list(taps) for taps in nearest.taps] == [[0], [0], [1], [2], [2], [3]]
    linear = resampled(step, Fraction(0), "linear", (4, 6))
    assert [list(taps) for taps in linear.taps] == [[0], [0, 1], [1, 2], [2, 3], [2, 3], [3]]


def test_a_pattern_that_is_seen_twice_repeats() -> None:
    taps = tuple(IndexSet.interval(i, i) for i in (0, 1, 1))
    assert repeating([0, 1, 1, 2, 3, 3], 4) == Sliding(3, 2, taps)
    assert repeating([0, 1, 1, 2, 3, 2], 4) is None
    assert repeating([0, 1, 1, 2, 2], 4) is None


@pytest.mark.parametrize("mode", get_args(Coordinates))
def test_nothing_is_interpolated_of_an_empty_axis(mode: Coordinates) -> None:
    with pytest.raises(InvalidModelError, match="resizes an axis of 0 to 9"):
        coordinates(0, 9, mode)
