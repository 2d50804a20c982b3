"""Keras on the JAX backend.

``KERAS_BACKEND=jax python -m tests.jax.zoo_keras`` prints the tally.
"""

from __future__ import annotations

import sys
from typing import Any

import jax
import keras

from tests.jax.holding import tally
from tests.jax.zoo import Entry

L = keras.layers


def resnet() -> Any:
    x = keras.Input((13, 12, 2))
    y = L.Conv2D(4, 3, strides=2, padding="same", name="stem")(x)
    y = L.BatchNormalization(name="norm")(y)
    z = L.Conv2D(4, 3, padding="same", dilation_rate=2, activation="tanh", name="wide")(y)
    return keras.Model(x, L.Add(name="join")([y, z])), ("stem", "norm", "wide")


def mobilenet() -> Any:
    x = keras.Input((9, 10, 2))
    y = L.SeparableConv2D(4, 3, strides=2, padding="same", name="separable")(x)
    y = L.DepthwiseConv2D((3, 1), padding="same", name="depthwise")(L.Activation("gelu")(y))
    gate = L.GlobalAveragePooling2D(keepdims=True, name="squeeze")(y)
    gate = L.Dense(4, activation="sigmoid", name="excite")(gate)
    return keras.Model(x, L.Multiply(name="scaled")([y, gate])), ("separable", "depthwise")


def unet() -> Any:
    x = keras.Input((8, 12, 2))
    down = L.Conv2D(3, 3, padding="same", activation="tanh", name="down")(x)
    y = L.Conv2D(3, 3, padding="same", name="middle")(L.MaxPooling2D(2)(down))
    y = L.UpSampling2D(2, interpolation="bilinear", name="up")(y)
    y = L.Concatenate()([down, y])
    return keras.Model(x, L.Conv2D(2, 1, name="merge")(y)), ("down", "middle", "up")


def wave() -> Any:
    x = y = keras.Input((14, 2))
    for k in range(3):
        y = L.Conv1D(3, 2, dilation_rate=2**k, padding="causal", activation="tanh", name=f"c{k}")(y)
    return keras.Model(x, y), ("c0", "c1")


def recurrent() -> Any:
    x = keras.Input((8, 2))
    y = L.Conv1D(3, 3, padding="same", name="local")(x)
    y = L.GRU(3, return_sequences=True, name="past")(y)
    y = L.LSTM(2, return_sequences=True, go_backwards=True, name="future")(y)
    return keras.Model(x, y), ("local", "past")


def transformer() -> Any:
    x = keras.Input((8, 4))
    y = L.MultiHeadAttention(2, 3, name="attention")(x, x, use_causal_mask=True)
    y = L.LayerNormalization(name="norm")(L.Add()([x, y]))
    return keras.Model(x, L.Dense(3, name="ffn")(y)), ("attention", "norm")


def decoder() -> Any:
    x = keras.Input((5, 6, 2))
    y = L.Conv2DTranspose(3, 3, strides=2, padding="same", name="transposed")(x)
    y = L.ZeroPadding2D(((1, 0), (2, 1)), name="padded")(y)
    return keras.Model(x, L.Conv2D(2, (2, 3), name="refine")(y)), ("transposed", "padded")


class Code(keras.Model):
    """Code that asks for JAX itself, so that the graph is a jaxpr's."""

    def __init__(self) -> None:
        super().__init__()
        self.first = L.Conv2D(3, (3, 5), name="first")
        self.second = L.Conv2D(2, 3, strides=2, padding="same", name="second")

    def call(self, x: Any) -> Any:
        x = jax.numpy.roll(self.first(x), 2, 1)
        return self.second(jax.nn.silu(x))


def code() -> Any:
    model = Code()
    model(keras.ops.zeros((1, 9, 11, 2)))
    return model, ("first", "roll_static")


def nested() -> Any:
    inner = keras.Sequential(
        [
            keras.Input((12, 3)),
            L.Conv1D(3, 3, padding="same", name="a"),
            L.AveragePooling1D(2, name="b"),
        ],
        name="inner",
    )
    x = keras.Input((12, 3))
    return keras.Model(x, L.Conv1D(2, 2, name="last")(inner(x))), ("inner/a", "inner/b")


def main() -> None:
    """Hold each model against what is measured.

    Keras does some of its arithmetic in float32 whatever is asked for.
    """
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    jax.config.update("jax_enable_x64", True)
    for build in (
        resnet, mobilenet, unet, wave, recurrent, transformer, decoder, code, nested,
    ):  # fmt: skip
        model, layers = build()
        shape = (1, *(model.input_shape[1:] if build is not code else (9, 11, 2)))

        def run(model: Any = model) -> Any:
            return lambda x: model(x, training=False)

        entry = Entry(model, shape, layers, run, least=3e-6)
        sys.stdout.write(f"{tally(f'keras {build.__name__}', entry)}\n")


if __name__ == "__main__":
    main()
