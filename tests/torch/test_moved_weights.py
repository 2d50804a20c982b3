"""Weights that are repeated over an image: the same elements lie at the same places."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

import rfield  # noqa: E402
from tests.torch.tiling_nets import integers, noise  # noqa: E402

pytestmark = pytest.mark.torch


class Textured(nn.Module):
    """A convolution of an image and what ``function`` makes of it and of learned numbers."""

    def __init__(self, function):
        super().__init__()
        self.function, self.conv = function, nn.Conv2d(1, 1, 3, padding=1)
        self.row = nn.Parameter(torch.zeros(1, 1, 1, 8))
        self.patch = nn.Parameter(torch.zeros(1, 1, 4, 4))
        self.table = nn.Embedding(4, 1)

    def forward(self, x):
        return self.conv(self.function(self, x))


def textured(function):
    """With numbers that all differ."""
    model = integers(Textured(function))
    for many in (model.row, model.patch, model.table.weight):
        many.data = torch.arange(1.0, 1 + many.numel()).double().reshape(many.shape)
    return model


def planned(model, tile=24):
    return rfield.tile_plan(model, (60, 72), tile=tile, input_shape=(1, 1, 32, 32))


def columns(x):
    return torch.arange(x.shape[3])


def over(patch, x):
    return patch.repeat(1, 1, x.shape[2] // 4 + 1, x.shape[3] // 4 + 1)[
        ..., : x.shape[2], : x.shape[3]
    ]


def along(row, x):
    return row.repeat(1, 1, 1, x.shape[3] // 8 + 1)[..., : x.shape[3]]


REPEATED = {
    "repeat": (lambda net, x: x * along(net.row, x), (1, 8)),
    "repeat both": (lambda net, x: x + over(net.patch, x), (4, 4)),
    "turned": (lambda net, x: x + over(net.patch.transpose(2, 3).flip(2), x), (4, 4)),
    "index": (lambda net, x: x * net.row[..., columns(x) % 5], (1, 5)),
    "embedding": (lambda net, x: x * net.table(columns(x) % 4)[:, 0], (1, 4)),
    "along": (
        lambda net, x: x * net.row.take_along_dim((columns(x) % 3)[None, None, None], 3),
        (1, 3),
    ),
    "chosen": (lambda net, x: torch.where(x > 0, x, along(net.row, x).expand_as(x)), (1, 8)),
}


@pytest.mark.parametrize("name", REPEATED)
def test_weights_that_repeat_have_tiles(name):
    function, grid = REPEATED[name]
    model, x = textured(function), noise(1, 1, 60, 72)
    plan = planned(model)
    assert (plan.exact, plan.grid) == (True, grid)
    assert len(plan) > 8
    with torch.no_grad():
        assert torch.equal(rfield.run_tiled(model, x, plan), model(x))


def doubled(net, x):
    """The first half of the columns is changed after the row was repeated."""
    row = along(net.row, x)
    row[..., : x.shape[3] // 2] *= 2
    return x * row


BY_SIZE = {
    "by the length": lambda net, x: x * net.row[..., (x.shape[3] // 7 + columns(x)) % 5],
    "from the end": lambda net, x: x * net.row[..., columns(x).flip(0) // 10],
    "stretched": lambda net, x: (
        x * net.row.repeat_interleave(x.shape[3] // 8 + 1, 3)[..., : x.shape[3]]
    ),
    "written to": doubled,
    "one of two": lambda net, x: x * along(net.row if x.shape[3] > 40 else net.row.flip(3), x),
    "scaled": lambda net, x: x * along(net.row * x.shape[3], x),
}


@pytest.mark.parametrize("name", BY_SIZE)
def test_weights_that_lie_elsewhere_in_a_tile_have_none(name):
    with pytest.raises(rfield.NotTileableError, match="mul"):
        planned(textured(BY_SIZE[name]), (60, 24))


@pytest.mark.parametrize("turn", ["flip", "roll"])
def test_a_kernel_that_is_another_one_by_the_size(turn):
    def kernel(net, x):
        weight = net.conv.weight
        chosen = weight.flip(3) if turn == "flip" else weight.roll(1, 3)
        return nn.functional.conv2d(x, chosen if x.shape[3] > 40 else weight.clone(), padding=1)

    with pytest.raises(rfield.NotTileableError, match="conv2d"):
        planned(textured(kernel), (60, 24))
