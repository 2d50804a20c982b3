"""A program as rfield is told about it: one ``GraphBuilder`` call per layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import rfield
from rfield.core import layout
from tests.oracle import program as p

Call = Callable[[Any, str, list[Any], Any], Any]


def build(program: p.Program) -> Any:
    """The graph of a program."""
    return lay(program, program.inputs)


def lay(program: p.Program, inputs: Sequence[tuple[str, tuple[int | None, ...]]]) -> Any:
    """The same layers on inputs of other shapes; None stands for a free size."""
    b = rfield.GraphBuilder()
    values = {name: b.input(name, shape) for name, shape in inputs}
    for layer in program.layers:
        operands = [values[name] for name in layer.operands]
        value = CALLS[type(layer.op)](b, layer.name, operands, layer.op)
        rank = len(value.shape)  # programs are (batch, channel, space…) after every layer
        values[layer.name] = replace(value, axes=tuple(range(2, rank)), channel_axis=1)
    return b.build(outputs=[values[name] for name in program.outputs])


def _padding(pads: p.Pairs | str) -> Any:
    return pads if isinstance(pads, str) else list(pads)


def _window(b: Any, name: str, xs: list[Any], op: p.Window) -> Any:
    common = {
        "kernel": op.kernel, "stride": op.stride, "padding": _padding(op.pads),
        "dilation": op.dilation,
    }  # fmt: skip
    if op.kind == "conv":
        return b.conv(name, xs[0], channels=op.channels, groups=op.groups, **common)
    return getattr(b, op.kind)(name, xs[0], ceil_mode=op.ceil, **common)


def _transposed(b: Any, name: str, xs: list[Any], op: p.Transposed) -> Any:
    return b.conv_transpose(
        name, xs[0], kernel=op.kernel, stride=op.stride, padding=_padding(op.pads),
        output_padding=op.extra, dilation=op.dilation, channels=op.channels,
    )  # fmt: skip


def _resize(b: Any, name: str, xs: list[Any], op: p.Resize) -> Any:
    size = {"size": op.size} if op.size is not None else {"scale": op.scale}
    return b.resize(
        name, xs[0], mode=op.mode, coordinates=op.coordinates, rounding=op.rounding, **size
    )


def _core(make: Callable[[Any, list[Any]], Any]) -> Call:
    """An op that ``GraphBuilder`` has no method for, by its constructor in ``core``."""
    return lambda b, name, xs, op: b._layer(name, xs, lambda shapes: make(op, shapes))


CALLS: dict[type, Call] = {
    p.Tile: _core(lambda op, shapes: layout.tile(shapes[0], {op.axis: op.times})),
    p.Repeat: _core(lambda op, shapes: layout.repeat_each(shapes[0], op.axis, op.times)),
    p.Select: _core(lambda op, shapes: layout.select(shapes[0], op.axis, op.index)),
    p.Overwrite: _core(
        lambda op, shapes: layout.overwrite(
            shapes[0], op.axis, range(op.start, op.start + op.step * shapes[1][op.axis], op.step)
        )
    ),
    p.Frames: _core(
        lambda op, shapes: layout.frames(
            shapes[0],
            op.axis,
            op.size,
            op.step,
            dilation=op.dilation,
            before=op.before,
            after=op.after,
        )
    ),
    p.OverlapAdd: _core(
        lambda op, shapes: layout.overlap_add(
            shapes[0], op.axis, op.step, op.size, dilation=op.dilation, before=op.before
        )
    ),
    p.Window: _window,
    p.Transposed: _transposed,
    p.Resize: _resize,
    p.Adaptive: lambda b, n, xs, op: b.adaptive_pool(n, xs[0], size=op.size),
    p.Pad: lambda b, n, xs, op: b.pad(n, xs[0], padding=list(op.pads), mode=op.mode),
    p.Crop: lambda b, n, xs, op: b.crop(n, xs[0], crop=list(op.cuts)),
    p.Slice: lambda b, n, xs, op: b.slice(
        n, xs[0], axis=op.axis, start=op.start, stop=op.stop, step=op.step
    ),
    p.Flip: lambda b, n, xs, op: b.flip(n, xs[0], axes=op.axes),
    p.Roll: lambda b, n, xs, op: b.roll(n, xs[0], shifts=dict(op.shifts)),
    p.Gather: lambda b, n, xs, op: b.gather(n, xs[0], axis=op.axis, indices=op.indices),
    p.Pointwise: lambda b, n, xs, op: getattr(b, op.kind)(n, *xs),
    p.Concat: lambda b, n, xs, op: b.concat(n, *xs, axis=op.axis),
    p.Reduce: lambda b, n, xs, op: b.reduce(n, xs[0], axes=op.axes, keepdims=op.keepdims),
    p.Dense: lambda b, n, xs, op: b.dense(n, xs[0], op.channels, axis=op.axis),
    p.Softmax: lambda b, n, xs, op: b.softmax(n, xs[0], axis=op.axis),
    p.Cumsum: lambda b, n, xs, op: b.cumsum(n, xs[0], axis=op.axis, backward=op.backward),
    p.Matmul: lambda b, n, xs, op: b.matmul(n, *xs),
    p.Reshape: lambda b, n, xs, op: b.reshape(n, xs[0], op.shape, axes=op.axes),
    p.Permute: lambda b, n, xs, op: b.permute(n, xs[0], op.order),
    p.DepthToSpace: lambda b, n, xs, op: b.depth_to_space(
        n, xs[0], block=op.block, channels_first=op.channels_first
    ),
    p.SpaceToDepth: lambda b, n, xs, op: b.space_to_depth(
        n, xs[0], block=op.block, channels_first=op.channels_first
    ),
}
