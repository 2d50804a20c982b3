"""Masks too large to be looked into: what they hide is not known, so the answer is a bound."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

import rfield  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

T = 4200
"""T * T elements are more than are looked into."""


def positions(x):
    place = torch.arange(x.shape[1])
    return place[:, None], place


def scores(x):
    return x @ x.transpose(1, 2)


def causal(x):
    query, key = positions(x)
    return query >= key


def sdpa(x, **mask):
    return nn.functional.scaled_dot_product_attention(x, x, x, **mask)


HOW = {
    "filled": lambda x: scores(x).masked_fill(~causal(x), -torch.inf).softmax(-1) @ x,
    "added": lambda x: (scores(x) + torch.full((T, T), -torch.inf).triu(1)).softmax(-1) @ x,
    "added before a sigmoid": lambda x: (
        (scores(x) + torch.full((T, T), -torch.inf).triu(1)).sigmoid() @ x
    ),
    "multiplied": lambda x: (scores(x) * causal(x)) @ x,
    "chosen": lambda x: torch.where(causal(x), scores(x), 0.0) @ x,
    "a matrix": lambda x: torch.ones(T, T).tril() @ x,
    "attention, a mask": lambda x: sdpa(x, attn_mask=causal(x)),
    "attention, causal": lambda x: sdpa(x, is_causal=True),
}


class Model(nn.Module):
    def __init__(self, how):
        super().__init__()
        self.how = how

    def forward(self, x):
        return self.how(x)


@pytest.mark.parametrize("how", HOW)
def test_it_is_a_bound(how):
    found = rfield.receptive_field(Model(HOW[how]), input_shape=(1, T, 2), axes=(1,))
    assert found.fidelity is rfield.Fidelity.UPPER_BOUND


def test_a_large_weight_hides_nothing():
    model = nn.Linear(T, T, bias=False)
    found = rfield.receptive_field(model, input_shape=(1, 3, T), axes=(2,))
    assert found.fidelity is rfield.Fidelity.EXACT


def test_a_table_that_is_added_before_other_layers_hides_nothing():
    class Placed(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(T, 8)

        def forward(self, x):
            return self.linear(x + torch.arange(T * T).reshape(T, T).sin()).softmax(-1)

    found = rfield.receptive_field(Placed(), input_shape=(1, T, T), axes=(1,))
    assert found.fidelity is rfield.Fidelity.EXACT


def every_other_zero(x):
    x[:, ::2].mul_(0)
    return x


@pytest.mark.parametrize(
    ("change", "places"),
    [
        (lambda x: x + x.flip(1) / torch.tensor([torch.inf, 1.0] * 4)[None, :, None], {0}),
        (lambda x: x + 0 * x.flip(1), {0}),
        (lambda x: every_other_zero(x.clone()) + x.flip(1), {7}),
        (lambda x: x + x.flip(1) / torch.tensor([1.0, torch.inf] * 4)[None, :, None], {0, 7}),
    ],
)
def test_division_by_infinity_and_products_with_zero_read_nothing(change, places):
    found = rfield.support(rfield.load(Model(change), (1, 8, 4), axes=(1,)), (0,))
    read = {found.offset[0] + k for k, marked in enumerate(found.mask) if marked}
    assert (read, found.fidelity.value) == (places, "exact")
