"""Sizes that a model does not take, for images and for tiles."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import rfield  # noqa: E402
from tests.torch.tiling_nets import UNet, integers, noise  # noqa: E402

pytestmark = pytest.mark.torch
nn = torch.nn


def run(model, image, **options):
    """The plan, tiled and whole."""
    x = noise(1, 1, *image)
    plan = rfield.tile_plan(model, image, input_shape=(1, 1, 48, 48), **options)
    with torch.no_grad():
        return plan, rfield.run_tiled(model, x, plan), model(x)


class Levels(nn.Module):
    """A mean of squares of 4, brought back to the size of the image."""

    def forward(self, x):
        y = torch.nn.functional.avg_pool2d(16 * x, 4)
        return x + torch.nn.functional.interpolate(y, scale_factor=4)


class Resized(nn.Module):
    """Takes all sizes; the last resize moves by whole images where 4 does not divide them."""

    def __init__(self):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, 1, 3, 2, 1), nn.Conv2d(1, 1, 3, 2, 1))

    def forward(self, x):
        y = self.down(x)
        return torch.nn.functional.interpolate(y, size=x.shape[2:], mode="bilinear")


class Checked(nn.Module):
    """A model that wants more of its sizes than its layers do."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, x):
        """Refuse sizes that are no multiples of 6."""
        if x.shape[-1] % 6 or x.shape[-2] % 6:
            raise ValueError("multiples of 6 only")
        return self.conv(x)


def test_an_image_that_does_not_fit_is_padded():
    """What is added is what a mirror shows; the model takes multiples of 4."""
    model = integers(nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), Levels()))
    plan = rfield.tile_plan(model, (150, 181), tile=120, padding="fit", input_shape=(1, 1, 64, 64))
    x = noise(1, 1, 150, 181)
    padded = torch.nn.functional.pad(x, (0, 3, 0, 2), mode="reflect")
    with torch.no_grad():
        whole = model(padded)[:, :, :150, :181]
        assert torch.equal(rfield.run_tiled(model, x, plan), whole)


@pytest.mark.parametrize(
    ("model", "image"),
    [
        (UNet(2), (133, 111)),
        (nn.MaxPool2d(2, 3), (111, 114)),
        (nn.Sequential(nn.MaxPool2d(2, ceil_mode=True), nn.Upsample(scale_factor=2)), (85, 85)),
        (nn.Sequential(nn.Conv2d(1, 1, 3), nn.ConvTranspose2d(1, 1, 4, 2)), (97, 131)),
    ],
)
def test_an_image_that_the_model_takes_is_not_padded(model, image):
    plan, tiled, whole = run(integers(model), image, tile=90, padding="fit")
    assert (plan.exact, [axis.padding for axis in plan.tiles]) == (True, [(0, 0), (0, 0)])
    assert torch.equal(tiled, whole)


def test_an_image_that_is_taken_and_has_no_tiles_is_told_which_padding_has():
    model, shape = Resized(), (1, 1, 64, 64)
    with pytest.raises(rfield.NotTileableError) as caught:
        rfield.tile_plan(model, (97, 131), tile=48, padding="fit", input_shape=shape)
    assert str(caught.value).endswith("\n  Padded it has tiles: padding=((0, 3), (0, 1))")
    padded = ((0, 3), (0, 1))
    plan = rfield.tile_plan(model, (97, 131), tile=48, padding=padded, input_shape=shape)
    assert rfield.verify_tiling(model.double(), plan)


def test_sizes_that_the_model_itself_refuses_are_passed_over_when_an_image_is_padded():
    model, shape = integers(Checked()), (1, 1, 48, 36)
    plan = rfield.tile_plan(model, (50, 42), tile=22, padding="fit", input_shape=shape)
    assert [axis.padding for axis in plan.tiles] == [(0, 4), (0, 0)]
    assert rfield.verify_tiling(model, plan)
    with pytest.raises(rfield.InvalidModelError, match="cannot be read at 50 × 42") as caught:
        rfield.tile_plan(model, (50, 42), tile=22, input_shape=shape)
    assert str(caught.value).endswith('padding="fit" pads it up to 54 × 42, which is taken.')


@pytest.mark.parametrize(
    ("limits", "tile"), [({"tile": 22}, (18, 18)), ({"max_pixels": 400}, (48, 6))]
)
def test_sizes_that_the_model_itself_refuses_are_left_out(limits, tile):
    plan, tiled, whole = run(integers(Checked()), (48, 36), **limits)
    assert plan.tile == tile
    assert torch.equal(tiled, whole)
