"""Masks of finite numbers in every front end: a bound by default, cut where that is asked for."""

from __future__ import annotations

import numpy as np
import pytest

import rfield

pytestmark = [pytest.mark.filterwarnings("ignore")]

T = 8
CAUSAL = np.tri(T, dtype=bool)
NUMBERS = [-100.0, -1e9]


def check(model, **options):
    """Query 1 sees keys 0 and 1, or all of them as a bound."""
    answers = {}
    for choice in ("keep", "cut"):
        graph = rfield.load(model, soft_masks=choice, **options)
        found = rfield.support(graph, (1,))
        answers[choice] = str(found.box), found.fidelity.value, len(rfield.summary(graph).premises)
    assert answers == {"keep": ("t: 0..7", "upper bound", 1), "cut": ("t: 0..1", "exact", 1)}


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("op", ["Add", "Where"])
def test_onnx(op, number):
    onnx = pytest.importorskip("onnx", reason="ONNX is not installed")
    from onnx import TensorProto, helper, numpy_helper

    mask = np.where(CAUSAL, 0, number).astype(np.float32)
    given = {
        "Add": [("Add", ["s", "mask"], [("mask", mask)])],
        "Where": [("Where", ["kept", "s", "low"],
                   [("kept", CAUSAL), ("low", np.array(number, np.float32))])],
    }[op][0]  # fmt: skip
    nodes = [
        helper.make_node("Transpose", ["x"], ["xt"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["x", "xt"], ["s"]),
        helper.make_node(given[0], given[1], ["m"]),
        helper.make_node("Softmax", ["m"], ["p"], axis=-1),
        helper.make_node("MatMul", ["p", "x"], ["y"]),
    ]
    shape = [1, T, 4]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(array, name) for name, array in given[2]],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    onnx.checker.check_model(model)
    check(model, axes=(1,))


@pytest.mark.parametrize("number", NUMBERS)
def test_jax(number):
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    jnp = jax.numpy

    def added(x):
        scores = jnp.einsum("bqc,bkc->bqk", x, x)
        return jax.nn.softmax(scores + jnp.where(jnp.tri(T, dtype=bool), 0.0, number)) @ x

    def chosen(x):
        scores = jnp.einsum("bqc,bkc->bqk", x, x)
        return jax.nn.softmax(jnp.where(jnp.tri(T, dtype=bool), scores, number)) @ x

    for function in (added, chosen):
        check(function, input_shape=(1, T, 4), axes=(1,))


@pytest.mark.parametrize("number", NUMBERS)
def test_tensorflow(number):
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

    def added(x):
        mask = (1.0 - tf.linalg.band_part(tf.ones((T, T)), -1, 0)) * number
        return tf.nn.softmax(tf.matmul(x, x, transpose_b=True) + mask) @ x

    function = tf.function(added, input_signature=[tf.TensorSpec((1, T, 4))])
    check(function.get_concrete_function(), axes=(1,))


@pytest.mark.parametrize("number", NUMBERS)
def test_keras(number):
    keras = pytest.importorskip("keras", reason="Keras is not installed")

    class Causal(keras.layers.Layer):
        def call(self, x):
            scores = keras.ops.matmul(x, keras.ops.transpose(x, (0, 2, 1)))
            kept = keras.ops.tril(keras.ops.ones((T, T)))
            scores = scores + (1.0 - kept) * number
            return keras.ops.matmul(keras.ops.softmax(scores), x)

    inputs = keras.Input((T, 4), batch_size=1)
    check(keras.Model(inputs, Causal()(inputs)), axes=(1,))
