"""What a chosen halo costs and what it does to the result: ``python -m benchmarks.halo``.

An up-scaler of 8 residual-in-residual dense blocks (a small ESRGAN) and a U-Net of
depth 4, both with random weights, on noise of 384 x 384 in tiles of 192. The errors are
those of tiled against whole, over the largest output.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

import rfield
from rfield.analysis.pieces.tiles.check import compare
from tests.torch.tiling_nets import UNet

IMAGE, TILE = 384, 192


class Dense(nn.Module):
    """Five convolutions, each of which reads all before it."""

    def __init__(self, channels: int = 8, growth: int = 4) -> None:
        super().__init__()
        widths = [growth] * 4 + [channels]
        self.convs = nn.ModuleList(
            nn.Conv2d(channels + growth * k, width, 3, padding=1) for k, width in enumerate(widths)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The input and what they add to it."""
        found = [x]
        for conv in self.convs[:-1]:
            found.append(functional.leaky_relu(conv(torch.cat(found, 1)), 0.2))
        return x + 0.2 * self.convs[-1](torch.cat(found, 1))


class UpScaler(nn.Module):
    """ESRGAN's generator: a trunk of blocks of three dense blocks, then twice the size, twice."""

    def __init__(self, blocks: int = 8, channels: int = 8) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, channels, 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.Sequential(*(Dense(channels) for _ in range(3))) for _ in range(blocks)
        )
        self.trunk, self.up1, self.up2, self.high = (
            nn.Conv2d(channels, channels, 3, padding=1) for _ in range(4)
        )
        self.last = nn.Conv2d(channels, 1, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The image at four times its size."""
        y = first = self.first(x)
        for block in self.blocks:
            y = y + 0.2 * block(y)
        y = first + self.trunk(y)
        for conv in (self.up1, self.up2):
            y = functional.leaky_relu(conv(functional.interpolate(y, scale_factor=2)), 0.2)
        return self.last(functional.leaky_relu(self.high(y), 0.2))


def wide(model: UNet) -> UNet:
    """The U-Net of the tests without layers that are dead from the start."""
    for name, parameter in model.named_parameters():
        if name.endswith("weight"):
            nn.init.orthogonal_(parameter)
    return model


def main() -> None:
    """Print the table."""
    torch.manual_seed(0)
    print("| network | halo | influence left out | work | error: largest | mean | at seams |")
    print("|---|---|---|---|---|---|---|")
    for name, model, halos in (
        ("up-scaler", UpScaler().eval(), (0, 4, 8, 16, 24, 32)),
        ("U-Net", wide(UNet(4)).eval(), (0, 8, 16, 32, 48, 64)),
    ):
        graph = rfield.load(model, (1, 1, 128, 128))
        image = torch.rand(1, 1, IMAGE, IMAGE)

        def run(x: torch.Tensor, model: nn.Module = model) -> torch.Tensor:
            with torch.no_grad():
                return model(x)

        whole = run(image)
        for halo in halos:
            plan = rfield.tile_plan(graph, IMAGE, tile=TILE, halo=halo)
            tiled = rfield.run_tiled(run, image, plan)
            found = compare(whole.numpy(), tiled.numpy(), plan)
            (needed, _), _ = plan.needed
            errors = [n / found.scale for n in (found.difference, found.mean, found.seams.mean)]
            row = [f"{name} ({needed})", halo, f"{plan.outside:.2g}", f"{float(plan.work):.2f}"]
            print("|", " | ".join(map(str, [*row, *(f"{n:.1e}" for n in errors)])), "|", flush=True)


if __name__ == "__main__":
    main()
