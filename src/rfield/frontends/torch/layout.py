"""Ops that move, repeat or select elements: views, padding, joining, splitting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...core import arrays, layout, ops
from ...core.ops import Op
from .rulebook import Arguments, Reading, rule


@rule("aten::view", "aten::reshape", "aten::_unsafe_view", "aten::_reshape_copy", "aten::flatten",
      "aten::unflatten", "aten::squeeze", "aten::unsqueeze", "aten::view_copy", "aten::view_as",
      "aten::reshape_as", "aten::squeeze_copy", "aten::unsqueeze_copy",
      "aten::_reshape_alias")  # fmt: skip
def reshape(arg: Arguments) -> Op:
    """The same elements in the same order."""
    before, after = tuple(arg.operands[0].shape), tuple(arg.result.shape)
    if before == after:
        return ops.pointwise(before, kind="identity")
    return _shaped_like(arg, layout.reshape(before, after))


def _shaped_like(arg: Arguments, op: Op) -> Op:
    """Of a second tensor, whose shape is taken, nothing is read."""
    return op if arg.get("other") is None else replace(op, links=(*op.links, None))


@rule("aten::permute", "aten::permute_copy")
def permute(arg: Arguments) -> Op:
    """Axes in another order."""
    return layout.permute(tuple(arg.self.shape), arg.dims)


@rule("aten::transpose.int", "aten::swapaxes", "aten::swapdims", "aten::transpose_copy.int",
      "aten::transpose_")  # fmt: skip
def transpose(arg: Arguments) -> Op:
    """Two axes change places."""
    first, second = [arg.__dict__[name] for name in arg.__dict__ if name[:3] in ("dim", "axi")][:2]
    order = list(range(len(arg.self.shape)))
    order[first], order[second] = order[second], order[first]
    return layout.permute(tuple(arg.self.shape), order)


@rule("aten::numpy_T")
def reversed_axes(arg: Arguments) -> Op:
    """``x.T``: all axes in the opposite order."""
    rank = len(arg.self.shape)
    return layout.permute(tuple(arg.self.shape), range(rank)[::-1])


@rule("aten::t", "aten::mT", "aten::adjoint", "aten::t_copy")
def matrix_transpose(arg: Arguments) -> Op:
    """The last two axes change places; one axis stays."""
    shape = tuple(arg.self.shape)
    rank = len(shape)
    order = [*range(rank - 2), rank - 1, rank - 2] if rank > 1 else [*range(rank)]
    return layout.permute(shape, order)


@rule("aten::movedim.intlist", "aten::movedim.int", "aten::moveaxis.int", "aten::moveaxis.intlist")
def movedim(arg: Arguments) -> list[Op]:
    """Axes go to named places.

    https://docs.pytorch.org/docs/stable/generated/torch.movedim.html
    """
    return [*arrays.moveaxis(arg.self, arg.source, arg.destination).steps]


@rule("aten::slice.Tensor", "aten::slice_copy.Tensor")
def slice_(arg: Arguments) -> Op:
    """``x[start:stop:step]`` along one axis."""
    shape = tuple(arg.self.shape)
    start, stop, step = slice(arg.start, arg.end, arg.step).indices(shape[arg.dim])
    if (start, step) == (0, 1) and stop == shape[arg.dim]:
        return ops.pointwise(shape, kind="identity")
    return layout.slice_(shape, arg.dim, start, max(start, stop), step)


@rule("aten::narrow", "aten::narrow_copy")
def narrow(arg: Arguments) -> Op:
    """``length`` elements from ``start``, which may count from the end."""
    shape = tuple(arg.self.shape)
    start = arg.start + shape[arg.dim] if arg.start < 0 else arg.start
    return layout.slice_(shape, arg.dim, start, start + arg.length)


@rule("aten::select.int", "aten::select_copy.int")
def select(arg: Arguments) -> Op:
    """One index of an axis."""
    return layout.select(tuple(arg.self.shape), arg.dim, arg.index)


@rule("aten::split.Tensor", "aten::split_with_sizes", "aten::split.sizes", "aten::chunk",
      "aten::unsafe_split", "aten::unsafe_split_with_sizes", "aten::unsafe_chunk",
      "aten::tensor_split", "aten::split_copy", "aten::split_with_sizes_copy")  # fmt: skip
def split(arg: Arguments) -> tuple[Op, ...]:
    """Consecutive slices."""
    shape, start, parts = tuple(arg.self.shape), 0, []
    for part in arg.result:
        size = part.shape[arg.dim]
        parts.append(layout.slice_(shape, arg.dim, start, start + size, kind="split"))
        start += size
    return tuple(parts)


@rule("aten::unbind.int", "aten::unbind_copy.int")
def unbind(arg: Arguments) -> tuple[Op, ...]:
    """Every index of an axis on its own."""
    shape = tuple(arg.self.shape)
    return tuple(layout.select(shape, arg.dim, index) for index in range(shape[arg.dim]))


@rule("aten::cat", "aten::concat", "aten::concatenate", shaped="floats")
def cat(arg: Arguments) -> Reading:
    """End to end along an axis; an empty tensor of one axis counts for nothing.

    https://docs.pytorch.org/docs/stable/generated/torch.cat.html
    """
    rank = max(tensor.dim() for tensor in arg.tensors)
    parts = [t for t in arg.tensors if t.dim() == rank or t.numel()]
    return arrays.concat(parts, arg.dim)


@rule("aten::stack", shaped="floats")
def stack(arg: Arguments) -> Reading:
    """Side by side along a new axis.

    https://docs.pytorch.org/docs/stable/generated/torch.stack.html
    """
    return arrays.stack(arg.tensors, arg.dim)


@rule("aten::expand", "aten::broadcast_to", "aten::expand_copy", "aten::expand_as")
def expand(arg: Arguments) -> Op:
    """Axes of size 1 are repeated."""
    shape, result = tuple(arg.self.shape), tuple(arg.result.shape)
    if shape == result:
        return ops.pointwise(shape, kind="identity")
    return _shaped_like(arg, layout.expand(shape, result))


@rule("aten::repeat", "aten::tile")
def repeat(arg: Arguments) -> Reading:
    """The whole tensor again and again.

    https://docs.pytorch.org/docs/stable/generated/torch.tile.html
    """
    return arrays.tile(arg.self, arg.get("repeats", arg.get("dims")))


@rule("aten::repeat_interleave.self_int")
def repeat_interleave(arg: Arguments) -> Reading:
    """Each element again and again.

    https://docs.pytorch.org/docs/stable/generated/torch.repeat_interleave.html
    """
    return arrays.repeat(arg.self, arg.repeats, arg.dim)


def _padding(arg: Arguments, pads: Sequence[int]) -> dict[int, tuple[int, int]]:
    """``F.pad`` names the last axis first."""
    rank = arg.operands[0].dim()
    numbers = [int(width) for width in pads]  # a buffer may hold them
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    return {rank - 1 - j: (before, after) for j, (before, after) in enumerate(pairs)}


def _padded(arg: Arguments, pads: Sequence[int], mode: str, fill: object = None) -> Reading:
    """Padding that PyTorch accepts: an axis is mirrored or wrapped once only."""
    number = float(fill) if isinstance(fill, (int, float)) else None
    return arrays.pad(arg.operands[0], _padding(arg, pads), mode=mode, once=True, fill=number)


@rule("aten::constant_pad_nd", shaped=True)
def constant_pad(arg: Arguments) -> Reading:
    """Zeros (or any number) around; negative widths crop.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html
    """
    return _padded(arg, arg.pad, "constant", arg.value)


@rule("aten::pad", shaped=True)
def pad(arg: Arguments) -> Reading:
    """``F.pad`` in any mode, in one piece.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html
    """
    return _padded(arg, arg.pad, arg.mode, arg.get("value") or 0)


@rule("aten::reflection_pad1d", "aten::reflection_pad2d", "aten::reflection_pad3d", shaped=True)
def reflection_pad(arg: Arguments) -> Reading:
    """The mirrored elements.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html
    """
    return _padded(arg, arg.padding, "reflect")


@rule("aten::replication_pad1d", "aten::replication_pad2d", "aten::replication_pad3d", shaped=True)
def replication_pad(arg: Arguments) -> Reading:
    """The border element.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html
    """
    return _padded(arg, arg.padding, "replicate")


@rule("aten::_pad_circular", shaped=True)
def circular_pad(arg: Arguments) -> Reading:
    """The other end of the axis.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html
    """
    return _padded(arg, arg.pad, "circular")


@rule("aten::flip", shaped=True)
def flip(arg: Arguments) -> Reading:
    """Backwards along the axes.

    https://docs.pytorch.org/docs/stable/generated/torch.flip.html
    """
    return arrays.flip(arg.self, arg.dims)


@rule("aten::rot90")
def rot90(arg: Arguments) -> Reading:
    """Quarter turns: a flip and a transposition.

    https://docs.pytorch.org/docs/stable/generated/torch.rot90.html
    """
    return arrays.rot90(arg.self, arg.k, arg.dims)


@rule("aten::roll", shaped=True)
def roll(arg: Arguments) -> Reading:
    """Circular shift; shifts along an axis that is named twice add up.

    https://docs.pytorch.org/docs/stable/generated/torch.roll.html
    """
    axes = [arg.dims] if isinstance(arg.dims, int) else arg.dims
    return arrays.roll(arg.self, arg.shifts, axes or None)


@rule("aten::pixel_shuffle", shaped=True)
def pixel_shuffle(arg: Arguments) -> Reading:
    """Channels become positions.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelShuffle.html
    """
    return arrays.depth_to_space(
        arg.self, (arg.upscale_factor,) * 2, axes=(-2, -1), channel_axis=-3, channels_first=True
    )


@rule("aten::pixel_unshuffle", shaped=True)
def pixel_unshuffle(arg: Arguments) -> Reading:
    """Positions become channels.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelUnshuffle.html
    """
    return arrays.space_to_depth(
        arg.self, (arg.downscale_factor,) * 2, axes=(-2, -1), channel_axis=-3, channels_first=True
    )


@rule("aten::channel_shuffle", "aten::native_channel_shuffle", shaped=True)
def channel_shuffle(arg: Arguments) -> Reading:
    """The channels of all groups take turns.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html
    """
    return arrays.channel_shuffle(arg.self, arg.groups)


@rule("aten::unfold")
def unfold(arg: Arguments) -> list[Op]:
    """``Tensor.unfold``: sliding windows; the place in the window is the last axis.

    https://docs.pytorch.org/docs/stable/generated/torch.Tensor.unfold.html
    """
    return [*arrays.unfold(arg.self, arg.size, arg.step, arg.dimension).steps]


@rule("aten::im2col")
def im2col(arg: Arguments) -> Reading:
    """``F.unfold``: (batch, channel*kernel, windows).

    https://docs.pytorch.org/docs/stable/generated/torch.nn.Unfold.html
    """
    x = arg.self if arg.self.dim() == 4 else arrays.unsqueeze(arg.self, 0)
    made = arrays.im2col(
        x, arg.kernel_size, strides=arg.stride, padding=arg.padding, dilation=arg.dilation
    )
    return arrays.reshape(made, arg.result.shape)


@rule("aten::col2im")
def col2im(arg: Arguments) -> Reading:
    """``F.fold``: overlapping windows are summed, a transposed convolution with fixed taps.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.Fold.html
    """
    x = arg.self if arg.self.dim() == 3 else arrays.unsqueeze(arg.self, 0)
    made = arrays.col2im(
        x, arg.output_size, arg.kernel_size,
        strides=arg.stride, padding=arg.padding, dilation=arg.dilation,
    )  # fmt: skip
    return arrays.reshape(made, arg.result.shape)


@rule("aten::diag_embed", shaped=True)
def diag_embed(arg: Arguments) -> Reading:
    """The last axis as a diagonal of two new ones, zeros elsewhere.

    https://docs.pytorch.org/docs/stable/generated/torch.diag_embed.html
    """
    return arrays.diag_embed(arg.self, arg.offset, arg.dim1, arg.dim2)


@rule("aten::diagonal", "aten::diagonal_copy")
def diagonal(arg: Arguments) -> list[Op]:
    """Two axes run together.

    https://docs.pytorch.org/docs/stable/generated/torch.diagonal.html
    """
    return [*arrays.diagonal(arg.self, arg.offset, arg.dim1, arg.dim2).steps]
