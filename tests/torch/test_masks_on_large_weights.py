"""Masks on weights of more elements than are computed with: a bound, and exact where none is."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed")

import torch
import torch.nn.functional as F  # noqa: N812  # torch's own name for it
from torch import nn

import rfield

pytestmark = pytest.mark.torch
LARGE = 4200
"""The square of it is more than 2 ** 24."""
MIDDLE = 2100
"""The square of it is more than 2 ** 22: too large a table to be computed, not to be read."""


class Mixed(nn.Module):
    """All features of ``x`` are mixed by a weight with a mask on it."""

    def __init__(self, call, size):
        super().__init__()
        self.call, place = call, torch.arange(size)
        self.weight = nn.Parameter(torch.empty(size, size))
        self.down = nn.Parameter(torch.empty(size, 2))
        self.register_buffer("mask", (place[:, None] - place).abs() < 3)
        self.register_buffer("place", place)

    def forward(self, x):
        return self.call(self, x)


def _half(self, x):
    weight = self.weight.clone()
    weight[:, : x.shape[2] // 2].zero_()
    return F.linear(x, weight)


def _written(self, x):
    weight = self.weight.clone()
    weight.mul_(self.mask)
    return F.linear(x, weight)


MASKED = {
    "times a mask": lambda self, x: F.linear(x, self.weight * self.mask),
    "triangle": lambda self, x: x @ self.weight.tril(),
    "where": lambda self, x: x @ torch.where(self.mask, self.weight, 0.0),
    "softmax": lambda self, x: x @ self.weight.masked_fill(~self.mask, -torch.inf).softmax(0),
    "one of each": lambda self, x: x @ F.one_hot(self.place, x.shape[2]).to(x.dtype),
    "half is overwritten": _half,
    "mask is written": _written,
}
PLAIN = {
    "as it is": lambda self, x: F.linear(x, self.weight),
    "normed": lambda self, x: F.linear(x, self.weight / self.weight.norm(dim=0, keepdim=True)),
    "softmax": lambda self, x: x @ self.weight.softmax(0),
    "low rank beside it": lambda self, x: F.linear(x, self.weight + self.down @ self.down.mT),
}


def _field(call, size):
    return rfield.receptive_field(Mixed(call, size), input_shape=(1, 2, size))


@pytest.mark.parametrize("name", MASKED)
def test_a_mask_that_is_too_large_leaves_a_bound(name):
    assert _field(MASKED[name], LARGE).fidelity is rfield.Fidelity.UPPER_BOUND


@pytest.mark.parametrize("name", ["softmax", "one of each"])
def test_a_mask_that_is_too_large_to_be_made(name):
    assert _field(MASKED[name], MIDDLE).fidelity is rfield.Fidelity.UPPER_BOUND


@pytest.mark.parametrize("name", PLAIN)
def test_a_weight_without_a_mask_stays_exact(name):
    assert _field(PLAIN[name], LARGE).fidelity is rfield.Fidelity.EXACT


def test_a_complex_mask_counts():
    """Numbers of two parts have zeros too: a band of 5 of 40."""

    def call(self, x):
        return torch.view_as_real((x + 0j) @ (self.weight.to(torch.complex64) * self.mask))[..., 0]

    assert _field(call, 40).size == (5,)
