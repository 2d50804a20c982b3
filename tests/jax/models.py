"""Small models of every library: what rfield is given, and the same with numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax import nnx
from jax import lax

from tests.jax.measuring import double


class Example(NamedTuple):
    """``model`` is read; ``run`` makes the function of an array that is measured."""

    model: Any
    shape: tuple[int, ...]
    run: Callable[[], Callable[[Any], Any]]
    axes: tuple[int, ...] | None = None


class Cnn(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        x = nn.Conv(4, (3, 3), strides=2, name="stem")(x)
        x = nn.gelu(nn.BatchNorm(use_running_average=True)(x))
        return nn.max_pool(x, (2, 2), (2, 2))


class Residual(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        y = nn.Conv(4, (3, 3), kernel_dilation=2)(x)
        return nn.Conv(4, (1, 1))(x) + nn.Conv(4, (3, 3), strides=1, feature_group_count=4)(y)


class UNet(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        down = nn.Conv(4, (3, 3), strides=2)(x)
        up = nn.ConvTranspose(4, (2, 2), strides=(2, 2))(nn.Conv(4, (3, 3))(down))
        return jnp.concatenate([x, up], -1)


class Resized(nn.Module):
    method: str

    @nn.compact
    def __call__(self, x: Any) -> Any:
        x = nn.Conv(2, (3, 1))(x)
        return jax.image.resize(x, (1, 16, 4, 2), self.method)


class Pooled(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        x = nn.avg_pool(x, (3, 3), (2, 2), "SAME")
        return nn.LayerNorm()(nn.Dense(3)(x))


class Gated(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        x = nn.Conv(4, (3, 3))(x)
        return x * nn.sigmoid(nn.Dense(4)(x.mean((1, 2), keepdims=True)))


class Causal(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        mask = nn.make_causal_mask(jnp.ones((1, x.shape[1])))
        return nn.MultiHeadDotProductAttention(2)(x, mask=mask)


class Wave(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        for k in range(3):
            x = x + nn.tanh(nn.Conv(4, (2,), kernel_dilation=2**k, padding="CAUSAL")(x))
        return x


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.stem = nnx.Conv(2, 4, (3, 3), strides=2, rngs=rngs)
        self.norm = nnx.BatchNorm(4, rngs=rngs)
        self.layers = nnx.List([nnx.Conv(4, 4, (3, 3), rngs=rngs) for _ in range(2)])
        self.drop = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        x = nnx.gelu(self.norm(self.stem(x)))
        for layer in self.layers:
            x = self.drop(layer(x))
        return x


class Equi(eqx.Module):
    conv1: eqx.nn.Conv2d
    layers: list[Any]
    pool: eqx.nn.MaxPool2d

    def __init__(self) -> None:
        key = jax.random.key(0)
        self.conv1 = eqx.nn.Conv2d(2, 4, 3, stride=2, key=key)
        self.layers = [eqx.nn.ConvTranspose2d(4, 4, 3, stride=2, padding=1, key=key)]
        self.pool = eqx.nn.MaxPool2d(2, 1)

    def __call__(self, x: Any) -> Any:
        return self.layers[0](self.pool(jax.nn.gelu(self.conv1(x))))


class EquiMixer(eqx.Module):
    norm: eqx.nn.LayerNorm
    dense: eqx.nn.Linear

    def __init__(self) -> None:
        self.norm = eqx.nn.LayerNorm(4)
        self.dense = eqx.nn.Linear(4, 3, key=jax.random.key(1))

    def __call__(self, x: Any) -> Any:
        return jax.vmap(lambda y: self.dense(self.norm(y)))(jnp.roll(x, 2, 0))


def linen(module: nn.Module, shape: tuple[int, ...]) -> Example:
    def run() -> Any:
        weights = double(module.init(jax.random.key(3), jnp.ones(shape)))
        return lambda x: module.apply(weights, x)

    return Example(module, shape, run)


def of_nnx(shape: tuple[int, ...]) -> Example:
    def run() -> Any:
        definition, state = nnx.split(Net(nnx.Rngs(0)))
        state = double(state)

        def call(x: Any) -> Any:
            model = nnx.merge(definition, state)
            model.eval()
            return model(x)

        return call

    return Example(Net(nnx.Rngs(0)), shape, run)


def equinox(module: Any, shape: tuple[int, ...]) -> Example:
    return Example(module, shape, lambda: jax.vmap(double(module)))


def haiku(function: Callable[[Any], Any], shape: tuple[int, ...]) -> Example:
    made = hk.without_apply_rng(hk.transform(function))

    def run() -> Any:
        weights = double(made.init(jax.random.key(3), jnp.ones(shape)))
        return lambda x: made.apply(weights, x)

    return Example(made, shape, run)


def averaged(x: Any) -> Any:
    return hk.Conv2D(3, 3, stride=2)(hk.AvgPool((2, 2, 1), (2, 2, 1), "SAME")(x))


def longer(x: Any) -> Any:
    return hk.Conv1DTranspose(3, 4, stride=2)(x)


def function(call: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Example:
    return Example(call, shape, lambda: call, axes)


KERNEL = np.random.default_rng(5).uniform(0.5, 1.0, (3, 3, 2, 4))


def strange(x: Any) -> Any:
    """Both dilations, uneven and negative padding, a layout of its own."""
    return lax.conv_general_dilated(
        x, KERNEL.astype(x.dtype), (2, 1), ((-1, 3), (2, 0)), (2, 3), (1, 2),
        dimension_numbers=("CHWN", "HWIO", "NHWC"),
    )  # fmt: skip


def by_batches(x: Any) -> Any:
    kernel = KERNEL[:, 0, :, :].astype(x.dtype)
    return lax.conv_general_dilated(
        x, kernel, (1,), "SAME", dimension_numbers=("NWC", "WIO", "NWC"), batch_group_count=2
    )


def scanned(x: Any) -> Any:
    def turn(state: Any, row: Any) -> Any:
        return jnp.tanh(state + row), state

    return lax.scan(turn, jnp.zeros(x.shape[2], x.dtype), x[0], reverse=True)[1][None]


def branched(x: Any) -> Any:
    shifted = lax.cond(x.sum() > 0, lambda y: jnp.roll(y, 1, 1), lambda y: y, x)
    return shifted * 2


def looped(x: Any) -> Any:
    return lax.fori_loop(0, 3, lambda _k, y: y + jnp.pad(y, ((0, 0), (1, 0), (0, 0)))[:, :-1], x)


def gradient_of_pool(x: Any) -> Any:
    def total(y: Any) -> Any:
        return jnp.square(
            lax.reduce_window(y, -jnp.inf, lax.max, (1, 3, 1), (1, 2, 1), "SAME")
        ).sum()

    return jax.grad(total)(x)


def written(x: Any) -> Any:
    x = x.at[:, 2:4].set(x[:, 6:8]).at[:, 0].add(x[:, 9])
    return x.at[:, np.array([5, 5, 8])].add(x[:, :3])


def checkpointed(x: Any) -> Any:
    return jax.checkpoint(lambda y: jnp.cumsum(y[:, ::-1], 1)[:, 1:])(x)


def padded(x: Any) -> Any:
    return lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), (2, -1, 2), (0, 0, 0)])


MODELS: dict[str, Example] = {
    "linen cnn": linen(Cnn(), (1, 13, 12, 2)),
    "linen residual": linen(Residual(), (1, 9, 8, 2)),
    "linen u-net": linen(UNet(), (1, 12, 8, 2)),
    "linen linear resize": linen(Resized("linear"), (1, 8, 8, 2)),
    "linen cubic resize": linen(Resized("cubic"), (1, 8, 8, 2)),
    "linen nearest resize": linen(Resized("nearest"), (1, 8, 8, 2)),
    "linen pool and norm": linen(Pooled(), (1, 9, 7, 2)),
    "linen gate": linen(Gated(), (1, 7, 6, 2)),
    "linen causal attention": linen(Causal(), (1, 7, 4)),
    "linen wavenet": linen(Wave(), (1, 12, 4)),
    "nnx": of_nnx((1, 14, 13, 2)),
    "equinox cnn": equinox(Equi(), (1, 2, 11, 12)),
    "equinox mixer": equinox(EquiMixer(), (1, 9, 4)),
    "haiku": haiku(averaged, (1, 12, 9, 2)),
    "haiku depthwise": haiku(lambda x: hk.DepthwiseConv2D(2, 3)(jax.nn.gelu(x)), (1, 7, 8, 2)),
    "haiku transposed": haiku(longer, (1, 9, 2)),
    "dilations": function(strange, (2, 7, 8, 1), (1, 2)),
    "groups of a batch": function(by_batches, (2, 7, 2), (1,)),
    "scan": function(scanned, (1, 7, 2), (1,)),
    "loop": function(looped, (1, 9, 2), (1,)),
    "gradient of a pool": function(gradient_of_pool, (1, 9, 2), (1,)),
    "written elements": function(written, (1, 11, 2), (1,)),
    "checkpoint": function(checkpointed, (1, 9, 2), (1,)),
    "interior padding": function(padded, (1, 7, 2), (1,)),
}  # fmt: skip

BOUNDS: dict[str, Example] = {"branch": function(branched, (1, 7, 2), (1,))}
"""What the data decides: the measured dependence lies inside."""
