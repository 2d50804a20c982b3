"""Functions of a signal (1, 12, 2): one idiom of JAX each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax import lax

K = np.random.default_rng(0).uniform(0.5, 1, (3, 2, 2))
LAYOUT = ("NWC", "WIO", "NWC")


def assoc(x):
    return lax.associative_scan(
        lambda a, b: (a[0] * b[0], b[0] * a[1] + b[1]), (jnp.full(x.shape, 0.9, x.dtype), x), axis=1
    )[1]


def patches(x):
    p = lax.conv_general_dilated_patches(x.transpose(0, 2, 1), (3,), (2,), [(1, 1)])
    return jnp.tanh(p).sum(1)[..., None]


def convolve(x):
    return jax.vmap(lambda y: jnp.convolve(y, jnp.array([1.0, 2, 3.0], y.dtype), mode="same"))(
        x[..., 0]
    )[..., None]


def windows(x):
    return jax.vmap(lambda i: lax.dynamic_slice(x[0], (i, 0), (3, x.shape[2])).sum(0))(
        jnp.arange(x.shape[1] - 2)
    )[None]


def mapped(x):
    return lax.map(lambda y: jnp.tanh(y) * 2, x[0])[None]


def patchmap(x):
    return lax.map(lambda y: jnp.cumsum(y, 0), x.reshape(4, 3, -1)).reshape(x.shape)


def local(x):
    y = x[:, :, None]
    return jax.nn.dot_product_attention(y, y, y, local_window_size=(2, 1))[:, :, 0]


def s2d(x):
    return x.reshape(1, 6, 2, 2).transpose(0, 1, 3, 2).reshape(1, 6, 4)


def strided(x):
    return x[:, 1::3] - x[:, :-1:3]


def taken(x):
    return jnp.take_along_axis(x, np.array([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8])[None, :, None], 1)


def interp(x):
    return jax.image.scale_and_translate(
        x, (1, 18, 2), (1,), jnp.array([1.5]), jnp.array([0.0]), "linear"
    )


def pooled(x):
    return nn.avg_pool(x, (3,), (2,), "SAME", count_include_pad=False)


def dil_pool(x):
    return lax.reduce_window(
        x, -jnp.inf, lax.max, (1, 2, 1), (1, 1, 1), "VALID", window_dilation=(1, 3, 1)
    )


def pow_pool(x):
    return lax.reduce_window(jnp.abs(x) ** 3, 0.0, lax.add, (1, 3, 1), (1, 3, 1), "VALID") ** (
        1 / 3
    )


def scan_layers(x):
    ks = jnp.asarray(np.stack([K] * 3), x.dtype)
    return lax.scan(
        lambda h, k: (
            jnp.tanh(lax.conv_general_dilated(h, k, (1,), "SAME", dimension_numbers=LAYOUT)),
            None,
        ),
        x,
        ks,
    )[0]


def fori_shift(x):
    def body(i, h):
        return h + jnp.roll(h, i, 1)

    return lax.fori_loop(0, 3, body, x)


def cond_static(x):
    return lax.cond(jnp.array(3) > 2, lambda y: y[:, ::-1], lambda y: y, x)


def switch(x):
    return lax.switch(1, [lambda y: y, lambda y: jnp.flip(y, 1)], x)


def glu(x):
    return jax.nn.glu(jnp.concatenate([x, jnp.roll(x, 1, 1)], -1))


def where(x):
    return jnp.where(jnp.arange(x.shape[1])[None, :, None] > 5, x, jnp.roll(x, 2, 1))


def setitem(x):
    return x.at[:, 3:7].set(0.0).at[:, 1].multiply(x[:, 10])


def every_second(x):
    return x.at[:, ::2].set(jnp.roll(x, 1, 1)[:, ::2] * 2)


def added_to_every_second(x):
    return x.at[:, 1::2].add(x[:, ::2])


def taken_from_every_third(x):
    return x.at[:, 2::3].subtract(x[:, ::3])


def segment(x):
    return jax.ops.segment_sum(x[0], np.array([0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3]), 4)[None]


def onehot(x):
    return jnp.einsum(
        "btc,tu->buc", x, jax.nn.one_hot(np.array([2, 0, 1, 5, 4, 3, 6, 8, 7, 9, 11, 10]), 12)
    )


def band(x):
    n = jnp.arange(12)
    m = jnp.abs(n[:, None] - n) < 2
    return jnp.einsum("btc,tu->buc", x, jnp.where(m, 1.5, 0.0))


def toeplitz(x):
    n = jnp.arange(12)
    w = jnp.exp(-jnp.abs(n[:, None] - n) * 1.0) * jnp.tril(jnp.ones((12, 12)))
    return jnp.einsum("btc,ut->buc", x, w)


def reverse_cum(x):
    return lax.cumlogsumexp(x, 1, reverse=True)


def ordered(x):
    return jnp.sort(x, 1)


def median(x):
    return jnp.median(jnp.stack([jnp.roll(x, k, 1) for k in (-1, 0, 1)]), 0)


def grad(x):
    return jax.grad(
        lambda y: (
            jnp.tanh(
                lax.conv_general_dilated(
                    y, jnp.asarray(K, y.dtype), (2,), "SAME", dimension_numbers=LAYOUT
                )
            )
            ** 2
        ).sum()
    )(x)


def jvp(x):
    return jax.jvp(lambda y: jnp.tanh(y) * jnp.roll(y, 1, 1), (x,), (x,))[1]


def custom(x):
    @jax.custom_vjp
    def f(y):
        return y * jnp.roll(y, 1, 1)

    f.defvjp(lambda y: (f(y), y), lambda r, g: (g,))
    return f(x)


def remat(x):
    return jax.remat(lambda y: y + jnp.roll(y, 1, 1))(x)


def dot_nobatch(x):
    return lax.dot_general(x, x, (((2,), (2,)), ((), ())))[0].transpose(1, 0, 2)


def mapc(x):
    return jax.scipy.ndimage.map_coordinates(x[0, :, 0], [jnp.arange(11) + 0.5], 1)[None, :, None]


def conv_t(x):
    return lax.conv_transpose(x, jnp.asarray(K, x.dtype), (2,), "SAME", dimension_numbers=LAYOUT)


def pixel(x):
    return jnp.repeat(x, 2, 1)[:, 1:-1]


def split3(x):
    a, b, c = jnp.split(x, 3, 1)
    return a * b + c


def pad_reflect(x):
    return jnp.pad(x, ((0, 0), (3, 2), (0, 0)), mode="reflect")[:, ::2]


def pad_sym(x):
    return jnp.pad(x, ((0, 0), (2, 3), (0, 0)), mode="symmetric")


def top(x):
    return lax.top_k(x.transpose(0, 2, 1), 3)[0].transpose(0, 2, 1)


def argm(x):
    return jnp.argmax(x, 1, keepdims=True) * 1.0


def prod(x):
    return jnp.cumprod(x, 1)


def tri(x):
    return jnp.tril(x[0] @ x[0].T)[None]


def diag(x):
    return jnp.diagonal(x[0] @ x[0].T)[None, :, None]


def ema(x):
    def step(c, y):
        c = 0.9 * c + 0.1 * y
        return c, c

    return lax.scan(step, x[:, 0], x.swapaxes(0, 1))[1].swapaxes(0, 1)


def delay(x):
    def step(c, y):
        return (y, c[0]), c[1]

    return lax.scan(step, (jnp.zeros_like(x[:, 0]),) * 2, x.swapaxes(0, 1))[1].swapaxes(0, 1)


def chunked(x):
    def step(c, y):
        return c + y.sum(0), jnp.cumsum(y, 0) + c

    return lax.scan(step, x[0, 0] * 0, x.reshape(4, 3, 2))[1].reshape(1, 12, 2)


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    name: value
    for name, value in list(globals().items())
    if callable(value) and getattr(value, "__module__", "") == __name__
}
