"""Layers and ops that move, repeat or select elements."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import Any

from ...core import layout, ops
from ...core.arguments import Shape, normalize_axis
from ...core.ops import Op
from .rulebook import Arguments, Outputs, Reading, rule


@rule("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D",
      "Cropping1D", "Cropping2D", "Cropping3D")  # fmt: skip
def pad(arg: Arguments) -> Op:
    """Zeros around, or rows and columns away."""
    axes, _ = arg.space()
    crop = type(arg.layer).__name__.startswith("Crop")
    pairs = arg.layer.cropping if crop else arg.layer.padding
    if isinstance(pairs[0], int):
        pairs = [pairs]
    sign = -1 if crop else 1
    padding = {axis: (sign * a, sign * b) for axis, (a, b) in zip(axes, pairs, strict=True)}
    return layout.pad(arg.shape(0), padding)


@rule("Concatenate")
def concat(arg: Arguments) -> Any:
    """End to end along an axis."""
    if len(arg.operands) == 1:
        return arg.operands[0]
    return layout.concat(*arg.shapes, axis=arg.layer.axis)


@rule("ops.Concatenate")
def concat_op(arg: Arguments) -> Any:
    """The same as an op."""
    parts = arg.get("xs", 0)
    shapes = [arg.shape_of(part) for part in parts]
    return Reading(layout.concat(*shapes, axis=arg.layer.axis), parts)


@rule("ops.Stack")
def stack(arg: Arguments) -> Any:
    """A new axis along which the operands lie."""
    parts = arg.get("x", 0)
    before = arg.shape_of(parts[0])
    axis = arg.layer.axis % (len(before) + 1)
    wide = (*before[:axis], 1, *before[axis:])
    columns = [Reading(layout.reshape(before, wide), [part]) for part in parts]
    return Reading(layout.concat(*[wide] * len(parts), axis=axis), columns)


@rule("Flatten")
def flatten(arg: Arguments) -> Any:
    """All axes but the first in a row; channels last."""
    shape = arg.shape(0)
    steps: list[Op] = []
    if arg.channels_first and len(shape) > 1:
        steps.append(layout.permute(shape, (0, *range(2, len(shape)), 1)))
        shape = steps[0].shape
    return [*steps, layout.reshape(shape, (*shape[:1], prod(shape[1:])))]


@rule("Reshape")
def reshape(arg: Arguments) -> Op:
    """Everything but the batch."""
    shape = arg.shape(0)
    return layout.reshape(shape, (shape[0], *_sizes(arg.layer.target_shape)))


def _sizes(wanted: Any) -> list[int]:
    return [-1 if size is None else int(size) for size in wanted]


@rule("ops.Reshape")
def reshape_op(arg: Arguments) -> Op:
    """The same elements in row-major order; a free batch is written as −1."""
    wanted = list(_sizes(arg.get("newshape", 1)))
    shape = arg.shape(0)
    if wanted.count(-1) > 1 and wanted[0] == -1:
        wanted[0] = shape[0]
    return layout.reshape(shape, wanted)


@rule("Permute")
def permute(arg: Arguments) -> Op:
    """Axes are counted from 1, without the batch."""
    return layout.permute(arg.shape(0), (0, *arg.layer.dims))


@rule("ops.Transpose")
def transpose(arg: Arguments) -> Op:
    """Axes in another order, by default backwards."""
    shape = arg.shape(0)
    return layout.permute(shape, arg.layer.axes or range(len(shape) - 1, -1, -1))


@rule("ops.Swapaxes")
def swap(arg: Arguments) -> Op:
    """Two axes change places."""
    order = list(range(len(arg.shape(0))))
    a, b = arg.layer.axis1, arg.layer.axis2
    order[a], order[b] = order[b], order[a]
    return layout.permute(arg.shape(0), order)


@rule("RepeatVector")
def repeat_vector(arg: Arguments) -> list[Op]:
    """A vector becomes a sequence of itself."""
    batch, features = arg.shape(0)
    first = layout.reshape((batch, features), (batch, 1, features))
    return [first, layout.expand(first.shape, (batch, arg.layer.n, features))]


@rule("ops.ExpandDims")
def expand_dims(arg: Arguments) -> Op:
    """One axis of size 1 more."""
    shape, axis = arg.shape(0), arg.layer.axis
    for given in [axis] if isinstance(axis, int) else axis:
        place = given % (len(shape) + 1)
        shape = (*shape[:place], 1, *shape[place:])
    return layout.reshape(arg.shape(0), shape)


@rule("ops.Squeeze")
def squeeze(arg: Arguments) -> Op:
    """Without axes of size 1."""
    shape, axis = arg.shape(0), arg.layer.axis
    axes = [axis] if isinstance(axis, int) else axis
    gone = {normalize_axis(a, len(shape)) for a in axes or ()} if axis is not None else {
        a for a, size in enumerate(shape) if size == 1
    }  # fmt: skip
    return layout.reshape(shape, [size for a, size in enumerate(shape) if a not in gone])


@rule("ops.GetItem")
def get_item(arg: Arguments) -> Any:
    """Python's indexing with integers, slices, None and an ellipsis."""
    # Keras takes a list for a tuple, which it becomes in a file.
    key = arg.get("key", 1)
    parts = list(key) if isinstance(key, (tuple, list)) else [key]
    shape = arg.shape(0)
    used = sum(part is not None and part is not Ellipsis for part in parts)
    if Ellipsis in parts:
        place = parts.index(Ellipsis)
        parts[place : place + 1] = [slice(None)] * (len(shape) - used)
    parts += [slice(None)] * (len(shape) - sum(part is not None for part in parts))
    steps: list[Op] = []
    result: list[int] = []
    axis = 0
    for part in parts:
        if part is None:
            result.append(1)
            continue
        size = shape[axis]
        if isinstance(part, slice):
            found = range(*part.indices(size))
            result.append(len(found))
        else:
            found = range(int(part) % size, int(part) % size + 1)
        if found != range(size):
            before = steps[-1].shape if steps else shape
            steps.append(layout.slice_(before, axis, found.start, found.stop, found.step))
        axis += 1
    before = steps[-1].shape if steps else shape
    if before != tuple(result):
        steps.append(layout.reshape(before, result))
    return steps or arg.operands[0]


@rule("ops.Split")
def split(arg: Arguments) -> Outputs:
    """Equal parts, or cut at indices."""
    shape = arg.shape(0)
    axis = normalize_axis(arg.layer.axis, len(shape))
    given = arg.layer.indices_or_sections
    cuts = (
        [k * shape[axis] // given for k in range(1, given)]
        if isinstance(given, int)
        else list(given)
    )
    edges = [0, *cuts, shape[axis]]
    return Outputs(layout.slice_(shape, axis, a, b, kind="split") for a, b in pairwise(edges))


@rule("ops.Pad")
def pad_op(arg: Arguments) -> Op:
    """``pad_width`` as NumPy takes it."""
    width = arg.layer.pad_width
    shape = arg.shape(0)
    pairs = [(width, width)] * len(shape) if isinstance(width, int) else list(width)
    if len(pairs) == 1:
        pairs *= len(shape)
    mode = {"symmetric": "symmetric", "reflect": "reflect"}.get(arg.layer.mode, "constant")
    padding = {axis: (int(a), int(b)) for axis, (a, b) in enumerate(pairs) if a or b}
    return layout.pad(shape, padding, mode=mode)


@rule("ops.Flip")
def flip(arg: Arguments) -> Op:
    """Backwards along axes."""
    axis, shape = arg.layer.axis, arg.shape(0)
    axes = range(len(shape)) if axis is None else [axis] if isinstance(axis, int) else axis
    return layout.flip(shape, axes)


@rule("ops.Roll")
def roll(arg: Arguments) -> Op:
    """Rotate along axes."""
    shift, axis = arg.layer.shift, arg.layer.axis
    shifts = {axis: shift} if isinstance(axis, int) else dict(zip(axis, shift, strict=True))
    return layout.roll(arg.shape(0), shifts)


@rule("ops.Tile")
def tile(arg: Arguments) -> Op:
    """The whole tensor again and again."""
    repeats = arg.layer.repeats
    given = [repeats] if isinstance(repeats, int) else list(repeats)
    shape = arg.shape(0)
    first = len(shape) - len(given)
    return layout.tile(shape, {first + k: times for k, times in enumerate(given) if times != 1})


@rule("ops.Repeat")
def repeat(arg: Arguments) -> Op:
    """Every element several times."""
    return layout.repeat_each(arg.shape(0), arg.layer.axis, int(arg.layer.repeats))


@rule("ops.BroadcastTo")
def broadcast_to(arg: Arguments) -> Op:
    """Sizes of 1 repeated."""
    return layout.expand(arg.shape(0), [s or 1 for s in arg.layer.shape])


@rule("UpSampling1D", "UpSampling2D", "UpSampling3D")
def up_sampling(arg: Arguments) -> Any:
    """Every element several times, or interpolated."""
    from .resize import interpolated

    axes, _ = arg.space()
    size = arg.layer.size
    factors = (size,) * len(axes) if isinstance(size, int) else tuple(size)
    method = getattr(arg.layer, "interpolation", "nearest")
    shape: Shape = arg.shape(0)
    if method != "nearest":
        wanted = [shape[axis] * factor for axis, factor in zip(axes, factors, strict=True)]
        return interpolated(shape, axes, wanted, method)
    steps: list[Op] = []
    for axis, factor in zip(axes, factors, strict=True):
        steps.append(layout.repeat_each(steps[-1].shape if steps else shape, axis, factor))
    return steps


@rule("ops.ZerosLike", "ops.OnesLike", "ops.FullLike")
def like(arg: Arguments) -> Op:
    """Only the shape is read."""
    return ops.constant(arg.shape(0))
