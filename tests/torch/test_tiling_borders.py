"""Borders and corners of a fixed width, chosen by the positions of rows and columns together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import Tensor, nn  # noqa: E402

import rfield  # noqa: E402

from .tiling_nets import integers, noise  # noqa: E402

pytestmark = pytest.mark.torch

Where = Callable[[Tensor, Tensor, int, int], Tensor]


class Chosen(nn.Module):
    """A convolution at some positions, and the image at the others."""

    def __init__(self, where: Where) -> None:
        super().__init__()
        self.conv, self.where = nn.Conv2d(1, 1, 3, padding=1), where

    def forward(self, x: Tensor) -> Tensor:
        high, wide = x.shape[2:]
        chosen = self.where(torch.arange(high)[:, None], torch.arange(wide), high, wide)
        return torch.where(chosen, self.conv(x), x)


WHERE: dict[str, Where] = {
    "left, but for the top": lambda y, x, h, w: (x < 5) & (y > 3),
    "left, but for the bottom": lambda y, x, h, w: (x < 5) & (y < h - 4),
    "the first corner": lambda y, x, h, w: (x < 5) & (y < 3),
    "the last corner": lambda y, x, h, w: (x >= w - 5) & (y >= h - 3),
    "two corners": lambda y, x, h, w: (x < 5) & ((y < 3) | (y >= h - 2)),
    "two sides": lambda y, x, h, w: (x < 5) | (y < 3),
    "inside": lambda y, x, h, w: (x >= 5) & (y >= 3) & (x < w - 2) & (y < h - 4),
}


@pytest.mark.parametrize("tile", [48, (40, 49), (20, 131), (97, 20)])
@pytest.mark.parametrize("name", WHERE)
def test_a_border_of_a_fixed_width(name: str, tile: int | tuple[int, int]) -> None:
    model, x = integers(Chosen(WHERE[name])), noise(1, 1, 97, 131)
    plan = rfield.tile_plan(model, (97, 131), tile=tile, input_shape=(1, 1, 64, 64))
    assert plan.exact
    assert len(plan) > 5
    with torch.no_grad():
        assert torch.equal(rfield.run_tiled(model, x, plan), model(x))


OTHER: dict[str, Where] = {
    "by the size": lambda y, x, h, w: (x < w // 3) & (y > 3),
    "a triangle": lambda y, x, h, w: x < y,
    "one row": lambda y, x, h, w: (x < 5) & (y == h // 2),
}


@pytest.mark.parametrize("name", OTHER)
def test_a_place_inside_the_image_is_no_border(name: str) -> None:
    model = Chosen(OTHER[name])
    with pytest.raises(rfield.NotTileableError):
        rfield.tile_plan(model, (97, 131), tile=48, input_shape=(1, 1, 64, 64))
