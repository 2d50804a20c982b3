"""Convolutions and windows: any layout, dilation of the input and of the window."""

from __future__ import annotations

from typing import Any

from ...core import layout, ops
from ...core import padding as arithmetic
from ...core.arrays import read, spread
from ...core.arrays.expression import Reading
from ...core.link import Link, Read, passed
from ...core.ops import Op
from ...core.relation import compose, window
from ...core.taps import with_taps
from ..machine.unnamed import with_rest
from ..machine.values import Constant, dependents
from .contraction import together
from .rulebook import Call, rule


@rule("conv_general_dilated")
def convolution(call: Call) -> Any:
    """A kernel slides over an input that may be dilated itself (transposed convolution).

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.conv_general_dilated.html
    """
    numbers = call.attribute("dimension_numbers")
    left, right, out = numbers.lhs_spec, numbers.rhs_spec, numbers.out_spec
    x, kernel = call[0], call.shape(1)
    groups, batches = call.attribute("feature_group_count"), call.attribute("batch_group_count")
    if batches > 1:  # groups of examples are groups of channels of fewer examples
        x, groups = _grouped(x, left[0], left[1], batches), batches
    axes = left[2:]
    steps, wide, pads = spread(
        x, axes, [(int(a), int(b)) for a, b in call.attribute("padding")],
        call.numbers("lhs_dilation"),
    )  # fmt: skip
    size, dilation = [kernel[axis] for axis in right[2:]], call.numbers("rhs_dilation")
    if axes:
        op = ops.conv(
            wide.shape, kernel=size, stride=call.numbers("window_strides"), padding=pads,
            dilation=dilation, groups=groups, channels=kernel[right[0]], axes=axes,
            channel_axis=left[1],
        )  # fmt: skip
    else:
        op = ops.dense(wide.shape, kernel[right[0]], axis=left[1], kind="conv")
    zeros, weight = call.zeros(1), call[1]
    op = op.thinned if isinstance(weight, Constant) and weight.may_be_cut else op
    if zeros is not None and axes:
        op = with_taps(op, zeros.transpose(right), axes, dilation)
    order = [left[out.index(axis)] for axis in range(len(out))]
    last = [] if order == list(range(len(order))) else [layout.permute(op.shape, order)]
    base = call.step(read(steps, x)) if steps else x
    return Reading([op, *last], [base] * len(op.links) + [call[1]])


def _grouped(x: Any, batch: int, channel: int, groups: int) -> Reading:
    """The groups of the batch as groups of channels."""
    shape = tuple(x.shape)
    cut = layout.reshape(
        shape, (*shape[:batch], groups, shape[batch] // groups, *shape[batch + 1 :])
    )
    rest = [axis for axis in range(len(cut.shape)) if axis != batch]
    place = channel if channel < batch else channel + 1
    rest.insert(rest.index(place), batch)
    moved = layout.permute(cut.shape, rest)
    joined = list(shape)
    joined[batch] //= groups
    joined[channel] *= groups
    return read([cut, moved, layout.reshape(moved.shape, joined)], x)


@rule("reduce_window", "reduce_window_sum", "reduce_window_max", "reduce_window_min")
def pooling(call: Call) -> Any:
    """Sum, maximum … of a window that slides along every axis.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.reduce_window.html
    """
    kept = [call.step(_pooled(call, call[k])) for k in range(len(call.shapes_out) - 1)]
    last = _pooled(call, call[len(kept)])
    starts = dependents(call.operands[len(kept) + 1 :])
    found = together([*kept, call.step(last)], call.kind) if kept else last
    return with_rest(found, starts)


def _pooled(call: Call, x: Any) -> Any:
    every = range(len(x.shape))
    steps, wide, pads = spread(
        x, every, [(int(a), int(b)) for a, b in call.attribute("padding")],
        call.numbers("base_dilation"),
    )  # fmt: skip
    size, stride = call.numbers("window_dimensions"), call.numbers("window_strides")
    moving = [k for k in every if (size[k], stride[k], pads[k]) != (1, 1, (0, 0))]
    if not moving:
        return read([*steps, ops.pointwise(wide.shape, kind=call.kind)], x)
    dilation = call.numbers("window_dilation")
    op = ops.pool(
        wide.shape, kernel=[size[k] for k in moving], stride=[stride[k] for k in moving],
        padding=[pads[k] for k in moving], dilation=[dilation[k] for k in moving], axes=moving,
        kind=call.kind,
    )  # fmt: skip
    return read([*steps, op], x)


@rule("select_and_scatter_add")
def scatter_to_selected(call: Call) -> Op:
    """The gradient of a max pooling: an element reads the windows that it is in, and their inputs.

    https://openxla.org/xla/operation_semantics#selectandscatter
    """
    rank = len(call.shape(1))
    source, operand = list(passed(rank).reads), list(passed(rank).reads)
    size, stride = call.numbers("window_dimensions"), call.numbers("window_strides")
    for axis, (before, _) in enumerate(call.attribute("padding")):
        back = arithmetic.transposed(size[axis], stride[axis], int(before), 1)
        if (size[axis], stride[axis]) != (1, 1):
            source[axis] = Read(axis, back)
            forth = window(size[axis], stride[axis], int(before))
            operand[axis] = Read(axis, compose(back, forth))
    return Op(call.kind, call.shape(1), (Link(source), Link(operand)))
