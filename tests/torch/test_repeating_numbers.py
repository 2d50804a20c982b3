"""Masks of positions that repeat, or that leave out a border: in tiles, and as streams."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402
from tests.torch.tiling_nets import Of, integers  # noqa: E402

pytestmark = pytest.mark.torch


def columns(c, x):
    return c(x * (torch.arange(x.shape[3]) % 3).to(x.dtype))


def stripes(c, x):
    return c(x) * (torch.arange(x.shape[3]) % 2 + 1)


def mosaic(c, x):
    """One colour of a Bayer filter."""
    rows, cols = torch.arange(x.shape[2])[:, None], torch.arange(x.shape[3])
    return c(torch.where((rows + cols) % 2 == 0, x, torch.zeros((), dtype=x.dtype)))


def blind(c, x):
    """Every second row of every third column is left out."""
    rows, cols = torch.arange(x.shape[2])[:, None], torch.arange(x.shape[3])
    return c(x * ((rows % 2 == 0) & (cols % 3 == 1)).to(x.dtype))


def framed(c, x):
    """All but the border is blurred."""
    y = F.avg_pool2d(x, 3, 1) * 9
    keep = F.pad(torch.ones_like(y), [1] * 4)
    return torch.where(keep == 1, F.pad(y, [1] * 4), x)


@pytest.mark.parametrize(
    ("function", "grid"),
    [(columns, (1, 3)), (stripes, (1, 2)), (mosaic, (2, 2)), (blind, (2, 3)), (framed, (1, 1))],
)
@pytest.mark.parametrize("tile", [16, 23])
def test_tiles_begin_where_the_numbers_repeat(function, grid, tile):
    model = integers(Of(function))
    plan = rfield.tile_plan(model, (50, 61), tile=tile, input_shape=(1, 1, 32, 32))
    assert (plan.exact, plan.grid) == (True, grid)
    assert len(plan) > 8
    x = torch.randint(-9, 10, (1, 1, 50, 61)).double()
    with torch.no_grad():
        assert torch.equal(rfield.run_tiled(model, x, plan), model(x))


def patches(x):
    """All 3 x 3 patches, as channels."""
    return F.unfold(x, 3, padding=1).unflatten(-1, x.shape[2:])


def nearest(c, x):
    """Demosaicing: of each patch the mean, weighted by what its own place has."""
    rows, cols = torch.arange(x.shape[2])[:, None], torch.arange(x.shape[3])
    y = patches(x * ((rows + cols) % 2 == 0))
    return c((y * (y > x)).sum(1, keepdim=True))


def kept(c, x, period=3):
    """The columns that are kept, and a number where none is."""
    return c(torch.where(torch.arange(x.shape[3]) % period == 1, x, 2.0))


BEFORE_WINDOWS = {
    "patches": (lambda c, x: patches(c(x) * (torch.arange(x.shape[3]) % 2)).sum(1), (1, 2)),
    "demosaic": (nearest, (2, 2)),
    "windows": (lambda c, x: kept(c, x).unfold(3, 5, 2).sum(-1), (1, 6)),
    "of zeros": (lambda c, x: (c(x) * (torch.arange(x.shape[3]) % 3 == 0)).unfold(3, 3, 1).sum(-1),
                 (1, 3)),
    "numbers beside": (lambda c, x: kept(lambda y: y, c(x)).unfold(3, 3, 1).sum(-1), (1, 3)),
    "largest": (lambda c, x: kept(c, x, 2).unfold(2, 4, 1).amax(-1), (1, 2)),
}  # fmt: skip


@pytest.mark.parametrize("name", BEFORE_WINDOWS)
@pytest.mark.parametrize("tile", [20, (50, 25)])
def test_numbers_that_repeat_before_windows_that_are_laid_out(name, tile):
    function, grid = BEFORE_WINDOWS[name]
    model = integers(Of(function))
    plan = rfield.tile_plan(model, (50, 61), tile=tile, input_shape=(1, 1, 32, 32))
    assert (plan.exact, plan.grid) == (True, grid)
    assert len(plan) > 2
    x = torch.randint(-9, 10, (1, 1, 50, 61)).double()
    with torch.no_grad():
        assert torch.equal(rfield.run_tiled(model, x, plan), model(x))


def written(first, last, step, number=0):
    """Every so many columns from some on; those before and behind are as they were."""

    def function(c, x):
        y = c(x)
        y[..., first:last:step] = number
        return y

    return function


@pytest.mark.parametrize(
    ("first", "last", "step"), [(2, None, 2), (5, None, 3), (0, -3, 2), (3, -4, 4), (1, None, 2)]
)
@pytest.mark.parametrize("number", [0, 2])
@pytest.mark.parametrize("tile", [(50, 24), 20])
def test_what_is_written_into_a_part_of_the_columns(first, last, step, number, tile):
    model = integers(Of(written(first, last, step, number)))
    plan = rfield.tile_plan(model, (50, 61), tile=tile, input_shape=(1, 1, 32, 32))
    assert plan.exact
    assert len(plan) > 2
    x = torch.randint(-9, 10, (1, 1, 50, 61)).double()
    with torch.no_grad():
        assert torch.equal(rfield.run_tiled(model, x, plan), model(x))


def test_positions_counted_to_the_end_have_no_tiles():
    ramp = Of(lambda c, x: c(x * torch.arange(x.shape[3]).to(x.dtype)))
    with pytest.raises(rfield.NotTileableError, match="made for the size of its input"):
        rfield.tile_plan(ramp, (50, 61), tile=16, input_shape=(1, 1, 32, 32))


class Twice(nn.Module):
    """Numbers that repeat after 3 behind a stride of 2, and after 2 behind up-sampling by 4."""

    def __init__(self):
        super().__init__()
        self.d, self.c = nn.Conv1d(1, 1, 4, 2, 1), nn.Conv1d(1, 1, 5, padding=2)

    def forward(self, x):
        y = self.d(x)
        z = F.interpolate(y * (torch.arange(y.shape[2]) % 3).to(x.dtype), scale_factor=4)
        return self.c(z * (torch.arange(z.shape[2]) % 2 + 1).to(x.dtype))


@pytest.mark.parametrize("length", [60, 61, 75])
@pytest.mark.parametrize("chunk", [1, 7, 20])
def test_streams_of_numbers_that_repeat(length, chunk):
    model = integers(Twice())
    plan = rfield.stream_plan(model, input_shape=(1, 1, 64))
    assert (plan.exact, plan.grid) == (True, 6)
    x = torch.randint(-9, 10, (1, 1, length)).double()
    with torch.no_grad():
        parts = list(rfield.run_streaming(model, x.split(chunk, 2), plan))
        assert torch.equal(torch.cat(parts, 2), model(x))


@pytest.mark.parametrize(
    "numbers",
    [
        lambda net, x: x * (torch.arange(x.shape[2]).flip(0) % 5),
        lambda net, x: x + (torch.arange(x.shape[2]) + x.shape[2]) % 3,
        lambda net, x: x * net.weight[0, 0, torch.arange(x.shape[2]).flip(0) % 3],
    ],
)
def test_streams_of_numbers_that_repeat_from_the_end(numbers):
    """A window of a stream does not know how long that is, unless one says so."""
    model = Of(lambda c, x: c(numbers(c, x)))
    model.c = nn.Conv1d(1, 1, 3, padding=1)
    model = integers(model)
    plan = rfield.stream_plan(model, input_shape=(1, 1, 64))
    assert not plan.exact
    assert "depends on the length of the stream" in str(plan)
