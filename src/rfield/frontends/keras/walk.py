"""The layer graph of a functional or Sequential model as a list of calls, nested models opened.

Only attributes are read; no layer is called. Values are named by keys: the identity of the tensor
and the path of nested models in which it lives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras

from ...errors import InvalidModelError
from ..machine.names import printable

Key = tuple[tuple[int, ...], int]
"""Which call of a nested model, and which of its tensors."""

MOST_DEEP = 200

MOST_OPENED = 30_000
"""Calls and nested models. A few models that each call the one inside twice make millions."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A tensor among the arguments of a call."""

    key: Key


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a layer: its name for the user, its arguments, and the tensors that it makes."""

    name: str
    layer: Any
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    results: tuple[Key, ...]
    shapes: tuple[tuple[int | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One input of the model."""

    name: str
    shape: tuple[int | None, ...]
    key: Key


@dataclass(slots=True)
class Walk:
    """A model as data: inputs, calls in an order in which they can be made, and outputs."""

    entries: list[Entry]
    calls: list[Call]
    outputs: list[Key]


def is_layer_graph(model: Any) -> bool:
    """Whether a model is functional, or Sequential (built or not)."""
    return hasattr(model, "operations") or isinstance(model, keras.Sequential)


def layer_graph(model: Any) -> Any:
    """The functional model inside a built Sequential one, or the model itself."""
    if isinstance(model, keras.Sequential):
        return model._functional
    return model


def walk(model: Any, given: tuple[int | None, ...] | None = None) -> Walk:
    """The calls of a model; ``given``: the input shape of a Sequential model that is not built."""
    functional = layer_graph(model)
    if functional is None:
        return _chain(model, given)
    made = Walk([], [], [])
    for tensor in _tensors(functional.inputs):
        name = printable(tensor._keras_history.operation.name)
        made.entries.append(Entry(name, tuple(tensor.shape), ((), id(tensor))))
    counter = [0]
    alias: dict[Key, Key] = {}
    _open(functional, (), "", made, alias, counter)
    made.outputs = [_resolved(alias, ((), id(t))) for t in _tensors(functional.outputs)]
    return made


def _open(
    model: Any, path: tuple[int, ...], prefix: str, made: Walk, alias: dict[Key, Key],
    counter: list[int],
) -> None:  # fmt: skip
    """Add the calls of ``model``; depth is that of the nesting, which a person wrote."""
    if len(path) > MOST_DEEP:
        raise InvalidModelError(f"models nested more than {MOST_DEEP} deep")
    inputs = {id(tensor) for tensor in _tensors(model.inputs)}
    for node in _nodes(model):
        if node.is_input or all(id(tensor) in inputs for tensor in node.outputs):
            continue
        if path and len(made.calls) + counter[0] > MOST_OPENED:
            raise InvalidModelError(
                f"models inside models call more than {MOST_OPENED:,} layers, most of them again "
                "and again"
            )
        layer = node.operation
        name = f"{prefix}{printable(layer.name)}"
        if is_layer_graph(layer) and layer_graph(layer) is not None:
            inner = layer_graph(layer)
            counter[0] += 1
            inside = (*path, counter[0])
            for outer, tensor in zip(node.input_tensors, _tensors(inner.inputs), strict=True):
                alias[inside, id(tensor)] = _resolved(alias, (path, id(outer)))
            _open(inner, inside, f"{name}/", made, alias, counter)
            for outer, tensor in zip(node.outputs, _tensors(inner.outputs), strict=True):
                alias[path, id(outer)] = _resolved(alias, (inside, id(tensor)))
            continue
        made.calls.append(
            Call(
                name,
                layer,
                tuple(_referring(value, path, alias) for value in node.arguments.args),
                {k: _referring(v, path, alias) for k, v in node.arguments.kwargs.items()},
                tuple((path, id(tensor)) for tensor in node.outputs),
                tuple(tuple(tensor.shape) for tensor in node.outputs),
            )
        )


def _nodes(model: Any) -> Iterator[Any]:
    """The calls that belong to this model, operands first."""
    for depth in sorted(model._nodes_by_depth, reverse=True):
        yield from model._nodes_by_depth[depth]


def _referring(value: Any, path: tuple[int, ...], alias: Mapping[Key, Key]) -> Any:
    """The same arguments with tensors replaced by references."""
    if isinstance(value, keras.KerasTensor):
        return Ref(_resolved(alias, (path, id(value))))
    if isinstance(value, (list, tuple)):
        return type(value)([_referring(entry, path, alias) for entry in value]) if not hasattr(
            value, "_fields"
        ) else tuple(_referring(entry, path, alias) for entry in value)  # fmt: skip
    if isinstance(value, dict):
        return {key: _referring(entry, path, alias) for key, entry in value.items()}
    return value


def _resolved(alias: Mapping[Key, Key], key: Key) -> Key:
    return alias.get(key, key)


def _tensors(value: Any) -> list[Any]:
    """Tensors of a list, tuple or dict, in Keras's order."""
    if isinstance(value, keras.KerasTensor):
        return [value]
    if isinstance(value, dict):
        return [tensor for key in sorted(value) for tensor in _tensors(value[key])]
    return [tensor for entry in value for tensor in _tensors(entry)]


def _chain(model: Any, given: tuple[int | None, ...] | None) -> Walk:
    """A Sequential model that is not built: its layers one after the other."""
    if given is None:
        raise InvalidModelError(
            f"the Sequential model {model.name!r} has no input shape yet.\n"
            "  Give one:   rfield.load(model, input_shape=(None, 224, 224, 3))"
        )
    key: Key = ((), -1)
    made = Walk([Entry("input", tuple(given), key)], [], [])
    for number, layer in enumerate(model.layers):
        if is_layer_graph(layer):
            inner = walk(layer, ()) if layer_graph(layer) is not None else _chain(layer, given)
            moved = {entry.key: key for entry in inner.entries}
            for call in inner.calls:
                made.calls.append(_moved(call, f"{printable(layer.name)}/", number, moved))
            key = moved.get(inner.outputs[0], ((number,), inner.outputs[0][1]))
            continue
        result: Key = ((), number)
        made.calls.append(Call(printable(layer.name), layer, (Ref(key),), {}, (result,), ()))
        key = result
    made.outputs = [key]
    return made


def _moved(call: Call, prefix: str, number: int, moved: dict[Key, Key]) -> Call:
    """A call of a nested model, under the names of the outer one."""

    def place(key: Key) -> Key:
        return moved.get(key, ((number, *key[0]), key[1]))

    def turn(value: Any) -> Any:
        if isinstance(value, Ref):
            return Ref(place(value.key))
        if isinstance(value, (list, tuple)):
            return type(value)(turn(entry) for entry in value)
        return value

    return Call(
        prefix + call.name, call.layer, turn(call.args),
        {k: turn(v) for k, v in call.kwargs.items()},
        tuple(place(key) for key in call.results), call.shapes,
    )  # fmt: skip
