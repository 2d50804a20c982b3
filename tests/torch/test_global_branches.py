"""Branches that read the whole image: the rest has tiles, with the halo that it takes itself.

Where such a branch gives the same for all images (its weights are 0), tiles equal the whole.
"""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


class Branch(nn.Module):
    """A branch beside a convolution of 3, and one of 3 behind them."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 1, 3, padding=1)
        self.inner = nn.Conv2d(4, 4, 1)

    def branch(self, y):
        raise NotImplementedError

    def forward(self, x):
        y = self.first(x)
        return self.last(y + self.branch(y))


class Pooled(Branch):
    """The image pooling of ASPP: a mean, brought back to the size of the image."""

    def __init__(self, mode):
        super().__init__()
        self.mode, self.wide = mode, nn.Conv2d(4, 4, 3, padding=1)

    def branch(self, y):
        mean = self.inner(F.adaptive_avg_pool2d(y, 1))
        if self.mode == "repeat":
            return self.wide(mean.repeat(1, 1, *y.shape[2:]))
        return F.interpolate(mean, size=y.shape[2:], mode=self.mode)


class Pyramid(Branch):
    """The pyramid of PSPNet (Zhao et al. 2017): means of 1, 4, 9 and 36 parts of the image."""

    def branch(self, y):
        pools = (F.adaptive_avg_pool2d(y, parts) for parts in (1, 2, 3, 6))
        return sum(F.interpolate(self.inner(pool), size=y.shape[2:]) for pool in pools)


class Thumbnail(Branch):
    """The same of one small image."""

    def branch(self, y):
        small = F.interpolate(y, size=(8, 8), mode="bilinear")
        return F.interpolate(self.inner(small), size=y.shape[2:], mode="bilinear")


class Channels(Branch):
    """Restormer's: attention over channels, whose scores are sums over all positions."""

    def __init__(self):
        super().__init__()
        self.qk = nn.Conv2d(4, 8, 3, padding=1)

    def branch(self, y):
        q, k = self.qk(y).reshape(y.shape[0], 2, 4, -1).unbind(1)
        scores = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).mT
        return (scores.softmax(-1) @ y.flatten(2)).view(y.shape)


class Coordinates(Branch):
    """Coordinate attention: means of rows and of columns, side by side through one layer."""

    def branch(self, y):
        h, w = y.shape[2:]
        rows, columns = y.mean(3, keepdim=True), y.mean(2, keepdim=True).permute(0, 1, 3, 2)
        rows, columns = self.inner(torch.cat([rows, columns], 2)).split([h, w], 2)
        return y * rows.sigmoid() * columns.permute(0, 1, 3, 2).sigmoid()


BRANCHES = {
    "bilinear": (lambda: Pooled("bilinear"), ("mean",)),
    "nearest": (lambda: Pooled("nearest"), ("mean",)),
    "repeat": (lambda: Pooled("repeat"), ("mean",)),
    "pyramid": (Pyramid, ("mean", *(f"adaptive_avg_pool2d{k}" for k in ("", "#2", "#3")))),
    "thumbnail": (Thumbnail, ("upsample_bilinear2d",)),
    "channels": (Channels, ("linalg_vector_norm", "linalg_vector_norm#2", "matmul")),
    "coordinates": (Coordinates, ("mean", "mean#2")),
}


@pytest.mark.parametrize("name", BRANCHES)
@pytest.mark.parametrize("image", [(64, 96), (61, 83)])
@pytest.mark.parametrize("asked", [{"approximate": True}, {"halo": 5}])
def test_what_is_local_beside_it_has_tiles(name, image, asked):
    make, layers = BRANCHES[name]
    model = make().double().eval()
    plan = rfield.tile_plan(model, image, tile=32, input_shape=(1, 1, 32, 32), **asked)
    assert not plan.exact
    assert tuple(loss.layer for loss in plan.losses) == layers
    halo = 5 if "halo" in asked else 2
    assert plan.halo == ((halo, halo),) * 2
    x = torch.randn(1, 1, *image, dtype=torch.float64)
    with torch.no_grad():
        assert float((rfield.run_tiled(model, x, plan) - model(x)).abs().max()) > 1e-6
        for layer in (model.inner, getattr(model, "qk", model.inner)):
            layer.weight.zero_()
        assert float((rfield.run_tiled(model, x, plan) - model(x)).abs().max()) < 1e-12


@pytest.mark.parametrize("name", BRANCHES)
def test_it_is_advised(name):
    with pytest.raises(rfield.NotTileableError) as caught:
        rfield.tile_plan(BRANCHES[name][0](), (64, 96), tile=32, input_shape=(1, 1, 32, 32))
    first, *others, advice = str(caught.value).split("\n")
    assert "a whole axis" in first or all("divides an axis" in other for other in others)
    assert advice.endswith("as an approximation: approximate=True")


def test_where_the_local_part_takes_all_of_a_tile_a_halo_is_advised():
    deep = nn.Sequential(*[nn.Conv2d(1, 1, 3, padding=4, dilation=4) for _ in range(4)])
    model = nn.Sequential(deep, Pooled("bilinear"))
    for asked in ({}, {"share": 0.9}):
        with pytest.raises(rfield.NotTileableError) as caught:
            rfield.tile_plan(model, (64, 96), tile=32, input_shape=(1, 1, 32, 32), **asked)
        assert str(caught.value).endswith("\n  Choose a halo in positions: halo=4")
    plan = rfield.tile_plan(model, (64, 96), tile=32, input_shape=(1, 1, 32, 32), halo=4)
    assert plan.halo == ((4, 4), (4, 4))


def test_only_where_it_helps():
    """A resize between corners moves by another step in each tile, with the gate and without."""
    gate = nn.Sequential(Pooled("nearest"), nn.UpsamplingBilinear2d(scale_factor=2))
    for asked in ({}, {"approximate": True}, {"share": 0.9}):
        with pytest.raises(rfield.NotTileableError) as caught:
            rfield.tile_plan(gate, (64, 96), tile=32, input_shape=(1, 1, 32, 32), **asked)
        assert "approximate=True" not in str(caught.value)
        assert "halo=" not in str(caught.value)


def test_what_is_nothing_but_such_a_branch_is_refused_for_it():
    class Alone(Thumbnail):
        def forward(self, x):
            return self.branch(self.first(x))

    for asked in ({}, {"approximate": True}, {"halo": 5}):
        with pytest.raises(rfield.NotTileableError) as caught:
            rfield.tile_plan(Alone(), (64, 96), tile=32, input_shape=(1, 1, 32, 32), **asked)
        assert str(caught.value) == (
            "no tile of upsample_bilinear2d#2 equals the whole:\n  upsample_bilinear2d (resize) "
            "reads positions that are listed for one size"
        )


def test_means_of_rows_have_tiles_that_hold_whole_rows():
    class Rows(Branch):
        def branch(self, y):
            return self.inner(F.avg_pool2d(y, (1, y.shape[3])))

    model = Rows().double().eval()
    with pytest.raises(rfield.NotTileableError) as caught:
        rfield.tile_plan(model, (96, 128), tile=48, input_shape=(1, 1, 64, 64))
    assert str(caught.value).endswith("avg_pool2d.\n  There are some with tile=(48, 128).")
    plan = rfield.tile_plan(model, (96, 128), tile=(48, 128), input_shape=(1, 1, 64, 64))
    assert (plan.exact, plan.counts) == (True, (3, 1))
    x = torch.randn(1, 1, 96, 128, dtype=torch.float64)
    with torch.no_grad():
        assert float((rfield.run_tiled(model, x, plan) - model(x)).abs().max()) < 1e-14


class Axial(nn.Module):
    """Attention along rows alone (Ho et al. 2019), between convolutions of 3."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 1, 3, padding=1)
        self.qkv = nn.Linear(4, 12)

    def forward(self, x):
        x = self.first(x).permute(0, 2, 3, 1)
        q, k, v = self.qkv(x).chunk(3, -1)
        x = x + (q @ k.mT).softmax(-1) @ v
        return self.last(x.permute(0, 3, 1, 2))


@pytest.mark.parametrize(
    "limit", [{"max_pixels": 6000}, {"max_bytes": 1 << 23}, {"tile": (20, 300)}]
)
def test_attention_along_rows_has_tiles_of_whole_rows(limit):
    model = Axial().double().eval()
    plan = rfield.tile_plan(model, (200, 300), input_shape=(1, 1, 32, 32), **limit)
    assert plan.exact
    assert (plan.tile[1], plan.halo) == (300, ((2, 2), (0, 0)))
    assert plan.tile[0] <= 20
    x = torch.randn(1, 1, 200, 300, dtype=torch.float64)
    with torch.no_grad():
        assert float((rfield.run_tiled(model, x, plan) - model(x)).abs().max()) < 1e-14


def test_whole_rows_are_advised_where_tiles_are_to_be_smaller():
    with pytest.raises(rfield.NotTileableError) as caught:
        rfield.tile_plan(Axial(), (200, 300), tile=64, input_shape=(1, 1, 32, 32))
    assert str(caught.value) == (
        "no tile of last equals the whole: 2 layers read a whole axis (softmax, matmul#2).\n"
        "  There are some with tile=(64, 300).\n"
        "  The local part can be tiled all the same, as an approximation: approximate=True"
    )
