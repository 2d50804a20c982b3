"""Weights that a model makes of its parameters, and numbers that hide what stands beside them."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

LATER = torch.ones(8, 8).triu(1).bool()
PLACES = torch.arange(8)


class Mixed(nn.Module):
    """``make`` of a parameter times the input, along the axis of eight positions."""

    def __init__(self, make, *size):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(*size) + 0.1)
        self.make = make

    def forward(self, x):
        return self.make(self.weight) @ x


class Called(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def positions(model, row, shape=(1, 8, 4)):
    found = rfield.support(rfield.load(model, shape, axes=(1,)), (row,))
    return {found.offset[0] + int(k) for k in np.flatnonzero(found.mask)}, found.fidelity


def put(weight):
    made = torch.zeros(8, 8, dtype=weight.dtype)
    made[PLACES[1:], PLACES[:-1]] = weight[0]
    made[PLACES, PLACES] = weight[1]
    return made


def written(weight):
    made = weight.tril() * 1
    made[1:, 7].copy_(weight[0, 1:])
    return made


def filled(weight):
    made = weight.tril() * 1
    made[:, :] = weight
    return made


MADE = {
    "tril": (torch.tril, (8, 8), {0, 1}),
    "diag": (torch.diag, (8,), {1}),
    "diag_embed": (lambda w: torch.diag_embed(w, -1), (7,), {0}),
    "block_diag": (lambda w: torch.block_diag(w, w), (4, 4), {0, 1, 2, 3}),
    "kron": (lambda w: torch.kron(torch.eye(4), w), (2, 2), {0, 1}),
    "index_put": (put, (2,), {0, 1}),
    "a write into a view": (written, (8, 8), {0, 1, 7}),
    "written over": (filled, (8, 8), set(range(8))),
    "softmax": (lambda w: w.masked_fill(LATER, -torch.inf).softmax(-1), (8, 8), {0, 1}),
    "cat": (lambda w: torch.cat([w, torch.zeros(8, 6)], 1), (8, 2), {0, 1}),
    "pad": (lambda w: F.pad(w, (2, 2)), (8, 4), {2, 3, 4, 5}),
    "a product": (lambda w: w.tril() @ w.tril(), (8, 8), {0, 1}),
    "a sum": (lambda w: w.tril() + w.tril(-1), (8, 8), {0, 1}),
    "a triangle and its mirror": (lambda w: w.tril() + w.tril().T, (8, 8), set(range(8))),
    "relu": (lambda w: w.tril().relu(), (8, 8), {0, 1}),
    "a threshold": (lambda w: F.threshold(w, 9.0, 0.0), (8, 8), set(range(8))),
}


@pytest.mark.parametrize("name", MADE)
def test_zeros_of_made_weights(name):
    make, size, right = MADE[name]
    read, fidelity = positions(Mixed(make, *size), 1)
    assert read == right
    assert fidelity is rfield.Fidelity.EXACT
    torch.manual_seed(0)
    model, x = Mixed(make, *size).double(), torch.rand(1, 8, 4).double()
    if name != "a threshold":  # which says nothing about the weights that are trained
        for place in range(8):
            changed = x.clone()
            changed[:, place] += 1
            moved = bool((model(changed)[:, 1] != model(x)[:, 1]).any())
            assert moved == (place in right)


def test_a_view_of_a_weight_that_lies_transposed():
    model = Mixed(lambda w: w.t().view(64).view(8, 8).tril(), 8, 8)
    model.weight = nn.Parameter(model.weight.detach().t())
    assert positions(model, 1) == ({0, 1}, rfield.Fidelity.EXACT)


def test_the_random_state_stays():
    model = Mixed(torch.tril, 8, 8)
    before = torch.get_rng_state()
    positions(model, 1)
    assert torch.equal(torch.get_rng_state(), before)


def attention(after):
    def run(x):
        scores = (x @ x.transpose(1, 2)).masked_fill(LATER, -torch.inf)
        return after(scores) @ x

    return run


@pytest.mark.parametrize(
    ("after", "exact"),
    [
        (torch.sigmoid, True),
        (torch.relu, True),
        (torch.exp, True),
        (F.softplus, True),
        (lambda s: torch.maximum(s, torch.zeros(())), True),
        (lambda s: s.sub(1).exp(), True),
        (lambda s: s.clamp(min=-1e9).softmax(-1), False),
        (lambda s: s.log_softmax(-1).exp(), True),
    ],
)
def test_what_follows_a_mask_of_minus_infinity(after, exact):
    """What is not followed is a bound, never called exact."""
    read, fidelity = positions(Called(attention(after)), 0)
    assert (read == {0}) == exact
    assert fidelity is (rfield.Fidelity.EXACT if exact else rfield.Fidelity.UPPER_BOUND)


MASK = torch.tensor([0.0, 1.0] * 4)[None, :, None]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: torch.xlogy(torch.tensor(0.0), x.flip(1)) + x,
        lambda x: ((x.flip(1) > 0) | (MASK == 0)).float() + x,
    ],
)
def test_a_number_that_may_hide_another_makes_a_bound(function):
    read, fidelity = positions(Called(function), 0)
    assert read == {0, 7}
    assert fidelity is rfield.Fidelity.UPPER_BOUND


def test_a_power_keeps_zeros():
    read, fidelity = positions(Called(lambda x: (x.flip(1) * MASK) ** 2 + x), 0)
    assert (read, fidelity) == ({0}, rfield.Fidelity.EXACT)
