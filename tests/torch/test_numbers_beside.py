"""Channels laid beside an image that no input changes, and complex numbers: exact in tiles."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

import rfield  # noqa: E402
from tests.torch.tiling_nets import Of, integers, noise  # noqa: E402

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


def planned(model, tile=48):
    return rfield.tile_plan(model, (96, 130), tile=tile, input_shape=(1, 1, 64, 64))


def check_tiles(model, tile=48):
    """There are several tiles, and they give what the whole gives."""
    plan, x = planned(model, tile), noise(1, 1, 96, 130)
    assert plan.exact
    assert len(plan) > 5
    with torch.no_grad():
        assert torch.equal(rfield.run_tiled(model, x, plan), model(x))


def check_stream(model, length, state):
    plan, x = rfield.stream_plan(model, input_shape=(1, 1, 64)), noise(1, 1, length)
    assert plan.exact
    with torch.no_grad():
        parts = list(rfield.run_streaming(model, x.split(7, 2), plan, state=state))
        assert torch.equal(torch.cat(parts, 2), model(x))


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
    check_tiles(integers(Beside(BESIDE[name])))


@pytest.mark.parametrize("name", BY_PLACE)
def test_numbers_that_are_those_of_one_place(name):
    with pytest.raises(rfield.NotTileableError, match="cat"):
        planned(integers(Beside(BY_PLACE[name])))


def blank(x, up=1, number=0.0):
    return torch.full((1, 1, x.shape[2], up * x.shape[3]), number, dtype=x.dtype)


def interleaved(c, x):
    u = blank(x, 2)
    u[..., ::2], u[..., 1::2] = x, -x
    return c(u)


def between_ones(c, x):
    u = blank(x, 2, 1.0)
    u[..., 1::2] = x
    return c(u)


def mosaic(c, x):
    u = torch.zeros(1, 1, 2 * x.shape[2], 2 * x.shape[3], dtype=x.dtype)
    u[..., ::2, ::2], u[..., 1::2, 1::2], u[..., ::2, 1::2] = x, x * 2, x + 1
    return c(u)


def every_second(number):
    """Each second column is another one."""

    def written(c, x):
        u = x.clone()
        u[..., ::2] = number(x)
        return c(u)

    return written


def every_second_times(number):
    def written(c, x):
        u = x.clone()
        u[..., ::2] *= number(x)
        return c(u)

    return written


def counted(x, period=None):
    places = torch.arange(x.shape[3] // 2)
    return (places if period is None else places % period).to(x)


WRITTEN = {
    "interleaved": interleaved, "between ones": between_ones, "a mosaic": mosaic,
    "a number": every_second(lambda x: 3), "that repeat": every_second(lambda x: counted(x, 4)),
    "times these": every_second_times(lambda x: counted(x, 2)),
}  # fmt: skip
WRITTEN_BY_PLACE = {
    "the size": every_second(lambda x: x.shape[3]), "a ramp": every_second(counted),
    "times the size": every_second_times(lambda x: x.shape[3]),
    "times a ramp": every_second_times(counted),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_between(name):
    check_tiles(integers(Of(WRITTEN[name])))


@pytest.mark.parametrize("name", WRITTEN_BY_PLACE)
def test_what_is_written_for_the_size(name):
    with pytest.raises(rfield.NotTileableError, match="made for the size of its input"):
        planned(integers(Of(WRITTEN_BY_PLACE[name])))


def distance(n):
    places = torch.arange(n)
    return (places[:, None] - places).abs()


def eye(x):
    return torch.eye(x.shape[3], dtype=x.dtype)


MATRICES = {
    "columns": lambda c, x: c(x @ (distance(x.shape[3]) <= 1).to(x)),
    "rows": lambda c, x: c((distance(x.shape[2]) <= 2).to(x) @ x),
    "einsum": lambda c, x: c(torch.einsum("bchw,wv->bchv", x, (distance(x.shape[3]) <= 1).to(x))),
    "differences": lambda c, x: c(nn.functional.linear(x, eye(x) - eye(x).roll(1, 0).tril())),
    "twice": lambda c, x: c(x @ eye(x).repeat_interleave(2, 1)),
    "rows, einsum": lambda c, x: c(
        torch.einsum("bchw,hk->bckw", x, (distance(x.shape[2]) <= 1).to(x))
    ),
    "a batch of one": lambda c, x: c(x[0].bmm((distance(x.shape[3]) <= 1).to(x)[None])[None]),
    "and its rows": lambda c, x: c((distance(x.shape[2]) <= 1).to(x)[None].bmm(x[:, 0])[:, None]),
    "that repeat": lambda c, x: c(x @ torch.diag(torch.arange(x.shape[3]) % 2 + 1).to(x)),
}
MATRICES_BY_PLACE = {
    "falls with the size": lambda c, x: c(x @ ((distance(x.shape[3]) <= 1) * x.shape[3]).to(x)),
    "a ramp": lambda c, x: c(x @ torch.diag(torch.arange(1, x.shape[3] + 1)).to(x)),
    "a batch of one": lambda c, x: c(
        x[0].bmm(torch.diag(torch.arange(1, x.shape[3] + 1)).to(x)[None])[None]
    ),
    "a batch of numbers": lambda c, x: (
        ((x * (torch.arange(x.shape[3]) % 2)) + 1)[0].bmm((distance(x.shape[3]) <= 1).to(x)[None])
    )[None],
    # every second number is 1 whatever the image, and is summed all the same
    "of numbers": lambda c, x: (
        ((x * (torch.arange(x.shape[3]) % 2)) + 1) @ (distance(x.shape[3]) <= 1).to(x)
    ),
}


@pytest.mark.parametrize("name", MATRICES)
def test_matrices_with_the_same_band_everywhere(name):
    check_tiles(integers(Of(MATRICES[name])))


@pytest.mark.parametrize("name", MATRICES_BY_PLACE)
def test_matrices_for_one_size(name):
    with pytest.raises(rfield.NotTileableError, match="made for the size of its input"):
        planned(integers(Of(MATRICES_BY_PLACE[name])))


class Stuffed(nn.Module):
    """A stream with zeros between its samples, which come at ``first``."""

    def __init__(self, times, first):
        super().__init__()
        self.times, self.first, self.conv = times, first, nn.Conv1d(1, 1, 3)

    def forward(self, x):
        u = torch.zeros(1, 1, self.times * x.shape[2], dtype=x.dtype)
        u[..., self.first :: self.times] = x
        return self.conv(u)


@pytest.mark.parametrize(("times", "first"), [(2, 0), (2, 1), (3, 2)])
@pytest.mark.parametrize("state", ["overlap", "carry"])
def test_streams_with_zeros_between(times, first, state):
    check_stream(integers(Stuffed(times, first)), 75, state)


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
    check_tiles(Complex(2), tile)


@pytest.mark.parametrize("state", ["overlap", "carry"])
def test_complex_networks_stream(state):
    check_stream(Complex(1), 90, state)
