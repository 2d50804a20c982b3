"""Channels laid beside an image that no input changes, and complex numbers: exact in tiles."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

import rfield  # noqa: E402
from tests.torch.tiling_nets import integers, noise  # noqa: E402

pytestmark = pytest.mark.torch


class Beside(nn.Module):
    """An image and one channel more, through a convolution."""

    def __init__(self, more):
        super().__init__()
        self.more, self.conv = more, nn.Conv2d(2, 2, 3, padding=1)
        self.one, self.other = nn.Parameter(torch.ones(1, 1, 1, 1)), nn.Parameter(torch.ones(1))
        self.row = nn.Parameter(torch.ones(1, 1, 1, 130))

    def forward(self, x):
        return self.conv(torch.cat([x, self.more(self, x)], 1))


def planned(more, tile=48):
    model = integers(Beside(more))
    return model, rfield.tile_plan(model, (96, 130), tile=tile, input_shape=(1, 1, 64, 64))


BESIDE = {
    "a learned number": lambda net, x: net.one.expand_as(x),
    "of two axes": lambda net, x: net.one.expand(-1, -1, *x.shape[2:]),
    "of one axis": lambda net, x: net.other.expand(1, 1, *x.shape[2:]),
    "chosen": lambda net, x: torch.where(x > 0, x, net.one.expand_as(x)),
    "added": lambda net, x: x + net.one.expand_as(x),
    "columns": lambda net, x: (torch.arange(x.shape[3]) % 4).to(x).expand_as(x),
    "rows": lambda net, x: (torch.arange(x.shape[2])[:, None] % 2).to(x).expand_as(x),
}
BY_PLACE = {
    "a ramp": lambda net, x: torch.linspace(-1, 1, x.shape[3]).to(x).expand_as(x),
    "a learned row": lambda net, x: net.row[..., : x.shape[3]].expand_as(x),
    "one of two": lambda net, x: (net.one if x.shape[3] > 70 else net.other).expand_as(x),
}


@pytest.mark.parametrize("name", BESIDE)
def test_numbers_that_are_the_same_in_every_tile(name):
    model, plan = planned(BESIDE[name])
    assert plan.exact
    assert len(plan) > 5
    with torch.no_grad():
        model.other += 1
        x = noise(1, 1, 96, 130)
        assert torch.equal(rfield.run_tiled(model, x, plan), model(x))


@pytest.mark.parametrize("name", BY_PLACE)
def test_numbers_that_are_those_of_one_place(name):
    with pytest.raises(rfield.NotTileableError, match="cat"):
        planned(BY_PLACE[name])


class Complex(nn.Module):
    """Two complex convolutions with a rectifier for each part between them."""

    def __init__(self, rank):
        super().__init__()
        conv = nn.Conv1d if rank == 1 else nn.Conv2d
        self.one = conv(1, 2, 3, padding=1, dtype=torch.complex128)
        self.two = conv(2, 1, 4, stride=2, padding=1, dtype=torch.complex128)
        draw = torch.Generator().manual_seed(0)
        for weight in self.parameters():
            parts = torch.randint(-2, 3, (*weight.shape, 2), generator=draw).double()
            weight.data = torch.view_as_complex(parts)

    def forward(self, x):
        y = self.one(torch.complex(x, x.roll(1, 1) * 2))
        y = self.two(torch.complex(y.real.relu(), y.imag.relu()))
        return torch.cat([y.real, y.imag], 1)


@pytest.mark.parametrize("tile", [32, 45])
def test_complex_networks_have_tiles(tile):
    model, x = Complex(2), noise(1, 1, 96, 130)
    plan = rfield.tile_plan(model, (96, 130), tile=tile, input_shape=(1, 1, 64, 64))
    assert plan.exact
    assert len(plan) > 5
    with torch.no_grad():
        assert torch.equal(rfield.run_tiled(model, x, plan), model(x))


@pytest.mark.parametrize("state", ["overlap", "carry"])
def test_complex_networks_stream(state):
    model, x = Complex(1), noise(1, 1, 90)
    plan = rfield.stream_plan(model, input_shape=(1, 1, 64))
    assert plan.exact
    with torch.no_grad():
        parts = list(rfield.run_streaming(model, x.split(7, 2), plan, state=state))
        assert torch.equal(torch.cat(parts, 2), model(x))
