"""Ops that move, repeat or select elements."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ...core import arrays
from ...core.arguments import normalize_axis
from ...core.arrays import Reading
from ...errors import InvalidModelError
from ..machine.values import Constant, Outputs, known
from .blocks import grown, shrunk
from .folding import index_of
from .rulebook import Call, rule, spatial
from .values import Blocked

MOST = 1 << 16
"""Most outputs of an Unpack."""


@rule("Shape", "ShapeN", "Size", "Rank", "VariableShape")
def shape(call: Call) -> Any:
    """Sizes, known without any pixel.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Shape
    """
    sized = call.depends(0) or getattr(call[0], "sized", False)
    if call.op == "Size":
        return known(np.int64(prod(call.shape(0))), sized=sized)
    if call.op == "Rank":
        return known(np.int64(len(call.shape(0))))
    made = [known(np.array(found, dtype=np.int64), sized=sized) for found in call.shapes]
    return Outputs(made) if call.op == "ShapeN" else made[0]


@rule("ZerosLike", "OnesLike")
def like(call: Call) -> Constant:
    """Zeros or ones: only the shape is read.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/ZerosLike
    """
    number = np.float32(call.op == "OnesLike")
    return Constant(call.shape(0), np.broadcast_to(number, call.shape(0)), made=True)


@rule("Reshape")
def reshape(call: Call) -> Reading:
    """The same elements in row-major order.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Reshape
    """
    return arrays.reshape(call[0], call.integers(1))


@rule("ExpandDims")
def expand_dims(call: Call) -> Any:
    """One axis of size 1 more.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/ExpandDims
    """
    value, axis = call[0], call.integer(1)
    return grown(value, axis) if type(value) is Blocked else arrays.unsqueeze(value, axis)


@rule("Squeeze")
def squeeze(call: Call) -> Any:
    """Without axes of size 1: the given ones, or all.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Squeeze
    """
    value, axes = call[0], call.numbers("squeeze_dims") or call.numbers("axis")
    return shrunk(value, axes) if type(value) is Blocked else arrays.squeeze(value, axes or None)


@rule("Transpose", "ConjugateTranspose")
def transpose(call: Call) -> Reading:
    """Axes in another order.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Transpose
    """
    return arrays.permute(call[0], call.integers(1))


@rule("Pad", "PadV2", "MirrorPad")
def pad(call: Call) -> Any:
    """Constants, or elements mirrored at the border, around.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/PadV2
    """
    before = call.shape(0)
    pairs = call.constant(1)
    if pairs.shape != (len(before), 2) or (pairs < 0).any():
        raise InvalidModelError(f"paddings {pairs.tolist()} on {len(before)} axes")
    mode = call.text("mode", "REFLECT").lower() if call.op == "MirrorPad" else "constant"
    padding = {axis: (int(a), int(b)) for axis, (a, b) in enumerate(pairs) if a or b}
    number = call.known(2) if call.has(2) else np.zeros(())
    fill = float(number) if number is not None and number.dtype.kind in "fiub" else None
    return arrays.pad(call[0], padding, mode=mode, fill=fill)


@rule("ConcatV2", "Concat", "ParallelConcat")
def concat(call: Call) -> Reading:
    """End to end along an axis; the parts keep their places beside constants.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/ConcatV2
    """
    if call.op == "ParallelConcat":
        return arrays.concat(call.operands, 0)
    if call.op == "Concat":
        return arrays.concat(call.operands[1:], call.integer(0))
    return arrays.concat(call.operands[:-1], call.integer(len(call) - 1))


@rule("Pack")
def pack(call: Call) -> Reading:
    """The operands along a new axis.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Pack
    """
    return arrays.stack(call.operands, call.number("axis"))


@rule("Unpack")
def unpack(call: Call) -> Outputs:
    """One output for each index of an axis.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Unpack
    """
    axis, shape = call.number("axis"), call.shape(0)
    count = shape[normalize_axis(axis, len(shape))]
    if call.number("num", count) != count or count > MOST:
        raise InvalidModelError(f"{call.number('num')} outputs from an axis of {count}")
    return Outputs(arrays.unstack(call[0], axis))


@rule("Split")
def split(call: Call) -> Outputs:
    """Equal parts.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Split
    """
    return Outputs(arrays.split(call[1], call.number("num_split", 1), call.integer(0)))


@rule("SplitV")
def split_sizes(call: Call) -> Outputs:
    """Parts of given sizes, of which one may be −1.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/SplitV
    """
    return Outputs(arrays.split(call[0], call.integers(1), call.integer(2)))


@rule("Slice")
def slice_(call: Call) -> Any:
    """From ``begin``, so many elements; −1 goes to the end.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Slice
    """
    before, begin, size = call.shape(0), call.integers(1), call.integers(2)
    if not len(before) == len(begin) == len(size):
        raise InvalidModelError(f"begin {begin} and size {size} on {len(before)} axes")
    ends = [None if s < 0 else b + s for b, s in zip(begin, size, strict=True)]
    if any(b < 0 or (e or 0) > n for b, e, n in zip(begin, ends, before, strict=True)):
        raise InvalidModelError(f"begin {begin} and size {size} outside {before}")
    return arrays.getitem(call[0], tuple(map(slice, begin, ends)))


@rule("StridedSlice")
def strided_slice(call: Call) -> Any:
    """NumPy's indexing, written with masks.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/StridedSlice
    """
    index = index_of(call.attributes, call.integers(1), call.integers(2), call.integers(3))
    return arrays.getitem(call[0], tuple(index))


@rule("Tile")
def tile(call: Call) -> Reading:
    """The tensor repeated along each axis.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Tile
    """
    times = call.integers(1)
    if len(times) != len(call.shape(0)):
        raise InvalidModelError(f"multiples {times} on {len(call.shape(0))} axes")
    return arrays.tile(call[0], times)


@rule("BroadcastTo")
def broadcast_to(call: Call) -> Reading:
    """Axes of size 1 are repeated.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/BroadcastTo
    """
    return arrays.broadcast_to(call[0], call.integers(1))


@rule("Fill")
def fill(call: Call) -> Any:
    """One number everywhere.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Fill
    """
    result = call.integers(0)
    if any(size < 0 for size in result):
        raise InvalidModelError(f"a tensor of {result}")
    if call.depends(1):
        return arrays.broadcast_to(call[1], result)
    return Constant(result, made=True)


@rule("ReverseV2")
def reverse(call: Call) -> Reading:
    """The elements of axes in reverse order.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/ReverseV2
    """
    return arrays.flip(call[0], call.integers(1))


@rule("Roll")
def roll(call: Call) -> Any:
    """Circular shift along axes (tf.roll); shifts of one axis add up.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Roll
    """
    return arrays.roll(call[0], call.integers(1), call.integers(2))


@rule("DepthToSpace", "SpaceToDepth")
def blocks_of_channels(call: Call) -> Reading:
    """Pixel shuffle and back: the channel axis is laid out (block…, channel).

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/DepthToSpace
    """
    move = arrays.depth_to_space if call.op == "DepthToSpace" else arrays.space_to_depth
    size = call.number("block_size")
    if size < 1:
        raise InvalidModelError(f"block_size = {size}; expected a positive integer")
    axes, channel = spatial(call.text("data_format", "NHWC"), 4)
    return move(call[0], (size, size), axes=axes, channel_axis=channel, channels_first=False)


@rule("GatherV2", "Gather")
def gather(call: Call) -> Any:
    """Known indices pick elements along an axis; indices that the data gives may pick any.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/GatherV2
    """
    batch = call.number("batch_dims")
    batch += len(call.shape(1)) if batch < 0 else 0
    axis = call.integer(2) if len(call) > 2 else batch
    return arrays.take(call[0], call.either(1), axis, batch_dims=batch)


@rule("GatherNd")
def gather_nd(call: Call) -> Any:
    """Elements or slices by tuples of indices.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/GatherNd
    """
    return arrays.gather_nd(call[0], call.either(1))


@rule("ResourceGather", "ResourceGatherNd")
def gather_from_variable(call: Call) -> Any:
    """Rows of a weight, of which the shape may be unknown: that of a row is the result's.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/ResourceGather
    """
    result, several = call.output_shapes(), call.op.endswith("Nd")
    if call.depends(0):
        places = call.either(1)
        return arrays.gather_nd(call[0], places) if several else arrays.take(call[0], places, 0)
    if not result or result[0] is None:
        raise call.unknown_contents(call[0], "the variable")
    if not call.depends(1):
        rows = Constant(result[0])
        rows.fixed, rows.unseen = call[0].fixed, call[0].unseen
        return rows
    places = call.shape(1)[:-1] if several else call.shape(1)
    count = call.shape(1)[-1] if several else 1
    table = Constant((*(1,) * count, *result[0][len(places) :]))
    return arrays.gather_nd(table, call[1]) if several else arrays.take(table, call[1], 0)


@rule("ReverseSequence")
def reverse_sequence(call: Call) -> Any:
    """The first elements of each sequence in reverse order, as many as its length says.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/ReverseSequence
    """
    axis, batch_axis = call.number("seq_dim"), call.number("batch_dim")
    return arrays.reverse_sequence(call[0], call.either(1), axis=axis, batch_axis=batch_axis)


@rule("OneHot")
def one_hot(call: Call) -> Reading:
    """A new axis whose outputs all read the same element.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/OneHot
    """
    return arrays.one_hot(call[0], call.integer(1), call.number("axis", -1))


@rule("ExtractImagePatches")
def patches(call: Call) -> Reading:
    """Each position holds the pixels of a window in its channels (im2col).

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/ExtractImagePatches
    """
    return arrays.patches_as_channels(
        call[0], call.numbers("ksizes")[1:3], (1, 2), -1, strides=call.numbers("strides")[1:3],
        padding=call.text("padding", "VALID").lower(),
        dilation=call.numbers("rates", (1, 1, 1, 1))[1:3],
    )  # fmt: skip
