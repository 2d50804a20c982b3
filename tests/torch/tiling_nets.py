"""Networks for tiling, whose arithmetic is exact: small integers in double precision.

Additions of integers give the same result in every order, so a tile that reads the same pixels
gives the same bits, whatever the kernels do.
"""

from __future__ import annotations

import random
from typing import Any

import torch
from torch import nn
from torch.nn import functional

FLAT = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
MAX_POOL = {1: functional.max_pool1d, 2: functional.max_pool2d, 3: functional.max_pool3d}


def integers(model: nn.Module, *, positive: bool = False, seed: int = 0) -> nn.Module:
    """The model in eval mode, its weights integers from -1 (or 1) to 2, in double precision."""
    draw = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        drawn = torch.randint(1 if positive else -1, 3, parameter.shape, generator=draw)
        parameter.data = drawn.double()
    return model.double().eval()


def noise(*shape: int, seed: int = 1) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randint(-3, 4, shape, generator=draw).double()


class UNet(nn.Module):
    """Two convolutions a level, max-pooling, and a transposed convolution or a resize back up.

    With ``padding=0`` it is the one of Ronneberger et al. 2015: the skips are cropped.
    """

    def __init__(
        self, depth: int = 2, *, up: str = "transposed", padding: int = 1, rank: int = 2
    ) -> None:
        super().__init__()
        self.padding, self.rank = padding, rank
        self.down = nn.ModuleList(self._block(1 if d == 0 else 2, 2) for d in range(depth))
        self.middle = self._block(2, 2)
        self.scale = nn.ModuleList(self._up(up) for _ in range(depth))
        self.back = nn.ModuleList(self._block(4, 2) for _ in range(depth))
        self.head = FLAT[rank](2, 1, 1)

    def _block(self, channels: int, width: int) -> nn.Module:
        conv, pad = FLAT[self.rank], self.padding
        return nn.Sequential(
            conv(channels, width, 3, padding=pad), nn.ReLU(),
            conv(width, width, 3, padding=pad), nn.ReLU(),
        )  # fmt: skip

    def _up(self, up: str) -> nn.Module:
        if up == "transposed":
            return TRANSPOSED[self.rank](2, 2, 2, 2)
        return nn.Upsample(scale_factor=2, mode=up)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skips = []
        for block in self.down:
            x = block(x)
            skips.append(x)
            x = MAX_POOL[self.rank](x, 2)
        x = self.middle(x)
        for scale, block in zip(self.scale, self.back, strict=True):
            x, skip = scale(x), skips.pop()
            apart = [a - b for a, b in zip(skip.shape[2:], x.shape[2:], strict=True)]
            if self.padding:  # an odd level is one smaller after pooling and scaling back
                x = functional.pad(x, [n for d in reversed(apart) for n in (d // 2, d - d // 2)])
            else:
                cut = [slice(d // 2, d // 2 + n) for d, n in zip(apart, x.shape[2:], strict=True)]
                skip = skip[(..., *cut)]
            x = block(torch.cat([skip, x], dim=1))
        return self.head(x)


def dilated() -> nn.Module:
    """DeepLab's kind: a stride, then convolutions ever further apart."""
    return nn.Sequential(
        nn.Conv2d(1, 2, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(2, 2, 3, padding=2, dilation=2), nn.ReLU(),
        nn.Conv2d(2, 2, 3, padding=4, dilation=4), nn.ReLU(),
        nn.Conv2d(2, 1, 3, padding=6, dilation=6),
        nn.Upsample(scale_factor=2, mode="bilinear"),
    )  # fmt: skip


def super_resolution() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 5, padding=2), nn.ReLU(), nn.Conv2d(4, 9, 3, padding=1), nn.PixelShuffle(3)
    )


class CropThenPad(nn.Module):
    """A crop cuts away what the padding after it would have read."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 1, 5, padding=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.first(x)[:, :, 3:-4, 2:-2].relu())


def random_net(seed: int) -> nn.Module:
    """A chain of layers of any kind, with different numbers per axis, and a branch or two."""
    draw = random.Random(seed)
    layers: list[nn.Module] = [nn.Conv2d(1, 2, 1)]
    for _ in range(draw.randint(2, 5)):
        layers.append(_layer(draw))
        if draw.random() < 0.3:
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


class Sum(nn.Module):
    """Two branches that are cut to the smaller of both at the end, as people do."""

    def __init__(self, one: nn.Module, other: nn.Module) -> None:
        super().__init__()
        self.one, self.other = one, other

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a, b = self.one(x), self.other(x)
        rows, columns = min(a.shape[2], b.shape[2]), min(a.shape[3], b.shape[3])
        return a[:, :, :rows, :columns] + b[:, :, :rows, :columns]


def _layer(draw: random.Random) -> nn.Module:
    def two(low: int, high: int) -> tuple[int, int]:
        return draw.randint(low, high), draw.randint(low, high)

    kind = draw.choice(
        ["conv", "conv", "dilated", "strided", "max", "ceil", "average", "transposed", "nearest",
         "bilinear", "pad", "crop", "shuffle", "unshuffle", "branch"]
    )  # fmt: skip
    if kind == "conv":
        return nn.Conv2d(2, 2, two(1, 4), padding=two(0, 2))
    if kind == "dilated":
        return nn.Conv2d(2, 2, two(2, 3), padding=two(0, 3), dilation=two(1, 3))
    if kind == "strided":
        return nn.Conv2d(2, 2, two(1, 4), stride=two(1, 3), padding=two(0, 2))
    if kind in ("max", "ceil"):
        return nn.MaxPool2d((2, 3), two(1, 3), padding=(1, 0), ceil_mode=kind == "ceil")
    if kind == "average":
        return nn.AvgPool2d((2, 4), (2, 1), padding=(0, 2), count_include_pad=draw.random() < 0.5)
    if kind == "transposed":
        stride = two(1, 3)
        return nn.ConvTranspose2d(2, 2, two(1, 4), stride=stride, padding=(0, 0))
    if kind == "nearest":
        return nn.Upsample(scale_factor=2, mode="nearest")
    if kind == "bilinear":
        return nn.Upsample(scale_factor=2, mode="bilinear")
    if kind == "pad":
        pads = [draw.randint(0, 2) for _ in range(4)]
        made = draw.choice([nn.ZeroPad2d, nn.ReflectionPad2d, nn.ReplicationPad2d])
        return made(pads)  # type: ignore[arg-type]  # four numbers, as a list
    if kind == "crop":
        return nn.ZeroPad2d([-draw.randint(0, 2) for _ in range(4)])  # type: ignore[arg-type]  # four
    if kind == "shuffle":
        return nn.Sequential(nn.Conv2d(2, 8, 1), nn.PixelShuffle(2))
    if kind == "unshuffle":
        return nn.Sequential(nn.ZeroPad2d(2), Even(), nn.PixelUnshuffle(2), nn.Conv2d(8, 2, 1))
    return Sum(nn.Conv2d(2, 2, two(1, 4), padding=1), nn.Conv2d(2, 2, two(1, 3), padding=two(0, 2)))


class Even(nn.Module):
    """Cut to even sizes."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :, : x.shape[2] // 2 * 2, : x.shape[3] // 2 * 2]


class Of(nn.Module):
    """A function of a convolution and a copy of the image."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.c, self.function = nn.Conv2d(1, 1, 3, padding=1), function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(self.c, x.clone())
