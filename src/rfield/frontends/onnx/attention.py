"""Attention, in the standard form and in those of the transformer exporters.

Every query position reads all key and value positions that masks leave it, and all features of its
head. Masks, pasts and biases that are data say which; they are read too, as an upper bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ...core import arrays
from ...core.link import Link, Read, everything, passed
from ...core.ops import Op
from ...core.relation import IDENTITY, WHOLE, Prefix
from ...errors import InvalidModelError, unfit_shapes
from ..machine.values import Outputs
from .rulebook import Call, rule


def _beside(call: Call, made: Any, places: Sequence[int]) -> Any:
    """The same, where the operands at ``places`` decide what is read: a bound that reads them."""
    extra = [call[place] for place in places if call.has(place)]
    if not extra:
        return made
    shape = tuple(made.shape)
    links = (passed(len(shape)), *(everything(len(value.shape)) for value in extra))
    return arrays.read(Op("attention", shape, links, exact=False), made, *extra)


def _by_head(call: Call, value: Any, heads: int) -> Any:
    """(batch, positions, heads times features) as (batch, heads, positions, features)."""
    return arrays.split_heads(value, heads) if len(value.shape) == 3 else value


def _joined(made: Any, like: Any) -> Any:
    return arrays.join_heads(made) if len(like.shape) == 3 else made


def _cache(call: Call, values: Sequence[Any], shape: Sequence[int]) -> Any:
    """Keys and values for the next call: any of them may be in it."""
    return call.step(arrays.anywhere(values, shape, kind="present"))


@rule("Attention")
def attention(call: Call) -> Outputs:
    """Query, key and value of three or four axes, mask, past key and value.

    https://onnx.ai/onnx/operators/onnx__Attention.html
    """
    query, key, value = call[0], call[1], call[2]
    if len(query.shape) not in (3, 4) or len(value.shape) != len(query.shape):
        raise unfit_shapes("3 or 4 axes", [query.shape, key.shape, value.shape])
    apart = len(query.shape) == 3
    heads = call.int("q_num_heads", 0) if apart else query.shape[1]
    kv_heads = call.int("kv_num_heads", 0) if apart else key.shape[1]
    if heads < 1 or kv_heads < 1:
        raise InvalidModelError("q_num_heads or kv_num_heads is missing")
    keys = [_by_head(call, each, kv_heads) for each in (key, value)]
    past = call.has(4) and call.has(5)
    if past:
        keys = [arrays.concat([call[4 + k], each], 2) for k, each in enumerate(keys)]
    keys = [call.step(each) for each in keys]
    mask = call.known(3)
    how: dict[str, Any] = {}
    if mask is not None:
        how = {"mask": mask} if mask.dtype == bool else {"bias": call[3]}
    causal = call.flag("is_causal")
    made = arrays.attention(
        _by_head(call, query, heads), *keys, causal=causal and not past, **how
    )  # fmt: skip
    unknown = [place for place in (3, 6) if call.has(place) and (place > 3 or not how)]
    made = _joined(_beside(call, made, unknown), query)
    return Outputs([_bound(made) if causal and past else made, *keys])


def _bound(made: Any) -> Any:
    """The same as an upper bound."""
    return arrays.Reading([*made.steps[:-1], replace(made.steps[-1], exact=False)], made.operands)


@rule("com.microsoft::Attention", "com.microsoft::QAttention")
def ms_attention(call: Call) -> Outputs:
    """One operand and one weight for query, key and value together.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftattention
    """
    x, sizes = call[0], call.ints("qkv_hidden_sizes")
    width = call.shape(1)[-1] // 3
    wide = sizes or [width, width, width]
    heads = max(1, call.int("num_heads", 1))
    parts = [_by_head(call, arrays.dense(x, size), heads) for size in wide]
    beside = (5, 8) if call.op.endswith("QAttention") else range(3, len(call))
    extra = [place for place in beside if call.has(place)]  # masks and pasts, no zero points
    causal = call.flag("unidirectional") and len(extra) < 2
    made = arrays.join_heads(arrays.attention(parts[0], parts[1], parts[2], causal=causal))
    present = (2, x.shape[0], heads, x.shape[1], wide[2] // heads)
    values = [x, *(call[place] for place in extra)]
    return Outputs([_beside(call, made, extra), _cache(call, values, present)])


@rule("com.microsoft::MultiHeadAttention", "com.microsoft::DecoderMaskedMultiHeadAttention")
def multi_head(call: Call) -> Outputs:
    """Query, key and value apart; key or value may come packed or by head.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftmultiheadattention
    """
    heads = max(1, call.int("num_heads", 1))
    given = [call[place] for place in range(3) if call.has(place)]
    parts = [part for value in given for part in _unpacked(value, heads)]
    if len(parts) != 3:
        raise unfit_shapes("query, key and value are expected", [value.shape for value in given])
    extra = [place for place in range(3, len(call)) if call.has(place)]
    causal = call.flag("unidirectional") and not extra
    made = arrays.join_heads(arrays.attention(parts[0], parts[1], parts[2], causal=causal))
    past = call.shape(6) if call.has(6) else ()
    length = parts[1].shape[2] + (past[2] if len(past) == 4 else 0)
    present = (parts[0].shape[0], heads, length, parts[2].shape[3])
    values = [*given, *(call[place] for place in extra)]
    both = _cache(call, values, present)
    return Outputs([_beside(call, made, extra), both, both])


def _unpacked(value: Any, heads: int) -> list[Any]:
    """By head: a tensor (batch, positions, features), or one of all (…, heads, parts, features)."""
    if len(value.shape) == 5:
        parts = arrays.unstack(value, 3)
        return [arrays.permute(part, (0, 2, 1, 3)) for part in parts]
    return [arrays.split_heads(value, heads) if len(value.shape) == 3 else value]


@rule("com.microsoft::GroupQueryAttention")
def group_query(call: Call) -> Outputs:
    """Causal by definition; fewer heads for keys than for queries.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftgroupqueryattention
    """
    query = call[0]
    heads, kv_heads = call.int("num_heads", 0), call.int("kv_num_heads", 0)
    if heads < 1 or kv_heads < 1:
        raise InvalidModelError("num_heads or kv_num_heads is missing")
    if call.has(1) and call.has(2):
        parts = [query, call[1], call[2]]
    else:
        width = query.shape[2] // (heads + 2 * kv_heads)
        parts = [*arrays.split(query, [n * width for n in (heads, kv_heads, kv_heads)], 2)]
    width = parts[0].shape[2] // heads
    extra = [place for place in (3, 4, 5, 6) if call.depends(place)]
    by_head = [
        arrays.split_heads(part, count)
        for part, count in zip(parts, (heads, kv_heads, kv_heads), strict=True)
    ]
    made = arrays.join_heads(arrays.attention(*by_head, causal=not extra))
    past = call.shape(3) if call.has(3) else ()
    length = query.shape[1] + (past[2] if len(past) == 4 else 0)
    values = [*call.operands[: 3 if call.has(1) else 1], *(call[place] for place in extra)]
    both = _cache(call, values, (query.shape[0], kv_heads, length, width))
    windowed = call.int("local_window_size", -1) >= 0
    made = _beside(call, made, extra)
    return Outputs([_bound(made) if windowed else made, both, both])


@rule("LinearAttention")
def linear_attention(call: Call) -> Outputs:
    """A running state: each position reads all keys and values up to itself.

    https://onnx.ai/onnx/operators/
    """
    query, key, value = call[0], call[1], call[2]
    heads, kv_heads = call.int("q_num_heads", 0), call.int("kv_num_heads", 0)
    if heads < 1 or kv_heads < 1:
        raise InvalidModelError("q_num_heads or kv_num_heads is missing")
    running = [key, value, *(call[place] for place in (4, 5) if call.has(place))]
    own = Link([Read(0, IDENTITY), Read(1, IDENTITY), Read(None, WHOLE)])
    before = Link([Read(0, IDENTITY), Read(1, Prefix()), Read(None, WHOLE)])
    shape = (*query.shape[:2], value.shape[2] // kv_heads * heads)
    made = arrays.read(
        Op("attention", shape, (own, *[before] * len(running)), algebra="compare"), query, *running
    )  # fmt: skip
    state = (query.shape[0], kv_heads, key.shape[2] // kv_heads, value.shape[2] // kv_heads)
    values = [*running, *([call[3]] if call.has(3) else [])]
    return Outputs([_beside(call, made, (3,)), _cache(call, values, state)])
