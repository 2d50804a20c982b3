"""Interpolation by the rules of ``keras.ops.image.resize``: half-pixel centres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core import layout, ops
from ...core.arguments import Shape
from ...core.ops import Op
from ...core.relation import Relation
from ...core.resampling import Method, coordinates, resample
from ...errors import InvalidModelError
from .rulebook import Arguments, rule

_METHODS: dict[str, Method] = {
    "nearest": "nearest", "bilinear": "linear", "bicubic": "cubic", "lanczos3": "lanczos3",
    "lanczos5": "lanczos5",
}  # fmt: skip


def interpolated(
    shape: Shape, axes: Sequence[int], wanted: Sequence[int], method: str, antialias: bool = False
) -> Op:
    """The resize of ``axes`` to the ``wanted`` sizes."""
    if method not in _METHODS:
        raise InvalidModelError(f"interpolation = {method!r}; expected {', '.join(_METHODS)}")
    relations: dict[int, tuple[Relation, int]] = {}
    for axis, outputs in zip(axes, wanted, strict=True):
        mode = "tf_half_pixel_for_nn" if method == "nearest" else "half_pixel"
        slope, offset = coordinates(shape[axis], outputs, mode)
        relation = resample(slope, offset, _METHODS[method], antialias=antialias)
        relations[axis] = (relation, outputs)
    return ops.along(shape, relations, kind="resize", depends_on_size=True)


@rule("Resizing")
def resizing(arg: Arguments) -> list[Op]:
    """To a fixed size; with ``crop_to_aspect_ratio`` the middle is cut out first."""
    layer = arg.layer
    axes, _ = arg.space()
    shape = arg.shape(0)
    wanted = (layer.height, layer.width)
    steps: list[Op] = []
    if layer.crop_to_aspect_ratio:
        height, width = (shape[axis] for axis in axes)
        rows = min(height, int(float(width * wanted[0]) / wanted[1]))
        columns = min(width, int(float(height * wanted[1]) / wanted[0]))
        steps.append(centered(shape, axes, (max(1, rows), max(1, columns))))
        shape = steps[-1].shape
    if getattr(layer, "pad_to_aspect_ratio", False):
        raise InvalidModelError("pad_to_aspect_ratio is not known; resize outside the model")
    return [*steps, interpolated(shape, axes, wanted, layer.interpolation)]


@rule("CenterCrop")
def center_crop(arg: Arguments) -> Op:
    """The middle of the picture."""
    axes, _ = arg.space()
    return centered(arg.shape(0), axes, (arg.layer.height, arg.layer.width))


def centered(shape: Shape, axes: Sequence[int], wanted: Sequence[int]) -> Op:
    """Cut the middle out; the odd row stays at the end."""
    cut: dict[int, tuple[int, int]] = {}
    for axis, size in zip(axes, wanted, strict=True):
        if size > shape[axis]:
            raise InvalidModelError(f"a crop of {size} from {shape[axis]}")
        before = (shape[axis] - size) // 2
        cut[axis] = (-before, -(shape[axis] - size - before))
    return layout.pad(shape, cut)


@rule("ops.Resize")
def resize_op(arg: Arguments) -> Any:
    """``keras.ops.image.resize``."""
    axes, _ = arg.space()
    return interpolated(
        arg.shape(0), axes, arg.layer.size, arg.layer.interpolation, arg.layer.antialias
    )
