"""Numbers that stand for a weight are drawn only where zeros may be among them."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402
from rfield.frontends.torch.zeros import Plain  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

CAUSAL = torch.tensor([1.0, 1.0, 0.0])


class Made(nn.Module):
    """A convolution of three taps with a weight that is made of a parameter."""

    def __init__(self, make):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(4, 4, 3) + 0.1)
        self.make = make

    def forward(self, x):
        return F.conv1d(x, self.make(self.weight))


def taps(make):
    found = rfield.support(rfield.load(Made(make), (1, 4, 16)), (4,))
    return {found.offset[0] + int(k) - 4 for k in np.flatnonzero(found.mask)}, found.fidelity.value


def copy_then_mask(weight):
    kept = weight.clone()
    weight.mul_(CAUSAL)
    return kept


def view_then_mask(weight):
    view = weight.view(16, 3)
    weight.mul_(CAUSAL)
    return view.view(4, 4, 3)


def scaled_then_mask(weight):
    kept = weight * 2
    view = kept.permute(2, 0, 1)
    kept.mul_(CAUSAL)
    return view.permute(1, 2, 0)


def masked_view(weight):
    weight.view(16, 3).mul_(CAUSAL)
    return weight


@pytest.mark.parametrize(
    ("make", "read"),
    [
        (copy_then_mask, {0, 1, 2}),
        (view_then_mask, {0, 1}),
        (scaled_then_mask, {0, 1}),
        (masked_view, {0, 1}),
        (lambda weight: (weight * 2).permute(0, 1, 2) * CAUSAL, {0, 1}),
        (lambda weight: torch.cat([weight[..., :2], weight[..., 2:] * 0.0], -1), {0, 1}),
        (lambda weight: weight - weight.clone() + CAUSAL, {0, 1}),
    ],
)
def test_writes_and_masks_reach_what_was_not_drawn_yet(make, read) -> None:
    assert taps(make) == (read, "exact")


def standardized(weight):
    flat = weight.reshape(1, 4, -1)
    return F.batch_norm(flat, None, None, training=True).reshape_as(weight) * 0.5


@pytest.mark.parametrize(
    "make",
    [standardized, lambda w: w.flip(-1), lambda w: torch.cat([w[:2], w[2:]]) / 3, F.softplus],
)
def test_weights_without_masks_are_not_drawn(make, monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn(self: Plain) -> None:
        raise AssertionError("numbers were drawn")

    monkeypatch.setattr(Plain, "numbers", drawn)
    assert taps(make) == ({0, 1, 2}, "exact")
    with pytest.raises(rfield.InvalidModelError, match="numbers were drawn"):
        taps(lambda weight: weight * CAUSAL)
