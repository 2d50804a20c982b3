"""Normalisation: pointwise where the statistics are fixed, else what is averaged is read too."""

from __future__ import annotations

from ...errors import InvalidModelError
from .. import ops
from ..arguments import normalize_axis
from ..operation import Op
from ..relation import WHOLE, Relation, window
from ..windows import group_relation
from .expression import Axes, Operand, Reading, axes_of, read, shape_of


def norm(
    x: Operand,
    axes: Axes,
    *,
    groups: int = 1,
    channel_axis: int | None = None,
    bias: bool = True,
    kind: str = "norm",
) -> Reading:
    """Each element by its own place and by the statistics over ``axes``.

    The two are read apart, so that the local field is that of the element. ``channel_axis`` with
    ``groups``: the statistics are also over the channels of the element's group. ``bias``: of
    nothing but zeros it makes some number, else zero.
    Layer, RMS and instance norm: ``axes`` alone; group norm: space and a channel axis.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html

    >>> from .expression import Known
    >>> len(norm(Known((2, 6, 5, 5)), (2, 3), channel_axis=1, groups=3).operands)
    2
    """
    shape = shape_of(x)
    named = axes_of(axes, len(shape))
    relations: dict[int, tuple[Relation, int]] = {axis: (WHOLE, shape[axis]) for axis in named}
    if channel_axis is not None:
        channel = normalize_axis(channel_axis, len(shape))
        channels = shape[channel]
        if groups < 1 or channels % groups:
            raise InvalidModelError(f"{channels} channels do not divide into {groups} groups")
        each = channels // groups
        group: Relation = WHOLE if groups == 1 else group_relation(each, each)
        relations[channel] = (group, channels)
    algebra = "offset" if bias else "keep"
    statistics = ops.along(shape, relations, kind=kind, algebra=algebra)
    own = ops.pointwise(shape).links
    return Reading(Op(kind, shape, (*own, *statistics.links), algebra=algebra), [x, x])


def batch_norm(x: Operand, *, training: bool = False, channel_axis: int = 1) -> Reading:
    """Pointwise, or in training by the statistics of each channel over the whole batch.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html

    >>> from .expression import Known
    >>> len(batch_norm(Known((2, 3, 5))).operands)
    1
    """
    shape = shape_of(x)
    if not training:
        return read(ops.pointwise(shape, kind="batch_norm", algebra="offset"), x)
    channel = normalize_axis(channel_axis, len(shape))
    return norm(x, [axis for axis in range(len(shape)) if axis != channel], kind="batch_norm")


def local_response_norm(x: Operand, before: int, after: int, axis: int = 1) -> Reading:
    """Each channel by its neighbours: ``i`` reads ``i - before .. i + after``.

    https://onnx.ai/onnx/operators/onnx__LRN.html

    >>> from .expression import Known
    >>> local_response_norm(Known((1, 8, 5)), 1, 2).shape
    (1, 8, 5)
    """
    shape = shape_of(x)
    axis = normalize_axis(axis, len(shape))
    around = window(before + after + 1, 1, before)
    return read(
        ops.along(shape, {axis: (around, shape[axis])}, kind="local_response_norm", algebra="keep"),
        x,
    )
