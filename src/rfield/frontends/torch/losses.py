"""Losses that a model computes in forward: position by position, then summed up."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core import arrays, ops
from ...core.link import everything
from ...core.ops import Op
from .rulebook import Arguments, Reading, rule


def _reduced(each: Reading, arg: Arguments) -> Reading:
    """As the loss asks: 0 is each on its own, 1 the mean, 2 the sum."""
    return arrays.reduce(each, None, kind="loss") if arg.reduction else each


@rule("aten::mse_loss", "aten::binary_cross_entropy", "aten::binary_cross_entropy_with_logits",
      "aten::huber_loss", "aten::smooth_l1_loss", "aten::soft_margin_loss",
      shaped="floats")  # fmt: skip
def pointwise_loss(arg: Arguments) -> Reading:
    """Prediction and target, element by element.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.mse_loss.html
    """
    return _reduced(arrays.pointwise(*arg.operands, kind="loss"), arg)


@rule("aten::nll_loss_forward", "aten::nll_loss2d_forward")
def nll_loss(arg: Arguments) -> Any:
    """The class that the target names, of each item; which that is may be data.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.nll_loss.html
    """
    scores, target = arg.self, arg.target
    axis = min(scores.dim() - 1, 1)
    known = arg.constant(target)
    if known is None:
        each = arrays.gather_elements(scores, arrays.unsqueeze(target, axis), axis)
    else:
        classes = known.detach().numpy()
        counts = classes != arg.ignore_index
        places, counted = (np.expand_dims(part, axis) for part in (classes * counts, counts))
        each = arrays.where(counted, arrays.gather_elements(scores, places, axis), 0.0)
    loss = _reduced(arrays.squeeze(each, axis), arg)
    total = None if known is not None else arrays.reduce(target, None)
    return loss, total  # of the weights of the items that count


@rule("aten::multi_margin_loss", "aten::multilabel_margin_loss_forward")
def margin_loss(arg: Arguments) -> Any:
    """All classes of each item, beside its target.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.multi_margin_loss.html
    """
    several = isinstance(arg.result, (tuple, list))
    rows = arrays.reduce(arg.self, -1, kind="loss")
    target = arrays.reduce(arg.target, -1) if several else arg.target
    loss = _reduced(arrays.pointwise(rows, target, kind="loss"), arg)
    if not several:
        return loss
    return loss, arrays.pointwise(arg.target, arrays.reduce(arg.target, -1, keepdims=True))


@rule("aten::_ctc_loss")
def ctc_loss(arg: Arguments) -> Any:
    """All times and classes of each item, as many as the lengths leave.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.ctc_loss.html
    """
    scores, shape = arg.log_probs, tuple(arg.result[1].shape)
    items = ops.reduce(tuple(scores.shape), [0, 2], kind="loss")
    others = [everything(tensor.dim()) for tensor in arg.operands[1:]]
    loss = Op("loss", items.shape, (*items.links, *others), exact=False)
    each = ops.opaque([tuple(tensor.shape) for tensor in arg.operands], shape, kind="loss")
    return Reading(loss, arg.operands), Reading(each, arg.operands)
