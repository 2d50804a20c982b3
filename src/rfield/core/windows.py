"""The vocabulary, first part: ops that slide a window over the tensor.

Convolution, transposed convolution and pooling, in any layout and any number of axes. The same op
comes again and again in a network, so the ops already made are kept and shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING

from ..errors import InvalidModelError, too_large
from . import padding as arithmetic
from .arguments import (
    Padding,
    Pads,
    PerAxis,
    Shape,
    normalize_axis,
    one,
    per_axis,
    resolve_padding,
    stated_padding,
)
from .indices import IndexSet
from .limits import KEPT_OPS, PERIOD_LIMIT
from .link import Link, Read, passed
from .operation import Op, Work
from .relation import IDENTITY, WHOLE, Sliding, window

if TYPE_CHECKING:
    from .taps import Marks


def conv(
    shape: Sequence[int],
    *,
    kernel: PerAxis,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    channels: int | None = None,
    axes: Sequence[int] | None = None,
    channel_axis: int = 1,
    bias: bool = False,
) -> Op:
    """Convolution (cross-correlation) over ``axes`` (default: all after batch and channel).

    >>> conv((1, 3, 224, 224), kernel=7, stride=2, padding=3, channels=64).shape
    (1, 64, 112, 112)
    """
    rank = len(shape)
    axes = _axes(rank, None if axes is None else tuple(axes))
    count = len(axes)
    return _conv(
        tuple(shape),
        per_axis("kernel", kernel, count),
        per_axis("stride", stride, count),
        stated_padding(padding, count),
        per_axis("dilation", dilation, count),
        one("groups", groups),
        channels if channels is None else one("channels", channels),
        axes,
        normalize_axis(channel_axis, rank),
        bias,
    )


@lru_cache(KEPT_OPS)
def _conv(
    shape: Shape,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: str | Pads,
    dilation: tuple[int, ...],
    groups: int,
    channels: int | None,
    axes: tuple[int, ...],
    channel_axis: int,
    bias: bool,
) -> Op:
    inputs = shape[channel_axis]
    channels = inputs if channels is None else channels
    _check_groups(groups, inputs, channels)
    sizes = [shape[axis] for axis in axes]
    pads = tuple(resolve_padding(padding, sizes, kernel, stride, dilation))
    result = list(shape)
    result[channel_axis] = channels
    for j, axis in enumerate(axes):
        result[axis] = _windows(sizes[j], kernel[j], stride[j], pads[j], dilation[j], ceil=False)
    link = _window_link(
        len(shape), axes, kernel, stride, pads, dilation,
        channel_axis, (groups, inputs // groups, channels // groups),
    )  # fmt: skip
    outputs = prod(result)
    weights = prod(kernel) * (inputs // groups)
    work = Work(
        outputs * weights, outputs if bias else 0, channels * weights + (channels if bias else 0)
    )
    moving = _moves_with_size(padding, kernel, stride)
    return Op(
        "conv", tuple(result), (link,),
        work=work, depends_on_size=moving, algebra="offset" if bias else "keep",
    )  # fmt: skip


def conv_transpose(
    shape: Sequence[int],
    *,
    kernel: PerAxis,
    stride: PerAxis = 1,
    padding: Padding = 0,
    output_padding: PerAxis = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    channels: int | None = None,
    axes: Sequence[int] | None = None,
    channel_axis: int = 1,
    bias: bool = False,
    zeros: Marks | None = None,
) -> Op:
    """Transposed convolution; ``"same"`` gives ``size*stride`` outputs, ``"valid"`` no cropping.

    ``zeros``: the taps of the kernel that are known to be zero, over (channel, channel, kernel…).

    >>> conv_transpose((1, 8, 28, 28), kernel=4, stride=2, padding=1).shape
    (1, 8, 56, 56)
    """
    axes = _axes(len(shape), None if axes is None else tuple(axes))
    channel_axis = normalize_axis(channel_axis, len(shape))
    count = len(axes)
    kernel = per_axis("kernel", kernel, count)
    stride = per_axis("stride", stride, count)
    dilation = per_axis("dilation", dilation, count)
    extra = per_axis("output_padding", output_padding, count, least=0)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True) if e):
        raise InvalidModelError(
            f"output_padding = {output_padding!r}; expected less than the stride {stride} "
            f"or the dilation {dilation}"
        )
    inputs = shape[channel_axis]
    channels = inputs if channels is None else one("channels", channels)
    groups = one("groups", groups)
    _check_groups(groups, inputs, channels)
    sizes = [shape[axis] for axis in axes]
    stated = stated_padding(padding, count, negative=True)
    if isinstance(stated, str) and stated != "valid":
        wide = [size * step for size, step in zip(sizes, stride, strict=True)]
        pads = resolve_padding(stated, wide, kernel, stride, dilation)
        extra = tuple(
            max(0, s - d * (k - 1) - 1) for k, s, d in zip(kernel, stride, dilation, strict=True)
        )
    else:
        pads = resolve_padding(stated, sizes, kernel, stride, dilation, negative=True)
    result = list(shape)
    result[channel_axis] = channels
    reads = list(passed(len(shape)).reads)
    reads[channel_axis] = _channels(channel_axis, groups, inputs // groups, channels // groups)
    for j, axis in enumerate(axes):
        relation = arithmetic.transposed(kernel[j], stride[j], pads[j][0], dilation[j])
        reads[axis] = Read(axis, relation)
        result[axis] = arithmetic.transposed_size(
            sizes[j], kernel[j], stride[j], *pads[j], dilation[j], extra[j]
        )
        if result[axis] < 1:
            raise InvalidModelError(f"output of {result[axis]} positions from {sizes[j]}")
    weights = prod(kernel) * (channels // groups)
    outputs = prod(result)
    work = Work(
        prod(shape) * weights, outputs if bias else 0, inputs * weights + (channels if bias else 0)
    )
    op = Op(
        "conv_transpose", tuple(result), (Link(reads),),
        work=work, algebra="offset" if bias else "keep",
    )  # fmt: skip
    places = [(step, before) for step, (before, _) in zip(stride, pads, strict=True)]
    if zeros is None:
        return op
    from .taps import with_taps  # NumPy, which a plain network does not need

    return with_taps(op, zeros, axes, dilation, transposed=places)


def pool(
    shape: Sequence[int],
    *,
    kernel: PerAxis,
    stride: PerAxis | None = None,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    ceil_mode: bool = False,
    axes: Sequence[int] | None = None,
    kind: str = "max_pool",
) -> Op:
    """Pooling over ``axes``, channel by channel; ``stride`` defaults to the kernel.

    >>> pool((1, 64, 112, 112), kernel=3, stride=2, padding=1).shape
    (1, 64, 56, 56)
    """
    axes = _axes(len(shape), None if axes is None else tuple(axes))
    count = len(axes)
    kernel = per_axis("kernel", kernel, count)
    return _pool(
        tuple(shape),
        kernel,
        kernel if stride is None else per_axis("stride", stride, count),
        stated_padding(padding, count),
        per_axis("dilation", dilation, count),
        bool(ceil_mode),
        axes,
        kind,
    )


@lru_cache(KEPT_OPS)
def _pool(
    shape: Shape,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: str | Pads,
    dilation: tuple[int, ...],
    ceil: bool,
    axes: tuple[int, ...],
    kind: str,
) -> Op:
    sizes = [shape[axis] for axis in axes]
    pads = tuple(resolve_padding(padding, sizes, kernel, stride, dilation))
    result = list(shape)
    for j, axis in enumerate(axes):
        result[axis] = _windows(sizes[j], kernel[j], stride[j], pads[j], dilation[j], ceil=ceil)
    link = _window_link(len(shape), axes, kernel, stride, pads, dilation, None, (1, 1, 1))
    work = Work(adds=prod(result) * prod(kernel))
    moving = _moves_with_size(padding, kernel, stride)
    return Op(
        kind, tuple(result), (link,), work=work, depends_on_size=moving, algebra="keep"
    )  # fmt: skip


def group_relation(outputs: int, inputs: int) -> Sliding:
    """Block-diagonal mixing: ``outputs`` channels of a group read its ``inputs`` channels.

    >>> group_relation(2, 3).at(2)
    IndexSet{3..5}
    """
    if outputs == inputs == 1:
        return IDENTITY
    if outputs > PERIOD_LIMIT:
        raise too_large("the pattern of a group", outputs, "Its channels are too many.")
    return Sliding(outputs, inputs, (IndexSet.interval(0, inputs - 1),) * outputs)


@lru_cache(KEPT_OPS)
def _axes(rank: int, axes: tuple[int, ...] | None) -> tuple[int, ...]:
    spatial = tuple(range(2, rank)) if axes is None else axes
    chosen = tuple(normalize_axis(axis, rank) for axis in spatial)
    if not chosen:
        raise InvalidModelError(f"an operand of rank {rank} has no axes to slide over")
    if len(set(chosen)) < len(chosen):
        raise InvalidModelError(f"axes = {spatial!r}; expected distinct axes")
    return chosen


def _check_groups(groups: int, inputs: int, channels: int) -> None:
    if inputs % groups or channels % groups:
        raise InvalidModelError(
            f"groups = {groups}; expected a divisor of {inputs} input "
            f"and {channels} output channels"
        )


def _windows(
    size: int, kernel: int, stride: int, pads: tuple[int, int], dilation: int, *, ceil: bool
) -> int:
    count = arithmetic.window_count(size, kernel, stride, *pads, dilation, ceil=ceil)
    if count < 1:
        extent = dilation * (kernel - 1) + 1
        raise InvalidModelError(
            f"a window of {extent} does not fit into {size} with padding {pads[0]} and {pads[1]}"
        )
    return count


@lru_cache(KEPT_OPS)
def _window_link(
    rank: int,
    axes: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pads: Pads,
    dilation: tuple[int, ...],
    channel_axis: int | None,
    mixing: tuple[int, int, int],
) -> Link:
    reads = list(passed(rank).reads)
    for j, axis in enumerate(axes):
        if (kernel[j], stride[j], pads[j]) != (1, 1, (0, 0)):
            reads[axis] = Read(axis, window(kernel[j], stride[j], pads[j][0], dilation[j]))
    if channel_axis is not None:
        reads[channel_axis] = _channels(channel_axis, *mixing)
    return Link(reads)


def _channels(axis: int, groups: int, inputs: int, outputs: int) -> Read:
    """How output channels read input channels: all of them, or those of their group."""
    return Read(None, WHOLE) if groups == 1 else Read(axis, group_relation(outputs, inputs))


def _moves_with_size(padding: str | Pads, kernel: tuple[int, ...], stride: tuple[int, ...]) -> bool:
    return (
        isinstance(padding, str)
        and padding != "valid"
        and any(k > 1 and s > 1 for k, s in zip(kernel, stride, strict=True))
    )
