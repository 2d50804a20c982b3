"""Normalisation: pointwise where the statistics are fixed, else reading all that is averaged."""

from __future__ import annotations

from collections.abc import Sequence

from ...core import ops
from ...core.indices import IndexSet
from ...core.ops import Op
from ...core.relation import WHOLE, Relation, Sliding
from ...errors import InvalidModelError
from .rulebook import Call, Reading, Result, rule
from .tensors import Shape, Value


@rule("BatchNormalization")
def batch_norm(call: Call) -> tuple[Op, ...]:
    """Pointwise, or the statistics of the batch in training."""
    shape = call.shape(0)
    rest = [0, *range(2, len(shape))]
    training = call.int("training_mode", 0) or call.tracer.training
    if call.opset < 7 and not call.int("is_test", 0):
        training = True
    if not training:
        return (ops.pointwise(shape, kind="batch_norm"),)
    statistics = ops.reduce(shape, rest, kind="statistics")
    return (ops.mix(shape, rest, kind="batch_norm"), *(statistics,) * 4)


@rule("InstanceNormalization")
def instance_norm(call: Call) -> Op:
    """Statistics of each channel of each image."""
    shape = call.shape(0)
    return ops.mix(shape, range(2, len(shape)), kind="instance_norm")


def grouped(shape: Shape, groups: int, channel: int = 1) -> Op:
    """Statistics over space and the channels of a group."""
    channels = shape[channel]
    if groups < 1 or channels % groups:
        raise InvalidModelError(f"{channels} channels do not divide into {groups} groups")
    each = channels // groups
    group: Relation = WHOLE if groups == 1 else ops.group_relation(each, each)
    space = [axis for axis in range(1, len(shape)) if axis != channel]
    mixed = {axis: (WHOLE, shape[axis]) for axis in space}
    return ops.along(shape, {channel: (group, channels), **mixed}, kind="group_norm")


@rule("GroupNormalization")
def group_norm(call: Call) -> Op:
    """Statistics over space and the channels of a group."""
    return grouped(call.shape(0), call.int("num_groups", 1))


@rule("com.microsoft::GroupNorm")
def ms_group_norm(call: Call) -> Reading:
    """The same; the channels are usually last."""
    shape = call.shape(0)
    channel = len(shape) - 1 if call.int("channels_last", 1) else 1
    return Reading(grouped(shape, call.int("groups", 1), channel), [call.value(0)])


@rule("com.microsoft::SkipGroupNorm")
def skip_group_norm(call: Call) -> tuple[Result, Result]:
    """A sum (input, skip and bias) and its normalisation."""
    total = _sum(call, [call.value(0), call.value(3), call.optional(4)])
    shape = total.shape
    channel = len(shape) - 1 if call.int("channels_last", 1) else 1
    return Reading(grouped(shape, call.int("groups", 1), channel), [total]), total


def _sum(call: Call, values: Sequence[Value | None]) -> Value:
    shapes = [value.shape for value in values if value is not None]
    return call.step(
        ops.pointwise(*shapes, kind="add", join=True), [v for v in values if v is not None]
    )


@rule("LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization",
      "com.microsoft::LayerNormalization",
      "com.microsoft::SimplifiedLayerNormalization")  # fmt: skip
def layer_norm(call: Call) -> tuple[Op, Op, Op]:
    """Statistics over all axes from ``axis`` on."""
    shape = call.shape(0)
    axis = call.int("axis", -1)
    axes = range(axis if axis >= 0 else axis + len(shape), len(shape))
    statistics = ops.reduce(shape, axes, keepdims=True, kind="statistics")
    return ops.mix(shape, axes, kind="layer_norm"), statistics, statistics


@rule("com.microsoft::SkipLayerNormalization", "com.microsoft::SkipSimplifiedLayerNormalization")
def skip_layer_norm(call: Call) -> tuple[Result, ...]:
    """A sum (input, skip and bias) and its normalisation."""
    bias = 4 if call.op.endswith("SkipLayerNormalization") else 3
    total = _sum(call, [call.value(0), call.value(1), call.optional(bias)])
    axis = len(total.shape) - 1
    statistics = ops.reduce(total.shape, [axis], keepdims=True, kind="statistics")
    normal = Reading(ops.mix(total.shape, [axis], kind="layer_norm"), [total])
    return normal, Reading(statistics, [total]), Reading(statistics, [total]), total


@rule("com.microsoft::EmbedLayerNormalization")
def embed_layer_norm(call: Call) -> tuple[Result, ...]:
    """Word, segment and position tables, summed and normalised."""
    shape = call.shape(0)
    hidden = call.shape(2)[1]
    from ...core.link import Link, Read
    from ...core.relation import IDENTITY

    link = Link([Read(0, IDENTITY), Read(1, IDENTITY)])
    result = (*shape, hidden)
    values = [call.value(0), *([call.value(1)] if call.has(1) else [])]
    op = Op("embedding", result, (link,) * len(values))
    out = Reading(op, values)
    if not call.has(7):
        return out, Value((shape[0],)), out
    mask = call.value(7)
    return out, Reading(ops.reduce(mask.shape, [1], kind="mask"), [mask]), out


@rule("MeanVarianceNormalization")
def mean_variance(call: Call) -> Op:
    """Statistics over given axes (default: batch and space)."""
    axes = call.ints("axes")
    if axes is None:
        axes = [0, 2, 3] if call.opset >= 9 or call.int("across_channels", 0) == 0 else [0, 1, 2, 3]
        if call.opset < 9:
            axes = [axis for axis in axes if axis != 0]
    return ops.mix(call.shape(0), axes, kind="mean_variance_norm")


@rule("LpNormalization")
def lp_norm(call: Call) -> Op:
    """The norm over one axis."""
    return ops.mix(call.shape(0), [call.int("axis", -1)], kind="lp_norm")


@rule("LRN")
def local_response_norm(call: Call) -> Op:
    """Each channel reads its neighbours: ``(size-1)//2`` before, the rest after."""
    shape, size = call.shape(0), call.int("size", 1)
    if size < 1 or len(shape) < 2:
        raise InvalidModelError(f"size = {size} for an operand of {len(shape)} axes")
    before = (size - 1) // 2
    relation = Sliding(1, 1, (IndexSet.interval(-before, size - 1 - before),))
    return ops.along(shape, {1: (relation, shape[1])}, kind="local_response_norm")


@rule("SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss")
def loss(call: Call) -> tuple[Op, ...]:
    """A number for all, or one for each position."""
    shape, target = call.shape(0), call.shape(1)
    if call.text("reduction", "mean") != "none":
        return (ops.opaque([shape, target], (), kind="loss"),)
    first = ops.reduce(shape, [1], kind="loss")
    both = Op("loss", first.shape, (*first.links, *ops.pointwise(target).links))
    return both, ops.mix(shape, [1], kind="log_softmax")


@rule("com.microsoft::RotaryEmbedding", "RotaryEmbedding")
def rotary(call: Call) -> Reading:
    """Each feature is mixed with another one of the same position."""
    shape = call.shape(0)
    return Reading(ops.mix(shape, [len(shape) - 1], kind="rotary"), [call.value(0)])
