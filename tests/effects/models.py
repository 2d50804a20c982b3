"""Small PyTorch networks that use most kinds of rules, to be exported."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812  # its usual name


class Residual(nn.Module):
    """Convolutions, a norm, a pool, a gate, a join."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 7, stride=2, padding=3)
        self.norm = nn.BatchNorm2d(4)
        self.body = nn.Sequential(
            nn.Conv2d(4, 4, 3, padding=2, dilation=2), nn.ReLU(), nn.Conv2d(4, 4, 1)
        )
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(4, 4, 1), nn.Sigmoid())
        self.head = nn.Linear(4, 5)

    def forward(self, x: Any) -> Any:
        """Image to scores."""
        x = F.max_pool2d(F.relu(self.norm(self.stem(x))), 3, 2, 1)
        x = x + self.body(x)
        return self.head((x * self.gate(x)).mean((2, 3)))


class UNet(nn.Module):
    """Down, up, a crop and a skip."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.up = nn.ConvTranspose2d(4, 4, 2, stride=2)
        self.last = nn.Conv2d(7, 2, 3, padding=1)

    def forward(self, x: Any) -> Any:
        """Image to image."""
        y = self.up(self.down(x))
        y = torch.cat([x, y[:, :, : x.shape[2], : x.shape[3]]], 1)
        y = F.interpolate(self.last(y), scale_factor=2, mode="bilinear", align_corners=False)
        return F.pixel_unshuffle(F.pad(y, (1, 1, 1, 1), mode="reflect")[:, :, 1:-1, 1:-1], 2)


class Attention(nn.Module):
    """A causal mask made from positions, a softmax, an index table."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Linear(8, 24)
        self.register_buffer("order", torch.arange(11, -1, -1))

    def forward(self, x: Any) -> Any:
        """Sequence to sequence."""
        q, k, v = self.mix(self_norm(x)).chunk(3, -1)
        places = torch.arange(x.shape[1])
        mask = places[None, :] <= places[:, None]
        scores = (q @ k.transpose(1, 2)).masked_fill(~mask, float("-inf"))
        y = scores.softmax(-1) @ v
        return y[:, self.order] + x.roll(1, 1)


class Signal(nn.Module):
    """One axis, padded on one side; changes of type."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv1d(2, 4, 3, dilation=2)
        self.b = nn.Conv1d(4, 4, 5, stride=2)

    def forward(self, x: Any) -> Any:
        """Signal to frames."""
        y = self.b(F.pad(F.gelu(self.a(F.pad(x, (4, 0)))), (4, 0)))
        first, second = y.split(2, 1)
        return torch.stack([first.to(torch.float64).float(), second.flip(-1)], 1).flatten(1, 2)


def self_norm(x: Any) -> Any:
    """Over the last axis."""
    return F.layer_norm(x, x.shape[-1:])


def models() -> list[tuple[nn.Module, tuple[torch.Tensor, ...]]]:
    """Each with inputs to export it with."""
    torch.manual_seed(0)
    return [
        (Residual().eval(), (torch.zeros(1, 3, 40, 40),)),
        (UNet().eval(), (torch.zeros(1, 3, 24, 24),)),
        (Attention().eval(), (torch.zeros(1, 12, 8),)),
        (Signal().eval(), (torch.zeros(1, 2, 32),)),
    ]
