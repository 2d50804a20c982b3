"""Windows cut out by reshape and permute: they tile exactly on their own grid."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


class Attention(nn.Module):
    """Heads, and a bias by relative position, inside windows that are a batch."""

    def __init__(self, dim, cells, heads=2):
        super().__init__()
        self.heads, self.norm = heads, nn.LayerNorm(dim)
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.bias = nn.Parameter(torch.randn(heads, cells, cells))

    def forward(self, x):
        b, n, c = x.shape
        qkv = self.qkv(self.norm(x)).reshape(b, n, 3, self.heads, c // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-2, -1) + self.bias.unsqueeze(0)).softmax(-1)
        return self.out((scores @ v).transpose(1, 2).reshape(b, n, c))


class Windows(nn.Module):
    """Swin's: channels last, windows folded into the batch, then back."""

    def __init__(self, dim=4, size=8):
        super().__init__()
        self.size, self.attention = size, Attention(dim, size * size)

    def forward(self, x):
        b, c, h, w = x.shape
        s = self.size
        y = x.permute(0, 2, 3, 1).view(b, h // s, s, w // s, s, c)
        y = y.permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, s, s, c).view(-1, s * s, c)
        y = self.attention(y).view(-1, s, s, c)
        y = y.view(b, h // s, w // s, s, s, -1).permute(0, 1, 3, 2, 4, 5).contiguous()
        return x + y.view(b, h, w, -1).permute(0, 3, 1, 2)


class Tokens(nn.Module):
    """SwinIR's: rows and columns are tokens between the layers."""

    def __init__(self, inner):
        super().__init__()
        self.inner, self.norm, self.mlp = inner, nn.LayerNorm(4), nn.Linear(4, 4)

    def forward(self, x):
        b, c, h, w = x.shape
        tokens = self.mlp(self.norm(x.flatten(2).transpose(1, 2)))
        return self.inner(tokens.transpose(1, 2).view(b, c, h, w))


class Rows(nn.Module):
    """Stripes: attention along rows of 4 lines, over blocks of 6 columns."""

    def __init__(self):
        super().__init__()
        self.attention = Attention(4, 24)

    def forward(self, x):
        b, c, h, w = x.shape
        y = x.reshape(b, c, h // 4, 4, w // 6, 6).permute(0, 2, 4, 3, 5, 1).reshape(-1, 24, c)
        y = self.attention(y).reshape(b, h // 4, w // 6, 4, 6, c)
        return y.permute(0, 5, 1, 3, 2, 4).reshape(b, c, h, w)


class Unfolded(nn.Module):
    """Patches by ``F.unfold``, laid over each other again and divided by how many lie there."""

    def __init__(self, size=8, step=4):
        super().__init__()
        self.size, self.step, self.conv = size, step, nn.Conv2d(4, 4, 3, padding=1)
        ramp = torch.hann_window(size + 2, periodic=False)[1:-1]
        self.register_buffer("w", ramp.outer(ramp).reshape(1, size * size, 1))

    def forward(self, x):
        space, window = x.shape[-2:], self.w.repeat(1, 4, 1)
        cut = F.unfold(self.conv(x), self.size, stride=self.step) * window
        total = F.fold(self.w.expand(1, -1, cut.shape[-1]), space, self.size, stride=self.step)
        return F.fold(cut, space, self.size, stride=self.step) / total


def tiled(model, image, tile, read_at):
    """The largest difference between tiles and the whole, in double precision; the plan."""
    torch.manual_seed(0)
    model = model.double().eval()
    plan = rfield.tile_plan(model, image, tile=tile, input_shape=(1, 4, *read_at))
    x = torch.rand(1, 4, *image, dtype=torch.float64)
    with torch.no_grad():
        whole = model(x)
        return float((rfield.run_tiled(model, x, plan) - whole).abs().max()), plan


CONV = nn.Conv2d(4, 4, 3, padding=1)


@pytest.mark.parametrize(
    ("model", "image", "tile", "grid", "halo"),
    [
        (Windows(), (64, 96), 32, (8, 8), ((0, 0), (0, 0))),
        (nn.Sequential(CONV, Windows()), (64, 96), 40, (8, 8), ((8, 8), (8, 8))),
        (nn.Sequential(Windows(), CONV, Windows()), (96, 96), 48, (8, 8), ((8, 8), (8, 8))),
        (Tokens(Windows()), (64, 64), 32, (8, 8), ((0, 0), (0, 0))),
        (nn.Sequential(Windows(size=4), Windows(size=6)), (72, 72), 36, (12, 12), ((0, 0),) * 2),
        (Rows(), (48, 60), 24, (4, 6), ((0, 0), (0, 0))),
        (Unfolded(), (96, 128), 48, (4, 4), None),
        (nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(16, 4, 1), Windows()), (96, 96), 48,
         (16, 16), ((0, 0), (0, 0))),
    ],
)  # fmt: skip
def test_windows_tile_on_their_grid(model, image, tile, grid, halo):
    difference, plan = tiled(model, image, tile, (48, 48))
    assert difference < 1e-13
    assert plan.grid == grid
    assert len(plan) > 1
    assert halo is None or plan.halo == halo


class Padded(nn.Module):
    """torchvision's and mmdetection's: each block pads to whole windows and crops again."""

    def __init__(self):
        super().__init__()
        self.windows = Windows(size=4)

    def forward(self, x):
        h, w = x.shape[2:]
        return self.windows(F.pad(x, (0, -w % 4, 0, -h % 4)))[:, :, :h, :w]


@pytest.mark.parametrize(
    ("image", "tile"),
    [((64, 64), (40, 40)), ((63, 64), (39, 40)), ((62, 61), (38, 37)), ((57, 63), (37, 39))],
)
@pytest.mark.parametrize("shape", [(32, 32), (30, 31)])
def test_blocks_that_pad_to_whole_windows_one_after_the_other(image, tile, shape):
    difference, plan = tiled(nn.Sequential(Padded(), CONV, Padded()), image, 40, shape)
    assert difference < 1e-13
    assert (plan.tile, plan.grid) == (tile, (4, 4))


def test_windows_along_one_axis():
    class Blocks(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = Attention(4, 10)

        def forward(self, x):
            b, t, c = x.shape
            return self.attention(x.reshape(b * t // 10, 10, c)).reshape(b, t, c)

    model = Blocks().double().eval()
    plan = rfield.tile_plan(model, 200, tile=70, input_shape=(1, 100, 4), axes=(1,))
    x = torch.rand(1, 200, 4, dtype=torch.float64)
    with torch.no_grad():
        assert float((rfield.run_tiled(model, x, plan) - model(x)).abs().max()) < 1e-13
    assert (plan.grid, plan.halo) == ((10,), ((0, 0),))


@pytest.mark.parametrize(("window", "size"), [(8, 16), (8, 64), (8, 256), (4, 16), (2, 12)])
def test_their_sizes_are_those_of_whole_windows(window, size):
    found = rfield.valid_sizes(Windows(size=window), input_shape=(1, 4, size, size))
    assert str(found) == f"y, x: multiples of {window}, from {window}"


@pytest.mark.parametrize(("size", "least"), [(24, 12), (60, 12)])
def test_two_kinds_of_windows_need_sizes_that_suit_both(size, least):
    model = nn.Sequential(Windows(size=4), Windows(size=6))
    found = rfield.valid_sizes(model, input_shape=(1, 4, size, size))
    assert str(found) == f"y, x: multiples of 12, from {least}"


def test_attention_over_all_tokens_has_no_tiles():
    class All(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = Attention(4, 36)

        def forward(self, x):
            b, c, h = x.shape[:3]
            y = F.avg_pool2d(x, h // 6)
            y = self.attention(y.flatten(2).transpose(1, 2)).transpose(1, 2).view(b, c, 6, 6)
            return F.interpolate(y, scale_factor=h // 6)

    class Plain(nn.Module):
        def forward(self, x):
            b, c, h, w = x.shape
            y = x.flatten(2).transpose(1, 2)
            y = (y @ y.transpose(1, 2)).softmax(-1) @ y
            return y.transpose(1, 2).view(b, c, h, w)

    with pytest.raises(rfield.errors.NotTileableError) as caught:
        tiled(Plain(), (32, 32), 16, (16, 16))
    assert str(caught.value).startswith(
        "no tile of view#2 equals the whole: 2 layers read a whole axis (softmax, matmul#2)."
    )
    with pytest.raises(rfield.RFieldError):
        tiled(All(), (48, 48), 24, (36, 36))
