"""A causal mask of a finite number beside a mask that the data gives: a row may have nothing else.

Where padding hides the rest of a row, all of its scores are as low, and the softmax reads what the
causal mask hides. Measured in float64 with rows that are padded throughout.
"""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

LATER = torch.ones(6, 6, dtype=torch.bool).triu(1)
LOW = torch.finfo(torch.float32).min


def padded(x):
    return (x[..., 0] < 0)[:, None, :].expand(1, 6, 6)


def by_hand(scores):
    raised = (scores - scores.amax(-1, True)).exp()
    return raised / raised.sum(-1, keepdim=True)


MASKED = {
    "both added": lambda a, x: a + LATER * LOW + padded(x) * LOW,
    "padding first": lambda a, x: a.masked_fill(padded(x), LOW).masked_fill(LATER, LOW),
    "padding last": lambda a, x: a.masked_fill(LATER, LOW).masked_fill(padded(x), LOW),
    "chosen": lambda a, x: torch.where(~LATER & ~padded(x), a, LOW),
    "no lower": lambda a, x: a + torch.maximum(LATER * LOW + padded(x) * LOW, torch.tensor(LOW)),
    "the opposite": lambda a, x: a + LATER * LOW + (1.0 - (~padded(x)).double()) * LOW,
    "by infinity": lambda a, x: a.masked_fill(padded(x), -torch.inf).masked_fill(LATER, LOW),
}


class Attends(nn.Module):
    def __init__(self, mask, softmax):
        super().__init__()
        self.mask, self.softmax = mask, softmax

    def forward(self, x):
        return self.softmax(self.mask(x @ x.transpose(1, 2), x)) @ x


def claimed(model, row=2):
    found = rfield.support(rfield.load(model, (1, 6, 4), axes=(1,)), (row,))
    return {found.offset[0] + int(k) for k in np.flatnonzero(found.mask)}, found.fidelity.value


def measured(model, row=2):
    x = torch.rand(1, 6, 4, dtype=torch.float64) + 0.5
    x[:, : row + 1, 0] = -1
    moved = set()
    for place in range(6):
        other = x.clone()
        other[:, place, 1:] += 1
        if not torch.equal(model(other)[0, row], model(x)[0, row]):
            moved.add(place)
    return moved


@pytest.mark.parametrize("name", MASKED)
@pytest.mark.parametrize("softmax", [lambda a: a.softmax(-1), by_hand])
def test_what_is_read_where_all_is_padded(name, softmax) -> None:
    model = Attends(MASKED[name], softmax)
    assert measured(model) >= {3, 4, 5}
    assert claimed(model) == ({0, 1, 2, 3, 4, 5}, "upper bound")


def test_the_float_mask_of_attention() -> None:
    def attend(x):
        mask = torch.zeros(6, 6).masked_fill(LATER, LOW) + padded(x) * LOW
        return F.scaled_dot_product_attention(x, x, x, attn_mask=mask.to(x.dtype))

    class Model(nn.Module):
        def forward(self, x):
            return attend(x)

    assert measured(Model()) >= {3, 4, 5}
    assert claimed(Model()) == ({0, 1, 2, 3, 4, 5}, "upper bound")


@pytest.mark.parametrize(
    "mask",
    [
        lambda a, x: a.masked_fill(padded(x), LOW).masked_fill(LATER, -torch.inf),
        lambda a, x: a.masked_fill(LATER, LOW),
        lambda a, x: a + LATER * LOW,
        lambda a, x: (a + x[..., :1] * 1e6).relu() + LATER * LOW,
    ],
)
def test_what_is_hidden_for_good_stays_hidden(mask) -> None:
    assert claimed(Attends(mask, lambda a: a.softmax(-1))) == ({0, 1, 2}, "exact")
