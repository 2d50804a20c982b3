"""Ops that slide a window: convolution in any layout, pooling, frames and their sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from ...errors import InvalidModelError, bad_shapes
from .. import ops
from .. import padding as arithmetic
from ..arguments import Padding, PerAxis, normalize_axis, pairs, per_axis, resolve_padding
from ..indices import EMPTY, IndexSet
from ..link import Link, Read
from ..operation import Op, Work
from ..relation import WHOLE, ZERO, Relation, Sliding, Table, compose, window
from ..taps import with_taps
from ..windows import group_relation
from .expression import Operand, Reading, read, shape_of
from .shaping import permute, reshape

Marks = NDArray[np.bool_]


def axes_named(layout: str, order: str) -> tuple[int, ...]:
    """Where the named axes of a layout are; the others follow in their order.

    >>> axes_named("NHWC", "NC"), axes_named("HWIO", "OI")
    ((0, 3, 1, 2), (3, 2, 0, 1))
    """
    return tuple(layout.index(name) for name in order) + tuple(
        place for place, name in enumerate(layout) if name not in order
    )


def conv(
    x: Operand,
    weight: Operand,
    *,
    strides: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    input_dilation: PerAxis = 1,
    groups: int = 1,
    batch_groups: int = 1,
    axes: Sequence[int] | None = None,
    weight_axes: Sequence[int] | None = None,
    result_axes: Sequence[int] | None = None,
    bias: bool = False,
    zeros: Marks | None = None,
) -> Reading:
    """Convolution in any layout: output ``i`` reads ``stride*i - before + dilation*k``.

    ``axes`` and ``result_axes``: where batch, channels and space are; ``weight_axes``: where output
    channels, input channels (of one group) and space are; in this order by default.
    ``input_dilation`` puts holes between the elements of the input, which makes a transposed
    convolution. ``batch_groups``: each group of output channels reads its own part of the batch.
    ``zeros``: known zeros of the weight (output channel, input channel, space; 1 where all alike).
    A weight that depends on an input is read whole.
    https://docs.jax.dev/en/latest/_autosummary/jax.lax.conv_general_dilated.html

    >>> from .expression import Known
    >>> conv(Known((1, 3, 9)), Known((8, 3, 3)), strides=2, padding=[(1, 0)]).shape
    (1, 8, 4)
    """
    rank = len(shape_of(x))
    kernel_shape = shape_of(weight)
    own = _ordered(axes, rank)
    kernel_axes = _ordered(weight_axes, rank)
    if rank < 3 or len(kernel_shape) != rank:
        raise bad_shapes("convolution", [shape_of(x), kernel_shape], "the ranks do not fit")
    outputs, inputs, *kernel = (kernel_shape[axis] for axis in kernel_axes)
    if batch_groups != 1:
        if groups != 1:
            raise InvalidModelError("groups of channels and groups of the batch at once")
        x, groups = _batch_as_channels(x, own, batch_groups), batch_groups
    shape = shape_of(x)
    if inputs * groups != shape[own[1]]:
        problem = f"the channels do not fit with groups = {groups}"
        raise bad_shapes("convolution", [shape, kernel_shape], problem)
    space, count = own[2:], rank - 2
    holes = per_axis("input_dilation", input_dilation, count)
    steps = per_axis("strides", strides, count)
    wide = per_axis("dilation", dilation, count)
    crops = not isinstance(padding, str) and any(
        side < 0 for pair in pairs("padding", padding, count, negative=True) for side in pair
    )
    if crops or any(hole > 1 for hole in holes):
        op = _dilated(shape, own, kernel, steps, padding, wide, holes, groups, outputs, bias)
    else:
        op = ops.conv(
            shape, kernel=kernel, stride=steps, padding=padding, dilation=wide, groups=groups,
            channels=outputs, axes=space, channel_axis=own[1], bias=bias,
        )  # fmt: skip
    if zeros is not None:
        exact = op.exact and all(hole == 1 for hole in holes) and not crops
        op = with_taps(op, zeros, space, wide) if exact else op.thinned
    made = Reading(op, [x] * len(op.links)) if len(op.links) > 1 else Reading(op, [x, weight])
    place = _ordered(result_axes, rank)
    return permute(made, [own[place.index(axis)] for axis in range(rank)])


def _ordered(axes: Sequence[int] | None, rank: int) -> list[int]:
    named = list(range(rank)) if axes is None else [normalize_axis(axis, rank) for axis in axes]
    if sorted(named) != list(range(rank)):
        raise InvalidModelError(f"axes = {axes}; expected each axis of {rank} once")
    return named


def _batch_as_channels(x: Operand, own: Sequence[int], groups: int) -> Reading:
    """The groups of the batch as groups of channels."""
    batch, channel = own[0], own[1]
    shape = list(shape_of(x))
    if groups < 1 or shape[batch] % groups:
        raise InvalidModelError(f"a batch of {shape[batch]} does not divide into {groups} groups")
    apart = reshape(
        x, (*shape[:batch], groups, shape[batch] // groups, *shape[batch + 1 :])
    )  # fmt: skip
    rest = [axis for axis in range(len(shape) + 1) if axis != batch]
    at = rest.index(channel + 1 if channel > batch else channel)
    turned = permute(apart, [*rest[:at], batch, *rest[at:]])
    shape[batch] //= groups
    shape[channel] *= groups
    return reshape(turned, shape)


def _dilated(
    shape: Sequence[int], own: Sequence[int], kernel: Sequence[int], steps: Sequence[int],
    padding: Padding, wide: Sequence[int], holes: Sequence[int], groups: int, outputs: int,
    bias: bool,
) -> Op:  # fmt: skip
    """A convolution over a grid in which the elements of the input lie ``holes`` apart."""
    space, result = own[2:], list(shape)
    grid = [max(0, (shape[axis] - 1) * hole + 1) for axis, hole in zip(space, holes, strict=True)]
    pads = resolve_padding(padding, grid, kernel, steps, wide, negative=True)
    reads = [Read(axis, Sliding(1, 1, (ZERO,), "none")) for axis in range(len(shape))]
    each = shape[own[1]] // groups
    if outputs % groups:
        raise InvalidModelError(f"groups = {groups}; expected a divisor of {outputs} channels")
    group: Relation = group_relation(outputs // groups, each)
    reads[own[1]] = Read(None, WHOLE) if groups == 1 else Read(own[1], group)
    result[own[1]] = outputs
    for j, axis in enumerate(space):
        sparse = Sliding(holes[j], 1, (ZERO, *[EMPTY] * (holes[j] - 1)))
        slide = compose(window(kernel[j], steps[j], pads[j][0], wide[j]), sparse)
        count = arithmetic.window_count(
            grid[j], kernel[j], steps[j], *pads[j], wide[j], ceil=False
        )  # fmt: skip
        reads[axis], result[axis] = Read(axis, slide), count
    weights = prod(kernel) * each
    work = Work(prod(result) * weights, prod(result) if bias else 0, outputs * weights)
    return Op(
        "conv", tuple(result), (Link(reads),), work=work, algebra="offset" if bias else "keep"
    )  # fmt: skip


def conv_transpose(
    x: Operand,
    weight: Operand,
    *,
    strides: PerAxis = 1,
    padding: Padding = 0,
    output_padding: PerAxis = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
    axes: Sequence[int] | None = None,
    weight_axes: Sequence[int] | None = None,
    bias: bool = False,
    zeros: Marks | None = None,
) -> Reading:
    """Transposed convolution: ``i`` reads every ``m`` with ``i = stride*m - before + dilation*k``.

    ``weight_axes``: input channels, output channels of one group, space. ``"same"`` gives
    ``size*stride`` outputs, ``"valid"`` all; else the padding crops. ``zeros``: known zeros of the
    weight, laid out as ``weight_axes`` say.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html

    >>> from .expression import Known
    >>> conv_transpose(Known((1, 8, 28)), Known((8, 4, 4)), strides=2, padding=1).shape
    (1, 4, 56)
    """
    shape, kernel_shape = shape_of(x), shape_of(weight)
    own, kernel_axes = _ordered(axes, len(shape)), _ordered(weight_axes, len(shape))
    if len(kernel_shape) != len(shape):
        raise bad_shapes("convolution", [shape, kernel_shape], "the ranks do not fit")
    inputs, each, *kernel = (kernel_shape[axis] for axis in kernel_axes)
    if inputs != shape[own[1]]:
        raise bad_shapes("convolution", [shape, kernel_shape], "the channels do not fit")
    op = ops.conv_transpose(
        shape, kernel=kernel, stride=strides, padding=padding, output_padding=output_padding,
        dilation=dilation, groups=groups, channels=each * groups, axes=own[2:],
        channel_axis=own[1], bias=bias, zeros=zeros,
    )  # fmt: skip
    return Reading(op, [x] * len(op.links) if len(op.links) > 1 else [x, weight])


def pool(
    x: Operand,
    size: PerAxis,
    *,
    strides: PerAxis | None = None,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    ceil_mode: bool = False,
    axes: Sequence[int] | None = None,
    kind: str = "max_pool",
) -> Reading:
    """Windows over ``axes`` (default: all after batch and channel), each channel on its own.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html

    >>> from .expression import Known
    >>> pool(Known((1, 64, 112)), 3, strides=2, padding=1).shape
    (1, 64, 56)
    """
    op = ops.pool(
        shape_of(x), kernel=size, stride=strides, padding=padding, dilation=dilation,
        ceil_mode=ceil_mode, axes=axes, kind=kind,
    )  # fmt: skip
    return read(op, x)


def reduce_window(
    x: Operand,
    size: PerAxis,
    *,
    strides: PerAxis = 1,
    padding: Padding = 0,
    base_dilation: PerAxis = 1,
    window_dilation: PerAxis = 1,
    kind: str = "reduce_window",
) -> Reading:
    """A window over all axes; ``base_dilation`` puts holes between the elements.

    https://openxla.org/xla/operation_semantics#reducewindow

    >>> from .expression import Known
    >>> reduce_window(Known((1, 9)), (1, 3), strides=(1, 2)).shape
    (1, 4)
    """
    shape = shape_of(x)
    rank = len(shape)
    kernel, steps = per_axis("size", size, rank), per_axis("strides", strides, rank)
    holes = per_axis("base_dilation", base_dilation, rank)
    wide = per_axis("window_dilation", window_dilation, rank)
    grid = [max(0, (n - 1) * hole + 1) for n, hole in zip(shape, holes, strict=True)]
    pads = resolve_padding(padding, grid, kernel, steps, wide, negative=True)
    relations: dict[int, tuple[Relation, int]] = {}
    for j in range(rank):
        sparse = Sliding(holes[j], 1, (ZERO, *[EMPTY] * (holes[j] - 1)))
        slide = window(kernel[j], steps[j], pads[j][0], wide[j])
        count = arithmetic.window_count(grid[j], kernel[j], steps[j], *pads[j], wide[j], ceil=False)
        relations[j] = (compose(slide, sparse) if holes[j] > 1 else slide, count)
    algebra = None if "mul" in kind or "prod" in kind else "keep"
    return read(ops.along(shape, relations, kind=kind, algebra=algebra), x)


def adaptive_pool(x: Operand, sizes: dict[int, int], *, kind: str = "adaptive_pool") -> Reading:
    """Windows that divide each axis into the wanted number: ``floor(i*n/m) .. ceil((i+1)*n/m)-1``.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html

    >>> from .expression import Known
    >>> adaptive_pool(Known((1, 7)), {1: 3}).shape
    (1, 3)
    """
    shape = shape_of(x)
    relations: dict[int, tuple[Relation, int]] = {}
    for axis, size in sizes.items():
        before = shape[normalize_axis(axis, len(shape))]
        whole = size == 1 and before > 1  # global pooling by another name
        relations[axis] = (WHOLE if whole else arithmetic.adaptive(before, size), size)
    return read(ops.along(shape, relations, kind=kind, depends_on_size=True, algebra="keep"), x)


def places(found: Reading, x: Operand, axes: Sequence[int]) -> Reading:
    """Where what was ``found`` lies in ``x``, counted row by row along ``axes``.

    Reads the same; but in an ``x`` of another size the same element has another number.

    >>> from .expression import Known
    >>> x = Known((1, 8, 6))
    >>> places(pool(x, 2, axes=(1, 2)), x, (1, 2)).steps[-1].tables
    ('places in 8 x 6',)
    """
    sizes = " x ".join(str(shape_of(x)[axis]) for axis in axes)
    last = replace(found.steps[-1], tables=(f"places in {sizes}",))
    return Reading([*found.steps[:-1], last], found.operands)


def random_pool(x: Operand, size: PerAxis, sizes: dict[int, int]) -> Reading:
    """Fractional max pooling: windows at random places, each wherever it can start (a bound).

    Windows start at ``floor((i+u)*a) - floor(u*a)`` with ``a = (n - k) / (m - 1)``.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool2d.html

    >>> from .expression import Known
    >>> random_pool(Known((1, 9)), 2, {1: 4}).shape
    (1, 4)
    """
    shape = shape_of(x)
    kernel = per_axis("size", size, len(sizes))
    relations: dict[int, tuple[Relation, int]] = {}
    for k, (axis, outputs) in zip(kernel, sizes.items(), strict=True):
        last, gaps = shape[normalize_axis(axis, len(shape))] - k, outputs - 1
        taps = [
            IndexSet.interval(last * i // gaps, min(last, -(-last * i // gaps)) + k - 1)
            for i in range(gaps)
        ]
        taps.append(IndexSet.interval(last, last + k - 1))
        relations[axis] = (Table(tuple(taps)), outputs)
    kind = "fractional_max_pool"
    return read(ops.along(shape, relations, kind=kind, exact=False, algebra="keep"), x)
