"""Pooling: windows over all axes after batch and channel, and pooling over whole axes."""

from __future__ import annotations

from ...core import ops
from ...core.link import Link, Read
from ...core.ops import Op
from ...core.relation import IDENTITY, WHOLE
from ...errors import InvalidModelError
from .convolution import each, padding_of
from .rulebook import Call, Reading, rule
from .tensors import Shape


def windows(call: Call, shape: Shape, kind: str) -> Op:
    """A pooling op from a node's attributes; the stride defaults to 1, not to the kernel."""
    kernel = call.ints("kernel_shape")
    count = len(shape) - 2
    if kernel is None or len(kernel) != count or count < 1:
        raise InvalidModelError(f"kernel_shape = {kernel} for {count} spatial axes")
    return ops.pool(
        shape, kernel=kernel, stride=each(call, "strides", count),
        padding=padding_of(call, count), dilation=each(call, "dilations", count),
        ceil_mode=bool(call.int("ceil_mode", 0)), kind=kind,
    )  # fmt: skip


@rule("MaxPool", "com.microsoft::MaxpoolWithMask")
def max_pool(call: Call) -> tuple[Op, Op]:
    """The maxima, and where they were."""
    op = windows(call, call.shape(0), "max_pool")
    return op, op


@rule("AveragePool", "LpPool")
def avg_pool(call: Call) -> Op:
    """Whether padding counts changes the numbers, not what is read."""
    return windows(call, call.shape(0), "avg_pool")


@rule("com.microsoft::QLinearAveragePool", "com.microsoft::NhwcMaxPool",
      "com.microsoft::NhwcAveragePool")  # fmt: skip
def ms_pool(call: Call) -> Reading:
    """Quantised pooling; the channels may be last."""
    from ...core import layout

    x = call.value(0)
    if not (call.int("channels_last", 0) or "Nhwc" in call.op):
        return Reading(windows(call, x.shape, "avg_pool"), [x])
    rank = len(x.shape)
    first = layout.permute(x.shape, (0, rank - 1, *range(1, rank - 1)))
    op = windows(call, first.shape, "pool")
    return Reading([first, op, layout.permute(op.shape, (0, *range(2, rank), 1))], [x])


@rule("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool",
      "com.microsoft::QLinearGlobalAveragePool")  # fmt: skip
def global_pool(call: Call) -> Reading:
    """All positions of a channel."""
    shape = call.shape(0)
    axes = range(1, len(shape) - 1) if call.int("channels_last", 0) else range(2, len(shape))
    return Reading(ops.reduce(shape, axes, keepdims=True, kind="global_pool"), [call.value(0)])


@rule("MaxUnpool")
def max_unpool(call: Call) -> Op:
    """Each maximum goes back to where it was: that depends on the data."""
    shape = call.shape(0)
    count = len(shape) - 2
    kernel, stride = call.ints("kernel_shape") or [], each(call, "strides", count)
    pads = call.ints("pads") or [0] * (2 * count)
    if len(kernel) != count or len(pads) != 2 * count:
        raise InvalidModelError(f"kernel_shape = {kernel} for {count} spatial axes")
    if call.has(2):
        result = tuple(call.integers(2, "the output shape"))
    else:
        result = (*shape[:2], *(
            (shape[k + 2] - 1) * stride[k] - pads[k] - pads[k + count] + kernel[k]
            for k in range(count)
        ))  # fmt: skip
    reads = [Read(0, IDENTITY), Read(1, IDENTITY), *[Read(None, WHOLE)] * count]
    return Op("max_unpool", result, (Link(reads), Link(reads)), exact=False)
