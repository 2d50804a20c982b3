"""Weights, statistics and tables that the model itself computes from its input are read."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import rfield  # noqa: E402
from tests.torch.test_taken_numbers import Function  # noqa: E402

F = torch.nn.functional
pytestmark = pytest.mark.torch

CASES = {
    "layer norm": lambda x: F.layer_norm(x.mT, (2,), x[0, :, 2], x[0, :, 3]).mT,
    "rms norm": lambda x: F.rms_norm(x.mT, (2,), x[0, :, 5]).mT,
    "batch norm": lambda x: F.batch_norm(
        x, x[0, :, 0], x[0, :, 1] ** 2 + 1, x[0, :, 2], x[0, :, 3]),
    "group norm": lambda x: F.group_norm(x, 1, x[0, :, 2], x[0, :, 3]),
    "instance norm": lambda x: F.instance_norm(x, weight=x[0, :, 4], bias=x[0, :, 6]),
    "quantile": lambda x: torch.quantile(x[..., :5], x[0, 0, 7:9].sigmoid())[None, None],
    "weights of classes": lambda x: F.cross_entropy(
        x, torch.zeros(1, 12).long(), weight=x[0, :, 0].abs(), reduction="none")[None],
    "bilinear": lambda x: F.bilinear(x.mT, x.mT.flip(1), x[0, :, 3:5][None] * 2, x[0, 0, :1]).mT,
    "prelu": lambda x: F.prelu(x - 1, x[0, :, 7]),
    "embedding": lambda x: F.embedding(torch.tensor([[1, 0, 1]]), x[0, :, 4:6]).mT,
    "conv": lambda x: F.conv1d(x, x[:, :, 2:5], x[0, 0, 9:10]),
    "linear": lambda x: F.linear(x.mT, x[0, :, 2:4].mT, x[0, 1, 7:9]).mT,
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_computed_from_the_input_is_read(name):
    model = Function(CASES[name]).eval()
    graph = rfield.load(model, (1, 2, 12))
    positions = rfield.receptive_field(graph).positions
    x = torch.rand(1, 2, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(3)) + 0.5
    before = model(x)
    change = torch.tensor([0.3, 0.8], dtype=torch.float64)
    moved = []
    for place in range(12):
        other = x.clone()
        other[0, :, place] += change
        moved.append((model(other) != before).numpy())
    rest = tuple(axis for axis in range(before.dim()) if axis not in positions)
    for at in np.ndindex(*(before.shape[axis] for axis in positions)):
        found = rfield.support(graph, at)
        claimed = {found.offset[0] + int(k) for (k,) in np.argwhere(found.mask)}
        assert {k for k, each in enumerate(moved) if each.any(rest)[at]} <= claimed, at
