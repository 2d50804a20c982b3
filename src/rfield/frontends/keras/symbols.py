"""The code of a layer, run on Keras's symbols: which layers and ops it calls, on any backend.

Nothing is computed but what depends on no input: positions, masks. What Keras notes while it runs
code (calls of layers, names that are taken, changes of variables) is put back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

import keras
import numpy as np
from keras.src import backend
from keras.src.backend.common import global_state
from keras.src.layers.layer import CallContext

from ...errors import InvalidModelError
from ..machine.limits import MASK
from ..machine.values import Constant, Dependent, dependents
from .calls import tensors
from .rulebook import Call, Held, find_rule


class UnrecordedError(InvalidModelError):
    """Code that does not run on Keras's symbols, with the reason; at some sizes perhaps."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Symbols in the place of ``values``, and what the code made of them.

    ``buffers``: variables that are no parameters, by identity; ``changed``: those that a call of a
    layer inside may have changed. ``forget``: undo the notes of calls; until then the symbols say
    how they were made.
    """

    inputs: Sequence[Any]
    values: Sequence[Dependent]
    result: Any
    buffers: set[int]
    changed: set[int]
    forget: Callable[[], None]


def on_symbols(call: Call, dtypes: Mapping[int, str]) -> Recorded:
    """Run the code of a layer on symbols.

    Raises:
        UnrecordedError: the code asks for more than Keras's own ops.
    """
    layer = call.layer
    layers = list(layer._flatten_layers()) if hasattr(layer, "_flatten_layers") else [layer]
    if not all(getattr(each, "built", True) for each in layers):
        raise UnrecordedError("not all of its layers are built")
    given = dependents(call.operands)
    notes = [(each, len(each._inbound_nodes), len(each._outbound_nodes)) for each in layers]

    def forget() -> None:
        for each, inbound, outbound in notes:
            del each._inbound_nodes[inbound:]
            del each._outbound_nodes[outbound:]

    buffers = {id(variable) for each in layers for variable in _buffers(each)}
    try:
        others = [] if call.machine.zeros else _drawn(layers)
        with _as_before(layer, call.training), _sized_results(), keras.StatelessScope(others):
            symbols = {
                value.index: keras.Input(
                    batch_shape=value.shape, dtype=dtypes.get(value.index, keras.config.floatx())
                )
                for value in given
            }
            args, kwargs = with_tensors((list(call.args), dict(call.kwargs)), symbols)
            if _takes_training(layer) and kwargs.get("training") is None:
                kwargs["training"] = call.training
            result = layer.call(*args, **kwargs)
    except UnrecordedError:
        forget()
        raise
    except Exception as error:  # a layer's code raises anything
        forget()
        raise UnrecordedError(f"{type(error).__name__}: {error}") from error
    inputs = [symbols[value.index] for value in given]
    if not tensors(result) and not keras.tree.flatten(result):
        forget()
        raise UnrecordedError("it returns nothing")
    changed = {
        id(variable)
        for each, before, _ in notes
        if each is not layer and _changes(each, each._inbound_nodes[before:], call.training)
        for variable in _buffers(each)
    }
    return Recorded(inputs, given, result, buffers, changed, forget)


def _drawn(layers: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Other numbers for the parameters: what is zero then is zero for all of them."""
    draw = np.random.default_rng(0)
    return [
        (variable, draw.uniform(0.5, 1.5, tuple(variable.shape)).astype(variable.dtype))
        for layer in layers
        for variable in getattr(layer, "_trainable_variables", ())
        if variable.dtype in ("float16", "float32", "float64") and prod(variable.shape) <= MASK
    ]


def _buffers(layer: Any) -> Sequence[Any]:
    """Variables of a layer that are no parameters."""
    return getattr(layer, "_non_trainable_variables", ())


def _changes(layer: Any, calls: Sequence[Any], training: bool) -> bool:
    """Whether these calls of a layer may write to its variables: in training, or if it is code."""
    modes = [call.arguments.kwargs.get("training") for call in calls]
    trained = any(training if mode is None else mode for mode in modes)
    return trained or (bool(calls) and find_rule(layer) is None)


def _takes_training(layer: Any) -> bool:
    return _training_of(layer) is not None


def _training_of(layer: Any) -> Any:
    return getattr(getattr(layer, "_call_signature", None), "parameters", {}).get("training")


def states_training(node: Any) -> bool:
    """Whether a recorded call chose its mode; Keras notes the layer's own default there too."""
    chosen, parameter = node.arguments.kwargs.get("training"), _training_of(node.operation)
    default = None if parameter is None else parameter.default
    return chosen is not None and chosen != default


def trains_by_default(model: Any) -> bool:
    """Whether ``model(x)`` runs as in training, as its code asks for where nothing is said."""
    parameter = _training_of(model)
    return parameter is not None and parameter.default is True


def with_tensors(value: Any, symbols: Mapping[int, Any]) -> Any:
    """Arguments with tensors of the framework in the place of values, by their index."""
    if isinstance(value, Dependent):
        return symbols[value.index]
    if isinstance(value, Held):
        return value.held
    if isinstance(value, Constant):
        if value.array is None:
            raise UnrecordedError("an argument is a constant of unknown contents")
        return keras.ops.convert_to_tensor(value.array)
    if isinstance(value, (list, tuple)):
        made = [with_tensors(entry, symbols) for entry in value]
        return made if isinstance(value, list) else tuple(made)
    if isinstance(value, dict):
        return {key: with_tensors(entry, symbols) for key, entry in value.items()}
    return value


@contextmanager
def _sized_results() -> Iterator[None]:
    """Layers that say nothing of a size of their result (EinsumDense) are asked by tracing them."""
    stated = keras.Layer.compute_output_spec

    def sized(self: Any, *args: Any, **kwargs: Any) -> Any:
        found = stated(self, *args, **kwargs)
        given = tensors([args, kwargs])
        if any(None in each.shape for each in given):
            return found
        if any(None in each.shape for each in tensors(found)):
            return backend.compute_output_spec(self.call, *args, **kwargs)
        return found

    keras.Layer.compute_output_spec = sized
    try:
        yield
    finally:
        keras.Layer.compute_output_spec = stated


@contextmanager
def _as_before(layer: Any, training: bool) -> Iterator[None]:
    """A call as from inside ``layer``; names and contexts are as before when it ends."""
    taken = ("object_name_uids", "current_call_ctx", "uninitialized_variables")
    before = {name: global_state.get_global_attribute(name) for name in taken}
    context = CallContext(entry_layer=layer)
    context.training = training  # type: ignore[attr-defined]  # set by name, as Keras does
    global_state.set_global_attribute("object_name_uids", defaultdict(int))
    global_state.set_global_attribute("current_call_ctx", context)
    global_state.set_global_attribute("uninitialized_variables", None)
    try:
        yield
    finally:
        for name, value in before.items():
            global_state.set_global_attribute(name, value)
