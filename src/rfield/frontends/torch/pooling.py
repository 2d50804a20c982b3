"""Pooling: windows over the last axes, adaptive and fractional windows, and unpooling."""

from __future__ import annotations

from collections.abc import Sequence

from ...core import arrays, ops
from ...core.ops import Op
from ...core.relation import WHOLE
from .rulebook import Arguments, Reading, dimensions, rule


def _pool(arg: Arguments) -> Reading:
    rank, count = arg.self.dim(), dimensions(arg)
    return arrays.pool(
        arg.self, _each(arg.kernel_size, count), strides=_each(arg.stride, count) or None,
        padding=_each(arg.padding, count), dilation=arg.get("dilation", 1),
        ceil_mode=bool(arg.ceil_mode), axes=range(rank - count, rank),
        kind="max_pool" if "max" in arg.short else "avg_pool",
    )  # fmt: skip


def _with_places(arg: Arguments, found: Reading, count: int) -> tuple[Reading, ...]:
    return found, arrays.places(found, arg.self, range(-count, 0))


def _each(value: int | Sequence[int] | None, count: int) -> list[int]:
    if value is None:
        return []
    values = [value] if isinstance(value, int) else list(value)
    return values * count if len(values) == 1 else values


@rule("aten::avg_pool1d", "aten::avg_pool2d", "aten::avg_pool3d", "aten::max_pool1d",
      "aten::max_pool2d", "aten::mkldnn_max_pool2d", "aten::quantized_max_pool2d",
      "aten::max_pool3d", shaped=True)  # fmt: skip
def pool(arg: Arguments) -> Reading:
    """Windows over the last axes; ``count_include_pad`` changes the numbers, not what is read.

    https://docs.pytorch.org/docs/stable/nn.html#pooling-layers
    """
    return _pool(arg)


@rule("aten::max_pool1d_with_indices", "aten::max_pool2d_with_indices",
      "aten::max_pool3d_with_indices", shaped="indices")  # fmt: skip
def pool_with_places(arg: Arguments) -> tuple[Reading, ...]:
    """The maxima, and where they were.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
    """
    return _with_places(arg, _pool(arg), dimensions(arg))


def _adaptive(arg: Arguments) -> Reading:
    rank, count = arg.self.dim(), dimensions(arg)
    sizes = list(_each(arg.output_size, count))
    axes = range(rank - count, rank)
    wanted = {
        axis: arg.self.shape[axis] if size is None else size
        for axis, size in zip(axes, sizes, strict=True)
    }
    return arrays.adaptive_pool(arg.self, wanted)


@rule("aten::adaptive_avg_pool1d", "aten::adaptive_avg_pool2d", "aten::_adaptive_avg_pool2d",
      "aten::adaptive_avg_pool3d", "aten::_adaptive_avg_pool3d", shaped=True)  # fmt: skip
def adaptive_pool(arg: Arguments) -> Reading:
    """Windows that divide each of the last axes into the wanted number of outputs.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html
    """
    return _adaptive(arg)


@rule("aten::adaptive_max_pool1d", "aten::adaptive_max_pool2d", "aten::adaptive_max_pool3d",
      shaped="indices")  # fmt: skip
def adaptive_max_pool(arg: Arguments) -> tuple[Reading, ...]:
    """The maxima of such windows, and where they were.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html
    """
    return _with_places(arg, _adaptive(arg), dimensions(arg))


@rule("aten::fractional_max_pool2d", "aten::fractional_max_pool3d")
def fractional_max_pool(arg: Arguments) -> tuple[Reading, ...]:
    """Windows at random places: each output reads all places where its window can start.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool2d.html
    """
    rank, count = arg.self.dim(), len(arg.kernel_size)
    sizes = dict(zip(range(rank - count, rank), arg.output_size, strict=True))
    return _with_places(arg, arrays.random_pool(arg.self, arg.kernel_size, sizes), count)


@rule("aten::max_unpool2d", "aten::max_unpool3d")
def max_unpool(arg: Arguments) -> Op:
    """Each maximum goes back to where it was: that depends on the data."""
    shape, result = tuple(arg.self.shape), tuple(arg.result.shape)
    indices = tuple(arg.indices.shape)
    count = 2 if "output_size" not in arg.__dict__ or len(arg.output_size) == 2 else 3
    spatial = range(len(shape) - count, len(shape))
    read = ops.along(shape, {axis: (WHOLE, result[axis]) for axis in spatial}, kind="max_unpool")
    both = ops.along(indices, {a: (WHOLE, result[a]) for a in spatial}, kind="max_unpool")
    return Op("max_unpool", result, (*read.links, *both.links), exact=False)
