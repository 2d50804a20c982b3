"""A described network as a PyTorch module: one submodule per layer, under the layer's name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from tests.conformance.description import Layer, Network, same

CONV = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
MAX_POOL = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
AVG_POOL = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}
GLOBAL_POOL = {1: nn.AdaptiveAvgPool1d, 2: nn.AdaptiveAvgPool2d, 3: nn.AdaptiveAvgPool3d}
NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


class Padded(nn.Module):
    """A layer behind padding that is computed from the size, as ports from TensorFlow do it."""

    def __init__(self, layer: Layer, inner: nn.Module, value: float = 0.0) -> None:
        super().__init__()
        self.layer, self.inner, self.value = layer, inner, value

    def forward(self, x: Any) -> Any:
        pairs = self.layer.padding
        if pairs == "same":
            window = zip(self.layer.kernel, self.layer.stride, self.layer.dilation, strict=True)
            pairs = [same(n, *rest) for n, rest in zip(x.shape[2:], window, strict=True)]
        flat = [number for pair in reversed(list(pairs)) for number in pair]
        return self.inner(F.pad(x, flat, value=self.value) if any(flat) else x)


class Cropped(nn.Module):
    """Positions are cut off both ends."""

    def __init__(self, pairs: Sequence[tuple[int, int]], inner: nn.Module | None = None) -> None:
        super().__init__()
        self.pairs, self.inner = pairs, inner or nn.Identity()

    def forward(self, x: Any) -> Any:
        x = self.inner(x)
        for axis, (before, after) in enumerate(self.pairs, 2):
            x = x.narrow(axis, before, x.shape[axis] - before - after)
        return x


class Joined(nn.Module):
    """A sum, a product or a concatenation."""

    def __init__(self, op: str) -> None:
        super().__init__()
        self.op = op

    def forward(self, *xs: Any) -> Any:
        if self.op == "concat":
            return torch.cat(xs, 1)
        total = xs[0]
        for x in xs[1:]:
            total = total * x if self.op == "multiply" else total + x
        return total


class Attention(nn.Module):
    """Positions along the last axis attend to each other."""

    def forward(self, x: Any) -> Any:
        x = x.transpose(1, 2)[:, None]  # one head
        return F.scaled_dot_product_attention(x, x, x)[:, 0].transpose(1, 2)


def module(layer: Layer) -> nn.Module:
    """The module of one layer."""
    rank = len(layer.kernel or layer.scale or layer.padding)
    same_kernel = {"kernel_size": layer.kernel, "stride": layer.stride}
    match layer.op:
        case "conv" | "depthwise":
            groups = layer.channels if layer.op == "depthwise" else 1
            conv = CONV[rank](
                layer.before, layer.channels, dilation=layer.dilation, groups=groups, **same_kernel
            )
            return _padded(layer, conv)
        case "transposed":
            inner = TRANSPOSED[rank](layer.before, layer.channels, **same_kernel)
            if layer.padding == "valid":
                return inner
            total = [k - s for k, s in zip(layer.kernel, layer.stride, strict=True)]
            return Cropped([(n // 2, n - n // 2) for n in total], inner)
        case "max_pool":
            return _padded(layer, MAX_POOL[rank](**same_kernel), -torch.inf)
        case "avg_pool":
            return _padded(layer, AVG_POOL[rank](**same_kernel))
        case "crop":
            return Cropped(layer.padding)  # type: ignore[arg-type]  # a crop has pairs
        case "upsample":
            return nn.Upsample(scale_factor=layer.scale, mode=layer.mode)
        case "attention":
            return Attention()
        case "relu":
            return nn.ReLU()
        case "sigmoid":
            return nn.Sigmoid()
        case _:
            return Joined(layer.op)


def _padded(layer: Layer, inner: nn.Module, value: float = 0.0) -> nn.Module:
    symmetric = isinstance(layer.padding, tuple) and all(a == b for a, b in layer.padding)
    if layer.padding == "valid":
        return inner
    if symmetric:
        inner.padding = tuple(before for before, _ in layer.padding)  # type: ignore[assignment,misc]  # of every window
        if isinstance(inner, nn.modules.conv._ConvNd):
            inner._reversed_padding_repeated_twice = [p for p in inner.padding[::-1] for _ in "12"]  # type: ignore[union-attr]
        return inner
    return Padded(layer, inner, value)


class Net(nn.ModuleDict):
    """The layers under their names."""

    def __init__(self, network: Network) -> None:
        def built(layer: Layer) -> nn.Module:
            if layer.op == "global_pool":
                return GLOBAL_POOL[network.rank](1)
            return NORM[network.rank](layer.channels) if layer.op == "norm" else module(layer)

        super().__init__({layer.name: built(layer) for layer in network.layers})
        self.network = network

    def forward(self, image: Any) -> Any:
        values = {"image": image}
        for layer in self.network.layers:
            values[layer.name] = self[layer.name](*(values[name] for name in layer.reads))
        return values[self.network.layers[-1].name]
