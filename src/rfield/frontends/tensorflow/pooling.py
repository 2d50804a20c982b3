"""Pooling: windows over space, channel by channel."""

from __future__ import annotations

from dataclasses import replace

from ...core import ops
from ...core.ops import Op
from ...errors import InvalidModelError
from ..machine.values import Outputs
from .convolution import padding_of
from .rulebook import Call, rule, spatial


@rule("MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D", "MaxPoolV2")
def pool(call: Call) -> Op:
    """Windows over space, or over channels; written for all axes in the order of ``data_format``.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/MaxPool
    """
    shape = call.shape(0)
    if call.op == "MaxPoolV2":
        kernel, steps = call.integers(1), call.integers(2)
    else:
        kernel, steps = call.numbers("ksize"), call.numbers("strides")
    if len(kernel) != len(shape) or len(steps) != len(shape):
        raise InvalidModelError(f"windows {kernel} and strides {steps} on {len(shape)} axes")
    axes, channel = spatial(call.text("data_format", "NHWC"), len(shape))
    if kernel[channel] != 1 or steps[channel] != 1:
        axes = (*axes, channel)  # pooling over channels, as maxout does
    return ops.pool(
        shape, kernel=[kernel[a] for a in axes], stride=[steps[a] for a in axes],
        padding=padding_of(call, axes), axes=axes,
        kind="max_pool" if call.op.startswith("Max") else "avg_pool",
    )  # fmt: skip


@rule("MaxPoolWithArgmax")
def pool_with_argmax(call: Call) -> Outputs:
    """The maximum and where it lies.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/MaxPoolWithArgmax
    """
    op = pool(call)
    return Outputs([op, replace(op, tables=(f"places in {' x '.join(map(str, call.shape(0)))}",))])
