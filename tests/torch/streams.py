"""Audio models as people write them, with small whole weights so that arithmetic is exact."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def whole(model: nn.Module, seed: int = 0) -> nn.Module:
    """The model with whole weights from -2 to 2, in float64: sums are exact in any order."""
    torch.manual_seed(seed)
    model = model.double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            # No zeros: every tap must show.
            signs = torch.randint(0, 2, parameter.shape) * 2 - 1
            parameter.copy_(signs * torch.randint(1, 3, parameter.shape))
    return model.requires_grad_(requires_grad=False)


class Abs(nn.Module):
    """A non-linearity that is exact, and never silent."""

    def forward(self, x: Tensor) -> Tensor:
        return x.abs()


class Causal(nn.Module):
    """A convolution that is padded on the left only."""

    def __init__(self, before: int, after: int, kernel: int, dilation: int = 1, stride: int = 1):
        super().__init__()
        self.left = (kernel - 1) * dilation - (stride - 1)
        self.conv = nn.Conv1d(before, after, kernel, stride, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(functional.pad(x, (self.left, 0)))


class WaveNet(nn.Module):
    """Gated dilated convolutions with residual and skip connections (van den Oord et al. 2016)."""

    def __init__(self, depth: int = 7) -> None:
        super().__init__()
        self.start = Causal(1, 2, 1)
        self.filters = nn.ModuleList(Causal(2, 2, 2, 2**k) for k in range(depth))
        self.gates = nn.ModuleList(Causal(2, 2, 2, 2**k) for k in range(depth))
        self.residuals = nn.ModuleList(nn.Conv1d(2, 2, 1) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        x = self.start(x)
        skips: Tensor | int = 0
        for filter_, gate, residual in zip(self.filters, self.gates, self.residuals, strict=True):
            z = functional.hardtanh(filter_(x), -50, 50) * torch.sign(gate(x))
            skips = skips + z
            x = functional.hardtanh(x + residual(z), -50, 50)
        assert isinstance(skips, Tensor)
        return skips


class TCN(nn.Module):
    """One dilated convolution of 3 per level, each with a residual (Bai, Kolter, Koltun 2018)."""

    def __init__(self, depth: int = 6) -> None:
        super().__init__()
        self.levels = nn.ModuleList(Causal(1, 1, 3, 2**k) for k in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        for level in self.levels:
            x = torch.abs(x + level(x))
        return x


class SpeechEncoder(nn.Sequential):
    """The feature encoder of wav2vec 2.0 (Baevski et al. 2020), narrower."""

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        for k, (kernel, stride) in enumerate(
            zip((10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2), strict=True)
        ):
            layers += [nn.Conv1d(2 if k else 1, 2, kernel, stride), Abs()]
        super().__init__(*layers)


class Trimmed(nn.Module):
    """A transposed convolution, trimmed on the right so that it is causal."""

    def __init__(self, before: int, after: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose1d(before, after, kernel, stride)
        self.surplus = kernel - stride

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        return y[..., : y.shape[-1] - self.surplus]


class Codec(nn.Module):
    """A causal encoder and decoder with transposed convolutions, stride 8."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            Causal(1, 2, 3), Abs(), Causal(2, 2, 4, stride=2), Causal(2, 2, 8, stride=4)
        )
        self.middle = Causal(2, 2, 3)
        self.decoder = nn.Sequential(Trimmed(2, 2, 8, 4), Trimmed(2, 2, 4, 2), Causal(2, 1, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.middle(self.encoder(x)))


class UNet(nn.Module):
    """Pooling, transposed convolutions and skips; not causal."""

    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2, self.deep = (nn.Conv1d(n, 2, 3, padding=1) for n in (1, 2, 2))
        self.up2, self.up1 = (nn.ConvTranspose1d(2, 2, 2, 2) for _ in range(2))
        self.join2, self.join1 = nn.Conv1d(4, 2, 3, padding=1), nn.Conv1d(4, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        one = torch.abs(self.down1(x))
        two = torch.abs(self.down2(functional.max_pool1d(one, 2)))
        y = self.up2(torch.abs(self.deep(functional.max_pool1d(two, 2))))
        y = self.up1(torch.abs(self.join2(torch.cat([y, two[..., : y.shape[-1]]], 1))))
        return self.join1(torch.cat([y, one[..., : y.shape[-1]]], 1))


class SpectrogramNet(nn.Module):
    """2-D convolutions, frequency folded into channels, then 1-D; time is last, then second."""

    def __init__(self) -> None:
        super().__init__()
        self.image = nn.Sequential(
            nn.Conv2d(1, 2, 3, (2, 1), 1), Abs(), nn.Conv2d(2, 2, 3, 2, 1), nn.MaxPool2d((2, 1))
        )
        self.mix = nn.Linear(2 * 5, 2)
        self.time = nn.Conv1d(2, 2, 5, dilation=2, padding=4)

    def forward(self, x: Tensor) -> Tensor:
        y = self.image(x).permute(0, 3, 1, 2).flatten(2)
        return self.time(self.mix(y).transpose(1, 2)).transpose(1, 2)


class PixelShuffle(nn.Module):
    """Three outputs per sample, from channels."""

    def __init__(self) -> None:
        super().__init__()
        self.wide, self.last = nn.Conv1d(1, 6, 5, padding=2), nn.Conv1d(2, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.wide(x)
        batch, channels, length = y.shape
        y = y.reshape(batch, channels // 3, 3, length).transpose(2, 3)
        return self.last(y.reshape(batch, channels // 3, 3 * length))


class CropThenPad(nn.Module):
    """Zeros stand where the field says there are samples."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.outer = nn.Conv1d(1, 1, 3, padding=1), nn.Conv1d(1, 1, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.outer(functional.pad(self.inner(x)[..., 3:-4], (5, 6)))


class Same(nn.Module):
    """Strides with padding that depends on the length, as TensorFlow pads."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv1d(1, 2, 5, 3), nn.Conv1d(2, 1, 3, 2)])

    def forward(self, x: Tensor) -> Tensor:
        for conv in self.convs:
            (kernel,), (stride,), length = conv.kernel_size, conv.stride, x.shape[-1]
            total = max(0, (-(-length // stride) - 1) * stride + kernel - length)
            x = conv(functional.pad(x, (total // 2, total - total // 2)))
        return x


class Multiples(nn.Module):
    """Accepts multiples of 4 only, because of its skip."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.up = nn.Conv1d(1, 2, 4, 4), nn.ConvTranspose1d(2, 1, 4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.up(self.down(x))
