"""Architectures in Flax: Linen and NNX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax import nnx

from tests.jax.zoo import Entry, of_linen, of_nnx

RNGS = nnx.Rngs(0)
K = {"rngs": RNGS}


class Block(nnx.Module):
    """A bottleneck of ResNet, with a strided shortcut where the shape changes."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        self.conv1 = nnx.Conv(before, 2, (1, 1), **K)
        self.conv2 = nnx.Conv(2, 2, (3, 3), strides=stride, padding=1, **K)
        self.norm = nnx.BatchNorm(2, **K)
        self.conv3 = nnx.Conv(2, after, (1, 1), **K)
        changes = stride > 1 or before != after
        self.down = nnx.Conv(before, after, (1, 1), strides=stride, **K) if changes else None

    def __call__(self, x: Any) -> Any:
        y = self.conv3(nnx.silu(self.norm(self.conv2(nnx.silu(self.conv1(x))))))
        return nnx.silu(y + (x if self.down is None else self.down(x)))


class ResNet(nnx.Module):
    def __init__(self) -> None:
        self.stem = nnx.Conv(2, 4, (5, 5), strides=2, padding=2, **K)
        blocks = [Block(4, 4, 1), Block(4, 6, 2)]
        self.stages = nnx.List([nnx.List(blocks)])

    def __call__(self, x: Any) -> Any:
        x = nnx.max_pool(self.stem(x), (3, 3), (2, 2), ((1, 1), (1, 1)))
        for block in self.stages[0]:
            x = block(x)
        return x


class UNet(nnx.Module):
    def __init__(self) -> None:
        self.down = nnx.List([nnx.Conv(2 + 2 * (k > 0), 4, (3, 3), **K) for k in range(2)])
        self.middle = nnx.Conv(4, 4, (3, 3), kernel_dilation=2, **K)
        self.up = nnx.List([nnx.ConvTranspose(4, 4, (2, 2), strides=(2, 2), **K) for _ in "ab"])
        self.merge = nnx.List([nnx.Conv(8, 4, (3, 1), **K) for _ in "ab"])

    def __call__(self, x: Any) -> Any:
        kept = []
        for layer in self.down:
            x = nnx.tanh(layer(x))
            kept.append(x)
            x = nnx.avg_pool(x, (2, 2), (2, 2))
        x = self.middle(x)
        for layer, merge in zip(self.up, self.merge, strict=True):
            x = merge(jnp.concatenate([kept.pop(), layer(x)], -1))
        return x


class Inverted(nnx.Module):
    """An inverted residual of MobileNetV2 with squeeze and excitation."""

    def __init__(self, width: int, stride: int, *, gate: bool) -> None:
        self.expand = nnx.Conv(width, 8, (1, 1), **K)
        self.depthwise = nnx.Conv(8, 8, (3, 3), strides=stride, feature_group_count=8, **K)
        self.squeeze = nnx.Linear(8, 2, **K) if gate else None
        self.excite = nnx.Linear(2, 8, **K) if gate else None
        self.project = nnx.Conv(8, width, (1, 1), **K)
        self.stride = stride

    def __call__(self, x: Any) -> Any:
        y = jax.nn.hard_tanh(self.depthwise(nnx.gelu(self.expand(x))))
        if self.squeeze is not None:
            pooled = y.mean((1, 2), keepdims=True)
            y = y * nnx.sigmoid(self.excite(nnx.gelu(self.squeeze(pooled))))
        y = self.project(y)
        return x + y if self.stride == 1 else y


class MobileNet(nnx.Module):
    def __init__(self, *, gate: bool) -> None:
        self.blocks = nnx.Sequential(Inverted(2, 2, gate=False), Inverted(2, 1, gate=gate))

    def __call__(self, x: Any) -> Any:
        return self.blocks(x)


class ConvNext(nnx.Module):
    def __init__(self) -> None:
        self.stem = nnx.Conv(2, 4, (2, 2), strides=2, padding="VALID", **K)
        self.dwconv = nnx.Conv(4, 4, (5, 5), padding="SAME", feature_group_count=4, **K)
        self.norm = nnx.LayerNorm(4, **K)
        self.pwconv1, self.pwconv2 = nnx.Linear(4, 8, **K), nnx.Linear(8, 4, **K)
        self.gamma = nnx.Param(jnp.full(4, 0.5))

    def __call__(self, x: Any) -> Any:
        x = self.stem(x)
        return x + self.gamma[...] * self.pwconv2(nnx.gelu(self.pwconv1(self.norm(self.dwconv(x)))))


class ViT(nnx.Module):
    """Patches with positions, and two blocks of attention over all of them."""

    def __init__(self) -> None:
        self.patch = nnx.Conv(2, 4, (4, 4), strides=4, padding="VALID", **K)
        self.positions = nnx.Param(jax.random.normal(jax.random.key(1), (1, 6, 4)))
        self.attention = nnx.List([nnx.MultiHeadAttention(2, 4, decode=False, **K) for _ in "ab"])
        self.norm = nnx.LayerNorm(4, **K)

    def __call__(self, x: Any) -> Any:
        x = self.patch(x)
        x = x.reshape(1, -1, 4) + self.positions[...]
        for layer in self.attention:
            x = x + layer(self.norm(x))
        return x


class Gpt(nnx.Module):
    """Tokens, positions, and two causal blocks."""

    def __init__(self) -> None:
        self.embed = nnx.Embed(7, 4, **K)
        self.positions = nnx.Embed(9, 4, **K)
        self.blocks = nnx.List([nnx.MultiHeadAttention(2, 4, decode=False, **K) for _ in "ab"])
        self.head = nnx.Linear(4, 7, **K)

    def __call__(self, tokens: Any) -> Any:
        x = self.embed(tokens) + self.positions(jnp.arange(tokens.shape[1]))
        for block in self.blocks:
            x = x + block(x, mask=nnx.make_causal_mask(tokens))
        return self.head(x)


class Wave(nn.Module):
    """WaveNet: gated, dilated, causal, with a skip path."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        total = 0.0
        for k in range(3):
            both = nn.Conv(8, (2,), kernel_dilation=2**k, padding="CAUSAL", name=f"dilated_{k}")(x)
            gate, value = jnp.split(both, 2, -1)
            y = nn.sigmoid(gate) * nn.tanh(value)
            total = total + nn.Dense(4, name=f"skip_{k}")(y)
            x = x + nn.Dense(4, name=f"residual_{k}")(y)
        return nn.Dense(2, name="out")(nn.gelu(total))


class Atrous(nn.Module):
    """A pyramid of dilated branches and one that pools the image."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        wide = [nn.Conv(3, (3, 3), kernel_dilation=r, name=f"rate_{r}")(x) for r in (1, 2, 4)]
        return nn.Conv(3, (1, 1), name="project")(jnp.concatenate(wide, -1))


class Windowed(nn.Module):
    """Swin: attention in windows of 3, shifted by 1, with the mask of the wrapped window."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        for shift in (0, 1):
            y = jnp.roll(x, -shift, 1) if shift else x
            y = y.reshape(-1, 3, x.shape[-1])
            mask = None
            if shift:
                where = np.zeros(x.shape[1], int)
                where[-3:-1], where[-1:] = 1, 2
                groups = where.reshape(-1, 3)
                mask = (groups[:, :, None] == groups[:, None, :])[:, None]
            y = nn.MultiHeadDotProductAttention(2, name=f"attention_{shift}")(y, mask=mask)
            y = y.reshape(x.shape)
            x = x + (jnp.roll(y, shift, 1) if shift else y)
        return x


class Recurrent(nn.Module):
    """An LSTM forwards and a GRU backwards."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        x = nn.Conv(4, (3,), name="local")(x)
        kind = {"param_dtype": jnp.result_type(float)}
        past = nn.RNN(nn.OptimizedLSTMCell(3, **kind), name="past")(x)
        future = nn.RNN(nn.GRUCell(3, **kind), reverse=True, keep_order=True, name="future")(x)
        return past, future


class Decoder(nn.Module):
    """Resizes of every kind, then transposed convolutions."""

    method: str

    @nn.compact
    def __call__(self, x: Any) -> Any:
        x = nn.ConvTranspose(2, (3, 4), strides=(2, 2), name="transposed")(x)
        size = (1, x.shape[1] * 3 // 2, x.shape[2] * 2, 2)
        x = jax.image.resize(x, size, self.method)
        return nn.Conv(2, (3, 3), padding="CIRCULAR", name="refine")(x)


class Normed(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        x = nn.Conv(4, (3, 3), strides=2, name="conv")(x)
        x = nn.tanh(nn.GroupNorm(2, name="group")(x))
        return nn.InstanceNorm(name="instance")(nn.Conv(4, (1, 3), padding="VALID")(x))


class Video(nn.Module):
    """Three axes, factorised."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        x = nn.Conv(3, (1, 3, 3), strides=(1, 2, 2), name="space")(x)
        x = nn.Conv(3, (3, 1, 1), padding=[(2, 0), (0, 0), (0, 0)], name="time")(nn.tanh(x))
        return nn.avg_pool(x, (2, 2, 1), (2, 2, 1))


class Masked(nn.Module):
    """PixelCNN: masks A and B on the kernels."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        for k, name in enumerate("AB"):
            mask = np.ones((3, 3, x.shape[-1], 3), np.float32)
            mask[1, 1 + k :], mask[2:] = 0, 0
            x = nn.Conv(3, (3, 3), mask=jnp.asarray(mask), name=f"masked_{name}")(nn.gelu(x))
        return x


class Made(nn.Module):
    """An autoregressive dense network over the positions themselves."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        n = x.shape[-1]
        degrees = np.arange(n) % (n - 1)
        first = (np.arange(n)[:, None] <= degrees[None]).astype(np.float32)
        last = (degrees[:, None] < np.arange(n)[None]).astype(np.float32)
        init = nn.initializers.normal(1.0)
        x = jnp.tanh(x @ (self.param("inner", init, (n, n)) * first))
        return x @ (self.param("outer", init, (n, n)) * last)


class Fourier(nn.Module):
    """FNet: positions are mixed by a transform."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        x = nn.Conv(3, (3,), name="local")(x)
        return nn.Dense(2, name="mix")(jnp.fft.fft2(x, axes=(-2, -1)).real + x)


class Mixer(nn.Module):
    """MLP-Mixer over patches."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        x = nn.Conv(4, (2, 2), strides=(2, 2), name="patches")(x)
        shape = x.shape
        x = x.reshape(shape[0], -1, shape[-1])
        y = nn.Dense(x.shape[1], name="tokens")(nn.LayerNorm()(x).swapaxes(1, 2)).swapaxes(1, 2)
        return (x + nn.gelu(y)).reshape(shape)


FLAX: dict[str, Callable[[], Entry]] = {
    "nnx ResNet": lambda: of_nnx(
        ResNet, (1, 17, 14, 2), ("stem", "stages.0.0.conv2", "stages.0.1.down", "stages.0.1.conv3")
    ),
    "nnx U-Net": lambda: of_nnx(UNet, (1, 12, 8, 2), ("down.0", "middle", "up.0", "merge.0")),
    "nnx MobileNetV2": lambda: of_nnx(
        lambda: MobileNet(gate=False), (1, 11, 10, 2),
        ("blocks.layers.0.depthwise", "blocks.layers.1.depthwise"),
    ),
    "nnx squeeze-excite": lambda: of_nnx(
        lambda: MobileNet(gate=True), (1, 9, 8, 2),
        ("blocks.layers.1.depthwise", "blocks.layers.1.squeeze", "blocks.layers.1.project"),
    ),
    "nnx ConvNeXt": lambda: of_nnx(ConvNext, (1, 15, 12, 2), ("stem", "dwconv", "pwconv2")),
    "nnx ViT": lambda: of_nnx(
        ViT, (1, 8, 12, 2), ("patch", "attention.0.query", "attention.0.out")
    ),
    "nnx causal transformer": lambda: of_nnx(
        Gpt, (1, 9), ("embed", "blocks.0.out", "blocks.1.query", "head"), dtype="int32"
    ),
    "linen WaveNet": lambda: of_linen(Wave(), (1, 13, 4), ("dilated_0", "dilated_2", "skip_1")),
    "linen atrous pyramid": lambda: of_linen(
        Atrous(), (1, 11, 9, 2), ("rate_2", "rate_4", "project")
    ),
    "linen windowed attention": lambda: of_linen(
        Windowed(), (1, 9, 4), ("attention_0/out", "attention_1/query", "attention_1/out"),
        bounds=("attention_1/out", "add#2"),  # the masks of the windows are different ones
    ),
    "linen LSTM and GRU": lambda: of_linen(Recurrent(), (1, 8, 3), ("local", "past", "future")),
    **{
        f"linen decoder, {method}": lambda method=method: of_linen(
            Decoder(method), (1, 6, 5, 2), ("transposed", "refine")
        )
        for method in ("linear", "cubic", "nearest", "lanczos3")
    },
    "linen group and instance norm": lambda: of_linen(Normed(), (1, 9, 8, 2), ("conv", "group")),
    "linen video": lambda: of_linen(Video(), (1, 6, 7, 6, 2), ("space", "time")),
    "linen PixelCNN": lambda: of_linen(Masked(), (1, 6, 7, 2), ("masked_A", "masked_B")),
    "linen MADE": lambda: of_linen(Made(), (1, 6), ("dot_general", "tanh"), axes=(1,)),
    "linen Fourier mixer": lambda: of_linen(Fourier(), (1, 9, 4), ("local", "mix")),
    "linen MLP-Mixer": lambda: of_linen(Mixer(), (1, 6, 8, 2), ("patches", "tokens")),
}  # fmt: skip
