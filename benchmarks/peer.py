"""The peer beside which the PyTorch benchmark puts its figures: torchscan (frgfm), optional.

Its releases before 0.2 accumulate the receptive field over the layers in the order of their calls;
from 0.2 on they give each module's own extent alone, which cannot be compared with a model's field.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

INSTALL = 'python -m pip install --no-deps "torchscan<0.2"'

# Last feature layer (a direct child of the model) and its field at the nominal input. Infinite: a
# squeeze-and-excitation gate reads the whole map, and so does the last window of Swin-T at 224.
# The finite ones are worked out by hand or published: they do not come from rfield.
KNOWN: Mapping[str, tuple[str, float]] = {
    "vgg16": ("features", 212),
    "resnet50": ("layer4", 427),
    "inception_v3": ("Mixed_7c", 1311),
    "densenet121": ("features", 2071),
    "mobilenet_v2": ("features", 491),
    "efficientnet_b0": ("features", math.inf),
    "convnext_tiny": ("features", 1688),
    "swin_t": ("features", math.inf),
    "timm:inception_resnet_v2": ("conv2d_7b", 3039),
}


def missing() -> str | None:
    """Why the peer cannot be measured here, in one line, or None."""
    try:
        found = version("torchscan")
    except PackageNotFoundError:
        return f"peer: torchscan is missing, its columns are left out; to have them: {INSTALL}"
    if tuple(int(part) for part in found.split(".")[:2]) >= (0, 2):
        return (
            f"peer: torchscan {found} gives each module's own extent, not the model's field; "
            f"its columns are left out; to have them: {INSTALL}"
        )
    return None


def title() -> str:
    """Name and version of the peer."""
    return f"torchscan {version('torchscan')}"


def crawl(model: object, shape: tuple[int, ...]) -> list[dict[str, Any]]:
    """The peer's table: one entry per call of a module, in the order of the calls."""
    from torchscan import crawl_module

    return crawl_module(model, shape[1:])["layers"]


def field_of(layers: list[dict[str, Any]], name: str) -> float:
    """The field on the last row of a child of the model: of the last module called inside it."""
    inside = False
    found: float | None = None
    for layer in layers:
        if layer["depth"] <= 1:
            inside = layer["depth"] == 1 and layer["name"] == name
        if inside:
            found = layer["rf"]
    if found is None:
        raise LookupError(name)
    return found


def judge(value: float, right: float) -> str:
    """A field against the right one: ``212 right``, ``483 wrong (427)``, ``global right``."""
    said, wanted = ("global" if math.isinf(size) else f"{size:.7g}" for size in (value, right))
    return f"{said} right" if value == right else f"{said} wrong ({wanted})"


def verdict(name: str, layers: list[dict[str, Any]]) -> str:
    """What the peer says of a model's last feature layer, or ``?`` where the truth is not known."""
    known = KNOWN.get(name)
    return "?" if known is None else judge(field_of(layers, known[0]), known[1])
