"""Convolutions and transposed convolutions of any number of dimensions, quantised ones included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core import arrays
from ...core.arguments import Shape
from ...core.link import Link, Read, everything
from ...core.ops import Op
from ...core.relation import IDENTITY, WHOLE
from ...errors import InvalidModelError, bad_shapes, unfit_shapes
from ..machine.values import Constant, Outputs
from .rulebook import Call, rule

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


def channels_last(call: Call) -> bool:
    """Whether the channels are the last axis: in ops for processors, and in mobile kernels."""
    return "Nhwc" in call.op or call.flag("channels_last")


def places(rank: int, last: bool) -> tuple[int, ...]:
    """Where batch, channels and space are."""
    return (0, rank - 1, *range(1, rank - 1)) if last else tuple(range(rank))


def _kernel(call: Call, weight: Shape) -> list[int]:
    """The sizes of the kernel, which an attribute may repeat."""
    kernel = list(weight)
    stated = call.ints("kernel_shape")
    if stated is not None and stated != kernel:
        raise InvalidModelError(f"kernel_shape = {stated}, but the weight has {tuple(kernel)}")
    return kernel


def convolved(call: Call, x: Any, weight: Any, *, bias: bool) -> Any:
    """The convolution that a node's attributes tell."""
    rank = len(x.shape)
    if rank < 3 or len(weight.shape) != rank:
        raise bad_shapes(call.kind, [x.shape, weight.shape], "the ranks do not fit")
    last = channels_last(call)
    order = places(rank, last)
    # Kernels of ops with the channels last are laid out so too, but not those of quantised ones.
    packed = last and "Nhwc" in call.op
    own = places(rank, packed)
    count = len(_kernel(call, tuple(weight.shape[axis] for axis in own[2:])))
    own_weight = weight is call.optional(1)
    zeros = call.zeros(1) if own_weight and not packed else None
    made = arrays.conv(
        x, weight, strides=each(call, "strides", count), padding=padding_of(call, count),
        dilation=each(call, "dilations", count), groups=call.int("group", 1),
        axes=order, weight_axes=own, result_axes=order, bias=bias, zeros=zeros,
    )  # fmt: skip
    return _bounded(made) if _is_untold(weight, zeros) else made


def _is_untold(weight: Any, zeros: Any) -> bool:
    """Whether zeros are asked for that nobody looked at, or a mask that nobody knows is on it."""
    return isinstance(weight, Constant) and (
        weight.may_be_cut or (zeros is None and weight.may_be_pruned)
    )


def _bounded(made: Any) -> Any:
    """The same reading as an upper bound."""
    return arrays.read([op.thinned for op in made.steps], *made.operands)


@rule("Conv", "ConvInteger")
def conv(call: Call) -> Any:
    """Cross-correlation with the kernel of the weight's shape.

    https://onnx.ai/onnx/operators/onnx__Conv.html
    """
    return convolved(call, call[0], call[1], bias=call.op == "Conv" and call.has(2))


@rule("QLinearConv", "com.microsoft::QLinearConv")
def qlinear_conv(call: Call) -> Any:
    """The same on quantised numbers; scales and zero points stand between.

    https://onnx.ai/onnx/operators/onnx__QLinearConv.html
    """
    return convolved(call, call[0], call[3], bias=call.has(8))


@rule("com.microsoft::FusedConv", "com.microsoft::NhwcConv", "com.microsoft::NhwcFusedConv")
def fused_conv(call: Call) -> Any:
    """Convolution, a sum with ``Z`` and an activation in one node; the channels may be last.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftfusedconv
    """
    made = convolved(call, call[0], call[1], bias=call.has(2))
    return arrays.add(made, call[3]) if call.has(3) else made


@rule("ConvTranspose", "com.microsoft::ConvTransposeWithDynamicPads")
def conv_transpose(call: Call) -> Any:
    """``output_shape`` decides the padding where it is given.

    https://onnx.ai/onnx/operators/onnx__ConvTranspose.html
    """
    x, weight = call[0], call[1]
    if len(weight.shape) != len(x.shape) or len(x.shape) < 3:
        raise bad_shapes(call.kind, [x.shape, weight.shape], "the ranks do not fit")
    kernel = _kernel(call, weight.shape[2:])
    count = len(kernel)
    stride, dilation = each(call, "strides", count), each(call, "dilations", count)
    extra = each(call, "output_padding", count, 0)
    made = arrays.conv_transpose(
        x, weight, strides=stride, output_padding=extra, dilation=dilation,
        padding=_transposed_pads(call, x.shape[2:], kernel, stride, dilation, extra),
        groups=call.int("group", 1), bias=call.has(2), zeros=(zeros := call.zeros(1)),
    )  # fmt: skip
    return _bounded(made) if _is_untold(weight, zeros) else made


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
def causal_conv(call: Call) -> Outputs:
    """Depthwise, looking back only; what came before is the state, else zeros.

    https://onnx.ai/onnx/operators/
    """
    x, weight = call[0], call.shape(1)
    if len(x.shape) != 3 or len(weight) != 3 or weight[-1] < 1:
        raise unfit_shapes("three axes are expected", [x.shape, weight])
    before = weight[-1] - 1
    longer = (
        arrays.concat([call[3], x], 2) if call.has(3) else arrays.pad(x, {2: (before, 0)})
    )  # fmt: skip
    longer = call.step(longer)
    total = longer.shape[2]
    made = arrays.conv(longer, call[1], groups=x.shape[1], bias=call.has(2))
    kept = arrays.getitem(longer, (..., slice(total - before, total)))
    return Outputs([made, kept])


@rule("DeformConv")
def deform_conv(call: Call) -> Op:
    """The taps lie where the offsets say: any place may be read.

    https://onnx.ai/onnx/operators/onnx__DeformConv.html
    """
    x, weight, offset = call.shape(0), call.shape(1), call.shape(2)
    space = len(x) - 2
    image = Link([Read(0, IDENTITY), *[Read(None, WHOLE)] * (space + 1)])
    own = [Read(k + 2, IDENTITY) for k in range(space)]
    here = Link([Read(0, IDENTITY), Read(None, WHOLE), *own])
    result = (x[0], weight[0], *offset[2:])
    links = [image, everything(len(weight)), here, Link([Read(1, IDENTITY)]), here][: len(call)]
    return Op("deform_conv", result, tuple(links), exact=False)
