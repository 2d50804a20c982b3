"""Resize and Upsample in every opset: where an output lies, and which pixels around it are read."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import floor

import numpy as np

from ...core import ops
from ...core.arguments import normalize_axis
from ...core.indices import EMPTY, IndexSet
from ...core.link import Link, Read
from ...core.ops import Op
from ...core.padding import fold
from ...core.relation import IDENTITY, WHOLE, Relation, Sliding, Table
from ...core.resampling import Method, Rounding, coordinates, resample
from ...errors import InvalidModelError, TooLargeError
from .rulebook import Call, Reading, rule
from .tensors import Shape

_TABLE = 1 << 16
_METHODS: Mapping[str, Method] = {
    "nearest": "nearest", "linear": "linear", "bilinear": "linear", "cubic": "cubic",
}  # fmt: skip
_MODES = frozenset(
    {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
     "tf_half_pixel_for_nn", "tf_crop_and_resize"}
)  # fmt: skip
_ROUNDINGS = frozenset({"floor", "ceil", "round_prefer_floor", "round_prefer_ceil"})


def exact(scale: float) -> Fraction:
    """The simplest fraction that is this scale in single precision.

    >>> exact(0.6666666865348816)
    Fraction(2, 3)
    """
    for limit in (1, 16, 256, 4096):
        guess = Fraction(scale).limit_denominator(limit)
        if np.float32(float(guess)) == np.float32(scale):
            return guess
    return Fraction(scale)


class Plan:
    """What one node resizes: per axis the output size and the scale."""

    def __init__(self, call: Call, shape: Shape) -> None:
        self.shape = shape
        rank = len(shape)
        self.from_sizes = False
        self.axes = [normalize_axis(a, rank) for a in call.ints("axes") or range(rank)]
        scales, sizes = _given(call)
        if sizes is not None:
            self.from_sizes = True
            if len(sizes) != len(self.axes):
                raise InvalidModelError(f"sizes = {sizes} for {len(self.axes)} axes")
            self._from_sizes(sizes, call.text("keep_aspect_ratio_policy", "stretch"))
        else:
            if scales is None or len(scales) != len(self.axes):
                raise InvalidModelError(f"scales = {scales} for {len(self.axes)} axes")
            if any(not 0 < scale < 1e9 for scale in scales):
                raise InvalidModelError(f"scales = {scales}; expected positive numbers")
            self.scales = [exact(scale) for scale in scales]
            self.sizes = [
                floor(shape[axis] * scale)
                for axis, scale in zip(self.axes, self.scales, strict=True)
            ]

    def _from_sizes(self, sizes: list[int], policy: str) -> None:
        ratios = [
            Fraction(size, max(1, self.shape[a])) for a, size in zip(self.axes, sizes, strict=True)
        ]
        if policy != "stretch":
            one = min(ratios) if policy == "not_larger" else max(ratios)
            self.scales = [one] * len(sizes)
            self.sizes = [floor(one * self.shape[a] + Fraction(1, 2)) for a in self.axes]
        else:
            self.scales, self.sizes = ratios, sizes


def _given(call: Call) -> tuple[list[float] | None, list[int] | None]:
    if call.op == "Upsample":
        scales = call.floats("scales")
        if scales is None and call.opset < 9:
            height, width = call.float("height_scale", 1), call.float("width_scale", 1)
            scales = [1.0, 1.0, height, width]
        return scales if scales is not None else _floats(call, 1), None
    if call.opset < 11:
        return _floats(call, 1), None
    if call.has(3):
        return None, call.integers(3, "the new size")
    return _floats(call, 2), None


def _floats(call: Call, place: int) -> list[float]:
    return [float(x) for x in call.constant(place, "the scales").reshape(-1).tolist()]


@rule("Resize", "Upsample")
def resize(call: Call) -> Reading:
    """Nearest, linear and cubic, in all coordinate and rounding modes."""
    shape = call.shape(0)
    plan = Plan(call, shape)
    method = _METHODS.get(call.text("mode", "nearest"))
    old = call.op == "Upsample" or call.opset < 11
    mode = "asymmetric" if old else call.text("coordinate_transformation_mode", "half_pixel")
    rounding = "floor" if old else call.text("nearest_mode", "round_prefer_floor")
    if method is None or mode not in _MODES or rounding not in _ROUNDINGS:
        raise InvalidModelError(
            f"mode {call.text('mode', 'nearest')!r}, {mode!r}, {rounding!r}: not a known resize"
        )
    roi = _roi(call, len(plan.axes)) if mode == "tf_crop_and_resize" else None
    relations: dict[int, tuple[Relation, int]] = {}
    for k, axis in enumerate(plan.axes):
        size, outputs, scale = shape[axis], plan.sizes[k], plan.scales[k]
        if outputs < 0 or (size == 0 and outputs):
            raise InvalidModelError(f"resizes an axis of {size} to {outputs}")
        if outputs == 0 or (scale == 1 and outputs == size and roi is None):
            relations[axis] = (IDENTITY, outputs)
            continue
        if old and method == "nearest" and scale < 1:
            rounding = "ceil"  # what ONNX Runtime does before opset 11
        where = (
            _cropped(size, outputs, roi[k])
            if roi is not None
            else coordinates(size, outputs, mode, 1 / scale)  # type: ignore[arg-type]
        )
        relations[axis] = (
            _relation(size, outputs, where, method, rounding, call, roi is not None), outputs
        )  # fmt: skip
    moving = plan.from_sizes or mode in ("align_corners", "half_pixel_symmetric")
    op = ops.along(shape, relations, kind="resize", depends_on_size=moving)
    return Reading(op, [call.value(0)])


def _relation(
    size: int,
    outputs: int,
    where: tuple[Fraction, Fraction],
    method: Method,
    rounding: str,
    call: Call,
    crop: bool,
) -> Relation:
    antialias = bool(call.int("antialias", 0)) and method != "nearest"
    slope, offset = where
    border = "replicate"
    if crop or antialias or (method == "cubic" and call.int("exclude_outside", 0)):
        border = "zero"
    if slope.denominator <= max(64, min(outputs, 4096)) and not crop:
        found = resample(slope, offset, method, rounding=_rounding(rounding), antialias=antialias)
        return Sliding(found.period, found.advance, found.taps, border)  # type: ignore[arg-type]
    if outputs > _TABLE:
        raise TooLargeError(f"a resize of {size} to {outputs} has no short pattern")
    taps: list[IndexSet] = []
    for i in range(outputs):
        point = slope * i + offset
        if crop and not 0 <= point <= size - 1:
            taps.append(EMPTY)
            continue
        wide = max(slope, Fraction(1)) if antialias else Fraction(1)
        single = resample(
            wide if wide.denominator == 1 else Fraction(-(-wide.numerator // wide.denominator)),
            point, method, rounding=_rounding(rounding), antialias=antialias,
        ).taps[0]  # fmt: skip
        folded = {fold(t, size, border) for t in single}  # type: ignore[arg-type]
        taps.append(IndexSet.of(sorted(t for t in folded if t is not None)))
    return Table(tuple(taps))


def _rounding(word: str) -> Rounding:
    return word  # type: ignore[return-value]


def _roi(call: Call, count: int) -> list[tuple[Fraction, Fraction]]:
    box = [float(x) for x in call.constant(1, "the region").reshape(-1).tolist()]
    if len(box) != 2 * count:
        raise InvalidModelError(f"a region of {len(box)} numbers for {count} axes")
    return [(exact(box[k]), exact(box[k + count])) for k in range(count)]


def _cropped(
    size: int, outputs: int, region: tuple[Fraction, Fraction]
) -> tuple[Fraction, Fraction]:
    start, stop = region
    if outputs == 1:
        return Fraction(0), (start + stop) * (size - 1) / 2
    return (stop - start) * (size - 1) / (outputs - 1), start * (size - 1)


@rule("GridSample", "com.microsoft::GridSample")
def grid_sample(call: Call) -> Op:
    """Where it samples depends on the grid: any place of the image may be read."""
    image, grid = call.shape(0), call.shape(1)
    space = len(image) - 2
    result = (image[0], image[1], *grid[1 : space + 1])
    reads = [Read(0, IDENTITY), Read(1, IDENTITY), *[Read(None, WHOLE)] * space]
    places = [Read(0, IDENTITY), *(Read(k + 2, IDENTITY) for k in range(space)), Read(None, WHOLE)]
    return Op("grid_sample", result, (Link(reads), Link(places)), exact=False)


@rule("AffineGrid")
def affine_grid(call: Call) -> Op:
    """A grid made of one matrix for each image."""
    theta, size = call.shape(0), call.integers(1, "the size")
    result = (size[0], *size[2:], len(size) - 2)
    reads = [Read(0, IDENTITY), *[Read(None, WHOLE)] * (len(theta) - 1)]
    return Op("affine_grid", result, (Link(reads), None))
