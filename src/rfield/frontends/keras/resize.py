"""Interpolation by the rules of ``keras.ops.image.resize``: half-pixel centres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...core import arrays
from ...errors import InvalidModelError
from .rulebook import Call, rule


def interpolated(x: Any, sizes: Mapping[int, int], method: str, antialias: bool = False) -> Any:
    """The resize of axes to the wanted sizes."""
    mode = "tf_half_pixel_for_nn" if method == "nearest" else "half_pixel"
    return arrays.resize(
        x, sizes, method, mode=mode, antialias=antialias and method != "nearest",
        depends_on_size=True,
    )  # fmt: skip


@rule("Resizing", "ops.Resize")
def resize(call: Call) -> Any:
    """To a fixed size; the picture may be cut or padded to the new proportions first.

    https://keras.io/api/layers/preprocessing_layers/image_preprocessing/resizing/
    """
    layer, x = call.layer, call[0]
    rank = len(x.shape)
    first = call.channels_first
    axes = (rank - 2, rank - 1) if first else (rank - 3, rank - 2)
    wanted = (layer.height, layer.width) if hasattr(layer, "height") else tuple(layer.size)
    height, width = (x.shape[axis] for axis in axes)
    if layer.crop_to_aspect_ratio:
        rows = min(height, int(float(width * wanted[0]) / wanted[1]))
        columns = min(width, int(float(height * wanted[1]) / wanted[0]))
        x = _centered(x, axes, (max(1, rows), max(1, columns)))
    elif getattr(layer, "pad_to_aspect_ratio", False):
        rows = max(height, int(float(width * wanted[0]) / wanted[1]))
        columns = max(width, int(float(height * wanted[1]) / wanted[0]))
        x = _centered(x, axes, (rows, columns))
    sizes = dict(zip(axes, wanted, strict=True))
    return interpolated(x, sizes, layer.interpolation, getattr(layer, "antialias", False))


def _centered(x: Any, axes: Sequence[int], sizes: Sequence[int]) -> Any:
    """The middle cut out, or zeros around; the odd row is at the end."""
    pads: dict[int, tuple[int, int]] = {}
    for axis, size in zip(axes, sizes, strict=True):
        change = size - x.shape[axis]
        before = change // 2 if change > 0 else -(-change // 2)
        pads[axis] = (before, change - before)
    return arrays.pad(x, pads)


@rule("CenterCrop")
def center_crop(call: Call) -> Any:
    """The middle of the picture; the odd row stays at the end.

    https://keras.io/api/layers/preprocessing_layers/image_preprocessing/center_crop/
    """
    axes = call.space()[0]
    wanted = (call.layer.height, call.layer.width)
    for axis, size in zip(axes, wanted, strict=True):
        if size > call.shape(0)[axis]:
            raise InvalidModelError(f"a crop of {size} from {call.shape(0)[axis]}")
    return _centered(call[0], axes, wanted)


@rule("UpSampling1D", "UpSampling2D", "UpSampling3D")
def up_sampling(call: Call) -> Any:
    """Every element several times, or interpolated.

    https://keras.io/api/layers/reshaping_layers/up_sampling2d/
    """
    axes, size = call.space()[0], call.layer.size
    factors = (size,) * len(axes) if isinstance(size, int) else tuple(size)
    method = getattr(call.layer, "interpolation", "nearest")
    x = call[0]
    if method != "nearest":
        sizes = {a: x.shape[a] * factor for a, factor in zip(axes, factors, strict=True)}
        return interpolated(x, sizes, method)
    for axis, factor in zip(axes, factors, strict=True):
        x = arrays.repeat(x, factor, axis)
    return x
