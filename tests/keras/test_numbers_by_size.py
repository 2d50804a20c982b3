"""Weights that are chosen or made by the size of the input: no part has those of the whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed")

import rfield  # noqa: E402

pytestmark = pytest.mark.keras
ops = keras.ops


class Own(keras.layers.Layer):
    """A convolution with one of two kernels, or with one that is made of them."""

    def __init__(self, kernel: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.kernel = kernel

    def build(self, _shape: Any) -> None:
        self.one = self.add_weight(shape=(3, 3, 1, 1))
        self.other = self.add_weight(shape=(3, 3, 1, 1))

    def call(self, x: Any) -> Any:
        return ops.conv(x, self.kernel(self, x), 1, "same")

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


def planned(kernel: Callable[[Any, Any], Any]) -> rfield.TilePlan:
    x = keras.Input((None, None, 1))
    model = keras.Model(x, Own(kernel)(x))
    return rfield.tile_plan(model, (60, 72), tile=(32, 30), input_shape=(1, 60, 72, 1))


BY_SIZE: dict[str, Callable[[Any, Any], Any]] = {
    "one of two": lambda layer, x: layer.one if (x.shape[2] or 99) > 40 else layer.other,
    "chosen": lambda layer, x: ops.where(ops.shape(x)[2] > 40, layer.one, layer.other),
    "made": lambda layer, x: layer.one / ops.cast(ops.shape(x)[2], "float32"),
}


@pytest.mark.parametrize("name", BY_SIZE)
def test_weights_by_the_size(name: str) -> None:
    with pytest.raises(rfield.NotTileableError, match="numbers that are made for the size"):
        planned(BY_SIZE[name])


class Chosen(keras.layers.Layer):
    """One of two functions of Keras's, or one of two layers."""

    def __init__(self, large: Any, small: Any) -> None:
        super().__init__()
        self.large, self.small = large, small

    def build(self, shape: Any) -> None:
        for each in (self.large, self.small):
            if isinstance(each, keras.layers.Layer):
                each.build(shape)

    def call(self, x: Any) -> Any:
        return (self.large if (x.shape[2] or 99) > 40 else self.small)(x)

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


def layers(make: Any, *settings: Any) -> tuple[Any, ...]:
    return tuple(make(one) for one in settings)


SETTINGS: dict[str, Callable[[], tuple[Any, ...]]] = {
    "op": lambda: layers(lambda k: lambda x: ops.leaky_relu(x, k), 0.1, 0.9),
    "whole number": lambda: layers(lambda k: lambda x: ops.normalize(x, -1, k), 1, 2),
    "type": lambda: layers(lambda k: lambda x: ops.cast(x, k), "int32", "bool"),
    "layer": lambda: layers(keras.layers.LeakyReLU, 0.1, 0.9),
    "weights": lambda: layers(lambda k: keras.layers.Conv2D(1, k, padding="same"), 3, 3),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_by_the_size(name: str) -> None:
    x = keras.Input((None, None, 1))
    model = keras.Model(x, Chosen(*SETTINGS[name]())(x))
    with pytest.raises(rfield.NotTileableError):
        rfield.tile_plan(model, (60, 72), tile=(32, 30), input_shape=(1, 60, 72, 1))


def test_settings_that_stay() -> None:
    x = keras.Input((None, None, 1))
    model = keras.Model(x, Chosen(*SETTINGS["layer"]()[:1] * 2)(x))
    assert rfield.tile_plan(model, (60, 72), tile=32, input_shape=(1, 60, 72, 1)).exact


def test_weights_that_stay() -> None:
    plan = planned(lambda layer, _x: layer.one * layer.other)
    assert (len(plan), plan.exact) == (6, True)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the code is TensorFlow's")
def test_sizes_that_code_computes() -> None:
    tf = pytest.importorskip("tensorflow")

    def doubled(x: Any) -> Any:
        height, width = tf.shape(x)[1], tf.shape(x)[2]
        return tf.image.resize(x, [height * 2, width * 2], "nearest")

    x = keras.Input((None, None, 1))
    layer = keras.layers.Lambda(doubled, output_shape=(None, None, 1))
    model = keras.Model(x, layer(keras.layers.Conv2D(1, 3, padding="same")(x)))
    image = np.random.default_rng(0).standard_normal((1, 60, 72, 1)).astype(np.float32)
    plan = rfield.tile_plan(model, (60, 72), tile=32, input_shape=(1, 32, 32, 1))
    tiled = rfield.run_tiled(lambda tile: np.asarray(model(tile)), image, plan)
    assert plan.exact
    np.testing.assert_allclose(tiled, np.asarray(model(image)), atol=1e-5)


def test_a_size_that_the_code_of_a_model_refuses_is_refused() -> None:
    """An input of 9 gives 5 positions, which do not go with the 4 of the other."""

    class Two(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.half = keras.layers.Conv1D(3, 3, strides=2, padding="same")

        def call(self, x: Any) -> Any:
            return self.half(x[0]) + x[1]

    model = Two()
    model([np.zeros((1, 8, 3)), np.zeros((1, 4, 3))])
    graph = rfield.load(model, input_shape={"a": (1, 8, 3), "b": (1, 4, 3)})
    assert rfield.output_size(graph, 7, wrt="a") == (4,)
    with pytest.raises(rfield.InvalidModelError, match="does not take an input of 9"):
        rfield.output_size(graph, 9, wrt="a")
