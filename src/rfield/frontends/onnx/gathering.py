"""Gather and scatter: known indices are read exactly, computed ones as an upper bound."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ...core import arrays
from ...core.arguments import normalize_axis
from ...core.link import Link, Read, passed
from ...core.ops import Op
from ...core.relation import IDENTITY, WHOLE
from ..machine.meanings import combined
from ..machine.values import Outputs
from .rulebook import Call, rule


@rule("Gather")
def gather(call: Call) -> Any:
    """``data[..., indices, ...]`` along one axis.

    https://onnx.ai/onnx/operators/onnx__Gather.html
    """
    return arrays.take(call[0], call.either(1), call.int("axis", 0))


@rule("com.microsoft::GatherBlockQuantized")
def gather_quantized(call: Call) -> Op:
    """Rows of a packed table, whose width is in the scales.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
    """
    indices = call.shape(1)
    width = call.shape(2)[-1] * call.int("block_size", 128)
    return Op("gather", (*indices, width), (None, passed(len(indices))), algebra="compare")


@rule("GatherElements")
def gather_elements(call: Call) -> Any:
    """Along one axis each output picks its own place; on the others it keeps its own.

    https://onnx.ai/onnx/operators/onnx__GatherElements.html
    """
    return arrays.gather_elements(call[0], call.either(1), call.int("axis", 0))


@rule("GatherND")
def gather_nd(call: Call) -> Any:
    """The last axis of the indices names a place on several axes at once.

    https://onnx.ai/onnx/operators/onnx__GatherND.html
    """
    return arrays.gather_nd(call[0], call.either(1), batch_dims=call.int("batch_dims", 0))


@rule("ScatterND")
def scatter_nd(call: Call) -> Any:
    """Some places are overwritten or added to.

    https://onnx.ai/onnx/operators/onnx__ScatterND.html
    """
    adds = combined(call.text("reduction", "none"))
    return arrays.scatter_nd(call[0], call.either(1), call[2], accumulate=adds)


@rule("ScatterElements", "Scatter")
def scatter_elements(call: Call) -> Any:
    """Along one axis the updates go where the indices say.

    https://onnx.ai/onnx/operators/onnx__ScatterElements.html
    """
    adds = combined(call.text("reduction", "none"))
    axis = call.int("axis", 0)
    return arrays.scatter_elements(call[0], call.either(1), call[2], axis, accumulate=adds)


@rule("TensorScatter")
def tensor_scatter(call: Call) -> Op:
    """A window of a cache is overwritten where the index says.

    https://onnx.ai/onnx/operators/onnx__TensorScatter.html
    """
    cache, update = call.shape(0), call.shape(1)
    axis = normalize_axis(call.int("axis", -2), len(cache))
    reads = [Read(None, WHOLE) if k == axis else Read(k, IDENTITY) for k in range(len(update))]
    links = (passed(len(cache)), Link(reads), Link([Read(0, IDENTITY)]))
    return Op("tensor_scatter", cache, links[: len(call)], exact=False)


@rule("NonZero")
def nonzero(call: Call) -> Any:
    """How many there are depends on the data: as many as there can be.

    https://onnx.ai/onnx/operators/onnx__NonZero.html
    """
    before = call.shape(0)
    return arrays.anywhere([call[0]], (len(before), prod(before)), kind="nonzero")


@rule("Compress")
def compress(call: Call) -> Any:
    """A known condition picks positions; an unknown one may pick any.

    https://onnx.ai/onnx/operators/onnx__Compress.html
    """
    x, before = call[0], call.shape(0)
    axis = call.attribute("axis", 2)
    known = call.places(1)
    if known is not None:
        return arrays.take(x, np.flatnonzero(known), axis)
    result = (prod(before),) if axis is None else before
    return arrays.anywhere([x, call[1]], result, kind="compress")


@rule("Unique")
def unique(call: Call) -> Outputs:
    """How many there are depends on the data: as many as there can be.

    https://onnx.ai/onnx/operators/onnx__Unique.html
    """
    before = call.shape(0)
    axis = call.attribute("axis", 2)
    count = prod(before) if axis is None else before[normalize_axis(axis, len(before))]
    places = arrays.anywhere([call[0]], (count,), kind="unique")
    result = (count,) if axis is None else before
    return Outputs([arrays.anywhere([call[0]], result, kind="unique"), *[places] * 3])


@rule("NonMaxSuppression")
def non_max_suppression(call: Call) -> Any:
    """Which boxes are left depends on all of them.

    https://onnx.ai/onnx/operators/onnx__NonMaxSuppression.html
    """
    each, scores = call.shape(0)[1], call.shape(1)
    limit = call.places(2)
    if limit is not None:
        each = min(each, max(0, int(limit.reshape(-1)[0])))
    return arrays.anywhere(call.given, (scores[0] * scores[1] * each, 3), kind="nms")


@rule("ai.onnx.ml::ArrayFeatureExtractor")
def array_feature(call: Call) -> Any:
    """Elements of the last axis.

    https://onnx.ai/onnx/operators/onnx_aionnxml_ArrayFeatureExtractor.html
    """
    return arrays.take(call[0], call.constant(1, "the indices").reshape(-1), -1)
