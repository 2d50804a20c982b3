"""A described network as a functional Keras model, under the layers' names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from tests.conformance.description import Layer, Network

L = keras.layers


def build(network: Network, sizes: Sequence[int | None]) -> keras.Model:
    """The model, channels last; no weight is drawn or allocated."""
    with keras.StatelessScope(initialize_variables=False):
        image = keras.Input((*sizes, network.channels["image"]), batch_size=1, name="image")
        values: dict[str, Any] = {"image": image}
        for layer in network.layers:
            xs = [values[name] for name in layer.reads]
            values[layer.name] = _built(layer, xs, network.rank)
        return keras.Model(image, values[network.layers[-1].name])


def _kind(name: str, rank: int) -> Any:
    return getattr(L, f"{name}{rank}D")


def _built(layer: Layer, xs: Sequence[Any], rank: int) -> Any:  # noqa: PLR0912  # a case for each op
    name, x, padding = layer.name, xs[0], layer.padding
    if layer.op != "crop" and not isinstance(padding, str):  # Keras pads by a layer of its own
        pairs = padding[0] if rank == 1 else padding
        x, padding = _kind("ZeroPadding", rank)(pairs, name=f"{name}_pad")(x), "valid"
    window = {"strides": layer.stride, "padding": padding, "name": name}
    match layer.op:
        case "conv":
            kind, dilation = _kind("Conv", rank), layer.dilation
            return kind(layer.channels, layer.kernel, dilation_rate=dilation, **window)(x)
        case "depthwise":
            return _kind("DepthwiseConv", rank)(layer.kernel, **window)(x)
        case "transposed":
            return getattr(L, f"Conv{rank}DTranspose")(layer.channels, layer.kernel, **window)(x)
        case "max_pool":
            return _kind("MaxPooling", rank)(layer.kernel, **window)(x)
        case "avg_pool":
            return _kind("AveragePooling", rank)(layer.kernel, **window)(x)
        case "crop":
            return _kind("Cropping", rank)(padding, name=name)(x)
        case "upsample":
            return L.UpSampling2D(layer.scale, interpolation=layer.mode, name=name)(x)
        case "global_pool":
            return _kind("GlobalAveragePooling", rank)(keepdims=True, name=name)(x)
        case "attention":
            return L.Attention(name=name)([x, x])
        case "norm":
            return L.BatchNormalization(name=name)(x)
        case "relu" | "sigmoid":
            return L.Activation(layer.op, name=name)(x)
        case "add":
            return L.Add(name=name)(list(xs))
        case "multiply":
            return L.Multiply(name=name)(list(xs))
        case _:
            return L.Concatenate(name=name)(list(xs))
