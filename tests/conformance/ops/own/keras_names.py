"""One entry per name of a Keras layer or function that reads each element from its own place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import signature
from re import sub
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from keras.src.applications import convnext
from keras.src.ops import numpy as operations

from rfield.frontends.keras.pointwise import HANDED_ON, JOINS, LAYERS, OPS

from . import Own

REFUSALS: tuple[type[Exception], ...] = (
    ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError,
)  # fmt: skip
if keras.config.backend() == "tensorflow":
    from tensorflow.errors import OpError

    REFUSALS = (*REFUSALS, OpError)
SHAPE = (2, 3)
ITSELF: dict[Any, Any] = {(1, 2): {(1, 2)}, (0, 1): {(0, 1)}}
SPELT = {"Clip": "clip", "NanToNum": "nan_to_num", "IsClose": "isclose"}
KINDS = ("float32", "int32", "bool", "complex64")
ARGUMENTS: tuple[tuple[Any, ...], ...] = ((), (0.5,), (0.1, 0.9), ("int32",))


def snake(name: str) -> list[str]:
    """The ways in which a class may be spelt as a function."""
    words = sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return [SPELT.get(name, words), words.replace("_", ""), name.lower()]


def function_of(name: str) -> Callable[..., Any] | None:
    """The function of ``keras.ops`` for an operation's class."""
    if name in ("Abs", "Conj"):  # the function of that name makes an operation of another
        return getattr(operations, name)()
    homes = (ops, ops.image, ops.nn, ops.numpy)
    return next((getattr(h, n) for n in snake(name) for h in homes if hasattr(h, n)), None)


def calls(function: Callable[..., Any], kind: str, *more: Any) -> Callable[[Any], Any]:
    """The function of the input in a type, and of constants."""

    def call(x: Any) -> Any:
        given = ops.cast(x, kind)
        others = [np.full(SHAPE, 2).astype(kind) if part is ... else part for part in more]
        return ops.cast(function(given, *others), "float32")

    return call


def attempt(call: Callable[[Any], Any]) -> bool:
    """Whether Keras takes it: eagerly, and in a model."""
    try:
        found = call(ops.ones(SHAPE))
        keras.Model(x := keras.Input(batch_shape=SHAPE), call(x))
    except REFUSALS:
        return False
    return tuple(getattr(found, "shape", ())) == SHAPE


def entries() -> Iterator[Own]:
    """Every name with the first type and arguments that Keras takes."""
    for name in (*OPS.split(), *JOINS.split()):
        function = function_of(name)
        if function is None:
            continue
        choices = [(kind, more) for kind in KINDS for more in ((...,), *ARGUMENTS)]
        if name in OPS.split():
            choices = [(kind, more) for kind in KINDS for more in (*ARGUMENTS, (...,))]
        for kind, more in choices:
            call = calls(function, kind, *more)
            if attempt(call):
                yield Own(f"ops.{name} of {kind}", call, SHAPE, ITSELF, blind=True)
                break
    for name in (*LAYERS.split(), *HANDED_ON.split()):
        yield from made(name)


class Resting:
    """A layer outside training, of which some say otherwise unless they are told."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer

    def __call__(self, x: Any) -> Any:
        if isinstance(x, keras.KerasTensor) or "training" not in signature(self.layer.call).parameters:
            return self.layer(x)
        return self.layer(x, training=False)


def made(name: str) -> Iterator[Own]:
    """A layer with the first arguments that it takes, on the first shape that it takes."""
    kind = getattr(layers, name, getattr(convnext, name, None))
    for more in ((), (0.5,), (4,), (0.5, 3), (0.5, 0.5), (2, 0.5)):
        for shape in (SHAPE, (1, *SHAPE), (1, 4, 5, 3), (1, 2, *SHAPE, 2)):
            try:
                layer = kind(*more)  # type: ignore[misc]  # None is not callable: no such layer
                found = layer(np.full(shape, 0.5, "float32"))
                layer(keras.Input(batch_shape=shape))
            except REFUSALS:
                continue
            if tuple(found.shape) == shape:
                place = tuple(n - 1 for n in shape)
                model = Resting(layer) if name in HANDED_ON.split() else layer
                yield Own(name, model, shape, {place: {place}}, blind=True)
                return
