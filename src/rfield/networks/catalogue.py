"""Which networks there are, in the article's order, and which of their layers it reports.

The article is "Computing Receptive Fields of Convolutional Neural Networks" by Araujo, Norris and
Sim, Distill 2019, doi:10.23915/distill.00021. Its end points are layer names of TF-Slim. The rows
are the article's own, not computed: they are what the analysis is held against.
"""

from __future__ import annotations

from typing import NamedTuple

from .chains import ALEXNET_V2, VGG_16, VGG_A, mobilenet_v1
from .inception_resnet_v2 import INCEPTION_RESNET_V2, INCEPTION_RESNET_V2_SAME
from .inception_v2 import INCEPTION_V2, INCEPTION_V2_NO_SEPARABLE_CONV
from .inception_v3 import INCEPTION_V3
from .inception_v4 import INCEPTION_V4
from .notation import Alias, Chain, Depthwise, Residual
from .resnet import UNITS, resnet


class Network(NamedTuple):
    """A network: its steps, and the layers that the article reports, in order."""

    steps: Chain
    end_points: tuple[str, ...]


class PublishedRow(NamedTuple):
    """One row of the article: the field of ``end_point`` at 224×224, in pixels."""

    network: str
    end_point: str
    size: int
    stride: int
    padding: int


def _main_line(steps: Chain) -> Network:
    """Report every step but the first halves of separable convolutions and the residual units."""
    return Network(steps, tuple(s.name for s in steps if not isinstance(s, Depthwise | Residual)))


def _blocks(steps: Chain) -> Network:
    """Report the ends of the residual blocks."""
    return Network(steps, tuple(s.name for s in steps if isinstance(s, Alias)))


def _alexnet() -> Network:
    steps, layers = _main_line(ALEXNET_V2)
    return Network(steps, tuple(name for name in layers if name != "alexnet_v2/pool2"))


def _vgg_16() -> Network:
    """Report the layers that VGG-A has as well."""
    shared = _main_line(VGG_A).end_points
    return Network(VGG_16, tuple(name.replace("vgg_a/", "vgg_16/") for name in shared))


NETWORKS: dict[str, Network] = {
    "alexnet_v2": _alexnet(),
    "vgg_a": _main_line(VGG_A),
    "vgg_16": _vgg_16(),
    "mobilenet_v1": _main_line(mobilenet_v1()),
    "mobilenet_v1_075": _main_line(mobilenet_v1(0.75)),
    **{f"resnet_v1_{layers}": _blocks(resnet(1, layers)) for layers in UNITS},
    **{f"resnet_v2_{layers}": _blocks(resnet(2, layers)) for layers in UNITS},
    "inception_v2": _main_line(INCEPTION_V2),
    "inception_v2-no-separable-conv": _main_line(INCEPTION_V2_NO_SEPARABLE_CONV),
    "inception_v3": _main_line(INCEPTION_V3),
    "inception_v4": _main_line(INCEPTION_V4),
    "inception_resnet_v2": _main_line(INCEPTION_RESNET_V2),
    "inception_resnet_v2-same": _main_line(INCEPTION_RESNET_V2_SAME),
}

PUBLISHED: tuple[PublishedRow, ...] = (
    PublishedRow("alexnet_v2", "alexnet_v2/pool5", 195, 32, 64),
    PublishedRow("vgg_16", "vgg_16/pool5", 212, 32, 90),
    PublishedRow("mobilenet_v1", "Conv2d_13_pointwise", 315, 32, 126),
    PublishedRow("resnet_v1_50", "resnet_v1_50/block4", 483, 32, 239),
    PublishedRow("inception_v2", "Mixed_5c", 699, 32, 318),
    PublishedRow("resnet_v1_101", "resnet_v1_101/block4", 1027, 32, 511),
    PublishedRow("inception_v3", "Mixed_7c", 1311, 32, 618),
    PublishedRow("resnet_v1_152", "resnet_v1_152/block4", 1507, 32, 751),
    PublishedRow("resnet_v1_200", "resnet_v1_200/block4", 1763, 32, 879),
    PublishedRow("inception_v4", "Mixed_7d", 2071, 32, 998),
    PublishedRow("inception_resnet_v2", "Conv2d_7b_1x1", 3039, 32, 1482),
)
