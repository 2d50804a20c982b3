"""Primitives that only move elements."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from ...core import layout
from ...core.arrays import getitem, pad_inside, read
from ...core.arrays.expression import Operand, Reading
from ..machine.values import Outputs
from .rulebook import Call, rule


@rule("broadcast_in_dim")
def broadcast_in_dim(call: Call) -> Any:
    """Operand axis ``k`` becomes axis ``broadcast_dimensions[k]``; the others repeat it.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.broadcast_in_dim.html
    """
    places = call.numbers("broadcast_dimensions")
    result = call.shapes_out[0]
    wide = [1] * len(result)
    for place, size in zip(places, call.shape(), strict=True):
        wide[place] = size
    return [layout.reshape(call.shape(), wide), layout.expand(wide, result)]


@rule("reshape", "squeeze")
def reshape(call: Call) -> Any:
    """The same elements in row-major order under another shape.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.reshape.html
    """
    return layout.reshape(call.shape(), call.shapes_out[0], kind=call.kind)


@rule("transpose")
def transpose(call: Call) -> Any:
    """Axes in another order.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.transpose.html
    """
    return layout.permute(call.shape(), call.numbers("permutation"))


@rule("rev")
def reverse(call: Call) -> Any:
    """Backwards along axes.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.rev.html
    """
    return layout.flip(call.shape(), call.numbers("dimensions"))


@rule("concatenate")
def concatenate(call: Call) -> Any:
    """End to end along an axis.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.concatenate.html
    """
    return layout.concat(*call.shapes, axis=call.attribute("dimension"))


@rule("stack")
def stack(call: Call) -> Any:
    """Along a new axis.

    https://docs.jax.dev/en/latest/_autosummary/jax.numpy.stack.html
    """
    axis, shape = call.attribute("axis"), call.shape()
    wide = layout.reshape(shape, (*shape[:axis], 1, *shape[axis:]))
    op = layout.concat(*[wide.shape] * len(call), axis=axis)
    return read(op, *[read(wide, value) for value in call.operands])


@rule("pad")
def padded(call: Call) -> Any:
    """Elements before, behind and between; negative numbers crop.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.pad.html
    """
    config = call.attribute("padding_config")
    ends = {axis: (int(before), int(after)) for axis, (before, after, _) in enumerate(config)}
    number = call.known(1)
    return pad_inside(
        call[0], ends, {axis: int(inside) for axis, (*_, inside) in enumerate(config)},
        fill=None if number is None or number.dtype.kind not in "fiub" else float(number),
    )  # fmt: skip


@rule("slice")
def slice_(call: Call) -> Any:
    """Every ``strides``-th element from ``start_indices`` to ``limit_indices``.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.slice.html
    """
    starts, limits = call.numbers("start_indices"), call.numbers("limit_indices")
    strides = call.attribute("strides") or (1,) * len(starts)
    parts = zip(starts, limits, strides, strict=True)
    return getitem(call[0], tuple(slice(*part) for part in parts))


@rule("split")
def split(call: Call) -> Any:
    """Parts of these ``sizes`` along an axis.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.split.html
    """
    ends = list(accumulate(call.numbers("sizes")))
    axis = call.attribute("axis")
    return Outputs(part(call[0], axis, a, b) for a, b in zip([0, *ends], ends, strict=False))


@rule("tile")
def tile(call: Call) -> Any:
    """The whole axis repeated.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.tile.html
    """
    return layout.tile(call.shape(), dict(enumerate(call.numbers("reps"))))


def part(x: Operand, axis: int, start: int, stop: int) -> Reading:
    """The elements ``start .. stop - 1`` of an axis."""
    shape = tuple(x.shape)
    if (start, stop) == (0, shape[axis]):
        return read([], x)
    return read(layout.slice_(shape, axis, start, stop), x)
