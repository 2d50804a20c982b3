"""Code that asks for more than Keras's own ops: traced by the backend, read by its front end.

Tracing runs the user's live Python code on the backend's symbols, as Keras does when it compiles;
nothing is computed.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras

from ...core.graph import Graph, Node
from ...core.ops import Op
from ...errors import UnreadableModelError
from ..machine.values import dependents
from ..registry import Request, resolve
from .rulebook import Call
from .symbols import UnrecordedError, with_tensors


def is_code(layer: Any) -> bool:
    """Whether a layer without a rule is somebody's code, or one of Keras's ops."""
    return isinstance(layer, keras.Layer)


def op_of(node: Node) -> Op:
    """The op of a node of a graph, in which masks and zeros were followed already."""
    return replace(
        node.op, links=node.links, algebra=None, loose=(), repeats=(), fill=None, tables=()
    )


def traced(call: Call, request: Request, dtypes: Mapping[int, str]) -> Graph | None:
    """The graph of one layer, or None where this backend cannot trace it."""
    if keras.backend.backend() != "tensorflow" or request.unknown == "whole":
        return None
    if not getattr(call.layer, "built", True):
        return None
    given = dependents(call.operands)

    def run(*tensors: Any) -> Any:
        places = {value.index: tensor for value, tensor in zip(given, tensors, strict=True)}
        args, kwargs = with_tensors((list(call.args), dict(call.kwargs)), places)
        return call.layer(*args, **kwargs)

    kinds = [dtypes.get(value.index, "float32") for value in given]
    try:
        return by_tensorflow(run, [value.shape for value in given], kinds, request)
    except UnrecordedError:
        return None


def whole_model(model: Any, shapes: Mapping[str, Any], request: Request) -> Graph:
    """A subclassed model as a graph of its backend's ops."""
    backend = keras.backend.backend()
    if backend == "tensorflow":

        def run(*tensors: Any) -> Any:
            return model(
                tensors[0] if len(tensors) == 1 else list(tensors), training=request.training
            )

        def read(sizes: Sequence[Any]) -> Graph:
            return by_tensorflow(run, sizes, ["float32"] * len(sizes), request)

        anew: Any = resolve("tensorflow:traced_anew")
        return anew(read(list(shapes.values())), read, shapes)
    axes = request.axes
    if axes is None and keras.config.image_data_format() == "channels_last":
        (shape,) = list(shapes.values())[:1]
        axes = tuple(range(1, max(2, len(shape) - 1)))
    inner = replace(request, axes=axes)
    return resolve("torch:read_module" if backend == "torch" else "jax:read_callable")(model, inner)


def by_tensorflow(
    call: Any, shapes: Sequence[Any], kinds: Sequence[str], request: Request
) -> Graph:
    """What TensorFlow traces of a callable, by TensorFlow's front end."""
    tf = sys.modules["tensorflow"]
    specs = [
        tf.TensorSpec(shape, kind, name="input" if not k else f"input_{k}")
        for k, (shape, kind) in enumerate(zip(shapes, kinds, strict=True))
    ]
    try:
        function = tf.function(call, autograph=False).get_concrete_function(*specs)
    except (TypeError, ValueError) as error:
        raise UnreadableModelError(f"the model cannot be traced: {error}") from None
    inner = replace(request, input_shape=None, options={})
    return resolve("tensorflow:read_callable")(function, inner)
