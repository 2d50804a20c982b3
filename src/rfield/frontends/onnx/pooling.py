"""Pooling: windows over all axes after batch and channel, and pooling over whole axes."""

from __future__ import annotations

from typing import Any

from ...core import arrays
from ...core.link import Link, Read
from ...core.ops import Op
from ...core.relation import IDENTITY, WHOLE
from ...errors import InvalidModelError
from ..machine.values import Outputs
from .convolution import channels_last, each, padding_of, places
from .rulebook import Call, rule

_POOLS = {
    "MaxPool": "max_pool", "MaxpoolWithMask": "max_pool", "NhwcMaxPool": "max_pool",
    "AveragePool": "avg_pool", "NhwcAveragePool": "avg_pool", "QLinearAveragePool": "avg_pool",
    "LpPool": "avg_pool",
}  # fmt: skip


@rule("MaxPool", "AveragePool", "LpPool", "com.microsoft::MaxpoolWithMask",
      "com.microsoft::QLinearAveragePool", "com.microsoft::NhwcMaxPool",
      "com.microsoft::NhwcAveragePool")  # fmt: skip
def pool(call: Call) -> Any:
    """Windows; the stride defaults to 1. Of a maximum also where it was.

    Whether padding counts changes the numbers of a mean, not what is read.
    https://onnx.ai/onnx/operators/onnx__MaxPool.html
    """
    rank = len(call.shape(0))
    count = rank - 2
    kernel = call.ints("kernel_shape")
    if kernel is None or len(kernel) != count or count < 1:
        raise InvalidModelError(f"kernel_shape = {kernel} for {count} spatial axes")
    made = arrays.pool(
        call[0], kernel, strides=each(call, "strides", count), padding=padding_of(call, count),
        dilation=each(call, "dilations", count), ceil_mode=call.flag("ceil_mode"),
        axes=places(rank, channels_last(call))[2:], kind=_POOLS[call.op.rpartition("::")[2]],
    )  # fmt: skip
    if call.op != "MaxPool":
        return made
    return Outputs([made, arrays.places(made, call[0], range(rank))])


@rule("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool",
      "com.microsoft::QLinearGlobalAveragePool")  # fmt: skip
def global_pool(call: Call) -> Any:
    """All positions of a channel.

    https://onnx.ai/onnx/operators/onnx__GlobalAveragePool.html
    """
    space = places(len(call.shape(0)), channels_last(call))[2:]
    return arrays.reduce(call[0], space, keepdims=True, kind="global_pool")


@rule("MaxUnpool")
def max_unpool(call: Call) -> Op:
    """Each maximum goes back to where it was: that depends on the data.

    https://onnx.ai/onnx/operators/onnx__MaxUnpool.html
    """
    shape = call.shape(0)
    count = len(shape) - 2
    kernel, stride = call.ints("kernel_shape") or [], each(call, "strides", count)
    pads = padding_of(call, count)
    if len(kernel) != count or isinstance(pads, str):
        raise InvalidModelError(f"kernel_shape = {kernel} for {count} spatial axes")
    result = tuple(
        (size - 1) * step - before - after + width
        for size, step, (before, after), width in zip(shape[2:], stride, pads, kernel, strict=True)
    )
    result = call.integers(2, "the output shape") if call.has(2) else (*shape[:2], *result)
    link = Link([Read(0, IDENTITY), Read(1, IDENTITY), *[Read(None, WHOLE)] * count])
    return Op("max_unpool", result, (link, link), exact=False)
