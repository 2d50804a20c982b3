"""Ops that move elements: reshape, transpose, slice, pad, concat, split, tile, pixel shuffle."""

from __future__ import annotations

from math import ceil, prod
from typing import Any

import numpy as np

from ...core import arrays
from ...core.arguments import Shape, normalize_axis
from ...errors import InvalidModelError, show_shape
from ..machine.limits import COMPUTED
from ..machine.values import Constant, Dependent, Outputs, known
from .rulebook import Call, rule


@rule("Shape")
def shape(call: Call) -> Constant:
    """Sizes, known without any element.

    https://onnx.ai/onnx/operators/onnx__Shape.html
    """
    value = call[0]
    start, end = call.int("start", 0), call.int("end", 1 << 31)
    sized = isinstance(value, Dependent) or value.sized
    return known(np.array(value.shape[start:end], dtype=np.int64), sized=sized)


@rule("Size")
def size(call: Call) -> Constant:
    """The number of elements.

    https://onnx.ai/onnx/operators/onnx__Size.html
    """
    value = call[0]
    return known(np.int64(prod(value.shape)), sized=isinstance(value, Dependent) or value.sized)


def new_shape(call: Call) -> Shape:
    """The shape that Reshape, Flatten, Squeeze and Unsqueeze give."""
    found = reshape(call).shape
    return tuple(found)


@rule("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def reshape(call: Call) -> Any:
    """The same elements in row-major order.

    https://onnx.ai/onnx/operators/onnx__Reshape.html
    """
    if call.op == "Reshape":
        wanted = call.ints("shape") if call.opset < 5 else None
        wanted = call.integers(1, "the new shape") if wanted is None else wanted
        return arrays.reshape(call[0], wanted, zero_copies=not call.flag("allowzero"))
    if call.op == "Flatten":
        before, axis = call.shape(0), call.int("axis", 1)
        at = axis + len(before) if axis < 0 else axis
        if not 0 <= at <= len(before):
            raise InvalidModelError(f"axis = {axis}; the operand has {len(before)} axes")
        return arrays.reshape(call[0], (prod(before[:at]), prod(before[at:])))
    axes = call.ints_at("axes", 1)
    if call.op == "Squeeze":
        return arrays.squeeze(call[0], axes)
    if axes is None:
        raise InvalidModelError("axes are missing")
    return arrays.unsqueeze(call[0], axes)


@rule("com.microsoft::ExpandDims")
def expand_dims(call: Call) -> Any:
    """One new axis.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftexpanddims
    """
    return arrays.unsqueeze(call[0], call.integer(1))


@rule("Transpose")
def transpose(call: Call) -> Any:
    """Axes in another order; ``perm`` defaults to the axes in reverse.

    https://onnx.ai/onnx/operators/onnx__Transpose.html
    """
    return arrays.permute(call[0], call.ints("perm"))


@rule("Concat", "com.microsoft::QLinearConcat")
def concat(call: Call) -> Any:
    """Joined end to end; opsets before 4 had a default axis.

    https://onnx.ai/onnx/operators/onnx__Concat.html
    """
    parts = call.given[2::3] if call.op.endswith("QLinearConcat") else call.given
    if call.attribute("axis", 2) is None and call.opset >= 4:
        raise InvalidModelError("axis is missing")
    return arrays.concat(parts, call.int("axis", 1))


def slices(call: Call) -> dict[int, slice]:
    """``{axis: slice}`` as Python slices."""
    if call.opset < 10:
        starts, ends, axes = call.ints("starts"), call.ints("ends"), call.ints("axes")
        steps = None
    else:
        starts, ends = call.integers(1, "start"), call.integers(2, "end")
        axes = call.integers(3, "axes") if call.has(3) else None
        steps = call.integers(4, "steps") if call.has(4) else None
    if starts is None or ends is None:
        raise InvalidModelError("starts or ends are missing")
    axes = range(len(starts)) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    if not len(starts) == len(ends) == len(axes) == len(steps):
        raise InvalidModelError("starts, ends, axes and steps have different lengths")
    found: dict[int, slice] = {}
    for given, start, stop, step in zip(axes, starts, ends, steps, strict=True):
        axis = normalize_axis(given, len(call.shape(0)))
        if step == 0 or axis in found:
            raise InvalidModelError(f"slices axis {axis} with step {step}, or twice")
        found[axis] = slice(start, stop, step)
    return found


@rule("Slice")
def slice_(call: Call) -> Any:
    """A part of several axes at once.

    https://onnx.ai/onnx/operators/onnx__Slice.html
    """
    found = slices(call)
    index = tuple(found.get(axis, slice(None)) for axis in range(len(call.shape(0))))
    return arrays.getitem(call[0], index)


def split_sizes(call: Call) -> tuple[int, list[int]]:
    """The axis and the sizes of the parts."""
    before = call.shape(0)
    axis = normalize_axis(call.int("axis", 0), len(before))
    sizes = call.ints_at("split", 1)
    if sizes is None:
        parts = call.int("num_outputs", len(call.node.outputs))
        if parts < 1 or parts > len(call.node.outputs):
            raise InvalidModelError(f"num_outputs = {parts} for {len(call.node.outputs)} outputs")
        each = ceil(before[axis] / parts)
        sizes = [min(each, max(0, before[axis] - k * each)) for k in range(parts)]
    if any(part < 0 for part in sizes):
        raise InvalidModelError(f"splits an axis of {before[axis]} into {sizes}")
    return axis, sizes


@rule("Split")
def split(call: Call) -> Outputs:
    """Each output is a slice.

    https://onnx.ai/onnx/operators/onnx__Split.html
    """
    axis, sizes = split_sizes(call)
    return Outputs(arrays.split(call[0], sizes, axis))


@rule("Pad", "com.microsoft::Pad")
def pad(call: Call) -> Any:
    """Constant, reflect, edge or wrap; negative amounts crop.

    https://onnx.ai/onnx/operators/onnx__Pad.html
    """
    rank = len(call.shape(0))
    pads = call.ints("pads") or call.ints("paddings")
    if pads is None or call.opset >= 11:
        pads = list(call.integers(1, "the padding"))
    axes = call.axes(3, rank) if call.has(3) else range(rank)
    half = len(axes)
    if len(pads) != 2 * half:
        raise InvalidModelError(f"{len(pads)} pads for {half} axes")
    widths = {axis: (pads[k], pads[k + half]) for k, axis in enumerate(axes)}
    stated = np.asarray(call.float("value", 0) if call.opset < 11 else 0.0)
    number = call.known(2) if call.has(2) else stated
    fill = float(number.reshape(-1)[0]) if number is not None and number.size else None
    return arrays.pad(call[0], widths, mode=call.text("mode", "constant"), fill=fill)


@rule("Tile")
def tile(call: Call) -> Any:
    """The whole tensor again and again.

    https://onnx.ai/onnx/operators/onnx__Tile.html
    """
    before = call.shape(0)
    if call.opset < 6:
        repeats = [1] * len(before)
        repeats[call.integer(2)] = call.integer(1)
    else:
        repeats = list(call.integers(1, "repeats"))
    if len(repeats) != len(before) or any(times < 0 for times in repeats):
        raise InvalidModelError(f"repeats = {repeats} for {show_shape(before)}")
    return arrays.tile(call[0], repeats)


@rule("Expand")
def expand(call: Call) -> Any:
    """Broadcast in both directions.

    https://onnx.ai/onnx/operators/onnx__Expand.html
    """
    wanted = call.integers(1, "the new shape")
    before = call.shape(0)
    rank = max(len(before), len(wanted))
    own = (1,) * (rank - len(before)) + before
    wanted = (1,) * (rank - len(wanted)) + wanted
    wide = [a if b == 1 else b for a, b in zip(own, wanted, strict=True)]
    return arrays.broadcast_to(call[0], wide)


@rule("DepthToSpace")
def depth_to_space(call: Call) -> Any:
    """Channels become positions; ``DCR`` (block first) or ``CRD`` (channel first).

    https://onnx.ai/onnx/operators/onnx__DepthToSpace.html
    """
    mode = call.text("mode", "DCR")
    if mode not in ("DCR", "CRD"):
        raise InvalidModelError(f"mode = {mode!r}; expected 'DCR' or 'CRD'")
    return arrays.depth_to_space(
        call[0], _block(call), axes=[2, 3], channel_axis=1, channels_first=mode == "CRD"
    )


@rule("SpaceToDepth")
def space_to_depth(call: Call) -> Any:
    """Positions become channels, the block first.

    https://onnx.ai/onnx/operators/onnx__SpaceToDepth.html
    """
    return arrays.space_to_depth(
        call[0], _block(call), axes=[2, 3], channel_axis=1, channels_first=False
    )


@rule("com.microsoft::SpaceToDepth", "com.microsoft::NhwcSpaceToDepth")
def nhwc_space_to_depth(call: Call) -> Any:
    """The same with the channels last.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
    """
    return arrays.space_to_depth(
        call[0], _block(call), axes=[1, 2], channel_axis=3, channels_first=False
    )


def _block(call: Call) -> list[int]:
    before, block = call.shape(0), call.int("blocksize", 0)
    if len(before) != 4 or block < 1:
        raise InvalidModelError(f"blocksize = {block} for {show_shape(before)}")
    return [block, block]


@rule("ConstantOfShape", "EyeLike", "RandomNormal", "RandomUniform", "RandomNormalLike",
      "RandomUniformLike")  # fmt: skip
def made_from_shape(call: Call) -> Constant:
    """Only the shape is read, or nothing at all.

    https://onnx.ai/onnx/operators/onnx__ConstantOfShape.html
    """
    if call.op == "ConstantOfShape":
        sizes = call.integers(0, "the shape")
        if any(size < 0 for size in sizes):
            raise InvalidModelError(f"its output would have the shape {sizes}")
        return Constant(sizes, sized=call[0].sized, made=True)
    made = Constant(call.shape(0) if call.operands else call.ints("shape") or (), made=True)
    made.drawn = call.op != "EyeLike"
    if call.op == "EyeLike":
        if len(made.shape) == 2 and prod(made.shape) <= COMPUTED:
            sized = call.depends(0) or call[0].sized
            return known(np.eye(*made.shape, call.int("k", 0)), sized=sized)
        made.unseen = True
    return made


@rule("Range", "com.microsoft::Range")
def range_(call: Call) -> Constant:
    """Counting; the bounds must be known.

    https://onnx.ai/onnx/operators/onnx__Range.html
    """
    start, limit = call.constant(0, "the start"), call.constant(1, "the end")
    step = call.constant(2, "the step") if call.has(2) else np.ones((), start.dtype)
    first, last, by = (float(a.reshape(-1)[0]) for a in (start, limit, step))
    count = max(0, -int(-(last - first) // by)) if by else 0
    return Constant((count,), sized=any(value.sized for value in call.given), made=True)


@rule("ReverseSequence")
def reverse_sequence(call: Call) -> Any:
    """The first elements of each sequence in reverse order, as many as its length says.

    https://onnx.ai/onnx/operators/onnx__ReverseSequence.html
    """
    return arrays.reverse_sequence(
        call[0], call.either(1),
        axis=call.int("time_axis", 0), batch_axis=call.int("batch_axis", 1),
    )  # fmt: skip


@rule("CenterCropPad")
def center_crop_pad(call: Call) -> Any:
    """Cut or zero-padded around the middle.

    https://onnx.ai/onnx/operators/onnx__CenterCropPad.html
    """
    axes = call.ints("axes") or range(len(call.shape(0)))
    sizes = dict(zip(axes, call.integers(1, "the size"), strict=True))
    return arrays.center_crop(call[0], sizes, fill=True)


@rule("Col2Im")
def col2im(call: Call) -> Any:
    """Blocks are laid where they came from, and summed where they overlap.

    https://onnx.ai/onnx/operators/onnx__Col2Im.html
    """
    image, block = call.integers(1, "the image size"), call.integers(2, "the block size")
    count = len(image)
    pads = call.ints("pads") or [0] * (2 * count)
    return arrays.col2im(
        call[0], image, block,
        strides=call.ints("strides") or 1, dilation=call.ints("dilations") or 1,
        padding=[(pads[k], pads[k + count]) for k in range(count)],
    )  # fmt: skip


@rule("com.microsoft::CropAndResize", "RoiAlign", "MaxRoiPool")
def regions(call: Call) -> Any:
    """Regions are cut out where the data says: any place of the image may be read.

    https://onnx.ai/onnx/operators/onnx__RoiAlign.html
    """
    if call.op == "MaxRoiPool":
        sizes = call.ints("pooled_shape") or [1, 1]
    elif call.op == "RoiAlign":
        sizes = [call.int("output_height", 1), call.int("output_width", 1)]
    else:
        sizes = call.integers(3, "the crop size")
    return arrays.regions_of(call[0], call[1], tuple(sizes), call.optional(2))
