"""Convolutions and transposed convolutions of any number of dimensions, quantised ones included."""

from __future__ import annotations

from collections.abc import Sequence

from ...core import layout, ops
from ...core.ops import Op
from ...errors import InvalidModelError, bad_shapes
from .rulebook import Call, Reading, rule
from .tensors import Shape, Value

Pads = str | list[tuple[int, int]]


def padding_of(call: Call, count: int) -> Pads:
    """``auto_pad`` and ``pads`` in the form that the core takes."""
    word = call.text("auto_pad", "NOTSET") or "NOTSET"
    if word != "NOTSET":
        words = {"VALID": "valid", "SAME_UPPER": "same", "SAME_LOWER": "same_lower"}
        if word not in words:
            raise InvalidModelError(f"auto_pad = {word!r}; expected {', '.join(words)} or NOTSET")
        return words[word]
    pads = call.ints("pads")
    if pads is None:
        return [(0, 0)] * count
    if len(pads) != 2 * count:
        raise InvalidModelError(f"{len(pads)} pads for {count} axes")
    return [(pads[k], pads[k + count]) for k in range(count)]


def each(call: Call, name: str, count: int, default: int = 1) -> list[int]:
    """One integer per spatial axis."""
    found = call.ints(name)
    if found is None:
        return [default] * count
    if len(found) != count:
        raise InvalidModelError(f"{name} = {found}; expected {count} values")
    return found


def _kernel(call: Call, x: Shape, weight: Shape) -> list[int]:
    if len(x) < 3 or len(weight) != len(x):
        raise bad_shapes(call.op, [x, weight], "the ranks do not fit")
    kernel = call.ints("kernel_shape")
    if kernel is not None and list(kernel) != list(weight[2:]):
        raise InvalidModelError(f"kernel_shape = {kernel}, but the weight has {weight[2:]}")
    return list(weight[2:])


def convolve(call: Call, x: Shape, weight: Shape, *, bias: bool) -> Op:
    """The core's convolution from a node's attributes."""
    kernel = _kernel(call, x, weight)
    count = len(kernel)
    groups = call.int("group", 1)
    if groups < 1 or weight[1] * groups != x[1]:
        raise bad_shapes(call.op, [x, weight], f"the channels do not fit with group = {groups}")
    return ops.conv(
        x, kernel=kernel, stride=each(call, "strides", count), padding=padding_of(call, count),
        dilation=each(call, "dilations", count), groups=groups, channels=weight[0], bias=bias,
    )  # fmt: skip


@rule("Conv", "ConvInteger")
def conv(call: Call) -> Op:
    """Cross-correlation with the kernel of the weight's shape."""
    bias = call.op == "Conv" and call.has(2)
    return convolve(call, call.shape(0), call.shape(1), bias=bias)


@rule("QLinearConv", "com.microsoft::QLinearConv")
def qlinear_conv(call: Call) -> Reading:
    """The same on quantised numbers; scales and zero points stand between."""
    x, weight = call.value(0), call.value(3)
    if call.int("channels_last", 0):
        rank = len(x.shape)
        first = layout.permute(x.shape, (0, rank - 1, *range(1, rank - 1)))
        x = call.step(first, [x])
        op = convolve(call, x.shape, weight.shape, bias=call.has(8))
        x = call.step(op, _with_weight(x, weight))
        return Reading(layout.permute(x.shape, (0, *range(2, rank), 1)), [x])
    op = convolve(call, x.shape, weight.shape, bias=call.has(8))
    return Reading(op, _with_weight(x, weight))


def _with_weight(x: Value, weight: Value) -> list[Value]:
    return [x, weight]


@rule("com.microsoft::FusedConv")
def fused_conv(call: Call) -> Op | Reading:
    """Convolution, a sum with ``Z`` and an activation in one node."""
    op = convolve(call, call.shape(0), call.shape(1), bias=call.has(2))
    if not call.has(3):
        return Reading(op, [call.value(0), call.value(1)])
    y = call.step(op, [call.value(0), call.value(1)])
    z = call.value(3)
    return Reading(ops.pointwise(y.shape, z.shape, kind="add", join=True), [y, z])


@rule("com.microsoft::NhwcConv", "com.microsoft::NhwcFusedConv")
def nhwc_conv(call: Call) -> Reading:
    """The channels are the last axis of both."""
    x, weight = call.value(0), call.value(1)
    rank = len(x.shape)
    first = layout.permute(x.shape, (0, rank - 1, *range(1, rank - 1)))
    kernel = (weight.shape[0], weight.shape[-1], *weight.shape[1:-1])
    inner = call.step(first, [x])
    op = convolve(call, inner.shape, kernel, bias=call.has(2))
    out = call.step(op, [inner, weight])
    last = layout.permute(out.shape, (0, *range(2, rank), 1))
    if not call.has(3):
        return Reading(last, [out])
    y, z = call.step(last, [out]), call.value(3)
    return Reading(ops.pointwise(y.shape, z.shape, kind="add", join=True), [y, z])


@rule("ConvTranspose", "com.microsoft::ConvTransposeWithDynamicPads")
def conv_transpose(call: Call) -> Op:
    """``output_shape`` decides the padding where it is given."""
    x, weight = call.shape(0), call.shape(1)
    kernel = _kernel(call, x, weight)
    count = len(kernel)
    groups = call.int("group", 1)
    if groups < 1 or weight[0] != x[1]:
        raise bad_shapes(call.op, [x, weight], f"the channels do not fit with group = {groups}")
    stride, dilation = each(call, "strides", count), each(call, "dilations", count)
    extra = each(call, "output_padding", count, 0)
    pads = _transposed_pads(call, x[2:], kernel, stride, dilation, extra)
    return ops.conv_transpose(
        x, kernel=kernel, stride=stride, padding=pads, output_padding=extra, dilation=dilation,
        groups=groups, channels=weight[1] * groups, bias=call.has(2),
    )  # fmt: skip


def _transposed_pads(
    call: Call, sizes: Shape, kernel: Sequence[int], stride: Sequence[int],
    dilation: Sequence[int], extra: Sequence[int],
) -> list[tuple[int, int]]:  # fmt: skip
    """``(before, after)`` per axis: ``output_shape`` and ``auto_pad`` are settled here."""
    count = len(kernel)
    if call.op.endswith("DynamicPads") and call.has(2):
        pads = call.integers(2, "the padding")
        return [(pads[k], pads[k + count]) for k in range(count)]
    given = padding_of(call, count)
    wanted = call.ints("output_shape")
    if wanted is not None and len(wanted) == count + 2:
        wanted = wanted[2:]
    if wanted is not None and len(wanted) != count:
        raise InvalidModelError(f"output_shape = {wanted}; expected {count} values")
    if wanted is None and not isinstance(given, str):
        return given
    if given == "valid" and wanted is None:
        return [(0, 0)] * count
    pairs: list[tuple[int, int]] = []
    for k, size in enumerate(sizes):
        target = size * stride[k] if wanted is None else wanted[k]
        full = stride[k] * (size - 1) + extra[k] + (kernel[k] - 1) * dilation[k] + 1
        total = full - target
        if total < 0:  # too small to fill the target: padded only where it is given
            pairs.append((0, 0 if wanted is None else total))
        elif given == "same":
            pairs.append((total // 2, total - total // 2))
        else:
            pairs.append((total - total // 2, total // 2))
    return pairs


@rule("CausalConvWithState")
def causal_conv(call: Call) -> tuple[Reading, Reading]:
    """Depthwise, looking back only; what came before is the state, else zeros."""
    x, weight, past = call.value(0), call.shape(1), call.optional(3)
    if len(x.shape) != 3 or len(weight) != 3 or weight[-1] < 1:
        raise bad_shapes(call.op, [x.shape, weight], "three axes are expected")
    before = weight[-1] - 1
    if past is None:
        longer = call.step(layout.pad(x.shape, {2: (before, 0)}), [x])
    else:
        longer = call.step(layout.concat(past.shape, x.shape, axis=2), [past, x])
    op = ops.conv(longer.shape, kernel=[weight[-1]], groups=x.shape[1], bias=call.has(2))
    total = longer.shape[2]
    kept = layout.slice_(longer.shape, 2, total - before, total)
    return Reading(op, [longer]), Reading(kept, [longer])


@rule("DeformConv")
def deform_conv(call: Call) -> Op:
    """The taps lie where the offsets say: any place may be read."""
    from ...core.link import Link, Read
    from ...core.relation import IDENTITY, WHOLE

    x, weight, offset = call.shape(0), call.shape(1), call.shape(2)
    space = len(x) - 2
    image = Link([Read(0, IDENTITY), *[Read(None, WHOLE)] * (space + 1)])
    places = [Read(k + 2, IDENTITY) for k in range(space)]
    here = Link([Read(0, IDENTITY), Read(None, WHOLE), *places])
    everywhere = Link([Read(None, WHOLE)] * len(weight))
    result = (x[0], weight[0], *offset[2:])
    links = [image, everywhere, here, Link([Read(1, IDENTITY)]), here][: len(call.inputs)]
    return Op("deform_conv", result, tuple(links), exact=False)
