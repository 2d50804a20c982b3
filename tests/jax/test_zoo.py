"""Every model of the zoo: what is claimed of its layers, against what changes when inputs do.

The output is what the library itself computes; layers inside are taken from the running equations.
``pytest -s`` shows the tally.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("jax", reason="needs JAX")
pytest.importorskip("flax", reason="the models are written with it")
pytest.importorskip("equinox", reason="the models are written with it")
pytest.importorskip("haiku", reason="the models are written with it")

from tests.jax.holding import tally
from tests.jax.zoo_flax import FLAX
from tests.jax.zoo_others import OTHERS

pytestmark = pytest.mark.jax
ZOO = {**FLAX, **OTHERS}
QUICK = {
    "nnx U-Net", "nnx causal transformer", "linen WaveNet", "linen windowed attention",
    "linen LSTM and GRU", "linen group and instance norm", "linen PixelCNN", "linen MADE",
    "equinox pixel shuffle", "equinox sliding attention", "haiku FPN", "plain involution",
}  # fmt: skip
"""One of each kind; the others are among the slow tests."""


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in ZOO]
)
def test_layers_read_exactly_what_changes_them(name: str) -> None:
    sys.stdout.write(f"\n{tally(name, ZOO[name]())}\n")


def test_keras_models_on_the_jax_backend() -> None:
    """In a process of their own: the backend is chosen when Keras is imported."""
    pytest.importorskip("keras", reason="the models are built by Keras")
    made = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.jax.zoo_keras"],
        capture_output=True, text=True, check=False, env={**os.environ, "KERAS_BACKEND": "jax"},
    )  # fmt: skip
    sys.stdout.write(f"\n{made.stdout}")
    assert made.returncode == 0, made.stderr
    assert made.stdout.count(" exact)") == 9
