"""Pooling: windows over space, channel by channel."""

from __future__ import annotations

from ...core import ops
from ...core.ops import Op
from ...errors import InvalidModelError
from .convolution import padding_of
from .rulebook import Arguments, rule, spatial
from .values import Outputs


@rule("MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D", "MaxPoolV2")
def pool(arg: Arguments) -> Op:
    """Windows and strides are written for all axes, in the order of ``data_format``."""
    shape = arg.shape(0)
    if arg.op == "MaxPoolV2":
        kernel, steps = arg.integers(1), arg.integers(2)
    else:
        kernel, steps = arg.numbers("ksize"), arg.numbers("strides")
    if len(kernel) != len(shape) or len(steps) != len(shape):
        raise InvalidModelError(f"windows {kernel} and strides {steps} on {len(shape)} axes")
    axes, channel = spatial(arg.text("data_format", "NHWC"), len(shape))
    if kernel[channel] != 1 or steps[channel] != 1:
        axes = (*axes, channel)  # pooling over channels, as maxout does
    return ops.pool(
        shape, kernel=[kernel[a] for a in axes], stride=[steps[a] for a in axes],
        padding=padding_of(arg, axes), axes=axes,
        kind="max_pool" if arg.op.startswith("Max") else "avg_pool",
    )  # fmt: skip


@rule("MaxPoolWithArgmax")
def pool_with_argmax(arg: Arguments) -> Outputs:
    """The maximum and where it lies."""
    op = pool(arg)
    return Outputs([op, op])
