"""TensorFlow graphs: ``.pb``, ``.pbtxt``, SavedModel folders, and live graphs and functions.

Files are read with the protobuf package alone; TensorFlow is not imported. Options of
``rfield.load``: ``inputs`` and ``outputs`` (names of nodes, ``name`` or ``name:k``) and
``signature`` (of a SavedModel).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ...core.graph import Graph
from ...errors import InvalidModelError, UnreadableModelError
from ..machine.limits import COMPUTED
from ..machine.protocol import Constant, Outputs, Reading
from ..registry import Request
from . import (  # noqa: F401  # importing a family registers its rules
    assigning,
    blocks,
    contraction,
    control,
    convolution,
    layout,
    lists,
    messages,
    normalization,
    pointwise,
    pooling,
    resize,
    sources,
)
from .files import Source, parse, read
from .model import Model
from .rulebook import RULES, Call, rule
from .sources import ASSIGNING, CAPTURED, HELD, LARGE, NUMBERS

__all__ = [
    "RULES",
    "Call",
    "Constant",
    "Outputs",
    "Reading",
    "read_callable",
    "read_graph",
    "read_path",
    "rule",
]


def read_path(path: Path, request: Request) -> Graph:
    """A ``.pb`` or ``.pbtxt`` file, or a SavedModel folder."""
    return Model(read(Path(path), request.options.get("signature")), request).graph()


def read_graph(graph: Any, request: Request) -> Graph:
    """A live ``tf.Graph`` or ``GraphDef``."""
    if hasattr(graph, "as_graph_def"):
        graph = graph.as_graph_def(add_shapes=True)
    return Model(Source(parse(graph.SerializeToString()), origin="graph"), request).graph()


def read_callable(function: Any, request: Request) -> Graph:
    """A ``ConcreteFunction``, a ``tf.function`` (traced with ``input_shape``), or a module."""
    if hasattr(function, "inputs") and hasattr(function, "graph"):
        return _read_concrete(function, request)
    function = _traceable(function)
    graph = _read_concrete(_traced(function, request), request)
    return traced_anew(graph, partial(_read_anew, function, request), request.input_shape)


def _read_concrete(function: Any, request: Request) -> Graph:
    graph = function.graph.as_graph_def(add_shapes=True)
    _note_captures(function, graph)
    if type(function).__name__ == "ConcreteFunction":  # not frozen: no parameter is a constant
        request = replace(request, options={"zeros": True, **request.options})
    captured = {id(tensor) for tensor in function.graph.internal_captures}
    inputs = {
        tensor.op.name: tensor.name for tensor in function.inputs if id(tensor) not in captured
    }
    outputs = {str(k): tensor.name for k, tensor in enumerate(function.outputs)}
    source = Source(parse(graph.SerializeToString()), inputs, outputs, origin="function")
    return Model(source, request).graph()


def _read_anew(function: Any, request: Request, shapes: Sequence[Sequence[int]]) -> Graph:
    (shape,) = shapes
    request = replace(request, input_shape=tuple(shape))
    return _read_concrete(_traced(function, request), request)


def traced_anew(
    graph: Graph, read: Callable[[Sequence[Sequence[int]]], Graph], asked: object
) -> Graph:
    """The graph, to be read at other sizes by tracing the code again: it may ask for its sizes.

    ``read``: with the shapes of the inputs in order. ``asked``: the shape that was asked for; what
    was traced without one is the same at every size.
    """

    def reread(wanted: Mapping[str, Sequence[int]]) -> Graph:
        shapes = [wanted.get(e.name, graph.nodes[e.node].shape) for e in graph.inputs_]
        try:
            again = read(shapes)
        except UnreadableModelError as error:
            raise InvalidModelError(str(error)) from None
        again.reread = reread
        return again

    if asked is not None:
        graph.reread = reread
    return graph


def _variables(function: Any) -> Sequence[Any]:
    """The variables of a function; none where one that it captured is gone, of which none tells."""
    try:
        return getattr(function, "variables", ())
    except AssertionError:  # how TensorFlow says so
        return ()


def _note_captures(function: Any, graph: Any) -> None:
    """Write what is captured beside its placeholder: shapes of variables, numbers of tensors.

    Variables that are not trained have numbers too, unless a node writes to any.
    """
    import tensorflow as tf

    captures = function.graph.captures
    nodes = [*graph.node, *(node for each in graph.library.function for node in each.node_def)]
    written = any(node.op in ASSIGNING for node in nodes)
    fixed = {
        id(variable.handle): variable
        for variable in (() if written else _variables(function))
        if not variable.trainable
        and (variable.dtype.is_floating or variable.dtype.is_bool)
        and variable.dtype != tf.bfloat16
        and 0 < (variable.shape.num_elements() or 0) <= COMPUTED
    }
    tensors = {
        inside.op.name: outside
        for outside, inside in captures
        if tf.is_tensor(outside) and outside.dtype.is_numpy_compatible and hasattr(outside, "numpy")
    }
    shapes = {
        inside.op.name: data.shape_and_type[0].shape
        for outside, inside in captures
        if (data := getattr(outside, "_handle_data", None)) is not None and data.shape_and_type
    }
    numbers = {
        inside.op.name: fixed[id(outside)] for outside, inside in captures if id(outside) in fixed
    }
    held = {inside.op.name: id(outside) for outside, inside in captures}
    for node in graph.node:
        if node.name in held:
            node.attr[CAPTURED].i = held[node.name]
        if node.name in numbers:
            node.attr[NUMBERS].tensor.CopyFrom(tf.make_tensor_proto(numbers[node.name].numpy()))
        if node.name in shapes:
            node.attr[HELD].shape.CopyFrom(shapes[node.name])
        elif node.name in tensors:
            tensor = tensors[node.name]
            if tensor.shape.num_elements() > COMPUTED:
                node.attr[LARGE].b = True
            else:
                node.attr[NUMBERS].tensor.CopyFrom(tf.make_tensor_proto(tensor.numpy()))


def _traceable(function: Any) -> Any:
    import tensorflow as tf

    if hasattr(function, "get_concrete_function"):
        return function
    return tf.function(function.__call__ if isinstance(function, tf.Module) else function)


def _traced(function: Any, request: Request) -> Any:
    import tensorflow as tf

    try:
        if request.input_shape is None:
            return function.get_concrete_function()
        return function.get_concrete_function(tf.TensorSpec(request.input_shape, tf.float32))
    except (TypeError, ValueError) as error:
        raise UnreadableModelError(
            f"the function cannot be traced: {error}\n"
            "  Trace it yourself:   rfield.load(function.get_concrete_function(tf.TensorSpec(...)))"
        ) from None
