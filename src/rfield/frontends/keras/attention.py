"""Attention: a place reads its own query, and the keys and values that masks leave it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from ...core import arrays
from ...core.arguments import Shape
from ...core.arrays.expression import Reading
from ...core.ops import Work
from ..machine.values import Constant, Outputs, known
from .rulebook import Call, operand, rule

_MASKS = ("query_mask", "value_mask", "key_mask", "attention_mask")


@rule("MultiHeadAttention", "GroupedQueryAttention")
def multi_head(call: Call) -> Any:
    """One op where every key counts; masks are read as the layer's code applies them.

    https://keras.io/api/layers/attention_layers/multi_head_attention/
    """
    layer = call.layer
    causal = call.get("use_causal_mask", 8, False) or layer_window(layer)
    masks = [call.kwargs.get(name) for name in _MASKS]
    scores = call.kwargs.get("return_attention_scores", False)
    told = scores or any(mask is not None for mask in masks)
    padded = causal and call.machine.pads
    if told or (causal and not padded):
        return call.machine.written_out(call)
    query, value = call.get("query", 0), call.get("value", 1)
    key = call.get("key", 2)
    axes = getattr(layer, "_attention_axes", None) or range(1, len(query.shape) - 1)
    wanted = getattr(layer, "_output_shape", None)
    last = query.shape[-1] if wanted is None else wanted[-1]
    keys = [value] if key is None or key is value else [value, key]
    made = arrays.attend_along(query, keys, tuple(axes), last)
    work = _work(layer, query.shape, keys[-1].shape, value.shape, axes, last)
    # Padding may leave a query nothing but what the causal mask hides, by a number that is finite.
    return Reading(replace(made.steps[0], work=work, exact=not padded), made.operands)


def _work(
    layer: Any, query: Shape, key: Shape, value: Shape, axes: Iterable[int], last: int
) -> Work:
    """The three projections, the scores, what they weigh, and the projection out."""
    if hasattr(layer, "num_query_heads"):
        heads, shared, size = layer.num_query_heads, layer.num_key_value_heads, layer.head_dim
        size_of_value = size
    else:
        heads = shared = layer._num_heads
        size, size_of_value = layer._key_dim, layer._value_dim
    asked, seen = prod(query[:-1]), prod(key[axis] for axis in axes)
    projected = asked * query[-1] * heads * size + prod(key) * shared * size
    projected += prod(value) * shared * size_of_value + asked * heads * size_of_value * last
    return Work(macs=projected + asked * seen * heads * (size + size_of_value))


def layer_window(layer: Any) -> bool:
    """Whether each place sees the keys near it only."""
    return getattr(layer, "_sliding_window", None) is not None


@rule("Attention", "AdditiveAttention")
def attention(call: Call) -> Any:
    """Called with a list: query, value and perhaps key; masks likewise.

    https://keras.io/api/layers/attention_layers/attention/
    """
    query, value, *rest = call.get("inputs", 0)
    key = rest[0] if rest and rest[0] is not None else value
    masks = call.get("mask", 1) or [None, None]
    given = None if masks[1] is None else operand(masks[1])
    mask = None if given is None else _rows(arrays_of(given, 1))
    causal = bool(call.kwargs.get("use_causal_mask", False))
    if causal or mask is not None:
        call.machine.see_to_sizes(call)
    made = arrays.attention(query, key, value, mask=mask, causal=causal)
    if masks[0] is not None:
        made = arrays.multiply(made, arrays.unsqueeze(operand(masks[0]), -1), kind="mask")
    if not call.kwargs.get("return_attention_scores", False):
        return made
    weights = arrays.matmul(query, arrays.matrix_transpose(key), kind="scores")
    return Outputs([made, arrays.softmax(weights)])


def arrays_of(mask: Any, axis: int) -> Any:
    """A mask with one axis more: its contents where they are known."""
    if isinstance(mask, Constant) and mask.array is not None:
        return np.expand_dims(mask.array.astype(bool), axis)
    return arrays.unsqueeze(mask, axis)


def _rows(mask: Any) -> Any:
    """A query that may see nothing sees everything: Keras's minus infinity is a finite number."""
    if isinstance(mask, np.ndarray):
        return known(mask | ~mask.any(axis=-1, keepdims=True)).array
    return mask


@rule("ops.DotProductAttention")
def dot_product_attention(call: Call) -> Any:
    """Heads lie before the features: (batch, positions, heads, features).

    https://keras.io/api/ops/nn/#dot_product_attention-function
    """
    parts = [operand(call.get(name, k)) for k, name in enumerate(("query", "key", "value"))]
    query, key, value = (arrays.swapaxes(part, 1, 2) for part in parts)
    bias, mask = call.get("bias", 3), call.get("mask", 4)
    given = None if mask is None else operand(mask)
    if isinstance(given, Constant) and given.array is not None:
        given = _rows(given.array.astype(bool))
    made = arrays.attention(
        query, key, value, mask=given, bias=None if bias is None else operand(bias),
        causal=bool(call.layer.is_causal),
    )  # fmt: skip
    return arrays.swapaxes(made, 1, 2)
