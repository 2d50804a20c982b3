"""Parameters are counted as the frameworks themselves count them, those of norms too."""

from __future__ import annotations

import os

import pytest

import rfield

HELD = {
    "kernel": (4, 3, 3, 3), "bias": (4,), "scale": (4,), "shift": (4,), "mean": (4,), "var": (4,),
    "slope": (4, 1, 1), "gain": (4, 1, 1), "dense": (4, 5),
}  # fmt: skip


@pytest.mark.onnx
def test_initialisers_of_onnx_but_tables_and_statistics():
    pytest.importorskip("onnx", reason="onnx is not installed")
    import numpy as np
    from onnx import helper, numpy_helper

    node = helper.make_node
    nodes = [
        node("Conv", ["x", "kernel", "bias"], ["a"], name="conv", pads=[1, 1, 1, 1]),
        node("BatchNormalization", ["a", "scale", "shift", "mean", "var"], ["b"], name="bn"),
        node("PRelu", ["b", "slope"], ["c"], name="prelu"),
        node("Neg", ["gain"], ["less"], name="folded"),
        node("Mul", ["c", "less"], ["d"], name="gated"),
        node("Mul", ["d", "less"], ["e"], name="again"),
        node("Resize", ["e", "", "scales"], ["f"], name="resize"),
        node("Clip", ["f", "low", "high"], ["g"], name="clip"),
        node("ReduceMean", ["g", "axes"], ["h"], name="pool", keepdims=0),
        node("MatMul", ["h", "dense"], ["y"], name="head"),
    ]
    numbers = {name: np.full(shape, 0.5, np.float32) for name, shape in HELD.items()}
    numbers |= {"scales": np.array([1, 1, 2, 2], np.float32), "axes": np.array([2, 3])}
    numbers |= {"low": np.float32(0), "high": np.float32(6)}
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info("x", 1, (1, 3, 8, 8))],
        [helper.make_tensor_value_info("y", 1, (1, 5))],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in numbers.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    found = rfield.cost(model)
    assert {name: part.parameters for name, part in found.layers.items() if part.parameters} == {
        "conv": 108 + 4, "bn": 8, "prelu": 4, "gated": 4, "head": 20,
    }  # fmt: skip
    assert found.parameters == 148
    # A layer that is called otherwise than its tensor is called by its op all the same.
    assert [row.op for row in rfield.summary(model)] == [
        "conv", "batch_norm", "prelu", "multiply", "multiply", "resize", "clip", "mean", "dense",
    ]  # fmt: skip


@pytest.mark.jax
def test_parameters_of_flax_modules_without_their_statistics():
    pytest.importorskip("flax", reason="Flax is not installed")
    import flax.linen as nn
    from flax import nnx

    class Linen(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.Conv(4, (3, 3), name="conv")(x)
            x = nn.BatchNorm(use_running_average=True, name="bn")(x)
            x = nn.GroupNorm(2, name="gn")(nn.LayerNorm(name="ln")(x))
            return nn.Dense(5, name="head")(x.mean((1, 2)))

    class Nnx(nnx.Module):
        def __init__(self):
            streams = nnx.Rngs(0)
            self.conv = nnx.Conv(3, 4, (3, 3), rngs=streams)
            self.bn = nnx.BatchNorm(4, rngs=streams)
            self.drop = nnx.Dropout(0.5, rngs=streams)
            self.ln = nnx.LayerNorm(4, rngs=streams)

        def __call__(self, x):
            return self.ln(self.drop(self.bn(self.conv(x))))

    expected = {"conv": 108 + 4, "bn": 8, "ln": 8}
    for model, more in ((Linen(), {"gn": 8, "head": 25}), (Nnx(), {})):
        found = rfield.cost(model, input_shape=(1, 8, 8, 3))
        layers = {name: part.parameters for name, part in found.layers.items() if part.parameters}
        assert layers == expected | more
        assert found.parameters == sum(layers.values())
    ops = {row.layer: row.op for row in rfield.summary(Linen(), (1, 8, 8, 3))}
    assert (ops["conv"], ops["ln"], ops["gn"], ops["head"]) == ("conv", "norm", "norm", "dense")


@pytest.mark.tensorflow
def test_variables_of_a_tensorflow_graph_as_keras_counts_them():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

    kernel = tf.Variable(tf.ones((3, 3, 3, 4)))
    mean, variance, offset, scale = (tf.Variable(tf.ones(4)) for _ in range(4))

    @tf.function
    def net(x):
        y = tf.nn.conv2d(x, kernel, 1, "SAME")
        return tf.nn.batch_normalization(y, mean, variance, offset, scale, 1e-3)

    spec = tf.TensorSpec((1, 8, 8, 3), tf.float32)
    found = rfield.cost(net.get_concrete_function(spec))
    assert found.parameters == 3 * 3 * 3 * 4 + 4 * 4
