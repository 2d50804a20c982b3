"""A described network as a TensorFlow function, each layer ending in an op of the layer's name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tests.conformance.description import Layer, Network

LAYOUT = {1: "NWC", 2: "NHWC", 3: "NDHWC"}


def build(network: Network, sizes: Sequence[int | None]) -> Any:
    """The ``ConcreteFunction``, channels last."""

    def network_of(image: Any) -> Any:
        values = {"image": image}
        for layer in network.layers:
            xs = [values[name] for name in layer.reads]
            values[layer.name] = tf.identity(_built(layer, xs, network.rank), layer.name)
        return values[network.layers[-1].name]

    shape = (1, *sizes, network.channels["image"])
    spec = tf.TensorSpec(shape, tf.float32, name="image")
    return tf.function(network_of, autograph=False).get_concrete_function(spec)


def _padded(x: Any, layer: Layer, value: float = 0.0) -> tuple[Any, str]:
    if isinstance(layer.padding, str):
        return x, layer.padding.upper()
    return tf.pad(x, [(0, 0), *layer.padding, (0, 0)], constant_values=value), "VALID"


def _built(layer: Layer, xs: Sequence[Any], rank: int) -> Any:  # noqa: PLR0912  # a case for each op
    x = xs[0]
    strides, spatial = layer.stride, tuple(range(1, rank + 1))
    match layer.op:
        case "conv":
            x, padding = _padded(x, layer)
            weight = tf.ones((*layer.kernel, layer.before, layer.channels))
            return tf.nn.convolution(x, weight, strides, padding, dilations=layer.dilation)
        case "depthwise":
            x, padding = _padded(x, layer)
            weight = tf.ones((*layer.kernel, layer.channels, 1))
            return tf.nn.depthwise_conv2d(x, weight, (1, *strides, 1), padding)
        case "transposed":
            weight = tf.ones((*layer.kernel, layer.channels, layer.before))
            grown = 0 if layer.padding == "same" else 1
            sizes = [
                tf.shape(x)[axis] * s + grown * (k - s)
                for axis, k, s in zip(spatial, layer.kernel, strides, strict=True)
            ]
            return tf.nn.conv_transpose(
                x, weight, [1, *sizes, layer.channels], strides, str(layer.padding).upper()
            )
        case "max_pool" | "avg_pool":
            maximum = layer.op == "max_pool"
            x, padding = _padded(x, layer, -1e9 if maximum else 0.0)
            kind = "MAX" if maximum else "AVG"
            return tf.nn.pool(x, layer.kernel, kind, strides, padding, data_format=LAYOUT[rank])
        case "crop":
            cut = [slice(before, -after) for before, after in layer.padding]  # type: ignore[misc]
            return x[(slice(None), *cut, slice(None))]
        case "upsample":
            sizes = [tf.shape(x)[a] * s for a, s in zip(spatial, layer.scale, strict=True)]
            return tf.image.resize(x, sizes, layer.mode)
        case "global_pool":
            return tf.reduce_mean(x, spatial, keepdims=True)
        case "attention":
            return tf.matmul(tf.nn.softmax(tf.matmul(x, x, transpose_b=True)), x)
        case "norm":
            parts = [tf.ones(layer.channels)] * 4
            return tf.compat.v1.nn.fused_batch_norm(x, *parts, is_training=False)[0]
        case "relu":
            return tf.nn.relu(x)
        case "sigmoid":
            return tf.sigmoid(x)
        case "concat":
            return tf.concat(xs, -1)
        case "add":
            return tf.add_n(list(xs))
        case _:
            return xs[0] * xs[1]
