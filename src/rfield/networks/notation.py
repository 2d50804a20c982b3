"""How the networks are written: a network is a tuple of steps, and a step lays itself out.

The networks differ in their tables, not in how a table is read, so the few kinds of step live here
and the tables beside them. Steps know layer names, kernels, strides and channels, and how branches
meet again; they know neither sizes nor receptive fields. Batch norm and activations are left out:
they read one position per position and cost nothing in the published counts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ..frontends.declared import GraphBuilder, Value

Kernel = int | tuple[int, int]
PaddingRule = Literal["same", "valid"]


class Step(ABC):
    """One step of a network: reads one value, adds layers below ``scope``, gives the next value."""

    name: str

    @abstractmethod
    def lay(self, b: GraphBuilder, x: Value, scope: str) -> Value:
        """Add this step's layers to ``b``; their names begin with ``scope``."""


Chain = tuple[Step, ...]


@dataclass(frozen=True)
class Conv(Step):
    """A convolution; ``bias`` is False where batch norm follows it."""

    name: str
    kernel: Kernel
    channels: int
    stride: int = 1
    padding: PaddingRule = "same"
    bias: bool = False

    def lay(self, b: GraphBuilder, x: Value, scope: str) -> Value:
        """Add one layer."""
        return b.conv(
            scope + self.name, x, kernel=self.kernel, stride=self.stride, padding=self.padding,
            channels=self.channels, bias=self.bias,
        )  # fmt: skip


@dataclass(frozen=True)
class Depthwise(Step):
    """A convolution of each channel by itself into ``multiplier`` channels."""

    name: str
    kernel: Kernel
    stride: int = 1
    multiplier: int = 1

    def lay(self, b: GraphBuilder, x: Value, scope: str) -> Value:
        """Add one layer."""
        depth = channels(x)
        return b.conv(
            scope + self.name, x, kernel=self.kernel, stride=self.stride, padding="same",
            channels=depth * self.multiplier, groups=depth,
        )  # fmt: skip


@dataclass(frozen=True)
class MaxPool(Step):
    """Max pooling."""

    name: str
    kernel: Kernel
    stride: int = 1
    padding: PaddingRule = "same"

    def lay(self, b: GraphBuilder, x: Value, scope: str) -> Value:
        """Add one layer."""
        return b.max_pool(
            scope + self.name, x, kernel=self.kernel, stride=self.stride, padding=self.padding
        )


@dataclass(frozen=True)
class AvgPool(Step):
    """Average pooling, everywhere with stride 1 in these networks."""

    name: str
    kernel: Kernel

    def lay(self, b: GraphBuilder, x: Value, scope: str) -> Value:
        """Add one layer."""
        return b.avg_pool(scope + self.name, x, kernel=self.kernel, stride=1, padding="same")


@dataclass(frozen=True)
class Fork(Step):
    """Layers side by side on one value, concatenated under ``name``."""

    tines: Chain
    name: str = "concat"

    def lay(self, b: GraphBuilder, x: Value, scope: str) -> Value:
        """Add the layers and their join."""
        return b.concat(scope + self.name, *(tine.lay(b, x, scope) for tine in self.tines))


@dataclass(frozen=True)
class Mixed(Step):
    """An inception module: branches ``name/Branch_i``, concatenated under ``name``."""

    name: str
    branches: tuple[Chain, ...]

    def lay(self, b: GraphBuilder, x: Value, scope: str) -> Value:
        """Add the branches and their join."""
        inner = f"{scope}{self.name}/"
        return b.concat(scope + self.name, *lay_branches(b, x, self.branches, inner))


@dataclass(frozen=True)
class Residual(Step):
    """An inception module whose branches, projected to the input's depth, are added to it."""

    name: str
    branches: tuple[Chain, ...]

    def lay(self, b: GraphBuilder, x: Value, scope: str) -> Value:
        """Add the branches, their join, the projection and the sum."""
        inner = f"{scope}{self.name}/"
        joined = b.concat(inner + "concat", *lay_branches(b, x, self.branches, inner))
        projection = Conv("Conv2d_1x1", 1, channels(x), bias=True)
        return b.add(scope + self.name, x, projection.lay(b, joined, inner))


@dataclass(frozen=True)
class Alias(Step):
    """A second name for the value before it, where Slim gives an end point a name of its own."""

    name: str

    def lay(self, b: GraphBuilder, x: Value, scope: str) -> Value:
        """Add a layer that passes its operand on."""
        return b.pointwise(scope + self.name, x)


def lay_chain(b: GraphBuilder, x: Value, steps: Chain, scope: str = "") -> Value:
    """Add ``steps`` one after the other; ``scope`` ends with a slash or is empty."""
    for step in steps:
        x = step.lay(b, x, scope)
    return x


def lay_branches(
    b: GraphBuilder, x: Value, branches: tuple[Chain, ...], scope: str
) -> Iterator[Value]:
    """Add every branch below its own scope ``Branch_i``; the ends in order."""
    for number, branch in enumerate(branches):
        yield lay_chain(b, x, branch, f"{scope}Branch_{number}/")


def channels(x: Value) -> int:
    """The depth of an NHWC value."""
    depth = x.shape[-1]
    assert depth is not None, "only the spatial sizes of these networks can be free"
    return depth
