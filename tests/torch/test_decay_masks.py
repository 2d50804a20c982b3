"""Factors of several numbers: their zeros cut what they multiply, as those of a plain mask do."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

import rfield  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

AT = torch.arange(6)
APART = AT[:, None] - AT
DECAY = (0.9**APART).tril()


class Calls(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def positions(function, row):
    model = Calls(function)
    found = rfield.support(rfield.load(model, (1, 6, 4), axes=(1,)), (row,))
    return {found.offset[0] + int(k) for k in np.flatnonzero(found.mask)}, found.fidelity.value


def attended(mask):
    return lambda x: ((x @ x.transpose(1, 2)) * mask) @ x


CAUSAL = {
    "a decay": attended(DECAY),
    "made in forward": lambda x: ((x @ x.transpose(1, 2)) * (0.9**APART).tril()) @ x,
    "chosen": attended(torch.where(APART >= 0, 0.9**APART, 0.0)),
    "averages": attended(torch.ones(6, 6).tril() / AT.add(1)[:, None]),
    "of values": lambda x: DECAY @ x,
    "by parts": lambda x: torch.einsum("bqd,bkd,qk,bkv->bqv", x, x, DECAY, x),
}


@pytest.mark.parametrize("name", CAUSAL)
@pytest.mark.parametrize("row", [0, 2, 5])
def test_a_causal_decay_reads_the_past(name, row) -> None:
    assert positions(CAUSAL[name], row) == (set(range(row + 1)), "exact")


def test_a_tapered_window_reads_what_it_covers() -> None:
    near = (2 - APART.abs()).clamp(min=0)
    assert positions(attended(near), 3) == ({2, 3, 4}, "exact")
    assert positions(attended(near), 0) == ({0, 1}, "exact")


@pytest.mark.parametrize(
    ("factor", "read"),
    [
        (torch.tensor([0.0, 1, 0, 2, 3, 4]), {1, 3, 4, 5}),
        (torch.arange(6.0), {1, 2, 3, 4, 5}),
        (torch.hann_window(6, periodic=False), {1, 2, 3, 4}),
        (torch.relu(torch.arange(6.0) - 3), {4, 5}),
    ],
)
def test_the_zeros_of_a_factor_along_one_axis(factor, read) -> None:
    for row in range(6):
        got = positions(lambda x: x * factor[:, None], row)
        assert got == ({row} & read, "exact")
    assert positions(lambda x: (x * factor[:, None]).sum(1, True), 0) == (read, "exact")
