"""Sums of products: linear layers, matrix products, einsum, attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ...core import arrays, layout, ops
from ...core.link import Link, Read
from ...core.ops import Op
from ...core.relation import IDENTITY, WHOLE
from ..machine.values import Constant
from .rulebook import Arguments, Reading, bad_sizes, rule


@rule("aten::linear", shaped=True)
def linear(arg: Arguments) -> Op | Reading:
    """The last axis is mixed."""
    shape, weight = tuple(arg.input.shape), tuple(arg.weight.shape)
    if not shape or shape[-1] != weight[-1]:
        raise bad_sizes("the last axis", shape, weight)
    if len(weight) == 2 and not arg.depends(arg.weight) and arg.zeros(arg.weight) is None:
        return ops.dense(shape, weight[0], bias=arg.get("bias") is not None)
    rows = [*range(len(shape) - 1)]
    if len(weight) == 1:
        return ops.contract([shape, weight], [[*rows, "in"], ["in"]], rows)
    product = ops.contract([shape, weight], [[*rows, "in"], ["out", "in"]], [*rows, "out"])
    return Reading(product, [arg.input, arg.weight])


@rule("aten::matmul", shaped=True)
def matmul(arg: Arguments) -> Op:
    """``a @ b`` with broadcast batch axes."""
    return _matmul(tuple(arg.self.shape), tuple(arg.other.shape))


@rule("aten::mm", "aten::bmm", "aten::mv", "aten::dot", "aten::vdot", shaped="floats")
def product(arg: Arguments) -> Op:
    """Matrix products without broadcasting."""
    first, second = arg.operands
    return _matmul(tuple(first.shape), tuple(second.shape))


def _matmul(first: tuple[int, ...], second: tuple[int, ...]) -> Op:
    batch = max(len(first), len(second), 2) - 2
    left = [*range(batch - len(first) + 2, batch), "row", "in"] if len(first) > 1 else ["in"]
    right = [*range(batch - len(second) + 2, batch), "in", "col"] if len(second) > 1 else ["in"]
    output = [label for label in [*range(batch), "row", "col"] if label in left or label in right]
    return ops.contract([first, second], [left, right], output, kind="matmul")


@rule("aten::addmm", "aten::baddbmm", "aten::addmv", "aten::_addmm_activation", shaped="floats")
def add_product(arg: Arguments) -> Reading:
    """``bias + a @ b``."""
    _, first, second = arg.operands
    return _added(arg, [_matmul(tuple(first.shape), tuple(second.shape))])


@rule("aten::addbmm", shaped="floats")
def add_summed_product(arg: Arguments) -> Reading:
    """``bias + sum(a @ b)`` over the batch."""
    _, first, second = arg.operands
    op = _matmul(tuple(first.shape), tuple(second.shape))
    return _added(arg, [op, ops.reduce(op.shape, [0])])


def _added(arg: Arguments, steps: list[Op]) -> Reading:
    added, first, second = arg.operands
    product = Reading(steps, [first, second])
    if not arg.depends(added):
        return product
    total = ops.pointwise(tuple(added.shape), steps[-1].shape, kind="add", join=True)
    return Reading(total, [added, product])


@rule("aten::addr")
def add_outer(arg: Arguments) -> Op:
    """``input + outer(a, b)``."""
    n, m = arg.result.shape
    links = [
        ops.pointwise(tuple(arg.self.shape), (n, m)).links[0],
        Link([Read(0, IDENTITY)]),
        Link([Read(1, IDENTITY)]),
    ]
    return Op("addr", (n, m), tuple(links))


@rule("aten::outer", "aten::ger")
def outer(arg: Arguments) -> Op:
    """Every pair."""
    n, m = arg.operands[0].shape[0], arg.operands[1].shape[0]
    return ops.contract([(n,), (m,)], ["i", "j"], "ij", kind="outer")


@rule("aten::einsum", shaped=True)
def einsum(arg: Arguments) -> Reading:
    """Einstein summation, with ``...`` and without an arrow.

    https://docs.pytorch.org/docs/stable/generated/torch.einsum.html
    """
    return arrays.einsum(arg.equation, *arg.tensors)


@rule("aten::bilinear", shaped=True)
def bilinear(arg: Arguments) -> Op:
    """Both last axes are mixed, position by position."""
    first, second = tuple(arg.input1.shape), tuple(arg.input2.shape)
    rows = list(range(len(first) - 1))
    op = ops.contract([first, second], [[*rows, "a"], [*rows, "b"]], rows)
    return Op("bilinear", (*op.shape, arg.weight.shape[0]), op.links)


@rule("aten::scaled_dot_product_attention", "aten::_scaled_dot_product_attention_math",
      shaped=True)  # fmt: skip
def attention(arg: Arguments) -> Op | Reading:
    """Query ``i`` reads query ``i`` and the keys and values that the mask leaves it.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html
    """
    mask = arg.get("attn_mask", arg.get("attn_bias"))
    if mask is None and not arg.get("is_causal"):
        return _attention(arg)
    length, width = arg.query.shape[-2], arg.key.shape[-2]
    if mask is None:
        kept = np.tri(length, width, dtype=bool)
        mask = Constant(kept.shape, kept, made=True)
        boolean = True
    else:
        boolean = mask.dtype is torch.bool
    heads = len(arg.query.shape) - 3
    key, value = (_shared_heads(t, tuple(arg.query.shape), heads) for t in (arg.key, arg.value))
    turned = Reading(layout.permute(key.shape, _last_two(len(key.shape))), [key])
    scores = Reading(_matmul(tuple(arg.query.shape), turned.shape), [arg.query, turned])
    shapes = [tuple(mask.shape), scores.shape]
    if boolean:
        low = Constant((), np.asarray(-np.inf), made=True)
        op = ops.pointwise(*shapes, (), kind="mask", algebra="where")
        masked = Reading(op, [mask, scores, low])
    else:
        masked = Reading(ops.pointwise(*shapes, kind="mask", algebra="add"), [mask, scores])
    shares = Reading(ops.softmax(masked.shape, [-1]), [masked])
    return Reading(_matmul(shares.shape, tuple(value.shape)), [shares, value])


def _last_two(rank: int) -> list[int]:
    return [*range(rank - 2), rank - 1, rank - 2]


def _shared_heads(tensor: Any, query: tuple[int, ...], axis: int) -> Any:
    """Key heads that several query heads share are repeated."""
    shape = tuple(tensor.shape)
    if axis < 0 or shape[axis] in (1, query[axis]):
        return tensor
    return Reading(layout.repeat_each(shape, axis, query[axis] // shape[axis]), [tensor])


def _attention(arg: Arguments) -> Op:
    query, key, value = (tuple(t.shape) for t in (arg.query, arg.key, arg.value))
    batch = list(range(len(query) - 2))
    result = (*_wider(query[:-2], key[:-2], value[:-2]), query[-2], value[-1])
    place = len(result) - 2
    links: list[Link] = []
    for shape, keys in ((query, False), (key, True), (value, True)):
        reads = [Read(axis, IDENTITY) for axis in batch]
        for axis in batch:
            if shape[axis] != result[axis]:
                reads[axis] = _shared(shape[axis], result[axis], axis)
        reads.append(Read(None, WHOLE) if keys else Read(place, IDENTITY))
        reads.append(Read(place + 1, IDENTITY) if shape is value and keys else Read(None, WHOLE))
        links.append(Link(reads))
    links[2] = Link([*links[2].reads[:-1], Read(place + 1, IDENTITY)])
    links[1] = Link([*links[1].reads[:-1], Read(None, WHOLE)])
    return Op("attention", result, tuple(links))


def _wider(*shapes: Sequence[int]) -> tuple[int, ...]:
    return tuple(max(sizes) for sizes in zip(*shapes, strict=True))


def _shared(size: int, outputs: int, axis: int) -> Read:
    """A batch axis of size 1, or key heads that several query heads share."""
    from ...core.relation import At

    if size == 1:
        return Read(None, At(0))
    return Read(axis, ops.group_relation(outputs // size, 1))


@rule("aten::_scaled_dot_product_flash_attention", "aten::_scaled_dot_product_efficient_attention",
      "aten::_scaled_dot_product_flash_attention_for_cpu",
      "aten::_scaled_dot_product_fused_attention_overrideable",
      "aten::_scaled_dot_product_cudnn_attention")  # fmt: skip
def fused_attention(arg: Arguments) -> tuple[Op | Reading, ...]:
    """The same, with the sums beside the result."""
    shape = tuple(arg.query.shape)
    op = attention(arg)
    rest = [ops.reduce(shape, [-1])] if len(arg.result) > 1 else []
    return op, *rest


@rule("aten::cdist", "aten::_cdist_forward", "aten::_euclidean_dist")
def cdist(arg: Arguments) -> Op:
    """Distances of all pairs of rows."""
    first, second = tuple(arg.x1.shape), tuple(arg.x2.shape)
    batches = [[*range(2 - len(shape), 0)] for shape in (first, second)]
    return ops.contract(
        [first, second],
        [[*batches[0], "p", "in"], [*batches[1], "r", "in"]],
        [*max(batches, key=len), "p", "r"],
        kind="cdist",
        products=False,
    )


@rule("aten::cross", "aten::linalg_cross")
def cross(arg: Arguments) -> Reading:
    """Three components are mixed."""
    first, second = arg.operands
    shape = tuple(arg.result.shape)
    sides = [
        Reading(
            [layout.expand(tuple(t.shape), shape), ops.mix(shape, [arg.dim], kind="cross")], [t]
        )
        for t in (first, second)
    ]
    return Reading(ops.pointwise(shape, shape, kind="cross"), sides)


@rule("aten::cosine_similarity", "aten::pairwise_distance")
def similarity(arg: Arguments) -> Reading:
    """Pointwise, then one axis is summed."""
    first, second = arg.operands
    op = ops.pointwise(tuple(first.shape), tuple(second.shape))
    axis = arg.get("dim", -1)
    return Reading([op, ops.reduce(op.shape, [axis], keepdims=bool(arg.get("keepdim")))],
                   [first, second])  # fmt: skip


@rule("aten::linalg_inv_ex", "aten::linalg_inv", "aten::inverse", "aten::linalg_qr",
      "aten::linalg_cholesky_ex", "aten::linalg_svd", "aten::_linalg_svd", "aten::linalg_eigh",
      "aten::_linalg_eigh", "aten::linalg_lu", "aten::linalg_matrix_exp", "aten::matrix_exp",
      "aten::linalg_pinv", "aten::_linalg_det")  # fmt: skip
def matrix_function(arg: Arguments) -> tuple[Op, ...] | Op:
    """Every number of the result reads the whole matrix."""
    shape = tuple(arg.operands[0].shape)
    batch = len(shape) - 2
    reads = Link([*(Read(k, IDENTITY) for k in range(batch)), *(Read(None, WHOLE),) * 2])
    found = arg.result if isinstance(arg.result, (tuple, list)) else [arg.result]
    made = tuple(Op("matrix", tuple(part.shape), (reads,)) for part in found)
    return made if isinstance(arg.result, (tuple, list)) else made[0]


@rule("aten::kron")
def kron(arg: Arguments) -> Op:
    """Every pair of elements."""
    return ops.opaque([tuple(t.shape) for t in arg.operands], tuple(arg.result.shape), kind="kron")


@rule("aten::chain_matmul", "aten::linalg_multi_dot")
def chain_matmul(arg: Arguments) -> Op:
    """The first by its rows, the last by its columns."""
    shapes = [tuple(t.shape) for t in arg.operands]
    names = [[k, k + 1] for k in range(len(shapes))]
    return ops.contract(shapes, names, [0, len(shapes)])
