"""Model zoos: ``torchvision:resnet50`` and ``timm:convnext_tiny``, without weights or downloads.

Models are built on the meta device: their structure only. The input size is the one that the zoo
itself states for the model, unless the caller gives another.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import nn

from ...core.graph import Graph
from ...errors import UnreadableModelError, unknown_name
from ..registry import Request
from .sizes.rereading import read_module

_VIDEO_FRAMES = 16


def read_torchvision(name: str, request: Request) -> Graph:
    """A model of ``torchvision.models`` by its name; of a detector, the backbone."""
    model, shape = build_torchvision(name)
    return _read(model, shape, f"torchvision:{name}", request)


def read_timm(name: str, request: Request) -> Graph:
    """A model of ``timm`` by its name."""
    model, shape = build_timm(name)
    return _read(model, shape, f"timm:{name}", request)


def torchvision_names() -> list[str]:
    """The models of ``torchvision.models``, but for the quantized ones, which run real numbers."""
    models = zoo_package("torchvision").models
    return [name for name in models.list_models() if not name.startswith("quantized")]


def timm_names() -> list[str]:
    """The architectures of ``timm``."""
    return list(zoo_package("timm").list_models())


def family(zoo: str, name: str) -> str:
    """The module of the zoo that describes a model: ``resnet``, ``efficientnet``."""
    package = zoo_package(zoo)
    if zoo == "timm":
        entry = package.models.model_entrypoint(name.partition(".")[0])
    else:
        entry = package.models.get_model_builder(name)
    return str(entry.__module__).rpartition(".")[2]


def _read(model: nn.Module, shape: Any, origin: str, request: Request) -> Graph:
    if request.input_shape is None and "example_inputs" not in request.options:
        request = replace(request, input_shape=shape)
    graph = read_module(model, request)
    graph.origin = origin
    return graph


def build_torchvision(name: str) -> tuple[nn.Module, Any]:
    """The model on the meta device, and the input shapes that the zoo states for it."""
    models = zoo_package("torchvision").models
    known = models.list_models()
    if name not in known:
        raise unknown_name("torchvision model", name, known)
    builder = models.get_model_builder(name)
    accepted = inspect.signature(builder).parameters
    options = {
        key: value
        for key, value in (("weights", None), ("weights_backbone", None), ("init_weights", False))
        if key in accepted or (key == "init_weights" and name in ("inception_v3", "googlenet"))
    }
    model = on_meta(lambda: builder(**options))
    home = builder.__module__
    if ".detection" in home:
        backbone: Any = model.backbone
        return backbone, (1, 3, 512, 512)
    fixed = getattr(model, "image_size", None)
    if isinstance(fixed, int):
        return model, (1, 3, fixed, fixed)
    return model, _stated_shape(models, name, home)


def _stated_shape(models: Any, name: str, home: str) -> Any:
    if ".optical_flow" in home:
        return [(1, 3, 384, 512), (1, 3, 384, 512)]
    weights = next(iter(models.get_model_weights(name)), None)
    crop: Any = None
    if weights is not None and hasattr(weights.transforms, "keywords"):
        crop = weights.transforms.keywords.get("crop_size")
        crop = weights.transforms.keywords.get("resize_size") if crop is None else crop
    crop = crop or 224
    height, width = (crop, crop) if isinstance(crop, int) else tuple(crop)[-2:]
    if ".video" in home:
        return (1, 3, _VIDEO_FRAMES, height, width)
    return (1, 3, height, width)


def build_timm(name: str) -> tuple[nn.Module, tuple[int, ...]]:
    """The model on the meta device, and the input shape of its own configuration."""
    timm = zoo_package("timm")
    if not timm.is_model(name.partition(".")[0]):
        raise unknown_name("timm model", name, timm.list_models())
    model = on_meta(lambda: timm.create_model(name, pretrained=False))
    stated = getattr(model, "pretrained_cfg", None) or {}
    size = stated.get("input_size") or (3, 224, 224)
    return model, (1, *size)


def on_meta(build: Callable[[], nn.Module]) -> nn.Module:
    """Build without memory. A few models compute with numbers while they are built, and get them.

    Of those the parameters alone are without memory; of the fewest, that read these, nothing is.
    """
    state = torch.get_rng_state()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for device in (partial(torch.device, "meta"), _parameters_on_meta):
                with suppress(NotImplementedError, RuntimeError), device():
                    return build()
            return build()
    finally:
        torch.set_rng_state(state)


@contextmanager
def _parameters_on_meta() -> Iterator[None]:
    """Every parameter loses its numbers as soon as a module has it."""
    register = nn.Module.register_parameter

    def without_numbers(module: nn.Module, name: str, given: nn.Parameter | None) -> None:
        register(module, name, given)
        if given is not None:
            kept = nn.Parameter(given.to("meta"), requires_grad=given.requires_grad)
            module._parameters[name] = kept

    nn.Module.register_parameter = without_numbers
    try:
        yield
    finally:
        nn.Module.register_parameter = register


def zoo_package(name: str) -> Any:
    """The module of a zoo, imported.

    Raises:
        UnreadableModelError: it is not installed.
    """
    from importlib import import_module

    try:
        return import_module(name)
    except ModuleNotFoundError:
        raise UnreadableModelError(
            f"{name} is not installed; '{name}:…' names a model of that library"
        ) from None
