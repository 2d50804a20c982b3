"""``zeros=True`` of a frozen graph: taps whose weights are exactly zero in every channel."""

from __future__ import annotations

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

import rfield  # noqa: E402

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore")]

BEFORE = np.ones((3, 3, 1, 1), np.float32)
BEFORE[1, 1:] = BEFORE[2] = 0


def read(weight, **options):
    """How many pixels the middle one reads, and how sure that is."""
    channels = weight.shape[2]

    def run(x):
        return tf.nn.conv2d(x, tf.constant(weight), 1, "SAME")

    spec = [tf.TensorSpec((1, 5, 5, channels))]
    made = tf.function(run, input_signature=spec).get_concrete_function()
    found = rfield.support(rfield.load(made.graph.as_graph_def(), **options), (2, 2))
    return int(found.mask.sum()), found.fidelity.value


def test_zeros_of_a_kernel_count_where_they_are_asked_for():
    weight = BEFORE * np.full((3, 3, 2, 2), 0.5, np.float32)
    assert read(weight) == (9, "exact")
    assert read(weight, zeros=True) == (4, "exact")
    assert read(np.ones_like(weight), zeros=True) == (9, "exact")


def test_a_kernel_that_is_too_large_to_be_looked_at_is_a_bound():
    weight = BEFORE * np.full((3, 3, 96, 96), 0.5, np.float32)
    assert read(weight, zeros=True) == (9, "upper bound")
