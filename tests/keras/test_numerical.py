"""Each layer against Keras itself: the boxes that rfield claims are those that the layer reads."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the layers are run by Keras")

import rfield  # noqa: E402
from tests.keras.cases import CASES  # noqa: E402
from tests.tensorflow.probe import boxes, claimed  # noqa: E402

pytestmark = pytest.mark.keras
L = keras.layers


@pytest.mark.parametrize("name", CASES)
def test_the_boxes_are_those_that_the_layer_reads(name):
    shape, make = CASES[name]
    inputs = keras.Input(shape[1:])
    try:
        layer = make()
    except ValueError as refused:
        if "output_padding" not in str(refused):
            raise
        pytest.skip("this Keras takes no output_padding of 0 yet")
    model = keras.Model(inputs, layer(inputs))
    graph = rfield.load(model, shape)
    assert claimed(graph) == boxes(
        lambda images: keras.ops.convert_to_numpy(model(images.astype("float32"), training=False)),
        shape, range(1, len(model.output.shape) - 1),
    )  # fmt: skip


def test_a_probe_that_must_fail():
    shape = (1, 9, 9, 1)
    inputs = keras.Input(shape[1:])
    one = keras.Model(inputs, L.MaxPooling2D(2)(inputs))
    two = keras.Model(inputs, L.MaxPooling2D(3)(inputs))
    found = boxes(lambda images: np.asarray(two(images)), shape)
    assert claimed(rfield.load(one, shape)) != found
