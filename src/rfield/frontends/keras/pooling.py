"""Pooling."""

from __future__ import annotations

from typing import Any

from ...core import arrays
from ...core.arguments import per_axis
from .recurrent import masked
from .rulebook import Call, rule


@rule("MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling1D", "AveragePooling2D",
      "AveragePooling3D", "ops.MaxPool", "ops.AveragePool")  # fmt: skip
def pool(call: Call) -> Any:
    """Windows over space, valid or same.

    https://keras.io/api/layers/pooling_layers/max_pooling2d/
    """
    layer, axes = call.layer, call.space()[0]
    size = per_axis("pool_size", layer.pool_size, len(axes))
    steps = size if layer.strides is None else per_axis("strides", layer.strides, len(axes))
    kind = "max_pool" if type(layer).__name__.startswith("Max") else "avg_pool"
    return arrays.pool(
        call[0], size, strides=steps, padding=layer.padding.lower(), axes=axes, kind=kind
    )


@rule("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D",
      "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D")  # fmt: skip
def global_pool(call: Call) -> Any:
    """The whole of every spatial axis.

    https://keras.io/api/layers/pooling_layers/global_average_pooling2d/
    """
    axes, keep, mask = call.space()[0], call.layer.keepdims, call.mask()
    if mask is not None and call.channels_first:  # the mask is (batch, steps)
        mask = arrays.unsqueeze(mask, 1)
    return arrays.reduce(masked(call[0], mask), axes, keepdims=keep, kind="global_pool")


@rule("AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D",
      "AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D",
      "ops.AdaptiveAveragePool", "ops.AdaptiveMaxPool")  # fmt: skip
def adaptive_pool(call: Call) -> Any:
    """As many windows as outputs are wanted.

    https://keras.io/api/layers/pooling_layers/adaptive_average_pooling2d/
    """
    axes = call.space()[0]
    wanted = per_axis("output_size", call.layer.output_size, len(axes))
    return arrays.adaptive_pool(call[0], dict(zip(axes, wanted, strict=True)))
