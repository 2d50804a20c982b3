"""Networks of many kinds: those that no zoo has, and the names of those that one has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn


class UNet(nn.Module):
    """Down twice, up twice by ``up``; skips are joined by concatenation."""

    def __init__(self, up: str, channels: int = 6) -> None:
        super().__init__()
        c = channels
        self.down1 = nn.Sequential(nn.Conv2d(3, c, 3, padding=1), nn.ReLU())
        self.down2 = nn.Sequential(nn.Conv2d(c, c, 3, padding=1), nn.ReLU())
        self.bottom = nn.Sequential(nn.Conv2d(c, c, 3, padding=1), nn.ReLU())
        self.pool = nn.MaxPool2d(2)
        self.up2, self.up1 = self._up(up, c), self._up(up, c)
        self.join2 = nn.Sequential(nn.Conv2d(2 * c, c, 3, padding=1), nn.ReLU())
        self.join1 = nn.Sequential(nn.Conv2d(2 * c, c, 3, padding=1), nn.ReLU())
        self.head = nn.Conv2d(c, 2, 1)

    @staticmethod
    def _up(kind: str, c: int) -> nn.Module:
        if kind == "transposed":
            return nn.ConvTranspose2d(c, c, 2, stride=2)
        if kind == "shuffled":
            return nn.Sequential(nn.Conv2d(c, 4 * c, 1), nn.PixelShuffle(2))
        return nn.Upsample(scale_factor=2, mode=kind)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        fine = self.down1(x)
        middle = self.down2(self.pool(fine))
        y = self.up2(self.bottom(self.pool(middle)))
        y = self.up1(self.join2(torch.cat([y, middle], 1)))
        return self.head(self.join1(torch.cat([y, fine], 1)))


class WaveNet(nn.Module):
    """Causal convolutions of dilation 1, 2, 4 … with gates and skips."""

    def __init__(self, layers: int = 5, channels: int = 4) -> None:
        super().__init__()
        self.start = nn.Conv1d(1, channels, 1)
        self.filters = nn.ModuleList(self._dilated(channels, 2**k) for k in range(layers))
        self.gates = nn.ModuleList(self._dilated(channels, 2**k) for k in range(layers))
        self.mixes = nn.ModuleList(nn.Conv1d(channels, channels, 1) for _ in range(layers))
        self.head = nn.Conv1d(channels, 2, 1)

    @staticmethod
    def _dilated(channels: int, dilation: int) -> nn.Module:
        return nn.Sequential(
            nn.ConstantPad1d((dilation, 0), 0.0),
            nn.Conv1d(channels, channels, 2, dilation=dilation),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.start(x)
        total = torch.zeros_like(x)
        for layer, gate, mix in zip(self.filters, self.gates, self.mixes, strict=True):
            y = torch.tanh(layer(x)) * torch.sigmoid(gate(x))
            total = total + y
            x = x + mix(y)
        return self.head(torch.relu(total))


class Autoencoder(nn.Module):
    """Strides that do not divide the sizes, and transposed convolutions with output padding."""

    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Sequential(
            nn.Conv2d(3, 4, 5, stride=3, padding=2), nn.GELU(), nn.Conv2d(4, 4, 4, stride=2)
        )
        self.decode = nn.Sequential(
            nn.ConvTranspose2d(4, 4, 3, stride=2, output_padding=1),
            nn.GELU(),
            nn.ConvTranspose2d(4, 3, 2, stride=3),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.decode(self.encode(x))


class Pyramid(nn.Module):
    """Dilated branches side by side and a pooled one, as in DeepLab, over circular borders."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular")
        self.branches = nn.ModuleList(
            nn.Conv2d(4, 2, 3, padding=d, dilation=d, padding_mode="reflect") for d in (1, 2, 3)
        )
        self.tall, self.wide = nn.Conv2d(4, 2, (5, 1), padding=(2, 0)), nn.Conv2d(4, 2, (1, 3))
        self.pad = nn.ZeroPad2d((0, 2, 0, 0))
        self.head = nn.Conv2d(10, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        sides = [self.tall(x), self.pad(self.wide(x))]
        return self.head(torch.cat([*(branch(x) for branch in self.branches), *sides], 1))


@dataclass(frozen=True)
class Entry:
    """A network to check: how it is built, its input, and what the zoo's builder is told."""

    name: str
    shape: tuple[int, ...]
    build: Callable[[], Any] | None = None
    options: dict[str, Any] = field(default_factory=dict)


OWN = [
    Entry("U-Net, transposed", (1, 3, 24, 20), lambda: UNet("transposed")),
    Entry("U-Net, nearest", (1, 3, 24, 20), lambda: UNet("nearest")),
    Entry("U-Net, bilinear", (1, 3, 24, 20), lambda: UNet("bilinear")),
    Entry("U-Net, pixel shuffle", (1, 3, 24, 20), lambda: UNet("shuffled")),
    Entry("WaveNet", (1, 1, 60), WaveNet),
    Entry("autoencoder", (1, 3, 31, 26), Autoencoder),
    Entry("dilated pyramid", (1, 3, 17, 14), Pyramid),
]


def _square(size: int, *names: str, **options: Any) -> list[Entry]:
    return [Entry(name, (1, 3, size, size), options=options) for name in names]


TORCHVISION = [
    *_square(
        96, "torchvision:alexnet", "torchvision:vgg11_bn", "torchvision:resnet18",
        "torchvision:resnext50_32x4d", "torchvision:googlenet", "torchvision:inception_v3",
        "torchvision:densenet121", "torchvision:mobilenet_v2", "torchvision:mobilenet_v3_small",
        "torchvision:efficientnet_b0", "torchvision:mnasnet0_5", "torchvision:shufflenet_v2_x1_0",
        "torchvision:squeezenet1_0", "torchvision:regnet_y_400mf", "torchvision:convnext_tiny",
        "torchvision:swin_t", "torchvision:swin_v2_t",
    ),
    *_square(64, "torchvision:fcn_resnet50", "torchvision:deeplabv3_resnet50"),
    *_square(
        96, "torchvision:lraspp_mobilenet_v3_large",
        "torchvision:fasterrcnn_mobilenet_v3_large_fpn", "torchvision:retinanet_resnet50_fpn",
    ),
    Entry("torchvision:r3d_18", (1, 3, 8, 48, 48)),
    Entry("torchvision:mc3_18", (1, 3, 8, 48, 48)),
]  # fmt: skip

TIMM = [
    *_square(
        96, "timm:hrnet_w18_small", "timm:dla34", "timm:ese_vovnet19b_dw", "timm:rexnet_100",
        "timm:res2net50_26w_4s", "timm:ghostnet_100", "timm:tf_efficientnet_b0", "timm:nfnet_l0",
        "timm:repvgg_a0", "timm:selecsls42", "timm:skresnet18", "timm:cspresnet50",
        "timm:inception_resnet_v2", "timm:edgenext_xx_small", "timm:xception41", "timm:darknet53",
        "timm:mobileone_s0", "timm:tinynet_a", "timm:poolformer_s12", "timm:fastvit_t8",
        "timm:efficientvit_b0", "timm:mobilevit_xs", "timm:focalnet_tiny_srf", "timm:pvt_v2_b0",
    ),
    *_square(
        96, "timm:vit_tiny_patch16_224", "timm:mixer_s16_224", "timm:resmlp_12_224",
        img_size=96,
    ),
]  # fmt: skip
