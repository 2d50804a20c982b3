"""Zoos of other packages: encoders of segmentation_models_pytorch, networks of MONAI, transformers.

Each is a mapping from a name to a function that gives the model, on the meta device, with the input
shape that suits it. A package is imported when its zoo is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import nn

from .zoo import on_meta, zoo_package

Zoo = Mapping[str, Callable[[], tuple[nn.Module, tuple[int, ...]]]]

_VOLUME = (1, 1, 96, 96, 96)
_MONAI: dict[str, dict[str, Any]] = {
    "AttentionUnet": {"spatial_dims": 3, "in_channels": 1, "out_channels": 2,
                      "channels": (16, 32, 64, 128, 256), "strides": (2, 2, 2, 2)},
    "BasicUNet": {"spatial_dims": 3, "in_channels": 1, "out_channels": 2},
    "BasicUNetPlusPlus": {"spatial_dims": 3, "in_channels": 1, "out_channels": 2},
    "DenseNet121": {"spatial_dims": 3, "in_channels": 1, "out_channels": 2},
    "DenseNet169": {"spatial_dims": 3, "in_channels": 1, "out_channels": 2},
    "DenseNet201": {"spatial_dims": 3, "in_channels": 1, "out_channels": 2},
    "HighResNet": {"spatial_dims": 3, "in_channels": 1, "out_channels": 2},
    "SEResNet50": {"spatial_dims": 3, "in_channels": 1, "num_classes": 2},
    "SegResNet": {"spatial_dims": 3, "in_channels": 1, "out_channels": 2},
    "SegResNetDS": {"spatial_dims": 3, "in_channels": 1, "out_channels": 2},
    "SwinUNETR": {"in_channels": 1, "out_channels": 2, "feature_size": 24},
    "UNETR": {"in_channels": 1, "out_channels": 2, "img_size": (96, 96, 96)},
    "UNet": {"spatial_dims": 3, "in_channels": 1, "out_channels": 2,
             "channels": (16, 32, 64, 128, 256), "strides": (2, 2, 2, 2)},
    "VNet": {"spatial_dims": 3, "in_channels": 1, "out_channels": 2},
    "ViT": {"in_channels": 1, "img_size": (96, 96, 96), "patch_size": (16, 16, 16)},
    "resnet18": {"spatial_dims": 3, "n_input_channels": 1, "num_classes": 2},
    "resnet50": {"spatial_dims": 3, "n_input_channels": 1, "num_classes": 2},
}  # fmt: skip
"""Networks of ``monai.networks.nets`` in 3-D, with the arguments that have no default."""


class LastMap(nn.Module):
    """An encoder, of whose maps the last one is meant."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, image: Any) -> Any:
        """The last map."""
        return self.encoder(image)[-1]


def smp_encoders() -> Zoo:
    """The encoders of segmentation_models_pytorch."""
    encoders = zoo_package("segmentation_models_pytorch").encoders

    def build(name: str) -> tuple[nn.Module, tuple[int, ...]]:
        made = on_meta(lambda: encoders.get_encoder(name, in_channels=3, depth=5, weights=None))
        return LastMap(made), (1, 3, 224, 224)

    return {name: partial(build, name) for name in encoders.get_encoder_names()}


def monai_networks() -> Zoo:
    """Networks of MONAI for volumes."""
    zoo_package("monai")
    nets = zoo_package("monai.networks.nets")

    def build(name: str) -> tuple[nn.Module, tuple[int, ...]]:
        return on_meta(lambda: getattr(nets, name)(**_MONAI[name])), _VOLUME

    return {name: partial(build, name) for name in _MONAI}


def transformers_configs() -> Zoo:
    """The image models of transformers, each as its default configuration describes it."""
    auto = zoo_package("transformers.models.auto")
    names = zoo_package("transformers.models.auto.modeling_auto")

    def build(name: str) -> tuple[nn.Module, tuple[int, ...]]:
        config = auto.CONFIG_MAPPING[name]()
        size = getattr(config, "image_size", None) or 224
        height, width = (size, size) if isinstance(size, int) else tuple(size)[-2:]
        channels = getattr(config, "num_channels", 3)
        model = on_meta(lambda: auto.AutoModel.from_config(config))
        return model, (1, channels, height, width)

    return {
        name: partial(build, name)
        for name in sorted(names.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES)
    }
