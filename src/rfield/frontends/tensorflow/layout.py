"""Ops that move, repeat or select elements."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from ...core import arrays, layout, ops
from ...core.arguments import normalize_axis, resolve_padding
from ...core.arrays import read
from ...core.ops import Op
from ...errors import InvalidModelError, too_large
from ..machine.values import Constant, Outputs, known
from .blocks import reshaped
from .folding import index_of
from .rulebook import Call, rule, spatial
from .values import Blocked, NotInBlocksError

joined = lru_cache(maxsize=2048)(layout.concat)
"""Networks repeat their blocks: the same concatenation is worked out once."""

TILED = 1 << 16
"""Most positions of an axis that is repeated: its pattern is as long as the axis."""


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
    return Constant(call.shape(0), made=True)


@rule("Reshape")
def reshape(call: Call) -> Op:
    """The same elements in row-major order.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Reshape
    """
    return layout.reshape(call.shape(0), call.integers(1))


@rule("ExpandDims")
def expand_dims(call: Call) -> Any:
    """One axis of size 1 more.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/ExpandDims
    """
    value = call[0]
    inner = value.value if type(value) is Blocked else value
    before = inner.shape
    axis = call.integer(1)
    axis = normalize_axis(axis, len(before) + 1)
    if type(value) is Blocked:
        made = reshaped(call, value, axis, grow=True)
        if made is None:
            raise NotInBlocksError
        return made
    return layout.reshape(before, (*before[:axis], 1, *before[axis:]))


@rule("Squeeze")
def squeeze(call: Call) -> Any:
    """Without axes of size 1: the given ones, or all.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Squeeze
    """
    value = call[0]
    inner = value.value if type(value) is Blocked else value
    before = inner.shape
    given = call.numbers("squeeze_dims") or call.numbers("axis")
    gone = {axis % len(before) for axis in given if -len(before) <= axis < len(before)}
    if not given:
        gone = {axis for axis, size in enumerate(before) if size == 1}
    if len(gone) < len(set(given)) or any(before[axis] != 1 for axis in gone):
        raise InvalidModelError(f"squeeze of axes {given} of {before}")
    if type(value) is Blocked:
        made = reshaped(call, value, *gone, grow=False) if len(gone) == 1 else None
        if made is None:
            raise NotInBlocksError
        return made
    return layout.reshape(before, [s for axis, s in enumerate(before) if axis not in gone])


@rule("Transpose", "ConjugateTranspose")
def transpose(call: Call) -> Op:
    """Axes in another order.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Transpose
    """
    return layout.permute(call.shape(0), call.integers(1))


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
def concat(call: Call) -> Any:
    """End to end along an axis; the parts keep their places beside constants.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/ConcatV2
    """
    if call.op == "ParallelConcat":
        return arrays.concat(call.operands, 0)
    first = call.op == "Concat"
    parts = list(call.operands[1:] if first else call.operands[:-1])
    axis = call.integer(0 if first else len(call) - 1)
    if len(parts) == 1:
        return parts[0]
    return read(joined(*[part.shape for part in parts], axis=axis), *parts)


@rule("Pack")
def pack(call: Call) -> Any:
    """The operands along a new axis.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Pack
    """
    before = call.shape(0)
    axis = normalize_axis(call.number("axis"), len(before) + 1)
    wide = (*before[:axis], 1, *before[axis:])
    parts = [read(layout.reshape(call.shape(k), wide), v) for k, v in enumerate(call.operands)]
    return read(joined(*[wide] * len(parts), axis=axis), *parts) if len(parts) > 1 else parts[0]


@rule("Unpack")
def unpack(call: Call) -> Outputs:
    """One output for each index of an axis.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Unpack
    """
    before = call.shape(0)
    axis = normalize_axis(call.number("axis"), len(before))
    count = before[axis]
    if call.number("num", count) != count or count > TILED:
        raise InvalidModelError(f"{call.number('num')} outputs from an axis of {count}")
    return Outputs(layout.select(before, axis, index) for index in range(count))


@rule("Split", "SplitV")
def split(call: Call) -> Outputs:
    """Equal parts, or parts of given sizes, of which one may be −1.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/SplitV
    """
    if call.op == "Split":
        axis, value = call.integer(0), call[1]
        before = call.shape(1)
        count = call.number("num_split", 1)
        axis = normalize_axis(axis, len(before))
        if not 0 < count <= TILED or before[axis] % count:
            raise InvalidModelError(f"{count} equal parts of an axis of {before[axis]}")
        sizes = [before[axis] // count] * count
    else:
        axis, value = call.integer(2), call[0]
        before = call.shape(0)
        axis = normalize_axis(axis, len(before))
        sizes = list(call.integers(1))
        if sizes.count(-1) == 1:
            sizes[sizes.index(-1)] = before[axis] - sum(sizes) - 1
        if sum(sizes) != before[axis] or any(size < 0 for size in sizes):
            raise InvalidModelError(f"parts of {sizes} from an axis of {before[axis]}")
    made: list[Any] = []
    start = 0
    for size in sizes:
        op = layout.slice_(before, axis, start, start + size, kind="split")
        made.append(read(op, value))
        start += size
    return Outputs(made)


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
def tile(call: Call) -> Op:
    """The tensor repeated along each axis.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Tile
    """
    before = call.shape(0)
    times = call.integers(1)
    if len(times) != len(before) or any(count < 0 for count in times):
        raise InvalidModelError(f"multiples {times} on {len(before)} axes")
    for size, count in zip(before, times, strict=True):
        if count > 1 and size > TILED:
            raise too_large("the pattern of a Tile", size, "Give a smaller input_shape.")
    return layout.tile(before, {axis: count for axis, count in enumerate(times) if count != 1})


@rule("BroadcastTo")
def broadcast_to(call: Call) -> Op:
    """Axes of size 1 are repeated.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/BroadcastTo
    """
    return layout.expand(call.shape(0), call.integers(1))


@rule("Fill")
def fill(call: Call) -> Any:
    """One number everywhere.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Fill
    """
    result = call.integers(0)
    if any(size < 0 for size in result):
        raise InvalidModelError(f"a tensor of {result}")
    if call.depends(1):
        one = read(layout.reshape((), (1,) * len(result)), call[1])
        return read(layout.expand(one.shape, result), one)
    return Constant(result, made=True)


@rule("ReverseV2")
def reverse(call: Call) -> Op:
    """The elements of axes in reverse order.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/ReverseV2
    """
    return layout.flip(call.shape(0), call.axes(1, len(call.shape(0))))


@rule("Roll")
def roll(call: Call) -> Any:
    """Circular shift along axes (tf.roll); shifts of one axis add up.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Roll
    """
    return arrays.roll(call[0], call.integers(1), call.integers(2))


@rule("DepthToSpace", "SpaceToDepth")
def blocks_of_channels(call: Call) -> list[Op]:
    """Pixel shuffle and back: the channel axis is laid out (block…, channel).

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/DepthToSpace
    """
    move = layout.depth_to_space if call.op == "DepthToSpace" else layout.space_to_depth
    size = call.number("block_size")
    if size < 1:
        raise InvalidModelError(f"block_size = {size}; expected a positive integer")
    axes, channel = spatial(call.text("data_format", "NHWC"), 4)
    return move(
        call.shape(0), (size, size), axes=axes, channel_axis=channel, channels_first=False
    )  # fmt: skip


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
        return Constant(result[0])
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
def one_hot(call: Call) -> Any:
    """A new axis whose outputs all read the same element.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/OneHot
    """
    before, depth = call.shape(0), call.integer(1)
    axis = normalize_axis(call.number("axis", -1), len(before) + 1)
    wide = layout.reshape(before, (*before[:axis], 1, *before[axis:]))
    return [wide, layout.expand(wide.shape, (*before[:axis], depth, *before[axis:]))]


@rule("ExtractImagePatches")
def patches(call: Call) -> list[Op]:
    """Each position holds the pixels of a window in its channels (im2col).

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/ExtractImagePatches
    """
    before = call.shape(0)
    kernel, steps = call.numbers("ksizes")[1:3], call.numbers("strides")[1:3]
    rates = call.numbers("rates", (1, 1, 1, 1))[1:3]
    window = ops.pool(
        before, kernel=kernel, stride=steps, dilation=rates,
        padding=call.text("padding", "VALID").lower(), axes=(1, 2), kind="extract_patches",
    )  # fmt: skip
    pads = resolve_padding(
        call.text("padding", "VALID").lower(), before[1:3], kernel, steps, rates
    )  # fmt: skip
    made: list[Op] = []
    shape = before
    for axis in (1, 2):
        k = axis - 1
        made += layout.frames(
            shape, 2 * axis - 1, kernel[k], steps[k], dilation=rates[k],
            before=pads[k][0], after=pads[k][1],
        )  # fmt: skip
        shape = made[-1].shape
    order = layout.permute(shape, (0, 1, 3, 2, 4, 5))
    last = layout.reshape(order.shape, (*window.shape[:3], kernel[0] * kernel[1] * before[3]))
    return [*made, order, last]
