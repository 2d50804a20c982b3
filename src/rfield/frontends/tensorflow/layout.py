"""Ops that move, repeat or select elements."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from ...core import layout, ops
from ...core.arguments import Shape
from ...core.arrays.expression import read
from ...core.link import Link, Read, passed
from ...core.ops import Op
from ...core.relation import IDENTITY, WHOLE
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


@rule("Shape", "ShapeN", "Size", "Rank")
def shape(call: Call) -> Any:
    """Known without any pixel."""
    sized = call.depends(0) or getattr(call[0], "sized", False)
    if call.op == "Size":
        return known(np.int64(prod(call.shape(0))), sized=sized)
    if call.op == "Rank":
        return known(np.int64(len(call.shape(0))))
    made = [known(np.array(found, dtype=np.int64), sized=sized) for found in call.shapes]
    return Outputs(made) if call.op == "ShapeN" else made[0]


@rule("ZerosLike", "OnesLike")
def like(call: Call) -> Constant:
    """Only the shape is read."""
    return Constant(call.shape(0))


@rule("Reshape")
def reshape(call: Call) -> Op:
    """The same elements in row-major order."""
    return layout.reshape(call.shape(0), call.integers(1))


@rule("ExpandDims")
def expand_dims(call: Call) -> Any:
    """One axis of size 1 more."""
    value = call[0]
    inner = value.value if type(value) is Blocked else value
    before = inner.shape
    axis = call.integer(1)
    if not -len(before) - 1 <= axis <= len(before):
        raise InvalidModelError(f"axis = {axis}; the operand has {len(before)} axes")
    axis %= len(before) + 1
    if type(value) is Blocked:
        made = reshaped(call, value, axis, grow=True)
        if made is None:
            raise NotInBlocksError
        return made
    return layout.reshape(before, (*before[:axis], 1, *before[axis:]))


@rule("Squeeze")
def squeeze(call: Call) -> Any:
    """Without axes of size 1: the given ones, or all."""
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
    """Axes in another order."""
    return layout.permute(call.shape(0), call.integers(1))


@rule("Pad", "PadV2", "MirrorPad")
def pad(call: Call) -> Op:
    """Constants or mirrored elements around."""
    before = call.shape(0)
    pairs = call.constant(1)
    if pairs.shape != (len(before), 2) or (pairs < 0).any():
        raise InvalidModelError(f"paddings {pairs.tolist()} on {len(before)} axes")
    mode = call.text("mode", "REFLECT").lower() if call.op == "MirrorPad" else "constant"
    padding = {axis: (int(a), int(b)) for axis, (a, b) in enumerate(pairs) if a or b}
    return layout.pad(before, padding, mode=mode)


@rule("ConcatV2", "Concat")
def concat(call: Call) -> Any:
    """End to end; where parts are constants, the others keep their places."""
    first = call.op == "Concat"
    parts = list(call.operands[1:] if first else call.operands[:-1])
    axis = call.integer(0 if first else len(call) - 1)
    if len(parts) == 1:
        return parts[0]
    return read(joined(*[part.shape for part in parts], axis=axis), *parts)


@rule("Pack", "ParallelConcat")
def pack(call: Call) -> Any:
    """A new axis along which the operands lie."""
    before = call.shape(0)
    axis = call.number("axis") % (len(before) + 1)
    wide = (*before[:axis], 1, *before[axis:])
    parts = [read(layout.reshape(call.shape(k), wide), v) for k, v in enumerate(call.operands)]
    if len(parts) == 1:
        return parts[0]
    return read(layout.concat(*[wide] * len(parts), axis=axis), *parts)


@rule("Unpack")
def unpack(call: Call) -> Outputs:
    """One output for each index of an axis."""
    before = call.shape(0)
    axis = call.number("axis")
    if not -len(before) <= axis < len(before):
        raise InvalidModelError(f"axis = {axis}; the operand has {len(before)} axes")
    count = before[axis]
    if call.number("num", count) != count or count > TILED:
        raise InvalidModelError(f"{call.number('num')} outputs from an axis of {count}")
    return Outputs(layout.select(before, axis, index) for index in range(count))


@rule("Split", "SplitV")
def split(call: Call) -> Outputs:
    """Equal parts, or parts of given sizes, of which one may be −1."""
    if call.op == "Split":
        axis, value = call.integer(0), call[1]
        before = call.shape(1)
        count = call.number("num_split", 1)
        axis = _axis(axis, before)
        if not 0 < count <= TILED or before[axis] % count:
            raise InvalidModelError(f"{count} equal parts of an axis of {before[axis]}")
        sizes = [before[axis] // count] * count
    else:
        axis, value = call.integer(2), call[0]
        before = call.shape(0)
        axis = _axis(axis, before)
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


def _axis(axis: int, before: Shape) -> int:
    if not -len(before) <= axis < len(before):
        raise InvalidModelError(f"axis = {axis}; the operand has {len(before)} axes")
    return axis % len(before)


@rule("Slice")
def slice_(call: Call) -> Any:
    """From ``begin``, so many elements; −1 goes to the end."""
    before = call.shape(0)
    begin, size = call.integers(1), call.integers(2)
    if not len(before) == len(begin) == len(size):
        raise InvalidModelError(f"begin {begin} and size {size} on {len(before)} axes")
    ends = [b + s if s >= 0 else whole for b, s, whole in zip(begin, size, before, strict=True)]
    return _sliced(call[0], before, [slice(b, e) for b, e in zip(begin, ends, strict=True)])


@rule("StridedSlice")
def strided_slice(call: Call) -> Any:
    """NumPy's indexing, written with masks."""
    before = call.shape(0)
    index = index_of(call.attributes, call.integers(1), call.integers(2), call.integers(3))
    used = sum(part is not None and part is not Ellipsis for part in index)
    if used > len(before) or index.count(Ellipsis) > 1:
        raise InvalidModelError(f"{used} indices on {len(before)} axes")
    if Ellipsis in index:
        place = index.index(Ellipsis)
        filled = [slice(None)] * (len(before) - used)
        parts = [*index[:place], *filled, *index[place + 1 :]]
    else:
        parts = [*index, *[slice(None)] * (len(before) - used)]
    slices: list[slice] = []
    result: list[int | None] = []
    for part in parts:
        if part is None:
            result.append(1)
            continue
        size = before[len(slices)]
        if isinstance(part, int):
            if not -size <= part < size:
                raise InvalidModelError(f"index {part} outside an axis of {size}")
            slices.append(slice(part % size, part % size + 1))
            continue
        found = range(*part.indices(size))
        result.append(len(found))
        slices.append(slice(found.start, found.stop, found.step))
    sliced = _sliced(call[0], before, slices)
    shape = [len(range(s.start, s.stop, s.step or 1)) for s in slices]
    if shape == result:
        return sliced
    return read(layout.reshape(shape, result), sliced)  # type: ignore[call-type]


def _sliced(value: Any, before: Shape, slices: list[slice]) -> Any:
    """One slice per axis, resolved as for ``range``; the value itself where nothing is cut."""
    for axis, part in enumerate(slices):
        if (part.start, part.stop, part.step or 1) != (0, before[axis], 1):
            op = layout.slice_(before, axis, part.start, part.stop, part.step or 1)
            value, before = read(op, value), op.shape
    return value


@rule("Tile")
def tile(call: Call) -> Op:
    """The whole tensor again and again."""
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
    """Sizes of 1 repeated."""
    return layout.expand(call.shape(0), call.integers(1))


@rule("Fill")
def fill(call: Call) -> Any:
    """One number everywhere."""
    result = call.integers(0)
    if any(size < 0 for size in result):
        raise InvalidModelError(f"a tensor of {result}")
    if call.depends(1):
        one = read(layout.reshape((), (1,) * len(result)), call[1])
        return read(layout.expand(one.shape, result), one)
    return Constant(result)


@rule("ReverseV2")
def reverse(call: Call) -> Op:
    """Backwards along axes."""
    return layout.flip(call.shape(0), call.axes(1, len(call.shape(0))))


@rule("Roll")
def roll(call: Call) -> Op:
    """Rotate along axes; shifts of one axis add up."""
    shifts: dict[int, int] = {}
    for axis, steps in zip(call.axes(2, len(call.shape(0))), call.integers(1), strict=True):
        shifts[axis] = shifts.get(axis, 0) + steps
    return layout.roll(call.shape(0), shifts)


@rule("DepthToSpace", "SpaceToDepth")
def blocks_of_channels(call: Call) -> list[Op]:
    """Pixel shuffle and back: the channel axis is laid out (block…, channel)."""
    move = layout.depth_to_space if call.op == "DepthToSpace" else layout.space_to_depth
    size = call.number("block_size")
    if size < 1:
        raise InvalidModelError(f"block_size = {size}; expected a positive integer")
    axes, channel = spatial(call.text("data_format", "NHWC"), 4)
    return move(
        call.shape(0), (size, size), axes=axes, channel_axis=channel, channels_first=False
    )  # fmt: skip


@rule("GatherV2", "Gather", "ResourceGather")
def gather(call: Call) -> Any:
    """Known indices pick elements; indices that depend on the input may pick any."""
    before, indices = call.shape(0), call.shape(1)
    batch = call.number("batch_dims")
    axis = call.integer(2) if len(call) > 2 else 0
    axis = _axis(axis, before)
    places = call.known(1)
    if batch:
        batch %= max(len(indices), 1)
        return _gathered(call, before, indices, axis, batch)
    if places is None:
        return _gathered(call, before, indices, axis, 0)
    result = (*before[:axis], *indices, *before[axis + 1 :])
    if not indices:
        return layout.select(before, axis, int(places))
    op = layout.gather(before, axis, [int(place) for place in places.reshape(-1)])
    return [op] if op.shape == result else [op, layout.reshape(op.shape, result)]


def _gathered(call: Call, before: Shape, indices: Shape, axis: int, batch: int) -> Op:
    """A table looked up: each output reads its own index, and any element along the axis."""
    result = (*before[:axis], *indices[batch:], *before[axis + 1 :])
    extra = len(indices) - batch - 1
    rows = [
        Read(None, WHOLE) if k == axis else Read(k if k < axis else k + extra, IDENTITY)
        for k in range(len(before))
    ]
    own = [Read(k if k < batch else axis + k - batch, IDENTITY) for k in range(len(indices))]
    exact = not call.depends(0)
    return Op("gather", result, (Link(rows), Link(own)), exact=exact)


@rule("OneHot")
def one_hot(call: Call) -> Op:
    """A new axis whose outputs all read the same element."""
    before, depth = call.shape(0), call.integer(1)
    axis = call.number("axis", -1) % (len(before) + 1)
    wide = (*before[:axis], 1, *before[axis:])
    op = layout.reshape(before, wide)
    result = (*before[:axis], depth, *before[axis:])
    reads = [Read(k if k < axis else k + 1, IDENTITY) for k in range(len(before))]
    del op
    return Op("one_hot", result, (Link(reads),))


@rule("MatrixBandPart", "MatrixSetDiag", "MatrixSetDiagV3")
def band(call: Call) -> Op:
    """Elements kept or replaced in their places."""
    return Op("band", call.shape(0), (passed(len(call.shape(0))),))


@rule("ExtractImagePatches")
def patches(call: Call) -> list[Op]:
    """Each position holds the pixels of a window, one after the other, in its channels."""
    before = call.shape(0)
    kernel, steps = call.numbers("ksizes")[1:3], call.numbers("strides")[1:3]
    rates = call.numbers("rates", (1, 1, 1, 1))[1:3]
    window = ops.pool(
        before, kernel=kernel, stride=steps, dilation=rates,
        padding=call.text("padding", "VALID").lower(), axes=(1, 2), kind="extract_patches",
    )  # fmt: skip
    from ...core.arguments import resolve_padding

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
