"""A described network as a graph written down by hand; nothing but rfield is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rfield
from tests.conformance.description import Layer, Network


def build(network: Network, sizes: Sequence[int | None]) -> rfield.Graph:
    """The graph, channels first."""
    b = rfield.GraphBuilder()
    values: dict[str, Any] = {"image": b.input("image", (1, network.channels["image"], *sizes))}
    for layer in network.layers:
        values[layer.name] = _built(b, layer, [values[name] for name in layer.reads])
    return b.build()


def _built(b: rfield.GraphBuilder, layer: Layer, xs: Sequence[Any]) -> Any:  # noqa: PLR0912  # a case for each op
    name, x = layer.name, xs[0]
    window: dict[str, Any] = {"kernel": layer.kernel, "stride": layer.stride}
    window["padding"] = layer.padding if isinstance(layer.padding, str) else list(layer.padding)
    match layer.op:
        case "conv":
            return b.conv(name, x, channels=layer.channels, dilation=layer.dilation, **window)
        case "depthwise":
            return b.conv(name, x, channels=layer.channels, groups=layer.channels, **window)
        case "transposed":
            window["padding"] = 0
            if layer.padding == "same":
                total = [k - s for k, s in zip(layer.kernel, layer.stride, strict=True)]
                window["padding"] = [(n // 2, n - n // 2) for n in total]
            return b.conv_transpose(name, x, channels=layer.channels, **window)
        case "max_pool":
            return b.max_pool(name, x, **window)
        case "avg_pool":
            return b.avg_pool(name, x, **window)
        case "crop":
            return b.crop(name, x, crop=window["padding"])
        case "upsample":
            return b.resize(name, x, scale=layer.scale, mode=layer.mode)
        case "global_pool":
            return b.global_pool(name, x)
        case "attention":
            keys = b.permute(f"{name}/keys", x, (0, 2, 1))
            scores = b.softmax(f"{name}/softmax", b.matmul(f"{name}/scores", keys, x))
            mixed = b.matmul(f"{name}/mixed", scores, keys)
            return b.permute(name, mixed, (0, 2, 1))
        case "add":
            return b.add(name, *xs)
        case "multiply":
            return b.multiply(name, *xs)
        case "concat":
            return b.concat(name, *xs)
        case _:
            return b.pointwise(name, x, kind=layer.op)
