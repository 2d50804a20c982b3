"""Resize and Upsample in every opset: where an output lies, and which pixels around it are read."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Any

from ...core import arrays
from ...core.arguments import normalize_axis
from ...errors import InvalidModelError
from .rulebook import Call, rule

_METHODS = frozenset({"nearest", "linear", "bilinear", "cubic"})


@rule("Resize", "Upsample")
def resize(call: Call) -> Any:
    """Nearest, linear and cubic, in all coordinate and rounding modes.

    Where the scales would move pixels within axes that keep their sizes, ONNX Runtime copies, which
    the specification does not say: a bound of both.
    https://onnx.ai/onnx/operators/onnx__Resize.html
    """
    shape = call.shape(0)
    axes = [normalize_axis(a, len(shape)) for a in call.ints("axes") or range(len(shape))]
    old = call.op == "Upsample" or call.opset < 11
    mode = "asymmetric" if old else call.text("coordinate_transformation_mode", "half_pixel")
    method = call.text("mode", "nearest")
    rounding = "floor" if old else call.text("nearest_mode", "round_prefer_floor")
    if method not in _METHODS:
        raise InvalidModelError(f"mode = {method!r}; expected one of {', '.join(sorted(_METHODS))}")
    by_sizes = not old and call.has(3)
    sizes, steps = _by_sizes(call, axes) if by_sizes else _by_scales(call, axes)
    alike = all(sizes[axis] == shape[axis] for axis in axes)
    kept = [axis for axis in axes if sizes[axis] == shape[axis] and (alike or steps[axis] == 1)]
    if mode == "tf_crop_and_resize":
        return _cropped(call, _regions(call, axes, sizes), kept, method, rounding)
    moved = {axis: size for axis, size in sizes.items() if axis not in kept or steps[axis] != 1}
    if alike and moved:
        return arrays.either(call[0], _resized(call, moved, steps, mode, method, rounding))
    return _resized(call, moved, steps, mode, method, rounding)


def _resized(
    call: Call, sizes: dict[int, int], steps: dict[int, Fraction], mode: str, method: str,
    rounding: str,
) -> Any:  # fmt: skip
    old = call.op == "Upsample" or call.opset < 11
    smaller = {axis: size for axis, size in sizes.items() if steps[axis] > 1}
    if old and method == "nearest" and smaller:  # what ONNX Runtime does before opset 11
        x = arrays.resize(call[0], smaller, mode=mode, steps=steps, rounding="ceil")
        larger = {axis: size for axis, size in sizes.items() if axis not in smaller}
        return arrays.resize(x, larger, mode=mode, steps=steps) if larger else x
    by_sizes = not old and call.has(3)
    return arrays.resize(
        call[0], sizes, method, mode=mode, steps=steps, rounding=rounding, stretches=steps,
        antialias=call.flag("antialias") and method != "nearest",
        exclude_outside=call.flag("exclude_outside"),
        depends_on_size=by_sizes or mode in ("align_corners", "half_pixel_symmetric"),
    )  # fmt: skip


def _by_sizes(call: Call, axes: list[int]) -> tuple[dict[int, int], dict[int, Fraction]]:
    """The sizes of the result, and positions per output."""
    shape = call.shape(0)
    given = call.integers(3, "the new size")
    if len(given) != len(axes):
        raise InvalidModelError(f"sizes = {given} for {len(axes)} axes")
    sizes = dict(zip(axes, given, strict=True))
    policy = call.text("keep_aspect_ratio_policy", "stretch")
    if policy != "stretch":
        choose = min if policy == "not_larger" else max
        one = choose(Fraction(size, max(1, shape[axis])) for axis, size in sizes.items())
        sizes = {axis: floor(one * shape[axis] + Fraction(1, 2)) for axis in axes}
        return sizes, dict.fromkeys(axes, 1 / one if one else Fraction(1))
    return sizes, {axis: Fraction(shape[axis], max(1, size)) for axis, size in sizes.items()}


def _by_scales(call: Call, axes: list[int]) -> tuple[dict[int, int], dict[int, Fraction]]:
    """The same from the scales."""
    shape = call.shape(0)
    scales = call.floats("scales") if call.op == "Upsample" else None
    if scales is None and call.op == "Upsample" and call.opset < 9:
        scales = [1.0, 1.0, call.float("height_scale", 1), call.float("width_scale", 1)]
    if scales is None:
        place = 1 if call.op == "Upsample" or call.opset < 11 else 2
        scales = [float(x) for x in call.constant(place, "the scales").reshape(-1).tolist()]
    if len(scales) != len(axes):
        raise InvalidModelError(f"scales = {scales} for {len(axes)} axes")
    if any(not 0 < scale < 1e9 for scale in scales):
        raise InvalidModelError(f"scales = {scales}; expected positive numbers")
    steps = {axis: arrays.step_of(scale) for axis, scale in zip(axes, scales, strict=True)}
    return {axis: floor(shape[axis] / step) for axis, step in steps.items()}, steps


def _regions(
    call: Call, axes: list[int], sizes: dict[int, int]
) -> dict[int, tuple[Fraction, Fraction, int]]:
    box = [float(x) for x in call.constant(1, "the region").reshape(-1).tolist()]
    count = len(axes)
    if len(box) != 2 * count:
        raise InvalidModelError(f"a region of {len(box)} numbers for {count} axes")
    return {
        axis: (_meant(box[k]), _meant(box[k + count]), sizes[axis]) for k, axis in enumerate(axes)
    }


def _cropped(
    call: Call, regions: dict[int, tuple[Fraction, Fraction, int]], kept: list[int], method: str,
    rounding: str,
) -> Any:  # fmt: skip
    """Regions; ONNX Runtime leaves the ``kept`` axes whole."""
    found = arrays.crop_and_resize(call[0], regions, method, rounding=rounding)
    fewer = {axis: region for axis, region in regions.items() if axis not in kept}
    if all(regions[axis][:2] == (0, 1) for axis in kept):
        return found
    own = arrays.crop_and_resize(call[0], fewer, method, rounding=rounding) if fewer else call[0]
    return arrays.either(own, found)


def _meant(number: float) -> Fraction:
    """A number in single precision as the fraction that was meant."""
    size = abs(number)
    meant = 1 / arrays.step_of(size) if size else Fraction(0)
    return meant if number > 0 else -meant


@rule("GridSample", "com.microsoft::GridSample")
def grid_sample(call: Call) -> Any:
    """Where it samples depends on the grid: any place of the image may be read.

    https://onnx.ai/onnx/operators/onnx__GridSample.html
    """
    return arrays.grid_sample(
        call[0], call.either(1), method=call.text("mode", "linear"),
        border=call.text("padding_mode", "zeros"), align_corners=call.flag("align_corners"),
    )  # fmt: skip


@rule("AffineGrid")
def affine_grid(call: Call) -> Any:
    """A grid made of one matrix for each image.

    https://onnx.ai/onnx/operators/onnx__AffineGrid.html
    """
    return arrays.affine_grid(call[0], call.integers(1, "the size"))
