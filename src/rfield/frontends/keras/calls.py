"""The layer graph of a Keras model as its calls; no layer is called, only attributes are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras


def is_layer_graph(model: Any) -> bool:
    """Whether a model is functional, or Sequential (built or not)."""
    return hasattr(model, "operations") or isinstance(model, keras.Sequential)


def layer_graph(model: Any) -> Any:
    """The functional model inside a Sequential one, None if it is not built; else the model."""
    if isinstance(model, keras.Sequential):
        return model._functional
    return model


def calls(functional: Any) -> Iterator[Any]:
    """The calls (Keras's nodes) that belong to a functional model, operands first."""
    inputs = {id(tensor) for tensor in tensors(functional.inputs)}
    for depth in sorted(functional._nodes_by_depth, reverse=True):
        for node in functional._nodes_by_depth[depth]:
            if not node.is_input and not all(id(tensor) in inputs for tensor in node.outputs):
                yield node


def calls_behind(outputs: Sequence[Any], inputs: Sequence[Any]) -> list[Any]:
    """The calls by which symbols were made of others, operands first."""
    made = {id(tensor) for tensor in inputs}
    found: list[Any] = []
    stack = list(reversed(outputs))
    while stack:
        tensor = stack[-1]
        if id(tensor) in made:
            stack.pop()
            continue
        history = tensor._keras_history
        node = history.operation._inbound_nodes[history.node_index]
        missing = [other for other in node.input_tensors if id(other) not in made]
        stack += reversed(missing)
        if not missing:
            found.append(node)
            made.update(id(other) for other in node.outputs)
    return found


def tensors(value: Any) -> list[Any]:
    """The symbols in lists, tuples and dicts, in Keras's order."""
    if isinstance(value, keras.KerasTensor):
        return [value]
    if isinstance(value, dict):
        return [tensor for key in sorted(value) for tensor in tensors(value[key])]
    if isinstance(value, (list, tuple)):
        return [tensor for entry in value for tensor in tensors(entry)]
    return []
