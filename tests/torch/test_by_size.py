"""Models that compute other ops at other sizes: tiles, their check, and what a size loses."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402
from tests.torch.tiling_nets import integers  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


class Of(nn.Module):
    """A function of two convolutions, of an image, and of whether it is a large one."""

    def __init__(self, function):
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 1, 3, padding=1), nn.Conv2d(1, 1, 3, padding=1)
        self.function = function

    def forward(self, x):
        return self.function(self.a, self.b, x, x.shape[-1] > 300)


NOTHING_CHANGES = {
    "times one": lambda a, b, x, large: b(a(x) * 1.0 if large else a(x)),
    "times one in small ones": lambda a, b, x, large: b(a(x) if large else a(x) / 1),
    "in place": lambda a, b, x, large: b(a(x).mul_(1) if large else a(x)),
    "padding by 0": lambda a, b, x, large: b(F.pad(a(x), (0, 0, 0, 0)) if large else a(x)),
    "a slice of everything": lambda a, b, x, large: b(a(x)[:, :, : x.shape[2]] if large else a(x)),
    "the same shape": lambda a, b, x, large: b(a(x) if large else a(x).reshape(x.shape)),
    "no shift": lambda a, b, x, large: b(a(x).roll(0, 2) if large else a(x)),
    "at the end": lambda a, b, x, large: b(a(x))[:, :, :, : x.shape[3]] if large else b(a(x)),
}
SOMETHING_CHANGES = {
    "times two": lambda a, b, x, large: b(a(x) * 2.0 if large else a(x)),
    "another layer": lambda a, b, x, large: b(a(a(x)) if large else a(x)),
    "more at the end": lambda a, b, x, large: b(a(x)) + 0.5 if large else b(a(x)),
    "a shift": lambda a, b, x, large: b(a(x).roll(1, 2) if large else a(x)),
    "no activation": lambda a, b, x, large: b(a(x) if large else a(x).relu()),
}


@pytest.mark.parametrize("name", NOTHING_CHANGES)
def test_what_changes_nothing_may_be_there_at_some_sizes_only(name):
    model = Of(NOTHING_CHANGES[name]).double().eval()
    plan = rfield.tile_plan(model, (320, 512), tile=256, input_shape=(1, 1, 64, 64))
    assert (plan.tile, plan.halo) == ((256, 256), ((2, 2), (2, 2)))
    x = torch.rand(1, 1, 320, 512, dtype=torch.float64)
    with torch.no_grad():
        assert float((rfield.run_tiled(model, x, plan) - model(x)).abs().max()) < 1e-15


@pytest.mark.parametrize("name", SOMETHING_CHANGES)
def test_what_changes_something_has_no_tiles(name):
    model = Of(SOMETHING_CHANGES[name])
    with pytest.raises(rfield.errors.NotTileableError) as caught:
        rfield.tile_plan(model, (320, 512), tile=256, input_shape=(1, 1, 64, 64))
    assert "is not computed as for the whole" in str(caught.value)


class PadAndCrop(nn.Module):
    """Padded to a multiple of the stride, and cropped to the size of the image again."""

    def __init__(self, stride, mode, *, both):
        super().__init__()
        self.stride, self.mode, self.both = stride, mode, both
        self.down = nn.Conv2d(1, 2, 3, stride, 1)
        self.up = nn.ConvTranspose2d(2, 1, stride, stride)

    def forward(self, x):
        h, w = x.shape[2:]
        rest = [-w % self.stride, -h % self.stride]
        left, top = [n // 2 if self.both else 0 for n in rest]
        pads = (left, rest[0] - left, top, rest[1] - top)
        y = self.up(self.down(F.pad(x, pads, mode=self.mode)))
        return y[:, :, top : top + h, left : left + w]


@pytest.mark.parametrize("image", [(157, 211), (160, 212), (161, 208)])
@pytest.mark.parametrize(
    ("stride", "mode", "both"),
    [(2, "reflect", False), (4, "constant", False), (4, "reflect", True), (8, "replicate", True)],
)
def test_pad_and_crop_is_checked_at_any_size(image, stride, mode, both):
    """The crop is there at some sizes only, so the output has another name than at others."""
    model = PadAndCrop(stride, mode, both=both).double().eval()
    plan = rfield.tile_plan(model, image, tile=64, input_shape=(1, 1, 32, 32))
    found = rfield.verify_tiling(model, plan)
    assert found
    assert (found.compared, found.tiles) == (image[0] * image[1], len(plan))
    assert len(plan) > 1


def cut(x, order, size, start=1):
    """The axes cut one after the other, in this order."""
    for axis in order:
        x = x.narrow(axis, start, size[axis])
    return x


@pytest.mark.parametrize("order", [(2, 3), (3, 2)])
@pytest.mark.parametrize("between", [nn.Identity(), nn.ReLU(), nn.Conv2d(1, 1, 1)])
def test_complete_does_not_depend_on_the_order_of_cuts(order, between):
    """The pool drops the last position of odd sizes; the other branch cuts it off later."""

    class Crop(nn.Module):
        def __init__(self):
            super().__init__()
            self.between = between

        def forward(self, x):
            y = F.interpolate(F.max_pool2d(x, 2), scale_factor=2)[:, :, 1:-1, 1:-1]
            return torch.cat([self.between(cut(x, order, y.shape)), y], 1)

    found = rfield.valid_sizes(Crop(), "complete", input_shape=(1, 1, 8, 8))
    assert str(found) == "y, x: multiples of 2, from 4"


def test_complete_in_three_dimensions():
    class Crop(nn.Module):
        def forward(self, x):
            y = F.avg_pool3d(x, 2).repeat_interleave(2, 2).repeat_interleave(2, 3)
            y = y.repeat_interleave(2, 4)
            return x[:, :, :, : y.shape[3]][:, :, : y.shape[2]][..., : y.shape[4]] + y

    found = rfield.valid_sizes(Crop(), "complete", input_shape=(1, 1, 6, 6, 6))
    assert str(found) == "z, y, x: multiples of 2, from 2"


def test_a_branch_that_reads_the_rest_keeps_it():
    class Both(nn.Module):
        def forward(self, x):
            y = F.interpolate(F.max_pool2d(x, 2), size=x.shape[2:])
            return y + cut(F.avg_pool2d(x, 3, 1, 1), (3, 2), x.shape, 0)

    found = rfield.valid_sizes(Both(), "complete", input_shape=(1, 1, 8, 8))
    assert str(found) == "y, x: every size from 2"


def test_padding_to_a_multiple_that_tiles_share():
    """A whole of 65 ends at 68; of the tiles of at most 43 the one of 41 ends at 44."""

    class Padded(nn.Module):
        def forward(self, x):
            height, width = x.shape[-2:]
            return F.pad(x, (0, -width % 4, 0, -height % 4))

    plan = rfield.tile_plan(Padded(), (58, 65), tile=43, input_shape=(1, 1, 64, 64))
    assert (plan.tile, plan.grid) == ((42, 41), (1, 1))
    assert [axis["size"]["step"] for axis in plan.as_bioimageio()["inputs"]] == [4, 4]
    x = torch.rand(1, 1, 58, 65)
    assert torch.equal(rfield.run_tiled(Padded(), x, plan), Padded()(x))


class Even(nn.Module):
    """A pool brought back to size, beside the image as far as that is even."""

    def forward(self, x):
        y = F.max_pool2d(x, 2).repeat_interleave(2, 2).repeat_interleave(2, 3)
        return torch.cat([y, cut(x, (2, 3), y.shape, 0)], 1)


@pytest.mark.parametrize(("image", "expected"), [((68, 67), (26, 25)), ((36, 35), (26, 25))])
def test_reshapes_stand_elsewhere_where_a_size_makes_more_slices(image, expected):
    """The groups of a reshape of 48 stood for another one, of more axes, at odd sizes."""
    model = nn.Sequential(Even(), Even())
    plan = rfield.tile_plan(model, image, tile=26, input_shape=(1, 1, 48, 48))
    assert (plan.exact, plan.tile) == (True, expected)
    x = torch.rand(1, 1, *image)
    assert torch.equal(rfield.run_tiled(model, x, plan), model(x))


class Restoring(nn.Module):
    """Reflects up to a multiple of 8; its strides are 4."""

    def __init__(self):
        super().__init__()
        first = nn.Conv2d(1, 2, 3, padding=1)
        self.down = nn.Sequential(first, nn.Conv2d(2, 2, 3, 2, 1), nn.Conv2d(2, 2, 3, 2, 1))
        self.up = nn.Sequential(nn.ConvTranspose2d(2, 1, 4, 4), nn.Conv2d(1, 1, 3, padding=1))
        for parameter in self.parameters():
            parameter.data = torch.randint(-2, 3, parameter.shape).double()

    def forward(self, x):
        height, width = x.shape[-2:]
        padded = F.pad(x, (0, -width % 8, 0, -height % 8), "reflect")
        return (self.up(self.down(padded)) + padded)[..., :height, :width]


@pytest.mark.parametrize(
    ("image", "tile", "expected"),
    [
        ((97, 131), 48, (41, 43)),
        ((97, 131), 64, (57, 59)),
        ((96, 132), 60, (56, 60)),
        ((96, 131), 48, (48, 43)),
    ],
)
@pytest.mark.parametrize("asked", [{}, {"halo": 16}])
def test_padding_to_a_multiple_of_more_than_the_stride(image, tile, expected, asked):
    model = Restoring().eval()
    plan = rfield.tile_plan(model, image, tile=tile, input_shape=(1, 1, 48, 48), **asked)
    assert (plan.exact, plan.tile, plan.grid) == (True, expected, (4, 4))
    assert [axis.size_step for axis in plan.tiles] == [8, 8]
    x = torch.randint(-9, 10, (1, 1, *image)).double()
    with torch.no_grad():
        assert torch.equal(rfield.run_tiled(model, x, plan), model(x))


class Centered(nn.Module):
    """Pads up to a multiple of 32, as much on both sides; its strides are 4."""

    def forward(self, x):
        pads = [each for n in x.shape[:1:-1] for each in (-n % 32 // 2, -n % 32 - -n % 32 // 2)]
        y = F.max_pool2d(F.pad(x, pads), 4).repeat_interleave(4, 2).repeat_interleave(4, 3)
        return y[..., pads[2] :, pads[0] :][..., : x.shape[2], : x.shape[3]]


@pytest.mark.parametrize(
    ("tile", "expected"), [(48, (36, 44)), (40, (36, 36)), ((60, 40), (52, 36)), (32, (28, 28))]
)
def test_a_border_of_another_size_may_lie_on_the_grid(tile, expected):
    """The image's size modulo 32 is 4 and 12; modulo 8 does as well, where it is less work."""
    model = Centered()
    plan = rfield.tile_plan(model, (100, 140), tile=tile, input_shape=(1, 1, 96, 96))
    assert (plan.exact, plan.tile) == (True, expected)
    x = torch.rand(1, 1, 100, 140)
    assert torch.equal(rfield.run_tiled(model, x, plan), model(x))


class Skipped(nn.Module):
    """Strided without padding, and brought back to the size of the skip."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, 2)
        self.o = nn.Conv2d(8, 1, 3, padding=1)

    def forward(self, x):
        a = self.a(x)
        return self.o(torch.cat([a, F.interpolate(self.b(a), size=a.shape[2:])], 1))


def test_a_tile_that_the_model_refuses_is_told_by_what_the_image_allows():
    with pytest.raises(rfield.NotTileableError) as caught:
        rfield.tile_plan(Skipped(), (130, 123), tile=(61, 74), input_shape=(1, 1, 48, 48))
    assert str(caught.value) == (
        "o: no tile of at most 61 along y: tiles begin at multiples of 64 and have the image's "
        "size modulo that; the model takes none of these below 66.\n"
        "  The grid is that of b, upsample_nearest2d."
    )


@pytest.mark.parametrize(
    ("norm", "words"),
    [
        (nn.InstanceNorm2d(4), "more than 1 spatial element"),
        (nn.GroupNorm(4, 4), "more than 1 value per channel"),
        (nn.BatchNorm2d(4, track_running_stats=False), "more than 1 value per channel"),
    ],
)
def test_statistics_of_a_single_position_are_refused_as_torch_refuses_them(norm, words):
    model = nn.Sequential(nn.Conv2d(1, 4, 3, 4, 1), nn.Conv2d(4, 4, 3, 4, 1), norm).eval()
    for size, taken in ((16, False), (17, True), ((16, 64), True)):
        found = rfield.check_size(model, size, input_shape=(1, 1, 64, 64))
        shape = (size, size) if isinstance(size, int) else size
        assert (words not in found.refused, not found.refused) == (taken, taken)
        if taken:
            model(torch.rand(1, 1, *shape))
        else:
            with pytest.raises(ValueError, match=words):
                model(torch.rand(1, 1, *shape))


@pytest.mark.parametrize("tracked", [True, False])
def test_a_norm_with_statistics_of_its_own_is_not_run_for_a_single_position(monkeypatch, tracked):
    """Torch refuses none there, and its meta kernel takes longer than all else."""
    from rfield.frontends.torch.modes import Dispatch

    ran, execute = [], Dispatch.execute

    def noted(self, signature, *rest):
        ran.append(signature.short)
        return execute(self, signature, *rest)

    monkeypatch.setattr(Dispatch, "execute", noted)
    norm = nn.InstanceNorm2d(4, track_running_stats=True) if tracked else nn.BatchNorm2d(4)
    rfield.load(nn.Sequential(nn.Conv2d(1, 4, 4, 4), norm).eval(), (1, 1, 4, 4))
    assert not {"batch_norm", "instance_norm"} & {*ran}


class Multiples(nn.Module):
    """Takes multiples of so many alone, or pads up to them; its grid is 1."""

    def __init__(self, of, checks):
        super().__init__()
        self.of, self.checks, self.c = of, checks, nn.Conv2d(1, 1, 5, padding=2)

    def forward(self, x):
        height, width = x.shape[2:]
        if self.checks and (height % self.of or width % self.of):
            raise ValueError(f"multiples of {self.of}")
        x = F.pad(x, (0, -width % self.of, 0, -height % self.of))
        return self.c(x)[..., :height, :width]


@pytest.mark.parametrize("checks", [True, False])
@pytest.mark.parametrize(("of", "tile", "expected"), [(32, 40, 32), (48, 100, 96), (64, 127, 64)])
def test_multiples_far_above_the_grid(of, checks, tile, expected):
    model, image = integers(Multiples(of, checks)).eval(), (4 * of, 5 * of)
    plan = rfield.tile_plan(model, image, tile=tile, input_shape=(1, 1, 2 * of, 2 * of))
    assert (plan.exact, plan.tile, plan.grid) == (True, (expected, expected), (1, 1))
    x = torch.randint(-9, 10, (1, 1, *image)).double()
    with torch.no_grad():
        assert torch.equal(rfield.run_tiled(model, x, plan), model(x))


class OverPixels(nn.Module):
    """Attention over all pixels behind a stride of 32, as in EfficientViT."""

    def __init__(self):
        super().__init__()
        self.a, self.p = nn.Conv2d(3, 24, 3, 32, 1), nn.Conv2d(8, 8, 1)

    def forward(self, x):
        x = self.a(x)
        height, width = x.shape[2:]
        q, k, v = x.reshape(1, 2, -1, height * width).transpose(-1, -2).chunk(3, -1)
        y = q @ (k.transpose(-1, -2) @ v)
        return self.p(y.transpose(-1, -2).reshape(1, -1, height, width))


def test_sizes_where_both_axes_are_flattened_into_one():
    """Height times width grows along a line as long as one of them is kept."""
    options = {"input_shape": (1, 3, 224, 224)}
    assert str(rfield.valid_sizes(OverPixels(), **options)) == "y, x: every size from 1"
    assert str(rfield.input_size(OverPixels(), 5, **options)) == "y, x: 129–160 only"
    for size, outputs in ((128, 4), (129, 5), (160, 5), (161, 6)):
        assert OverPixels()(torch.rand(1, 3, size, size)).shape[2:] == (outputs, outputs)


class Divided(nn.Module):
    """Another layer at multiples of a size."""

    def __init__(self, size):
        super().__init__()
        self.conv, self.size = nn.Conv2d(1, 1, 3, padding=1), size

    def forward(self, x):
        return self.conv(x).relu() if x.shape[3] % self.size == 0 else self.conv(x)


@pytest.mark.parametrize(
    ("size", "tile", "width"), [(2, 31, 30), (3, 40, 39), (4, 30, 28), (16, 47, 32), (32, 33, 32)]
)
def test_tiles_are_smaller_where_code_takes_another_layer(size, tile, width):
    model = integers(Divided(size))
    plan = rfield.tile_plan(model, (120, 192), tile=tile, input_shape=(1, 1, 96, 96))
    assert (plan.exact, plan.tile) == (True, (tile, width))
    x = torch.randint(-9, 10, (1, 1, 120, 192)).double()
    with torch.no_grad():
        assert torch.equal(rfield.run_tiled(model, x, plan), model(x))
