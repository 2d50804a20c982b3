"""Inception v3 (Szegedy et al. 2015, arXiv:1512.00567) as in TF-Slim.

Layers with a stride are VALID, the others inside the modules SAME: nothing depends on the size.
"""

from __future__ import annotations

from .inception_layers import avg_pool, conv, max_pool
from .notation import Chain, Fork, Mixed


def _module_5(
    name: str, projection: int, five: tuple[str, str] = ("Conv2d_0a_1x1", "Conv2d_0b_5x5")
) -> Mixed:
    """A 5×5 beside two 3×3; ``five`` are the names of the 5×5 branch."""
    return Mixed(
        name,
        (
            (conv("0a", 1, 64),),
            (conv("0a", 1, 48, name=five[0]), conv("0b", 5, 64, name=five[1])),
            (conv("0a", 1, 64), conv("0b", 3, 96), conv("0c", 3, 96)),
            (avg_pool("0a", 3), conv("0b", 1, projection)),
        ),
    )


def _module_6(name: str, inner: int) -> Mixed:
    """7×7 as 1×7 and 7×1, once and twice; ``inner`` channels between."""
    return Mixed(
        name,
        (
            (conv("0a", 1, 192),),
            (conv("0a", 1, inner), conv("0b", (1, 7), inner), conv("0c", (7, 1), 192)),
            (
                conv("0a", 1, inner),
                conv("0b", (7, 1), inner),
                conv("0c", (1, 7), inner),
                conv("0d", (7, 1), inner),
                conv("0e", (1, 7), 192),
            ),
            (avg_pool("0a", 3), conv("0b", 1, 192)),
        ),
    )


def _module_7(name: str, upright: str) -> Mixed:
    """1×3 and 3×1 side by side; ``upright`` is the place of the first 3×1."""
    return Mixed(
        name,
        (
            (conv("0a", 1, 320),),
            (
                conv("0a", 1, 384),
                Fork((conv("0b", (1, 3), 384), conv(upright, (3, 1), 384))),
            ),
            (
                conv("0a", 1, 448),
                conv("0b", 3, 384),
                Fork((conv("0c", (1, 3), 384), conv("0d", (3, 1), 384))),
            ),
            (avg_pool("0a", 3), conv("0b", 1, 192)),
        ),
    )


_MIXED_6A = Mixed(
    "Mixed_6a",
    (
        (conv("1a", 3, 384, 2, "valid", name="Conv2d_1a_1x1"),),
        (
            conv("0a", 1, 64),
            conv("0b", 3, 96),
            conv("1a", 3, 96, 2, "valid", name="Conv2d_1a_1x1"),
        ),
        (max_pool("1a", 3, 2, "valid"),),
    ),
)

_MIXED_7A = Mixed(
    "Mixed_7a",
    (
        (conv("0a", 1, 192), conv("1a", 3, 320, 2, "valid")),
        (
            conv("0a", 1, 192),
            conv("0b", (1, 7), 192),
            conv("0c", (7, 1), 192),
            conv("1a", 3, 192, 2, "valid"),
        ),
        (max_pool("1a", 3, 2, "valid"),),
    ),
)

INCEPTION_V3: Chain = (
    conv("1a", 3, 32, 2, "valid"),
    conv("2a", 3, 32, 1, "valid"),
    conv("2b", 3, 64),
    max_pool("3a", 3, 2, "valid"),
    conv("3b", 1, 80, 1, "valid"),
    conv("4a", 3, 192, 1, "valid"),
    max_pool("5a", 3, 2, "valid"),
    _module_5("Mixed_5b", 32),
    _module_5("Mixed_5c", 64, five=("Conv2d_0b_1x1", "Conv_1_0c_5x5")),
    _module_5("Mixed_5d", 64),
    _MIXED_6A,
    _module_6("Mixed_6b", 128),
    _module_6("Mixed_6c", 160),
    _module_6("Mixed_6d", 160),
    _module_6("Mixed_6e", 192),
    _MIXED_7A,
    _module_7("Mixed_7b", upright="0b"),
    _module_7("Mixed_7c", upright="0c"),
)
