"""Layers are called as their users call them, in each library, and none is made up."""

from __future__ import annotations

from functools import partial

import pytest

pytest.importorskip("jax", reason="needs JAX")
pytest.importorskip("flax", reason="the models are written with it")
pytest.importorskip("equinox", reason="the models are written with it")
pytest.importorskip("haiku", reason="the models are written with it")

import equinox as eqx
import haiku as hk
import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import nnx

import rfield

pytestmark = pytest.mark.jax
SHAPE = (1, 8, 6, 3)


class Block(nnx.Module):
    def __init__(self, rngs):
        self.norm = nnx.LayerNorm(3, rngs=rngs)
        self.conv = nnx.Conv(3, 3, (3, 3), rngs=rngs)

    def __call__(self, x):
        return x + self.conv(jax.nn.gelu(self.norm(x)))


class Net(nnx.Module):
    def __init__(self):
        rngs = nnx.Rngs(0)
        self.layers = nnx.List([Block(rngs) for _ in range(2)])
        self.head = nnx.Linear(3, 2, rngs=rngs)

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.head(nnx.max_pool(x, (2, 2), (2, 2)))


class LinenBlock(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.relu(nn.Conv(3, (3, 3))(x))


class LinenNet(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(2, name="head")(LinenBlock(name="body")(LinenBlock()(x)))


class Equinox(eqx.Module):
    layers: list
    heads: dict

    def __init__(self):
        key = jax.random.key(0)
        self.layers = [eqx.nn.Conv2d(3, 3, 3, key=key), eqx.nn.Lambda(jax.nn.relu)]
        self.heads = {"mask": eqx.nn.Conv2d(3, 1, 1, key=key)}

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.heads["mask"](x)


def shared(x, conv):
    with jax.named_scope("first"):
        x = conv(x)
    return jnp.tanh(conv(x))


def layers(model, shape=SHAPE):
    return rfield.load(model, shape).layers


def test_nnx():
    assert layers(Net()) == (
        "layers.0.norm", "gelu", "layers.0.conv", "add#2",
        "layers.1.norm", "gelu#2", "layers.1.conv", "add#4", "reduce_window_max", "head",
    )  # fmt: skip


LINEN = (
    "LinenBlock_0/Conv_0", "LinenBlock_0", "LinenBlock_0/relu", "body/Conv_0", "body", "body/relu",
    "head",
)  # fmt: skip


def test_linen():
    variables = LinenNet().init(jax.random.key(0), jnp.zeros(SHAPE))
    model = LinenNet()
    applied = partial(model.apply, variables)
    closed = [applied, lambda x: model.apply(variables, x), jax.jit(applied)]
    for given in (model, model.bind(variables), *closed):
        assert sorted(layers(given)) == sorted(LINEN)


def test_equinox():
    assert layers(Equinox(), (1, 3, 8, 6)) == ("layers.0", "relu", "heads.mask")


def test_haiku():
    def net(x):
        return hk.nets.MLP([4, 2], name="mlp")(hk.Conv2D(3, 3, name="stem")(x))

    found = layers(hk.without_apply_rng(hk.transform(net)))
    assert set(found) == {"stem", "mlp", "mlp/linear_0", "mlp/relu", "mlp/linear_1"}


def test_a_module_that_a_function_names():
    conv = nnx.Conv(3, 3, (3, 3), rngs=nnx.Rngs(0))
    assert layers(lambda x: jnp.tanh(conv(x))) == ("conv", "tanh")
    assert layers(lambda x: shared(x, conv)) == ("first", "first/conv", "conv", "tanh")


def test_a_dictionary_of_arrays():
    weights = {"enc": {"w": jnp.ones((3, 4))}, "dec": jnp.ones((4, 2))}

    def net(x):
        return jnp.tanh(x @ weights["enc"]["w"]) @ weights["dec"]

    assert layers(net) == ("enc", "tanh", "dec")


def test_a_layer_knows_the_line_that_made_it():
    def net(x):
        return jnp.flip(x, 1)

    graph = rfield.load(net, (1, 6, 2))
    line = net.__code__.co_firstlineno + 1
    assert graph.nodes[-1].source == f"test_names.py:{line}"
