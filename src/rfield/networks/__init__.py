"""The article's networks, written down with the declared front end.

Nineteen convolutional bases (nothing behind the last feature map), faithful to TF-Slim in layout
(NHWC), layer names, kernels, strides, padding and channels. They are data: tables of steps that
``notation`` lays out. Nothing here knows what will be asked of the graphs.

>>> from rfield import networks
>>> networks.end_points("resnet_v1_50")[-1]
'resnet_v1_50/block4'
>>> networks.build("vgg_16").outputs
('vgg_16/pool5',)
"""

from __future__ import annotations

from ..core.graph import Graph
from ..errors import unknown_name
from ..frontends.declared import GraphBuilder
from .catalogue import NETWORKS, PUBLISHED, Network, PublishedRow
from .notation import lay_chain

__all__ = ["PublishedRow", "build", "end_points", "names", "published"]


def names() -> tuple[str, ...]:
    """The names of the networks, in the article's order."""
    return tuple(NETWORKS)


def end_points(name: str) -> tuple[str, ...]:
    """The layers of network ``name`` that the article reports, from input to output.

    Raises:
        UnknownNameError: if there is no such network.

    >>> end_points("alexnet_v2")[:2]
    ('alexnet_v2/conv1', 'alexnet_v2/pool1')
    """
    return _network(name).end_points


def published() -> tuple[PublishedRow, ...]:
    """The article's rows for the last end points at 224×224, in its order.

    >>> published()[0].size
    195
    """
    return PUBLISHED


def build(name: str, resolution: int | None = 224) -> Graph:
    """Network ``name`` as a graph with one input ``image`` and the last end point as its output.

    Args:
        name: one of ``names()``.
        resolution: height and width of the image in pixels; None leaves both free.

    Raises:
        UnknownNameError: if there is no such network.
        InvalidModelError: if the image is too small for the network.

    >>> build("mobilenet_v1", resolution=None).outputs
    ('Conv2d_13_pointwise',)
    """
    steps, ends = _network(name)
    b = GraphBuilder()
    lay_chain(b, b.input("image", (1, resolution, resolution, 3), axes=(1, 2)), steps)
    return b.build(outputs=[ends[-1]])


def _network(name: str) -> Network:
    if name not in NETWORKS:
        raise unknown_name("network", name, names())
    return NETWORKS[name]
