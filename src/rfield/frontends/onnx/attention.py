"""Attention, in the standard form and in those of the transformer exporters.

Every query position reads all key and value positions (those before it where it is causal), and all
features of its head. Whether a mask, a past or a bias is given changes what else is read.
"""

from __future__ import annotations

from math import prod

from ...core import layout, ops
from ...core.link import AnyLink, Link, Read
from ...core.ops import Op, Work
from ...core.relation import IDENTITY, WHOLE, ZERO, Prefix, Relation, Sliding
from ...errors import InvalidModelError, bad_shapes
from .rulebook import Call, Reading, Result, rule
from .tensors import Value


def attend(
    call: Call, query: Value, keys: list[Value], hidden: int, *, causal: bool, extra: list[Value]
) -> Reading:
    """(batch, positions, features) of the query; ``keys`` are keys and values of that layout."""
    shape = (*query.shape[:2], hidden)
    along: Relation = WHOLE
    lengths = {value.shape[1] for value in keys if len(value.shape) == 3}
    if causal and lengths == {query.shape[1]}:
        along = Prefix()
    own = Link([Read(0, IDENTITY), Read(1, IDENTITY), Read(None, WHOLE)])
    place = 1 if isinstance(along, Prefix) else None
    others = Link([Read(0, IDENTITY), Read(place, along), Read(None, WHOLE)])
    links: list[AnyLink] = [own, *([others] * len(keys))]
    links += [Link([Read(None, WHOLE)] * len(value.shape)) for value in extra]
    work = Work(macs=2 * prod(shape) * max(lengths, default=1))
    exact = not any(value.depends for value in extra)
    op = Op("attention", shape, tuple(links), exact=exact, work=work)
    return Reading(op, [query, *keys, *extra])


def by_head(
    call: Call, query: Value, keys: list[Value], *, causal: bool, extra: list[Value]
) -> Reading:
    """All operands (batch, heads, positions, features); query heads may share key heads."""
    batch, heads, length, _ = query.shape
    key_heads, total, width = keys[-1].shape[1:]
    if key_heads < 1 or heads % key_heads:
        raise bad_shapes("attention", [query.shape, keys[-1].shape], "the heads do not fit")
    share = heads // key_heads
    head: Relation = IDENTITY if share == 1 else Sliding(share, 1, (ZERO,) * share)
    own = Link([Read(0, IDENTITY), Read(1, IDENTITY), Read(2, IDENTITY), Read(None, WHOLE)])
    along = Read(2, Prefix()) if causal and total == length else Read(None, WHOLE)
    key = Link([Read(0, IDENTITY), Read(1, head), along, Read(None, WHOLE)])
    held = Link([Read(0, IDENTITY), Read(1, head), along, Read(3, IDENTITY)])
    links: list[AnyLink] = [own, *([key] * (len(keys) - 1)), held]
    links += [Link([Read(None, WHOLE)] * len(value.shape)) for value in extra]
    shape = (batch, heads, length, width)
    work = Work(macs=2 * prod(shape) * total)
    exact = not any(value.depends for value in extra)
    op = Op("attention", shape, tuple(links), exact=exact, work=work)
    return Reading(op, [query, *keys, *extra])


def _split(call: Call, value: Value, heads: int) -> Value:
    """(batch, positions, heads*features) as (batch, heads, positions, features)."""
    if len(value.shape) != 3:
        return value
    batch, length, width = value.shape
    if heads < 1 or width % heads:
        raise InvalidModelError(f"{width} features do not divide into {heads} heads")
    split = layout.reshape(value.shape, (batch, length, heads, width // heads))
    return call.step([split, layout.permute(split.shape, (0, 2, 1, 3))], [value])


def _joined(call: Call, read: Reading) -> Reading:
    """Back to (batch, positions, heads*features)."""
    out = call.step(read.op, read.operands)
    batch, heads, length, width = out.shape
    turned = layout.permute(out.shape, (0, 2, 1, 3))
    return Reading([turned, layout.reshape(turned.shape, (batch, length, heads * width))], [out])


@rule("Attention")
def attention(call: Call) -> tuple[Result, ...]:
    """Opset 23: query, key and value of three or four axes, mask, past key and value."""
    query, key, value = call.value(0), call.value(1), call.value(2)
    if len(query.shape) not in (3, 4) or len(value.shape) != len(query.shape):
        raise bad_shapes("attention", [query.shape, key.shape, value.shape], "3 or 4 axes")
    heads = call.int("q_num_heads", 0) if len(query.shape) == 3 else query.shape[1]
    kv_heads = call.int("kv_num_heads", 0) if len(query.shape) == 3 else key.shape[1]
    if heads < 1 or kv_heads < 1:
        raise InvalidModelError("q_num_heads or kv_num_heads is missing")
    extra = [v for k in range(3, len(call.inputs)) if (v := call.optional(k)) is not None]
    causal = bool(call.int("is_causal", 0)) and not call.has(4)
    read = by_head(
        call, _split(call, query, heads), [_split(call, v, kv_heads) for v in (key, value)],
        causal=causal, extra=extra,
    )  # fmt: skip
    result: Result = read if len(query.shape) == 4 else _joined(call, read)
    return result, *_present(call, [key, value], [call.optional(4), call.optional(5)], kv_heads)


def _present(call: Call, fresh: list[Value], past: list[Value | None], heads: int) -> list[Result]:
    """Past and present keys (and values), joined along the positions."""
    found: list[Result] = []
    for given, before in zip(fresh, past, strict=True):
        value = given
        if len(value.shape) == 3:
            batch, length, width = value.shape
            split = layout.reshape(value.shape, (batch, length, heads, width // heads))
            value = call.step([split, layout.permute(split.shape, (0, 2, 1, 3))], [value])
        if before is None or len(before.shape) != 4:
            found.append(value)
            continue
        found.append(Reading(layout.concat(before.shape, value.shape, axis=2), [before, value]))
    return found


@rule("com.microsoft::Attention", "com.microsoft::QAttention")
def ms_attention(call: Call) -> tuple[Result, ...]:
    """One input and one weight for query, key and value together."""
    x, weight = call.value(0), call.value(1)
    sizes = call.ints("qkv_hidden_sizes")
    hidden = sizes[2] if sizes else weight.shape[-1] // 3
    first = 5 if call.op.endswith("QAttention") else 3
    extra = [v for k in range(first, len(call.inputs)) if (v := call.optional(k)) is not None]
    causal = bool(call.int("unidirectional", 0)) and len(extra) < 2
    read = attend(call, x, [x], hidden, causal=causal, extra=extra)
    heads = max(1, call.int("num_heads", 1))
    present = (2, x.shape[0], heads, x.shape[1], hidden // heads)
    shapes = [x.shape, *(v.shape for v in extra)]
    return read, Reading(ops.opaque(shapes, present, kind="present"), [x, *extra])


@rule("com.microsoft::MultiHeadAttention", "com.microsoft::DecoderMaskedMultiHeadAttention")
def multi_head(call: Call) -> tuple[Result, ...]:
    """Query, key and value apart; key or value may come packed or by head."""
    query = call.value(0)
    heads = max(1, call.int("num_heads", 1))
    given = [v for k in (1, 2) if (v := call.optional(k)) is not None]
    extra = [v for k in range(3, len(call.inputs)) if (v := call.optional(k)) is not None]
    causal = bool(call.int("unidirectional", 0)) and not extra
    if len(given) == 2 and all(len(v.shape) in (3, 4) for v in (query, *given)):
        keys = [_split(call, v, heads) for v in given]
        four = _split(call, query, heads)
        read = _joined(call, by_head(call, four, keys, causal=causal, extra=extra))
        length, width = keys[0].shape[2], keys[1].shape[3]
    else:
        query = _packed(call, query)
        keys = [_packed(call, v) for v in given] or [query]
        width = query.shape[2] // heads // (1 if given else 3)
        read = attend(call, query, keys, heads * width, causal=causal, extra=extra)
        length = keys[0].shape[1]
    past = call.optional(6)
    length += past.shape[2] if past is not None and len(past.shape) == 4 else 0
    values = [query, *given, *extra]
    present = (query.shape[0], heads, length, width)
    both = Reading(ops.opaque([v.shape for v in values], present, kind="present"), values)
    return read, both, both


def _packed(call: Call, value: Value) -> Value:
    if len(value.shape) != 5:
        return value
    flat = layout.reshape(value.shape, (*value.shape[:2], prod(value.shape[2:])))
    return call.step(flat, [value])


@rule("com.microsoft::GroupQueryAttention")
def group_query(call: Call) -> tuple[Result, ...]:
    """Causal by definition; fewer heads for keys than for queries."""
    query = call.value(0)
    heads, kv_heads = call.int("num_heads", 0), call.int("kv_num_heads", 0)
    if heads < 1 or kv_heads < 1:
        raise InvalidModelError("num_heads or kv_num_heads is missing")
    given = [v for k in (1, 2) if (v := call.optional(k)) is not None]
    width = query.shape[2] // (heads if given else heads + 2 * kv_heads)
    extra = [v for k in (3, 4, 5, 6) if (v := call.optional(k)) is not None and v.depends]
    keys = given or [query]
    read = attend(call, query, keys, heads * width, causal=not extra, extra=extra)
    past = call.optional(3)
    length = query.shape[1] + (past.shape[2] if past is not None and len(past.shape) == 4 else 0)
    present = (query.shape[0], kv_heads, length, width)
    values = [query, *keys, *extra]
    both = Reading(ops.opaque([v.shape for v in values], present, kind="present"), values)
    return read, both, both


@rule("LinearAttention")
def linear_attention(call: Call) -> tuple[Result, ...]:
    """A running state: each position reads all keys and values up to itself."""
    query, key, value = call.value(0), call.value(1), call.value(2)
    heads, kv_heads = call.int("q_num_heads", 0), call.int("kv_num_heads", 0)
    if heads < 1 or kv_heads < 1:
        raise InvalidModelError("q_num_heads or kv_num_heads is missing")
    gates = [v for k in (4, 5) if (v := call.optional(k)) is not None]
    past = [v] if (v := call.optional(3)) is not None else []
    hidden = value.shape[2] // kv_heads * heads
    read = attend(call, query, [key, value, *gates], hidden, causal=True, extra=past)
    values = [key, value, *gates, *past]
    present = (query.shape[0], kv_heads, key.shape[2] // kv_heads, value.shape[2] // kv_heads)
    return read, Reading(ops.opaque([v.shape for v in values], present, kind="present"), values)
