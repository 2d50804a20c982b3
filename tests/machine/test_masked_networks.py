"""Whole networks with masks, in four frameworks: what is claimed is what is measured, everywhere.

Autoregressive convolutions and layers, and transformers of two or three blocks whose attention is
causal, banded, chunked, a sliding window, or a shifted window. Each position of the input is
changed in double precision while the framework runs, and every position of the output looked at.
"""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from itertools import product

import numpy as np
import pytest

import rfield

pytestmark = pytest.mark.filterwarnings("ignore")

T, C, H = 8, 4, 5
QUERY, KEY = np.arange(T)[:, None], np.arange(T)[None]
DEGREES = np.arange(1, 7)
HIDDEN = np.arange(10) % 5 + 1
MADE = (DEGREES[:, None] <= HIDDEN, HIDDEN[:, None] < DEGREES)
"""Hidden units see inputs up to their degree; output ``i`` sees inputs before ``i``."""


def before(centre):
    """The taps of a 3 by 3 kernel that come first in reading order."""
    mask = np.zeros((3, 3, 1, 1))
    mask[0], mask[1, 0], mask[1, 1] = 1, 1, centre
    return mask


def pixels(o, x, weights):
    for number, weight in enumerate(weights):
        x = o.conv(o.relu(x) if number else x, weight * o.constant(before(float(number > 0))))
    return x


def autoregressive(o, x, weights):
    first, last = (w * o.constant(m * 1.0) for w, m in zip(weights, MADE, strict=True))
    return o.matmul(o.relu(o.matmul(x, first)), last)


def block(o, x, weights, mask):
    query, key, value, up, down = weights
    y = o.norm(x)
    scores = o.matmul(o.matmul(y, query), o.turn(o.matmul(y, key)))
    scores = o.where(np.broadcast_to(mask, tuple(scores.shape)), scores)
    x = x + o.matmul(o.softmax(scores), o.matmul(y, value))
    return x + o.matmul(o.relu(o.matmul(o.norm(x), up)), down)


def transformer(o, x, weights, mask):
    for number in range(0, len(weights), 5):
        x = block(o, x, weights[number : number + 5], mask)
    return x


CUT = np.ones((1, 2, 4, 4), bool)
CUT[:, 1] = (np.arange(4)[:, None] < 2) == (np.arange(4)[None] < 2)
"""The window that wraps around the end holds two parts that do not see each other."""


def shifted(o, x, weights):
    x = o.reshape(x, (1, 2, 4, C))
    x = o.reshape(block(o, x, weights[:5], np.ones((1, 2, 4, 4), bool)), (1, T, C))
    x = o.reshape(o.roll(x, -2), (1, 2, 4, C))
    return o.roll(o.reshape(block(o, x, weights[5:], CUT), (1, T, C)), 2)


ATTENTION = {
    "causal": (QUERY >= KEY, 2),
    "banded": (abs(QUERY - KEY) <= 1, 2),
    "chunked": (QUERY // 4 == KEY // 4, 2),
    "sliding window": ((QUERY >= KEY) & (QUERY - KEY < 3), 3),
}
NETWORKS = {
    "PixelCNN": (pixels, [(3, 3, 2, 2)] * 4, (1, H, H, 2), (1, 2)),
    "MADE": (autoregressive, [(6, 10), (10, 6)], (1, 6), (1,)),
    "shifted windows": (shifted, [(C, C)] * 10, (1, T, C), (1,)),
    **{
        name: (partial(transformer, mask=mask), [(C, C)] * 5 * count, (1, T, C), (1,))
        for name, (mask, count) in ATTENTION.items()
    },
}


def reach(steps):
    """Who sees whom after these masks, one after the other."""
    seen = np.eye(T, dtype=bool)
    for mask in steps:
        seen = (mask.astype(int) @ seen.astype(int)) > 0
    return seen


PAIRS = QUERY // 4 == KEY // 4
MOVED = (QUERY + 6) % 8 // 4 == (KEY + 6) % 8 // 4
EXPECTED = {
    "MADE": np.tri(6, k=-1, dtype=bool),
    "shifted windows": reach([PAIRS, MOVED & ((QUERY < 2) == (KEY < 2))]),
    **{name: reach([mask] * count) for name, (mask, count) in ATTENTION.items()},
}


class Torch:
    needs = "torch"

    def __init__(self):
        import torch

        self.torch, self.matmul, self.relu = torch, torch.matmul, torch.relu
        self.reshape = torch.reshape

    def constant(self, array):
        return self.torch.tensor(array)

    def softmax(self, x):
        return x.softmax(-1)

    def norm(self, x):
        return self.torch.nn.functional.layer_norm(x, (C,))

    def turn(self, x):
        return x.transpose(-1, -2)

    def where(self, mask, x):
        return x.masked_fill(~self.torch.tensor(mask), -self.torch.inf)

    def roll(self, x, count):
        return self.torch.roll(x, count, 1)

    def conv(self, x, weight):
        made = self.torch.nn.functional.conv2d(
            x.permute(0, 3, 1, 2), weight.permute(3, 2, 0, 1), padding=1
        )
        return made.permute(0, 2, 3, 1)

    def model(self, name, weights):
        network, words, torch = NETWORKS[name][0], self, self.torch

        class Network(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.weights = torch.nn.ParameterList(map(torch.tensor, weights))

            def forward(self, x):
                return network(words, x, list(self.weights))

        return Network()

    def graph(self, name, weights):
        _, _, shape, axes = NETWORKS[name]
        return rfield.load(self.model(name, weights), shape, axes=axes, dtype=self.torch.float64)

    def running(self, name, weights):
        model = self.model(name, weights)
        return lambda x: model(self.torch.tensor(x)).detach().numpy()


class Onnx(Torch):
    """The same, exported; there a mask is folded into its weight, and ``zeros=True`` is the way."""

    needs = "onnxscript"

    def proto(self, name, weights):
        given = self.torch.zeros(NETWORKS[name][2], dtype=self.torch.float64)
        made = self.torch.onnx.export(
            self.model(name, weights), (given,), dynamo=True, verbose=False
        )
        return made.model_proto

    def graph(self, name, weights):
        zeros = name in ("PixelCNN", "MADE")
        return rfield.load(self.proto(name, weights), axes=NETWORKS[name][3], zeros=zeros)

    def running(self, name, weights):
        from onnx.reference import ReferenceEvaluator

        runtime = ReferenceEvaluator(self.proto(name, weights))
        return lambda x: runtime.run(None, {runtime.input_names[0]: x})[0]


class Jax:
    needs = "jax"

    def __init__(self):
        import jax

        self.jax, self.np = jax, jax.numpy
        self.matmul, self.relu, self.softmax = jax.numpy.matmul, jax.nn.relu, jax.nn.softmax
        self.reshape, self.constant = jax.numpy.reshape, jax.numpy.asarray

    def norm(self, x):
        return self.jax.nn.standardize(x, epsilon=1e-5)

    def turn(self, x):
        return self.np.swapaxes(x, -1, -2)

    def where(self, mask, x):
        return self.np.where(mask, x, -self.np.inf)

    def roll(self, x, count):
        return self.np.roll(x, count, 1)

    def conv(self, x, weight):
        return self.jax.lax.conv_general_dilated(
            x, weight, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    def graph(self, name, weights):
        network, _, shape, axes = NETWORKS[name]
        run = lambda weights, x: network(self, x, weights)  # noqa: E731 - as users write it
        return rfield.load(partial(run, list(map(self.np.asarray, weights))), shape, axes=axes)

    def running(self, name, weights):
        def run(x):
            with self.jax.enable_x64(True):
                held = list(map(self.np.asarray, weights))
                return np.asarray(NETWORKS[name][0](self, self.np.asarray(x), held))

        return run


class Keras:
    needs = "keras"

    def __init__(self):
        import keras

        ops = keras.ops
        self.keras, self.matmul, self.relu, self.softmax = keras, ops.matmul, ops.relu, ops.softmax
        self.reshape = ops.reshape

    def constant(self, array):
        return self.keras.ops.convert_to_tensor(np.asarray(array, "float64"))

    def norm(self, x):
        return self.keras.ops.layer_normalization(x, axis=-1)

    def turn(self, x):
        return self.keras.ops.swapaxes(x, -1, -2)

    def where(self, mask, x):
        return self.keras.ops.where(mask, x, self.constant(-np.inf))

    def roll(self, x, count):
        return self.keras.ops.roll(x, count, 1)

    def conv(self, x, weight):
        return self.keras.ops.conv(x, weight, padding="same", data_format="channels_last")

    def model(self, name, weights):
        network, shapes, shape, _ = NETWORKS[name]
        words = self

        class Network(self.keras.layers.Layer):
            def build(self, shape):
                self.held = [self.add_weight(shape=s, dtype="float64") for s in shapes]

            def call(self, x):
                return network(words, x, list(self.held))

        given = self.keras.Input(shape[1:], batch_size=1, dtype="float64")
        layer = Network(dtype="float64")
        model = self.keras.Model(given, layer(given))
        layer.set_weights(weights)
        return model

    def graph(self, name, weights):
        return rfield.load(self.model(name, weights), axes=NETWORKS[name][3])

    def running(self, name, weights):
        model = self.model(name, weights)
        return lambda x: np.asarray(model(x))


FRONTS = {"torch": Torch, "onnx": Onnx, "jax": Jax, "keras": Keras}


def measured(run, shape, axes, draw):
    """Which positions of the output move with each of the input, for three inputs."""
    sizes = [shape[axis] for axis in axes]
    places = list(product(*map(range, sizes)))
    found = np.zeros((len(places), len(places)), bool)
    beside = tuple(axis for axis in range(len(shape)) if axis not in axes)
    for _ in range(3):
        x = draw.normal(size=shape)
        still = run(x)
        for column, place in enumerate(places):
            changed = x.copy()
            index = [slice(None)] * len(shape)
            for axis, k in zip(axes, place, strict=True):
                index[axis] = k
            changed[tuple(index)] += draw.uniform(0.5, 1.5, changed[tuple(index)].shape)
            found[:, column] |= (run(changed) != still).any(beside).reshape(-1)
    return found


def claimed(graph, sizes):
    supports = rfield.support(graph, np.array(list(np.ndindex(*sizes))))
    made = np.zeros((len(supports), *sizes), bool)
    for row, each in enumerate(supports):
        part = tuple(slice(o, o + n) for o, n in zip(each.offset, each.mask.shape, strict=True))
        made[(row, *part)] = each.mask
    return made.reshape(len(supports), -1), {each.fidelity.name for each in supports}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("front", FRONTS)
def test_every_output_reads_what_moves_it(front, name):
    if find_spec(FRONTS[front].needs) is None:
        pytest.skip(f"{FRONTS[front].needs} is not installed")
    framework, draw = FRONTS[front](), np.random.default_rng(0)
    _, shapes, shape, axes = NETWORKS[name]
    weights = [draw.normal(size=each) for each in shapes]
    graph = framework.graph(name, weights)
    made, sure = claimed(graph, [shape[axis] for axis in axes])
    assert sure == {"EXACT"}
    if name in ("causal", "sliding window"):
        assert rfield.stream_plan(graph).causal
    assert (made == measured(framework.running(name, weights), shape, axes, draw)).all()
    if name in EXPECTED:
        assert (made == EXPECTED[name]).all()
    else:  # in reading order: only what comes before
        assert not np.triu(made).any()
        assert made[-1].sum() == 24
