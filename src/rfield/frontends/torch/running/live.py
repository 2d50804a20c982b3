"""Models by their names with memory and random weights, for the questions that run them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import torch
from torch import nn

from ..zoo import build_timm, build_torchvision


def build_live(spec: str) -> tuple[nn.Module, Any]:
    """The model of a zoo, in eval mode, and the input shape that its zoo states for it.

    ``"timm:…"`` or ``"torchvision:…"``. The scales of normalisations that a zoo starts at zero are
    set to one: its residual branches would do nothing.
    """
    prefix, _, name = spec.partition(":")
    with seeded():
        if prefix == "timm":
            _, shape = build_timm(name)
            return _awake(import_module("timm").create_model(name, pretrained=False)), shape
        _, shape = build_torchvision(name)
        return _awake(_torchvision(name)), shape


@contextmanager
def seeded() -> Iterator[None]:
    """The same random weights each time, and the user's random numbers as they were."""
    state = torch.get_rng_state()
    torch.manual_seed(0)
    try:
        yield
    finally:
        torch.set_rng_state(state)


def _awake(model: nn.Module) -> nn.Module:
    with torch.no_grad():
        for module in model.modules():
            scale = getattr(module, "weight", None)
            if "Norm" in type(module).__name__ and scale is not None and not scale.any():
                scale.fill_(1)
    return model.eval()


def _torchvision(name: str) -> nn.Module:
    builder = import_module("torchvision").models.get_model_builder(name)
    accepted = inspect.signature(builder).parameters
    wanted = {"weights": None, "weights_backbone": None}
    model = builder(**{key: value for key, value in wanted.items() if key in accepted})
    return model.backbone if ".detection" in builder.__module__ else model
