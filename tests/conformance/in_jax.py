"""A described network as a JAX function, each layer in a scope of its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from tests.conformance.description import Layer, Network

LAYOUT = {1: ("NWC", "WIO", "NWC"), 2: ("NHWC", "HWIO", "NHWC"), 3: ("NDHWC", "DHWIO", "NDHWC")}


def build(network: Network) -> Callable[[Any], Any]:
    """The function, channels last."""

    def network_of(image: Any) -> Any:
        values = {"image": image}
        for layer in network.layers:
            xs = [values[name] for name in layer.reads]
            with jax.named_scope(layer.name):
                values[layer.name] = _built(layer, xs, network.rank)
        return values[network.layers[-1].name]

    return network_of


def _sides(layer: Layer) -> Any:
    return layer.padding.upper() if isinstance(layer.padding, str) else layer.padding


def _built(layer: Layer, xs: Sequence[Any], rank: int) -> Any:  # noqa: PLR0912  # a case for each op
    x, spatial, layout = xs[0], tuple(range(1, rank + 1)), LAYOUT[rank]
    match layer.op:
        case "conv":
            weight = jnp.ones((*layer.kernel, layer.before, layer.channels))
            return lax.conv_general_dilated(
                x, weight, layer.stride, _sides(layer), rhs_dilation=layer.dilation,
                dimension_numbers=layout,
            )  # fmt: skip
        case "depthwise":
            weight = jnp.ones((*layer.kernel, 1, layer.channels))
            return lax.conv_general_dilated(
                x, weight, layer.stride, _sides(layer), dimension_numbers=layout,
                feature_group_count=layer.channels,
            )  # fmt: skip
        case "transposed":
            weight = jnp.ones((*layer.kernel, layer.before, layer.channels))
            sides = _transposed_sides(layer)
            return lax.conv_general_dilated(
                x, weight, (1,) * rank, sides, lhs_dilation=layer.stride, dimension_numbers=layout
            )
        case "max_pool" | "avg_pool":
            function, start = (lax.max, -jnp.inf) if layer.op == "max_pool" else (lax.add, 0.0)
            sides = _sides(layer)
            sides = sides if isinstance(sides, str) else ((0, 0), *sides, (0, 0))
            kernel, stride = (1, *layer.kernel, 1), (1, *layer.stride, 1)
            return lax.reduce_window(x, start, function, kernel, stride, sides)
        case "crop":
            cut = [slice(before, -after) for before, after in layer.padding]  # type: ignore[misc]  # pairs
            return x[(slice(None), *cut, slice(None))]
        case "upsample":
            sizes = [x.shape[a] * s for a, s in zip(spatial, layer.scale, strict=True)]
            return jax.image.resize(x, (1, *sizes, x.shape[-1]), layer.mode)
        case "global_pool":
            return x.mean(spatial, keepdims=True)
        case "attention":
            return jax.nn.softmax(x @ x.transpose(0, 2, 1)) @ x
        case "norm":
            return (x - jnp.ones(layer.channels)) * lax.rsqrt(jnp.full(layer.channels, 2.0))
        case "relu":
            return jax.nn.relu(x)
        case "sigmoid":
            return jax.nn.sigmoid(x)
        case "concat":
            return jnp.concatenate(xs, -1)
        case "add":
            return sum(xs[1:], x)
        case _:
            return xs[0] * xs[1]


def _transposed_sides(layer: Layer) -> list[tuple[int, int]]:
    """The padding of the dilated input; "same" crops as TensorFlow does."""
    sides: list[tuple[int, int]] = []
    for k, s in zip(layer.kernel, layer.stride, strict=True):
        total = max(0, k - s) if layer.padding == "same" else 0
        after = max(0, s - k)
        cut = total // 2
        sides.append((k - 1 - cut, k - 1 - (total - cut) + after))
    return sides
