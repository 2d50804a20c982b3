"""Numbers that a model takes out of its data are constants, and every answer says so."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import rfield  # noqa: E402

pytestmark = pytest.mark.torch

WAYS = {
    "item": lambda x: x.roll(int(x[0, 0, 0].abs() * 3) + 1, -1),
    "a branch": lambda x: x.flip(-1) if x.sum() > 0 else x,
    "tolist": lambda x: x + torch.tensor(x.tolist()).flip(-1),
    "numpy": lambda x: x + torch.from_numpy(x.numpy()[..., ::-1].copy()),
    "asarray": lambda x: x + torch.from_numpy(np.asarray(x)[..., ::-1].copy()),
    "float": lambda x: x + float(x[0, 0, 5]),
}


class Function(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


@pytest.mark.parametrize("name", WAYS)
def test_numbers_taken_out_of_the_data_are_told(name):
    model = Function(WAYS[name])
    graph = rfield.load(model, example_inputs=(torch.rand(1, 2, 12),), values=True)
    for answer in (rfield.receptive_field(graph), rfield.support(graph, (3,))):
        assert any("numbers are taken out of tensors in the model" in p for p in answer.premises)
    assert "what these depend on is not counted" in str(rfield.summary(graph))


def test_nothing_is_told_where_nothing_is_taken():
    model = torch.nn.Conv1d(2, 2, 3)
    graph = rfield.load(model, example_inputs=(torch.rand(1, 2, 12),), values=True)
    assert not any("taken out" in text for text in rfield.receptive_field(graph).premises)
