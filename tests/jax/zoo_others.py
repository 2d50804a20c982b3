"""Architectures in Equinox, Haiku and plain JAX."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import equinox as eqx
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tests.jax.measuring import double
from tests.jax.zoo import Entry

KEYS = iter(jax.random.split(jax.random.key(7), 64))


class Codec(eqx.Module):
    """An encoder and a decoder of audio, with residual units."""

    encoder: list[eqx.nn.Conv1d]
    units: dict[str, eqx.nn.Conv1d]
    decoder: list[eqx.nn.ConvTranspose1d]

    def __init__(self) -> None:
        self.encoder = [
            eqx.nn.Conv1d(2, 3, 4, stride=2, padding=1, key=next(KEYS)),
            eqx.nn.Conv1d(3, 3, 5, stride=3, padding=2, key=next(KEYS)),
        ]
        self.units = {"wide": eqx.nn.Conv1d(3, 3, 3, padding=3, dilation=3, key=next(KEYS))}
        self.decoder = [
            eqx.nn.ConvTranspose1d(3, 2, 6, stride=3, padding=1, key=next(KEYS)),
            eqx.nn.ConvTranspose1d(2, 1, 4, stride=2, padding=1, key=next(KEYS)),
        ]

    def __call__(self, x: Any) -> Any:
        for layer in self.encoder:
            x = jax.nn.elu(layer(x))
        x = x + self.units["wide"](jnp.tanh(x))
        for layer in self.decoder:
            x = layer(x)
        return x


class Unet3d(eqx.Module):
    down: eqx.nn.Conv3d
    up: eqx.nn.ConvTranspose3d
    pool: eqx.nn.MaxPool3d

    def __init__(self) -> None:
        self.down = eqx.nn.Conv3d(1, 2, 3, padding=1, key=next(KEYS))
        self.up = eqx.nn.ConvTranspose3d(2, 2, 2, stride=2, key=next(KEYS))
        self.pool = eqx.nn.MaxPool3d(2, 2)

    def __call__(self, x: Any) -> Any:
        y = self.down(x)
        return jnp.concatenate([y, self.up(self.pool(y))])


class Super(eqx.Module):
    """Sub-pixel super resolution: channels become pixels."""

    body: eqx.nn.Sequential
    norm: eqx.nn.GroupNorm

    def __init__(self) -> None:
        self.body = eqx.nn.Sequential([
            eqx.nn.Conv2d(2, 4, 3, padding=1, key=next(KEYS)),
            eqx.nn.Lambda(jax.nn.leaky_relu),
            eqx.nn.Conv2d(4, 8, (3, 1), padding=((1, 1), (0, 0)), key=next(KEYS)),
        ])  # fmt: skip
        self.norm = eqx.nn.GroupNorm(1, 2)

    def __call__(self, x: Any) -> Any:
        x = self.body(x)
        _, h, w = x.shape
        return x.reshape(2, 2, 2, h, w).transpose(0, 3, 1, 4, 2).reshape(2, 2 * h, 2 * w)


class Attentive(eqx.Module):
    """A window of attention that slides: each position sees two before and one behind."""

    attention: eqx.nn.MultiheadAttention
    ffn: eqx.nn.MLP

    def __init__(self) -> None:
        self.attention = eqx.nn.MultiheadAttention(2, 4, key=next(KEYS))
        self.ffn = eqx.nn.MLP(4, 4, 6, 1, jnp.tanh, key=next(KEYS))

    def __call__(self, x: Any) -> Any:
        distance = np.arange(x.shape[0])[None] - np.arange(x.shape[0])[:, None]
        mask = (distance >= -2) & (distance <= 1)
        x = x + self.attention(x, x, x, mask=jnp.asarray(mask))
        return x + jax.vmap(self.ffn)(x)


class Recurrent(eqx.Module):
    cell: eqx.nn.GRUCell
    conv: eqx.nn.Conv1d

    def __init__(self) -> None:
        self.cell = eqx.nn.GRUCell(3, 4, key=next(KEYS))
        self.conv = eqx.nn.Conv1d(4, 2, 3, padding=1, key=next(KEYS))

    def __call__(self, x: Any) -> Any:
        def turn(state: Any, now: Any) -> Any:
            state = self.cell(now, state)
            return state, state

        _, states = lax.scan(turn, jnp.zeros(4, x.dtype), x.T)
        return self.conv(states.T)


def hk_resnet(x: Any, *, is_training: bool) -> Any:
    x = hk.Conv2D(3, 3, stride=2, name="stem")(x)
    y = hk.BatchNorm(True, True, 0.9, name="norm")(x, is_training)
    y = hk.Conv2D(3, 3, rate=2, name="wide")(jax.nn.silu(y))
    return jax.nn.softplus(x + y)


def hk_separable(x: Any) -> Any:
    for k in range(2):
        x = hk.DepthwiseConv2D(1, (3, 5), stride=2 - k, name=f"depthwise_{k}")(x)
        x = hk.Conv2D(4, 1, name=f"pointwise_{k}")(jnp.tanh(x))
    return x


def hk_fpn(x: Any) -> Any:
    """Two levels, the coarse one enlarged and added to the fine one."""
    fine = hk.Conv2D(3, 3, stride=2, name="c2")(x)
    coarse = hk.Conv2D(3, 3, stride=2, name="c3")(jnp.tanh(fine))
    top = hk.Conv2D(3, 1, name="p3")(coarse)
    size = (x.shape[0], *fine.shape[1:3], 3)
    return hk.Conv2D(3, 3, name="p2")(fine + jax.image.resize(top, size, "nearest"))


def hk_attention(x: Any) -> Any:
    init = hk.initializers.VarianceScaling(1.0)
    mask = jnp.tril(jnp.ones((1, 1, x.shape[1], x.shape[1])))
    layer = hk.MultiHeadAttention(2, 3, w_init=init, model_size=4, name="attention")
    return hk.Linear(2, name="head")(x + layer(x, x, x, mask=mask))


def inception(p: Any, x: Any) -> Any:
    """Branches of different kernels, and one that pools."""

    def conv(name: str, y: Any, **more: Any) -> Any:
        with jax.named_scope(name):
            return lax.conv_general_dilated(
                y, p[name].astype(y.dtype), (1, 1), "SAME",
                dimension_numbers=("NHWC", "HWIO", "NHWC"), **more,
            )  # fmt: skip

    pooled = lax.reduce_window(x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 1, 1, 1), "SAME")
    return jnp.concatenate([conv("one", x), conv("five", jnp.tanh(conv("one", x))),
                            conv("pooled", pooled)], -1)  # fmt: skip


def densenet(p: Any, x: Any) -> Any:
    for name in ("first", "second", "third"):
        with jax.named_scope(name):
            y = lax.conv_general_dilated(
                jnp.tanh(x), p[name].astype(x.dtype), (1,), [(2, 0)],
                dimension_numbers=("NWC", "WIO", "NWC"),
            )  # fmt: skip
        x = jnp.concatenate([x, y], -1)
    return x


def involution(x: Any) -> Any:
    """Kernels that the data makes, over patches; then blur with a fixed kernel of holes."""
    with jax.named_scope("involution"):
        patches = jnp.stack([jnp.roll(x, k, 1) for k in (-1, 0, 1)], -1)
        x = (patches * jax.nn.softmax(patches, -1)).sum(-1)
    kernel = np.array([1, 0, 2, 0, 1], "float32")[:, None, None]
    with jax.named_scope("blur"):
        return lax.conv_general_dilated(
            x.transpose(2, 1, 0), jnp.asarray(kernel, x.dtype), (1,), "SAME",
            dimension_numbers=("NWC", "WIO", "NWC"),
        )  # fmt: skip


def draw(*shapes: tuple[int, ...]) -> list[Any]:
    random = np.random.default_rng(11)
    return [jnp.asarray(random.uniform(-1, 1, shape), "float32") for shape in shapes]


def equinox(module: Any, shape: tuple[int, ...], layers: tuple[str, ...], **more: Any) -> Entry:
    return Entry(module, shape, layers, lambda: jax.vmap(double(module)), **more)


def haiku(function: Any, shape: tuple[int, ...], layers: tuple[str, ...]) -> Entry:
    made = hk.without_apply_rng(hk.transform_with_state(function))

    def run() -> Any:
        weights, state = made.init(jax.random.key(3), jnp.ones(shape))
        weights, state = double((weights, state))
        return lambda x: made.apply(weights, state, x)[0]

    return Entry(made, shape, layers, run)


def applied(function: Any, shape: tuple[int, ...], layers: tuple[str, ...]) -> Entry:
    """With its weights, as it is used after training."""
    made = hk.transform_with_state(function)
    weights = made.init(jax.random.key(3), jnp.ones(shape), is_training=True)
    model = partial(made.apply, *weights, None, is_training=False)

    def run() -> Any:
        larger = double(weights)
        return lambda x: made.apply(*larger, None, x, is_training=False)[0]

    return Entry(model, shape, layers, run)


def plain(
    function: Any, weights: Any, shape: tuple[int, ...], layers: tuple[str, ...]
) -> Entry:  # fmt: skip
    def bound(x: Any) -> Any:
        return function(weights, x)

    return Entry(bound, shape, layers, lambda: bound)


OTHERS: dict[str, Callable[[], Entry]] = {
    "equinox audio codec": lambda: equinox(
        Codec(), (1, 2, 26), ("encoder.0", "encoder.1", "units.wide", "decoder.0", "decoder.1")
    ),
    "equinox 3-D U-Net": lambda: equinox(Unet3d(), (1, 1, 4, 6, 4), ("down", "up")),
    "equinox pixel shuffle": lambda: equinox(
        Super(), (1, 2, 6, 5), ("body.layers.0", "body.layers.2")
    ),
    "equinox sliding attention": lambda: equinox(
        Attentive(), (1, 9, 4), ("attention.query_proj", "attention.output_proj", "ffn.layers.1"),
        axes=(1,),
    ),
    "equinox GRU": lambda: equinox(Recurrent(), (1, 3, 8), ("cell", "conv")),
    "haiku ResNet": lambda: applied(hk_resnet, (1, 12, 11, 2), ("stem", "norm", "wide")),
    "haiku separable": lambda: haiku(hk_separable, (1, 11, 12, 2), ("depthwise_0", "depthwise_1")),
    "haiku FPN": lambda: haiku(hk_fpn, (1, 12, 16, 2), ("c2", "c3", "p3", "p2")),
    "haiku causal attention": lambda: haiku(hk_attention, (1, 8, 4), ("attention", "head")),
    "plain inception": lambda: plain(
        inception,
        dict(zip(["one", "five", "pooled"],
                 draw((1, 1, 2, 2), (5, 5, 2, 2), (1, 1, 2, 2)), strict=True)),
        (1, 9, 8, 2), ("one", "five", "pooled"),
    ),
    "plain causal DenseNet": lambda: plain(
        densenet,
        dict(zip(["first", "second", "third"],
                 draw((3, 2, 1), (3, 3, 1), (3, 4, 1)), strict=True)),
        (1, 12, 2), ("first", "second", "third"),
    ),
    "plain involution": lambda: Entry(
        involution, (1, 11, 1), ("involution", "blur"), lambda: involution, (1,)
    ),
}  # fmt: skip
