"""Ops that move, repeat or select elements: views, padding, joining, splitting."""

from __future__ import annotations

from collections.abc import Sequence

from ...core import arrays, layout, ops
from ...core.link import Link, Read
from ...core.ops import Op
from ...core.relation import IDENTITY, At, Relation, Sliding
from ...errors import InvalidModelError
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
    return layout.reshape(before, after)


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


@rule("aten::t", "aten::numpy_T", "aten::mT", "aten::adjoint", "aten::t_copy")
def matrix_transpose(arg: Arguments) -> Op:
    """The last two axes change places; one axis stays."""
    shape = tuple(arg.self.shape)
    rank = len(shape)
    order = [*range(rank - 2), rank - 1, rank - 2] if rank > 1 else [*range(rank)]
    return layout.permute(shape, order)


@rule("aten::movedim.intlist", "aten::movedim.int", "aten::moveaxis.int", "aten::moveaxis.intlist")
def movedim(arg: Arguments) -> Op:
    """Axes go to named places."""
    rank = len(arg.self.shape)
    one = isinstance(arg.source, int)
    source = [a % rank for a in ([arg.source] if one else arg.source)]
    target = [a % rank for a in ([arg.destination] if one else arg.destination)]
    rest = iter(axis for axis in range(rank) if axis not in source)
    order = [source[target.index(k)] if k in target else next(rest) for k in range(rank)]
    return layout.permute(tuple(arg.self.shape), order)


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
    """``length`` elements from ``start``."""
    return layout.slice_(tuple(arg.self.shape), arg.dim, arg.start, arg.start + arg.length)


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
def cat(arg: Arguments) -> Op | list[Op]:
    """End to end along an axis; an empty tensor of one axis counts for nothing."""
    shapes = [tuple(t.shape) for t in arg.tensors]
    rank = max(map(len, shapes))
    axis = arg.dim % rank
    like = next(shape for shape in shapes if len(shape) == rank)
    empty = (*like[:axis], 0, *like[axis + 1 :])
    return layout.concat(*(s if len(s) == rank else empty for s in shapes), axis=axis)


@rule("aten::stack", shaped="floats")
def stack(arg: Arguments) -> Reading:
    """Side by side along a new axis."""
    shape, count = tuple(arg.tensors[0].shape), len(arg.tensors)
    axis = arg.dim % (len(shape) + 1)
    one = (*shape[:axis], 1, *shape[axis:])
    joined = layout.concat(*(one,) * count, axis=axis)
    return Reading(joined, [Reading(layout.reshape(shape, one), [t]) for t in arg.tensors])


@rule("aten::expand", "aten::broadcast_to", "aten::expand_copy", "aten::expand_as")
def expand(arg: Arguments) -> Op:
    """Axes of size 1 are repeated."""
    shape, result = tuple(arg.self.shape), tuple(arg.result.shape)
    if shape == result:
        return ops.pointwise(shape, kind="identity")
    return layout.expand(shape, result)


@rule("aten::repeat", "aten::tile")
def repeat(arg: Arguments) -> list[Op]:
    """The whole axis again and again."""
    shape, result = tuple(arg.self.shape), tuple(arg.result.shape)
    full = (1,) * (len(result) - len(shape)) + shape
    times = {axis: r // s for axis, (s, r) in enumerate(zip(full, result, strict=True)) if s}
    return [layout.reshape(shape, full), layout.tile(full, times)]


@rule("aten::repeat_interleave.self_int")
def repeat_interleave(arg: Arguments) -> list[Op]:
    """Each element again and again."""
    shape = tuple(arg.self.shape)
    first = [layout.reshape(shape, (arg.self.numel(),))] if arg.dim is None else []
    shape = first[0].shape if first else shape
    axis = 0 if arg.dim is None else arg.dim
    return [*first, layout.repeat_each(shape, axis, arg.repeats)]


def _padding(arg: Arguments, pads: Sequence[int]) -> dict[int, tuple[int, int]]:
    rank = len(arg.operands[0].shape)
    numbers = [int(width) for width in pads]  # a buffer may hold them
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    return {rank - 1 - j: (before, after) for j, (before, after) in enumerate(pairs)}


def _padded(arg: Arguments, pads: Sequence[int], mode: str) -> Op:
    """Padding that PyTorch accepts: it crops before it adds, and mirrors an axis once only."""
    shape, padding = tuple(arg.operands[0].shape), _padding(arg, pads)
    for axis, widths in padding.items():
        size = shape[axis]
        mirrored_twice = mode == "reflect" and max(widths) >= size
        if mirrored_twice or size + sum(width for width in widths if width < 0) < 0:
            raise InvalidModelError(
                f"{mode} padding of {widths[0]} and {widths[1]} does not fit an axis of {size}"
            )
    return layout.pad(shape, padding, mode=mode)


@rule("aten::constant_pad_nd", shaped=True)
def constant_pad(arg: Arguments) -> Op:
    """Zeros (or any number) around; negative widths crop."""
    return _padded(arg, arg.pad, "constant")


@rule("aten::pad", shaped=True)
def pad(arg: Arguments) -> Op:
    """``F.pad`` in any mode, in one piece."""
    return _padded(arg, arg.pad, arg.mode)


@rule("aten::reflection_pad1d", "aten::reflection_pad2d", "aten::reflection_pad3d", shaped=True)
def reflection_pad(arg: Arguments) -> Op:
    """The mirrored elements."""
    return _padded(arg, arg.padding, "reflect")


@rule("aten::replication_pad1d", "aten::replication_pad2d", "aten::replication_pad3d", shaped=True)
def replication_pad(arg: Arguments) -> Op:
    """The border element."""
    return layout.pad(tuple(arg.self.shape), _padding(arg, arg.padding), mode="replicate")


@rule("aten::_pad_circular", shaped=True)
def circular_pad(arg: Arguments) -> Op:
    """The other end of the axis."""
    return layout.pad(tuple(arg.self.shape), _padding(arg, arg.pad), mode="circular")


@rule("aten::flip", shaped=True)
def flip(arg: Arguments) -> Op:
    """Reversed."""
    return layout.flip(tuple(arg.self.shape), arg.dims)


@rule("aten::rot90")
def rot90(arg: Arguments) -> list[Op]:
    """A quarter turn is a flip and a transposition."""
    shape = tuple(arg.self.shape)
    first, second = (axis % len(shape) for axis in arg.dims)
    order = list(range(len(shape)))
    order[first], order[second] = order[second], order[first]
    match arg.k % 4:
        case 0:
            return [ops.pointwise(shape, kind="identity")]
        case 1:
            return [layout.flip(shape, [second]), layout.permute(shape, order)]
        case 2:
            return [layout.flip(shape, [first, second])]
        case _:
            return [layout.flip(shape, [first]), layout.permute(shape, order)]


@rule("aten::roll", shaped=True)
def roll(arg: Arguments) -> Reading:
    """Circular shift (torch.roll); shifts along an axis that is named twice add up.

    https://docs.pytorch.org/docs/stable/generated/torch.roll.html
    """
    shifts = [arg.shifts] if isinstance(arg.shifts, int) else arg.shifts
    axes = [arg.dims] if isinstance(arg.dims, int) else arg.dims
    return arrays.roll(arg.self, shifts, axes or None)


@rule("aten::pixel_shuffle", shaped=True)
def pixel_shuffle(arg: Arguments) -> list[Op]:
    """Channels become positions."""
    rank, r = len(arg.self.shape), arg.upscale_factor
    return layout.depth_to_space(
        tuple(arg.self.shape), (r, r), axes=(rank - 2, rank - 1), channel_axis=rank - 3
    )


@rule("aten::pixel_unshuffle", shaped=True)
def pixel_unshuffle(arg: Arguments) -> list[Op]:
    """Positions become channels."""
    rank, r = len(arg.self.shape), arg.downscale_factor
    return layout.space_to_depth(
        tuple(arg.self.shape), (r, r), axes=(rank - 2, rank - 1), channel_axis=rank - 3
    )


@rule("aten::channel_shuffle", "aten::native_channel_shuffle", shaped=True)
def channel_shuffle(arg: Arguments) -> list[Op]:
    """Channels of all groups take turns."""
    shape = tuple(arg.self.shape)
    split = layout.reshape(shape, (shape[0], arg.groups, shape[1] // arg.groups, *shape[2:]))
    order = [0, 2, 1, *range(3, len(split.shape))]
    turned = layout.permute(split.shape, order)
    return [split, turned, layout.reshape(turned.shape, shape)]


@rule("aten::unfold")
def unfold(arg: Arguments) -> list[Op]:
    """``Tensor.unfold``: sliding windows; the place in the window is the last axis."""
    shape = tuple(arg.self.shape)
    axis = arg.dimension % len(shape) if shape else 0
    steps = layout.frames(shape, axis, arg.size, arg.step)
    rank = len(steps[-1].shape)
    order = [*(k for k in range(rank) if k != axis + 1), axis + 1]
    return [*steps, layout.permute(steps[-1].shape, order)]


@rule("aten::im2col")
def im2col(arg: Arguments) -> list[Op]:
    """``F.unfold``: (batch, channel*kernel, windows)."""
    shape = tuple(arg.self.shape)
    result = tuple(arg.result.shape)
    batched = shape if len(shape) == 4 else (1, *shape)
    steps = [layout.reshape(shape, batched)]
    for k, axis in ((1, 3), (0, 2)):
        steps += layout.frames(
            steps[-1].shape, axis, arg.kernel_size[k], arg.stride[k],
            dilation=arg.dilation[k], before=arg.padding[k], after=arg.padding[k],
        )  # fmt: skip
    turned = layout.permute(steps[-1].shape, (0, 1, 3, 5, 2, 4))
    return [*steps, turned, layout.reshape(turned.shape, result)]


@rule("aten::col2im")
def col2im(arg: Arguments) -> list[Op]:
    """``F.fold``: overlapping windows are summed, a transposed convolution with fixed taps."""
    shape, result = tuple(arg.self.shape), tuple(arg.result.shape)
    batch = result[0] if len(result) == 4 else 1
    kernel = [int(k) for k in arg.kernel_size]
    counts = [
        (arg.output_size[j] + 2 * arg.padding[j] - arg.dilation[j] * (kernel[j] - 1) - 1)
        // arg.stride[j]
        + 1
        for j in range(2)
    ]
    steps = [layout.reshape(shape, (batch, result[-3], *kernel, *counts))]
    turned = layout.permute(steps[0].shape, (0, 1, 4, 2, 5, 3))
    steps.append(turned)
    for j in range(2):
        steps += layout.overlap_add(
            steps[-1].shape, 2 + j, arg.stride[j], arg.output_size[j],
            dilation=arg.dilation[j], before=arg.padding[j],
        )  # fmt: skip
    if tuple(steps[-1].shape) != result:
        steps.append(layout.reshape(steps[-1].shape, result))
    return steps


@rule("aten::diagonal", "aten::diagonal_copy")
def diagonal(arg: Arguments) -> Reading:
    """One element of each row of two axes, ``offset`` above the main diagonal.

    https://docs.pytorch.org/docs/stable/generated/torch.diagonal.html
    """
    shape = tuple(arg.self.shape)
    pair = [axis % len(shape) for axis in (arg.dim1, arg.dim2)]
    order = [axis for axis in range(len(shape)) if axis not in pair] + pair
    return arrays.diagonal(Reading(layout.permute(shape, order), [arg.self]), arg.offset)


@rule("aten::as_strided", "aten::as_strided_copy")
def as_strided(arg: Arguments) -> Op | list[Op]:
    """Where the strides are those of a slice, permutation or window the relation is found."""
    shape, before = tuple(arg.self.shape), arg.self.stride()
    size, stride = tuple(arg.size), tuple(arg.stride)
    offset = (arg.storage_offset or 0) - arg.self.storage_offset()
    if size == shape and stride == tuple(before) and offset <= 0:
        return ops.pointwise(shape, kind="identity")
    reads: list[Read] = []
    used: set[int] = set()
    for axis, step in enumerate(before):
        start, offset = divmod(offset, step) if step else (0, offset)
        fits = [k for k in range(len(size)) if step and stride[k] % step == 0 and k not in used
                and stride[k] // step * (size[k] - 1) + start < shape[axis]
                and size[k] > 1]  # fmt: skip
        if len(fits) > 1 or start >= shape[axis]:
            return ops.opaque([shape], size, kind="as_strided")
        if not fits:
            reads.append(Read(None, At(start)))
            continue
        used.add(fits[0])
        reads.append(Read(fits[0], _strided(stride[fits[0]] // step, start)))
    if offset or any(n > 1 and k not in used and stride[k] for k, n in enumerate(size)):
        return ops.opaque([shape], size, kind="as_strided")
    return Op("as_strided", size, (Link(reads),))


def _strided(step: int, start: int) -> Relation:
    from ...core.indices import IndexSet

    relation = Sliding(1, step, (IndexSet.interval(start, start),))
    return IDENTITY if relation == IDENTITY else relation
