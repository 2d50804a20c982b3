"""A module out of what runs it compiled or on many devices: the names are those of the user."""

from __future__ import annotations

import pytest

import rfield

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
nn = torch.nn
pytestmark = pytest.mark.torch
SHAPE = (1, 1, 12, 12)


def net() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 1, 3))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: torch.compile(model, backend="eager"),
        nn.DataParallel,
        lambda model: nn.DataParallel(torch.compile(model, backend="eager")),
    ],
)
def test_names_and_numbers_are_those_of_the_module(wrap):
    model = wrap(net())
    assert rfield.load(model, SHAPE).layers == ("0", "1", "2")
    assert rfield.receptive_field(model, "0", input_shape=SHAPE).size == (3, 3)
    assert rfield.verify(model, input_shape=SHAPE, positions=2)
    measured = rfield.measured_influence(model, input_shape=SHAPE, count=1)
    assert (measured.layer, measured.size) == ("2", (5, 5))
