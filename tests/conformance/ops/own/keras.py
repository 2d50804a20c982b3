"""The entries that only Keras has; Keras itself says what they read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras

import rfield
from tests.keras.cases import CASES
from tests.tensorflow.probe import boxes, claimed

from . import Compared, Own
from . import keras_ops as named
from .keras_names import entries as pointwise


def compared(shape: tuple[int, ...], make: Callable[[], Any]) -> list[str]:
    """The boxes that rfield claims against those measured."""
    inputs = keras.Input(shape[1:])
    model = keras.Model(inputs, make()(inputs))
    says = claimed(rfield.load(model, shape))
    right = boxes(
        lambda images: keras.ops.convert_to_numpy(model(images.astype("float32"), training=False)),
        shape, range(1, len(model.output.shape) - 1),
    )  # fmt: skip
    return [] if says == right else [f"reads {says}, right {right}"]


def entries() -> Iterator[Own | Compared]:
    """Layers and functions with literals, and every case of ``tests.keras.cases``."""
    for title, (function, shape, reads) in named.EXACT.items():
        yield Own(title, function, shape, reads, blind=True)
    for title, (function, shape, reads) in named.BOUNDED.items():
        yield Own(title, function, shape, reads, bound=True, blind=True)
    yield from pointwise()
    for name, (shape, make) in CASES.items():
        yield Compared(name, lambda shape=shape, make=make: compared(shape, make))
