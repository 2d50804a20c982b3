"""Normalisation: pointwise where the statistics are fixed, else all that is averaged is read."""

from __future__ import annotations

from ...core import ops
from ...core.ops import Op
from ...core.relation import WHOLE, Relation
from .rulebook import Arguments, find_rule, rule


@rule("BatchNormalization")
def batch_norm(arg: Arguments) -> Op:
    """In training the statistics are those of the whole batch."""
    shape = arg.shape(0)
    if not arg.training or not arg.layer.trainable:
        return ops.pointwise(shape, kind="batch_norm")
    axis = arg.layer.axis % len(shape)
    return ops.mix(shape, [a for a in range(len(shape)) if a != axis], kind="batch_norm")


@rule("LayerNormalization", "RMSNormalization", "UnitNormalization")
def layer_norm(arg: Arguments) -> Op:
    """Statistics over the given axes."""
    axis = arg.layer.axis
    axes = axis if isinstance(axis, (tuple, list)) else [axis]
    return ops.mix(arg.shape(0), axes, kind="layer_norm")


@rule("GroupNormalization")
def group_norm(arg: Arguments) -> Op:
    """Statistics over space and the channels of a group."""
    shape, axis = arg.shape(0), arg.layer.axis % len(arg.shape(0))
    groups = shape[axis] if arg.layer.groups == -1 else arg.layer.groups
    each = shape[axis] // groups
    group: Relation = WHOLE if groups == 1 else ops.group_relation(each, each)
    mixed = {a: (WHOLE, shape[a]) for a in range(1, len(shape)) if a != axis}
    return ops.along(shape, {axis: (group, shape[axis]), **mixed}, kind="group_norm")


@rule("SpectralNormalization")
def spectral_norm(arg: Arguments) -> Op:
    """Only the weights of the layer inside are changed."""
    inner = arg.layer.layer
    found = find_rule(inner)
    if found is None:
        return ops.opaque([arg.shape(0)], arg.shape(0), kind="spectral_norm")
    arg.layer = inner
    return found.function(arg)
