"""Normalisation: pointwise where the statistics are fixed, else what is averaged is read too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core import arrays
from .rulebook import Arguments, Reading, Written, bad_sizes, rule


@rule("aten::batch_norm", shaped=True)
def batch_norm(arg: Arguments) -> Any:
    """In evaluation pointwise; in training the statistics are those of the whole batch."""
    sizes = arg.running_mean if arg.weight is None else arg.weight
    if sizes is not None and (arg.input.dim() < 2 or arg.input.shape[1] != sizes.shape[0]):
        raise bad_sizes("the channel axis", arg.input.shape, sizes.shape)
    made = _batch(arg, arg.training or arg.running_mean is None, 0)
    return Written(made.answer[0], made.held)


@rule("aten::native_batch_norm", "aten::_native_batch_norm_legit",
      "aten::miopen_batch_norm", "aten::_native_batch_norm_legit.no_stats")  # fmt: skip
def native_batch_norm(arg: Arguments) -> Any:
    """The same, with the statistics beside the result; without running ones, those of the batch."""
    return _batch(arg, arg.get("training", True), 2)


@rule("aten::_native_batch_norm_legit_functional")
def batch_norm_of_batch(arg: Arguments) -> Any:
    """What the running statistics become is among the results."""
    answer, held = _batch(arg, arg.training, 2)
    return *answer, *(held.get(name, arrays.pointwise(arg.get(name))) for name in _RUNNING)


@rule("aten::_batch_norm_with_update", "aten::_batch_norm_no_update", "aten::cudnn_batch_norm",
      shaped=True)  # fmt: skip
def batch_norm_apart(arg: Arguments) -> Any:
    """With the statistics of the batch, or without; beside them what a kernel keeps."""
    answer, held = _batch(arg, arg.get("training", arg.short == "batch_norm_with_update"), 2)
    return Written((*answer, None), held)


@rule("aten::_native_batch_norm_legit_no_training")
def batch_norm_fixed(arg: Arguments) -> Any:
    """Never the statistics of the batch."""
    return _batch(arg, False, 2).answer


_RUNNING = ("running_mean", "running_var")


def _batch(arg: Arguments, training: bool, beside: int) -> Written:
    """The result, so many statistics ``beside`` it, and what the running ones become."""
    result = arrays.batch_norm(arg.input, training=training)
    if not training:
        return Written((result, *[None] * beside), {})
    rest = [axis for axis in range(arg.input.dim()) if axis != 1]
    found = arrays.reduce(arg.input, rest, kind="statistics")
    running = {name: arg.get(name) for name in _RUNNING}
    return Written(
        (result, *[found] * beside),
        {name: arrays.add(t, found) for name, t in running.items() if t is not None},
    )


@rule("aten::instance_norm", shaped=True)
def instance_norm(arg: Arguments) -> Any:
    """Statistics of each channel of each image; the running ones take their mean over the batch."""
    if not arg.use_input_stats:
        return arrays.pointwise(arg.input, kind="instance_norm", algebra="offset")
    bias = arg.get("bias") is not None
    space = range(2, arg.input.dim())
    result = arrays.norm(arg.input, space, bias=bias, kind="instance_norm")
    return Written(result, _batch(arg, True, 0).held)


@rule("aten::layer_norm", "aten::rms_norm", shaped=True)
def layer_norm(arg: Arguments) -> Reading:
    """Statistics over the last axes."""
    shape, rank = tuple(arg.input.shape), len(arg.input.shape)
    bias = arg.get("bias") is not None
    count = len(arg.normalized_shape)
    if shape[rank - count :] != tuple(arg.normalized_shape):
        raise bad_sizes("the end", shape, arg.normalized_shape)
    return arrays.norm(arg.input, range(rank - count, rank), bias=bias, kind="layer_norm")


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
    return _group(arg, arg.num_groups)


@rule("aten::native_group_norm")
def native_group_norm(arg: Arguments) -> tuple[Reading, Reading, Reading]:
    """The same, with the statistics of each group beside the result."""
    batch, _, *space = arg.input.shape
    parts = arrays.reshape(arg.input, (batch, arg.group, -1, *space))
    found = arrays.reduce(parts, range(2, arg.input.dim() + 1), kind="statistics")
    return _group(arg, arg.group), found, found


def _group(arg: Arguments, groups: int) -> Reading:
    space, bias = range(2, arg.input.dim()), arg.get("bias") is not None
    return arrays.norm(
        arg.input, space, groups=groups, channel_axis=1, bias=bias, kind="group_norm"
    )  # fmt: skip


@rule("aten::_weight_norm_interface")
def weight_norm(arg: Arguments) -> tuple[Reading, Reading]:
    """A weight and its norm, should it depend on the input.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.weight_norm.html
    """
    rest = [axis for axis in range(arg.v.dim()) if axis != arg.dim]
    norm = arrays.reduce(arg.v, rest, keepdims=True, kind="norm")
    return arrays.mix(arg.v, rest, kind="weight_norm", algebra="keep"), arrays.reshape(
        norm, arg.result[1].shape
    )
