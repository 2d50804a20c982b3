"""The peers beside which the PyTorch benchmark puts its figures.

torchinfo (optional) runs the model once and lists its modules: shapes, parameters and costs, no
fields. The probe is what people write by hand: one forward, NaN as the gradient of the centre of a
layer, and which rows of the input's gradient are NaN; it knows no more than the input shows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from torch import nn

INSTALL = "python -m pip install torchinfo"

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
    """Why torchinfo cannot be measured here, in one line, or None."""
    try:
        version("torchinfo")
    except PackageNotFoundError:
        return f"torchinfo is missing, its column is left out; to have it: {INSTALL}"
    return None


def listed(model: nn.Module, shape: tuple[int, ...]) -> object:
    """The summary of torchinfo."""
    from torchinfo import summary

    return summary(model, input_size=shape, verbose=0)


def probed(model: nn.Module, shape: tuple[int, ...], layer: str) -> int:
    """How many rows of the input have NaN as gradient of the centre of a layer."""
    import torch

    found: list[torch.Tensor] = []
    handle = model.get_submodule(layer).register_forward_hook(
        lambda _m, _x, y: found.append(cast("torch.Tensor", y))
    )
    x = torch.rand(*shape, requires_grad=True)
    try:
        model(x)
    finally:
        handle.remove()
    (y,) = found
    if y.shape[1] == y.shape[2]:  # (batch, y, x, channels)
        y = y.permute(0, 3, 1, 2)
    gradient = torch.zeros_like(y)
    gradient[:, :, y.shape[2] // 2, y.shape[3] // 2] = math.nan
    (back,) = torch.autograd.grad(y, x, gradient)
    return int(back.isnan().any(dim=3).any(dim=1).sum())


def judge(value: float, right: float) -> str:
    """A field against the right one: ``212 right``, ``483 wrong (427)``, ``global right``."""
    said, wanted = ("global" if math.isinf(size) else f"{size:.7g}" for size in (value, right))
    return f"{said} right" if value == right else f"{said} wrong ({wanted})"


def probe_verdict(name: str, model: nn.Module, shape: tuple[int, ...]) -> str:
    """What the probe says; where the field is larger than the input, it can say no more."""
    known = KNOWN.get(name)
    if known is None:
        return "?"
    rows = probed(model, shape, known[0])
    if rows == shape[2] and known[1] >= rows:
        return f"all {rows} rows"
    return judge(rows, known[1])
