"""Models and layers that are code rather than a layer graph: traced by Keras's own backend.

Tracing runs the user's live Python code on symbols, as Keras does when it compiles; nothing is
computed. Each backend's graph is read by the front end of that backend.
"""

from __future__ import annotations

from typing import Any

import keras

from ...core.graph import Graph
from ...errors import UnreadableModelError
from ..registry import Request, resolve
from .rulebook import Arguments


def traced(layer: Any, arguments: Arguments, request: Request) -> Graph | None:
    """The graph of one layer, or None where this backend cannot trace it."""
    if keras.backend.backend() != "tensorflow" or request.unknown == "whole":
        return None
    operands = [value for value in arguments.operands if type(value) is int]
    if len(operands) != len(arguments.operands) or not getattr(layer, "built", True):
        return None
    shapes = [tuple(arguments.draft.shape(value)) for value in operands]
    single = len(shapes) == 1
    return _by_tensorflow(
        (lambda *tensors: layer(tensors[0])) if single else lambda *tensors: layer(list(tensors)),
        shapes, request,
    )  # fmt: skip


def whole_model(model: Any, request: Request) -> Graph:
    """A subclassed model as a graph of its backend's ops."""
    backend = keras.backend.backend()
    shape = request.input_shape
    if not all(layer.built for layer in model._flatten_layers()):
        raise UnreadableModelError(
            f"the model {model.name!r} is code, and not all of its layers are built: tracing it\n"
            "  would make their weights. Call it once:   model(numpy.zeros((1, 224, 224, 3)))"
        )
    if shape is None:
        raise UnreadableModelError(
            f"the model {model.name!r} is code rather than a layer graph, so it is traced.\n"
            "  Give a shape:   rfield.load(model, input_shape=(1, 224, 224, 3))"
        )
    if backend == "tensorflow":
        shapes = list(shape.values()) if isinstance(shape, dict) else [shape]
        return _by_tensorflow(
            lambda *tensors: model(
                tensors[0] if len(tensors) == 1 else list(tensors), training=request.training
            ),
            shapes, request,
        )  # fmt: skip
    if backend == "torch":
        return resolve("torch:read_module")(model, request)
    return resolve("jax:read_callable")(
        lambda tensor: model(tensor, training=request.training), request
    )


def _by_tensorflow(call: Any, shapes: list[Any], request: Request) -> Graph:
    import sys

    tf = sys.modules["tensorflow"]
    specs = [
        tf.TensorSpec(shape, tf.float32, name="input" if not k else f"input_{k}")
        for k, shape in enumerate(shapes)
    ]
    try:
        function = tf.function(call, autograph=False).get_concrete_function(*specs)
    except (TypeError, ValueError) as error:
        raise UnreadableModelError(f"the model cannot be traced: {error}") from None
    inner = Request(None, request.axes, request.training, request.unknown, {})
    return resolve("tensorflow:read_callable")(function, inner)
