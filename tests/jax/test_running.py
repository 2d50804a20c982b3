"""The questions that run a JAX model: what holds, what a wrong claim is caught by, and pieces."""

from __future__ import annotations

import os
import subprocess
import sys
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
import numpy as np
from flax import linen as nn
from flax import nnx
from jax import lax

import rfield
from rfield.core.indices import IndexSet
from rfield.core.relation import Sliding
from rfield.errors import NotANumberError
from rfield.frontends.jax import RULES
from tests.analysis.relinked import with_link

pytestmark = pytest.mark.jax
SHAPE = (1, 21, 18, 3)


class Net(nnx.Module):
    """Strides, dilation, a residual join and up-sampling."""

    def __init__(self) -> None:
        rngs = nnx.Rngs(0)
        self.stem = nnx.Conv(3, 8, (3, 3), strides=2, padding=1, rngs=rngs)
        self.wide = nnx.Conv(8, 8, (3, 3), padding=2, kernel_dilation=2, rngs=rngs)
        self.up = nnx.ConvTranspose(8, 4, (3, 3), strides=(2, 2), padding="VALID", rngs=rngs)
        self.wide.kernel[...] = jnp.zeros_like(self.wide.kernel[...])

    def __call__(self, x):
        x = self.stem(x)
        return self.up(nnx.relu(x + self.wide(x)))


class Linen(nn.Module):
    @nn.compact
    def __call__(self, x, train=True):
        x = nn.BatchNorm(use_running_average=not train)(nn.Conv(4, (3, 3), name="first")(x))
        return nn.Dropout(0.5, deterministic=not train)(nn.Conv(2, (2, 2), 2, name="second")(x))


def transformed(x):
    return hk.Conv2D(2, 3, stride=2, name="body")(jax.nn.silu(x))


def closure():
    layer = eqx.nn.Conv1d(2, 3, 5, key=jax.random.key(0))
    return lambda x: jnp.roll(jax.vmap(layer)(x), 1, -1)


def models():
    image = jnp.zeros((1, 12, 9, 3))
    variables = Linen().init(jax.random.key(1), image, train=False)
    made = hk.without_apply_rng(hk.transform(transformed))
    weights = made.init(jax.random.key(1), image)
    wide = eqx.nn.Conv2d(3, 2, 3, padding=1, key=jax.random.key(2))
    return {
        "nnx": (Net(), (1, 12, 9, 3), ("stem", "wide", "up")),
        "linen": (Linen(), image.shape, ("first", "second")),
        "linen bound": (Linen().bind(variables), image.shape, ("first", "second")),
        "linen applied": (
            partial(Linen().apply, variables, train=False), image.shape, ("first", "second"),
        ),
        "equinox": (wide, (1, 3, 12, 9), ("conv_general_dilated",)),
        "haiku": (made, image.shape, ("body",)),
        "haiku applied": (partial(made.apply, weights), image.shape, ("body",)),
        "function": (closure(), (1, 2, 15), ("layer", "roll_static")),
        "compiled function": (jax.jit(closure()), (1, 2, 15), ("layer", "roll_static")),
    }  # fmt: skip


MODELS = models()


@pytest.mark.parametrize("name", MODELS)
def test_a_right_claim_holds(name):
    model, shape, layers = MODELS[name]
    found = rfield.verify(model, shape, positions=5, samples=1)
    assert found, str(found)
    assert set(layers) <= set(found.layers) | set(found.skipped)
    assert (found.skipped, found.precision) == ((), "float64")
    assert found.sound == found.positions
    assert found.faces > found.positions


def test_every_position_of_every_layer():
    found = rfield.verify(Net(), SHAPE, output=["stem", "wide", "add", "up"])
    assert found, str(found)
    assert found.layers == ("stem", "wide", "add", "up")
    assert (found.positions, found.sound, found.faces) == (48, 48, 4 * 48)


@pytest.mark.parametrize(
    ("layer", "taps", "problem"),
    [
        ("stem", (-1, 0), "it reads more than claimed"),
        ("stem", (-2, -1, 0, 1), "claimed, but not read"),
        ("wide", (-2, 2), "it reads more than claimed"),
        ("wide", (-2, -1, 0, 2), "claimed, but not read"),
    ],
)
def test_a_wrong_claim_is_caught(layer, taps, problem):
    model = Net()
    advance = 2 if layer == "stem" else 1
    wrong = with_link(
        rfield.load(model, SHAPE), f"{layer}/conv_general_dilated", 2,
        Sliding(1, advance, (IndexSet.of(taps),)),
    )  # fmt: skip
    found = rfield.verify(model, SHAPE, graph=wrong, output=layer)
    assert not found
    assert problem in {example.problem for example in found.counterexamples}


def test_a_wrong_rule_is_caught(monkeypatch):
    """Reversed, and read as if it were not."""

    def rev(x):
        return jnp.flip(x, 1) * 2

    assert rfield.verify(rev, (1, 8, 2))
    right = RULES.get("rev")
    monkeypatch.setitem(RULES._rules, "rev", RULES.get("copy"))
    found = rfield.verify(rev, (1, 8, 2))
    assert right is not RULES.get("rev")
    assert {example.problem for example in found.counterexamples} >= {
        "it reads more than claimed", "claimed, but not read"
    }  # fmt: skip


def test_numbers_and_modes_of_a_model_stay():
    model = Net()
    before = [np.asarray(leaf) for leaf in jax.tree_util.tree_leaves(nnx.state(model))]
    rfield.verify(model, SHAPE, output="wide", positions=2)
    after = [np.asarray(leaf) for leaf in jax.tree_util.tree_leaves(nnx.state(model))]
    assert all(map(np.array_equal, before, after))
    assert jnp.ones(1).dtype == np.float32


def test_a_loop_is_computed_and_layers_inside_are_left_out():
    def scanned(x):
        def turn(state, row):
            with jax.named_scope("cell"):
                state = jnp.tanh(state + row)
            return state, lax.cond(row.sum() > 0, lambda y: y * 2, lambda y: y, state)

        state, rows = lax.scan(turn, jnp.zeros(2), x[0])
        return lax.while_loop(lambda y: y.sum() < 100, lambda y: y + 1, rows + state)

    found = rfield.verify(scanned, (1, 6, 2))
    assert found, str(found)
    assert found.precision == "float64"


def test_a_random_model_is_not_deterministic_in_its_key_only():
    """The key is part of the model, so noise is the same each time; only its input moves it."""

    def noisy(x):
        return x + jax.random.normal(jax.random.key(0), x.shape)

    assert rfield.verify(noisy, (1, 6, 2))


def test_tokens_are_other_tokens_where_others_would_be_nan():
    def embedded(tokens):
        table = jnp.asarray(np.random.default_rng(0).standard_normal((9, 4)), "float32")
        return jnp.cumsum(table[tokens], 1)

    found = rfield.verify(embedded, (1, 8), dtype="int32")
    assert found, str(found)
    assert found.read > 20


def whole_numbers(model):
    """Weights that are small whole numbers, so that sums are exact in any order."""
    definition, state = nnx.split(model)
    draw = np.random.default_rng(3)
    with jax.enable_x64(True):
        state = jax.tree_util.tree_map(
            lambda leaf: jnp.asarray(draw.integers(-3, 4, leaf.shape), "float64"), state
        )
        return nnx.merge(definition, state)


@pytest.mark.filterwarnings("ignore:.*dtype")
def test_tiles_equal_the_whole_bit_for_bit():
    model = Net()
    plan = rfield.tile_plan(model, (96, 70), tile=40, input_shape=SHAPE)
    assert len(plan) > 4
    exact = whole_numbers(model)
    image = np.random.default_rng(0).integers(-5, 6, (1, 96, 70, 3)).astype("float64")
    with jax.enable_x64(True):
        tiled = rfield.run_tiled(exact, image, plan)
        whole = np.asarray(exact(jnp.asarray(image)))
    assert tiled.dtype == np.float64
    assert np.array_equal(tiled, whole)
    check = rfield.verify_tiling(model, plan)
    assert check, str(check)


class Wave(eqx.Module):
    """Causal, dilated, and one strided layer."""

    layers: list
    last: eqx.nn.Conv1d

    def __init__(self):
        keys = jax.random.split(jax.random.key(0), 4)
        self.layers = [eqx.nn.Conv1d(2, 2, 2, dilation=2**k, key=keys[k]) for k in range(3)]
        self.last = eqx.nn.Conv1d(2, 1, 4, stride=2, key=keys[3])

    def __call__(self, x):
        for k, layer in enumerate(self.layers):
            x = x + jnp.tanh(layer(jnp.pad(x, ((0, 0), (2**k, 0)))))
        return self.last(jnp.pad(x, ((0, 0), (2, 0))))


def test_a_causal_stream():
    model = Wave()
    plan = rfield.stream_plan(model, input_shape=(1, 2, 64))
    assert (plan.size, plan.past, plan.look_ahead, plan.hop) == (11, 9, 0, 2)
    stream = np.random.default_rng(0).standard_normal((1, 2, 50)).astype("float32")
    chunks = np.split(stream, [1, 2, 11, 30], axis=2)
    parts = list(rfield.run_streaming(jax.vmap(model), chunks, plan))
    assert len(parts) > 2
    whole = jax.vmap(model)(stream)
    found = np.concatenate([np.asarray(part) for part in parts], 2)
    assert found.shape == whole.shape
    assert np.allclose(found, whole, atol=1e-6)


def test_measured_influence_is_the_gradient():
    kernel = np.array([1.0, -2.0, 0.0, 5.0], "float32")[:, None, None]

    def weighted(x):
        return lax.conv_general_dilated(
            x, kernel, (1,), "VALID", dimension_numbers=("NWC", "WIO", "NWC")
        )

    found = rfield.measured_influence(weighted, input_shape=(1, 12, 1), index=(3,), count=2)
    assert found.offset == (3,)
    assert np.allclose(found.weight, [1 / 8, 2 / 8, 0, 5 / 8])
    assert found.note == (
        "measured: |gradient|, summed over channels, mean of 2 images of noise (seed 0)"
    )


def test_measured_influence_of_a_layer_inside_on_given_images():
    images = np.random.default_rng(1).standard_normal((3, *SHAPE[1:])).astype("float32")
    found = rfield.measured_influence(Net(), images, "stem", index=(2, 2), reduce="square")
    assert found.weight.shape == (3, 3)
    assert found.images == 3
    model = Net()
    gradient = jax.grad(lambda x: model.stem(x)[0, 2, 2].sum())(jnp.asarray(images[:1]))
    expected = np.square(np.asarray(gradient, np.float64)[0, 3:6, 3:6]).sum(-1)
    assert np.allclose(found.weight, expected / expected.sum())


def test_a_gradient_that_is_not_a_number():
    def rooted(x):
        with jax.named_scope("root"):
            x = jnp.sqrt(x - 100)
        return x[:, 1:] + x[:, :-1]

    with pytest.raises(NotANumberError) as error:
        rfield.measured_influence(rooted, input_shape=(1, 6, 1))
    assert str(error.value) == (
        "the gradient of add in x is not finite; first, the values at the output of layer 'root'.\n"
        "  Check its weights, or measure on other images."
    )


KERAS = """
import keras, numpy, rfield
L = keras.layers
x = keras.Input((13, 12, 3))
y = L.Conv2D(4, 3, strides=2, padding="same", name="stem")(x)
y = L.BatchNormalization(name="norm")(y)
y = L.DepthwiseConv2D(3, padding="same", name="wide")(L.ReLU(name="act")(y))
model = keras.Model(x, L.UpSampling2D(2, interpolation="bilinear", name="up")(y))
found = rfield.verify(model, output=["stem", "norm", "wide", "up"], input_shape=(1, 13, 12, 3))
print(found, found.skipped)
print(rfield.receptive_field(model, "wide").size)
print(rfield.measured_influence(model, output="wide", input_shape=(1, 13, 12, 3)).weight.shape)
class Code(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = L.Conv2D(4, (3, 5))
    def call(self, x):
        import jax.numpy as jnp
        return jnp.roll(self.conv(x), 1, 1) + 1
model = Code()
model(numpy.zeros((1, 12, 16, 3), "float32"))
print(rfield.verify(model, (1, 12, 16, 3)))
"""


def test_keras_on_the_jax_backend():
    pytest.importorskip("keras", reason="the model is built by Keras")
    made = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KERAS], capture_output=True, text=True, check=False,
        env={**os.environ, "KERAS_BACKEND": "jax"},
    )  # fmt: skip
    lines = made.stdout.splitlines()
    assert len(lines) == 4, made.stderr
    assert lines[0].startswith("verified: 4 layers at 48 positions")
    assert lines[0].endswith(" ()")
    assert lines[1:3] == ["(7, 7)", "(7, 7)"]
    assert lines[3].startswith("verified: ")
