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
from .rulebook import Arguments, rule

_METHODS: dict[str, Method] = {
    "ResizeNearestNeighbor": "nearest", "ResizeBilinear": "linear", "ResizeBicubic": "cubic",
}  # fmt: skip


@rule("ResizeNearestNeighbor", "ResizeBilinear", "ResizeBicubic")
def resize(arg: Arguments) -> Op:
    """``align_corners``, ``half_pixel_centers``, or neither: the old asymmetric coordinates."""
    method = _METHODS[arg.op]
    corners, half = arg.flag("align_corners"), arg.flag("half_pixel_centers")

    def along(size: int, outputs: int) -> Relation:
        mode: Coordinates = "asymmetric"
        if corners:
            mode = "align_corners"
        elif half:
            mode = "tf_half_pixel_for_nn" if method == "nearest" else "half_pixel"
        slope, offset = coordinates(size, outputs, mode)
        rounding = "round_prefer_ceil" if corners and method == "nearest" else "floor"
        return resample(slope, offset, method, rounding=rounding)

    return _resized(arg, along)


@rule("ResizeArea")
def area(arg: Arguments) -> Op:
    """The mean over the area that an output covers."""

    def along(size: int, outputs: int) -> Relation:
        from ...core.indices import IndexSet
        from ...core.relation import Sliding

        step = (
            Fraction(size - 1, outputs - 1)
            if arg.flag("align_corners") and outputs > 1
            else Fraction(size, outputs)
        )
        taps = tuple(
            IndexSet.interval(floor(step * i), max(floor(step * i), _last(step * (i + 1))))
            for i in range(step.denominator)
        )
        return Sliding(step.denominator, step.numerator, taps, "replicate")

    return _resized(arg, along)


def _last(end: Fraction) -> int:
    """The last index before ``end``."""
    return floor(end) - (end.denominator == 1)


@rule("ScaleAndTranslate")
def scale_and_translate(arg: Arguments) -> Op:
    """``tf.image.resize`` with antialias, or the newer kernels: scale and shift are operands."""
    scale, shift = arg.array(2).tolist(), arg.array(3).tolist()
    kernels: dict[str, Method] = {
        "triangle": "linear", "keyscubic": "cubic", "lanczos3": "lanczos3", "lanczos5": "lanczos5",
    }  # fmt: skip
    kernel = arg.text("kernel_type", "lanczos3")
    if kernel not in kernels:
        shape = arg.shape(0)
        wanted = arg.integers(1)
        relations = {1: (WHOLE, wanted[0]), 2: (WHOLE, wanted[1])}
        return ops.along(shape, relations, kind="resize", exact=False)
    axis = iter(range(2))

    def along(size: int, outputs: int) -> Relation:
        k = next(axis)
        ratio = Fraction(size, outputs)
        given = Fraction(scale[k])
        slope = ratio if abs(1 / given - ratio) < Fraction(1, 10**6) else 1 / given
        offset = slope / 2 - Fraction(1, 2) - Fraction(shift[k]) * slope
        return resample(
            slope, offset, kernels[kernel], antialias=arg.flag("antialias", True)
        )  # fmt: skip

    return _resized(arg, along)


def _resized(arg: Arguments, along: Callable[[int, int], Relation]) -> Op:
    shape = arg.shape(0)
    wanted = arg.integers(1)
    if len(shape) != 4 or len(wanted) != 2 or any(size < 1 for size in wanted):
        raise InvalidModelError(f"a resize of {shape} to {wanted}")
    relations: dict[int, tuple[Relation, int]] = {}
    for axis, outputs in enumerate(wanted, 1):
        relations[axis] = (along(shape[axis], outputs), outputs)
    return ops.along(shape, relations, kind="resize")


@rule("CropAndResize")
def crop_and_resize(arg: Arguments) -> Op:
    """Boxes that may lie anywhere in any image: an upper bound."""
    shape, boxes, size = arg.shape(0), arg.shape(1), arg.integers(3)
    return ops.opaque(
        arg.shapes[:3], (boxes[0], *size, shape[3]), kind="crop_and_resize"
    )  # fmt: skip
