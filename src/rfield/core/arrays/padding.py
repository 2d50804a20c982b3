"""Padding and cropping in every known mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...errors import InvalidModelError
from .. import layout
from ..arguments import normalize_axis, pairs
from ..padding import PAD_BORDERS
from .expression import Operand, Reading, read, shape_of

Pads = int | Mapping[int, tuple[int, int]] | Sequence[tuple[int, int]]


def pad(
    x: Operand,
    pads: Pads,
    *,
    mode: str = "constant",
    once: bool = False,
    fill: float | None = None,
) -> Reading:
    """``(before, after)`` elements more per axis: for all axes, or ``{axis: (before, after)}``.

    Modes, under every name that a framework uses: ``constant`` or ``zeros`` (they read nothing),
    ``reflect`` and ``symmetric`` (mirrored without and with the border), ``replicate`` or ``edge``,
    ``circular`` or ``wrap``. Negative widths crop, before anything is repeated. ``once``: an axis
    is mirrored or wrapped once only, as PyTorch and TensorFlow demand. ``fill``: the constant,
    where it is known.
    https://numpy.org/doc/stable/reference/generated/numpy.pad.html

    >>> from .expression import Known
    >>> pad(Known((1, 3, 8)), {-1: (1, -2)}, mode="reflect").shape
    (1, 3, 7)
    """
    shape = shape_of(x)
    if mode not in PAD_BORDERS:
        raise InvalidModelError(f"mode = {mode!r}; expected one of {', '.join(PAD_BORDERS)}")
    if isinstance(pads, Mapping):
        stated = {normalize_axis(axis, len(shape)): pair for axis, pair in pads.items()}
    else:
        stated = dict(enumerate(pairs("pads", pads, len(shape), negative=True)))
    widths = {axis: (int(a), int(b)) for axis, (a, b) in stated.items() if a or b}
    border = PAD_BORDERS[mode]
    reach = {"reflect": -1, "symmetric": 0, "circular": 0}.get(border)
    for axis, pair in widths.items():
        too_far = once and reach is not None and max(pair) > shape[axis] + reach
        if too_far or shape[axis] + sum(width for width in pair if width < 0) < 0:
            raise InvalidModelError(
                f"{mode} padding of {pair[0]} and {pair[1]} does not fit an axis of {shape[axis]}"
            )
    if not widths:
        return read([], x)
    cut = {axis: (min(0, a), min(0, b)) for axis, (a, b) in widths.items() if min(a, b) < 0}
    if border == "zero" or not cut:
        op = layout.pad(shape, widths, mode=mode)
        return read(op if fill is None or mode != "constant" else replace(op, fill=fill), x)
    cropped = layout.pad(shape, cut)
    more = {axis: (max(0, a), max(0, b)) for axis, (a, b) in widths.items() if max(a, b) > 0}
    steps = [cropped, layout.pad(cropped.shape, more, mode=mode)] if more else [cropped]
    return read(steps, x)


def crop(x: Operand, widths: Mapping[int, tuple[int, int]]) -> Reading:
    """So many elements less at both ends of the axes.

    https://keras.io/api/layers/reshaping_layers/cropping2d/

    >>> from .expression import Known
    >>> crop(Known((1, 8)), {1: (1, 2)}).shape
    (1, 5)
    """
    if any(side < 0 for pair in widths.values() for side in pair):
        raise InvalidModelError(f"crops {dict(widths)}; expected integers of at least 0")
    return pad(x, {axis: (-before, -after) for axis, (before, after) in widths.items()})


def center_crop(x: Operand, sizes: Mapping[int, int], *, fill: bool = False) -> Reading:
    """The middle of the axes; an odd element is cut at the end. ``fill``: too short ones get zeros.

    https://onnx.ai/onnx/operators/onnx__CenterCropPad.html

    >>> from .expression import Known
    >>> center_crop(Known((1, 9)), {1: 4}).steps[0].links[0].reads[1].relation.taps
    (IndexSet{2},)
    """
    shape = shape_of(x)
    widths: dict[int, tuple[int, int]] = {}
    for named, size in sizes.items():
        axis = normalize_axis(named, len(shape))
        change = size - shape[axis]
        if change > 0 and not fill:
            raise InvalidModelError(f"a crop of {size} from {shape[axis]}")
        before = change // 2 if change >= 0 else -(-change // 2)
        widths[axis] = (before, change - before)
    return pad(x, widths)
