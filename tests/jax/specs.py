"""Models that specs name: ``tests.jax.specs:NAME``."""

from __future__ import annotations

from functools import partial

import equinox as eqx
import haiku as hk
import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import nnx


class Small(nnx.Module):
    """Called without arguments, as a factory is."""

    def __init__(self):
        self.body = nnx.Conv(3, 2, (3, 5), rngs=nnx.Rngs(0))

    def __call__(self, x):
        return self.body(x)


class Part(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Conv(2, (3, 5), name="body")(x)


def factory():
    return Small()


def function(image):
    with jax.named_scope("body"):
        kernel = jnp.ones((3, 5, 3, 2))
        return jax.lax.conv_general_dilated(
            image, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )


def transformed(x):
    return hk.Conv2D(2, (3, 5), name="body")(x)


class Equinox(eqx.Module):
    body: eqx.nn.Conv2d

    def __call__(self, x):
        return self.body(x.transpose(2, 0, 1)).transpose(1, 2, 0)


instance = Small()
linen = Part()
bound = Part().bind(Part().init(jax.random.key(0), jnp.zeros((1, 9, 9, 3))))
equinox = Equinox(eqx.nn.Conv2d(3, 2, (3, 5), padding=((1, 1), (2, 2)), key=jax.random.key(0)))
haiku = hk.without_apply_rng(hk.transform(transformed))
compiled = jax.jit(function)
applied = partial(Part().apply, Part().init(jax.random.key(0), jnp.zeros((1, 9, 9, 3))))
