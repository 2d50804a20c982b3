"""Normalisation: pointwise where the statistics are fixed, else every output reads what is averaged."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from ...core import ops
from ...core.indices import IndexSet
from ...core.ops import Op
from ...core.relation import WHOLE, Relation, Sliding
from .rulebook import Arguments, rule


@rule("aten::batch_norm", shaped=True)
def batch_norm(arg: Arguments) -> Op:
    """In evaluation pointwise; in training the statistics are those of the whole batch."""
    return _batch(arg.input.shape, arg.training or arg.running_mean is None)


@rule("aten::native_batch_norm", "aten::_native_batch_norm_legit", "aten::cudnn_batch_norm",
      "aten::miopen_batch_norm")  # fmt: skip
def native_batch_norm(arg: Arguments) -> tuple[Op, None, None]:
    """The same, with the statistics beside the result."""
    return _batch(arg.input.shape, arg.training), None, None


@rule("aten::_native_batch_norm_legit.no_stats", "aten::_batch_norm_with_update",
      "aten::_native_batch_norm_legit_functional")  # fmt: skip
def batch_norm_of_batch(arg: Arguments) -> tuple[Op, None, None]:
    """Always the statistics of the batch."""
    return _batch(arg.input.shape, arg.get("training", True)), None, None


@rule("aten::_native_batch_norm_legit_no_training", "aten::_batch_norm_no_update")
def batch_norm_fixed(arg: Arguments) -> tuple[Op, None, None]:
    """Never the statistics of the batch."""
    return _batch(arg.input.shape, False), None, None


def _batch(shape: Sequence[int], training: bool) -> Op:
    if not training:
        return ops.pointwise(tuple(shape), kind="batch_norm")
    return ops.mix(shape, [0, *range(2, len(shape))], kind="batch_norm")


@rule("aten::instance_norm", shaped=True)
def instance_norm(arg: Arguments) -> Op:
    """Statistics of each channel of each image."""
    shape = tuple(arg.input.shape)
    if not arg.use_input_stats:
        return ops.pointwise(shape, kind="instance_norm")
    return ops.mix(shape, range(2, len(shape)), kind="instance_norm")


@rule("aten::layer_norm", "aten::rms_norm", shaped=True)
def layer_norm(arg: Arguments) -> Op:
    """Statistics over the last axes."""
    rank = len(arg.input.shape)
    axes = range(rank - len(arg.normalized_shape), rank)
    return ops.mix(tuple(arg.input.shape), axes, kind="layer_norm")


@rule("aten::native_layer_norm", "aten::_fused_rms_norm")
def native_layer_norm(arg: Arguments) -> tuple[Op, ...]:
    """The same, with the statistics beside the result."""
    op = layer_norm(arg)
    return op, *(_statistics(arg, t.shape) for t in arg.result[1:])


def _statistics(arg: Arguments, shape: Sequence[int]) -> Op:
    kept = [axis for axis, size in enumerate(shape) if size == arg.input.shape[axis]]
    gone = [axis for axis in range(len(shape)) if axis not in kept]
    return ops.reduce(tuple(arg.input.shape), gone, keepdims=True, kind="statistics")


@rule("aten::group_norm", shaped=True)
def group_norm(arg: Arguments) -> Op:
    """Statistics over space and the channels of a group."""
    return _group(tuple(arg.input.shape), arg.num_groups)


@rule("aten::native_group_norm")
def native_group_norm(arg: Arguments) -> tuple[Op, None, None]:
    """The same, with the statistics beside the result."""
    return _group(tuple(arg.input.shape), arg.group), None, None


def _group(shape: tuple[int, ...], groups: int) -> Op:
    channels, each = shape[1], shape[1] // groups
    group: Relation = WHOLE if groups == 1 else ops.group_relation(each, each)
    mixed = {axis: (WHOLE, shape[axis]) for axis in range(2, len(shape))}
    return ops.along(shape, {1: (group, channels), **mixed}, kind="group_norm")


@rule("aten::local_response_norm", shaped=True)
def local_response_norm(arg: Arguments) -> Op:
    """Each channel reads its neighbours."""
    shape, size = tuple(arg.input.shape), arg.size
    relation = Sliding(1, 1, (IndexSet.interval(-(size // 2), (size - 1) // 2),))
    return ops.along(shape, {1: (relation, shape[1])}, kind="local_response_norm")


@rule("aten::_weight_norm_interface")
def weight_norm(arg: Arguments) -> tuple[Op, Op]:
    """A weight and its norm, should it depend on the input."""
    shape = tuple(arg.v.shape)
    rest = [axis for axis in range(len(shape)) if axis != arg.dim]
    norm = [ops.reduce(shape, rest, keepdims=True, kind="norm")]
    size = prod(norm[0].shape)
    return ops.mix(shape, rest, kind="weight_norm"), ops.opaque([shape], (size,), kind="norm")
