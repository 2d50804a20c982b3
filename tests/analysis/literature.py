"""Networks as their papers describe them, written down by hand."""

from __future__ import annotations

from typing import Any

import rfield


def valid_unet(size: int) -> rfield.Graph:
    """Ronneberger et al. 2015: unpadded convolutions, crops, pooling that may not drop anything."""
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, size, size))
    skips: list[Any] = []
    for depth in range(4):
        x = b.conv(f"down{depth}b", b.conv(f"down{depth}a", x, kernel=3), kernel=3)
        skips.append(x)
        x = b.max_pool(f"pool{depth}", x, kernel=2, stride=2)
    x = b.conv("bottom_b", b.conv("bottom_a", x, kernel=3), kernel=3)
    for depth in reversed(range(4)):
        x = b.conv_transpose(f"up{depth}", x, kernel=2, stride=2)
        crop = (4, 16, 40, 88)[3 - depth]
        skip = b.crop(f"crop{depth}", skips[depth], crop=[(crop, crop)] * 2)
        x = b.concat(f"join{depth}", skip, x)
        x = b.conv(f"up{depth}b", b.conv(f"up{depth}a", x, kernel=3), kernel=3)
    return b.build([b.conv("head", x, kernel=1)])


def fcn32s(size: int) -> rfield.Graph:
    """Long et al. 2015 as published for Caffe: padding of 100, then up by 32 (kernel 64)."""
    b = rfield.GraphBuilder()
    y = b.input("data", (1, 3, size, size))
    for block, count in enumerate((2, 2, 3, 3, 3), 1):
        for number in range(1, count + 1):
            padding = 100 if (block, number) == (1, 1) else 1
            y = b.conv(f"conv{block}_{number}", y, kernel=3, padding=padding)
        y = b.max_pool(f"pool{block}", y, kernel=2, stride=2, ceil_mode=True)
    y = b.conv("fc7", b.conv("fc6", y, kernel=7), kernel=1)
    return b.build(
        [b.conv_transpose("upscore", b.conv("score_fr", y, kernel=1), kernel=64, stride=32)]
    )


def ssd300() -> rfield.Graph:
    """Liu et al. 2016: VGG-16 with a dilated fc6, and four levels more."""
    b = rfield.GraphBuilder()
    y = b.input("data", (1, 3, 300, 300))
    for block, count in enumerate((2, 2, 3, 3, 3), 1):
        for number in range(1, count + 1):
            y = b.conv(f"conv{block}_{number}", y, kernel=3, padding=1)
        last = block == 5
        kernel, stride, padding = (3, 1, 1) if last else (2, 2, 0)
        y = b.max_pool(
            f"pool{block}", y, kernel=kernel, stride=stride, padding=padding, ceil_mode=block == 3
        )
    y = b.conv("fc7", b.conv("fc6", y, kernel=3, padding=6, dilation=6), kernel=1)
    for number, (stride, padding) in enumerate(((2, 1), (2, 1), (1, 0), (1, 0)), 8):
        y = b.conv(f"conv{number}_1", y, kernel=1)
        y = b.conv(f"conv{number}_2", y, kernel=3, stride=stride, padding=padding)
    return b.build([y])
