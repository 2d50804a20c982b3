"""Normalisation: pointwise where the statistics are fixed, else what is averaged is read too."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch

from ...core import ops
from ...core.ops import Op
from ...core.relation import WHOLE, Relation
from .rulebook import Arguments, Reading, bad_sizes, rule


@rule("aten::batch_norm", shaped=True)
def batch_norm(arg: Arguments) -> Op | Reading:
    """In evaluation pointwise; in training the statistics are those of the whole batch."""
    sizes = arg.running_mean if arg.weight is None else arg.weight
    if sizes is not None and (arg.input.dim() < 2 or arg.input.shape[1] != sizes.shape[0]):
        raise bad_sizes("the channel axis", arg.input.shape, sizes.shape)
    return _batch(arg.input, arg.training or arg.running_mean is None)


@rule("aten::native_batch_norm", "aten::_native_batch_norm_legit", "aten::cudnn_batch_norm",
      "aten::miopen_batch_norm")  # fmt: skip
def native_batch_norm(arg: Arguments) -> tuple[Op | Reading, None, None]:
    """The same, with the statistics beside the result."""
    return _batch(arg.input, arg.training), None, None


@rule("aten::_native_batch_norm_legit.no_stats", "aten::_batch_norm_with_update",
      "aten::_native_batch_norm_legit_functional")  # fmt: skip
def batch_norm_of_batch(arg: Arguments) -> tuple[Op | Reading, None, None]:
    """Always the statistics of the batch."""
    return _batch(arg.input, arg.get("training", True)), None, None


@rule("aten::_native_batch_norm_legit_no_training", "aten::_batch_norm_no_update")
def batch_norm_fixed(arg: Arguments) -> tuple[Op | Reading, None, None]:
    """Never the statistics of the batch."""
    return _batch(arg.input, False), None, None


def _batch(tensor: torch.Tensor, training: bool) -> Op | Reading:
    shape = tuple(tensor.shape)
    if not training:
        return ops.pointwise(shape, kind="batch_norm")
    return _normalized(tensor, ops.mix(shape, [0, *range(2, len(shape))], kind="batch_norm"))


def _normalized(tensor: torch.Tensor, statistics: Op) -> Reading:
    """Each element from its own place, and the statistics that it is measured by."""
    own = ops.pointwise(statistics.shape).links
    op = Op(statistics.kind, statistics.shape, (*own, *statistics.links))
    return Reading(op, [tensor, tensor])


@rule("aten::instance_norm", shaped=True)
def instance_norm(arg: Arguments) -> Op | Reading:
    """Statistics of each channel of each image."""
    shape = tuple(arg.input.shape)
    if not arg.use_input_stats:
        return ops.pointwise(shape, kind="instance_norm")
    return _normalized(arg.input, ops.mix(shape, range(2, len(shape)), kind="instance_norm"))


@rule("aten::layer_norm", "aten::rms_norm", shaped=True)
def layer_norm(arg: Arguments) -> Op | Reading:
    """Statistics over the last axes."""
    shape, rank = tuple(arg.input.shape), len(arg.input.shape)
    count = len(arg.normalized_shape)
    if shape[rank - count :] != tuple(arg.normalized_shape):
        raise bad_sizes("the end", shape, arg.normalized_shape)
    op = ops.mix(shape, range(rank - count, rank), kind="layer_norm")
    return _normalized(arg.input, op) if count > 1 else op


@rule("aten::native_layer_norm", "aten::_fused_rms_norm")
def native_layer_norm(arg: Arguments) -> tuple[Op | Reading, ...]:
    """The same, with the statistics beside the result."""
    op = layer_norm(arg)
    return op, *(_statistics(arg, t.shape) for t in arg.result[1:])


def _statistics(arg: Arguments, shape: Sequence[int]) -> Op:
    kept = [axis for axis, size in enumerate(shape) if size == arg.input.shape[axis]]
    gone = [axis for axis in range(len(shape)) if axis not in kept]
    return ops.reduce(tuple(arg.input.shape), gone, keepdims=True, kind="statistics")


@rule("aten::group_norm", shaped=True)
def group_norm(arg: Arguments) -> Reading:
    """Statistics over space and the channels of a group."""
    return _group(arg.input, arg.num_groups)


@rule("aten::native_group_norm")
def native_group_norm(arg: Arguments) -> tuple[Op | Reading, None, None]:
    """The same, with the statistics beside the result."""
    return _group(arg.input, arg.group), None, None


def _group(tensor: torch.Tensor, groups: int) -> Reading:
    shape = tuple(tensor.shape)
    channels, each = shape[1], shape[1] // groups
    group: Relation = WHOLE if groups == 1 else ops.group_relation(each, each)
    mixed = {axis: (WHOLE, shape[axis]) for axis in range(2, len(shape))}
    op = ops.along(shape, {1: (group, channels), **mixed}, kind="group_norm")
    return _normalized(tensor, op)


@rule("aten::_weight_norm_interface")
def weight_norm(arg: Arguments) -> tuple[Op, Op]:
    """A weight and its norm, should it depend on the input."""
    shape = tuple(arg.v.shape)
    rest = [axis for axis in range(len(shape)) if axis != arg.dim]
    norm = [ops.reduce(shape, rest, keepdims=True, kind="norm")]
    size = prod(norm[0].shape)
    return ops.mix(shape, rest, kind="weight_norm"), ops.opaque([shape], (size,), kind="norm")
