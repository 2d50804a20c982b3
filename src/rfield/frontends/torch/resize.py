"""Interpolation: where an output lies in the input, and which pixels around that point it reads."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor

from ...core import ops
from ...core.indices import IndexSet
from ...core.link import AnyLink, Link, Read
from ...core.ops import Op
from ...core.relation import WHOLE, Relation, Table
from ...core.resampling import Coordinates, Method, coordinates, resampled
from .rulebook import Arguments, rule

_METHODS: dict[str, Method] = {
    "nearest": "nearest", "linear": "linear", "bilinear": "linear", "trilinear": "linear",
    "bicubic": "cubic", "lanczos": "lanczos3",
}  # fmt: skip


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
) -> Op:
    tensor = arg.operands[0]
    shape, result = tuple(tensor.shape), tuple(arg.result.shape)
    scales = _scales(arg, count)
    relations: dict[int, tuple[Relation, int]] = {}
    for j, axis in enumerate(range(len(shape) - count, len(shape))):
        size, outputs = shape[axis], result[axis]
        scale = scales[j]
        step = _step(scale) if scale else None
        relation = _along(
            size, outputs, step, method, bool(arg.get("align_corners")), exact_nearest, antialias
        )
        relations[axis] = (relation, outputs)
    return ops.along(shape, relations, kind="resize")


def _step(scale: float) -> Fraction:
    """Input positions per output position, as PyTorch computes it: ``1 / scale``, rounded.

    The fraction that was meant (3 for a scale of 1/3, which no float is) where single precision
    does not tell the two apart.
    """
    step = Fraction(1 / scale)
    meant = step.limit_denominator(1 << 10)
    return meant if abs(meant - step) * (1 << 24) <= step else step


def _along(
    size: int, outputs: int, step: Fraction | None, method: str, corners: bool,
    exact_nearest: bool, antialias: bool,
) -> Relation:  # fmt: skip
    mode: Coordinates = "align_corners" if corners else "half_pixel"
    if method == "nearest":
        mode = "tf_half_pixel_for_nn" if exact_nearest else "asymmetric"
    slope, offset = coordinates(size, outputs, mode, None if corners else step)
    return resampled(slope, offset, _METHODS[method], (size, outputs), antialias=antialias)


@rule("aten::upsample_nearest1d")
def nearest1d(arg: Arguments) -> Op:
    """``mode="nearest"``: floor of the asymmetric coordinate."""
    return _resize(arg, 1, "nearest")


@rule("aten::upsample_nearest2d")
def nearest2d(arg: Arguments) -> Op:
    """The same over two axes."""
    return _resize(arg, 2, "nearest")


@rule("aten::upsample_nearest3d")
def nearest3d(arg: Arguments) -> Op:
    """The same over three axes."""
    return _resize(arg, 3, "nearest")


@rule("aten::_upsample_nearest_exact1d")
def nearest_exact1d(arg: Arguments) -> Op:
    """``mode="nearest-exact"``: the pixel in which the centre lies."""
    return _resize(arg, 1, "nearest", exact_nearest=True)


@rule("aten::_upsample_nearest_exact2d")
def nearest_exact2d(arg: Arguments) -> Op:
    """The same over two axes."""
    return _resize(arg, 2, "nearest", exact_nearest=True)


@rule("aten::_upsample_nearest_exact3d")
def nearest_exact3d(arg: Arguments) -> Op:
    """The same over three axes."""
    return _resize(arg, 3, "nearest", exact_nearest=True)


@rule("aten::upsample_linear1d")
def linear1d(arg: Arguments) -> Op:
    """``mode="linear"``."""
    return _resize(arg, 1, "linear")


@rule("aten::upsample_bilinear2d")
def bilinear2d(arg: Arguments) -> Op:
    """``mode="bilinear"``."""
    return _resize(arg, 2, "bilinear")


@rule("aten::upsample_trilinear3d")
def trilinear3d(arg: Arguments) -> Op:
    """``mode="trilinear"``."""
    return _resize(arg, 3, "trilinear")


@rule("aten::upsample_bicubic2d")
def bicubic2d(arg: Arguments) -> Op:
    """``mode="bicubic"``."""
    return _resize(arg, 2, "bicubic")


@rule("aten::_upsample_bilinear2d_aa")
def bilinear2d_antialias(arg: Arguments) -> Op:
    """``antialias=True``: the window grows with the scale."""
    return _resize(arg, 2, "bilinear", antialias=True)


@rule("aten::_upsample_bicubic2d_aa")
def bicubic2d_antialias(arg: Arguments) -> Op:
    """``antialias=True``: the window grows with the scale."""
    return _resize(arg, 2, "bicubic", antialias=True)


@rule("aten::_upsample_lanczos2d_aa")
def lanczos2d_antialias(arg: Arguments) -> Op:
    """``mode="lanczos"``, always with ``antialias=True``."""
    return _resize(arg, 2, "lanczos", antialias=True)


@rule("aten::grid_sampler", "aten::grid_sampler_2d", "aten::grid_sampler_3d")
def grid_sampler(arg: Arguments) -> Op:
    """Where it samples depends on the grid: any place of the image may be read."""
    image, grid = tuple(arg.input.shape), tuple(arg.grid.shape)
    result = (grid[0], image[1], *grid[1:-1])
    reads: dict[int, tuple[Relation, int]] = {
        axis: (WHOLE, result[axis]) for axis in range(2, len(image))
    }
    read = ops.along(image, reads, kind="grid_sample")
    known = _grid_taps(arg, image)
    places = ops.contract([grid], [["n", *_letters(grid), "xy"]], ["n", *_letters(grid)])
    link = _shifted(places.links[0])
    if known is not None:
        read = ops.along(image, known, kind="grid_sample")
    return Op("grid_sample", result, (read.links[0], link), exact=False)


def _letters(grid: Sequence[int]) -> list[int]:
    return list(range(len(grid) - 2))


def _shifted(link: AnyLink | None) -> Link:
    """The link of a result with a channel axis after the batch axis."""
    assert isinstance(link, Link)
    return Link(
        [
            Read(r.axis + 1 if r.axis is not None and r.axis > 0 else r.axis, r.relation)
            for r in link.reads
        ]
    )


def _grid_taps(arg: Arguments, image: Sequence[int]) -> dict[int, tuple[Relation, int]] | None:
    """The windows of a known grid that moves each axis on its own (a flip, a shift, a zoom)."""
    grid = arg.constant(arg.grid)
    if grid is None or arg.get("padding_mode", 0) == 2 or arg.interpolation_mode != 0:
        return None
    count = len(image) - 2
    found: dict[int, tuple[Relation, int]] = {}
    for j in range(count):
        points = grid[..., count - 1 - j].detach()
        for other in range(points.dim()):
            if other != j + 1:
                if not bool((points == points.narrow(other, 0, 1)).all()):
                    return None
                points = points.narrow(other, 0, 1)
        size = image[j + 2]
        place = [float(p) for p in points.flatten()]
        if arg.align_corners:
            where = [(p + 1) / 2 * (size - 1) for p in place]
        else:
            where = [((p + 1) * size - 1) / 2 for p in place]
        if arg.get("padding_mode", 0) == 1:
            where = [min(max(w, 0.0), size - 1.0) for w in where]
        slack = 1e-3  # the grid is made of rounded numbers
        taps = [IndexSet.interval(floor(w - slack), ceil(w + slack)) for w in where]
        found[j + 2] = (Table(tuple(tap.clip(0, size - 1) for tap in taps)), len(where))
    return found
