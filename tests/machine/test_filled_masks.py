"""Numbers that are written, padded or added: what they hide, and what brings it back."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812

import rfield  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

INF = float("inf")
LATER = torch.ones(8, 8).triu(1)
LAST = torch.arange(4, 8)
PART = torch.full((1, 8, 4), -INF)


class Called(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function
        self.weight = torch.nn.Parameter(torch.rand(8, 8))

    def forward(self, x):
        return self.function(x, self.weight)


def read(function, row, **options):
    graph = rfield.load(Called(function), (1, 8, 4), axes=(1,), **options)
    found = rfield.support(graph, (row,))
    return str(found.box), found.fidelity.value


def scores(x, keys=8):
    return x @ x[:, :keys].transpose(1, 2)


def put(a, number):
    a = a.clone()
    a[:, :, 4:] = number
    return a


FILLED = {
    "a slice": lambda x, w: put(scores(x), -INF).softmax(-1) @ x,
    "index_fill": lambda x, w: scores(x).index_fill(-1, LAST, -INF).softmax(-1) @ x,
    "pad": lambda x, w: F.pad(scores(x, 4), (0, 4), value=-INF).softmax(-1) @ x,
    "pad with zeros": lambda x, w: F.pad(scores(x, 4), (0, 4)) @ x,
    "cat": lambda x, w: torch.cat([scores(x, 4), PART], -1).softmax(-1) @ x,
    "scatter": lambda x, w: scores(x).scatter(2, LAST.expand(1, 8, 4), -INF).softmax(-1) @ x,
    "normalize": lambda x, w: F.normalize(w * (1 - LATER)) @ x[:, :],
    "clamp": lambda x, w: (w * (1 - LATER)).clamp(min=0) @ x,
    "matrix_exp": lambda x, w: torch.matrix_exp(w.tril()) @ x,
    "zeros made in forward": lambda x, w: torch.zeros(8, 4) * x.flip(1) + x,
}
RIGHT = dict.fromkeys(FILLED, "t: 0..3") | {"zeros made in forward": "t: 3..3"}


@pytest.mark.parametrize("name", FILLED)
def test_what_is_filled_in_counts(name):
    assert read(FILLED[name], 3) == (RIGHT[name], "exact")


@pytest.mark.parametrize(
    "function",
    [
        lambda x, w: (scores(x) + LATER * -1e30 + LATER.triu(2) * 1e30).softmax(-1) @ x,
        lambda x, w: (scores(x) + LATER.triu(2) * 1e30 + LATER * -1e30).softmax(-1) @ x,
        lambda x, w: ((scores(x) + LATER * -1e30) * 1e-30).softmax(-1) @ x,
    ],
)
def test_a_finite_mask_that_is_taken_away_again_is_none(function):
    assert read(function, 0) == ("t: 0..7", "upper bound")


def test_a_mask_that_is_scaled_stays_one():
    def function(x, w):
        return ((scores(x) + LATER * -1e30) / 8).softmax(-1) @ x

    assert read(function, 0) == ("t: 0..0", "exact")


def test_a_scale_counts_where_finite_masks_are_cut():
    def function(x, w):
        return (scores(x).masked_fill(LATER.bool(), -1e9) * 1e-20).softmax(-1) @ x

    assert read(function, 0, soft_masks="cut") == ("t: 0..7", "upper bound")


def test_the_query_of_a_row_that_is_masked_throughout_counts():
    """Softmax is the same for numbers that are all as low: nothing of the row is hidden."""
    row = torch.zeros(8, 8)
    row[2] = -1e9

    def function(x, w):
        query = (x @ torch.ones(4, 1)) * torch.arange(8.0)
        return (query + row).softmax(-1) @ torch.arange(32.0).reshape(8, 4)

    assert read(function, 2, soft_masks="cut") == ("t: 2..2", "upper bound")


def test_a_number_scattered_where_the_data_says():
    def function(x, w):
        return torch.zeros_like(x).scatter_(1, x.argmax(1, keepdim=True), 1.0) * x

    assert read(function, 0) == ("t: 0..7", "upper bound")


def test_the_place_of_the_largest_of_masked_scores_is_a_bound():
    def function(x, w):
        best = scores(x).masked_fill(LATER.bool(), -INF).argmax(-1)
        return F.one_hot(best, 8).to(x.dtype) @ x

    assert read(function, 0) == ("t: 0..7", "upper bound")


def test_verify_takes_no_change_that_outdoes_a_finite_mask():
    def function(x, w):
        return (scores(x) + LATER * -1e9).softmax(-1) @ x

    options = {"input_shape": (1, 8, 4), "axes": (1,)}
    assert rfield.verify(Called(function), soft_masks="cut", **options)
    claimed = rfield.load(Called(function), soft_masks="cut", **options)
    plain = Called(lambda x, w: scores(x).softmax(-1) @ x)
    assert not rfield.verify(plain, graph=claimed, **options)


def test_zeros_of_weights_in_jax():
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    jnp = jax.numpy
    weight = jax.random.normal(jax.random.PRNGKey(0), (8, 8))
    lower = np.tril(np.ones((8, 8)))
    for function in (
        lambda x: jnp.tril(weight) @ x,
        lambda x: jnp.where(lower > 0, weight, 0) @ x,
        lambda x: (weight * jnp.tril(jnp.ones((8, 8)))) @ x,
        lambda x: jax.scipy.linalg.block_diag(weight[:4, :4], weight[:4, :4]) @ x,
    ):
        found = rfield.support(rfield.load(function, (1, 8, 4), axes=(1,)), (3,))
        assert (str(found.box), found.fidelity.value) == ("t: 0..3", "exact")
