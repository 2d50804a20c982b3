"""Layers as the inception family names them: ``Conv2d_0b_3x3`` is place ``0b``, kernel 3×3.

The name follows from place and kernel, so the tables state each of them once. The few layers whose
name in TF-Slim is another one (a 3×3 called ``1x1``) give it themselves.

The article builds this family outside Slim's argument scope, where a convolution has a bias and no
batch norm follows it. Its FLOPs count that bias, so the layers here have it too.
"""

from __future__ import annotations

from .notation import AvgPool, Conv, Kernel, MaxPool, PaddingRule

Place = str
"""Where a layer stands in its branch: ``0b``; empty for the few that do not say."""


def conv(
    place: Place,
    kernel: Kernel,
    channels: int,
    stride: int = 1,
    padding: PaddingRule = "same",
    *,
    name: str | None = None,
) -> Conv:
    """A convolution ``Conv2d_{place}_{height}x{width}``."""
    return Conv(
        name or _name("Conv2d", place, kernel), kernel, channels, stride, padding, bias=True
    )


def max_pool(place: Place, kernel: int, stride: int = 1, padding: PaddingRule = "same") -> MaxPool:
    """A max pooling ``MaxPool_{place}_{height}x{width}``."""
    return MaxPool(_name("MaxPool", place, kernel), kernel, stride, padding)


def avg_pool(place: Place, kernel: int) -> AvgPool:
    """An average pooling ``AvgPool_{place}_{height}x{width}``."""
    return AvgPool(_name("AvgPool", place, kernel), kernel)


def _name(kind: str, place: Place, kernel: Kernel) -> str:
    height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
    return "_".join(part for part in (kind, place, f"{height}x{width}") if part)
