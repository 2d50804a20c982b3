"""Which pixels a resized pixel is made of: resize coordinates as exact fractions.

A resize is two decisions: where output ``i`` lies in the input (``coordinates``: a slope and an
offset), and which pixels around that point it reads (``resample``). Sources: the ONNX ``Resize``
specification for the coordinate modes, PyTorch's ``interpolate`` and TensorFlow's ``image.resize``.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import Literal

from ..errors import InvalidModelError, too_large
from .indices import IndexSet, union
from .limits import RESIZE_LIMIT
from .relation import Sliding, Table

Coordinates = Literal[
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
    "tf_half_pixel_for_nn",
]
Method = Literal["nearest", "linear", "cubic", "lanczos3", "lanczos5"]
Rounding = Literal["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"]

_RADIUS = {"linear": 1, "cubic": 2, "lanczos3": 3, "lanczos5": 5}
_HALF = Fraction(1, 2)


def coordinates(
    size: int, outputs: int, mode: Coordinates, step: Fraction | None = None
) -> tuple[Fraction, Fraction]:
    """``(slope, offset)``: output ``i`` lies at input coordinate ``slope*i + offset``.

    ``step`` is the input step per output step where the framework uses a given scale rather than
    the ratio of the sizes (``1/scale``).

    >>> coordinates(4, 8, "half_pixel")
    (Fraction(1, 2), Fraction(-1, 4))

    Raises:
        InvalidModelError: an axis without elements has nothing to interpolate between.
    """
    if not size:
        raise InvalidModelError(f"resizes an axis of {size} to {outputs}")
    slope = Fraction(size, outputs) if step is None else step
    if mode == "align_corners":
        return (Fraction(size - 1, outputs - 1) if outputs > 1 else Fraction(0)), Fraction(0)
    if mode == "asymmetric":
        return slope, Fraction(0)
    if mode == "tf_half_pixel_for_nn":
        return slope, slope / 2
    if mode == "pytorch_half_pixel" and outputs == 1:
        return Fraction(0), Fraction(0)
    if mode == "half_pixel_symmetric":
        adjusted = Fraction(outputs) * slope / size
        return slope, slope / 2 - _HALF + Fraction(size, 2) * (1 - adjusted)
    return slope, slope / 2 - _HALF


def resample(
    slope: Fraction,
    offset: Fraction,
    method: Method,
    *,
    rounding: Rounding = "floor",
    antialias: bool = False,
    stretch: Fraction | None = None,
    exclude_outside: bool | None = None,
) -> Sliding:
    """The relation of a resize whose output ``i`` lies at ``slope*i + offset``.

    Pixels whose interpolation weight is exactly zero are not read. Beyond the ends the tensor
    repeats its border pixel; under ``exclude_outside`` (None: under ``antialias``) those weights
    are dropped. ``stretch``: by what antialiasing widens the kernel, if not by ``slope``.

    >>> resample(Fraction(1, 2), Fraction(-1, 4), "linear").taps
    (IndexSet{-1..0}, IndexSet{0..1})
    """
    wide = _widening(slope, stretch, antialias=antialias)
    taps = _taps(slope, offset, method, slope.denominator, rounding, wide)
    dropped = antialias if exclude_outside is None else exclude_outside
    border = "zero" if dropped and method != "nearest" else "replicate"
    return Sliding(slope.denominator, slope.numerator, taps, border)


def resampled(
    slope: Fraction,
    offset: Fraction,
    method: Method,
    sizes: tuple[int, int],
    *,
    rounding: Rounding = "floor",
    antialias: bool = False,
    stretch: Fraction | None = None,
    exclude_outside: bool | None = None,
) -> Sliding | Table:
    """``resample`` between axes of known ``sizes``, for a slope of any kind.

    Where the pattern does not repeat for very long every output is listed.

    >>> slope = Fraction(10**9 - 1, 3 * 10**9)
    >>> resampled(slope, Fraction(0), "nearest", (2, 5)).taps
    (IndexSet{0}, IndexSet{0}, IndexSet{0}, IndexSet{0}, IndexSet{1})
    """
    size, outputs = sizes
    if slope.denominator <= RESIZE_LIMIT:
        return resample(
            slope, offset, method, rounding=rounding, antialias=antialias, stretch=stretch,
            exclude_outside=exclude_outside,
        )  # fmt: skip
    wide = _widening(slope, stretch, antialias=antialias)
    listed = _taps(slope, offset, method, outputs, rounding, wide)
    dropped = antialias if exclude_outside is None else exclude_outside
    if dropped and method != "nearest":
        return Table(tuple(taps.clip(0, size - 1) for taps in listed))
    return Table(tuple(_repeated(taps, size) for taps in listed))


def _repeated(taps: IndexSet, size: int) -> IndexSet:
    """What lies outside reads the pixel at the border."""
    ends = [0] * (taps.first < 0) + [size - 1] * (taps.last >= size)
    return union([taps.clip(0, size - 1), IndexSet.of(ends)])


def _widening(slope: Fraction, stretch: Fraction | None, *, antialias: bool) -> Fraction:
    return max(slope if stretch is None else stretch, Fraction(1)) if antialias else Fraction(1)


def _taps(
    slope: Fraction,
    offset: Fraction,
    method: Method,
    count: int,
    rounding: Rounding,
    wide: Fraction,
) -> tuple[IndexSet, ...]:
    """The pixels of the first ``count`` outputs, under a kernel that is ``wide`` times as wide."""
    if count > RESIZE_LIMIT:
        raise too_large("the pattern of a resize", count, "Its phases are too many.")
    unit = lcm(slope.denominator, offset.denominator, wide.denominator, 2)
    start, step = int(offset * unit), int(slope * unit)
    points = (start + step * phase for phase in range(count))
    if method == "nearest":
        return tuple(_nearest(point, unit, rounding) for point in points)
    stretch = int(wide * unit)
    return tuple(_around(point, unit, stretch, method) for point in points)


def _around(point: int, unit: int, stretch: int, method: Method) -> IndexSet:
    """The pixels within reach of ``point / unit`` whose weight is not zero.

    ``stretch / unit``: how far apart the zeros of the kernel are.
    """
    reach = _RADIUS[method] * stretch
    first, last = (point - reach) // unit + 1, -((-point - reach) // unit) - 1
    if method == "linear":
        return IndexSet.interval(first, last)
    # These kernels are zero at every whole distance but 0.
    taps = range(first, last + 1)
    return IndexSet.of(t for t in taps if t * unit == point or (t * unit - point) % stretch)


def _nearest(point: int, unit: int, rounding: Rounding) -> IndexSet:
    """The pixel that ``point / unit`` is rounded to."""
    if rounding == "round_prefer_floor":
        pixel = -((unit // 2 - point) // unit)
    elif rounding == "round_prefer_ceil":
        pixel = (point + unit // 2) // unit
    else:
        pixel = point // unit if rounding == "floor" else -(-point // unit)
    return IndexSet.interval(pixel, pixel)


def repeating(indices: Sequence[int], size: int) -> Sliding | None:
    """Indices that go over the axis evenly, every few alike: nearest resizing by any ratio.

    >>> repeating([0, 0, 1, 1, 2, 2], 3)
    Sliding(period=2, advance=1, taps=(IndexSet{0}, IndexSet{0}), border='zero')
    """
    common = gcd(len(indices), size)
    if common < 2 or len(indices) == size:
        return None
    period, advance = len(indices) // common, size // common
    if any(b - a != advance for a, b in zip(indices, indices[period:], strict=False)):
        return None
    return Sliding(period, advance, tuple(IndexSet.interval(i, i) for i in indices[:period]))
