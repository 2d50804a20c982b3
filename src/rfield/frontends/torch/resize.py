"""Interpolation: where an output lies in the input, and which pixels around that point it reads."""

from __future__ import annotations

from ...core import arrays
from ...errors import InvalidModelError, show_shape
from .rulebook import Arguments, Reading, rule

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


def _resize(
    arg: Arguments, count: int, method: str, exact_nearest: bool = False, antialias: bool = False
) -> Reading:
    tensor, mode = arg.operands[0], "half_pixel"
    axes = range(tensor.dim() - count, tensor.dim())
    if 0 in tensor.shape[2:]:
        raise InvalidModelError(f"{show_shape(tuple(tensor.shape))} has no positions to resize")
    scaled = dict(zip(axes, _scales(arg, count), strict=True))
    wanted = arg.get("output_size") or [int(tensor.shape[a] * s) for a, s in scaled.items() if s]
    if method == "nearest":
        mode = "tf_half_pixel_for_nn" if exact_nearest else "asymmetric"
    elif arg.get("align_corners"):
        mode = "align_corners"
    return arrays.resize(
        tensor, dict(zip(axes, map(int, wanted), strict=True)), method, mode=mode,
        steps={axis: arrays.step_of(scale) for axis, scale in scaled.items() if scale},
        antialias=antialias,
    )  # fmt: skip


@rule("aten::upsample_nearest1d", shaped=True)
def nearest1d(arg: Arguments) -> Reading:
    """``mode="nearest"``: floor of the asymmetric coordinate."""
    return _resize(arg, 1, "nearest")


@rule("aten::upsample_nearest2d", shaped=True)
def nearest2d(arg: Arguments) -> Reading:
    """The same over two axes."""
    return _resize(arg, 2, "nearest")


@rule("aten::upsample_nearest3d", shaped=True)
def nearest3d(arg: Arguments) -> Reading:
    """The same over three axes."""
    return _resize(arg, 3, "nearest")


@rule("aten::_upsample_nearest_exact1d", shaped=True)
def nearest_exact1d(arg: Arguments) -> Reading:
    """``mode="nearest-exact"``: the pixel in which the centre lies."""
    return _resize(arg, 1, "nearest", exact_nearest=True)


@rule("aten::_upsample_nearest_exact2d", shaped=True)
def nearest_exact2d(arg: Arguments) -> Reading:
    """The same over two axes."""
    return _resize(arg, 2, "nearest", exact_nearest=True)


@rule("aten::_upsample_nearest_exact3d", shaped=True)
def nearest_exact3d(arg: Arguments) -> Reading:
    """The same over three axes."""
    return _resize(arg, 3, "nearest", exact_nearest=True)


@rule("aten::upsample_linear1d", shaped=True)
def linear1d(arg: Arguments) -> Reading:
    """``mode="linear"``."""
    return _resize(arg, 1, "linear")


@rule("aten::upsample_bilinear2d", shaped=True)
def bilinear2d(arg: Arguments) -> Reading:
    """``mode="bilinear"``."""
    return _resize(arg, 2, "bilinear")


@rule("aten::upsample_trilinear3d", shaped=True)
def trilinear3d(arg: Arguments) -> Reading:
    """``mode="trilinear"``."""
    return _resize(arg, 3, "trilinear")


@rule("aten::upsample_bicubic2d", shaped=True)
def bicubic2d(arg: Arguments) -> Reading:
    """``mode="bicubic"``."""
    return _resize(arg, 2, "bicubic")


@rule("aten::_upsample_bilinear2d_aa", shaped=True)
def bilinear2d_antialias(arg: Arguments) -> Reading:
    """``antialias=True``: the window grows with the scale."""
    return _resize(arg, 2, "bilinear", antialias=True)


@rule("aten::_upsample_bicubic2d_aa", shaped=True)
def bicubic2d_antialias(arg: Arguments) -> Reading:
    """``antialias=True``: the window grows with the scale."""
    return _resize(arg, 2, "bicubic", antialias=True)


@rule("aten::_upsample_lanczos2d_aa", shaped=True)
def lanczos2d_antialias(arg: Arguments) -> Reading:
    """``mode="lanczos"``, always with ``antialias=True``."""
    return _resize(arg, 2, "lanczos", antialias=True)


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
