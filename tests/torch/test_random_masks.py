"""Random programs of masks, sums and products: no claim is smaller than measured dependence.

``python -m tests.torch.test_random_masks FIRST LAST`` tries more of them.
"""

from __future__ import annotations

import random
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402
from rfield.errors import InvalidModelError  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

T = 7
QUERY, KEY = torch.arange(T)[:, None], torch.arange(T)[None]
MASKS = [
    KEY <= QUERY, KEY >= QUERY, (KEY <= QUERY) & (KEY > QUERY - 3), KEY // 3 == QUERY // 3,
    (KEY <= QUERY + 1) & (KEY >= QUERY - 2), (KEY < 5).expand(T, T), (QUERY < 4).expand(T, T),
]  # fmt: skip
STEPS = {
    "added": lambda m, mask, x: m + torch.zeros(T, T).double().masked_fill(~mask, -torch.inf),
    "multiplied": lambda m, mask, x: m * mask.to(m.dtype),
    "where zero": lambda m, mask, x: torch.where(mask, m, 0.0),
    "where low": lambda m, mask, x: torch.where(mask, m, -torch.inf),
    "filled with zeros": lambda m, mask, x: m.masked_fill(~mask, 0.0),
    "filled with ones": lambda m, mask, x: m.masked_fill(~mask, 1.0),
    "filled low": lambda m, mask, x: m.masked_fill(~mask, -torch.inf),
    "tril": lambda m, mask, x: m.tril(-1),
    "triu": lambda m, mask, x: m.triu(1),
    "relu": lambda m, mask, x: F.relu(m + 0.01),
    "softplus": lambda m, mask, x: F.softplus(m),
    "exp": lambda m, mask, x: m.exp(),
    "softmax": lambda m, mask, x: m.softmax(-1),
    "softmax of columns": lambda m, mask, x: m.softmax(-2),
    "transposed": lambda m, mask, x: m.transpose(1, 2),
    "residual": lambda m, mask, x: m + x @ x.transpose(1, 2) / 10,
    "scaled": lambda m, mask, x: m * 0.5,
    "less": lambda m, mask, x: m - 0.02,
    "negative": lambda m, mask, x: -m,
    "from one": lambda m, mask, x: 1 - m,
    "minus the other": lambda m, mask, x: torch.sub(m, m.transpose(1, 2), alpha=-1),
    "clamped": lambda m, mask, x: m.clamp(min=-3),
    "either": lambda m, mask, x: torch.where(mask, m, x @ x.transpose(1, 2) / 10),
    "maximum": lambda m, mask, x: torch.maximum(m, x @ x.transpose(1, 2) * 0.3),
    "normed": lambda m, mask, x: m / (m.sum(-1, keepdim=True) + 5),
    "sigmoid": lambda m, mask, x: m.sigmoid(),
    "divided": lambda m, mask, x: m / (1 + mask.to(m.dtype)),
}
ENDS = {
    "product": lambda m, y: m @ y,
    "attention": lambda m, y: m.softmax(-1) @ y,
    "sum": lambda m, y: m.sum(-1, keepdim=True).expand(-1, -1, 3),
    "mean": lambda m, y: m.mean(-2)[..., None].expand(-1, -1, 3),
}


class Program(nn.Module):
    """One or two score matrices, changed by a few random steps, then ended."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed
        generator = torch.Generator().manual_seed(seed)
        weight = torch.rand(2, 3, 3, generator=generator, dtype=torch.float64) + 0.2
        self.weight = nn.Parameter(weight)

    def forward(self, x):
        chance = random.Random(self.seed)
        values = [x]
        for layer in range(chance.randint(1, 2)):
            one, other = chance.choice(values), chance.choice(values)
            scores = (one @ self.weight[layer]) @ other.transpose(1, 2) / 3
            for _ in range(chance.randint(1, 4)):
                step = STEPS[chance.choice(list(STEPS))]
                scores = step(scores, chance.choice(MASKS), x)
            values.append(ENDS[chance.choice(list(ENDS))](scores, chance.choice(values)))
        return values[-1]


def measured(model: nn.Module) -> list[set[int] | None]:
    """The positions that each row depends on; None for a row that is not finite."""
    rows: list[set[int] | None] = [set() for _ in range(T)]
    for seed in range(3):
        generator = torch.Generator().manual_seed(seed)
        x = torch.rand(1, T, 3, dtype=torch.float64, generator=generator) + 0.1
        before = model(x)[0]
        for place in range(T):
            for factor in (1.9, 0.3):
                changed = x.clone()
                changed[0, place] *= factor * torch.tensor([1, 1.1, 0.9], dtype=torch.float64)
                after = model(changed)[0]
                for row, found in enumerate(rows):
                    if not torch.isfinite(before[row]).all():
                        rows[row] = None
                    elif found is not None and not torch.allclose(
                        after[row], before[row], rtol=1e-13, atol=1e-300
                    ):
                        found.add(place)
    return rows


def missed(seed: int) -> list[tuple[int, set[int]]]:
    """The rows of a random program that depend on more than is claimed, with what was missed."""
    model = Program(seed).eval()
    with torch.no_grad():
        try:
            graph = rfield.load(model, (1, T, 3), axes=(1,), dtype=torch.float64)
        except InvalidModelError:  # everything was masked: it returns a constant
            graph = None
        result = []
        for row, found in enumerate(measured(model)):
            claim: set[int] = set()
            if graph is not None:
                support = rfield.support(graph, (row,))
                claim = {support.offset[0] + int(k) for k in np.flatnonzero(support.mask)}
            if found is not None and not found <= claim:
                result.append((row, found - claim))
    return result


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_no_claim_is_smaller_than_dependence(first):
    assert [found for seed in range(first, first + 10) if (found := missed(seed))] == []


if __name__ == "__main__":
    seeds = range(int(sys.argv[1]), int(sys.argv[2]))
    wrong = {seed: found for seed in seeds if (found := missed(seed))}
    sys.stdout.write(f"{len(seeds)} programs, {len(wrong)} wrong: {wrong}\n")
