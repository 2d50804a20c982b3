"""The same functions in the words of every framework, to run and to be read."""

from __future__ import annotations

from typing import Any

import numpy as np

SHAPE = (1, 1, 6)

_WORDS = ("maximum", "minimum", "clip", "where", "divide", "nan_to_num", "floor", "sign")


class Torch:
    def __init__(self) -> None:
        import torch

        self.torch, self.array, self.power = torch, torch.from_numpy, torch.pow
        for name in _WORDS:
            setattr(self, name, getattr(torch, name))
        self.relu, self.flip = torch.relu, lambda x: x.flip(2)
        self.number = lambda x: x.to(torch.float64)
        self.largest = lambda *parts: torch.cat(parts, 1).argmax(1, keepdim=True)

    def both(self, function: Any) -> Any:
        class Net(self.torch.nn.Module):
            def forward(self, x: Any) -> Any:
                return function(x)

        return Net(), lambda x: function(self.array(x)).numpy()


class Jax:
    def __init__(self) -> None:
        import jax

        self.jax, self.array, self.power = jax, np.asarray, jax.numpy.power
        for name in _WORDS:
            setattr(self, name, getattr(jax.numpy, name))
        self.relu, self.flip = jax.nn.relu, lambda x: jax.numpy.flip(x, 2)
        self.number = lambda x: x.astype("float64" if jax.config.jax_enable_x64 else "float32")
        self.largest = lambda *parts: jax.numpy.argmax(
            jax.numpy.concatenate(parts, 1), 1, keepdims=True
        )

    def both(self, function: Any) -> Any:
        def run(x: Any) -> Any:
            with self.jax.enable_x64(True):
                return np.asarray(function(self.jax.numpy.asarray(x)))

        return function, run


class Tensorflow:
    def __init__(self) -> None:
        import tensorflow as tf

        self.tf, self.array, self.power, self.clip = tf, tf.constant, tf.pow, tf.clip_by_value
        for name in ("maximum", "minimum", "where", "divide", "floor", "sign"):
            setattr(self, name, getattr(tf, name))
        self.relu, self.flip = tf.nn.relu, lambda x: tf.reverse(x, [2])
        self.number = lambda x: tf.cast(x, tf.float64)
        self.largest = lambda *parts: tf.argmax(tf.concat(parts, 1), 1)[:, None]

    def both(self, function: Any) -> Any:
        spec = self.tf.TensorSpec(SHAPE, self.tf.float64, name="x")
        model = self.tf.function(function, autograph=False).get_concrete_function(spec)
        return model, lambda x: function(self.tf.constant(x)).numpy()


class Keras:
    def __init__(self) -> None:
        import keras

        self.keras, self.array, self.power = keras, np.asarray, keras.ops.power
        for name in _WORDS:
            setattr(self, name, getattr(keras.ops, name))
        self.relu, self.flip = keras.ops.relu, lambda x: keras.ops.flip(x, 2)
        self.number = lambda x: keras.ops.cast(x, "float64")
        self.largest = lambda *parts: keras.ops.argmax(
            keras.ops.concatenate(parts, 1), 1, keepdims=True
        )

    def both(self, function: Any) -> Any:
        given = self.keras.Input(batch_shape=SHAPE, name="x", dtype="float64")
        model = self.keras.Model(given, function(given))
        return model, lambda x: np.asarray(model(x))


FRONTS = {"torch": Torch, "jax": Jax, "tensorflow": Tensorflow, "keras": Keras}


def in_a_file(steps: Any, tables: dict[str, np.ndarray]) -> tuple[Any, Any]:
    """An ONNX model of ``(op, "operands")`` one after the other, and what runs it.

    A step is an operand by its number, the input is ``x``, the result of the last step ``y``.
    """
    from onnx import TensorProto, helper, numpy_helper
    from onnx.reference import ReferenceEvaluator

    names = [*map(str, range(len(steps) - 1)), "y"]
    nodes = [
        helper.make_node(op, given.split(), [name])
        for (op, given), name in zip(steps, names, strict=True)
    ]
    graph = helper.make_graph(
        nodes, "graph",
        [helper.make_tensor_value_info("x", TensorProto.DOUBLE, SHAPE)],
        [helper.make_tensor_value_info("y", TensorProto.DOUBLE, SHAPE)],
        [numpy_helper.from_array(table, key) for key, table in tables.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    runtime = ReferenceEvaluator(model)
    return model, lambda x: runtime.run(None, {"x": x})[0]
