"""Windows shifted around the ends of an image tile as the model with hard masks does."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

import rfield  # noqa: E402
from rfield.errors import NotTileableError  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

PARTS = (slice(0, -4), slice(-4, -1), slice(-1, None))


class Block(nn.Module):
    """One block of SwinIR: windows of 4 x 4 shifted by 1, heads, and a residual over tokens.

    ``apart``: along which axes the mask keeps both ends of the image apart.
    """

    def __init__(self, number, apart=(True, True)):
        super().__init__()
        self.embed, self.qkv, self.last = nn.Conv2d(3, 4, 1), nn.Linear(4, 12), nn.Conv2d(4, 3, 3)
        self.number, self.apart = number, apart
        self.bias = nn.Parameter(torch.rand(2, 16, 16))

    def mask(self, h, w):
        region = torch.zeros(1, h, w, 1)
        for i, rows in enumerate(PARTS):
            for j, columns in enumerate(PARTS):
                region[:, rows, columns] = 3 * i * self.apart[0] + j * self.apart[1]
        flat = self.windows(region)[..., 0]
        apart = flat[:, None] != flat[:, :, None]
        return torch.zeros(apart.shape).masked_fill(apart, self.number)

    @staticmethod
    def windows(t):
        b, h, w, c = t.shape
        t = t.view(b, h // 4, 4, w // 4, 4, c)
        return t.permute(0, 1, 3, 2, 4, 5).reshape(-1, 16, c)

    def forward(self, x):
        x = self.embed(x)
        b, c, h, w = x.shape
        tokens = x.flatten(2).transpose(1, 2)
        y = self.windows(torch.roll(tokens.view(b, h, w, c), (-1, -1), (1, 2)))
        mask = self.mask(h, w).to(x.dtype)
        q, k, v = self.qkv(y).reshape(-1, 16, 3, 2, 2).permute(2, 0, 3, 1, 4).unbind(0)
        scores = q @ k.transpose(-2, -1) + self.bias
        scores = scores.view(b, -1, 2, 16, 16) + mask[None, :, None]
        y = scores.view(-1, 2, 16, 16).softmax(-1) @ v
        y = y.transpose(1, 2).reshape(b, h // 4, w // 4, 4, 4, c).permute(0, 1, 3, 2, 4, 5)
        y = torch.roll(y.reshape(b, h, w, c), (1, 1), (1, 2)).reshape(b, -1, c)
        return self.last((tokens + y).transpose(1, 2).view(b, c, h, w))


@pytest.mark.parametrize(("number", "options"), [(-100.0, {"soft_masks": "cut"}), (-torch.inf, {})])
def test_as_with_hard_masks(number, options):
    model = Block(number)
    plan = rfield.tile_plan(model, (36, 28), tile=(20, 16), input_shape=(1, 3, 16, 16), **options)
    assert (plan.tile, plan.step) == ((20, 16), (12, 8))
    assert plan.exact
    model.number = -torch.inf
    x = torch.rand(1, 3, 36, 28, dtype=torch.float64)
    with torch.no_grad():
        whole = model.double()(x)
        tiled = rfield.run_tiled(model, x, plan)
    assert (whole - tiled).abs().max() < 1e-12


@pytest.mark.parametrize("apart", [(False, True), (True, False), (False, False)])
def test_a_mask_that_leaves_both_ends_together_does_not_tile(apart):
    with pytest.raises(NotTileableError):
        rfield.tile_plan(
            Block(-100.0, apart), (36, 28), tile=(20, 16), input_shape=(1, 3, 16, 16),
            soft_masks="cut",
        )  # fmt: skip


@pytest.mark.parametrize("image", [(272, 272), (1024, 272)])
def test_the_mask_of_a_large_image_is_taken_from_a_small_one_where_that_is_asked(image):
    """So many numbers that they are not looked at: that is likely to hold, and no proof."""
    model = Block(-torch.inf)
    options = {"tile": (64, 28), "input_shape": (1, 3, 16, 16)}
    with pytest.raises(NotTileableError, match="likely and no proof: approximate=True"):
        rfield.tile_plan(model, image, **options)
    plan = rfield.tile_plan(model, image, approximate=True, **options)
    assert not plan.exact
    assert any("smaller images only, which stand in" in str(loss) for loss in plan.losses)
    x = torch.rand(1, 3, *image, dtype=torch.float64)
    with torch.no_grad():
        whole = model.double()(x)
        tiled = rfield.run_tiled(model, x, plan)
    assert (whole - tiled).abs().max() < 1e-12


def test_a_mask_that_is_soft_for_large_images_alone_is_not_called_exact():
    class Soft(Block):
        def mask(self, h, w):
            self.number = -torch.inf if h <= 250 else -1.0
            return super().mask(h, w)

    options = {"tile": 64, "input_shape": (1, 3, 16, 16)}
    with pytest.raises(NotTileableError):
        rfield.tile_plan(Soft(-torch.inf), (272, 272), **options)
    plan = rfield.tile_plan(Soft(-torch.inf), (272, 272), approximate=True, **options)
    assert not plan.exact


def test_a_large_image_that_takes_another_way_is_none_of_a_small_one():
    class Other(Block):
        def forward(self, x):
            return super().forward(x.abs() if x.shape[2] > 250 else x)

    with pytest.raises(NotTileableError):
        rfield.tile_plan(Other(-torch.inf), (272, 272), tile=64, input_shape=(1, 3, 16, 16))
