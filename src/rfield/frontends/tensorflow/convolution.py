"""Convolutions, and transposed ones: kernel sizes come from the tensor that reaches the op."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from ...core import ops
from ...core.arguments import Padding, Shape, resolve_padding
from ...core.arrays.expression import Reading, read
from ...core.ops import Op
from ...core.taps import with_taps
from ...errors import InvalidModelError
from .rulebook import Call, rule, spatial
from .values import Blocked, Constant, NotInBlocksError

conv = lru_cache(maxsize=2048)(ops.conv)
"""Networks repeat their blocks: the same convolution on the same shape is worked out once."""


@rule("Conv2D", "Conv3D", "Conv")
def convolution(call: Call) -> Any:
    """Convolution; the kernel is laid out (space…, input channels of a group, output channels).

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Conv2D
    """
    slide = sliding(call)
    inputs, channels = call.shape(1)[-2:]
    size = slide.shape[slide.channel]
    if not inputs or size % inputs:
        raise InvalidModelError(f"a kernel for {inputs} channels on {size}")
    return _convolved(call, slide, size // inputs, channels)


@rule("DepthwiseConv2dNative")
def depthwise(call: Call) -> Any:
    """Depthwise convolution; the kernel is laid out (space…, input channels, multiplier).

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/DepthwiseConv2dNative
    """
    slide = sliding(call)
    inputs, multiplier = call.shape(1)[-2:]
    size = slide.shape[slide.channel]
    if inputs != size:
        raise InvalidModelError(f"a kernel for {inputs} channels on {size}")
    return _convolved(call, slide, size, size * multiplier)


def _convolved(call: Call, slide: Slide, groups: int, channels: int) -> Any:
    """The convolution, without the taps that a mask on the kernel takes away."""
    sizes = _kernel(call.shape(1), len(slide.axes))
    op = conv(
        slide.shape, kernel=sizes, stride=slide.stride, dilation=slide.dilation,
        padding=slide.pads(sizes), groups=groups, channels=channels,
        axes=slide.axes, channel_axis=slide.channel,
    )  # fmt: skip
    zeros = call.zeros(1)
    op = op.thinned if _is_untold(call[1], zeros) else op
    if zeros is None:
        return slide.result(op, call.operands[1:])
    op = with_taps(op, np.moveaxis(zeros, (-2, -1), (0, 1)), slide.axes, slide.dilation)
    return slide.result(op, ())


@rule("Conv2DBackpropInput", "Conv3DBackpropInput", "Conv3DBackpropInputV2")
def transposed(call: Call) -> Reading:
    """Transposed convolution: the gradient of a convolution whose input had the given size.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Conv2DBackpropInput
    """
    wanted = call.shape(0) if call.op == "Conv3DBackpropInput" else call.integers(0)
    kernel = call.shape(1)
    shape = call.shape(2)
    axes, channel = layout_of(call, len(shape))
    if len(wanted) == len(axes) + 2:
        result = [wanted[axis] for axis in axes]
        channels = wanted[channel]
    else:
        result, channels = list(wanted[: len(axes)]), kernel[-2]
    if len(result) != len(axes) or not kernel[-2] or channels % kernel[-2]:
        raise InvalidModelError(f"an output of {tuple(wanted)} from a kernel {kernel}")
    return _transposed(call, shape, kernel, axes, channel, result, channels, channels // kernel[-2])


@rule("DepthwiseConv2dNativeBackpropInput")
def transposed_depthwise(call: Call) -> Reading:
    """Transposed depthwise convolution.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/DepthwiseConv2dNativeBackpropInput
    """
    wanted = call.integers(0)
    kernel = call.shape(1)
    shape = call.shape(2)
    axes, channel = layout_of(call, len(shape))
    result = [wanted[axis] for axis in axes]
    channels = wanted[channel]
    return _transposed(call, shape, kernel, axes, channel, result, channels, channels)


def _transposed(
    call: Call, shape: Shape, kernel: Shape, axes: Sequence[int], channel: int,
    result: Sequence[int], channels: int, groups: int,
) -> Reading:  # fmt: skip
    """The padding is that of the forward convolution, from ``result`` to ``shape``."""
    sizes = _kernel(kernel, len(axes))
    steps = _steps(call, "strides", axes, len(shape))
    dilation = _steps(call, "dilations", axes, len(shape))
    forward = ops.conv(
        _with_sizes(shape, axes, result), kernel=sizes, stride=steps, dilation=dilation,
        padding=padding_of(call, axes), axes=axes, channel_axis=channel,
    )  # fmt: skip
    if any(forward.shape[axis] != shape[axis] for axis in axes):
        raise InvalidModelError(
            f"an output of {tuple(result)} belongs to an operand of "
            f"{tuple(forward.shape[axis] for axis in axes)}, not {tuple(shape[a] for a in axes)}"
        )
    pads = resolve_padding(padding_of(call, axes), result, sizes, steps, dilation)
    extra = [
        outputs - ((shape[axis] - 1) * step + d * (k - 1) + 1 - sum(pair))
        for axis, outputs, k, step, d, pair in zip(
            axes, result, sizes, steps, dilation, pads, strict=True
        )
    ]
    # What is left over lies at the end: fewer positions there are a crop, more are empty.
    pads = [(before, after - min(0, e)) for (before, after), e in zip(pads, extra, strict=True)]
    op = ops.conv_transpose(
        shape, kernel=sizes, stride=steps, padding=pads,
        output_padding=[max(0, e) for e in extra], dilation=dilation, groups=groups,
        channels=channels, axes=axes, channel_axis=channel,
        zeros=None if (zeros := call.zeros(1)) is None else np.moveaxis(zeros, (-2, -1), (0, 1)),
    )  # fmt: skip
    op = op.thinned if _is_untold(call[1], zeros) else op
    return read(op, *[call[2]] * len(op.links))


def _is_untold(weight: Any, zeros: Any) -> bool:
    """Whether zeros are asked for that nobody looked at, or a mask that nobody knows is on it."""
    if not isinstance(weight, Constant):
        return False
    hidden = weight.may_be_cut or (weight.made and weight.unseen)
    return hidden or (zeros is None and weight.may_be_pruned)


def _with_sizes(shape: Shape, axes: Sequence[int], sizes: Sequence[int]) -> Shape:
    result = list(shape)
    for axis, size in zip(axes, sizes, strict=True):
        result[axis] = size
    return tuple(result)


@rule("Dilation2D")
def morphological(call: Call) -> Op:
    """Grayscale dilation: a maximum over a window, channel by channel.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Dilation2D
    """
    shape = call.shape(0)
    kernel = call.shape(1)[:2]
    return ops.pool(
        shape, kernel=kernel, stride=call.numbers("strides", (1, 1, 1, 1))[1:3],
        dilation=call.numbers("rates", (1, 1, 1, 1))[1:3],
        padding=call.text("padding", "VALID").lower(), axes=(1, 2), kind="dilation2d",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slide:
    """How a window op slides: in the space of the image where its operand is in blocks."""

    value: Any
    shape: Shape
    axes: tuple[int, ...]
    channel: int
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: Padding
    blocked: Blocked | None

    def pads(self, kernel: Sequence[int]) -> Padding:
        """The padding; SAME inside blocks pads whole blocks."""
        block = self._steps()
        if self.blocked is None or self.padding == "valid":
            return self.padding
        sizes = [self.shape[a] // b for a, b in zip(self.axes, block, strict=True)]
        inner = [d // b for d, b in zip(self.dilation, block, strict=True)]
        pairs = resolve_padding(self.padding, sizes, kernel, self.stride, inner)
        return tuple((p * b, q * b) for (p, q), b in zip(pairs, block, strict=True))

    def _steps(self) -> list[int]:
        if self.blocked is None:
            return [1] * len(self.axes)
        steps = dict(zip(self.blocked.axes, self.blocked.block, strict=True))
        return [steps.get(axis, 1) for axis in self.axes]

    def result(self, op: Op, weights: Sequence[Any]) -> Any:
        """What the rule returns; an op with several links reads its operand so often."""
        if self.blocked is None and len(op.links) == 1:
            return op
        value = self.value if self.blocked is None else self.blocked.value
        made = read(op, *[value] * len(op.links), *weights)
        return made if self.blocked is None else replace(self.blocked, value=made)


def sliding(call: Call) -> Slide:
    """Strides, dilation and padding of an op on its first operand."""
    value = call[0]
    blocked = value if type(value) is Blocked else None
    shape = (value if blocked is None else blocked.value).shape
    axes, channel = layout_of(call, len(shape))
    stride = _steps(call, "strides", axes, len(shape))
    dilation = _steps(call, "dilations", axes, len(shape))
    if blocked is not None:
        steps = dict(zip(blocked.axes, blocked.block, strict=True))
        if any(step != 1 for step in stride) or not set(blocked.axes) <= set(axes):
            raise NotInBlocksError
        dilation = tuple(d * steps.get(a, 1) for a, d in zip(axes, dilation, strict=True))
    return Slide(value, shape, axes, channel, stride, dilation, padding_of(call, axes), blocked)


def layout_of(call: Call, rank: int) -> tuple[tuple[int, ...], int]:
    """Spatial axes and channel axis by ``data_format``."""
    if rank < 3:
        raise InvalidModelError(f"an operand of rank {rank} has no axes to slide over")
    return spatial(call.text("data_format", "NHWC"), rank)


def _kernel(kernel: Shape, count: int) -> Shape:
    if len(kernel) != count + 2:
        raise InvalidModelError(f"a kernel of {len(kernel)} axes over {count} axes")
    return kernel[:count]


def _steps(call: Call, name: str, axes: Sequence[int], rank: int) -> tuple[int, ...]:
    """Strides and dilations are written for all axes, in the order of ``data_format``."""
    values = call.numbers(name)
    if not values:
        return (1,) * len(axes)
    if len(values) != rank:
        raise InvalidModelError(f"{name} = {values}; expected {rank} values")
    return tuple(values[axis] for axis in axes)


def padding_of(call: Call, axes: Sequence[int]) -> Padding:
    """SAME, VALID or EXPLICIT; explicit pairs are written for all axes."""
    mode = call.text("padding", "VALID")
    if mode != "EXPLICIT":
        return mode.lower()
    pairs = call.numbers("explicit_paddings")
    if len(pairs) < 2 * (max(axes) + 1):
        raise InvalidModelError(f"explicit_paddings = {pairs}; expected two values per axis")
    return tuple((pairs[2 * axis], pairs[2 * axis + 1]) for axis in axes)
