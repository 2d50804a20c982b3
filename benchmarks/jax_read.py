"""Reading a JAX model and computing every layer's field, against one jitted forward of the model.

    OMP_NUM_THREADS=1 python -m benchmarks.jax_read [--repeat 5] [--models NAME ...]

Five backbones in Flax NNX at their nominal input, eval mode, one image. CPU seconds (of all
threads); the sides take turns, and each ratio is the median over the turns. Beside them: what JAX
needs for tracing alone, which is part of reading, and for compiling, which no forward here counts.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import jax
import jax.numpy as jnp
from flax import nnx

import rfield

RNGS: dict[str, Any] = {"rngs": nnx.Rngs(0)}


class Norm(nnx.Module):
    """A convolution with its batch norm."""

    def __init__(
        self, before: int, after: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:  # fmt: skip
        pad = (kernel - 1) // 2
        self.conv = nnx.Conv(
            before, after, (kernel, kernel), strides=stride, padding=pad, use_bias=False,
            feature_group_count=groups, **RNGS,
        )  # fmt: skip
        self.norm = nnx.BatchNorm(after, use_running_average=True, **RNGS)

    def __call__(self, x: jax.Array) -> jax.Array:
        """The features."""
        return self.norm(self.conv(x))


class Bottleneck(nnx.Module):
    """Of ResNet-50."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        self.reduce, self.middle = Norm(before, width, 1), Norm(width, width, 3, stride)
        self.expand = Norm(width, 4 * width, 1)
        same = stride == 1 and before == 4 * width
        self.shortcut = None if same else Norm(before, 4 * width, 1, stride)

    def __call__(self, x: jax.Array) -> jax.Array:
        """The features."""
        y = self.expand(nnx.relu(self.middle(nnx.relu(self.reduce(x)))))
        return nnx.relu(y + (x if self.shortcut is None else self.shortcut(x)))


class ResNet50(nnx.Module):
    """He et al. 2016, without its head."""

    def __init__(self) -> None:
        self.stem, blocks, before = Norm(3, 64, 7, 2), list[Any](), 64
        for stage, count in enumerate((3, 4, 6, 3)):
            for k in range(count):
                blocks.append(Bottleneck(before, 64 << stage, 2 if stage and not k else 1))
                before = 256 << stage
        self.blocks = nnx.List(blocks)

    def __call__(self, x: jax.Array) -> jax.Array:
        """The features."""
        x = nnx.max_pool(nnx.relu(self.stem(x)), (3, 3), (2, 2), "SAME")
        for block in self.blocks:
            x = block(x)
        return x


class Inverted(nnx.Module):
    """An inverted residual of MobileNetV2."""

    def __init__(self, before: int, after: int, stride: int, factor: int) -> None:
        wide = before * factor
        self.expand = Norm(before, wide, 1) if factor > 1 else None
        self.depthwise = Norm(wide, wide, 3, stride, wide)
        self.project = Norm(wide, after, 1)
        self.residual = stride == 1 and before == after

    def __call__(self, x: jax.Array) -> jax.Array:
        """The features."""
        y = x if self.expand is None else jax.nn.relu6(self.expand(x))
        y = self.project(jax.nn.relu6(self.depthwise(y)))
        return x + y if self.residual else y


class MobileNetV2(nnx.Module):
    """Sandler et al. 2018, without its head."""

    def __init__(self) -> None:
        self.stem, blocks, before = Norm(3, 32, 3, 2), list[Any](), 32
        rows = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                (6, 160, 3, 2), (6, 320, 1, 1))  # fmt: skip
        for factor, after, count, stride in rows:
            for k in range(count):
                blocks.append(Inverted(before, after, 1 if k else stride, factor))
                before = after
        self.blocks, self.last = nnx.List(blocks), Norm(320, 1280, 1)

    def __call__(self, x: jax.Array) -> jax.Array:
        """The features."""
        x = jax.nn.relu6(self.stem(x))
        for block in self.blocks:
            x = block(x)
        return jax.nn.relu6(self.last(x))


class Next(nnx.Module):
    """A block of ConvNeXt."""

    def __init__(self, width: int) -> None:
        self.depthwise = nnx.Conv(
            width, width, (7, 7), padding=3, feature_group_count=width, **RNGS
        )
        self.norm = nnx.LayerNorm(width, **RNGS)
        self.up, self.down = (
            nnx.Linear(width, 4 * width, **RNGS), nnx.Linear(4 * width, width, **RNGS)
        )  # fmt: skip

    def __call__(self, x: jax.Array) -> jax.Array:
        """The features."""
        return x + self.down(nnx.gelu(self.up(self.norm(self.depthwise(x)))))


class ConvNextTiny(nnx.Module):
    """Liu et al. 2022, without its head."""

    def __init__(self) -> None:
        layers, before = list[Any](), 3
        for stage, count in enumerate((3, 3, 9, 3)):
            width, patch = 96 << stage, 2 if stage else 4
            if stage:
                layers.append(nnx.LayerNorm(before, **RNGS))
            layers.append(
                nnx.Conv(before, width, (patch, patch), strides=patch, padding="VALID", **RNGS)
            )
            layers += [Next(width) for _ in range(count)]
            before = width
        self.layers = nnx.List(layers)

    def __call__(self, x: jax.Array) -> jax.Array:
        """The features."""
        for layer in self.layers:
            x = layer(x)
        return x


class Encoder(nnx.Module):
    """A block of a vision transformer."""

    def __init__(self, width: int, heads: int) -> None:
        self.norm1, self.norm2 = nnx.LayerNorm(width, **RNGS), nnx.LayerNorm(width, **RNGS)
        self.attention = nnx.MultiHeadAttention(heads, width, decode=False, **RNGS)
        self.up, self.down = (
            nnx.Linear(width, 4 * width, **RNGS), nnx.Linear(4 * width, width, **RNGS)
        )  # fmt: skip

    def __call__(self, x: jax.Array) -> jax.Array:
        """The features."""
        x = x + self.attention(self.norm1(x))
        return x + self.down(nnx.gelu(self.up(self.norm2(x))))


class ViTSmall(nnx.Module):
    """Dosovitskiy et al. 2021: patches of 16, twelve blocks."""

    def __init__(self) -> None:
        self.patches = nnx.Conv(3, 384, (16, 16), strides=16, padding="VALID", **RNGS)
        self.positions = nnx.Param(jax.random.normal(jax.random.key(0), (1, 196, 384)))
        self.blocks = nnx.List([Encoder(384, 6) for _ in range(12)])

    def __call__(self, x: jax.Array) -> jax.Array:
        """The features."""
        x = self.patches(x).reshape(x.shape[0], -1, 384) + self.positions[...]
        for block in self.blocks:
            x = block(x)
        return x


class Pair(nnx.Module):
    """Two convolutions of a U-Net."""

    def __init__(self, before: int, after: int) -> None:
        self.first, self.second = Norm(before, after, 3), Norm(after, after, 3)

    def __call__(self, x: jax.Array) -> jax.Array:
        """The features."""
        return nnx.relu(self.second(nnx.relu(self.first(x))))


class UNet(nnx.Module):
    """Ronneberger et al. 2015, padded, half as wide."""

    def __init__(self) -> None:
        widths = (32, 64, 128, 256, 512)
        self.down = nnx.List([Pair(a, b) for a, b in zip((3, *widths), widths, strict=False)])
        pairs = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.up = nnx.List([nnx.ConvTranspose(a, b, (2, 2), strides=2, **RNGS) for a, b in pairs])
        self.merge = nnx.List([Pair(2 * b, b) for _, b in pairs])

    def __call__(self, x: jax.Array) -> jax.Array:
        """The features."""
        kept: list[jax.Array] = []
        for level, layer in enumerate(self.down):
            x = layer(nnx.max_pool(x, (2, 2), (2, 2)) if level else x)
            kept.append(x)
        kept.pop()
        for up, merge in zip(self.up, self.merge, strict=True):
            x = merge(jnp.concatenate([kept.pop(), up(x)], -1))
        return x


MODELS: dict[str, Callable[[], Any]] = {
    "ResNet-50": ResNet50, "MobileNetV2": MobileNetV2, "ConvNeXt-T": ConvNextTiny,
    "ViT-S/16": ViTSmall, "U-Net": UNet,
}  # fmt: skip
KNOWN: dict[str, tuple[object, ...]] = {
    "ResNet-50": (427, 427), "MobileNetV2": (491, 491), "ConvNeXt-T": (1688, 1688),
    "ViT-S/16": (rfield.UNBOUNDED,) * 2, "U-Net": (204, 204),
}  # fmt: skip
"""The field of the last feature layer: published, or, of the U-Net, worked out with intervals."""
SHAPE = (1, 224, 224, 3)


def seconds(action: Callable[[], object]) -> float:
    """CPU seconds of one call, of all threads."""
    gc.collect()
    start = time.process_time()
    action()
    return time.process_time() - start


def read_all(model: object) -> int:
    """Load, and every layer's field."""
    fields = rfield.receptive_fields(model, input_shape=SHAPE)
    return sum(1 for name in fields if fields[name].size)


def measure(name: str, repeat: int) -> tuple[list[list[float]], float, bool]:
    """Seconds of reads, forwards and traces turn by turn, of compiling; is the field right?"""
    model = MODELS[name]()
    model.eval()
    definition, state = nnx.split(model)
    x = jnp.asarray(jax.random.normal(jax.random.key(1), SHAPE))
    forward = jax.jit(lambda weights, image: nnx.merge(definition, weights)(image))
    compiling = seconds(lambda: forward(state, x).block_until_ready())
    read_all(model)
    actions: list[Callable[[], object]] = [
        lambda: read_all(model),
        lambda: forward(state, x).block_until_ready(),
        lambda: jax.make_jaxpr(lambda weights, image: nnx.merge(definition, weights)(image))(
            state, x
        ),
    ]
    rows = [[seconds(action) for action in actions] for _ in range(repeat)]
    right = rfield.receptive_field(model, input_shape=SHAPE).size == KNOWN[name]
    return [list(column) for column in zip(*rows, strict=True)], compiling, right


def ratio(times: Sequence[float], base: Sequence[float]) -> float:
    """Median of the ratios turn by turn."""
    return statistics.median(a / b for a, b in zip(times, base, strict=True))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--models", nargs="*", default=MODELS)
    args = parser.parse_args()
    print(
        f"{'model':12} {'forward':>9} {'read+fields':>11} {'ratio':>6} {'tracing':>9} "
        f"{'compiling':>9}  field"
    )
    ratios: list[float] = []
    for name in args.models:
        (read, forward, tracing), compiling, right = measure(name, args.repeat)
        ratios.append(ratio(read, forward))
        print(
            f"{name:12} {statistics.median(forward) * 1e3:7.1f}ms "
            f"{statistics.median(read) * 1e3:9.1f}ms {ratios[-1]:6.2f} "
            f"{statistics.median(tracing) * 1e3:7.1f}ms {compiling:8.1f}s  "
            f"{'right' if right else 'WRONG'}",
            flush=True,
        )  # fmt: skip
    print(f"median ratio {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
