"""The networks without branches: AlexNet v2, VGG and MobileNet v1, as in TF-Slim.

AlexNet v2 is the one of "One weird trick" (Krizhevsky 2014, arXiv:1404.5997); VGG is
arXiv:1409.1556, MobileNet v1 arXiv:1704.04861. AlexNet and VGG end with their last pooling: the
article reports nothing behind it. They have no batch norm, so their convolutions have a bias.
"""

from __future__ import annotations

from .notation import Chain, Conv, Depthwise, MaxPool, Step

ALEXNET_V2: Chain = (
    Conv("alexnet_v2/conv1", 11, 64, 4, "valid", bias=True),
    MaxPool("alexnet_v2/pool1", 3, 2, "valid"),
    Conv("alexnet_v2/conv2", 5, 192, bias=True),
    MaxPool("alexnet_v2/pool2", 3, 2, "valid"),
    Conv("alexnet_v2/conv3", 3, 384, bias=True),
    Conv("alexnet_v2/conv4", 3, 384, bias=True),
    Conv("alexnet_v2/conv5", 3, 256, bias=True),
    MaxPool("alexnet_v2/pool5", 3, 2, "valid"),
)

_VGG_WIDTHS = (64, 128, 256, 512, 512)


def _vgg(root: str, depths: tuple[int, ...]) -> Chain:
    """Five blocks of ``depths`` 3×3 convolutions, a 2×2 pooling after each."""
    steps: list[Step] = []
    for block, (depth, width) in enumerate(zip(depths, _VGG_WIDTHS, strict=True), 1):
        scope = f"{root}/conv{block}/conv{block}"
        steps += [Conv(f"{scope}_{n}", 3, width, bias=True) for n in range(1, depth + 1)]
        steps.append(MaxPool(f"{root}/pool{block}", 2, 2, "valid"))
    return tuple(steps)


VGG_A: Chain = _vgg("vgg_a", (1, 1, 2, 2, 2))
VGG_16: Chain = _vgg("vgg_16", (2, 2, 3, 3, 3))

_MOBILENET_V1 = (
    (1, 64),
    (2, 128),
    (1, 128),
    (2, 256),
    (1, 256),
    (2, 512),
    *((1, 512),) * 5,
    (2, 1024),
    (1, 1024),
)
"""Stride and channels of the separable convolutions, from ``Conv2d_1`` on."""


def mobilenet_v1(depth: float = 1.0) -> Chain:
    """MobileNet v1 with every number of channels multiplied by ``depth``."""
    steps: list[Step] = [Conv("Conv2d_0", 3, int(32 * depth), 2)]
    for number, (stride, width) in enumerate(_MOBILENET_V1, 1):
        steps += [
            Depthwise(f"Conv2d_{number}_depthwise", 3, stride),
            Conv(f"Conv2d_{number}_pointwise", 1, int(width * depth)),
        ]
    return tuple(steps)
