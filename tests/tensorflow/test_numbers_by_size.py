"""Weights that are chosen or made by the size of the input: no part has those of the whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

import rfield  # noqa: E402

pytestmark = pytest.mark.tensorflow
ONE = np.arange(1, 10, dtype=np.float32).reshape(3, 3, 1, 1)
OTHER = ONE[::-1].copy()


def conv(x: Any, weight: Any) -> Any:
    return tf.nn.conv2d(x, weight, 1, "SAME")


def width(x: Any) -> Any:
    return tf.shape(x)[2]


def planned(function: Callable[[Any], Any]) -> rfield.TilePlan:
    spec = tf.TensorSpec((1, None, None, 1), tf.float32)
    concrete = tf.function(function).get_concrete_function(spec)
    return rfield.tile_plan(concrete, (60, 72), tile=(32, 30), input_shape=(1, 60, 72, 1))


BY_SIZE: dict[str, Callable[[Any], Any]] = {
    "a branch": lambda x: tf.cond(width(x) > 40, lambda: conv(x, ONE), lambda: conv(x, OTHER)),
    "of a branch": lambda x: conv(
        x, tf.cond(width(x) > 40, lambda: tf.constant(ONE), lambda: tf.constant(OTHER))
    ),
    "chosen": lambda x: conv(x, tf.where(width(x) > 40, ONE, OTHER)),
    "made": lambda x: conv(x, ONE / tf.cast(width(x), tf.float32)),
}


@pytest.mark.parametrize("name", BY_SIZE)
def test_weights_by_the_size(name: str) -> None:
    with pytest.raises(rfield.NotTileableError, match="numbers that are made for the size"):
        planned(BY_SIZE[name])


def whole(x: Any) -> Any:
    return tf.cast(conv(x, ONE), tf.int32)


WHOLE: dict[str, Callable[[Any], Any]] = {
    "what a pad is filled with": lambda x: tf.pad(
        whole(x), [[0, 0], [1, 1], [1, 1], [0, 0]], constant_values=width(x)
    ),
    "kernel": lambda x: tf.nn.conv2d(
        whole(x), tf.reshape(tf.range(width(x), width(x) + 9), [3, 3, 1, 1]), 1, "SAME"
    ),
    "kernel of a transposed one": lambda x: tf.nn.conv2d_transpose(
        whole(x), tf.fill([3, 3, 1, 1], width(x)), tf.shape(x), 1, "SAME"
    ),
    "window": lambda x: tf.nn.dilation2d(
        whole(x), tf.reshape(tf.range(width(x), width(x) + 9), [3, 3, 1]), [1] * 4, "SAME",
        "NHWC", [1] * 4,
    ),
    "what is hot": lambda x: tf.one_hot(whole(x), 4, on_value=width(x), off_value=0),
    "table": lambda x: tf.gather(tf.range(width(x), width(x) + 9), whole(x) % 9),
    "bias": lambda x: tf.nn.bias_add(whole(x), [width(x)]),
    "ramp": lambda x: whole(x) + tf.range(width(x))[:, None],
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_by_the_size(name: str) -> None:
    """They look like sizes and places, but say what is computed."""
    with pytest.raises(rfield.NotTileableError, match="numbers that are made for the size"):
        planned(WHOLE[name])


SETTINGS: dict[str, Callable[[Any, Any], Any]] = {
    "slope": lambda x, large: tf.nn.leaky_relu(x, 0.1 if large else 0.9),
    "matrix or its transpose": lambda x, large: tf.einsum(
        "bhwc,cd->bhwd" if large else "bhwc,dc->bhwd", x, tf.constant([[2.0]])
    ),
    "range": lambda x, large: tf.quantization.fake_quant_with_min_max_args(x, -1, 1 + large),
    "which is subtracted": lambda x, large: x - 1.0 if large else 1.0 - x,
}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("traced_anew", [False, True])
def test_settings_by_the_size(name: str, *, traced_anew: bool) -> None:
    """In a branch of the graph, or by the code of a function that is traced for each size."""

    def branches(x: Any) -> Any:
        return tf.cond(width(x) > 40, lambda: SETTINGS[name](x, 1), lambda: SETTINGS[name](x, 0))

    def code(x: Any) -> Any:
        return SETTINGS[name](x, int(x.shape[2] > 40))

    function = tf.function(code if traced_anew else branches)
    if not traced_anew:
        function = function.get_concrete_function(tf.TensorSpec((1, None, None, 1), tf.float32))
    with pytest.raises(rfield.NotTileableError):
        rfield.tile_plan(function, (60, 72), tile=32, input_shape=(1, 32, 32, 1))


def test_numbers_and_variables_of_another_tracing_are_the_same() -> None:
    kernel = tf.Variable(ONE)

    def function(x: Any) -> Any:
        return tf.reshape(conv(x, kernel) * 2.0 + tf.constant(ONE[0, 0]), x.shape)

    plan = rfield.tile_plan(tf.function(function), (60, 72), tile=32, input_shape=(1, 32, 32, 1))
    assert (len(plan), plan.exact) == (6, True)


def test_weights_that_stay() -> None:
    plan = planned(lambda x: conv(x, tf.constant(ONE) / 2.0))
    assert (len(plan), plan.exact) == (6, True)


def test_places_in_a_tile_are_not_those_in_the_image() -> None:
    with pytest.raises(rfield.NotTileableError, match="numbers that are made for the size"):
        planned(lambda x: tf.nn.max_pool_with_argmax(x, 2, 2, "VALID").argmax)


LIKE: dict[str, Callable[[Any], Any]] = {
    "shifted": lambda x: tf.concat([tf.zeros_like(x[:, :, :1]), x[:, :, :-1]], 2),
    "zeros beside": lambda x: tf.concat([tf.zeros_like(x), x], 3),
    "ones beside": lambda x: tf.concat([tf.ones_like(x), x], 3),
    "added": lambda x: x + 2 * tf.ones_like(x),
}


@pytest.mark.parametrize("name", LIKE)
def test_zeros_and_ones_like_something_are_the_same_in_a_part(name: str) -> None:
    plan = planned(LIKE[name])
    assert plan.exact
    x = tf.random.stateless_normal((1, 60, 72, 1), (1, 2))
    tiled = rfield.run_tiled(lambda part: LIKE[name](tf.constant(part)).numpy(), x.numpy(), plan)
    assert np.array_equal(tiled, LIKE[name](x).numpy())
