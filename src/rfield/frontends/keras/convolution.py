"""Convolutions, separable and transposed ones, and dense layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core import arrays, ops
from ...core.arguments import per_axis
from ...core.ops import Op
from ...core.padding import transposed_size
from ...core.taps import with_taps
from ..machine.values import Constant
from .rulebook import Call, operand, rule


@rule("Conv1D", "Conv2D", "Conv3D")
def convolution(call: Call) -> Any:
    """``padding`` is valid, same, or causal: all of it before the signal.

    https://keras.io/api/layers/convolution_layers/convolution2d/
    """
    layer = call.layer
    op = _slid(call, layer.kernel_size, layer.groups, layer.filters, layer.use_bias)
    return _without_zeros(call, op, _zeros_of(call, "kernel", layer.kernel_size))


@rule("DepthwiseConv1D", "DepthwiseConv2D")
def depthwise(call: Call) -> Any:
    """One kernel or more for each channel.

    https://keras.io/api/layers/convolution_layers/depthwise_convolution2d/
    """
    layer, channels = call.layer, call.shape(0)[call.space()[1]]
    more = channels * layer.depth_multiplier
    op = _slid(call, layer.kernel_size, channels, more, layer.use_bias)
    return _without_zeros(call, op, _zeros_of(call, "kernel", layer.kernel_size))


@rule("SeparableConv1D", "SeparableConv2D")
def separable(call: Call) -> Any:
    """A depthwise convolution, then a 1×1 one.

    https://keras.io/api/layers/convolution_layers/separable_convolution2d/
    """
    layer, (axes, channel) = call.layer, call.space()
    channels = call.shape(0)[channel]
    first = _slid(call, layer.kernel_size, channels, channels * layer.depth_multiplier, False)
    second = ops.conv(
        first.shape, kernel=(1,) * len(axes), channels=layer.filters, axes=axes,
        channel_axis=channel, bias=layer.use_bias,
    )  # fmt: skip
    depthwise = _without_zeros(call, first, _zeros_of(call, "depthwise_kernel", layer.kernel_size))
    return arrays.read(second, depthwise)


@rule("ops.Conv", "ops.DepthwiseConv", "ops.SeparableConv")
def convolution_op(call: Call) -> Any:
    """A kernel (space…, channels of a group, outputs) that is given as a tensor.

    https://keras.io/api/ops/nn/#conv-function
    """
    weight, channels = operand(call.get("kernel", 1)), call.shape(0)[call.space()[1]]
    *size, inputs, outputs = weight.shape
    depth = call.op != "ops.Conv"
    groups = channels if depth else channels // inputs
    op = _bounded(_slid(call, size, groups, inputs * outputs if depth else outputs, False), weight)
    made = _without_zeros(call, op, _zeros(weight, size), weight)
    if call.op == "ops.SeparableConv":
        last, (axes, channel) = operand(call.get("pointwise_kernel", 2)), call.space()
        second = ops.conv(op.shape, kernel=(1,) * len(axes), channels=last.shape[-1], axes=axes,
                          channel_axis=channel)  # fmt: skip
        return arrays.Reading(second, [made, last])
    return made


def _slid(call: Call, size: Sequence[int], groups: int, channels: int, bias: bool) -> Op:
    layer, (axes, channel) = call.layer, call.space()
    wide = per_axis("dilation_rate", layer.dilation_rate, len(axes))
    padding: Any = layer.padding.lower()
    if padding == "causal":
        padding = [(d * (k - 1), 0) for k, d in zip(size, wide, strict=True)]
    return ops.conv(
        call.shape(0), kernel=tuple(size), stride=per_axis("strides", layer.strides, len(axes)),
        padding=padding, dilation=wide, groups=groups, channels=channels, axes=axes,
        channel_axis=channel, bias=bias,
    )  # fmt: skip


def _zeros_of(call: Call, name: str, size: Sequence[int]) -> Any:
    """Where the kernel of a layer is zero, if the user has asked for that and it has numbers."""
    if not call.machine.zeros or not call.layer.built:
        return None
    value = getattr(call.layer, name)
    if getattr(value, "_value", value) is None:
        return None
    return _taps(np.asarray(value) == 0, size)


def _zeros(weight: Any, size: Sequence[int]) -> Any:
    """Where a kernel that is no parameter is zero, or a mask makes one zero."""
    zeros = weight.zeros if isinstance(weight, Constant) and weight.made else None
    return None if zeros is None else _taps(zeros, size)


def _bounded(op: Op, weight: Any) -> Op:
    """The op as a bound, where a mask is on the kernel of which nobody knows the zeros."""
    return op.thinned if isinstance(weight, Constant) and weight.may_be_cut else op


def _taps(zeros: Any, size: Sequence[int]) -> Any:
    """Zeros of a kernel (space…, inputs, outputs) as (outputs, inputs, space…)."""
    rank = len(size)
    return zeros.transpose(rank + 1, rank, *range(rank)) if zeros.any() else None


def _without_zeros(call: Call, op: Op, zeros: Any, *weights: Any) -> Any:
    """The convolution without the taps that are zero in every channel."""
    if zeros is None:
        return arrays.Reading(op, [call[0], *weights])
    axes = call.space()[0]
    found = with_taps(op, zeros, axes, per_axis("dilation", call.layer.dilation_rate, len(axes)))
    return arrays.Reading(found, [call[0]] * len(found.links))


@rule("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
def transposed(call: Call) -> Any:
    """SAME gives ``size * stride`` outputs, an ``output_padding`` another size (Keras's rule).

    https://keras.io/api/layers/convolution_layers/convolution2d_transpose/
    """
    layer = call.layer
    return _transposed(call, layer.kernel_size, layer.filters, layer.use_bias)


@rule("ops.ConvTranspose")
def transposed_op(call: Call) -> Any:
    """The same with a kernel (space…, outputs, inputs) that is given as a tensor.

    https://keras.io/api/ops/nn/#conv_transpose-function
    """
    *size, outputs, _ = operand(call.get("kernel", 1)).shape
    weight = operand(call.get("kernel", 1))
    op = _bounded(_transposed(call, size, outputs, False, _zeros(weight, size)), weight)
    return arrays.Reading(op, [call[0]] * len(op.links) if len(op.links) > 1 else [call[0], weight])


def _transposed(
    call: Call, kernel: Sequence[int], channels: int, bias: bool, zeros: Any = None
) -> Op:
    layer, shape, (axes, channel) = call.layer, call.shape(0), call.space()
    count = len(axes)
    strides = per_axis("strides", layer.strides, count)
    wide = per_axis("dilation_rate", layer.dilation_rate, count)
    given = layer.output_padding
    extra = [given] * count if given is None or isinstance(given, int) else given
    pads: list[tuple[int, int]] = []
    outputs: list[int] = []
    for axis, k, s, d, more in zip(axes, kernel, strides, wide, extra, strict=True):
        reach = d * (k - 1) + 1
        size = _transposed_outputs(shape[axis], reach, s, layer.padding, more)
        cut = reach + (shape[axis] - 1) * s - size
        # The forward convolution pads SAME: the smaller half comes first.
        before = max(0, cut) // 2 if layer.padding == "same" else 0
        whole = transposed_size(shape[axis], k, s, before, max(0, cut - before), d, 0)
        pads.append((before, max(0, cut - before)))
        outputs.append(size - whole)
    return ops.conv_transpose(
        shape, kernel=tuple(kernel), stride=strides, padding=pads, output_padding=outputs,
        dilation=wide, channels=channels, axes=axes, channel_axis=channel, bias=bias, zeros=zeros,
    )  # fmt: skip


def _transposed_outputs(size: int, reach: int, stride: int, padding: str, extra: int | None) -> int:
    if extra is None:
        return size * stride if padding == "same" else size * stride + max(reach - stride, 0)
    pad = reach // 2 if padding == "same" else 0
    return (size - 1) * stride + reach - 2 * pad + extra


@rule("Dense")
def dense(call: Call) -> Any:
    """A matrix on the last axis.

    https://keras.io/api/layers/core_layers/dense/
    """
    return arrays.dense(call[0], call.layer.units, bias=call.layer.use_bias)


@rule("EinsumDense")
def einsum_dense(call: Call) -> Any:
    """An equation between the operand, a kernel and the result.

    https://keras.io/api/layers/core_layers/einsum_dense/
    """
    layer, x = call.layer, call[0]
    equation = layer.equation.replace(" ", "")
    terms, _, result = equation.partition("->")
    left, _, kernel = terms.partition(",")
    head, dots, tail = left.partition("...")
    hidden = len(x.shape) - len(head) - len(tail) if dots else 0
    rank = len(head) + hidden + len(tail)
    sizes = dict(zip(head, x.shape, strict=False))
    sizes |= dict(zip(tail, x.shape[rank - len(tail) :], strict=True))
    given = getattr(layer, "full_output_shape", None) or layer.partial_output_shape
    given = (given,) if isinstance(given, int) else given
    known = dict(zip(reversed(result.replace("...", "")), reversed(tuple(given)), strict=False))
    weights = Constant(tuple(sizes.get(name) or known.get(name) or 1 for name in kernel))
    return arrays.einsum(equation, x, weights, kind="einsumdense")


@rule("Embedding", "ReversibleEmbedding")
def embedding(call: Call) -> Any:
    """Each index becomes a vector; in reverse each vector a score for every index.

    https://keras.io/api/layers/core_layers/embedding/
    """
    if call.get("reverse", 1, False):
        return arrays.dense(call[0], call.layer.input_dim)
    call.machine.pads |= bool(call.layer.mask_zero)
    shape = call.shape(0)
    width = call.layer.output_dim
    return arrays.broadcast_to(arrays.unsqueeze(call[0], -1), (*shape, width))
