"""Normalisation: pointwise where the statistics are fixed, else all that is averaged is read."""

from __future__ import annotations

from ...core import arrays, ops
from ...core.arrays.expression import Reading
from ...core.indices import IndexSet
from ...core.ops import Op
from ...core.relation import Sliding
from ..machine.values import Constant, Outputs
from .convolution import layout_of
from .rulebook import Call, rule


@rule("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
def fused_batch_norm(call: Call) -> Outputs:
    """Pointwise; with ``is_training`` the statistics are those of the whole batch.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/FusedBatchNormV3
    """
    shape = call.shape(0)
    axes, channel = layout_of(call, len(shape))
    channels = (shape[channel],)
    fixed = [Constant(channels)] * 5
    # The attribute is written down wherever it is False; its default is True.
    if not call.flag("is_training", True):
        return Outputs([ops.pointwise(shape, kind="batch_norm", algebra="offset"), *fixed])
    statistics = ops.reduce(shape, (0, *axes), kind="statistics")
    op = ops.mix(shape, (0, *axes), kind="batch_norm", algebra="offset")
    return Outputs([op, *[statistics] * 2, *fixed[:3]])


@rule("LRN")
def local_response(call: Call) -> Op:
    """Each channel reads the channels around it, ``depth_radius`` on each side.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/LRN
    """
    shape, radius = call.shape(0), call.number("depth_radius", 5)
    relation = Sliding(1, 1, (IndexSet.interval(-radius, radius),))
    return ops.along(shape, {-1: (relation, shape[-1])}, kind="local_response_norm", algebra="keep")


@rule("LayerNorm", "_MklLayerNorm")
def layer_norm(call: Call) -> Reading:
    """Mean and variance of the last axis.

    https://www.tensorflow.org/api_docs/python/tf/keras/layers/LayerNormalization
    """
    return arrays.norm(call[0], -1, kind="layer_norm")
