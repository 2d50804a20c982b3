"""Masks that vary along several axes, beside what stays: a box, a corner, the tables of RoPE.

What is read is held against finite changes in double precision.
"""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import rfield  # noqa: E402
from tests.machine.perturbed import verdicts  # noqa: E402
from tests.torch.cases import Function  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

SHAPE = (1, 1, 4, 5)
BOX = torch.zeros(4, 5, dtype=torch.float64)
BOX[1:3, 2:4] = 1
ROWS = BOX[:, 2:3]


JOINS = {
    "a box of another": lambda x: torch.where(BOX > 0, x, x.flip(-1)),
    "a box beside the rest": lambda x: x * BOX + x.flip(-2) * (1 - BOX),
    "a box of the mean": lambda x: torch.where(BOX > 0, x.mean((-2, -1), keepdim=True), x),
    "a box of each row's mean": lambda x: torch.where(BOX > 0, x.mean(-1, keepdim=True), x),
    "stairs": lambda x: torch.where(BOX.new_ones(4, 5).tril() > 0, x, x.roll(1, -1)),
    "filled and added": lambda x: x.masked_fill(BOX > 0, 0.0) + x.roll(1, -1),
    "one mean for all, in rows": lambda x: torch.where(ROWS > 0, x.mean(), x),
}
BOUNDS = {"one mean for all, in rows"}
"""No link says of a single number where it is read."""


@pytest.mark.parametrize("name", JOINS)
def test_joins(name):
    model = Function(JOINS[name])
    graph = rfield.load(model, SHAPE, axes=(0, 1, 2, 3))
    run = lambda x: model(torch.from_numpy(x)).numpy()  # noqa: E731
    assert verdicts(graph, run, [SHAPE], ["x"]) == ["bound" if name in BOUNDS else "exact"]


class Rotary(torch.nn.Module):
    """Positions of a grid in the angles; the first row and the first column do not turn."""

    def __init__(self):
        super().__init__()
        self.register_buffer("frequencies", torch.tensor([0.3]), persistent=False)

    def forward(self, x):
        grid = torch.meshgrid(torch.arange(2), torch.arange(3), indexing="ij")
        angles = torch.stack(grid, -1).reshape(6, 2, 1) * self.frequencies
        angles = torch.cat([angles.flatten(1)] * 2, -1)
        sin, cos = torch.cat([angles.sin(), angles.cos()], -1).split(4, -1)
        turned = torch.cat([-x[..., 2:], x[..., :2]], -1)
        return x * cos + turned.roll(1, 1) * sin


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_rotary_tables(device):
    """A model that was built without numbers has the zeros of its positions only."""
    with torch.device(device):
        model = Rotary()
    graph = rfield.load(model, (1, 6, 4), axes=(0, 1, 2))
    held = Rotary().double()
    run = lambda x: held(torch.from_numpy(x)).numpy()  # noqa: E731
    assert verdicts(graph, run, [(1, 6, 4)], ["x"]) == ["exact"]
