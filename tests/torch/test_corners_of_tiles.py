"""What is laid or written at one corner of the image is met by one tile of all."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402
from tests.torch.tiling_nets import Of, integers  # noqa: E402

pytestmark = pytest.mark.torch


def first_corner(c, x):
    x[..., :4, :4] = 0
    return x


def last_corner(c, x):
    x[..., -5:, -3:] = 1
    return c(x)


def four_corners(c, x):
    for rows in (slice(2), slice(-2, None)):
        for columns in (slice(2), slice(-2, None)):
            x[..., rows, columns] = 0
    return c(x)


def moved(c, x):
    x[..., :4, -3:] = x[..., 4:8, -3:]
    return c(x)


def laid(c, x):
    top = torch.cat([x[..., :3, :3] * 2, x[..., :3, 3:]], 3)
    return c(torch.cat([top, x[..., 3:, :]], 2))


def ring(c, x):
    return c(x * F.pad(torch.ones_like(x[..., 1:-1, 1:-1]), [1] * 4))


@pytest.mark.parametrize("tile", [32, (20, 60), (60, 32)])
@pytest.mark.parametrize("function", [first_corner, last_corner, four_corners, moved, laid, ring])
def test_tiles_at_two_ends_at_once(function, tile):
    model = integers(Of(function))
    plan = rfield.tile_plan(model, (60, 72), tile=tile, input_shape=(1, 1, 32, 32))
    assert plan.exact
    assert len(plan) > 2
    x = torch.randint(1, 10, (1, 1, 60, 72)).double()
    with torch.no_grad():
        assert torch.equal(rfield.run_tiled(model, x, plan), model(x))


def test_a_corner_of_a_volume():
    class Corner(nn.Module):
        def forward(self, x):
            x = x.clone()
            x[..., :2, :2, -2:] = 0
            return x

    plan = rfield.tile_plan(Corner(), (12, 14, 16), tile=8, input_shape=(1, 1, 12, 12, 12))
    assert plan.exact
    x = torch.randint(1, 10, (1, 1, 12, 14, 16)).double()
    assert torch.equal(rfield.run_tiled(Corner(), x, plan), Corner()(x))


@pytest.mark.parametrize("tile", [20, (20, 60), (60, 30)])
def test_what_is_added_to_its_transpose_has_no_tiles(tile):
    """Tiles on the diagonal would do; no others."""

    class Symmetric(nn.Module):
        def forward(self, x):
            return x + 2 * x.transpose(2, 3)

    with pytest.raises(rfield.NotTileableError):
        rfield.tile_plan(Symmetric(), (60, 60), tile=tile, input_shape=(1, 1, 60, 60))
