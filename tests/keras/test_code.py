"""Layers and models that are code: any arguments; positions, rotations and masks made in it."""

from __future__ import annotations

import random

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the models are built by Keras")

import rfield  # noqa: E402
from tests.keras.measured import claimed_read, really_read  # noqa: E402

pytestmark = pytest.mark.keras
L = keras.layers
ops = keras.ops


class Shift(L.Layer):
    def call(self, x, shift=1):
        return x + ops.roll(x, shift, 1)


class Several(L.Layer):
    """Several tensors, nested, and numbers beside them."""

    def call(self, x, others, *, scale, by=(1,)):
        return x * scale + ops.roll(others["late"], by[0], 1) + others["more"][0][:, ::-1]


class Positions(L.Layer):
    """A table of positions, of which only the shape of the operand takes a part."""

    def build(self, shape):
        self.table = self.add_weight(shape=(64, shape[-1]), name="table")

    def call(self, x):
        shape = ops.shape(x)
        table = ops.slice(ops.convert_to_tensor(self.table), (0, 0), (shape[1], shape[2]))
        return ops.broadcast_to(table, shape)


class Rotary(L.Layer):
    """Halves of the features turned by an angle that depends on the position (RoPE)."""

    def call(self, x):
        steps, width = x.shape[1], x.shape[-1]
        rates = 10 ** ops.arange(width // 2, dtype="float32")
        angles = ops.arange(steps, dtype="float32")[:, None] / rates
        angles = ops.reshape(angles, (1, steps, *[1] * (len(x.shape) - 3), width // 2))
        one, other = ops.split(x, 2, axis=-1)
        cos, sin = ops.cos(angles), ops.sin(angles)
        return ops.concatenate([one * cos - other * sin, other * cos + one * sin], axis=-1)


class GPT(L.Layer):
    """A block as of GPT-2: causal attention written out, with a mask made in the code."""

    def __init__(self, heads=2, window=None, **kwargs):
        super().__init__(**kwargs)
        self.heads, self.window = heads, window

    def build(self, shape):
        self.width = shape[-1]
        self.norms = [L.LayerNormalization(name=f"norm{k}") for k in (1, 2)]
        self.all = L.Dense(3 * self.width, name="qkv")
        self.out = L.Dense(self.width, name="out")
        self.wide = L.Dense(2 * self.width, activation="gelu", name="wide")
        self.narrow = L.Dense(self.width, name="narrow")
        self.soft = L.Softmax(name="soft")
        for layer, width in ((self.norms[0], self.width), (self.norms[1], self.width),
                             (self.all, self.width), (self.out, self.width),
                             (self.wide, self.width), (self.narrow, 2 * self.width)):  # fmt: skip
            layer.build((*shape[:-1], width))

    def call(self, x):
        steps = ops.shape(x)[1]
        each = self.width // self.heads
        parts = ops.split(self.all(self.norms[0](x)), 3, axis=-1)
        q, k, v = (ops.reshape(part, (-1, steps, self.heads, each)) for part in parts)
        scores = ops.einsum("bqhd,bkhd->bhqk", q, k) / each**0.5
        row, column = ops.arange(steps)[:, None], ops.arange(steps)[None]
        mask = row >= column
        if self.window:
            mask = ops.logical_and(mask, row - column < self.window)
        weights = self.soft(scores, mask=mask[None, None])
        mixed = ops.reshape(ops.einsum("bhqk,bkhd->bqhd", weights, v), (-1, steps, self.width))
        x = x + self.out(mixed)
        return x + self.narrow(self.wide(self.norms[1](x)))


class Llama(L.Layer):
    """Rotated queries and keys, shared key heads, RMS norm, a gate; attention as one op."""

    def build(self, shape):
        self.norm = L.RMSNormalization(name="norm")
        self.q, self.k, self.v = (
            L.EinsumDense("abc,cde->abde", (None, heads, 4), name=name)
            for name, heads in (("q", 4), ("k", 2), ("v", 2))
        )
        self.rotary = Rotary(name="rotary")
        self.out = L.EinsumDense("abde,dec->abc", (None, shape[-1]), name="out")
        self.gate = L.Dense(shape[-1], activation="silu", name="gate")
        self.up = L.Dense(shape[-1], name="up")
        for layer in (self.norm, self.q, self.k, self.v, self.gate, self.up):
            layer.build(shape)
        self.out.build((*shape[:-1], 4, 4))
        self.rotary.build(shape)

    def call(self, x):
        y = self.norm(x)
        q, k, v = self.rotary(self.q(y)), self.rotary(self.k(y)), self.v(y)
        k, v = (ops.repeat(part, 2, axis=2) for part in (k, v))
        x = x + self.out(ops.dot_product_attention(q, k, v, is_causal=True))
        return x + self.gate(x) * self.up(x)


def sequence(*layers, steps=8, width=6):
    x = keras.Input((steps, width), name="x")
    y = x
    for layer in layers:
        y = layer(y)
    return keras.Model(x, y)


def tokens(*layers, steps=8):
    x = keras.Input((steps,), dtype="int32", name="tokens")
    y = L.Embedding(16, 8, name="embed")(x)
    for layer in layers:
        y = y + layer(y) if isinstance(layer, Positions) else layer(y)
    return keras.Model(x, y)


def bert():
    """Token, segment-free position table, norm, and blocks that see everything."""
    x = keras.Input((8,), dtype="int32", name="tokens")
    y = L.Embedding(16, 8, name="embed")(x)
    y = L.LayerNormalization(name="norm")(y + Positions(name="positions")(y))
    seen = L.MultiHeadAttention(2, 4, name="attention")(y, y)
    return keras.Model(x, L.LayerNormalization(name="after")(y + seen))


def whisper():
    """Two convolutions over sound, a fixed table of positions, attention."""
    x = keras.Input((16, 4), name="sound")
    y = L.Conv1D(8, 3, padding="same", activation="gelu", name="one")(x)
    y = L.Conv1D(8, 3, strides=2, padding="same", activation="gelu", name="two")(y)
    table = np.sin(np.arange(8)[:, None] * np.arange(8)[None]).astype("float32")
    return keras.Model(x, L.MultiHeadAttention(2, 4, name="attention")(y + table, y + table))


MODELS = {
    "gpt": (lambda: tokens(Positions(), GPT(), GPT()), (1, 8), (1,)),
    "gpt with a window": (lambda: sequence(GPT(window=3), GPT(window=2)), (1, 8, 6), (1,)),
    "llama": (lambda: tokens(Llama(), Llama()), (1, 8), (1,)),
    "bert": (bert, (1, 8), (1,)),
    "whisper": (whisper, (1, 16, 4), (1,)),
    "rotary": (lambda: sequence(Rotary()), (1, 8, 6), (1,)),
}


@pytest.mark.parametrize("name", MODELS)
def test_language_models_read_what_they_do(name):
    if name == "llama" and not hasattr(L, "RMSNormalization"):
        pytest.skip("this Keras has no RMSNormalization yet")
    make, shape, axes = MODELS[name]
    model = make()
    graph = rfield.load(model, shape)
    last = model.output.shape[1]
    for at in ((0,), (last // 2,), (last - 1,)):
        assert claimed_read(graph, at) == really_read(model, shape, axes, at)


def test_what_a_causal_model_reads_in_numbers():
    graph = rfield.load(tokens(Positions(), GPT(), GPT()), (1, 8))
    assert [claimed_read(graph, (k,)) for k in (0, 3)] == [{(0,)}, {(0,), (1,), (2,), (3,)}]
    banded = rfield.load(sequence(GPT(window=3), GPT(window=2)), (1, 8, 6))
    assert claimed_read(banded, (5,)) == {(2,), (3,), (4,), (5,)}


def test_arguments_beside_the_tensor():
    x = keras.Input((32, 1))
    graph = rfield.load(keras.Model(x, Shift()(x, shift=15)))
    assert claimed_read(graph, (20,)) == {(5,), (20,)}
    assert claimed_read(rfield.load(keras.Model(x, Shift()(x))), (20,)) == {(19,), (20,)}


def test_several_tensors_and_numbers():
    x = keras.Input((16, 1))
    y = Several()(x, {"late": x, "more": [x]}, scale=2.0, by=(3,))
    assert claimed_read(rfield.load(keras.Model(x, y)), (5,)) == {(2,), (5,), (10,)}


def test_a_layer_that_reads_a_shape_only():
    x = keras.Input((16, 4), name="x")
    assert rfield.receptive_field(keras.Model(x, x + Positions()(x))).size == (1,)
    with pytest.raises(rfield.RFieldError, match="no output depends on an input"):
        rfield.load(keras.Model(x, Positions()(x)))


def test_names_of_layers_inside():
    graph = rfield.load(sequence(GPT(name="block"), Rotary(name="turn")), (1, 8, 6))
    assert [name for name in graph.layers if name.partition("/")[0] == "block"] == [
        "block/norm1", "block/qkv", "block/split", "block/reshape", "block/reshape_1",
        "block/einsum", "block/true_divide", "block/soft", "block/reshape_2", "block/einsum_1",
        "block/reshape_3", "block/out", "block/add", "block/norm2", "block/wide", "block/narrow",
        "block/add_1", "block",
    ]  # fmt: skip
    turn = Rotary(name="turn")
    names = rfield.load(sequence(turn, turn), (1, 8, 6)).layers
    assert {"turn", "turn#2", "turn/split", "turn/split#2"} <= set(names)
    assert graph.index("block") == graph.index("block/add_1")


def test_time_distributed_models():
    inner = keras.Sequential(
        [keras.Input((16, 16, 3)), L.Conv2D(4, 3, name="a"), L.MaxPooling2D(2, name="b")], name="in"
    )
    x = keras.Input((4, 16, 16, 3))
    graph = rfield.load(keras.Model(x, L.TimeDistributed(inner, name="each")(x)))
    assert graph.layers == ("each/in/a", "each/in/b", "each")
    assert rfield.receptive_field(graph).size == (1, 4, 4)


class Mixed(keras.Model):
    """A model that is code, with a frozen part and a list of layers."""

    def __init__(self):
        super().__init__(name="mixed")
        self.parts = [L.Conv1D(4, 3, padding="causal", name=f"part{k}") for k in range(2)]
        self.norm = L.BatchNormalization(name="norm")

    def call(self, x, training=False):
        for part in self.parts:
            x = part(x)
        return self.norm(x, training=False)


def test_a_model_that_is_code():
    model = Mixed()
    model(np.zeros((1, 12, 2), "float32"))
    graph = rfield.load(model, (1, 12, 2), training=True)
    assert graph.layers == ("part0", "part1", "norm")
    assert claimed_read(graph, (6,)) == {(2,), (3,), (4,), (5,), (6,)}


def test_nothing_is_left_behind():
    """Calls that Keras notes, names that it has given, random numbers, weights."""
    block = GPT(name="block")
    model = sequence(block, L.Dropout(0.5, seed=3))
    before = list(model._flatten_layers())
    noted = [(len(each._inbound_nodes), len(each._outbound_nodes)) for each in before]
    weights = [w.copy() for w in model.get_weights()]
    numbers, drawn = random.getstate(), np.random.get_state()[1].tolist()
    one = int(L.Identity().name.rpartition("_")[2].replace("identity", "0"))
    rfield.load(model, (1, 8, 6))
    assert L.Identity().name == f"identity_{one + 1}"
    assert (random.getstate(), np.random.get_state()[1].tolist()) == (numbers, drawn)
    assert [(len(each._inbound_nodes), len(each._outbound_nodes)) for each in before] == noted
    assert all((a == b).all() for a, b in zip(weights, model.get_weights(), strict=True))


def test_code_of_a_sequence_of_any_length():
    x = keras.Input((None, 6), name="x")
    model = keras.Model(x, GPT(window=3, name="block")(x))
    graph = rfield.load(model, (1, 9, 6))
    assert claimed_read(graph, (5,)) == {(3,), (4,), (5,)}
    assert rfield.load(model).shape(rfield.load(model).index("block")) == (None, None, 6)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="code of TensorFlow")
def test_a_kernel_with_zeros_inside_the_code_is_tiled():
    """What a kernel of Sobel reads is the same whatever the data, in a lambda as well."""
    edges = pytest.importorskip("tensorflow").image.sobel_edges
    inputs = keras.Input((None, None, 2))
    model = keras.Model(inputs, L.Lambda(edges)(L.Conv2D(2, 3, padding="same")(inputs)))
    plan = rfield.tile_plan(model, (60, 70), tile=32, input_shape=(1, 48, 48, 2))
    assert (plan.exact, plan.halo) == (True, ((2, 2), (2, 2)))
    x = np.random.default_rng(0).random((1, 60, 70, 2)).astype("float32")
    tiled = rfield.run_tiled(lambda part: np.asarray(model(part)), x, plan)
    assert np.array_equal(tiled, np.asarray(model(x)))
