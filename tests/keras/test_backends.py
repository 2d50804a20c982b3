"""A live model on another backend is read as a Keras model: its channels stay last."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("keras", reason="the models are built by Keras")
pytestmark = pytest.mark.keras

SCRIPT = """
import warnings
warnings.filterwarnings("ignore")
import keras, numpy, rfield
L = keras.layers
x = keras.Input((12, 16, 3))
model = keras.Model(x, L.Conv2D(4, (3, 5), strides=2, name="conv")(x))
print(rfield.receptive_field(model).size)
class Code(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = L.Conv2D(4, (3, 5))
    def call(self, x):
        return keras.ops.roll(self.conv(x), 1, 1) + 1
model = Code()
model(numpy.zeros((1, 12, 16, 3), "float32"))
print(rfield.receptive_field(model, input_shape=(1, 12, 16, 3)).size)
"""


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_channels_stay_last(backend):
    pytest.importorskip(backend, reason=f"Keras runs on {backend}")
    made = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False,
        env={**os.environ, "KERAS_BACKEND": backend},
    )  # fmt: skip
    assert made.stdout.split("\n")[0] == "(3, 5)", made.stderr
    assert made.stdout.split("\n")[1].endswith(", 5)"), made.stderr
