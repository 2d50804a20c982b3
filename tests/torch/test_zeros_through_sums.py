"""Known zeros behind ops that read many elements at once: what multiplies them is not read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import Tensor, nn  # noqa: E402

import rfield  # noqa: E402

pytestmark = pytest.mark.torch

EXACT, BOUND = rfield.Fidelity.EXACT, rfield.Fidelity.UPPER_BOUND
CAUSAL = torch.ones(6, 6, dtype=torch.bool).tril()
LATER = torch.tensor([0.0, 0, 0, 1, 1, 1])[None, :, None]
MATRIX = torch.rand(4, 4) + 0.5


class Applied(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor], layer: nn.Module | None = None):
        super().__init__()
        self.function, self.layer = function, layer

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x) if self.layer is None else self.function(x, self.layer)


def read(model: nn.Module, place: int) -> tuple[set[int], rfield.Fidelity]:
    graph = rfield.load(model, (1, 6, 4), axes=(1,))
    found = rfield.support(graph, (place,))
    (row,) = found.mask.nonzero()
    return {int(k) + found.offset[0] for k in row}, found.fidelity


def masked(x: Tensor) -> Tensor:
    return (x @ x.transpose(1, 2)) * CAUSAL


def heads(x: Tensor) -> Tensor:
    scores = x @ x.transpose(1, 2)
    return torch.stack([scores, 2 * scores], 1) * CAUSAL


def averaged(x: Tensor) -> Tensor:
    scores = torch.stack([x @ x.transpose(1, 2)] * 2, 1)
    return scores.masked_fill(~CAUSAL, -torch.inf).softmax(-1).mean(1)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: masked(x).diagonal(dim1=1, dim2=2),
        lambda x: torch.einsum("btt->bt", masked(x)),
        lambda x: masked(x).transpose(1, 2).diagonal(dim1=1, dim2=2)[..., None] * x,
    ],
)
def test_an_element_of_a_masked_diagonal_reads_its_own_step(
    function: Callable[[Tensor], Tensor],
) -> None:
    assert read(Applied(function), 2) == ({2}, EXACT)


def test_a_diagonal_of_zeros_hides_what_it_multiplies() -> None:
    above = Applied(lambda x: masked(x).diagonal(1, 1, 2)[..., None] * x[:, 1:] + x[:, :-1])
    assert read(above, 2) == ({2}, EXACT)


@pytest.mark.parametrize(
    "weights",
    [
        lambda x: heads(x).sum(1),
        lambda x: heads(x).mean(1),
        lambda x: heads(x).amax(1),
        lambda x: heads(x).max(1)[0],
        lambda x: heads(x).std(1),
        lambda x: heads(x).prod(1),
        averaged,
    ],
)
def test_a_mask_over_heads_stays_when_they_are_reduced(weights: Callable[[Tensor], Tensor]) -> None:
    assert read(Applied(lambda x: weights(x) @ x), 2) == ({0, 1, 2}, EXACT)


def test_the_averaged_weights_of_an_attention_are_masked() -> None:
    class Averaged(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attend = nn.MultiheadAttention(4, 2, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            return self.attend(x, x, x, attn_mask=~CAUSAL)[1] @ x

    assert read(Averaged(), 2) == ({0, 1, 2}, EXACT)


def channels(x: Tensor) -> Tensor:
    return (x * LATER).transpose(1, 2)


KEEPING = {
    "linear": (lambda x: F.linear(x * LATER, MATRIX), {2: set(), 3: {2, 3}}),
    "matrix": (lambda x: (x * LATER) @ MATRIX, {2: set(), 3: {2, 3}}),
    "convolution": (
        lambda x: F.conv1d(channels(x), torch.ones(4, 4, 3), padding=1).transpose(1, 2),
        {1: set(), 2: {3}},
    ),
    "average": (
        lambda x: F.avg_pool1d(channels(x), 3, 1, 1).transpose(1, 2),
        {1: set(), 2: {3}, 5: {0, 4, 5}},
    ),
    "largest": (lambda x: F.max_pool1d(channels(x), 3, 1, 1).transpose(1, 2), {1: set(), 2: {3}}),
    "dilated": (
        lambda x: F.max_pool1d(channels(x), 2, 1, 1, 2).transpose(1, 2)[:, :6],
        {0: set(), 2: {3}},
    ),
    "running sum": (lambda x: (x * LATER).cumsum(1), {2: set(), 4: {1, 3, 4}}),
    "running largest": (lambda x: (x * LATER).cummax(1)[0], {2: set(), 4: {1, 3, 4}}),
    "spectrum": (lambda x: torch.fft.fft(x * LATER, dim=2).abs(), {2: set(), 3: {2, 3}}),
    "layer norm": (lambda x: F.layer_norm(x * LATER, (4,)), {2: set(), 3: {2, 3}}),
    "rms norm": (lambda x: F.rms_norm(x * LATER, (4,)), {2: set(), 3: {2, 3}}),
    "sorted": (lambda x: (x * LATER).sort(2)[0], {2: set(), 3: {2, 3}}),
    "frames": (
        lambda x: F.pad(channels(x), (1, 1)).unfold(2, 3, 1).sum(-1).transpose(1, 2),
        {1: set(), 2: {3}},
    ),
    "factors": (
        lambda x: torch.stack([x, x.flip(1) * LATER], 1).prod(1),
        {2: set(), 3: {2, 3}},
    ),
}


@pytest.mark.parametrize("name", KEEPING)
def test_what_is_made_of_zeros_alone_hides_what_it_multiplies(name: str) -> None:
    """Steps 0 to 2 are zeros; the other factor is step 5 - i."""
    function, expected = KEEPING[name]
    model = Applied(lambda x: function(x) * x.flip(1))
    for place, right in expected.items():
        assert read(model, place) == (right | ({5 - place} if right else set()), EXACT)


def test_twice_as_many_steps_of_zeros() -> None:
    """Resized, and by a transposed convolution: output 5 is made of step 2, output 6 of step 3."""
    up = nn.ConvTranspose1d(4, 4, 2, stride=2, bias=False)
    for grown in (
        lambda x: F.interpolate(channels(x), scale_factor=2),
        lambda x: up(channels(x)),
    ):
        model = Applied(lambda x, grown=grown: grown(x).transpose(1, 2) * torch.cat([x, x], 1))
        assert read(model, 5) == (set(), EXACT)
        assert read(model, 6) == ({0, 3}, EXACT)


LAYERS = {
    "linear": nn.Linear(4, 4),
    "layer norm": nn.LayerNorm(4),
    "batch norm": nn.BatchNorm1d(6).eval(),
    "group norm": nn.GroupNorm(6, 6),
}


@pytest.mark.parametrize("name", LAYERS)
def test_with_a_bias_zeros_are_a_number(name: str) -> None:
    model = Applied(lambda x, layer: layer(x * LATER) * x.flip(1), LAYERS[name])
    assert read(model, 1) == ({4}, EXACT)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: torch.where(F.celu(x * LATER - 1) > -0.5, x, x.flip(1)),
        lambda x: torch.fmod(x * LATER, x.flip(1)),
        lambda x: torch.copysign(x * LATER, x.flip(1)),
        lambda x: torch.remainder(x * LATER, x.flip(1)),
        lambda x: F.glu(torch.cat([x * LATER, x.flip(1)], -1)),
        lambda x: (x.flip(1) * LATER.flip(1)).cumprod(1),
        lambda x: torch.linalg.cross((x * LATER)[..., :3], x.flip(1)[..., :3], dim=-1),
    ],
)
def test_what_zeros_may_hide_is_a_bound(function: Callable[[Tensor], Tensor]) -> None:
    found, fidelity = read(Applied(function), 1)
    assert 4 in found
    assert fidelity is BOUND


EVEN = torch.tensor([1.0, 0.0] * 3)[:, None]


@pytest.mark.parametrize(
    ("function", "right"),
    [
        (lambda x: torch.where((x * LATER) > 0, x, x.flip(1)), {4}),
        (lambda x: torch.add(x, x.flip(1), alpha=0), {1}),
        (lambda x: torch.sub(x, x.flip(1), alpha=0), {1}),
        (lambda x: torch.addcmul(x, x.flip(1), x.flip(1), value=0), {1}),
        (lambda x: torch.lerp(x, x.flip(1), 0.0), {1}),
        (lambda x: torch.lerp(x.flip(1), x, 1), {1}),
        (lambda x: torch.addmm(x[0], x[0].flip(0), MATRIX, alpha=0)[None], {1}),
        (lambda x: torch.addmm(x[0], x[0].flip(0), MATRIX, beta=0)[None], {4}),
        (lambda x: torch.baddbmm(x, x.flip(1), MATRIX[None], beta=0), {4}),
        (lambda x: torch.baddbmm(x, x.flip(1), MATRIX[None], alpha=0), {1}),
        (lambda x: x.index_add(1, torch.arange(6), x.flip(1), alpha=0), {1}),
        (lambda x: torch.lerp(x, x.flip(1), torch.tensor(0.0)), {1}),
        (lambda x: torch.lerp(x, x.flip(1), torch.tensor([1.0])), {4}),
        (lambda x: x.clone().lerp_(x.flip(1), torch.ones(6, 1)), {4}),
        (lambda x: torch.lerp(x, x.flip(1), torch.tensor(0.5)), {1, 4}),
        (lambda x: torch.lerp(x, x.flip(1), EVEN), {1}),
        (lambda x: torch.addcmul(x, x.flip(1), torch.tensor(0.0)), {1}),
        (lambda x: torch.addcmul(x, x.flip(1), EVEN, value=-2), {1}),
        (lambda x: torch.addcmul(x, x.flip(1), x.roll(1, 1) * EVEN), {1}),
        (lambda x: torch.addcmul(torch.tensor(0.0), x.flip(1), x), {1, 4}),
        (lambda x: torch.addcdiv(x, torch.tensor(0.0), x.flip(1) + 9), {1}),
        (lambda x: torch.addcdiv(x, x.flip(1), torch.tensor(torch.inf)), {1}),
        (lambda x: torch.addcdiv(x, x.flip(1) * EVEN, x.roll(1, 1) + 9), {1}),
        (lambda x: torch.where(torch.tensor(True), x, x.flip(1)), {1}),
    ],
)
def test_no_times_an_operand_is_nothing(
    function: Callable[[Tensor], Tensor], right: set[int]
) -> None:
    assert read(Applied(function), 1) == (right, EXACT)


@pytest.mark.parametrize(
    "nothing",
    [
        lambda x: x * 0,
        lambda x: x / float("inf"),
        lambda x: x * torch.zeros(6, 1),
        lambda x: (x * torch.zeros(6, 1))[:, :, :1],
        lambda x: x.masked_fill(torch.ones(6, 1, dtype=torch.bool), 0.0),
        lambda x: torch.cat([x[:, :3] * torch.zeros(3, 1), x[:, 3:]], 1),
    ],
)
def test_what_is_zero_throughout_hides_what_it_multiplies(
    nothing: Callable[[Tensor], Tensor],
) -> None:
    assert read(Applied(lambda x: nothing(x) * x.flip(1) + x), 1) == ({1}, EXACT)


def test_what_is_written_over_is_zero_no_more() -> None:
    def function(x: Tensor) -> Tensor:
        nothing = x * torch.zeros(6, 1)
        nothing[:, 1] = 1.0
        return nothing * x.flip(1) + x

    assert read(Applied(function), 1) == ({1, 4}, EXACT)
    assert read(Applied(function), 2) == ({2}, EXACT)
