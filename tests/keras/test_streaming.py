"""Streams through Keras models with SAME padding, beside the model on the whole stream."""

from __future__ import annotations

import random

import numpy as np
import pytest

keras = pytest.importorskip("keras")

import rfield  # noqa: E402

pytestmark = pytest.mark.keras

EXACT = {
    ("same", 3, 1): (True, True),
    ("same", 3, 2): (False, True),
    ("same", 4, 2): (True, True),
    ("same", 5, 3): (False, True),
    ("valid", 5, 3): (True, True),
    ("causal", 3, 2): (True, True),
}
"""Whether a plan holds for streams of any length, and with the length: padding, kernel, stride.
With an even kernel and a stride of 2 the side of the smaller half never changes."""


@pytest.mark.parametrize(("padding", "kernel", "stride"), EXACT)
def test_padding_by_name(padding: str, kernel: int, stride: int) -> None:
    first = keras.layers.Conv1D(1, kernel, stride, padding=padding, name="first")
    model = keras.Sequential([keras.Input((60, 1)), first, keras.layers.Conv1D(1, 3, name="last")])
    weights = np.random.default_rng(kernel)
    model.set_weights([weights.integers(1, 4, w.shape) for w in model.get_weights()])

    def run(x: np.ndarray) -> np.ndarray:
        return np.asarray(model(x))

    plan = rfield.stream_plan(model)
    known = rfield.stream_plan(model, length=100)
    assert (plan.exact, known.exact) == EXACT[padding, kernel, stride]
    rng = random.Random(kernel)
    lengths = [(plan, rng.randint(80, 140)) for _ in range(3)] if plan.exact else []
    lengths += [(known, 100 + k * known.grid) for k in range(3)]
    for used, length in lengths:
        x = np.random.default_rng(length).integers(-3, 4, (1, length, 1)).astype(np.float32)
        places = sorted(rng.sample(range(length), 9))
        parts = rfield.run_streaming(run, np.split(x, places, axis=1), used)
        assert np.array_equal(np.concatenate(list(parts), axis=1), run(x))
