"""Inception-ResNet v2 (Szegedy et al. 2016, arXiv:1602.07261) as in TF-Slim.

The table is a function of the padding rule: VALID where Slim's default is VALID, and SAME
everywhere in the variant ``same`` (Slim's ``align_feature_maps``).
"""

from __future__ import annotations

from .inception_layers import avg_pool, conv, max_pool
from .notation import Alias, Chain, Mixed, PaddingRule, Residual

_MIXED_5B = Mixed(
    "Mixed_5b",
    (
        (conv("", 1, 96),),
        (conv("0a", 1, 48), conv("0b", 5, 64)),
        (conv("0a", 1, 64), conv("0b", 3, 96), conv("0c", 3, 96)),
        (avg_pool("0a", 3), conv("0b", 1, 64)),
    ),
)

_BLOCK_35: tuple[Chain, ...] = (
    (conv("", 1, 32),),
    (conv("0a", 1, 32), conv("0b", 3, 32)),
    (conv("0a", 1, 32), conv("0b", 3, 48), conv("0c", 3, 64)),
)

_BLOCK_17: tuple[Chain, ...] = (
    (conv("", 1, 192),),
    (conv("0a", 1, 128), conv("0b", (1, 7), 160), conv("0c", (7, 1), 192)),
)

_BLOCK_8: tuple[Chain, ...] = (
    (conv("", 1, 192),),
    (conv("0a", 1, 192), conv("0b", (1, 3), 224), conv("0c", (3, 1), 256)),
)


def _repeat(name: str, count: int, branches: tuple[Chain, ...]) -> Chain:
    return tuple(Residual(f"{name}_{number}", branches) for number in range(1, count + 1))


def _network(edge: PaddingRule) -> Chain:
    """The network with ``edge`` padding on the layers that Slim leaves VALID by default."""
    return (
        conv("1a", 3, 32, 2, edge),
        conv("2a", 3, 32, 1, edge),
        conv("2b", 3, 64),
        max_pool("3a", 3, 2, edge),
        conv("3b", 1, 80, 1, edge),
        conv("4a", 3, 192, 1, edge),
        max_pool("5a", 3, 2, edge),
        _MIXED_5B,
        *_repeat("Repeat/block35", 10, _BLOCK_35),
        Mixed(
            "Mixed_6a",
            (
                (conv("1a", 3, 384, 2, edge),),
                (conv("0a", 1, 256), conv("0b", 3, 256), conv("1a", 3, 384, 2, edge)),
                (max_pool("1a", 3, 2, edge),),
            ),
        ),
        *_repeat("Repeat_1/block17", 20, _BLOCK_17),
        Alias("PreAuxLogits"),
        Mixed(
            "Mixed_7a",
            (
                (conv("0a", 1, 256), conv("1a", 3, 384, 2, edge)),
                (conv("0a", 1, 256), conv("1a", 3, 288, 2, edge)),
                (conv("0a", 1, 256), conv("0b", 3, 288), conv("1a", 3, 320, 2, edge)),
                (max_pool("1a", 3, 2, edge),),
            ),
        ),
        *_repeat("Repeat_2/block8", 9, _BLOCK_8),
        Residual("Block8", _BLOCK_8),
        conv("7b", 1, 1536),
    )


INCEPTION_RESNET_V2: Chain = _network("valid")
INCEPTION_RESNET_V2_SAME: Chain = _network("same")
