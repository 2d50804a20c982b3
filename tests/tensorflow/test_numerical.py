"""Each op against TensorFlow itself: the boxes that rfield claims are those that it reads."""

from __future__ import annotations

import pytest

tf = pytest.importorskip("tensorflow", reason="the ops are run by TensorFlow")

import rfield  # noqa: E402
from tests.tensorflow.cases import CASES, weights  # noqa: E402
from tests.tensorflow.probe import boxes, claimed  # noqa: E402

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("name", CASES)
def test_the_boxes_are_those_that_tensorflow_reads(name):
    shape, function = CASES[name]
    traced = tf.function(function).get_concrete_function(
        tf.TensorSpec((None, *shape[1:]), tf.float64, name="x")
    )
    graph = rfield.load(traced, shape)
    assert claimed(graph) == boxes(lambda images: traced(tf.constant(images)), shape)


@pytest.mark.parametrize(
    ("name", "shape", "function"),
    [
        ("batch norm in training", (1, 6, 6, 2), lambda x: tf.compat.v1.nn.fused_batch_norm(
            tf.cast(x, tf.float32), tf.ones(2), tf.ones(2), is_training=True)[0]),
        ("global mean", (1, 6, 6, 2), lambda x: x * tf.reduce_mean(x, (1, 2), keepdims=True)),
    ],
)  # fmt: skip
def test_a_whole_axis_is_unbounded(name, shape, function):
    traced = tf.function(function).get_concrete_function(tf.TensorSpec(shape, tf.float64))
    field = rfield.receptive_field(rfield.load(traced))
    assert field.size == (rfield.UNBOUNDED, rfield.UNBOUNDED)


def test_the_probe_finds_a_wrong_claim():
    """The same op with another stride is not taken for it."""
    shape = (1, 11, 13, 2)
    kernel = weights(3, 3, 2, 2)
    one = tf.function(lambda x: tf.nn.conv2d(x, kernel, 1, "SAME"))
    two = tf.function(lambda x: tf.nn.conv2d(x, kernel, 1, "VALID"))
    spec = tf.TensorSpec((None, *shape[1:]), tf.float64)
    graph = rfield.load(one.get_concrete_function(spec), shape)
    assert claimed(graph) != boxes(lambda images: two(tf.constant(images)), shape)
