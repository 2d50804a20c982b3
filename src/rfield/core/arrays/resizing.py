"""Interpolation: where an output lies in the input, and which elements around it are read."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Any, Literal

from ...errors import InvalidModelError
from .. import ops
from ..arguments import normalize_axis, one_of
from ..indices import IndexSet
from ..link import Link, Read
from ..operation import Op
from ..relation import IDENTITY, WHOLE, ZERO, Relation, Sliding, Table
from ..resampling import Coordinates, Method, Rounding, coordinates, resampled
from .expression import Array, Operand, Reading, known_array, read, shape_of

METHODS: dict[str, Method] = {
    "nearest": "nearest", "linear": "linear", "bilinear": "linear", "trilinear": "linear",
    "triangle": "linear", "cubic": "cubic", "bicubic": "cubic", "keyscubic": "cubic",
    "lanczos": "lanczos3", "lanczos3": "lanczos3", "lanczos5": "lanczos5",
}  # fmt: skip
"""Methods under the names that the frameworks use."""

COORDINATES: tuple[Coordinates, ...] = (
    "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
    "tf_half_pixel_for_nn",
)  # fmt: skip
"""Where an output lies: the names of ONNX."""

_ROUNDINGS: tuple[Rounding, ...] = ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil")
Outside = Literal["replicate", "zero"]


def step_of(scale: float) -> Fraction:
    """Input positions per output position, ``1 / scale``, as single precision has it.

    The fraction that was meant (3 for a scale of 1/3, which no float is) where single precision
    does not tell the two apart.

    >>> step_of(0.3333333432674408)
    Fraction(3, 1)
    """
    step = Fraction(1 / scale)
    meant = step.limit_denominator(1 << 10)
    return meant if abs(meant - step) * (1 << 24) <= step else step


def resize(
    x: Operand,
    sizes: Mapping[int, int],
    method: str = "nearest",
    *,
    mode: str = "half_pixel",
    steps: Mapping[int, Fraction] | None = None,
    offsets: Mapping[int, Fraction] | None = None,
    rounding: str = "floor",
    antialias: bool = False,
    stretches: Mapping[int, Fraction] | None = None,
    exclude_outside: bool | None = None,
    depends_on_size: bool = False,
) -> Reading:
    """Resize axes to ``{axis: size}``; an output at ``slope*i + offset`` reads around that point.

    ``mode``: where an output lies, by ONNX's names; ``steps``: input positions per output where a
    scale is given and not the ratio of the sizes; ``offsets``: where output 0 lies instead.
    ``rounding``: for ``nearest``. ``stretches``: by what antialiasing widens the kernel, if not by
    the slope. ``exclude_outside``: beyond the border nothing is read, else the border's element;
    by default as ``antialias`` is.
    https://onnx.ai/onnx/operators/onnx__Resize.html

    >>> from .expression import Known
    >>> resize(Known((1, 4)), {1: 8}, "linear").steps[0].links[0].reads[1].relation.taps
    (IndexSet{-1..0}, IndexSet{0..1})
    """
    shape = shape_of(x)
    how = METHODS[one_of("method", method, tuple(METHODS))]
    where = one_of("mode", mode, COORDINATES)
    rounded = one_of("rounding", rounding, _ROUNDINGS)
    relations: dict[int, tuple[Relation, int]] = {}
    for named, outputs in sizes.items():
        axis = normalize_axis(named, len(shape))
        size = shape[axis]
        if outputs < 0:
            raise InvalidModelError(f"resizes an axis of {size} to {outputs}")
        if not outputs:
            relations[axis] = (Table(()), 0)
            continue
        step = (steps or {}).get(named)
        slope, offset = coordinates(size, outputs, where, step if mode != "align_corners" else None)
        offset = (offsets or {}).get(named, offset)
        relation = resampled(
            slope, offset, how, (size, outputs), rounding=rounded, antialias=antialias,
            stretch=(stretches or {}).get(named), exclude_outside=exclude_outside,
        )  # fmt: skip
        here = relation == Sliding(1, 1, (ZERO,), "replicate") and outputs == size
        relations[axis] = (IDENTITY if here else relation, outputs)
    op = ops.along(shape, relations, kind="resize", depends_on_size=depends_on_size, algebra="keep")
    return read(op, x)


def resize_area(x: Operand, sizes: Mapping[int, int], *, align_corners: bool = False) -> Reading:
    """The mean over the area that an output covers: ``floor(s*i) .. ceil(s*(i+1)) - 1``.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/ResizeArea

    >>> from .expression import Known
    >>> resize_area(Known((1, 6)), {1: 4}).steps[0].links[0].reads[1].relation.taps
    (IndexSet{0..1}, IndexSet{1..2})
    """
    shape = shape_of(x)
    relations: dict[int, tuple[Relation, int]] = {}
    for named, outputs in sizes.items():
        axis = normalize_axis(named, len(shape))
        corners = align_corners and outputs > 1
        step = Fraction(shape[axis] - corners, outputs - corners)
        taps = tuple(
            IndexSet.interval(floor(step * i), max(floor(step * i), ceil(step * (i + 1)) - 1))
            for i in range(step.denominator)
        )
        relations[axis] = (
            Sliding(step.denominator, step.numerator, taps, "replicate"), outputs
        )  # fmt: skip
    return read(ops.along(shape, relations, kind="resize", algebra="keep"), x)


def crop_and_resize(
    x: Operand,
    regions: Mapping[int, tuple[Fraction, Fraction, int]],
    method: str = "linear",
    *,
    rounding: str = "round_prefer_floor",
) -> Reading:
    """Resize known regions ``{axis: (start, stop, size)}``, in parts of the axis from 0 to 1.

    Outputs beyond the border read nothing (they are extrapolated by a number).
    https://onnx.ai/onnx/operators/onnx__Resize.html (``tf_crop_and_resize``)

    >>> from .expression import Known
    >>> region = (Fraction(0), Fraction(1, 2), 3)
    >>> crop_and_resize(Known((1, 5)), {1: region}).steps[0].links[0].reads[1].relation.taps
    (IndexSet{0}, IndexSet{1}, IndexSet{2})
    """
    shape = shape_of(x)
    how = METHODS[one_of("method", method, tuple(METHODS))]
    rounded = one_of("rounding", rounding, _ROUNDINGS)
    relations: dict[int, tuple[Relation, int]] = {}
    for named, (start, stop, outputs) in regions.items():
        last = shape[normalize_axis(named, len(shape))] - 1
        slope = (stop - start) * last / (outputs - 1) if outputs > 1 else Fraction(0)
        offset = start * last if outputs > 1 else (start + stop) * last / 2
        taps: list[IndexSet] = []
        for i in range(outputs):
            point = slope * i + offset
            inside = 0 <= point <= last
            one = resampled(Fraction(1), point, how, (last + 1, 1), rounding=rounded).at(0)
            taps.append(one.clip(0, last) if inside else IndexSet.of(()))
        relations[named] = (Table(tuple(taps)), outputs)
    return read(ops.along(shape, relations, kind="resize", algebra="keep"), x)


def grid_sample(
    x: Operand,
    grid: object,
    *,
    method: str = "linear",
    border: str = "zeros",
    align_corners: bool = False,
) -> Reading:
    """(batch, channels, space…) sampled where a grid (batch, space…, coordinates) says: a bound.

    Of a table (a volume of colors) at places that are data each output reads its own place: exact.
    A known grid that moves each axis on its own (a shift, a flip, a zoom) narrows what is read.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.grid_sample.html

    >>> from .expression import Known
    >>> grid_sample(Known((1, 3, 8, 8)), Known((1, 5, 4, 2))).shape
    (1, 3, 5, 4)
    """
    shape, array = shape_of(x), known_array(grid)
    places: Any = grid if array is None else array
    own = tuple(places.shape)
    space = len(shape) - 2
    result = (own[0], shape[1], *own[1:-1])
    rows = [Read(0, IDENTITY), Read(1, IDENTITY), *[Read(None, WHOLE)] * space]
    plain = array is not None and METHODS.get(method) == "linear" and border != "reflection"
    for axis in range(space if plain else 0):
        assert array is not None
        points = array[..., space - 1 - axis]
        row = _row(points, axis + 1)
        if row is None:
            rows[2:] = [Read(None, WHOLE)] * space
            break
        taps = _sampled(row, shape[axis + 2], border == "border", align_corners)
        rows[axis + 2] = Read(axis + 2, Table(tuple(taps)))
    where = [Read(0, IDENTITY), *(Read(k + 2, IDENTITY) for k in range(space)), Read(None, WHOLE)]
    loose = (0,) if array is None else ()  # weights of a known grid are not in its links
    op = Op("grid_sample", result, (Link(rows), Link(where)), exact=False, loose=loose)
    return Reading(op, [x, places])


def _row(points: Array, axis: int) -> Array | None:
    """The coordinates along an axis, where they are the same everywhere else."""
    moved = points.swapaxes(0, axis).reshape(points.shape[axis], -1)
    return moved[:, 0] if bool((moved == moved[:, :1]).all()) else None


def _sampled(row: Array, size: int, clamped: bool, corners: bool) -> list[IndexSet]:
    slack = 1e-3  # the grid is made of rounded numbers
    taps: list[IndexSet] = []
    for point in row.tolist():
        place = (point + 1) / 2 * (size - 1) if corners else ((point + 1) * size - 1) / 2
        place = min(max(place, 0.0), size - 1.0) if clamped else place
        wide = IndexSet.interval(floor(place - slack), ceil(place + slack))
        taps.append(wide.clip(0, size - 1))
    return taps


def affine_grid(theta: Operand, sizes: tuple[int, ...]) -> Reading:
    """A grid (batch, space…, coordinates) made of one matrix for each image.

    ``sizes``: batch, channels and space of the image.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.affine_grid.html

    >>> from .expression import Known
    >>> affine_grid(Known((1, 2, 3)), (1, 3, 8, 9)).shape
    (1, 8, 9, 2)
    """
    result = (sizes[0], *sizes[2:], len(sizes) - 2)
    link = Link([Read(0, IDENTITY), *[Read(None, WHOLE)] * (len(shape_of(theta)) - 1)])
    return read(Op("affine_grid", result, (link,), algebra="offset"), theta)


def regions_of(
    x: Operand, boxes: Operand, sizes: tuple[int, ...], batch: Operand | None = None
) -> Reading:
    """RoiAlign and the like: regions (one per box) of (batch, channels, space…) that the data says.

    https://onnx.ai/onnx/operators/onnx__RoiAlign.html

    >>> from .expression import Known
    >>> regions_of(Known((1, 3, 8, 8)), Known((5, 4)), (2, 2)).shape
    (5, 3, 2, 2)
    """
    shape, own = shape_of(x), shape_of(boxes)
    rows = [Read(None, WHOLE), Read(1, IDENTITY), *[Read(None, WHOLE)] * (len(shape) - 2)]
    links = [Link(rows), Link([Read(0, IDENTITY), *[Read(None, WHOLE)] * (len(own) - 1)])]
    if batch is not None:
        links.append(Link([Read(0, IDENTITY)]))
    op = Op("roi", (own[0], shape[1], *sizes), tuple(links), exact=False)
    return Reading(op, [x, boxes] if batch is None else [x, boxes, batch])
