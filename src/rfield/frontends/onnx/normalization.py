"""Normalisation: pointwise where the statistics are fixed, else reading all that is averaged."""

from __future__ import annotations

from typing import Any

from ...core import arrays, ops
from ...core.link import everything, passed
from ...core.ops import Op
from ...errors import InvalidModelError
from ..machine.values import Constant, Outputs
from .contraction import from_axis
from .rulebook import Call, rule


@rule("BatchNormalization")
def batch_norm(call: Call) -> Outputs:
    """Pointwise, or the statistics of the batch in training.

    https://onnx.ai/onnx/operators/onnx__BatchNormalization.html
    """
    training = call.flag("training_mode") or call.machine.training
    training = training or (call.opset < 7 and not call.flag("is_test"))
    made = arrays.batch_norm(call[0], training=training)
    if not training:
        return Outputs([made])
    rest = [0, *range(2, len(call.shape(0)))]
    return Outputs([made, *[arrays.reduce(call[0], rest, kind="statistics")] * 4])


@rule("InstanceNormalization")
def instance_norm(call: Call) -> Any:
    """Each element by the statistics of its channel of its image.

    https://onnx.ai/onnx/operators/onnx__InstanceNormalization.html
    """
    return arrays.norm(call[0], range(2, len(call.shape(0))), kind="instance_norm")


def grouped(x: Any, groups: int, channel: int) -> Any:
    """Each element by the statistics over space and the channels of its group."""
    space = [axis for axis in range(1, len(x.shape)) if axis != channel]
    return arrays.norm(x, space, groups=groups, channel_axis=channel, kind="group_norm")


@rule("GroupNormalization")
def group_norm(call: Call) -> Any:
    """Each element by the statistics over space and the channels of its group.

    https://onnx.ai/onnx/operators/onnx__GroupNormalization.html
    """
    return grouped(call[0], call.int("num_groups", 1), 1)


@rule("com.microsoft::GroupNorm", "com.microsoft::SkipGroupNorm")
def ms_group_norm(call: Call) -> Any:
    """The same, of a sum (operand, skip and bias) perhaps; the channels are usually last.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftgroupnorm
    """
    skip = call.op.endswith("SkipGroupNorm")
    x = _sum(call, 0, 3, 4) if skip else call[0]
    channel = len(x.shape) - 1 if call.flag("channels_last", True) else 1
    made = grouped(x, call.int("groups", 1), channel)
    return Outputs([made, x]) if skip else made


def _sum(call: Call, *places: int) -> Any:
    """A step that adds the operands that are given."""
    return call.step(arrays.add(*(call[place] for place in places if call.has(place))))


@rule("LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization",
      "com.microsoft::LayerNormalization",
      "com.microsoft::SimplifiedLayerNormalization")  # fmt: skip
def layer_norm(call: Call) -> Outputs:
    """Each element by the statistics over all axes from ``axis`` on.

    https://onnx.ai/onnx/operators/onnx__LayerNormalization.html
    """
    axes = from_axis(call, call.int("axis", -1))
    statistics = arrays.reduce(call[0], axes, keepdims=True, kind="statistics")
    return Outputs(
        [arrays.norm(call[0], axes, bias=call.has(2), kind="layer_norm"), statistics, statistics]
    )


@rule("com.microsoft::SkipLayerNormalization", "com.microsoft::SkipSimplifiedLayerNormalization")
def skip_layer_norm(call: Call) -> Outputs:
    """A sum (operand, skip and bias) and its normalisation over the last axis.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftskiplayernormalization
    """
    total = _sum(call, 0, 1, 4 if call.op.endswith("SkipLayerNormalization") else 3)
    statistics = arrays.reduce(total, -1, keepdims=True, kind="statistics")
    bias = call.op.endswith("SkipLayerNormalization") and call.has(3)
    made = arrays.norm(total, -1, bias=bias, kind="layer_norm")
    return Outputs([made, statistics, statistics, total])


@rule("com.microsoft::EmbedLayerNormalization")
def embed_layer_norm(call: Call) -> Outputs:
    """Word, segment and position tables, summed and normalised.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftembedlayernormalization
    """
    shape = call.shape(0)
    values = [call[place] for place in (0, 1) if call.has(place)]
    op = Op(
        "embedding",
        (*shape, call.shape(2)[1]),
        (passed(len(shape)),) * len(values),
        algebra="compare",
    )
    made = call.step(arrays.read(op, *values))
    masked = arrays.reduce(call[7], 1, kind="mask") if call.has(7) else Constant(shape[:1])
    return Outputs([made, masked, made])


@rule("MeanVarianceNormalization")
def mean_variance(call: Call) -> Any:
    """Each element by the statistics over given axes (default: batch and space).

    https://onnx.ai/onnx/operators/onnx__MeanVarianceNormalization.html
    """
    axes = call.ints("axes")
    if axes is None and call.opset >= 9:
        axes = [0, 2, 3]
    elif axes is None:
        axes = [1, 2, 3] if call.flag("across_channels") else [2, 3]
    return arrays.norm(call[0], axes, bias=False, kind="mean_variance_norm")


@rule("LpNormalization")
def lp_norm(call: Call) -> Any:
    """The norm over one axis.

    https://onnx.ai/onnx/operators/onnx__LpNormalization.html
    """
    return arrays.mix(call[0], call.int("axis", -1), kind="lp_norm", algebra="keep")


@rule("LRN")
def local_response_norm(call: Call) -> Any:
    """Each channel by its neighbours: ``(size-1)//2`` before, the rest after.

    https://onnx.ai/onnx/operators/onnx__LRN.html
    """
    size = call.int("size", 1)
    if size < 1 or len(call.shape(0)) < 2:
        raise InvalidModelError(f"size = {size} for an operand of {len(call.shape(0))} axes")
    before = (size - 1) // 2
    return arrays.local_response_norm(call[0], before, size - 1 - before)


@rule("SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss")
def loss(call: Call) -> Outputs:
    """A number for all, or one for each position; without a softmax it reads the class's alone.

    https://onnx.ai/onnx/operators/onnx__SoftmaxCrossEntropyLoss.html
    """
    shape, target = call.shape(0), call.shape(1)
    if call.text("reduction", "mean") != "none":
        return Outputs([arrays.anywhere([call[0], call[1]], (), kind="loss")])
    first = ops.reduce(shape, [1], kind="loss")
    links = (*first.links, *ops.pointwise(target).links)
    both = Op("loss", first.shape, links, exact=call.op == "SoftmaxCrossEntropyLoss")
    return Outputs([both, ops.mix(shape, [1], kind="log_softmax")])


@rule("com.microsoft::RotaryEmbedding", "RotaryEmbedding")
def rotary(call: Call) -> Any:
    """Pairs of features of a position are turned; by which angle, tables and positions say.

    https://onnx.ai/onnx/operators/onnx__RotaryEmbedding.html
    """
    x, beside = call[0], [call[place] for place in range(1, len(call)) if call.depends(place)]
    table = call.shape(2 if "::" in call.op else 1)
    turned = call.int("rotary_embedding_dim", 0) or 2 * table[-1]
    heads = call.int("num_heads", 0)
    apart = len(x.shape) == 4
    head = x.shape[-1] if apart else x.shape[-1] // heads if heads else turned
    made = arrays.rotary(x, head, turned, interleaved=call.flag("interleaved"))
    if not beside:
        return made
    links = (passed(len(x.shape)), *(everything(len(value.shape)) for value in beside))
    return arrays.read(Op("rotary", x.shape, links, exact=False), made, *beside)
