"""Layers and rearrangements as PyTorch names them inside: literals worked out by hand."""

from __future__ import annotations

from typing import Any

import torch

from ..case import grid
from .torch_arrays import A, Entry, complex_
from .torchvision_ops import declare

declare()

LINE = (1, 2, 7)
IMAGE = (1, 2, 5, 6)
VOLUME = (1, 1, 3, 4, 5)
SPACE = grid((0,), range(2), range(5), range(6))


def window(*axes: Any) -> Any:
    """Positions of one image; a channel stands first."""
    return grid((0,), *axes)


def both(*axes: Any) -> Any:
    """Positions of both channels of one image."""
    return grid((0,), range(2), *axes)


def at(*place: int) -> set[tuple[int, ...]]:
    """One element."""
    return {place}


POOLING: dict[str, Entry] = {
    "avg_pool1d": (
        lambda x: A.avg_pool1d(x, [3], [2], [1]), LINE,
        {(0, 1, 0): window((1,), (0, 1)), (0, 1, 3): window((1,), (5, 6))},
    ),
    "max_pool1d": (
        lambda x: A.max_pool1d(x, [2], [2], [1], [3], True), LINE,
        {(0, 0, 0): at(0, 0, 2), (0, 0, 1): window((0,), (1, 4))},
    ),
    "max_pool1d_with_indices": (
        lambda x: A.max_pool1d_with_indices(x, [3])[0], LINE,
        {(0, 1, 1): window((1,), (3, 4, 5))},
    ),
    "max_pool2d": (
        lambda x: A.max_pool2d(x, [2, 3], [], [0, 1]), IMAGE,
        {(0, 1, 1, 0): window((1,), (2, 3), (0, 1)), (0, 0, 0, 1): window((0,), (0, 1), (2, 3, 4))},
    ),
    "max_pool3d": (
        lambda x: A.max_pool3d(x, [2], [1, 2, 3]), VOLUME,
        {(0, 0, 1, 1, 1): window((0,), (1, 2), (2, 3), (3, 4))},
    ),
    "adaptive_avg_pool1d": (
        lambda x: A.adaptive_avg_pool1d(x, [3]), LINE,
        {(0, 1, 0): window((1,), (0, 1, 2)), (0, 1, 1): window((1,), (2, 3, 4))},
    ),
    "adaptive_max_pool1d": (
        lambda x: A.adaptive_max_pool1d(x, [4])[0], LINE,
        {(0, 1, 0): window((1,), (0, 1)), (0, 1, 1): window((1,), (1, 2, 3))},
    ),
    "adaptive_avg_pool2d": (
        lambda x: A.adaptive_avg_pool2d(x, [2, 4]), IMAGE,
        {(0, 1, 0, 1): window((1,), (0, 1, 2), (1, 2))},
    ),
    "adaptive_avg_pool3d": (
        lambda x: A.adaptive_avg_pool3d(x, [2, 2, 3]), VOLUME,
        {(0, 0, 1, 0, 1): window((0,), (1, 2), (0, 1), (1, 2, 3))},
    ),
    "_adaptive_avg_pool3d": (
        lambda x: A._adaptive_avg_pool3d(x, [2, 2, 3]), VOLUME,
        {(0, 0, 1, 0, 1): window((0,), (1, 2), (0, 1), (1, 2, 3))},
    ),
    "adaptive_max_pool3d": (
        lambda x: A.adaptive_max_pool3d(x, [2, 2, 3])[0], VOLUME,
        {(0, 0, 1, 0, 1): window((0,), (1, 2), (0, 1), (1, 2, 3))},
    ),
}  # fmt: skip

PADDING: dict[str, Entry] = {
    "reflection_pad1d": (
        lambda x: A.reflection_pad1d(x, [2, 1]), LINE,
        {(0, 1, 0): at(0, 1, 2), (0, 1, 9): at(0, 1, 5)},
    ),
    "reflection_pad2d": (
        lambda x: A.reflection_pad2d(x, [2, 1, 0, 3]), IMAGE, {(0, 1, 7, 0): at(0, 1, 1, 2)},
    ),
    "reflection_pad3d": (
        lambda x: A.reflection_pad3d(x, [0, 1, 2, 0, 0, 1]), VOLUME,
        {(0, 0, 3, 0, 5): at(0, 0, 1, 2, 3)},
    ),
    "replication_pad1d": (
        lambda x: A.replication_pad1d(x, [2, 1]), LINE,
        {(0, 1, 0): at(0, 1, 0), (0, 1, 9): at(0, 1, 6)},
    ),
    "replication_pad2d": (
        lambda x: A.replication_pad2d(x, [2, 1, 0, 3]), IMAGE, {(0, 1, 7, 1): at(0, 1, 4, 0)},
    ),
    "replication_pad3d": (
        lambda x: A.replication_pad3d(x, [0, 1, 2, 0, 0, 1]), VOLUME,
        {(0, 0, 3, 1, 5): at(0, 0, 2, 0, 4)},
    ),
    "_pad_circular": (
        lambda x: A._pad_circular(x, [2, 1, 0, 3]), IMAGE, {(0, 1, 7, 0): at(0, 1, 2, 4)},
    ),
}  # fmt: skip

RESIZING: dict[str, Entry] = {
    "upsample_nearest2d": (
        lambda x: A.upsample_nearest2d(x, [8, 4]), IMAGE, {(0, 1, 5, 3): at(0, 1, 3, 4)},
    ),
    "upsample_nearest3d": (
        lambda x: A.upsample_nearest3d(x, [6, 3, 5]), VOLUME, {(0, 0, 3, 2, 4): at(0, 0, 1, 2, 4)},
    ),
    "upsample_nearest2d of a scale": (
        lambda x: A.upsample_nearest2d.vec(x, None, [1.5, 2.0]), IMAGE,
        {(0, 1, 5, 3): at(0, 1, 3, 1)},
    ),
    "_upsample_nearest_exact2d": (
        lambda x: A._upsample_nearest_exact2d(x, [8, 4]), IMAGE, {(0, 1, 5, 3): at(0, 1, 3, 5)},
    ),
    "_upsample_nearest_exact3d": (
        lambda x: A._upsample_nearest_exact3d(x, [6, 3, 5]), VOLUME,
        {(0, 0, 3, 1, 4): at(0, 0, 1, 2, 4)},
    ),
    "upsample_trilinear3d": (
        lambda x: A.upsample_trilinear3d(x, [3, 8, 5], False), VOLUME,
        {(0, 0, 2, 3, 1): window((0,), (2,), (1, 2), (1,))},
    ),
    "_upsample_bicubic2d_aa": (
        lambda x: A._upsample_bicubic2d_aa(x, [5, 3], False), IMAGE,
        {(0, 1, 2, 0): window((1,), (2,), range(5))},
    ),
    "_upsample_lanczos2d_aa": (
        lambda x: A._upsample_lanczos2d_aa(x, [5, 3], False), IMAGE,
        {(0, 1, 2, 0): window((1,), (2,), range(6))},
    ),
}  # fmt: skip

FRAMES: dict[str, Entry] = {
    "istft": (
        lambda x: torch.istft(complex_(x), 8, 2, window=torch.ones(8).to(x)), (1, 5, 6),
        {(0, 0): window(range(5), range(3)), (0, 5): window(range(5), range(1, 5))},
    ),
}  # fmt: skip
