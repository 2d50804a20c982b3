"""Inception v2 (Ioffe and Szegedy 2015, arXiv:1502.03167) as in TF-Slim.

Every layer is SAME, also those with a stride: padding depends on the input size. The first
convolution is depthwise separable, or a plain one in the variant ``no-separable-conv``.
"""

from __future__ import annotations

from .inception_layers import avg_pool, conv, max_pool
from .notation import Chain, Depthwise, Mixed, Step

_AVERAGE = avg_pool("0a", 3)


def _module(
    name: str,
    single: int,
    middle: tuple[int, int],
    double: tuple[int, int],
    projection: int,
    pool: Step = _AVERAGE,
) -> Mixed:
    """Four branches: 1×1, one 3×3, two 3×3, and a pooling with its projection."""
    return Mixed(
        name,
        (
            (conv("0a", 1, single),),
            (conv("0a", 1, middle[0]), conv("0b", 3, middle[1])),
            (conv("0a", 1, double[0]), conv("0b", 3, double[1]), conv("0c", 3, double[1])),
            (pool, conv("0b", 1, projection)),
        ),
    )


def _reduction(name: str, middle: tuple[int, int], double: tuple[int, int]) -> Mixed:
    """The same without the 1×1 branch, every branch ending with stride 2."""
    return Mixed(
        name,
        (
            (conv("0a", 1, middle[0]), conv("1a", 3, middle[1], 2)),
            (conv("0a", 1, double[0]), conv("0b", 3, double[1]), conv("1a", 3, double[1], 2)),
            (max_pool("1a", 3, 2),),
        ),
    )


_SEPARABLE: Chain = (
    Depthwise("Conv2d_1a_7x7/depthwise", 7, stride=2, multiplier=8),
    conv("1a", 1, 64, name="Conv2d_1a_7x7"),
)
_PLAIN: Chain = (conv("1a", 7, 64, 2),)

_TRUNK: Chain = (
    max_pool("2a", 3, 2),
    conv("2b", 1, 64),
    conv("2c", 3, 192),
    max_pool("3a", 3, 2),
    _module("Mixed_3b", 64, (64, 64), (64, 96), 32),
    _module("Mixed_3c", 64, (64, 96), (64, 96), 64),
    _reduction("Mixed_4a", (128, 160), (64, 96)),
    _module("Mixed_4b", 224, (64, 96), (96, 128), 128),
    _module("Mixed_4c", 192, (96, 128), (96, 128), 128),
    _module("Mixed_4d", 160, (128, 160), (128, 160), 96),
    _module("Mixed_4e", 96, (128, 192), (160, 192), 96),
    _reduction("Mixed_5a", (128, 192), (192, 256)),
    _module("Mixed_5b", 352, (192, 320), (160, 224), 128),
    _module("Mixed_5c", 352, (192, 320), (192, 224), 128, pool=max_pool("0a", 3)),
)

INCEPTION_V2: Chain = _SEPARABLE + _TRUNK
INCEPTION_V2_NO_SEPARABLE_CONV: Chain = _PLAIN + _TRUNK
