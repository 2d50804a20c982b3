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


FACTOR = """
import warnings
warnings.filterwarnings("ignore")
import keras, numpy, rfield
x = keras.Input((3, 3))
graph = rfield.load(keras.Model(x, keras.ops.cholesky(x, upper=True)), axes=(1, 2))
print(sorted(map(tuple, numpy.argwhere(rfield.support(graph, (0, 2)).mask).tolist())))
"""


@pytest.mark.parametrize(
    ("backend", "read"),
    [("torch", [(0, 0), (0, 2)]), ("jax", [(0, 0), (0, 2), (2, 0)]),
     ("tensorflow", [(0, 0), (2, 0)])],
)  # fmt: skip
def test_each_backend_reads_its_triangle(backend, read):
    """Elements of the matrix that change ``U[0, 2]`` where ``keras.ops.cholesky`` runs."""
    pytest.importorskip(backend, reason=f"Keras runs on {backend}")
    made = subprocess.run(
        [sys.executable, "-c", FACTOR], capture_output=True, text=True, check=False,
        env={**os.environ, "KERAS_BACKEND": backend},
    )  # fmt: skip
    assert made.stdout == f"{read}\n", made.stderr
