"""Layers and ops that move, repeat or select elements."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import Any

from ...core import arrays
from ...core.arguments import per_axis
from ...errors import InvalidModelError
from ..machine.values import Outputs
from .rulebook import Call, operand, rule


@rule("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D",
      "Cropping1D", "Cropping2D", "Cropping3D")  # fmt: skip
def pad(call: Call) -> Any:
    """Zeros around, or rows and columns away.

    https://keras.io/api/layers/reshaping_layers/zero_padding2d/
    """
    crop = type(call.layer).__name__.startswith("Crop")
    pairs = call.layer.cropping if crop else call.layer.padding
    if isinstance(pairs[0], int):
        pairs = [pairs]
    widths = {axis: tuple(pair) for axis, pair in zip(call.space()[0], pairs, strict=True)}
    return (arrays.crop if crop else arrays.pad)(call[0], widths)


@rule("ops.Pad")
def pad_op(call: Call) -> Any:
    """``pad_width`` and modes as NumPy takes them.

    https://keras.io/api/ops/numpy/#pad-function
    """
    width, rank = call.layer.pad_width, len(call.shape(0))
    if isinstance(width, int):
        width = ((width, width),)
    pairs = [(p, p) if isinstance(p, int) else (int(p[0]), int(p[-1])) for p in width]
    number = call.get("constant_values", 1)
    return arrays.pad(
        call[0], pairs * rank if len(pairs) == 1 else pairs, mode=call.layer.mode,
        fill=0.0 if number is None else float(number) if isinstance(number, (int, float)) else None,
    )  # fmt: skip


@rule("Concatenate", "ops.Concatenate")
def concat(call: Call) -> Any:
    """End to end along an axis.

    https://keras.io/api/ops/numpy/#concatenate-function
    """
    return arrays.concat([operand(part) for part in call.get("xs", 0)], call.layer.axis)


@rule("ops.Append")
def append(call: Call) -> Any:
    """One after the other along an axis, or flattened.

    https://keras.io/api/ops/numpy/#append-function
    """
    parts, axis = call.tensors()[:2], call.layer.axis
    if axis is None:
        return arrays.concat([arrays.reshape(part, (-1,)) for part in parts])
    return arrays.concat(parts, axis)


@rule("ops.Hstack", "ops.Vstack", "ops.Dstack")
def stack_along(call: Call) -> Any:
    """End to end along the second, first or third axis, which is there at least.

    https://keras.io/api/ops/numpy/#hstack-function
    """
    parts, kind = [operand(part) for part in call.get("xs", 0)], call.op[4:]
    rank = len(parts[0].shape)
    if kind == "Hstack":
        return arrays.concat(parts, min(1, rank - 1))
    if kind == "Vstack":
        rows = [arrays.reshape(part, (1, -1)) for part in parts] if rank < 2 else parts
        return arrays.concat(rows, 0)
    deep = [
        part if rank > 2 else arrays.reshape(part, (*[1] * (2 - rank), *part.shape, 1))
        for part in parts
    ]
    return arrays.concat(deep, 2)


@rule("ops.Stack")
def stack(call: Call) -> Any:
    """A new axis along which the operands lie.

    https://keras.io/api/ops/numpy/#stack-function
    """
    return arrays.stack([operand(part) for part in call.get("x", 0)], call.layer.axis)


@rule("ops.Unstack")
def unstack(call: Call) -> Outputs:
    """Every index of an axis on its own.

    https://keras.io/api/ops/core/#unstack-function
    """
    return Outputs(arrays.unstack(call[0], call.layer.axis))


@rule("Flatten")
def flatten(call: Call) -> Any:
    """All axes but the first in a row; channels last.

    https://keras.io/api/layers/reshaping_layers/flatten/
    """
    x, rank = call[0], len(call.shape(0))
    if call.channels_first and rank > 1:
        x = arrays.moveaxis(x, 1, -1)
    return arrays.reshape(x, (*x.shape[:1], prod(x.shape[1:])))


@rule("Reshape")
def reshape(call: Call) -> Any:
    """Everything but the batch.

    https://keras.io/api/layers/reshaping_layers/reshape/
    """
    return arrays.reshape(call[0], (call.shape(0)[0], *_sizes(call.layer.target_shape)))


def _sizes(wanted: Any) -> list[int]:
    listed = [wanted] if isinstance(wanted, int) else wanted
    return [-1 if size is None else int(size) for size in listed]


@rule("ops.Reshape")
def reshape_op(call: Call) -> Any:
    """The same elements in row-major order; a free batch is written as −1.

    https://keras.io/api/ops/numpy/#reshape-function
    """
    wanted = _sizes(call.get("newshape", 1))
    if wanted.count(-1) > 1 and wanted[0] == -1:
        wanted[0] = call.shape(0)[0]
    return arrays.reshape(call[0], wanted)


@rule("ops.Ravel")
def ravel(call: Call) -> Any:
    """All axes in a row.

    https://keras.io/api/ops/numpy/#ravel-function
    """
    return arrays.reshape(call[0], (-1,))


@rule("Permute")
def permute(call: Call) -> Any:
    """Axes are counted from 1, without the batch.

    https://keras.io/api/layers/reshaping_layers/permute/
    """
    return arrays.permute(call[0], (0, *call.layer.dims))


@rule("ops.Transpose")
def transpose(call: Call) -> Any:
    """Axes in another order, by default backwards.

    https://keras.io/api/ops/numpy/#transpose-function
    """
    return arrays.permute(call[0], call.layer.axes)


@rule("ops.Swapaxes")
def swap(call: Call) -> Any:
    """Two axes change places.

    https://keras.io/api/ops/numpy/#swapaxes-function
    """
    return arrays.swapaxes(call[0], call.layer.axis1, call.layer.axis2)


@rule("ops.Moveaxis")
def moveaxis(call: Call) -> Any:
    """Axes come to other places.

    https://keras.io/api/ops/numpy/#moveaxis-function
    """
    return arrays.moveaxis(call[0], call.layer.source, call.layer.destination)


@rule("RepeatVector")
def repeat_vector(call: Call) -> Any:
    """A vector becomes a sequence of itself.

    https://keras.io/api/layers/reshaping_layers/repeat_vector/
    """
    batch, features = call.shape(0)
    return arrays.broadcast_to(arrays.unsqueeze(call[0], 1), (batch, call.layer.n, features))


@rule("ops.ExpandDims")
def expand_dims(call: Call) -> Any:
    """Axes of size 1 more.

    https://keras.io/api/ops/numpy/#expand_dims-function
    """
    return arrays.unsqueeze(call[0], call.layer.axis)


@rule("ops.Squeeze")
def squeeze(call: Call) -> Any:
    """Without axes of size 1.

    https://keras.io/api/ops/numpy/#squeeze-function
    """
    return arrays.squeeze(call[0], call.layer.axis)


@rule("ops.Split", "ops.ArraySplit")
def split(call: Call) -> Outputs:
    """Parts of equal size, or cut at indices.

    https://keras.io/api/ops/numpy/#split-function
    """
    x, given, axis = call[0], call.layer.indices_or_sections, call.layer.axis
    size = x.shape[axis]
    if isinstance(given, int) and call.op == "ops.ArraySplit":
        short, more = divmod(size, given)
        return Outputs(arrays.split(x, [short + (k < more) for k in range(given)], axis))
    if isinstance(given, int):
        return Outputs(arrays.split(x, given, axis))
    edges = [0, *(range(size)[: int(cut)].stop for cut in given), size]
    parts = [max(0, stop - start) for start, stop in pairwise(edges)]
    if sum(parts) != size:
        raise InvalidModelError(f"cuts at {tuple(given)} do not ascend")
    return Outputs(arrays.split(x, parts, axis))


@rule("ops.Flip")
def flip(call: Call) -> Any:
    """Backwards along axes.

    https://keras.io/api/ops/numpy/#flip-function
    """
    return arrays.flip(call[0], call.layer.axis)


@rule("ops.Fliplr", "ops.Flipud")
def flip_sides(call: Call) -> Any:
    """Backwards along the second or the first axis.

    https://keras.io/api/ops/numpy/#fliplr-function
    """
    return arrays.flip(call[0], 1 if call.op == "ops.Fliplr" else 0)


@rule("ops.Roll")
def roll(call: Call) -> Any:
    """Circular shift along axes, or of all elements in a row.

    https://keras.io/api/ops/numpy/#roll-function
    """
    return arrays.roll(call[0], call.layer.shift, call.layer.axis)


@rule("ops.Rot90")
def rot90(call: Call) -> Any:
    """Quarter turns from the first axis towards the second.

    https://keras.io/api/ops/numpy/#rot90-function
    """
    return arrays.rot90(call[0], call.layer.k, call.layer.axes)


@rule("ops.Tile")
def tile(call: Call) -> Any:
    """The whole tensor again and again.

    https://keras.io/api/ops/numpy/#tile-function
    """
    return arrays.tile(call[0], call.layer.repeats)


@rule("ops.Repeat")
def repeat(call: Call) -> Any:
    """Every element several times.

    https://keras.io/api/ops/numpy/#repeat-function
    """
    times = operand(call.layer.repeats).array
    return arrays.repeat(call[0], int(times) if times.ndim == 0 else times, call.layer.axis)


@rule("ops.BroadcastTo")
def broadcast_to(call: Call) -> Any:
    """Sizes of 1 repeated.

    https://keras.io/api/ops/numpy/#broadcast_to-function
    """
    return arrays.broadcast_to(call[0], [size or 1 for size in call.layer.shape])


@rule("ops.Diagonal")
def diagonal(call: Call) -> Any:
    """The diagonal of two axes, which becomes the last one.

    https://keras.io/api/ops/numpy/#diagonal-function
    """
    return arrays.diagonal(call[0], call.layer.offset, call.layer.axis1, call.layer.axis2)


@rule("ops.Trace")
def trace(call: Call) -> Any:
    """The sum of a diagonal.

    https://keras.io/api/ops/numpy/#trace-function
    """
    return arrays.trace(call[0], call.layer.offset, call.layer.axis1, call.layer.axis2)


@rule("ops.Tril", "ops.Triu")
def triangle(call: Call) -> Any:
    """The elements on one side of a diagonal of the last two axes; zeros elsewhere.

    https://keras.io/api/ops/numpy/#tril-function
    """
    return (arrays.tril if call.op == "ops.Tril" else arrays.triu)(call[0], call.layer.k)


@rule("ops.OneHot")
def one_hot(call: Call) -> Any:
    """A new axis along which one place is set.

    https://keras.io/api/ops/nn/#one_hot-function
    """
    return arrays.one_hot(call[0], call.layer.num_classes, call.layer.axis)


@rule("ops.DepthToSpace", "ops.SpaceToDepth")
def blocks(call: Call) -> Any:
    """Blocks of channels as blocks of pixels, or back.

    https://keras.io/api/ops/nn/#depth_to_space-function
    """
    axes, channel = call.space()
    block = per_axis("block_size", call.layer.block_size, len(axes))
    move = arrays.depth_to_space if call.op == "ops.DepthToSpace" else arrays.space_to_depth
    return move(call[0], block, axes=axes, channel_axis=channel, channels_first=False)


@rule("ops.ExtractPatches")
def patches(call: Call) -> Any:
    """Windows as channels.

    https://keras.io/api/ops/image/#extract_patches-function
    """
    layer, (axes, channel) = call.layer, call.space()
    return arrays.patches_as_channels(
        call[0], layer.size, axes, channel, strides=layer.strides or layer.size,
        padding=layer.padding.lower(), dilation=layer.dilation_rate,
    )  # fmt: skip
