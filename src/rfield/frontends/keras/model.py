"""A Keras model: its inputs, their sizes and axes, and its graph at any sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras

from ...core.arguments import normalize_axis
from ...core.graph import FreeShape, Graph, SizedShape
from ...errors import InvalidModelError, show_shape, unknown_name
from ..machine.free import read_free
from ..machine.names import printable
from ..machine.values import Dependent, dependents
from ..registry import Request
from .calls import calls, is_layer_graph, layer_graph, tensors
from .reader import Reader


@dataclass(frozen=True, slots=True)
class Entry:
    """One input of the model."""

    name: str
    shape: FreeShape
    dtype: str
    channels_first: bool = False


class Model:
    """A model, ready to be read.

    ``read``: reads it with values in the place of its inputs; what it returns.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        read: Callable[[Reader, list[Dependent]], Any],
        request: Request,
        origin: str,
    ) -> None:
        self.entries = entries
        self.read = read
        self.request = request
        self.origin = origin
        self.shapes = self._shapes()
        self.axes = {entry.name: self._axes(entry) for entry in entries}

    def graph(self) -> Graph:
        """The graph at the sizes that were asked for; free ones stay free."""
        return read_free(self.shapes, self._measured(), self._lay_out)

    def _lay_out(self, shapes: Mapping[str, SizedShape]) -> Graph:
        reader = Reader(self.request, free=self._is_free())
        inputs: list[Dependent] = []
        for entry in self.entries:
            shape = tuple(shapes[entry.name])
            index = reader.draft.input(entry.name, list(shape), self.axes[entry.name], [])
            reader.dtypes[index] = entry.dtype
            inputs.append(Dependent(index, shape))
        found = dependents(self.read(reader, inputs))
        if reader.unsupported and self.request.unknown == "error":
            raise reader.unsupported.error()
        if not found:
            raise InvalidModelError(f"{self.origin}: no output depends on an input")
        layers, outputs = reader.names.all_layers(), [value.index for value in found]
        graph = reader.draft.finish(outputs, layers, origin=self.origin)
        graph.main_output = 0
        return graph

    def _measured(self) -> dict[str, list[int]]:
        """All axes but the batch."""
        return {
            name: [axis for axis in range(len(shape)) if axis or 0 in self.axes[name]]
            for name, shape in self.shapes.items()
        }

    def _is_free(self) -> bool:
        measured = self._measured()
        return any(
            shape[axis] is None for name, shape in self.shapes.items() for axis in measured[name]
        )

    def _shapes(self) -> dict[str, FreeShape]:
        shapes: dict[str, FreeShape] = {entry.name: entry.shape for entry in self.entries}
        given = self.request.input_shape
        if given is None:
            return shapes
        if not isinstance(given, Mapping):
            if len(shapes) > 1:
                names = ", ".join(map(repr, shapes))
                raise InvalidModelError(f"several inputs, {names}: give {{name: shape}}")
            given = {self.entries[0].name: given}
        for name, shape in given.items():
            if name not in shapes:
                raise unknown_name("input", name, list(shapes))
            if len(shape) != len(shapes[name]):
                raise InvalidModelError(
                    f"{name}: input_shape {show_shape(shape)} for an input of shape "
                    f"{show_shape(shapes[name])}"
                )
            shapes[name] = tuple(shape)
        return shapes

    def _axes(self, entry: Entry) -> tuple[int, ...]:
        rank = len(entry.shape)
        axes = self.request.axes
        if isinstance(axes, Mapping):
            axes = axes.get(entry.name)
        if axes is not None:
            return tuple(normalize_axis(axis, rank) for axis in axes)
        if rank <= 2:
            return tuple(range(1, rank))
        return tuple(range(2, rank) if entry.channels_first else range(1, rank - 1))


def of_layers(model: Any, request: Request) -> Model:
    """A functional or Sequential model; one that is not built needs an input shape."""
    functional = layer_graph(model)
    if functional is not None:
        first = _first_layouts(functional, tensors(functional.inputs))
        entries = [
            Entry(
                printable(tensor._keras_history.operation.name), tuple(tensor.shape),
                tensor.dtype, first.get(id(tensor), False),
            )
            for tensor in tensors(functional.inputs)
        ]  # fmt: skip
    else:
        given = request.input_shape
        if given is None or isinstance(given, Mapping):
            raise InvalidModelError(
                f"the Sequential model {model.name!r} has no input shape yet.\n"
                "  Give one:   rfield.load(model, input_shape=(None, 224, 224, 3))"
            )
        first_layer = next((layout for layout in map(_layout, model.layers) if layout), None)
        entries = [
            Entry("input", tuple(given), keras.config.floatx(), first_layer == "channels_first")
        ]
    return Model(
        entries,
        lambda reader, inputs: reader.model(model, inputs, "", request.training),
        request,
        model.name,
    )


def of_code(model: Any, shapes: Mapping[str, Any], request: Request) -> Model:
    """A model that is code, read on symbols of the given shapes."""
    first = keras.config.image_data_format() == "channels_first"
    entries = [
        Entry(name, tuple(shape), keras.config.floatx(), first) for name, shape in shapes.items()
    ]
    plain = replace(request, input_shape=dict(shapes))
    return Model(
        entries, lambda reader, inputs: reader.code(model, inputs), plain, model.name
    )  # fmt: skip


def _layout(layer: Any) -> str | None:
    return getattr(layer, "data_format", None)


def _first_layouts(functional: Any, inputs: Sequence[Any]) -> dict[int, bool]:
    """Whether an input has its channels first: by the first layer with a layout that reads it."""
    known: dict[int, str | None] = {}
    found = {id(tensor): _first_layout(functional, tensor, known) for tensor in inputs}
    return {key: layout == "channels_first" for key, layout in found.items()}


def _first_layout(functional: Any, tensor: Any, known: dict[int, str | None]) -> str | None:
    """``known``: that of the first input of models inside, which may be called again and again."""
    reached = {id(tensor)}
    for node in calls(functional):
        if reached.isdisjoint(map(id, node.input_tensors)):
            continue
        layer = node.operation
        layout = _layout(layer)
        inner = layer_graph(layer) if is_layer_graph(layer) else None
        if inner is not None:
            if id(inner) not in known:
                known[id(inner)] = _first_layout(inner, tensors(inner.inputs)[0], known)
            layout = known[id(inner)]
        if layout is not None:
            return layout
        if type(layer).__name__ in ("Permute", "Reshape", "Transpose"):
            return None
        reached.update(map(id, node.outputs))
    return None
