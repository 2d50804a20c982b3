"""Convolutions, separable and transposed ones, and dense layers."""

from __future__ import annotations

from typing import Any

from ...core import ops
from ...core.ops import Op
from ...core.padding import transposed_size
from .rulebook import Arguments, rule


@rule("Conv1D", "Conv2D", "Conv3D")
def convolution(arg: Arguments) -> Op:
    """``padding`` is valid, same, or causal: all of it before the signal."""
    layer = arg.layer
    axes, channel = arg.space()
    return ops.conv(
        arg.shape(0), kernel=layer.kernel_size, stride=layer.strides, padding=_padding(layer),
        dilation=layer.dilation_rate, groups=layer.groups, channels=layer.filters,
        axes=axes, channel_axis=channel, bias=layer.use_bias,
    )  # fmt: skip


@rule("DepthwiseConv1D", "DepthwiseConv2D")
def depthwise(arg: Arguments) -> Op:
    """One kernel or more for each channel."""
    layer = arg.layer
    axes, channel = arg.space()
    channels = arg.shape(0)[channel]
    return ops.conv(
        arg.shape(0), kernel=layer.kernel_size, stride=layer.strides, padding=_padding(layer),
        dilation=layer.dilation_rate, groups=channels,
        channels=channels * layer.depth_multiplier, axes=axes, channel_axis=channel,
        bias=layer.use_bias,
    )  # fmt: skip


@rule("SeparableConv1D", "SeparableConv2D")
def separable(arg: Arguments) -> list[Op]:
    """A depthwise convolution, then a 1×1 one."""
    layer = arg.layer
    axes, channel = arg.space()
    channels = arg.shape(0)[channel]
    first = ops.conv(
        arg.shape(0), kernel=layer.kernel_size, stride=layer.strides, padding=_padding(layer),
        dilation=layer.dilation_rate, groups=channels,
        channels=channels * layer.depth_multiplier, axes=axes, channel_axis=channel,
    )  # fmt: skip
    second = ops.conv(
        first.shape, kernel=(1,) * len(axes), channels=layer.filters, axes=axes,
        channel_axis=channel, bias=layer.use_bias,
    )  # fmt: skip
    return [first, second]


@rule("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
def transposed(arg: Arguments) -> Op:
    """SAME gives ``size * stride`` outputs, an ``output_padding`` another size (Keras's rule)."""
    layer = arg.layer
    axes, channel = arg.space()
    shape = arg.shape(0)
    given = layer.output_padding
    count = len(axes)
    extra = (
        [None] * count if given is None else [given] * count if isinstance(given, int) else given
    )
    pads: list[tuple[int, int]] = []
    outputs: list[int] = []
    for axis, k, s, d, more in zip(
        axes, layer.kernel_size, layer.strides, layer.dilation_rate, extra, strict=True
    ):
        reach = d * (k - 1) + 1
        size = _transposed_outputs(shape[axis], reach, s, layer.padding, more)
        cut = reach + (shape[axis] - 1) * s - size
        # The forward convolution pads SAME: the smaller half comes first.
        before = max(0, cut) // 2 if layer.padding == "same" else 0
        whole = transposed_size(shape[axis], k, s, before, max(0, cut - before), d, 0)
        pads.append((before, max(0, cut - before)))
        outputs.append(size - whole)
    return ops.conv_transpose(
        shape, kernel=layer.kernel_size, stride=layer.strides, padding=pads,
        output_padding=outputs, dilation=layer.dilation_rate, channels=layer.filters,
        axes=axes, channel_axis=channel, bias=layer.use_bias,
    )  # fmt: skip


def _transposed_outputs(size: int, reach: int, stride: int, padding: str, extra: int | None) -> int:
    if extra is None:
        return size * stride if padding == "same" else size * stride + max(reach - stride, 0)
    pad = reach // 2 if padding == "same" else 0
    return (size - 1) * stride + reach - 2 * pad + extra


@rule("Dense")
def dense(arg: Arguments) -> Op:
    """A matrix on the last axis."""
    return ops.dense(arg.shape(0), arg.layer.units, bias=arg.layer.use_bias)


@rule("EinsumDense")
def einsum_dense(arg: Arguments) -> Op:
    """An equation between the operand, a kernel and the result; ``...`` stands for leading axes."""
    terms, _, result = arg.layer.equation.replace(" ", "").partition("->")
    left, _, kernel = terms.partition(",")
    shape = arg.shape(0)
    hidden = len(shape) - len(left.replace("...", ""))
    names: list[Any] = [*left.partition("...")[0]]
    names += [*range(-hidden, 0), *left.partition("...")[2]]
    output: list[Any] = [*result.partition("...")[0]]
    output += [*(range(-hidden, 0) if "..." in result else ()), *result.partition("...")[2]]
    known = dict(zip(names, shape, strict=True))
    full = arg.layer.full_output_shape if hasattr(arg.layer, "full_output_shape") else None
    given = arg.layer.partial_output_shape if full is None else full
    sizes = dict(zip(reversed(output), reversed(tuple(given)), strict=False))
    weights = tuple(known.get(label, sizes.get(label) or 1) for label in kernel)
    return ops.contract([shape, weights], [names, list(kernel)], output, kind="einsumdense")


@rule("Embedding")
def embedding(arg: Arguments) -> Op:
    """Each index becomes a vector."""
    from ...core.link import passed

    shape = arg.shape(0)
    return Op("embedding", (*shape, arg.layer.output_dim), (passed(len(shape)),))


def _padding(layer: Any) -> Any:
    if layer.padding != "causal":
        return layer.padding
    return [(d * (k - 1), 0) for k, d in zip(layer.kernel_size, layer.dilation_rate, strict=True)]
