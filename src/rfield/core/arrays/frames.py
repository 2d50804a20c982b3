"""Sliding windows laid out as axes, and overlapping windows summed."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from ...errors import InvalidModelError
from .. import layout
from .. import padding as arithmetic
from ..arguments import Padding, PerAxis, normalize_axis, per_axis, resolve_padding
from .expression import Operand, Reading, read, shape_of
from .shaping import moveaxis, permute, reshape


def frames(
    x: Operand,
    size: int,
    step: int,
    axis: int = -1,
    *,
    dilation: int = 1,
    before: int = 0,
    after: int = 0,
) -> Reading:
    """The axis becomes two: place ``k`` of window ``w`` reads ``step*w + dilation*k - before``.

    https://www.tensorflow.org/api_docs/python/tf/signal/frame

    >>> from .expression import Known
    >>> frames(Known((1, 10)), 4, 2).shape
    (1, 4, 4)
    """
    steps = layout.frames(
        shape_of(x), axis, size, step, dilation=dilation, before=before, after=after
    )
    return read(steps, x)


def overlap_add(
    x: Operand,
    step: int,
    axis: int = -2,
    *,
    size: int | None = None,
    dilation: int = 1,
    before: int = 0,
) -> Reading:
    """The axes (window, place in it) are summed into one: the inverse of ``frames``.

    ``size``: of the result, by default all that the windows reach.
    https://www.tensorflow.org/api_docs/python/tf/signal/overlap_and_add

    >>> from .expression import Known
    >>> overlap_add(Known((1, 4, 4)), 2).shape
    (1, 10)
    """
    shape = shape_of(x)
    axis = normalize_axis(axis, len(shape))
    count, places = shape[axis], shape[axis + 1]
    if size is None:
        size = (count - 1) * step + dilation * (places - 1) + 1 - before
    return read(layout.overlap_add(shape, axis, step, size, dilation=dilation, before=before), x)


def unfold(x: Operand, size: int, step: int, axis: int) -> Reading:
    """``torch.Tensor.unfold``: windows stay on the axis, the place in the window comes last.

    https://docs.pytorch.org/docs/stable/generated/torch.Tensor.unfold.html

    >>> from .expression import Known
    >>> unfold(Known((10, 3)), 4, 2, 0).shape
    (4, 3, 4)
    """
    shape = shape_of(x)
    axis = normalize_axis(axis, len(shape)) if shape else 0
    return moveaxis(frames(x, size, step, axis), axis + 1, -1)


def patches(
    x: Operand,
    size: PerAxis,
    axes: Sequence[int],
    *,
    strides: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
) -> Reading:
    """Windows over several axes: each axis counts windows, the places in them are new last axes.

    https://www.tensorflow.org/api_docs/python/tf/image/extract_patches

    >>> from .expression import Known
    >>> patches(Known((1, 9, 8, 3)), (3, 2), (1, 2), strides=2).shape
    (1, 4, 4, 3, 3, 2)
    """
    shape = shape_of(x)
    named = [normalize_axis(axis, len(shape)) for axis in axes]
    kernel, steps = per_axis("size", size, len(named)), per_axis("strides", strides, len(named))
    wide = per_axis("dilation", dilation, len(named))
    pads = resolve_padding(padding, [shape[axis] for axis in named], kernel, steps, wide)
    made: Operand = x
    for axis, k, step, far, (before, after) in zip(named, kernel, steps, wide, pads, strict=True):
        cut = frames(made, k, step, axis, dilation=far, before=before, after=after)
        made = moveaxis(cut, axis + 1, -1)
    return read([], made)


def patches_as_channels(
    x: Operand,
    size: PerAxis,
    axes: Sequence[int],
    channel_axis: int,
    *,
    strides: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
) -> Reading:
    """Windows over several axes in place of the channels: (places in the window, channel).

    https://www.tensorflow.org/api_docs/python/tf/image/extract_patches

    >>> from .expression import Known
    >>> patches_as_channels(Known((1, 9, 8, 3)), (3, 2), (1, 2), -1, strides=2).shape
    (1, 4, 4, 18)
    """
    rank = len(shape_of(x))
    channel = normalize_axis(channel_axis, rank)
    cut = patches(x, size, axes, strides=strides, padding=padding, dilation=dilation)
    places = range(rank, len(cut.shape))
    order = [*range(channel), *places, *range(channel, rank)]
    sizes = list(cut.shape[:rank])
    sizes[channel] *= prod(cut.shape[rank:])
    return reshape(permute(cut, order), sizes)


def im2col(
    x: Operand,
    size: PerAxis,
    *,
    strides: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
) -> Reading:
    """(batch, channels, space…) as (batch, channels times places in the window, windows).

    https://docs.pytorch.org/docs/stable/generated/torch.nn.Unfold.html

    >>> from .expression import Known
    >>> im2col(Known((1, 3, 9, 8)), 3).shape
    (1, 27, 42)
    """
    shape = shape_of(x)
    space = range(2, len(shape))
    cut = patches(x, size, space, strides=strides, padding=padding, dilation=dilation)
    windows, places = cut.shape[2 : len(shape)], cut.shape[len(shape) :]
    turned = permute(cut, [0, 1, *range(len(shape), len(cut.shape)), *space])
    return reshape(turned, (shape[0], shape[1] * prod(places), prod(windows)))


def col2im(
    x: Operand,
    sizes: Sequence[int],
    size: PerAxis,
    *,
    strides: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
) -> Reading:
    """(batch, channels times places, windows) summed into (batch, channels, ``sizes``…).

    https://docs.pytorch.org/docs/stable/generated/torch.nn.Fold.html

    >>> from .expression import Known
    >>> col2im(Known((1, 27, 42)), (9, 8), 3).shape
    (1, 3, 9, 8)
    """
    shape, count = shape_of(x), len(sizes)
    kernel, steps = per_axis("size", size, count), per_axis("strides", strides, count)
    wide = per_axis("dilation", dilation, count)
    pads = resolve_padding(padding, sizes, kernel, steps, wide)
    windows = [
        arithmetic.window_count(n, k, step, before, after, far, ceil=False)
        for n, k, step, far, (before, after) in zip(sizes, kernel, steps, wide, pads, strict=True)
    ]
    channels = shape[1] // prod(kernel)
    if len(shape) != 3 or channels * prod(kernel) != shape[1] or prod(windows) != shape[2]:
        raise InvalidModelError(f"folds {shape} into {tuple(sizes)} by windows of {kernel}")
    apart = reshape(x, (shape[0], channels, *kernel, *windows))
    order = [0, 1]
    for axis in range(count):
        order += [2 + count + axis, 2 + axis]
    made = permute(apart, order)
    for axis in range(count):
        made = overlap_add(
            made, steps[axis], 2 + axis,
            size=sizes[axis], dilation=wide[axis], before=pads[axis][0],
        )  # fmt: skip
    return made
