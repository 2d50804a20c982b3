"""Interpolation: where an output lies in the input, and which pixels around that point it reads."""

from __future__ import annotations

from ...core import arrays
from ...errors import InvalidModelError, show_shape
from .rulebook import Arguments, Reading, dimensions, rule

_SAMPLED = ("bilinear", "nearest", "bicubic")
_BORDERS = ("zeros", "border", "reflection")


def _scales(arg: Arguments, count: int) -> list[float | None]:
    """The scale factors that the user gave, per axis; None where only the size was."""
    given = arg.get("scale_factors")
    if given is not None:
        return list(given)
    if count == 1:
        return [arg.get("scales")]
    names = ["scales_d", "scales_h", "scales_w"][3 - count :]
    return [arg.get(name) for name in names]


def _resize(arg: Arguments, method: str, mode: str, antialias: bool = False) -> Reading:
    tensor, count = arg.operands[0], dimensions(arg)
    axes = range(tensor.dim() - count, tensor.dim())
    if 0 in tensor.shape[2:]:
        raise InvalidModelError(f"{show_shape(tuple(tensor.shape))} has no positions to resize")
    scaled = dict(zip(axes, _scales(arg, count), strict=True))
    wanted = arg.get("output_size") or [int(tensor.shape[a] * s) for a, s in scaled.items() if s]
    return arrays.resize(
        tensor, dict(zip(axes, map(int, wanted), strict=True)), method,
        mode="align_corners" if arg.get("align_corners") else mode,
        steps={axis: arrays.step_of(scale) for axis, scale in scaled.items() if scale},
        antialias=antialias,
    )  # fmt: skip


@rule("aten::upsample_nearest1d", "aten::upsample_nearest2d", "aten::upsample_nearest3d",
      shaped=True)  # fmt: skip
def nearest(arg: Arguments) -> Reading:
    """``mode="nearest"``: floor of the asymmetric coordinate.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html
    """
    return _resize(arg, "nearest", "asymmetric")


@rule("aten::_upsample_nearest_exact1d", "aten::_upsample_nearest_exact2d",
      "aten::_upsample_nearest_exact3d", shaped=True)  # fmt: skip
def nearest_exact(arg: Arguments) -> Reading:
    """``mode="nearest-exact"``: the pixel in which the centre lies.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html
    """
    return _resize(arg, "nearest", "tf_half_pixel_for_nn")


@rule("aten::upsample_linear1d", "aten::upsample_bilinear2d", "aten::upsample_trilinear3d",
      "aten::upsample_bicubic2d", shaped=True)  # fmt: skip
def interpolated(arg: Arguments) -> Reading:
    """The pixels around the point, between the centres or the corners.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html
    """
    return _resize(arg, _method(arg), "half_pixel")


@rule("aten::_upsample_bilinear2d_aa", "aten::_upsample_bicubic2d_aa",
      "aten::_upsample_lanczos2d_aa", shaped=True)  # fmt: skip
def antialiased(arg: Arguments) -> Reading:
    """``antialias=True``: the window grows with the scale.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html
    """
    return _resize(arg, _method(arg), "half_pixel", antialias=True)


def _method(arg: Arguments) -> str:
    """How pixels are weighed, as the name says: ``bicubic`` for ``upsample_bicubic2d``."""
    return arg.short.removeprefix("upsample_").partition(f"{dimensions(arg)}d")[0]


@rule("aten::grid_sampler", "aten::grid_sampler_2d", "aten::grid_sampler_3d")
def grid_sampler(arg: Arguments) -> Reading:
    """Where it samples depends on the grid: any place of the image may be read.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.grid_sample.html
    """
    known = arg.constant(arg.grid)
    grid = arg.grid if known is None else known.detach().numpy()
    return arrays.grid_sample(
        arg.input, grid, method=_SAMPLED[arg.interpolation_mode],
        border=_BORDERS[arg.get("padding_mode", 0)], align_corners=bool(arg.align_corners),
    )  # fmt: skip


@rule("aten::affine_grid_generator", shaped=True)
def affine_grid(arg: Arguments) -> Reading:
    """Places to sample at, made of one matrix for each image.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.affine_grid.html
    """
    return arrays.affine_grid(arg.theta, tuple(map(int, arg.size)))
