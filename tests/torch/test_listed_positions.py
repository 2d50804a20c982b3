"""Positions that are listed for one size and repeat: swapped neighbours, every second column."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812

import rfield  # noqa: E402
from tests.torch.tiling_nets import Of, integers  # noqa: E402

pytestmark = pytest.mark.torch


def columns(x):
    return torch.arange(x.shape[3])


def rows(x):
    return torch.arange(x.shape[2])


def taken_twice(c, x):
    """Nearest up-sampling by a list."""
    return c(x[..., torch.arange(2 * x.shape[3]) // 2])


def mirrored(c, x):
    """Padding by reflection, as positions."""
    return c(x[..., (torch.arange(-2, x.shape[3])).abs()])


def windows(c, x):
    places = torch.arange(0, x.shape[3] - 4, 3)[:, None] + torch.arange(5)
    return (c(x)[..., places] * torch.arange(1, 6).to(x)).sum(-1)


def written(c, x):
    y = c(x)
    places = torch.arange(1, y.shape[3], 3)
    y[..., places] = x[..., places - 1] * 2
    return y


def summed(c, x):
    half = (x.shape[3] + 1) // 2
    return c(x.new_zeros(1, 1, x.shape[2], half).index_add(3, columns(x) // 2, x))


def spread(c, x):
    wide = x.new_ones(1, 1, x.shape[2], 2 * x.shape[3])
    return c(wide.scatter(3, (2 * columns(x) + 1).expand_as(x), x))


LISTED = {
    "swapped": (lambda c, x: c(x[..., columns(x) ^ 1]), (1, 2)),
    "rows swapped": (lambda c, x: c(x).index_select(2, rows(x) ^ 1), (2, 1)),
    "taken twice": (taken_twice, (1, 1)),
    "every second": (lambda c, x: c(x[..., torch.arange(0, x.shape[3], 2)]), (1, 2)),
    "chosen": (lambda c, x: c(x[..., columns(x) % 3 != 1]), (1, 3)),
    "gather": (lambda c, x: c(x.gather(3, (columns(x) // 3 * 3).expand_as(x))), (1, 3)),
    "along": (lambda c, x: torch.take_along_dim(x, (columns(x) ^ 1).expand_as(x), 3), (1, 2)),
    "both": (lambda c, x: c(x[..., rows(x)[:, None] // 2 * 2, columns(x) // 4 * 4]), (2, 4)),
    "mirrored": (mirrored, (1, 1)),
    "beyond the end": (lambda c, x: c(x[..., (columns(x) + 2).clamp(max=x.shape[3] - 1)]), (1, 1)),
    "windows": (windows, (1, 3)),
    "written": (written, (1, 3)),
    "summed": (summed, (1, 2)),
    "spread": (spread, (1, 1)),
}


@pytest.mark.parametrize("name", LISTED)
@pytest.mark.parametrize("tile", [16, (50, 25)])
def test_tiles_begin_where_the_positions_repeat(name, tile):
    function, grid = LISTED[name]
    check_tiles(integers(Of(function)), (50, 72), tile, grid)


@pytest.mark.parametrize(
    ("function", "grid"),
    [
        (lambda c, x: c(F.adaptive_avg_pool2d(x, (x.shape[2] // 3, x.shape[3] // 4))), (3, 4)),
        (lambda c, x: c(F.adaptive_max_pool2d(x, (x.shape[2] // 3, x.shape[3] // 4))), (3, 4)),
        (lambda c, x: F.adaptive_max_pool2d(x, tuple((n + 1) // 2 for n in x.shape[2:])), (2, 2)),
    ],
)
@pytest.mark.parametrize("tile", [16, (49, 25)])
def test_windows_that_lie_over_one_another_by_one(function, grid, tile):
    check_tiles(integers(Of(function)), (49, 73), tile, grid)


def check_tiles(model, image, tile, grid):
    plan = rfield.tile_plan(model, image, tile=tile, input_shape=(1, 1, 32, 32))
    assert (plan.exact, plan.grid) == (True, grid)
    assert len(plan) > 2
    x = torch.randint(-9, 10, (1, 1, *image)).double()
    with torch.no_grad():
        parts, whole = rfield.run_tiled(model, x, plan), model(x)
    assert torch.allclose(parts, whole, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "places",
    [
        lambda n: torch.arange(n) ** 2 % n,
        lambda n: (torch.arange(n) + n // 2) % n,
        lambda n: torch.arange(n).flip(0),
    ],
)
def test_positions_that_do_not_repeat_have_no_tiles(places):
    model = integers(Of(lambda c, x: c(x[..., places(x.shape[3])])))
    with pytest.raises(rfield.NotTileableError):
        rfield.tile_plan(model, (50, 72), tile=(50, 24), input_shape=(1, 1, 32, 32))


@pytest.mark.parametrize("tile", [(50, 24), (50, 36)])
def test_a_table_that_is_looked_up_by_place_has_no_tiles(tile):
    """The data says which row, and the place which column: no link says the latter."""
    table = torch.arange(4 * 72.0).double().reshape(4, 72)

    def function(c, x):
        return table[(c(x) % 4).long(), torch.arange(x.shape[3])]

    with pytest.raises(rfield.NotTileableError, match="numbers that are made for the size"):
        rfield.tile_plan(integers(Of(function)), (50, 72), tile=tile, input_shape=(1, 1, 32, 32))


@pytest.mark.parametrize("length", [60, 84])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: x[..., columns(x) ^ 1],
        lambda x: x[..., torch.arange(1, x.shape[3], 3)],
        lambda x: x[..., torch.arange(3 * x.shape[3]) // 3],
    ],
)
def test_streams_of_positions_that_repeat(function, length):
    model = integers(Of(lambda c, x: c(function(x[:, :, None]))[:, :, 0]))
    plan, x = rfield.stream_plan(model, input_shape=(1, 1, 64)), torch.rand(1, 1, length).double()
    assert plan.exact
    with torch.no_grad():
        parts = list(rfield.run_streaming(model, x.split(7, 2), plan))
        assert torch.allclose(torch.cat(parts, 2), model(x), rtol=0, atol=1e-12)
