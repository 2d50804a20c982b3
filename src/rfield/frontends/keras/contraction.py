"""Attention, matrix products and reductions."""

from __future__ import annotations

from typing import Any

from ...core import ops
from ...core.link import Link, Read
from ...core.ops import Op
from ...core.relation import IDENTITY, WHOLE
from .rulebook import Arguments, Outputs, Reading, rule


@rule("MultiHeadAttention", "GroupQueryAttention", "GroupedQueryAttention")
def multi_head(arg: Arguments) -> Any:
    """Each output reads its own query and every key and value (along ``attention_axes``)."""
    query = arg.get("query", 0)
    value = arg.get("value", 1)
    key = arg.kwargs.get("key") or (arg.args[2] if len(arg.args) > 2 else None) or value
    shape, source = arg.shape_of(query), arg.shape_of(value)
    axes = getattr(arg.layer, "_attention_axes", None) or range(1, len(shape) - 1)
    wanted = getattr(arg.layer, "_output_shape", None)
    last = shape[-1:] if wanted is None else tuple(wanted)
    mixed = {axis % len(shape) for axis in axes}
    own = Link([*(Read(k, IDENTITY) for k in range(len(shape) - 1)), Read(None, WHOLE)])
    whole = [
        Read(None, WHOLE) if axis in mixed or axis == len(source) - 1 else Read(axis, IDENTITY)
        for axis in range(len(source))
    ]
    links = [own, Link(whole)]
    operands = [query, value]
    if key is not value:
        links.append(Link(whole))
        operands.append(key)
    result = (*shape[:-1], *last)
    return Reading(Op("attention", result, tuple(links)), operands)


@rule("Attention", "AdditiveAttention")
def attention(arg: Arguments) -> Any:
    """Called with a list: query, value and perhaps key."""
    query, value = arg.operands[:2]
    shape, source = arg.shape_of(query), arg.shape_of(value)
    own = Link([Read(0, IDENTITY), Read(1, IDENTITY), Read(None, WHOLE)])
    whole = Link([Read(0, IDENTITY), Read(None, WHOLE), Read(2, IDENTITY)])
    links = [own, whole]
    operands = [query, value]
    if len(arg.operands) > 2:
        links.append(Link([Read(0, IDENTITY), Read(None, WHOLE), Read(None, WHOLE)]))
        operands.append(arg.operands[2])
    return Reading(Op("attention", (*shape[:-1], source[-1]), tuple(links)), operands)


@rule("Dot")
def dot(arg: Arguments) -> Op:
    """Contract one axis of each operand."""
    a, b = arg.shape(0), arg.shape(1)
    axes = arg.layer.axes
    left, right = (axes, axes) if isinstance(axes, int) else axes
    first: list[object] = ["n", *(f"a{k}" for k in range(1, len(a)))]
    second: list[object] = ["n", *(f"b{k}" for k in range(1, len(b)))]
    first[left % len(a)] = second[right % len(b)] = "k"
    kept = [label for label in [*first, *second[1:]] if label != "k"]
    return ops.contract([a, b], [first, second], kept, kind="dot")


@rule("ops.Matmul")
def matmul(arg: Arguments) -> Op:
    """A matrix product over leading axes that broadcast."""
    a, b = arg.shape(0), arg.shape(1)
    left = [*range(-len(a), -2), "m", "k"]
    right = [*range(-len(b), -2), "k", "n"]
    batch = range(-max(len(a), len(b)), -2)
    return ops.contract([a, b], [left, right], [*batch, "m", "n"], kind="matmul")


@rule("ops.Einsum")
def einsum(arg: Arguments) -> Op:
    """Labels as in the subscripts."""
    terms, _, result = arg.layer.subscripts.replace(" ", "").partition("->")
    return ops.contract(arg.shapes, terms.split(","), result, kind="einsum")


@rule("ops.Mean", "ops.Sum", "ops.Max", "ops.Min", "ops.Prod", "ops.Any", "ops.All", "ops.Var",
      "ops.Std", "ops.Amax", "ops.Amin", "ops.Argmax", "ops.Argmin", "ops.Logsumexp",
      "ops.Median", "ops.CountNonzero", "ops.Norm")  # fmt: skip
def reduce(arg: Arguments) -> Op:
    """Over the given axes, or all."""
    axis, shape = arg.layer.axis, arg.shape(0)
    axes = range(len(shape)) if axis is None else [axis] if isinstance(axis, int) else axis
    keep = bool(getattr(arg.layer, "keepdims", False))
    return ops.reduce(shape, axes, keepdims=keep, kind=arg.kind)


@rule("ops.Normalize")
def normalize(arg: Arguments) -> Op:
    """Divided by a norm along an axis."""
    axis = arg.layer.axis
    return ops.mix(arg.shape(0), [axis] if isinstance(axis, int) else axis, kind="normalize")


@rule("ops.Cumsum", "ops.Cumprod")
def cumulate(arg: Arguments) -> Op:
    """Running sums."""
    return ops.cumulate(arg.shape(0), arg.layer.axis, kind=arg.kind)


@rule("ops.Moments")
def moments(arg: Arguments) -> Outputs:
    """Mean and variance."""
    axes = arg.layer.axes
    axes = [axes] if isinstance(axes, int) else axes
    op = ops.reduce(arg.shape(0), axes, keepdims=arg.layer.keepdims, kind="moments")
    return Outputs([op, op])
