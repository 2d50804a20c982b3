"""Inception v4 (Szegedy et al. 2016, arXiv:1602.07261) as in TF-Slim.

As in v3, layers with a stride are VALID and the others inside the modules SAME. The stem forks too.
"""

from __future__ import annotations

from .inception_layers import avg_pool, conv, max_pool
from .notation import Chain, Fork, Mixed

_STEM: Chain = (
    conv("1a", 3, 32, 2, "valid"),
    conv("2a", 3, 32, 1, "valid"),
    conv("2b", 3, 64),
    Mixed(
        "Mixed_3a",
        ((max_pool("0a", 3, 2, "valid"),), (conv("0a", 3, 96, 2, "valid"),)),
    ),
    Mixed(
        "Mixed_4a",
        (
            (conv("0a", 1, 64), conv("1a", 3, 96, 1, "valid")),
            (
                conv("0a", 1, 64),
                conv("0b", (1, 7), 64),
                conv("0c", (7, 1), 64),
                conv("1a", 3, 96, 1, "valid"),
            ),
        ),
    ),
    Mixed(
        "Mixed_5a",
        ((conv("1a", 3, 192, 2, "valid"),), (max_pool("1a", 3, 2, "valid"),)),
    ),
)

_A: tuple[Chain, ...] = (
    (conv("0a", 1, 96),),
    (conv("0a", 1, 64), conv("0b", 3, 96)),
    (conv("0a", 1, 64), conv("0b", 3, 96), conv("0c", 3, 96)),
    (avg_pool("0a", 3), conv("0b", 1, 96)),
)

_REDUCTION_A: tuple[Chain, ...] = (
    (conv("1a", 3, 384, 2, "valid"),),
    (conv("0a", 1, 192), conv("0b", 3, 224), conv("1a", 3, 256, 2, "valid")),
    (max_pool("1a", 3, 2, "valid"),),
)

_B: tuple[Chain, ...] = (
    (conv("0a", 1, 384),),
    (conv("0a", 1, 192), conv("0b", (1, 7), 224), conv("0c", (7, 1), 256)),
    (
        conv("0a", 1, 192),
        conv("0b", (7, 1), 192),
        conv("0c", (1, 7), 224),
        conv("0d", (7, 1), 224),
        conv("0e", (1, 7), 256),
    ),
    (avg_pool("0a", 3), conv("0b", 1, 128)),
)

_REDUCTION_B: tuple[Chain, ...] = (
    (conv("0a", 1, 192), conv("1a", 3, 192, 2, "valid")),
    (
        conv("0a", 1, 256),
        conv("0b", (1, 7), 256),
        conv("0c", (7, 1), 320),
        conv("1a", 3, 320, 2, "valid"),
    ),
    (max_pool("1a", 3, 2, "valid"),),
)

_C: tuple[Chain, ...] = (
    (conv("0a", 1, 256),),
    (conv("0a", 1, 384), Fork((conv("0b", (1, 3), 256), conv("0c", (3, 1), 256)))),
    (
        conv("0a", 1, 384),
        conv("0b", (3, 1), 448),
        conv("0c", (1, 3), 512),
        Fork((conv("0d", (1, 3), 256), conv("0e", (3, 1), 256))),
    ),
    (avg_pool("0a", 3), conv("0b", 1, 256)),
)

INCEPTION_V4: Chain = (
    *_STEM,
    *(Mixed(f"Mixed_5{letter}", _A) for letter in "bcde"),
    Mixed("Mixed_6a", _REDUCTION_A),
    *(Mixed(f"Mixed_6{letter}", _B) for letter in "bcdefgh"),
    Mixed("Mixed_7a", _REDUCTION_B),
    *(Mixed(f"Mixed_7{letter}", _C) for letter in "bcd"),
)
