"""ResNet v1 and v2 (He et al., arXiv:1512.03385 and 1603.05027) as in TF-Slim.

Slim differs from the papers in where the stride is: in the last unit of a block, not in the first
one of the next. A strided convolution is padded explicitly and then VALID, so that its grid does
not depend on the size; the pooling after the first convolution is SAME, and its grid does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..frontends.declared import GraphBuilder, Value
from .notation import Alias, Chain, MaxPool, Step, channels

UNITS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3), 200: (3, 24, 36, 3)}
"""Residual units per block, by number of layers."""

Version = Literal[1, 2]
_WIDTHS = (64, 128, 256, 512)
_STRIDES = (2, 2, 2, 1)


@dataclass(frozen=True)
class AlignedConv(Step):
    """A convolution whose padding follows from its kernel alone: k − 1 in all, an odd one after."""

    name: str
    kernel: int
    channels: int
    stride: int = 1
    bias: bool = False

    def lay(self, b: GraphBuilder, x: Value, scope: str) -> Value:
        """Add one layer."""
        before = (self.kernel - 1) // 2
        padding = [(before, self.kernel - 1 - before)] * 2
        return b.conv(
            scope + self.name, x, kernel=self.kernel, stride=self.stride, padding=padding,
            channels=self.channels, bias=self.bias,
        )  # fmt: skip


@dataclass(frozen=True)
class Bottleneck(Step):
    """A residual unit: 1×1 down to ``width`` channels, 3×3, 1×1 up to four times that.

    In version 2 batch norm comes before the unit, so that its last convolution and its projected
    shortcut have a bias.
    """

    name: str
    width: int
    stride: int
    version: Version

    def lay(self, b: GraphBuilder, x: Value, scope: str) -> Value:
        """Add the convolutions, the shortcut where it is not the identity, and the sum."""
        inner = f"{scope}{self.name}/"
        depth, bias = 4 * self.width, self.version == 2
        shortcut = x
        if channels(x) != depth:
            shortcut = AlignedConv("shortcut", 1, depth, self.stride, bias).lay(b, x, inner)
        elif self.stride > 1:
            shortcut = MaxPool("shortcut", 1, self.stride).lay(b, x, inner)
        y = AlignedConv("conv1", 1, self.width).lay(b, x, inner)
        y = AlignedConv("conv2", 3, self.width, self.stride).lay(b, y, inner)
        y = AlignedConv("conv3", 1, depth, bias=bias).lay(b, y, inner)
        return b.add(scope + self.name, shortcut, y)


def resnet(version: Version, layers: int) -> Chain:
    """The network ``resnet_v{version}_{layers}`` up to its last block."""
    root = f"resnet_v{version}_{layers}"
    steps: list[Step] = [
        AlignedConv(f"{root}/conv1", 7, 64, 2, bias=version == 2),
        MaxPool(f"{root}/pool1", 3, 2),
    ]
    blocks = zip(UNITS[layers], _WIDTHS, _STRIDES, strict=True)
    for number, (units, width, stride) in enumerate(blocks, 1):
        block = f"{root}/block{number}"
        for unit in range(1, units + 1):
            name = f"{block}/unit_{unit}/bottleneck_v{version}"
            steps.append(Bottleneck(name, width, stride if unit == units else 1, version))
        steps.append(Alias(block))
    return tuple(steps)
