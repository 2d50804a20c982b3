"""Interpolation: where an output lies in the input, and which pixels around that point it reads."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import floor

from ...core import ops
from ...core.ops import Op
from ...core.relation import WHOLE, Relation
from ...core.resampling import Coordinates, Method, coordinates, resample
from ...errors import InvalidModelError
from .rulebook import Call, rule

_METHODS: dict[str, Method] = {
    "ResizeNearestNeighbor": "nearest", "ResizeBilinear": "linear", "ResizeBicubic": "cubic",
}  # fmt: skip


@rule("ResizeNearestNeighbor", "ResizeBilinear", "ResizeBicubic")
def resize(call: Call) -> Op:
    """Resize by ``align_corners``, ``half_pixel_centers``, or the old asymmetric coordinates.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/ResizeBilinear
    """
    method = _METHODS[call.op]
    corners, half = call.flag("align_corners"), call.flag("half_pixel_centers")

    def along(size: int, outputs: int) -> Relation:
        mode: Coordinates = "asymmetric"
        if corners:
            mode = "align_corners"
        elif half:
            mode = "tf_half_pixel_for_nn" if method == "nearest" else "half_pixel"
        slope, offset = coordinates(size, outputs, mode)
        rounding = "round_prefer_ceil" if corners and method == "nearest" else "floor"
        return resample(slope, offset, method, rounding=rounding)

    return _resized(call, along)


@rule("ResizeArea")
def area(call: Call) -> Op:
    """The mean over the area that an output covers.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/ResizeArea
    """

    def along(size: int, outputs: int) -> Relation:
        from ...core.indices import IndexSet
        from ...core.relation import Sliding

        step = (
            Fraction(size - 1, outputs - 1)
            if call.flag("align_corners") and outputs > 1
            else Fraction(size, outputs)
        )
        taps = tuple(
            IndexSet.interval(floor(step * i), max(floor(step * i), _last(step * (i + 1))))
            for i in range(step.denominator)
        )
        return Sliding(step.denominator, step.numerator, taps, "replicate")

    return _resized(call, along)


def _last(end: Fraction) -> int:
    """The last index before ``end``."""
    return floor(end) - (end.denominator == 1)


@rule("ScaleAndTranslate")
def scale_and_translate(call: Call) -> Op:
    """``tf.image.resize`` with antialias, or the newer kernels: scale and shift are operands.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/ScaleAndTranslate
    """
    scale, shift = call.constant(2).tolist(), call.constant(3).tolist()
    kernels: dict[str, Method] = {
        "triangle": "linear", "keyscubic": "cubic", "lanczos3": "lanczos3", "lanczos5": "lanczos5",
    }  # fmt: skip
    kernel = call.text("kernel_type", "lanczos3")
    if kernel not in kernels:
        shape = call.shape(0)
        wanted = call.integers(1)
        relations = {1: (WHOLE, wanted[0]), 2: (WHOLE, wanted[1])}
        return ops.along(shape, relations, kind="resize", exact=False, algebra="keep")
    axis = iter(range(2))

    def along(size: int, outputs: int) -> Relation:
        k = next(axis)
        ratio = Fraction(size, outputs)
        given = Fraction(scale[k])
        slope = ratio if abs(1 / given - ratio) < Fraction(1, 10**6) else 1 / given
        offset = slope / 2 - Fraction(1, 2) - Fraction(shift[k]) * slope
        return resample(
            slope, offset, kernels[kernel], antialias=call.flag("antialias", True)
        )  # fmt: skip

    return _resized(call, along)


def _resized(call: Call, along: Callable[[int, int], Relation]) -> Op:
    shape = call.shape(0)
    wanted = call.integers(1)
    if len(shape) != 4 or len(wanted) != 2 or any(size < 1 for size in wanted):
        raise InvalidModelError(f"a resize of {shape} to {wanted}")
    relations: dict[int, tuple[Relation, int]] = {}
    for axis, outputs in enumerate(wanted, 1):
        relations[axis] = (along(shape[axis], outputs), outputs)
    return ops.along(shape, relations, kind="resize", algebra="keep")


@rule("CropAndResize")
def crop_and_resize(call: Call) -> Op:
    """Boxes that may lie anywhere in any image: an upper bound.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/CropAndResize
    """
    shape, boxes, size = call.shape(0), call.shape(1), call.integers(3)
    return ops.opaque(
        call.shapes[:3], (boxes[0], *size, shape[3]), kind="crop_and_resize"
    )  # fmt: skip
