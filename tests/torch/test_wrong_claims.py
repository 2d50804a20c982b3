"""``verify`` and a deliberately wrong rule of each kind: masks, attention, padding by ``cat``.

A NaN would confirm what a mask takes away; finite marks do not. The wrong claim is that of a model
that differs by its mask or its padding only.
"""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


class Masked(nn.Module):
    """A kernel times a mask."""

    def __init__(self, mask):
        super().__init__()
        self.w = nn.Parameter(torch.rand(2, 1, 3, 3) + 0.5)
        self.register_buffer("mask", torch.tensor(mask, dtype=torch.float32))

    def forward(self, x):
        return F.conv2d(x, self.w * self.mask, padding=1)


class Attention(nn.Module):
    """Attention with an additive mask."""

    def __init__(self, mask):
        super().__init__()
        self.q, self.k, self.v = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)
        self.register_buffer("mask", mask)

    def forward(self, x):
        scores = self.q(x) @ self.k(x).transpose(1, 2)
        return (scores + self.mask).softmax(-1) @ self.v(x)


class Padded(nn.Module):
    """Something laid in front of the signal."""

    def __init__(self, front):
        super().__init__()
        self.c, self.front = nn.Conv1d(1, 2, 3), front

    def forward(self, x):
        return self.c(torch.cat([self.front(x), x], 2))


ALL = [[1, 1, 1]] * 3
CAUSAL = [[1, 1, 1], [1, 1, 0], [0, 0, 0]]
LOW = torch.full((9, 9), float("-inf"))
PAST, BAND = LOW.triu(1), LOW.triu(2) + LOW.tril(-2)
OPEN = torch.zeros(9, 9)
X = {"input_shape": (1, 1, 7, 7)}
T = {"input_shape": (1, 9, 4), "axes": (1,)}
S = {"input_shape": (1, 1, 12)}


def zeros(x):
    return x.new_zeros(1, 1, 2)


def repeated(x):
    return x[:, :, :1].repeat(1, 1, 2)


def wrapped(x):
    return x[:, :, -2:]


def mirrored(x):
    return x[:, :, 1:3].flip(2)


CLAIMS = {
    "all taps of a masked kernel": (lambda: Masked(CAUSAL), lambda: Masked(ALL), X),
    "too few taps of a kernel": (lambda: Masked(ALL), lambda: Masked(CAUSAL), X),
    "another mask": (lambda: Masked(CAUSAL), lambda: Masked(CAUSAL[::-1]), X),
    "attention without its causal mask": (lambda: Attention(PAST), lambda: Attention(OPEN), T),
    "attention without its band": (lambda: Attention(BAND), lambda: Attention(OPEN), T),
    "a mask that attention has not": (lambda: Attention(OPEN), lambda: Attention(PAST), T),
    "zeros read as the end": (lambda: Padded(zeros), lambda: Padded(wrapped), S),
    "the end read as zeros": (lambda: Padded(wrapped), lambda: Padded(zeros), S),
    "a mirror read as the first frame": (lambda: Padded(mirrored), lambda: Padded(repeated), S),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_wrong_claim_is_found(name):
    torch.manual_seed(0)
    real, claimed, shape = CLAIMS[name]
    model = real()
    assert rfield.verify(model, **shape), "the right claim"
    wrong = rfield.load(claimed(), **shape)
    found = rfield.verify(model, graph=wrong, **shape)
    assert not found
    problems = {c.problem.split(" by ")[0] for c in found.counterexamples}
    assert problems & {"claimed, but not read", "it reads more than claimed",
                       "noise outside the support changes it"}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in CLAIMS if "without" in name or "all" in name])
def test_what_a_nan_carries_through_a_mask_is_not_read(name):
    torch.manual_seed(0)
    real, claimed, shape = CLAIMS[name]
    found = rfield.verify(real(), graph=rfield.load(claimed(), **shape), **shape)
    assert {c.problem for c in found.counterexamples} == {"claimed, but not read"}
