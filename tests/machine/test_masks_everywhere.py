"""The same masks in every front end: what a row reads is what its row of the mask leaves.

The mask itself tells what is right: row ``i`` of an attention reads its own query, and the keys and
values that the mask leaves it; a masked matrix reads what is left of its row. For one mask of each
way the same is measured, by perturbation in double precision, in the framework itself.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

import rfield

pytestmark = pytest.mark.filterwarnings("ignore")

N, C = 8, 3
QUERY, KEY = np.arange(N)[:, None], np.arange(N)[None]
MASKS = {
    "causal": QUERY >= KEY,
    "band": abs(QUERY - KEY) <= 1,
    "window": (QUERY >= KEY) & (QUERY - KEY < 3),
    "chunks": QUERY // 4 == KEY // 4,
    "dilated": (abs(QUERY - KEY) <= 4) & ((QUERY - KEY) % 2 == 0),
    "prefix": (QUERY >= KEY) | (KEY < 3),
    "global token": (KEY == 0) | (QUERY == 0) | (abs(QUERY - KEY) <= 1),
    "padding": np.broadcast_to(KEY < 6, (N, N)),
}
WEIGHT = np.random.default_rng(0).uniform(0.5, 1.5, (N, N))
WAYS = (
    "added",
    "guarded",
    "lowest",
    "chosen",
    "chosen lowest",
    "scores",
    "decay",
    "weight",
    "weight chosen",
)


def expected(way: str, mask: np.ndarray) -> np.ndarray:
    """Who reads whom."""
    return mask if way.startswith("weight") else mask | np.eye(N, dtype=bool)


class Np:
    """The model with NumPy's names; each front end has them in its own words."""

    def model(self, way, mask, x, weight):
        lowest = float(np.finfo(np.float32).min)
        if way == "weight":
            return self.matmul(weight * self.constant(mask * 1.0), x)
        if way == "weight chosen":
            return self.matmul(self.where(mask, weight, self.constant(np.zeros((N, N)))), x)
        scores = self.matmul(x, self.transpose(x))
        if way == "scores":
            return self.matmul(scores * self.constant(mask * 1.0), x)
        if way == "decay":
            return self.matmul(scores * self.constant(mask * 0.9 ** abs(QUERY - KEY)), x)
        low = lowest if way.endswith("lowest") else -np.inf
        if way in ("added", "guarded", "lowest"):
            scores = scores + self.constant(np.where(mask, 0.0, low))
        else:
            scores = self.where(mask, scores, self.constant(np.full((N, N), low)))
        shares = self.softmax(scores)
        if way == "guarded":  # rows of nothing else would be no numbers
            shares = self.where(self.isnan(shares), self.constant(np.zeros(())), shares)
        return self.matmul(shares, x)


class Jax(Np):
    needs = "jax"

    def __init__(self):
        import jax

        self.jax = jax
        self.matmul, self.where, self.softmax = jax.numpy.matmul, jax.numpy.where, jax.nn.softmax
        self.constant, self.isnan = jax.numpy.asarray, jax.numpy.isnan

    def transpose(self, x):
        return self.jax.numpy.swapaxes(x, 1, 2)

    def graph(self, way, mask):
        weight = self.constant(WEIGHT.astype(np.float32))
        run = lambda weight, x: self.model(way, mask, x, weight)  # noqa: E731 - as users write it
        from functools import partial

        return rfield.load(partial(run, weight), (1, N, C), axes=(1,))

    def run(self, way, mask, x):
        with self.jax.enable_x64(True):
            return np.asarray(self.model(way, mask, self.constant(x), self.constant(WEIGHT)))


class TensorFlow(Np):
    needs = "tensorflow"

    def __init__(self):
        import tensorflow as tf

        self.tf, self.kind = tf, tf.float32
        self.matmul, self.softmax, self.isnan = tf.matmul, tf.nn.softmax, tf.math.is_nan

    def where(self, mask, one, other):
        plain = isinstance(mask, np.ndarray) and len(one.shape) > 2
        return self.tf.where(mask[None] if plain else mask, one, other)

    def constant(self, array):
        return self.tf.constant(array, self.kind)

    def transpose(self, x):
        return self.tf.transpose(x, (0, 2, 1))

    def function(self, way, mask):
        weight = self.tf.Variable(WEIGHT, dtype=self.kind)
        return self.tf.function(
            lambda x: self.model(way, mask, x, weight), autograph=False,
            input_signature=[self.tf.TensorSpec((1, N, C), self.kind)],
        ).get_concrete_function()  # fmt: skip

    def graph(self, way, mask):
        self.kind = self.tf.float32
        return rfield.load(self.function(way, mask), axes=(1,))

    def run(self, way, mask, x):
        self.kind = self.tf.float64
        return self.model(way, mask, self.tf.constant(x), self.tf.constant(WEIGHT)).numpy()


class Keras(Np):
    needs = "keras"

    def __init__(self):
        import keras

        self.keras, self.kind = keras, "float32"
        self.matmul, self.where, self.softmax = (
            keras.ops.matmul, keras.ops.where, keras.ops.softmax,
        )  # fmt: skip
        self.isnan = keras.ops.isnan

    def constant(self, array):
        return self.keras.ops.convert_to_tensor(array.astype(self.kind))

    def transpose(self, x):
        return self.keras.ops.transpose(x, (0, 2, 1))

    def network(self, way, mask, kind):
        self.kind, outer = kind, self

        class Layer(self.keras.layers.Layer):
            def build(self, shape):
                self.weight = self.add_weight(shape=(N, N), initializer="ones", dtype=kind)

            def call(self, x):
                return outer.model(way, mask, x, self.weight)

        given = self.keras.Input((N, C), batch_size=1, dtype=kind)
        return self.keras.Model(given, Layer(dtype=kind)(given))

    def graph(self, way, mask):
        return rfield.load(self.network(way, mask, "float32"), axes=(1,))

    def run(self, way, mask, x):
        return np.asarray(self.network(way, mask, "float64")(x))


class Onnx:
    needs = "onnx"

    def graph(self, way, mask):
        return rfield.load(self.proto(way, mask, np.float32), axes=(1,))

    def run(self, way, mask, x):
        runtime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
        session = runtime.InferenceSession(
            self.proto(way, mask, np.float64).SerializeToString(),
            providers=["CPUExecutionProvider"],
        )
        return session.run(None, {"x": x})[0]

    def proto(self, way, mask, kind):
        from onnx import helper, numpy_helper

        node, low = helper.make_node, np.finfo(np.float32).min
        held = {"weight": WEIGHT, "mask": mask, "ones": mask * 1.0, "zero": np.zeros(())}
        held["low"] = np.full((), low if way.endswith("lowest") else -np.inf)
        held["added"] = np.where(mask, 0.0, held["low"])
        held["decay"] = mask * 0.9 ** abs(QUERY - KEY)
        nodes = {
            "weight": [node("Mul", ["weight", "ones"], ["m"]), node("MatMul", ["m", "x"], ["y"])],
            "weight chosen": [
                node("Where", ["mask", "weight", "zero"], ["m"]), node("MatMul", ["m", "x"], ["y"]),
            ],
        }.get(way)  # fmt: skip
        if nodes is None:
            change = {
                **dict.fromkeys(("added", "guarded", "lowest"), ("Add", ["s", "added"])),
                "scores": ("Mul", ["s", "ones"]), "decay": ("Mul", ["s", "decay"]),
            }.get(way, ("Where", ["mask", "s", "low"]))  # fmt: skip
            nodes = [
                node("Transpose", ["x"], ["t"], perm=[0, 2, 1]), node("MatMul", ["x", "t"], ["s"]),
                node(change[0], change[1], ["a"]),
            ]  # fmt: skip
            plain = way in ("scores", "decay")
            nodes += [] if plain else [node("Softmax", ["a"], ["p"], axis=-1)]
            if way == "guarded":
                nodes += [node("IsNaN", ["p"], ["n"]), node("Where", ["n", "zero", "p"], ["g"])]
            last = "a" if plain else "g" if way == "guarded" else "p"
            nodes.append(node("MatMul", [last, "x"], ["y"]))
        used = {name for each in nodes for name in each.input}
        tensors = [
            numpy_helper.from_array(a if a.dtype == bool else a.astype(kind), name)
            for name, a in held.items() if name in used
        ]  # fmt: skip
        real = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
        ends = [helper.make_tensor_value_info(name, real, (1, N, C)) for name in "xy"]
        graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], tensors)
        opset = [helper.make_opsetid("", 18)]
        return helper.make_model(graph, opset_imports=opset, ir_version=9)


FRONTS = {"jax": Jax, "tensorflow": TensorFlow, "keras": Keras, "onnx": Onnx}
UNTOLD = {("onnx", "decay"), ("tensorflow", "weight chosen")}
"""Zeros among numbers, or tensors of zeros, that nobody can tell from parameters in a graph."""


def front(name):
    if find_spec(FRONTS[name].needs) is None:
        pytest.skip(f"{FRONTS[name].needs} is not installed")
    return FRONTS[name]()


def rows(graph):
    found = [rfield.support(graph, (row,)) for row in range(N)]
    made = np.zeros((N, N), bool)
    for row, each in enumerate(found):
        made[row, each.offset[0] : each.offset[0] + each.mask.size] = each.mask
    return made, {each.fidelity.name for each in found}


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FRONTS)
def test_a_row_reads_what_its_mask_leaves(name, way, mask):
    made, sure = rows(front(name).graph(way, MASKS[mask]))
    right = expected(way, MASKS[mask])
    if (name, way) in UNTOLD:
        assert (made >= right).all()
        assert sure == {"UPPER_BOUND"}
        return
    assert (made == right).all()
    assert sure == {"EXACT"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FRONTS)
def test_what_is_expected_is_what_is_measured(name, way):
    mask, draw = MASKS["dilated"], np.random.default_rng(1)
    framework, x = front(name), draw.uniform(0.1, 1, (1, N, C))
    before = framework.run(way, mask, x)
    moves = np.zeros((N, N), bool)
    for key in range(N):
        changed = x.copy()
        changed[0, key] *= draw.uniform(1.1, 1.9, C)
        moves[:, key] = (abs(framework.run(way, mask, changed) - before) > 1e-12)[0].any(1)
    assert (moves == expected(way, mask)).all()
