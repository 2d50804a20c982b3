"""Known zeros behind a diagonal and behind reductions over another axis."""

from __future__ import annotations

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import Tensor, nn  # noqa: E402

import rfield  # noqa: E402

pytestmark = pytest.mark.torch

CAUSAL = torch.ones(6, 6, dtype=torch.bool).tril()


class Applied(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def masked(x: Tensor) -> Tensor:
    return (x @ x.transpose(1, 2)) * CAUSAL


def heads(x: Tensor) -> Tensor:
    scores = x @ x.transpose(1, 2)
    return torch.stack([scores, 2 * scores], 1) * CAUSAL


DIAGONALS: list[Callable[[Tensor], Tensor]] = [
    lambda x: masked(x).diagonal(dim1=1, dim2=2),
    lambda x: torch.einsum("btt->bt", masked(x)),
]

SUMS: list[Callable[[Tensor], Tensor]] = [
    lambda x: heads(x).sum(1) @ x,
    lambda x: heads(x).mean(1) @ x,
    lambda x: heads(x).amax(1) @ x,
]


@pytest.mark.parametrize("function", DIAGONALS)
def test_an_element_of_a_masked_diagonal_reads_its_own_step(
    function: Callable[[Tensor], Tensor],
) -> None:
    graph = rfield.load(Applied(function), (1, 6, 4), axes=(1,))
    assert str(rfield.support(graph, (2,)).box) == "t: 2..2"


@pytest.mark.parametrize("function", SUMS)
def test_what_a_reduced_mask_multiplies_is_not_called_exact(
    function: Callable[[Tensor], Tensor],
) -> None:
    graph = rfield.load(Applied(function), (1, 6, 4), axes=(1,))
    found = rfield.support(graph, (0,))
    assert str(found.box) == "t: 0..5"
    assert found.fidelity == rfield.Fidelity.UPPER_BOUND
