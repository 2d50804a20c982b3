"""Tiled equals whole, bit for bit, and a plan that is off by one pixel does not."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import rfield  # noqa: E402
from tests.torch.tiling_nets import (  # noqa: E402
    CropThenPad,
    UNet,
    dilated,
    integers,
    noise,
    random_net,
    super_resolution,
)

pytestmark = pytest.mark.torch
nn = torch.nn

NETS = {
    "U-Net": lambda: UNet(2),
    "U-Net, bilinear": lambda: UNet(2, up="bilinear"),
    "U-Net, depth 3, nearest": lambda: UNet(3, up="nearest"),
    "U-Net, valid": lambda: UNet(2, padding=0),
    "dilated": dilated,
    "super-resolution": super_resolution,
    "crop, then pad": CropThenPad,
}


def run(model, image, **limits):
    """The plan, tiled and whole."""
    x = noise(1, 1, *image)
    plan = rfield.tile_plan(model, image, input_shape=tuple(x.shape), **limits)
    with torch.no_grad():
        return plan, rfield.run_tiled(model, x, plan), model(x)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize(("image", "tile"), [((133, 111), (97, 81)), ((96, 153), (96, 88))])
def test_tiled_equals_whole(name, image, tile):
    if name == "U-Net, valid":
        image = (132, 124)  # the others leave an odd level, whose skip it cannot crop evenly
    if name == "U-Net, depth 3, nearest":
        tile = (117, 110)
    plan, tiled, whole = run(integers(NETS[name]()), image, tile=tile)
    assert plan.exact
    assert len(plan) > 1
    assert torch.equal(tiled, whole)


@pytest.mark.parametrize("up", ["transposed", "nearest"])
def test_three_axes(up):
    model = integers(UNet(1, up=up, rank=3))
    x = noise(1, 1, 41, 30, 37)
    plan = rfield.tile_plan(model, (41, 30, 37), tile=(25, 22, 25), input_shape=tuple(x.shape))
    with torch.no_grad():
        assert torch.equal(rfield.run_tiled(model, x, plan), model(x))
    assert plan.axes == ("z", "y", "x")
    assert plan.counts == (3, 3, 3)


def test_one_axis():
    model = integers(nn.Sequential(nn.Conv1d(1, 2, 9, stride=4, padding=3), nn.Conv1d(2, 1, 3)))
    x = noise(1, 1, 1003)
    plan = rfield.tile_plan(model, 1003, tile=100, input_shape=(1, 1, 1003))
    with torch.no_grad():
        assert torch.equal(rfield.run_tiled(model, x, plan), model(x))


def test_the_valid_u_net_of_the_paper():
    """Ronneberger et al. 2015: 572 gives 388, and the tile is the network's own."""
    model = integers(UNet(4, padding=0))
    plan = rfield.tile_plan(model, (588, 604), tile=572, input_shape=(1, 1, 572, 572))
    assert plan.tile == (572, 572)
    assert [axis.made for axis in plan.tiles] == [388, 388]
    assert plan.grid == (16, 16)
    assert plan.step == (384, 384)
    x = noise(1, 1, 588, 604)
    with torch.no_grad():
        assert torch.equal(rfield.run_tiled(model, x, plan), model(x))


@pytest.mark.parametrize("seed", range(12))
def test_random_networks(seed):
    _random_network(seed)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_many_random_networks(block):
    compared = sum(_random_network(seed) for seed in range(100 + 100 * block, 200 + 100 * block))
    assert compared > 80


def _random_network(seed: int) -> bool:
    draw = random.Random(seed)
    model = integers(random_net(seed))
    image = draw.randint(40, 120), draw.randint(40, 120)
    try:
        plan, tiled, whole = run(model, image, tile=(draw.randint(24, 60), draw.randint(24, 60)))
    except rfield.errors.NotTileableError as error:
        if "is all halo" not in str(error):
            raise
        return False
    assert torch.equal(tiled, whole), f"{plan}\n{model}"
    return True


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize(("axis", "side"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_one_pixel_less_halo_breaks_it(name, axis, side):
    """The outputs just outside what a tile keeps are not those of the whole."""
    image = (148, 132) if "depth 3" not in name else (168, 160)
    model = integers(NETS[name](), positive=True)
    tile = 112 if "depth 3" in name else 84
    plan, tiled, whole = run(model, image, tile=tile)
    assert torch.equal(tiled, whole)
    if not plan.tiles[axis].dropped[side]:
        assert name == "U-Net, valid"  # without padding all of a tile's outputs are right
        return
    middle = [1 if count > 2 else 0 for count in plan.counts]
    middle[axis] = 1 if side == 0 else plan.counts[axis] - 2
    picked = plan.at(middle)
    with torch.no_grad():
        part = model(noise(1, 1, *image)[(..., *picked.read)])
    kept, place = list(picked.valid), list(picked.write)
    moved = place[axis].start - kept[axis].start
    edge = plan.tiles[axis].dropped[0] - 1 if side == 0 else (
        plan.tiles[axis].made - plan.tiles[axis].dropped[1]
    )  # fmt: skip
    kept[axis], place[axis] = slice(edge, edge + 1), slice(edge + moved, edge + moved + 1)
    assert not torch.equal(part[(..., *kept)], whole[(..., *place)])


@pytest.mark.parametrize("name", ["U-Net", "U-Net, bilinear", "dilated"])
def test_a_start_off_the_grid_breaks_it(name):
    model = integers(NETS[name](), positive=True)
    plan, _, whole = run(model, (148, 132), tile=84)
    start = plan.step[0] + 1
    with torch.no_grad():
        part = model(noise(1, 1, 148, 132)[:, :, start : start + 84])
    halo = plan.halo[0][0] + 6  # far more context than the plan has
    assert not torch.equal(
        part[:, :, halo : 84 - halo], whole[:, :, start + halo : start + 84 - halo]
    )


def test_overlap_tile_strategy():
    """A valid U-Net over the whole image: mirrored context around it (Ronneberger et al. 2015)."""
    model = integers(UNet(2, padding=0))
    plan = rfield.tile_plan(model, (160, 200), tile=140, padding=20, input_shape=(1, 1, 140, 140))
    x = noise(1, 1, 160, 200)
    with torch.no_grad():
        whole = model(torch.nn.functional.pad(x, (20,) * 4, mode="reflect"))
        assert tuple(whole.shape[2:]) == (160, 200)
        assert torch.equal(rfield.run_tiled(model, x, plan), whole)


def test_arrays_of_other_kinds_and_axes(tmp_path):
    model = integers(UNet(1))
    image = np.memmap(tmp_path / "image", dtype=np.float64, mode="w+", shape=(90, 101))
    image[:] = noise(90, 101).numpy()
    plan = rfield.tile_plan(model, (90, 101), max_pixels=3000, input_shape=(1, 1, 64, 64))
    out = np.memmap(tmp_path / "out", dtype=np.float64, mode="w+", shape=(90, 101))

    def predict(tile):
        with torch.no_grad():
            return model(torch.from_numpy(np.array(tile))[None, None])[0, 0].numpy()

    done: list[tuple[int, int]] = []
    result = rfield.run_tiled(
        predict, image, plan, axes=(0, 1), output_axes=(0, 1), out=out,
        progress=lambda k, total: done.append((k, total)),
    )  # fmt: skip
    assert result is out
    assert done[-1] == (len(plan), len(plan))
    with torch.no_grad():
        assert np.array_equal(out, model(torch.from_numpy(image[None, None]))[0, 0])


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Conv2d(1, 2, 5, padding=2), nn.Conv2d(1, 2, 3, padding=1)

    def forward(self, left, right):
        return self.left(left) * self.right(right)


def test_inputs_of_the_same_size_are_tiled_together():
    model = integers(Two())
    shapes = {"left": (1, 1, 60, 70), "right": (1, 1, 60, 70)}
    plan = rfield.tile_plan(model, (60, 70), tile=30, wrt="left", input_shape=shapes)
    assert plan.inputs == ("left", "right")
    left, right = noise(1, 1, 60, 70), noise(1, 1, 60, 70, seed=5)
    with torch.no_grad():
        assert torch.equal(rfield.run_tiled(model, (left, right), plan), model(left, right))


def test_verify_tiling_holds_and_fails():
    model = integers(UNet(2), positive=True)
    plan = rfield.tile_plan(model, (90, 101), tile=65, input_shape=(1, 1, 90, 101))
    found = rfield.verify_tiling(model, plan)
    assert found, str(found)
    assert found.tiles == len(plan)
    assert found.compared == 90 * 101
    wrong = replace(plan, tiles=tuple(replace(axis, dropped=(9, 9)) for axis in plan.tiles))
    found = rfield.verify_tiling(model, wrong)
    assert not found
    assert found.worst is not None
    assert "tiled differs from whole" in str(found)


class Keyed(nn.Module):
    """Outputs by keys: one of a layer, one of an op."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 2, 3, 2, 1)

    def forward(self, x):
        a = self.a(x)
        return {"aux": self.b(a), "made": a * a}


@pytest.mark.parametrize(("key", "outputs"), [("aux", 2 * 48 * 65), ("made", 4 * 96 * 130)])
def test_an_output_is_verified_by_its_key(key, outputs):
    model = integers(Keyed())
    plan = rfield.tile_plan(model, (96, 130), key, tile=48, input_shape=(1, 1, 48, 48))
    assert plan.layer == key
    found = rfield.verify_tiling(model, plan)
    assert found
    assert found.compared == outputs


class Gate(nn.Module):
    """Squeeze-and-excitation."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.gate = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 1)

    def forward(self, x):
        x = self.conv(x)
        return x * self.gate(x.mean((2, 3), keepdim=True)).sigmoid()


def test_a_gate_has_no_exact_tiles_but_a_local_plan():
    model = Gate()
    with pytest.raises(rfield.errors.NotTileableError) as caught:
        rfield.tile_plan(model, (60, 70), tile=30, input_shape=(1, 1, 60, 70))
    assert str(caught.value) == (
        "no tile of mul equals the whole: 1 layer reads a whole axis (mean).\n"
        "  The local part can be tiled all the same, as an approximation: approximate=True"
    )
    plan = rfield.tile_plan(model, (60, 70), tile=30, input_shape=(1, 1, 60, 70), approximate=True)
    assert not plan.exact
    assert plan.halo == ((1, 1), (1, 1))
    assert plan.outside is not None
    assert 0 < plan.outside < 0.5
    assert not rfield.verify_tiling(model, plan)


class Coordinates(nn.Module):
    """A channel of coordinates, made for the size of the input (Liu et al. 2018)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 3, padding=1)

    def forward(self, x):
        rows = torch.linspace(-1, 1, x.shape[2], dtype=x.dtype).view(1, 1, -1, 1)
        return self.conv(torch.cat([x, rows.expand_as(x)], dim=1))


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"), "wraps around the ends"),
        (Coordinates(), "reads numbers that are made for the size of its input"),
        (
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
            "reads (numbers|positions that are listed)",
        ),
        (nn.AdaptiveAvgPool2d(7), "reads positions that are listed for one size"),
        (nn.Sequential(nn.Conv2d(1, 4, 1), nn.GroupNorm(1, 4)), "reads a whole axis"),
    ],
)  # fmt: skip
def test_what_cannot_be_tiled(model, reason):
    with pytest.raises(rfield.errors.NotTileableError, match=reason):
        rfield.tile_plan(model, (60, 70), tile=30, input_shape=(1, 1, 60, 70))


def test_an_image_within_one_tile_is_run_whole_by_any_model():
    plan = rfield.tile_plan(Gate(), (60, 70), tile=100, input_shape=(1, 1, 60, 70))
    assert plan.exact
    assert len(plan) == 1
    assert plan.overhead == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("image", "options"),
    [
        ((1203, 61), {"output": "classifier", "tile": 800}),
        ((1504, 64), {"tile": 1000}),
        ((1499, 63), {"tile": 1100, "padding": ((0, 5), (0, 1)), "padding_mode": "replicate"}),
    ],
)
def test_torchvision_fcn(image, options):
    """Backbone and head at any size; the resize to the image's size needs multiples of 8."""
    segmentation = pytest.importorskip("torchvision").models.segmentation
    model = segmentation.fcn_resnet50(weights=None, weights_backbone=None)
    plan = rfield.tile_plan(model, image, input_shape=(1, 3, 224, 224), **options)
    assert len(plan) > 1
    found = rfield.verify_tiling(model, plan)
    assert found, str(found)
