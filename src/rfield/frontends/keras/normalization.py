"""Normalisation: pointwise where the statistics are fixed, else all that is averaged is read."""

from __future__ import annotations

from typing import Any

from ...core import arrays
from .rulebook import Call, rule


@rule("BatchNormalization")
def batch_norm(call: Call) -> Any:
    """Pointwise, or in training by the statistics of the whole batch.

    https://keras.io/api/layers/normalization_layers/batch_normalization/
    """
    training = call.training and call.layer.trainable
    return arrays.batch_norm(call[0], training=training, channel_axis=call.layer.axis)


@rule("ops.BatchNorm")
def batch_norm_op(call: Call) -> Any:
    """By a mean and a variance that are given.

    https://keras.io/api/ops/nn/#batch_normalization-function
    """
    shape, axis = call.shape(0), call.layer.axis
    wide = [1] * len(shape)
    wide[axis] = shape[axis]
    return arrays.pointwise(
        call[0], *(arrays.reshape(value, wide) for value in call.operands[1:]),
        kind="batch_norm", algebra="offset",
    )  # fmt: skip


@rule("LayerNormalization", "RMSNormalization", "UnitNormalization", "ops.LayerNorm",
      "ops.RMSNorm", "ops.Normalize")  # fmt: skip
def layer_norm(call: Call) -> Any:
    """Each element by the statistics over the given axes.

    https://keras.io/api/layers/normalization_layers/layer_normalization/
    """
    bias = call.get("beta", 2) is not None or getattr(call.layer, "center", False)
    return arrays.norm(call[0], call.layer.axis, bias=bias, kind="layer_norm")


@rule("GroupNormalization")
def group_norm(call: Call) -> Any:
    """Each element by the statistics over space and the channels of its group.

    https://keras.io/api/layers/normalization_layers/group_normalization/
    """
    shape = call.shape(0)
    axis = call.layer.axis % len(shape)
    groups = shape[axis] if call.layer.groups == -1 else call.layer.groups
    space = [a for a in range(1, len(shape)) if a != axis]
    return arrays.norm(
        call[0], space, groups=groups, channel_axis=axis, bias=call.layer.center, kind="group_norm"
    )  # fmt: skip


@rule("SpectralNormalization")
def spectral_norm(call: Call) -> Any:
    """Only the weights of the layer inside are changed.

    https://keras.io/api/layers/normalization_layers/spectral_normalization/
    """
    return call.machine.inside(call.layer.layer, call.args, {})
