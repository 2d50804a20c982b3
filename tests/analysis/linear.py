"""Small networks that are built for rfield and run by NumPy, with nothing shared between the two.

Along an axis every layer is a matrix of whole weights, none of them zero where something is read.
So what an output depends on, whether a size is taken and what comes out are read off matrices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

import rfield

Matrix = NDArray[np.int64]
PAD = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@dataclass(frozen=True)
class Layer:
    """What one layer does along an axis; ``weights`` follow from its taps' numbers."""

    name: str
    reads: tuple[str, ...]
    kind: str
    kernel: int = 1
    stride: int = 1
    dilation: int = 1
    pads: tuple[int, int] = (0, 0)
    mode: str = "constant"

    @property
    def weights(self) -> list[int]:
        draw = Random(self.name)
        return [draw.choice([1, 2, 3, 5, 7]) for _ in range(self.kernel)]

    def build(self, b: Any, rank: int, *x: Any) -> Any:
        """The layer on ``rank`` spatial axes, alike along all of them."""
        pads = [self.pads] * rank
        if self.kind == "conv":
            return b.conv(
                self.name, *x, kernel=self.kernel, stride=self.stride, dilation=self.dilation,
                padding=pads,
            )  # fmt: skip
        if self.kind == "transposed":
            return b.conv_transpose(self.name, *x, kernel=self.kernel, stride=self.stride)
        if self.kind == "up":
            return b.resize(self.name, *x, scale=self.stride, mode="nearest")
        if self.kind == "pad":
            return b.pad(self.name, *x, padding=pads, mode=self.mode)
        if self.kind == "crop":
            return b.crop(self.name, *x, crop=pads)
        if self.kind == "sum":
            return b.cumsum(self.name, *x, axis=2)
        return b.add(self.name, *x)

    def matrix(self, size: int) -> Matrix | None:
        """(outputs, inputs); None where nothing comes out."""
        before, after = self.pads
        if self.kind == "conv":
            reach = (self.kernel - 1) * self.dilation
            outputs = (size + before + after - reach - 1) // self.stride + 1
            found = np.zeros((max(outputs, 0), size), np.int64)
            for i in range(len(found)):
                for k, weight in enumerate(self.weights):
                    at = i * self.stride + k * self.dilation - before
                    if 0 <= at < size:
                        found[i, at] = weight
        elif self.kind == "transposed":
            found = np.zeros(((size - 1) * self.stride + self.kernel, size), np.int64)
            for j in range(size):
                found[j * self.stride : j * self.stride + self.kernel, j] = self.weights
        elif self.kind == "up":
            found = np.repeat(np.eye(size, dtype=np.int64), self.stride, axis=0)
        elif self.kind == "pad":
            mode: Any = PAD[self.mode]
            found = np.pad(np.eye(size, dtype=np.int64), [self.pads, (0, 0)], mode=mode)
        elif self.kind == "crop":
            found = np.eye(size, dtype=np.int64)[before : max(before, size - after)]
        elif self.kind == "sum":
            found = np.tril(np.ones((size, size), np.int64))
        else:
            found = np.eye(size, dtype=np.int64)
        return found if len(found) else None


@dataclass
class Net:
    """Layers that read the input ``x`` or layers before them; the last one is the output."""

    layers: list[Layer]
    kept: dict[int, dict[str, Matrix] | None] = field(default_factory=dict)

    def graph(self, *sizes: int) -> rfield.Graph:
        b = rfield.GraphBuilder()
        values = {"x": b.input("x", (1, 1, *sizes))}
        for layer in self.layers:
            values[layer.name] = layer.build(b, len(sizes), *(values[name] for name in layer.reads))
        return b.build([values[self.layers[-1].name]])

    def run(self, x: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """The arrays of all layers; spatial axes are all but the first two."""
        found = {"x": x}
        for layer in self.layers:
            parts = [found[name] for name in layer.reads]
            for axis in range(2, x.ndim):
                parts = [along(layer.matrix(part.shape[axis]), part, axis) for part in parts]
            found[layer.name] = sum(parts[1:], parts[0])
        return found

    def last(self, x: NDArray[Any]) -> NDArray[Any]:
        return self.run(x)[self.layers[-1].name]

    def maps(self, size: int) -> dict[str, Matrix] | None:
        """How much each input position counts in each position of each layer, along one axis.

        None where the network does not take this size.
        """
        if size not in self.kept:
            self.kept[size] = self._maps(size)
        return self.kept[size]

    def _maps(self, size: int) -> dict[str, Matrix] | None:
        found = {"x": np.eye(size, dtype=np.int64)}
        for layer in self.layers:
            parts: list[Matrix] = []
            for name in layer.reads:
                matrix = layer.matrix(len(found[name]))
                if matrix is None:
                    return None
                parts.append(matrix @ found[name])
            if len({len(part) for part in parts}) > 1:
                return None
            found[layer.name] = sum(parts[1:], parts[0])
        return found

    def output(self, size: int) -> int | None:
        """How many positions come out of so many."""
        found = self.maps(size)
        return None if found is None else len(found[self.layers[-1].name])


def along(matrix: Matrix | None, x: NDArray[Any], axis: int) -> NDArray[Any]:
    """The products along one axis; what has no weight is not touched, so that no NaN spreads."""
    assert matrix is not None
    moved = np.moveaxis(x, axis, -1)[..., None, :]
    found = np.where(matrix != 0, moved * matrix, 0).sum(-1)
    return np.moveaxis(found, -1, axis)


def drawn(seed: int, kinds: Mapping[str, int], most: int = 5) -> Net:
    """A random network of these kinds (with their weights), joined where two branches fit."""
    draw = Random(seed)
    layers: list[Layer] = []
    last = "x"
    for number in range(draw.randint(1, most)):
        kind = draw.choices(list(kinds), list(kinds.values()))[0]
        name = f"{kind}{number}"
        kernel, stride, dilation, pads, mode = 1, 1, 1, (0, 0), "constant"
        if kind == "conv":
            kernel, stride = draw.choice([1, 2, 3, 3, 4, 5]), draw.choice([1, 1, 2, 2, 3])
            dilation = draw.choice([1, 1, 1, 2])
            pads = draw.choice([(0, 0), (1, 1), (kernel // 2, kernel // 2), (2, 0), (0, 1)])
        elif kind == "transposed":
            stride = draw.choice([1, 2, 2, 3])
            kernel = stride + draw.choice([0, 0, 1, 2])
        elif kind == "up":
            stride = draw.choice([2, 2, 3])
        elif kind in ("pad", "crop"):
            pads = draw.choice([(1, 1), (2, 0), (0, 3), (1, 2)])
            mode = draw.choice(list(PAD)) if kind == "pad" else mode
        elif kind == "join":
            layers += joined(draw, name, last)
            last = layers[-1].name
            continue
        layers.append(Layer(name, (last,), kind, kernel, stride, dilation, pads, mode))
        last = name
    return Net(layers)


def joined(draw: Random, name: str, last: str) -> list[Layer]:
    """Two branches that are added: a residual block, or down and up again beside a skip."""
    if draw.random() < 0.5:
        half, stride = draw.choice([1, 2]), draw.choice([1, 2])
        body = Layer(f"{name}_body", (last,), "conv", 2 * half + 1, stride, 1, (half, half))
        side = Layer(f"{name}_side", (last,), "conv", 1, stride)
        return [body, side, Layer(name, (body.name, side.name), "add")]
    factor = draw.choice([2, 3])
    down = Layer(f"{name}_down", (last,), "conv", factor, factor)
    up = Layer(f"{name}_up", (down.name,), draw.choice(["up", "transposed"]), factor, factor)
    return [down, up, Layer(name, (up.name, last), "add")]
