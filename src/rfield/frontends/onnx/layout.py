"""Ops that move elements: reshape, transpose, slice, pad, concat, split, tile, pixel shuffle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np

from ...core import layout, ops
from ...core.arguments import normalize_axis
from ...core.link import Link, Read
from ...core.ops import Op
from ...core.relation import IDENTITY, WHOLE
from ...errors import InvalidModelError, bad_shapes, show_shape
from .rulebook import Call, Reading, Result, rule
from .tensors import Shape, Value

_TILE_TABLE = 4096


def new_shape(call: Call) -> Shape:
    """The output shape of Reshape, Flatten, Squeeze and Unsqueeze."""
    shape = call.shape(0)
    if call.op == "Reshape":
        return _reshaped(call, shape)
    if call.op == "Flatten":
        axis = call.int("axis", 1)
        axis = axis + len(shape) if axis < 0 else axis
        if not 0 <= axis <= len(shape):
            raise InvalidModelError(f"axis = {axis}; the operand has {len(shape)} axes")
        return prod(shape[:axis]), prod(shape[axis:])
    axes = call.ints_at("axes", 1)
    if call.op == "Squeeze":
        if axes is None:
            return tuple(size for size in shape if size != 1)
        gone = {normalize_axis(axis, len(shape)) for axis in axes}
        for axis in gone:
            if shape[axis] != 1:
                raise InvalidModelError(f"squeezes axis {axis} of {show_shape(shape)}")
        return tuple(size for axis, size in enumerate(shape) if axis not in gone)
    if axes is None:
        raise InvalidModelError("axes are missing")
    rank = len(shape) + len(axes)
    added = {normalize_axis(axis, rank) for axis in axes}
    if len(added) < len(axes):
        raise InvalidModelError(f"axes = {axes}; expected distinct axes")
    rest = iter(shape)
    return tuple(1 if axis in added else next(rest) for axis in range(rank))


def _reshaped(call: Call, shape: Shape) -> Shape:
    wanted = call.ints("shape") if call.opset < 5 else None
    if wanted is None:
        wanted = call.integers(1, "the new shape")
    result = list(wanted)
    if not call.int("allowzero", 0):
        for axis, size in enumerate(result):
            if size == 0:
                if axis >= len(shape):
                    raise InvalidModelError(f"cannot reshape {show_shape(shape)} into {wanted}")
                result[axis] = shape[axis]
    return layout.reshape(shape, result).shape


@rule("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def reshape(call: Call) -> Op:
    """The same elements in row-major order."""
    return layout.reshape(call.shape(0), new_shape(call), kind=call.op.lower())


@rule("com.microsoft::ExpandDims")
def expand_dims(call: Call) -> Op:
    """One new axis."""
    shape = call.shape(0)
    axis = normalize_axis(call.integers(1)[0], len(shape) + 1)
    return layout.reshape(shape, (*shape[:axis], 1, *shape[axis:]))


@rule("Transpose")
def transpose(call: Call) -> Op:
    """``perm`` defaults to the axes in reverse."""
    shape = call.shape(0)
    perm = call.ints("perm")
    return layout.permute(shape, range(len(shape))[::-1] if perm is None else perm)


@rule("Concat", "com.microsoft::QLinearConcat")
def concat(call: Call) -> Reading | Value:
    """Joined end to end; opsets before 4 had a default axis."""
    values = call.given
    if call.op.endswith("QLinearConcat"):
        values = values[2::3]
    if call.attribute("axis", 2) is None and call.opset >= 4:
        raise InvalidModelError("axis is missing")
    op = layout.concat(*(_tensor(v) for v in values), axis=call.int("axis", 1))
    return Reading(op, values)


def _tensor(value: Value) -> Shape:
    if value.items is not None:
        raise InvalidModelError("a sequence stands where a tensor is expected")
    return value.shape


def slices(call: Call) -> dict[int, tuple[int, int, int]]:
    """``{axis: (start, stop, step)}`` with range semantics, resolved for the operand's shape."""
    shape = call.shape(0)
    if call.opset < 10:
        starts, ends, axes = call.ints("starts"), call.ints("ends"), call.ints("axes")
        steps: list[int] | None = None
    else:
        starts, ends = call.integers(1, "start"), call.integers(2, "end")
        axes = call.integers(3, "axes") if call.has(3) else None
        steps = call.integers(4, "steps") if call.has(4) else None
    if starts is None or ends is None:
        raise InvalidModelError("starts or ends are missing")
    axes = list(range(len(starts))) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    if not len(starts) == len(ends) == len(axes) == len(steps):
        raise InvalidModelError("starts, ends, axes and steps have different lengths")
    found: dict[int, tuple[int, int, int]] = {}
    for given, start, stop, step in zip(axes, starts, ends, steps, strict=True):
        axis = normalize_axis(given, len(shape))
        if step == 0 or axis in found:
            raise InvalidModelError(f"slices axis {axis} with step {step}, or twice")
        found[axis] = slice(start, stop, step).indices(shape[axis])
    return found


@rule("Slice")
def slice_(call: Call) -> list[Op] | Value:
    """Several axes at once; each is one op."""
    shape = call.shape(0)
    steps: list[Op] = []
    for axis, (start, stop, step) in slices(call).items():
        if (start, step) == (0, 1) and stop >= shape[axis]:
            continue
        op = layout.slice_(steps[-1].shape if steps else shape, axis, start, stop, step)
        steps.append(op)
    return steps or [ops.pointwise(shape, kind="slice")]


def split_sizes(call: Call) -> tuple[int, list[int]]:
    """The axis and the sizes of the parts."""
    shape = call.shape(0)
    axis = normalize_axis(call.int("axis", 0), len(shape))
    sizes = call.ints_at("split", 1)
    if sizes is None:
        parts = call.int("num_outputs", len(call.outputs))
        if parts < 1 or parts > len(call.outputs):
            raise InvalidModelError(f"num_outputs = {parts} for {len(call.outputs)} outputs")
        each = -(-shape[axis] // parts)
        sizes = [min(each, max(0, shape[axis] - k * each)) for k in range(parts)]
    if sum(sizes) != shape[axis] or any(size < 0 for size in sizes):
        raise InvalidModelError(f"splits an axis of {shape[axis]} into {sizes}")
    return axis, sizes


@rule("Split")
def split(call: Call) -> tuple[Result, ...]:
    """Each output is a slice."""
    axis, sizes = split_sizes(call)
    shape, start = call.shape(0), 0
    parts: list[Result] = []
    for size in sizes:
        parts.append(layout.slice_(shape, axis, start, start + size, kind="split"))
        start += size
    return tuple(parts)


@rule("Pad", "com.microsoft::Pad")
def pad(call: Call) -> Reading:
    """Constant, reflect, edge or wrap; negative amounts crop."""
    shape = call.shape(0)
    pads = call.ints("pads") or call.ints("paddings")
    if pads is None or call.opset >= 11:
        pads = call.integers(1, "the padding")
    axes: Sequence[int] = range(len(shape))
    if call.has(3):
        axes = [normalize_axis(axis, len(shape)) for axis in call.integers(3, "axes")]
    if len(pads) != 2 * len(axes):
        raise InvalidModelError(f"{len(pads)} pads for {len(axes)} axes")
    half = len(axes)
    amounts = {axis: (pads[k], pads[k + half]) for k, axis in enumerate(axes)}
    mode = call.text("mode", "constant")
    return Reading(padded(shape, amounts, mode), [call.value(0)])


def padded(shape: Shape, amounts: Mapping[int, tuple[int, int]], mode: str) -> list[Op]:
    """Padding; cropping comes first in modes that repeat what is there."""
    amounts = {axis: pair for axis, pair in amounts.items() if pair != (0, 0)}
    crop = {
        axis: (min(0, before), min(0, after))
        for axis, (before, after) in amounts.items()
        if min(before, after) < 0
    }
    if not crop or mode == "constant":
        return [layout.pad(shape, amounts, mode=mode)]
    first = layout.pad(shape, crop)
    rest = {axis: (max(0, pair[0]), max(0, pair[1])) for axis, pair in amounts.items()}
    return [first, layout.pad(first.shape, rest, mode=mode)]


@rule("Tile")
def tile(call: Call) -> list[Op]:
    """The whole tensor again and again."""
    shape = call.shape(0)
    if call.opset < 6:
        repeats = [1] * len(shape)
        repeats[call.integers(2)[0]] = call.integers(1)[0]
    else:
        repeats = call.integers(1, "repeats")
    if len(repeats) != len(shape) or any(times < 0 for times in repeats):
        raise InvalidModelError(f"repeats = {repeats} for {show_shape(shape)}")
    small = {
        axis: times
        for axis, times in enumerate(repeats)
        if times != 1 and shape[axis] <= _TILE_TABLE and times > 0
    }
    steps: list[Op] = [layout.tile(shape, small)] if small else []
    for axis, times in enumerate(repeats):
        if times != 1 and axis not in small:
            now = steps[-1].shape if steps else shape
            wide = (*now[:axis], 1, *now[axis:])
            full = (*now[:axis], times, *now[axis:])
            steps += [
                layout.reshape(now, wide),
                layout.expand(wide, full),
                layout.reshape(full, (*now[:axis], times * now[axis], *now[axis + 1 :])),
            ]
    return steps or [ops.pointwise(shape, kind="tile")]


@rule("Expand")
def expand(call: Call) -> Op:
    """Broadcast in both directions."""
    shape = call.shape(0)
    wanted = call.integers(1, "the new shape")
    rank = max(len(shape), len(wanted))
    own = [1] * (rank - len(shape)) + list(shape)
    wanted = [1] * (rank - len(wanted)) + wanted
    result: list[int] = []
    for one, other in zip(own, wanted, strict=True):
        if one != other and 1 not in (one, other):
            raise bad_shapes("expand", [shape, wanted], "sizes do not broadcast")
        result.append(other if one == 1 else one)
    return layout.expand(shape, result)


@rule("DepthToSpace")
def depth_to_space(call: Call) -> list[Op]:
    """Channels become positions; ``DCR`` (block first) or ``CRD`` (channel first)."""
    shape, block = _blocks(call)
    mode = call.text("mode", "DCR")
    if mode not in ("DCR", "CRD"):
        raise InvalidModelError(f"mode = {mode!r}; expected 'DCR' or 'CRD'")
    return layout.depth_to_space(
        shape, [block, block], axes=[2, 3], channel_axis=1,
        channels_first=mode == "CRD",
    )  # fmt: skip


@rule("SpaceToDepth")
def space_to_depth(call: Call) -> list[Op]:
    """Positions become channels, the block first."""
    shape, block = _blocks(call)
    return layout.space_to_depth(
        shape, [block, block], axes=[2, 3], channel_axis=1, channels_first=False
    )


def _blocks(call: Call) -> tuple[Shape, int]:
    shape, block = call.shape(0), call.int("blocksize", 0)
    if len(shape) != 4 or block < 1:
        raise InvalidModelError(f"blocksize = {block} for {show_shape(shape)}")
    return shape, block


@rule("ConstantOfShape", "EyeLike", "RandomNormal", "RandomUniform", "RandomNormalLike",
      "RandomUniformLike")  # fmt: skip
def made_from_shape(call: Call) -> Value:
    """Only the shape is read, or nothing at all."""
    if call.op == "ConstantOfShape":
        value = call.value(0)
        sizes = call.integers(0, "the shape")
        if any(size < 0 for size in sizes):
            raise InvalidModelError(f"its output would have the shape {sizes}")
        return Value(sizes, sized=value.sized)
    if call.inputs:
        return Value(call.shape(0))
    return Value(call.ints("shape") or ())


@rule("Range", "com.microsoft::Range")
def range_(call: Call) -> Value | Op:
    """Counting; the bounds must be known."""
    start, limit = call.constant(0, "the start"), call.constant(1, "the end")
    step = call.constant(2, "the step") if call.has(2) else np.ones((), start.dtype)
    first, last, by = (float(a.reshape(-1)[0]) for a in (start, limit, step))
    count = max(0, -int(-(last - first) // by)) if by else 0
    return Value((count,), sized=any(value.sized for value in call.given))


@rule("ReverseSequence")
def reverse_sequence(call: Call) -> Reading:
    """Each sequence is turned around; where all are of full length that is a flip."""
    shape = call.shape(0)
    axis = normalize_axis(call.int("time_axis", 0), len(shape))
    lengths = call.value(1).array
    if lengths is not None and bool((lengths == shape[axis]).all()):
        return Reading(layout.flip(shape, [axis]), [call.value(0)])
    op = ops.along(shape, {axis: (WHOLE, shape[axis])}, kind="reverse_sequence", exact=False)
    batch = normalize_axis(call.int("batch_axis", 1), len(shape))
    link = Link([Read(batch, IDENTITY)])
    both = Op(op.kind, op.shape, (*op.links, link), exact=False)
    return Reading(both, [call.value(0), call.value(1)])


@rule("CenterCropPad")
def center_crop_pad(call: Call) -> list[Op]:
    """Cut or zero-padded around the middle."""
    shape = call.shape(0)
    axes = call.ints("axes")
    rank = len(shape)
    axes = list(range(rank)) if axes is None else [normalize_axis(a, rank) for a in axes]
    amounts: dict[int, tuple[int, int]] = {}
    for axis, size in zip(axes, call.integers(1, "the size"), strict=True):
        change = size - shape[axis]
        before = change // 2 if change >= 0 else -(-change // 2)
        amounts[axis] = (before, change - before)
    return padded(shape, amounts, "constant")


@rule("Col2Im")
def col2im(call: Call) -> Reading:
    """Overlapping blocks are summed: each output reads the blocks that cover it (a bound)."""
    shape = call.shape(0)
    image, block = call.integers(1, "the image size"), call.integers(2, "the block size")
    channels = shape[1] // max(1, prod(block))
    op = Op(
        "col2im", (shape[0], channels, *image),
        (Link([Read(0, IDENTITY), Read(None, WHOLE), Read(None, WHOLE)]),), exact=False,
    )  # fmt: skip
    return Reading(op, [call.value(0)])


@rule("com.microsoft::CropAndResize", "RoiAlign", "MaxRoiPool")
def regions(call: Call) -> Op:
    """Regions are cut out where the data says: any place of the image may be read."""
    shape, rois = call.shape(0), call.shape(1)
    if call.op == "MaxRoiPool":
        size = call.ints("pooled_shape") or [1, 1]
    elif call.op == "RoiAlign":
        size = [call.int("output_height", 1), call.int("output_width", 1)]
    else:
        size = call.integers(3, "the crop size")
    link = Link([Read(None, WHOLE), Read(1, IDENTITY), Read(None, WHOLE), Read(None, WHOLE)])
    boxes = Link([Read(0, IDENTITY), Read(None, WHOLE)])
    links = [link, boxes, Link([Read(0, IDENTITY)])][: len(call.inputs)]
    return Op("roi", (rois[0], shape[1], *size), tuple(links), exact=False)


@rule("com.microsoft::SpaceToDepth", "com.microsoft::NhwcSpaceToDepth")
def nhwc_space_to_depth(call: Call) -> list[Op]:
    """The same with the channels last."""
    shape, block = _blocks(call)
    return layout.space_to_depth(
        shape, [block, block], axes=[1, 2], channel_axis=3, channels_first=False
    )
