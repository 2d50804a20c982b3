"""Maxima laid back where a pooling found them: SegNet's fields, tiles and what is no tile."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402
from rfield.errors import NotTileableError  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


class SegNet(nn.Module):
    """Levels of a pooling and of what undoes it, with convolutions of 3."""

    def __init__(self, levels=1, kernel=2, stride=2, padding=0, ceil=False):
        super().__init__()
        self.down = nn.ModuleList(nn.Conv2d(4 if k else 1, 4, 3, padding=1) for k in range(levels))
        self.up = nn.ModuleList(nn.Conv2d(4, 4, 3, padding=1) for _ in range(levels))
        self.last = nn.Conv2d(4, 1, 1)
        self.window, self.ceil = (kernel, stride, padding), ceil

    def forward(self, x):
        kept = []
        for layer in self.down:
            y = layer(x).relu()
            x, places = F.max_pool2d(y, *self.window, ceil_mode=self.ceil, return_indices=True)
            kept.append((places, y.shape[2:]))
        for layer in self.up:
            places, size = kept.pop()
            x = layer(F.max_unpool2d(x, places, *self.window, output_size=size))
        return self.last(x)


@pytest.mark.parametrize("image", [(96, 128), (97, 133), (85, 99)])
@pytest.mark.parametrize(
    "model",
    [SegNet(), SegNet(2), SegNet(ceil=True), SegNet(1, 2, 3), SegNet(1, 3, 3, 1)],
    ids=["one", "two", "ceil", "gaps", "padded"],
)
def test_tiles(model, image):
    plan = rfield.tile_plan(model.double().eval(), image, tile=50, input_shape=(1, 1, 64, 64))
    assert plan.exact
    assert len(plan) > 1
    x = torch.randn(1, 1, *image, dtype=torch.float64)
    with torch.no_grad():
        assert float((rfield.run_tiled(model, x, plan) - model(x)).abs().max()) < 1e-14


def test_a_position_reads_the_window_that_it_lies_in():
    """A convolution of 3 over two blocks of 2 or three, each read with a border of 1."""
    field = rfield.receptive_field(SegNet(), input_shape=(1, 1, 64, 64))
    assert (field.sizes, field.fidelity) == (((6,), (6,)), rfield.Fidelity.EXACT)
    region = field.region((20, 21))
    assert (region.start, region.stop) == ((17, 19), (23, 25))


def test_windows_that_overlap_write_anywhere():
    model = SegNet(1, 3, 2, 1)
    assert rfield.receptive_field(model, input_shape=(1, 1, 64, 64)).fidelity is (
        rfield.Fidelity.UPPER_BOUND
    )
    with pytest.raises(NotTileableError, match="no axis of it goes along"):
        rfield.tile_plan(model, (96, 128), tile=48, input_shape=(1, 1, 64, 64))


def test_places_themselves_are_those_of_one_size():
    class Places(nn.Module):
        def forward(self, x):
            return F.max_pool2d(x, 2, return_indices=True)[1].float()

    with pytest.raises(NotTileableError, match="made for the size of its input"):
        rfield.tile_plan(Places(), (96, 128), tile=48, input_shape=(1, 1, 64, 64))


@pytest.mark.parametrize("size", [(6, 6), (7, 6), (6, 7), (7, 7), (2, 5), (9, 4), (1, 4), (5, 2)])
def test_sizes_at_which_no_maximum_lies_beyond_the_result(size):
    """Without ``output_size`` 7 columns come back as 6, and places that were counted in 7 do not.

    Torch raises where one lies beyond: so it does for a maximum in the last place of the last
    window.
    """

    def forward(x):
        return F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2)

    class Model(nn.Module):
        def forward(self, x):
            return forward(x)

    rising = torch.arange(size[0] * size[1] * 1.0).reshape(1, 1, *size)
    try:
        forward(rising)
        taken = True
    except RuntimeError:
        taken = False
    for shape in ((1, 1, 24, 24), (1, 1, 24, 36)):
        graph = rfield.load(Model(), input_shape=shape)
        assert bool(rfield.check_size(graph, size).refused) != taken
        assert str(rfield.valid_sizes(graph)) == "y: every size from 2; x: multiples of 2, from 2"


def test_what_is_said_of_them():
    class Model(nn.Module):
        def forward(self, x):
            return F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2)

    with pytest.raises(rfield.InvalidModelError) as refused:
        rfield.load(Model(), input_shape=(1, 1, 7, 7))
    assert str(refused.value) == (
        "a maximum may lie at place 40 of (7, 7), and (6, 6) has only 36; tell the unpooling the "
        "size that was pooled"
    )
