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

from collections.abc import Mapping, Sequence
from typing import cast

from ..core.arguments import integer, listed
from ..core.graph import Graph
from ..errors import InvalidModelError, unknown_name
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


Resolution = int | Sequence[int | None] | None


def build(name: str, resolution: Resolution | Mapping[str, Resolution] = 224) -> Graph:
    """Network ``name`` as a graph with one input ``image`` and the last end point as its output.

    Args:
        name: one of ``names()``.
        resolution: height and width of the image in pixels, or the whole shape (batch, height,
            width, 3), or ``{"image": shape}``; None leaves a size free.

    Raises:
        UnknownNameError: if there is no such network.
        InvalidModelError: if the image is too small for the network.

    >>> build("mobilenet_v1", resolution=None).outputs
    ('Conv2d_13_pointwise',)
    """
    steps, ends = _network(name)
    b = GraphBuilder()
    lay_chain(b, b.input("image", _shape(name, resolution), axes=(1, 2)), steps)
    return b.build(outputs=[ends[-1]])


def _shape(name: str, given: object) -> list[int | None]:
    """The image's (batch, height, width, channels); the builder checks the sizes."""
    if isinstance(given, Mapping):
        by_input = cast("Mapping[str, object]", given)
        for key in by_input:
            if key != "image":
                raise unknown_name("input", key, ["image"])
        given = by_input.get("image")
    if given is None or integer(given) is not None:
        return [1, integer(given), integer(given), 3]
    shape = cast("list[int | None] | None", listed(given))
    if shape is None or len(shape) != 4 or shape[3] not in (3, None):
        raise InvalidModelError(
            f"{name}: input shape = {given!r}; expected one size, or (batch, height, width, 3)"
        )
    return [*shape[:3], 3]


def _network(name: str) -> Network:
    if name not in NETWORKS:
        raise unknown_name("network", name, names())
    return NETWORKS[name]
