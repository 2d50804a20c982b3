"""Halos chosen for running models, and grids on which no tile lies."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402
from tests.torch.tiling_nets import UNet, integers, noise  # noqa: E402

pytestmark = pytest.mark.torch


class Pyramid(nn.Module):
    """Levels that are brought to the size of each other with corners aligned."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 1, 3, 2, 1), nn.Conv2d(1, 1, 3, 2, 1)

    def forward(self, x):
        a = self.a(x)
        b = F.interpolate(self.b(a), a.shape[2:], mode="bilinear", align_corners=True)
        return F.interpolate(a + b, x.shape[2:], mode="bilinear", align_corners=True)


def test_aligned_corners_leave_no_tile_below_the_image():
    with pytest.raises(rfield.NotTileableError) as told:
        rfield.tile_plan(Pyramid(), (160, 256), tile=96, input_shape=(1, 1, 64, 64))
    assert str(told.value) == (
        "upsample_bilinear2d#2: no tile of at most 96 along y: tiles begin at multiples of 12324 "
        "and have the image's size modulo that; only the whole 160 is one.\n"
        "  The grid is that of b, upsample_bilinear2d, upsample_bilinear2d#2."
    )


def error(model, image, plan):
    """The largest difference between tiles and the whole, over the largest output."""
    with torch.no_grad():
        whole = model(image)
        return float((rfield.run_tiled(model, image, plan) - whole).abs().max() / whole.abs().max())


def test_a_tolerance_on_images_chooses_the_halo():
    """One position less is too little; the same halo where it is not known by chance."""
    model, image = integers(UNet(2), positive=True), noise(1, 1, 96, 96).abs()
    options = {"tile": 64, "input_shape": (1, 1, 32, 32)}
    plan = rfield.tile_plan(model, (2000, 3000), tolerance=0.05, calibrate=image, **options)
    (halo, _), _ = plan.halo
    assert 0 < halo < 22
    assert plan.halo == ((halo, halo), (halo, halo))
    assert plan.needed == ((22, 22), (22, 22))
    for side, holds in ((halo, True), (halo - 1, False)):
        here = rfield.tile_plan(model, 96, halo=side, **options)
        assert (error(model, image, here) <= 0.05) == holds
    here = rfield.tile_plan(model, 96, halo=halo, **options)
    assert plan.measured == pytest.approx(error(model, image, here))


def test_a_tolerance_of_rounding_takes_the_exact_halo():
    model, image = integers(UNet(1), positive=True), noise(1, 1, 64, 64).abs()
    plan = rfield.tile_plan(
        model, (640, 640), tile=40, input_shape=(1, 1, 32, 32), tolerance=1e-9,
        calibrate=[image, image.flip(2)],
    )  # fmt: skip
    assert (plan.halo, plan.exact, plan.measured) == (((8, 8), (8, 8)), True, 0)


def test_what_no_calibration_is():
    model, image = integers(UNet(2), positive=True), noise(1, 1, 64, 64).abs()

    def planned(tile, **options):
        return rfield.tile_plan(model, 640, tile=tile, input_shape=(1, 1, 32, 32), **options)

    for options, text in (
        ({"tile": 64, "tolerance": 0.1, "calibrate": image},
         "calibrate: an image of 64 × 64 is one tile, on which no halo shows"),
        ({"tile": 32, "tolerance": 0.1, "calibrate": []}, "calibrate: no image"),
        ({"tile": 32, "tolerance": 1, "calibrate": image},
         "tolerance = 1; expected a number between 0 and 1"),
    ):  # fmt: skip
        with pytest.raises(rfield.InvalidModelError) as told:
            planned(**options)
        assert str(told.value) == text
    with pytest.raises(rfield.NotTileableError) as told:
        planned(24, tolerance=1e-9, calibrate=image)
    assert str(told.value).startswith("a halo of 10 differs by ")
    assert str(told.value).endswith(
        "of the largest output, more than the tolerance 1e-09, and one of 11 leaves nothing of a "
        "tile"
    )


@pytest.mark.parametrize(
    ("images", "text"),
    [
        (
            torch.rand(64, 64),
            "calibrate: (64, 64); expected an array like the input, (1, 1, 60, 48)",
        ),
        ("x.png", "calibrate: a str; expected an array like the input, (1, 1, 60, 48)"),
        (
            (torch.rand(1, 1, 64, 64),) * 2,
            "calibrate: 2 arrays for input; several images are a list, the inputs of one a tuple",
        ),
        (
            torch.full((1, 1, 64, 64), torch.nan),
            "calibrate: the model gives no finite numbers for an image, on which no halo shows",
        ),
    ],
)
def test_images_that_show_no_halo_are_refused(images, text):
    model = nn.Conv2d(1, 1, 3, padding=1)
    with pytest.raises(rfield.InvalidModelError) as error:
        rfield.tile_plan(
            model, (60, 48), tile=32, tolerance=0.1, calibrate=images, input_shape=(1, 1, 64, 64)
        )
    assert str(error.value) == text


def test_an_image_may_come_without_a_batch():
    model = nn.Conv2d(1, 1, 3, padding=1)
    plan = rfield.tile_plan(
        model, (60, 48), tile=32, tolerance=1e-6, calibrate=[torch.rand(1, 64, 64)],
        input_shape=(1, 1, 64, 64),
    )  # fmt: skip
    assert plan.halo == ((1, 1), (1, 1))
