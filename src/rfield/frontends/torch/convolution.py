"""Convolutions and transposed convolutions of one, two and three dimensions."""

from __future__ import annotations

from typing import Any

from ...core import layout, ops
from ...core.ops import Op
from ...core.taps import with_taps
from ...errors import InvalidModelError, show_shape
from .rulebook import Arguments, Reading, bad_sizes, rule


@rule("aten::conv1d", "aten::conv2d", "aten::conv3d", shaped=True)
def conv(arg: Arguments) -> Any:
    """``F.conv2d``; the padding may be a word."""
    return _conv(arg, arg.input, arg.padding, arg.groups)


@rule("aten::convolution", "aten::_convolution", "aten::convolution_overrideable", shaped=True)
def convolution(arg: Arguments) -> Any:
    """The one op behind all convolutions."""
    if arg.transposed:
        return _transposed(arg, arg.input, arg.output_padding)
    return _conv(arg, arg.input, arg.padding, arg.groups)


@rule("aten::conv_transpose1d", "aten::conv_transpose2d", "aten::conv_transpose3d", shaped=True)
def conv_transpose(arg: Arguments) -> Op | list[Op]:
    """``F.conv_transpose2d``."""
    return _transposed(arg, arg.input, arg.output_padding)


@rule("aten::conv_tbc", shaped=True)
def conv_tbc(arg: Arguments) -> Op:
    """Time, batch, channels; the weight is (kernel, in, out)."""
    return ops.conv(
        arg.self.shape, kernel=[arg.weight.shape[0]], padding=arg.pad, axes=[0], channel_axis=2,
        channels=arg.weight.shape[2], bias=True,
    )  # fmt: skip


@rule("aten::conv_depthwise3d", "aten::_conv_depthwise2d", shaped=True)
def conv_depthwise(arg: Arguments) -> Any:
    """Each channel on its own."""
    return _conv(arg, arg.self, arg.padding, arg.self.shape[1])


def _conv(arg: Arguments, tensor: Any, padding: object, groups: int) -> Any:
    shape, weight = tuple(tensor.shape), arg.weight.shape
    batched = len(shape) == len(weight)
    _check(shape, weight, weight[1] * groups)
    if isinstance(padding, str):  # torch puts the odd one of "same" at the end
        padding = "same" if padding == "same" else "valid"
    op = ops.conv(
        shape if batched else (1, *shape), kernel=weight[2:], stride=arg.stride,
        padding=padding, dilation=arg.dilation, groups=groups,  # type: ignore[arg-type]
        channels=weight[0], bias=arg.get("bias") is not None,
    )  # fmt: skip
    zeros = arg.zeros(arg.weight)
    if arg.unseen(arg.weight):
        op = op.thinned
    if zeros is not None:
        count = len(weight) - 2
        dilation = [arg.dilation] * count if isinstance(arg.dilation, int) else arg.dilation
        op = with_taps(op, zeros, range(2, 2 + count), [*dilation, *[dilation[-1]] * count][:count])
    return _read_often(tensor, op, batched=batched)


def _read_often(tensor: Any, op: Op, *, batched: bool) -> Any:
    """A convolution that reads its operand by as many links as its kernel has boxes of taps."""
    shape = tuple(tensor.shape)
    if len(op.links) < 2:
        return op if batched else _unbatched(shape, op)
    read = tensor if batched else Reading(layout.reshape(shape, (1, *shape)), [tensor])
    found = Reading(op, [read] * len(op.links))
    return found if batched else Reading([layout.reshape(op.shape, op.shape[1:])], [found])


def _check(shape: tuple[int, ...], weight: Any, channels: int) -> None:
    """The channels that the weight has, and some positions: meta tensors do not tell."""
    if len(shape) < len(weight) - 1 or shape[-len(weight) + 1] != channels:
        raise bad_sizes("the channel axis", shape, weight)
    if 0 in shape[len(shape) - len(weight) + 2 :]:
        raise InvalidModelError(f"{show_shape(shape)} has no positions to convolve")


def _transposed(arg: Arguments, tensor: Any, output_padding: object) -> Any:
    shape, weight = tuple(tensor.shape), arg.weight.shape
    batched = len(shape) == len(weight)
    _check(shape, weight, weight[0])
    op = ops.conv_transpose(
        shape if batched else (1, *shape), kernel=weight[2:], stride=arg.stride,
        padding=arg.padding, output_padding=output_padding, dilation=arg.dilation,  # type: ignore[arg-type]
        groups=arg.groups, channels=weight[1] * arg.groups, bias=arg.bias is not None,
        zeros=arg.zeros(arg.weight),
    )  # fmt: skip
    op = op.thinned if arg.unseen(arg.weight) else op
    return _read_often(tensor, op, batched=batched)


def _unbatched(shape: tuple[int, ...], op: Op) -> list[Op]:
    """A tensor without a batch axis gets one for the op."""
    return [layout.reshape(shape, (1, *shape)), op, layout.reshape(op.shape, op.shape[1:])]
