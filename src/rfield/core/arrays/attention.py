"""Attention: an output reads its own query, and the keys and values that masks leave it."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ...errors import InvalidModelError, unfit_shapes
from .. import layout, ops
from ..arguments import broadcast_shape, normalize_axis
from ..indices import IndexSet
from ..link import Link, Read
from ..operation import Op, Work
from ..relation import IDENTITY, WHOLE, At, Table
from ..windows import group_relation
from .contraction import matmul
from .elementwise import add, where
from .expression import Operand, Reading, known_array, read, shape_of
from .reduction import softmax
from .shaping import matrix_transpose, permute, reshape


def attention(
    query: Operand,
    key: Operand,
    value: Operand,
    *,
    mask: object = None,
    bias: Operand | None = None,
    causal: bool = False,
) -> Reading:
    """Operands (batch…, heads, positions, features); query heads may share key heads.

    ``mask``: which keys a query may see (True), known or data, broadcast to (…, query, key).
    ``bias``: added to the scores; minus infinity in it cuts as a mask does. ``causal``: query ``i``
    sees keys ``0 .. i``, besides what the others say. Cuts that are known are exact.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html

    >>> from .expression import Known
    >>> x = Known((2, 8, 6, 4))
    >>> attention(x, x, x, causal=True).shape
    (2, 8, 6, 4)
    """
    if mask is None and bias is None and not causal:
        return _whole(query, key, value)
    weights = attention_weights(query, key, mask=mask, bias=bias, causal=causal)
    return matmul(weights, _for_heads(value, shape_of(query)), kind="attention")


def attention_weights(
    query: Operand,
    key: Operand,
    *,
    mask: object = None,
    bias: Operand | None = None,
    causal: bool = False,
) -> Reading:
    """How much each query takes of each key, as in ``attention``: (…, query, key).

    >>> from .expression import Known
    >>> attention_weights(Known((2, 8, 6, 4)), Known((2, 8, 5, 4))).shape
    (2, 8, 6, 5)
    """
    length, width = shape_of(query)[-2], shape_of(key)[-2]
    key = _for_heads(key, shape_of(query))
    scores = matmul(query, matrix_transpose(key), kind="scores")
    if bias is not None:
        scores = add(bias, scores, kind="mask")
    if mask is not None:
        array = known_array(mask)
        given: Any = mask if array is None else array.astype(bool)
        scores = where(given, scores, -np.inf)
    if causal:
        scores = where(np.tri(length, width, dtype=bool), scores, -np.inf)
    return softmax(scores)


def _for_heads(tensor: Operand, query: Sequence[int]) -> Operand:
    """Key heads that several query heads share are repeated."""
    shape, axis = shape_of(tensor), len(query) - 3
    if axis < 0 or shape[axis] in (1, query[axis]):
        return tensor
    return read(layout.repeat_each(shape, axis, _share(query[axis], shape[axis])), tensor)


def _share(heads: int, keys: int) -> int:
    if keys < 1 or heads % keys:
        raise InvalidModelError(f"{heads} query heads do not share {keys} key heads")
    return heads // keys


def _whole(query: Operand, key: Operand, value: Operand) -> Reading:
    """Without masks: one op, and every key for every query."""
    shapes = [shape_of(tensor) for tensor in (query, key, value)]
    rank = len(shapes[0])
    if any(len(shape) != rank for shape in shapes) or rank < 2:
        raise unfit_shapes("the ranks differ", shapes)
    batch = tuple(max(shape[axis] for shape in shapes) for axis in range(rank - 2))
    result = (*batch, shapes[0][-2], shapes[2][-1])
    ends = (
        [Read(rank - 2, IDENTITY), Read(None, WHOLE)],
        [Read(None, WHOLE), Read(None, WHOLE)],
        [Read(None, WHOLE), Read(rank - 1, IDENTITY)],
    )
    links: list[Link] = []
    for shape, end in zip(shapes, ends, strict=True):
        rows = [_shared(shape[axis], batch[axis], axis) for axis in range(rank - 2)]
        links.append(Link([*rows, *end]))
    only = shapes[1][-2] == 1  # it has the weight 1, whoever asks
    work = Work(macs=prod(result) * shapes[1][-2] + prod(result[:-1]) * prod(shapes[1][-2:]))
    read_by = (None, None, links[2]) if only else tuple(links)
    return Reading(
        Op("attention", result, read_by, work=work, algebra="compare"), [query, key, value]
    )


def _shared(size: int, outputs: int, axis: int) -> Read:
    """A batch axis, of size 1 perhaps, or key heads that several query heads share."""
    if size == outputs:
        return Read(axis, IDENTITY)
    return Read(None, At(0)) if size == 1 else Read(axis, group_relation(_share(outputs, size), 1))


def split_heads(x: Operand, heads: int) -> Reading:
    """(batch, positions, heads times features) as (batch, heads, positions, features).

    >>> from .expression import Known
    >>> split_heads(Known((2, 6, 32)), 8).shape
    (2, 8, 6, 4)
    """
    *batch, length, width = shape_of(x)
    if heads < 1 or width % heads:
        raise InvalidModelError(f"{width} features do not divide into {heads} heads")
    apart = reshape(x, (*batch, length, heads, width // heads))
    rank = len(apart.shape)
    return permute(apart, (*range(rank - 3), rank - 2, rank - 3, rank - 1))


def join_heads(x: Operand) -> Reading:
    """(batch, heads, positions, features) as (batch, positions, heads times features).

    >>> from .expression import Known
    >>> join_heads(Known((2, 8, 6, 4))).shape
    (2, 6, 32)
    """
    rank = len(shape_of(x))
    turned = permute(x, (*range(rank - 3), rank - 2, rank - 3, rank - 1))
    *batch, length, heads, width = turned.shape
    return reshape(turned, (*batch, length, heads * width))


def rotary(x: Operand, head: int, turned: int, *, interleaved: bool = False) -> Reading:
    """Features in pairs are turned by an angle: the first ``turned`` of each ``head`` features.

    A pair is features ``k`` and ``k + turned/2``; ``interleaved``: ``2k`` and ``2k + 1``.
    https://onnx.ai/onnx/operators/onnx__RotaryEmbedding.html

    >>> from .expression import Known
    >>> [list(t) for t in rotary(Known((9, 6)), 6, 4).steps[0].links[0].reads[1].relation.taps]
    [[0, 2], [1, 3], [0, 2], [1, 3], [4], [5]]
    """
    shape, half = shape_of(x), turned // 2
    if head < 1 or shape[-1] % head or not 0 < turned <= head or turned % 2:
        raise InvalidModelError(f"{turned} of {head} features turn, {shape[-1]} in all")
    taps: list[IndexSet] = []
    for feature in range(shape[-1]):
        place = feature % head
        partner = place ^ 1 if interleaved else (place + half) % turned
        taps.append(
            IndexSet.of({feature, feature - place + partner if place < turned else feature})
        )
    axis = len(shape) - 1
    return read(
        ops.along(shape, {axis: (Table(tuple(taps)), shape[-1])}, kind="rotary", algebra="keep"), x
    )


def attend_along(
    query: Operand, keys: Sequence[Operand], axes: int | Sequence[int], channels: int
) -> Reading:
    """Attention layers that project in and out: a place reads its query and all keys along axes.

    Features are the last axis; ``keys`` are keys and values of that layout, ``channels`` the
    features of the result. https://keras.io/api/layers/attention_layers/multi_head_attention/

    >>> from .expression import Known
    >>> attend_along(Known((2, 6, 8)), [Known((2, 9, 8))], 1, 16).shape
    (2, 6, 16)
    """
    shape = shape_of(query)
    rank = len(shape)
    named = [axes] if isinstance(axes, int) else axes
    mixed = {normalize_axis(axis, rank) for axis in named} | {rank - 1}
    broadcast_shape([[n for k, n in enumerate(shape_of(x)) if k not in mixed] for x in keys])
    own = Link([Read(None, WHOLE) if k == rank - 1 else Read(k, IDENTITY) for k in range(rank)])
    other = Link([Read(None, WHOLE) if k in mixed else Read(k, IDENTITY) for k in range(rank)])
    links = (own, *[other] * len(keys))
    if all(shape_of(keys[0])[axis] == 1 for axis in mixed - {rank - 1}):  # its weight is 1
        value = Link([Read(None, At(0)) if k in mixed and k != rank - 1 else r
                      for k, r in enumerate(other.reads)])  # fmt: skip
        links = (None, value, *[None] * (len(keys) - 1))
    op = Op("attention", (*shape[:-1], channels), links, algebra="compare")
    return Reading(op, [query, *keys])
