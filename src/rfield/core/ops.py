"""The vocabulary: what an op reads, as constructors over relations.

Each constructor takes the operand shapes and the op's attributes and returns an ``Op``: the output
shape, one link per operand (None where only the shape is read), and what the op costs. Front ends
translate into this vocabulary; nothing else in rfield knows what a convolution is. ``layout`` has
the ops that only move or gather elements.

Axes are tensor axes (0 = batch in most layouts) and may be negative. Errors are
``InvalidModelError`` without the layer's name; whoever adds the op to a graph adds the name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from ..errors import InvalidModelError, too_large
from . import padding as arithmetic
from .arguments import (
    Padding,
    Shape,
    broadcast_shape,
    normalize_axis,
    per_axis,
    resolve_padding,
)
from .indices import IndexSet
from .link import AnyLink, Link, Read, broadcast, everything, passed
from .relation import IDENTITY, PERIOD_LIMIT, WHOLE, At, Prefix, Relation, Sliding, shift, window


@dataclass(frozen=True, slots=True)
class Work:
    """What one op costs: multiply-adds, other additions (bias, pooling), and its parameters."""

    macs: int = 0
    adds: int = 0
    parameters: int = 0


FREE_OF_CHARGE = Work()
UNMOVED = shift(0)


@dataclass(frozen=True, slots=True)
class Op:
    """One op on tensors of known shapes.

    ``join``: the operands are combined position by position, so they should be aligned.
    ``exact``: False where the links are only an upper bound (data-dependent or unknown ops).
    ``depends_on_size``: the padding changes with the size of the input.
    """

    kind: str
    shape: Shape
    links: tuple[AnyLink | None, ...]
    join: bool = False
    exact: bool = True
    work: Work = FREE_OF_CHARGE
    depends_on_size: bool = False


def conv(
    shape: Sequence[int],
    *,
    kernel: Sequence[int],
    stride: int | Sequence[int] = 1,
    padding: Padding = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    channels: int | None = None,
    axes: Sequence[int] | None = None,
    channel_axis: int = 1,
    bias: bool = False,
) -> Op:
    """Convolution (cross-correlation) over ``axes`` (default: all after batch and channel)."""
    axes, channel_axis = _axes(shape, axes, channel_axis)
    count = len(axes)
    kernel = per_axis("kernel", kernel, count)
    stride = per_axis("stride", stride, count)
    dilation = per_axis("dilation", dilation, count)
    inputs = shape[channel_axis]
    channels = inputs if channels is None else channels
    if groups < 1 or inputs % groups or channels % groups:
        raise InvalidModelError(
            f"groups = {groups!r}; expected a divisor of {inputs} input and {channels} output channels"
        )
    sizes = [shape[axis] for axis in axes]
    pads = resolve_padding(padding, sizes, kernel, stride, dilation)
    result = list(shape)
    result[channel_axis] = channels
    for j, axis in enumerate(axes):
        result[axis] = _windows(sizes[j], kernel[j], stride[j], pads[j], dilation[j], ceil=False)
    link = _window_link(
        len(shape), axes, kernel, stride, tuple(pads), dilation,
        channel_axis, _grouped(groups, inputs, channels),
    )  # fmt: skip
    outputs = prod(result)
    weights = prod(kernel) * (inputs // groups)
    work = Work(
        outputs * weights, outputs if bias else 0, channels * weights + (channels if bias else 0)
    )
    moving = _moves_with_size(padding, kernel, stride)
    return Op("conv", tuple(result), (link,), work=work, depends_on_size=moving)


def conv_transpose(
    shape: Sequence[int],
    *,
    kernel: Sequence[int],
    stride: int | Sequence[int] = 1,
    padding: Padding = 0,
    output_padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    channels: int | None = None,
    axes: Sequence[int] | None = None,
    channel_axis: int = 1,
    bias: bool = False,
) -> Op:
    """Transposed convolution; ``"same"`` gives ``size*stride`` outputs, ``"valid"`` no cropping."""
    axes, channel_axis = _axes(shape, axes, channel_axis)
    count = len(axes)
    kernel = per_axis("kernel", kernel, count)
    stride = per_axis("stride", stride, count)
    dilation = per_axis("dilation", dilation, count)
    extra = per_axis("output_padding", output_padding, count, least=0)
    inputs = shape[channel_axis]
    channels = inputs if channels is None else channels
    if groups < 1 or inputs % groups or channels % groups:
        raise InvalidModelError(
            f"groups = {groups!r}; expected a divisor of {inputs} input and {channels} output channels"
        )
    sizes = [shape[axis] for axis in axes]
    if padding in ("same", "same_upper", "same_lower"):
        wide = [size * step for size, step in zip(sizes, stride, strict=True)]
        pads = resolve_padding(padding, wide, kernel, stride, dilation)
        extra = tuple(
            max(0, s - d * (k - 1) - 1) for k, s, d in zip(kernel, stride, dilation, strict=True)
        )
    else:
        pads = resolve_padding(padding, sizes, kernel, stride, dilation, negative=True)
    result = list(shape)
    result[channel_axis] = channels
    reads = _kept(len(shape))
    reads[channel_axis] = _grouped(groups, inputs, channels, channel_axis)
    for j, axis in enumerate(axes):
        relation = arithmetic.transposed(kernel[j], stride[j], pads[j][0], dilation[j])
        reads[axis] = Read(axis, relation)
        result[axis] = arithmetic.transposed_size(
            sizes[j], kernel[j], stride[j], *pads[j], dilation[j], extra[j]
        )
        if result[axis] < 1:
            raise InvalidModelError(f"output of {result[axis]} positions from {sizes[j]}")
    weights = prod(kernel) * (channels // groups)
    outputs = prod(result)
    work = Work(
        prod(shape) * weights, outputs if bias else 0, inputs * weights + (channels if bias else 0)
    )
    return Op("conv_transpose", tuple(result), (Link(reads),), work=work)


def pool(
    shape: Sequence[int],
    *,
    kernel: Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: Padding = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    axes: Sequence[int] | None = None,
    kind: str = "max_pool",
) -> Op:
    """Pooling over ``axes``, channel by channel; ``stride`` defaults to the kernel."""
    axes, _ = _axes(shape, axes, 0)
    count = len(axes)
    kernel = per_axis("kernel", kernel, count)
    stride = kernel if stride is None else per_axis("stride", stride, count)
    dilation = per_axis("dilation", dilation, count)
    sizes = [shape[axis] for axis in axes]
    pads = resolve_padding(padding, sizes, kernel, stride, dilation)
    result = list(shape)
    for j, axis in enumerate(axes):
        result[axis] = _windows(
            sizes[j], kernel[j], stride[j], pads[j], dilation[j], ceil=ceil_mode
        )
    link = _window_link(len(shape), axes, kernel, stride, tuple(pads), dilation, None, None)
    work = Work(adds=prod(result) * prod(kernel))
    moving = _moves_with_size(padding, kernel, stride)
    return Op(kind, tuple(result), (link,), work=work, depends_on_size=moving)


def along(
    shape: Sequence[int],
    relations: Mapping[int, tuple[Relation, int]],
    *,
    kind: str,
    exact: bool = True,
    depends_on_size: bool = False,
    work: Work = FREE_OF_CHARGE,
) -> Op:
    """Any op that acts axis by axis: ``{axis: (relation, output size)}``; other axes pass."""
    reads, result = _kept(len(shape)), list(shape)
    for axis, (relation, outputs) in relations.items():
        axis = normalize_axis(axis, len(shape))
        unmoved = outputs == shape[axis] and relation == UNMOVED
        reads[axis] = Read(axis, IDENTITY if unmoved else relation)
        result[axis] = outputs
    return Op(
        kind, tuple(result), (Link(reads),),
        exact=exact, depends_on_size=depends_on_size, work=work,
    )  # fmt: skip


def pointwise(*shapes: Sequence[int], kind: str = "pointwise", join: bool = False) -> Op:
    """Element by element with NumPy broadcasting, any number of operands."""
    result = broadcast_shape(shapes)
    links = tuple(broadcast(shape, result) for shape in shapes)
    return Op(kind, result, links, join=join)


def mix(shape: Sequence[int], axes: Sequence[int], *, kind: str) -> Op:
    """Every output reads all of ``axes`` and keeps its place on the others (softmax, norms, FFT)."""
    reads = _kept(len(shape))
    for axis in axes:
        axis = normalize_axis(axis, len(shape))
        reads[axis] = Read(axis, WHOLE)
    return Op(kind, tuple(shape), (Link(reads),))


def reduce(
    shape: Sequence[int], axes: Sequence[int], *, keepdims: bool = False, kind: str = "reduce"
) -> Op:
    """Sum, mean, max … over ``axes``."""
    gone = {normalize_axis(axis, len(shape)) for axis in axes}
    reads: list[Read] = []
    result: list[int] = []
    for axis, size in enumerate(shape):
        kept = axis not in gone or keepdims
        place = len(result) if kept else None
        reads.append(Read(place, WHOLE if axis in gone else IDENTITY))
        if kept:
            result.append(1 if axis in gone else size)
    return Op(kind, tuple(result), (Link(reads),), work=Work(adds=prod(shape)))


def contract(
    shapes: Sequence[Sequence[int]],
    labels: Sequence[Sequence[object]],
    output: Sequence[object],
    *,
    kind: str = "contract",
    parameters: int = 0,
) -> Op:
    """Einstein summation: axes with equal labels run together, labels not in ``output`` are summed.

    A size-1 axis broadcasts. ``contract([(5, 7), (7, 9)], ["ik", "kj"], "ij")`` is a matrix product.
    """
    sizes: dict[object, int] = {}
    for shape, names in zip(shapes, labels, strict=True):
        if len(shape) != len(names):
            raise InvalidModelError(f"{len(names)} axis labels for a shape of rank {len(shape)}")
        for size, label in zip(shape, names, strict=True):
            known = sizes.setdefault(label, size)
            if size not in (known, 1) and known != 1:
                raise InvalidModelError(f"axes of {known} and {size} cannot be contracted")
            sizes[label] = max(known, size) if 0 not in (known, size) else 0
    places = {label: axis for axis, label in enumerate(output)}
    links: list[AnyLink] = []
    for shape, names in zip(shapes, labels, strict=True):
        if len(set(names)) < len(names):
            links.append(everything(len(shape)))  # a diagonal couples its axes: a bound
            continue
        reads: list[Read] = []
        for size, label in zip(shape, names, strict=True):
            if label not in places:
                reads.append(Read(None, WHOLE))
            elif size == 1 and sizes[label] != 1:
                reads.append(Read(None, At(0)))
            else:
                reads.append(Read(places[label], IDENTITY))
        links.append(Link(reads))
    exact = all(len(set(names)) == len(names) for names in labels)
    work = Work(macs=prod(sizes.values()), parameters=parameters)
    result = tuple(sizes[label] for label in output)
    return Op(kind, result, tuple(links), exact=exact, work=work)


def dense(
    shape: Sequence[int], channels: int, *, axis: int = -1, bias: bool = False, kind: str = "dense"
) -> Op:
    """A matrix applied along one axis: every output channel reads the whole axis."""
    axis = normalize_axis(axis, len(shape))
    reads, result = _kept(len(shape)), list(shape)
    reads[axis] = Read(None, WHOLE)
    result[axis] = channels
    macs = prod(result) * shape[axis]
    weights = channels * shape[axis] + (channels if bias else 0)
    work = Work(macs, prod(result) if bias else 0, weights)
    return Op(kind, tuple(result), (Link(reads),), work=work)


def cumulate(
    shape: Sequence[int], axis: int, *, backward: bool = False, kind: str = "cumsum"
) -> Op:
    """Running ops and recurrent layers: output ``i`` reads everything up to ``i`` along ``axis``."""
    axis = normalize_axis(axis, len(shape))
    return along(shape, {axis: (Prefix(backward), shape[axis])}, kind=kind)


def opaque(shapes: Sequence[Sequence[int]], result: Sequence[int], *, kind: str) -> Op:
    """An op of which nothing is known: every output may read everything. An upper bound."""
    links = tuple(everything(len(shape)) for shape in shapes)
    return Op(kind, tuple(result), links, exact=False)


def constant(shape: Sequence[int], *, kind: str = "constant") -> Op:
    """A value that depends on no input: weights, tables, anything made from shapes alone."""
    return Op(kind, tuple(shape), ())


def _axes(
    shape: Sequence[int], axes: Sequence[int] | None, channel_axis: int
) -> tuple[tuple[int, ...], int]:
    rank = len(shape)
    spatial = range(2, rank) if axes is None else axes
    chosen = tuple(normalize_axis(axis, rank) for axis in spatial)
    if not chosen:
        raise InvalidModelError(f"an operand of rank {rank} has no axes to slide over")
    if len(set(chosen)) < len(chosen):
        raise InvalidModelError(f"axes = {tuple(spatial)!r}; expected distinct axes")
    return chosen, normalize_axis(channel_axis, rank)


def _windows(
    size: int, kernel: int, stride: int, pads: tuple[int, int], dilation: int, *, ceil: bool
) -> int:
    count = arithmetic.window_count(size, kernel, stride, *pads, dilation, ceil=ceil)
    if count < 1:
        extent = dilation * (kernel - 1) + 1
        raise InvalidModelError(
            f"a window of {extent} does not fit into {size} with padding {pads[0]} and {pads[1]}"
        )
    return count


@lru_cache(maxsize=4096)
def _window_link(
    rank: int,
    axes: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pads: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    channel_axis: int | None,
    channel: Read | None,
) -> Link:
    reads = _kept(rank)
    for j, axis in enumerate(axes):
        if (kernel[j], stride[j], pads[j]) != (1, 1, (0, 0)):
            reads[axis] = Read(axis, window(kernel[j], stride[j], pads[j][0], dilation[j]))
    if channel_axis is not None and channel is not None:
        reads[channel_axis] = (
            channel if channel.axis is None else Read(channel_axis, channel.relation)
        )
    return Link(reads)


@lru_cache(maxsize=4096)
def _grouped(groups: int, inputs: int, outputs: int, axis: int = 0) -> Read:
    """How output channels read input channels: all of them, or those of their group."""
    if groups == 1:
        return Read(None, WHOLE)
    size = inputs // groups
    return Read(axis, group_relation(outputs // groups, size))


@lru_cache(maxsize=4096)
def group_relation(outputs: int, inputs: int) -> Sliding:
    """Block-diagonal mixing: ``outputs`` channels of a group read its ``inputs`` channels."""
    if outputs == inputs == 1:
        return IDENTITY
    if outputs > PERIOD_LIMIT:
        raise too_large("the pattern of a group", outputs, "Its channels are too many.")
    return Sliding(outputs, inputs, (IndexSet.interval(0, inputs - 1),) * outputs)


def _kept(rank: int) -> list[Read]:
    return list(passed(rank).reads)


def _moves_with_size(padding: Padding, kernel: Sequence[int], stride: Sequence[int]) -> bool:
    return (
        isinstance(padding, str)
        and padding != "valid"
        and any(k > 1 and s > 1 for k, s in zip(kernel, stride, strict=True))
    )
