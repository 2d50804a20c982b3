"""Normalisation: pointwise where the statistics are fixed, else what is averaged is read too."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ...core import arrays
from .rulebook import Arguments, Reading, bad_sizes, rule


@rule("aten::batch_norm", shaped=True)
def batch_norm(arg: Arguments) -> Reading:
    """In evaluation pointwise; in training the statistics are those of the whole batch."""
    sizes = arg.running_mean if arg.weight is None else arg.weight
    if sizes is not None and (arg.input.dim() < 2 or arg.input.shape[1] != sizes.shape[0]):
        raise bad_sizes("the channel axis", arg.input.shape, sizes.shape)
    return _batch(arg.input, arg.training or arg.running_mean is None)


@rule("aten::native_batch_norm", "aten::_native_batch_norm_legit", "aten::cudnn_batch_norm",
      "aten::miopen_batch_norm")  # fmt: skip
def native_batch_norm(arg: Arguments) -> tuple[Reading, None, None]:
    """The same, with the statistics beside the result."""
    return _batch(arg.input, arg.training), None, None


@rule("aten::_native_batch_norm_legit.no_stats", "aten::_native_batch_norm_legit_functional")
def batch_norm_of_batch(arg: Arguments) -> tuple[Reading, None, None]:
    """Always the statistics of the batch."""
    return _batch(arg.input, arg.get("training", True)), None, None


@rule("aten::_batch_norm_with_update", "aten::_batch_norm_no_update", shaped=True)
def batch_norm_apart(arg: Arguments) -> tuple[Reading, None, None, None]:
    """With the statistics of the batch, or without; beside them what a kernel keeps."""
    return _batch(arg.input, arg.short == "batch_norm_with_update"), None, None, None


@rule("aten::_native_batch_norm_legit_no_training")
def batch_norm_fixed(arg: Arguments) -> tuple[Reading, None, None]:
    """Never the statistics of the batch."""
    return _batch(arg.input, False), None, None


def _batch(tensor: torch.Tensor, training: bool) -> Reading:
    return arrays.batch_norm(tensor, training=training)


@rule("aten::instance_norm", shaped=True)
def instance_norm(arg: Arguments) -> Reading:
    """Statistics of each channel of each image."""
    if not arg.use_input_stats:
        return arrays.pointwise(arg.input, kind="instance_norm")
    return arrays.norm(arg.input, range(2, arg.input.dim()), kind="instance_norm")


@rule("aten::layer_norm", "aten::rms_norm", shaped=True)
def layer_norm(arg: Arguments) -> Reading:
    """Statistics over the last axes."""
    shape, rank = tuple(arg.input.shape), len(arg.input.shape)
    count = len(arg.normalized_shape)
    if shape[rank - count :] != tuple(arg.normalized_shape):
        raise bad_sizes("the end", shape, arg.normalized_shape)
    return arrays.norm(arg.input, range(rank - count, rank), kind="layer_norm")


@rule("aten::native_layer_norm", "aten::_fused_rms_norm")
def native_layer_norm(arg: Arguments) -> tuple[Reading, ...]:
    """The same, with the statistics beside the result."""
    op = layer_norm(arg)
    return op, *(_statistics(arg, t.shape) for t in arg.result[1:])


def _statistics(arg: Arguments, shape: Sequence[int]) -> Reading:
    gone = [axis for axis, size in enumerate(shape) if size != arg.input.shape[axis]]
    return arrays.reduce(arg.input, gone, keepdims=True, kind="statistics")


@rule("aten::group_norm", shaped=True)
def group_norm(arg: Arguments) -> Reading:
    """Statistics over space and the channels of a group."""
    return _group(arg.input, arg.num_groups)


@rule("aten::native_group_norm")
def native_group_norm(arg: Arguments) -> tuple[Reading, None, None]:
    """The same, with the statistics beside the result."""
    return _group(arg.input, arg.group), None, None


def _group(tensor: torch.Tensor, groups: int) -> Reading:
    space = range(2, tensor.dim())
    return arrays.norm(tensor, space, groups=groups, channel_axis=1, kind="group_norm")


@rule("aten::_weight_norm_interface")
def weight_norm(arg: Arguments) -> tuple[Reading, Reading]:
    """A weight and its norm, should it depend on the input.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.weight_norm.html
    """
    rest = [axis for axis in range(arg.v.dim()) if axis != arg.dim]
    norm = arrays.reduce(arg.v, rest, keepdims=True, kind="norm")
    return arrays.mix(arg.v, rest, kind="weight_norm"), arrays.reshape(norm, arg.result[1].shape)
