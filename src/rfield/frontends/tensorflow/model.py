"""One TensorFlow graph as a model: its inputs and outputs, and the graph at any input size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.arguments import normalize_axis
from ...core.graph import FreeShape, Graph, SizedShape
from ...errors import InvalidModelError, UnreadableModelError, show_shape, unknown_name
from ..machine import limits
from ..machine.free import read_free
from ..machine.names import printable
from ..machine.values import Constant, Dependent, Outputs, dependents, known
from ..registry import Request
from .blocks import written_out
from .bodies import Body, pick
from .files import Source
from .library import Library
from .loops import untie
from .reader import Reader, Spending
from .values import Blocked, Mark, shape_of

_PLACEHOLDERS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")
_NOT_NUMBERS = frozenset({7, 20, 21})  # string, resource, variant
_BOOL = 10
_LAID_OUT = frozenset({
    "AvgPool", "AvgPool3D", "Conv2D", "Conv3D", "DepthToSpace", "DepthwiseConv2dNative",
    "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "MaxPool", "MaxPool3D",
    "SpaceToDepth",
})  # fmt: skip
"""Ops whose ``data_format`` tells how an input is laid out."""


@dataclass(slots=True)
class Entry:
    """One input: its name for the user, its node, its shape with None where free, and its axes."""

    name: str
    place: int
    shape: FreeShape | None
    axes: tuple[int, ...] = ()
    channels_first: bool = False


class Model:
    """A graph made ready, to be laid out at any input sizes."""

    def __init__(self, source: Source, request: Request) -> None:
        self.source = source
        self.request = request
        self.functions = Library(
            source.graph.library.function, zeros=bool(request.options.get("zeros"))
        )
        self._main: Body | None = None
        self.fixed: dict[int, Any] = {}
        self.entries = self._entries()
        self.targets = self._targets()
        self._set_shapes()
        self.main.places.clear()  # from here on nothing is looked up by its name

    @property
    def main(self) -> Body:
        """The nodes, made ready to be read; of a large graph for each reading anew."""
        if self._main is None:
            self._main = self.functions.main(self.source.nodes)
            untie(self._main)
        return self._main

    def graph(self) -> Graph:
        """The graph at the sizes that were asked for; free ones stay free."""
        shapes = {entry.name: entry.shape or () for entry in self.entries}
        measured = {name: range(1, len(shape)) for name, shape in shapes.items()}
        return read_free(shapes, measured, self._lay_out)

    def _lay_out(self, shapes: Mapping[str, SizedShape]) -> Graph:
        reader = Reader(
            self.functions, len(self.source.graph.node), self.request.training,
            self.request.unknown, self.request.soft_masks,
        )  # fmt: skip
        body, order = self.main, self.main.order(self.targets)
        values: list[Any] = list(body.constants)
        spending = None
        if self.source.is_large:
            self._main, spending = None, Spending(body)
        inputs: list[Dependent] = []
        for entry in self.entries:
            sizes = shapes[entry.name]
            index = reader.draft.input(entry.name, sizes, entry.axes)
            inputs.append(Dependent(index, sizes))
            beside = Constant(None, origin=f"beside {entry.name!r}")
            values[entry.place] = Outputs([inputs[-1], *[beside] * (limits.OUTPUTS - 1)])
        for place, value in self.fixed.items():
            values[place] = value
        reader.nodes(body, order, values, spending)
        if reader.unsupported and self.request.unknown == "error":
            raise reader.unsupported.error()
        read = _are_read(body, order, values) if spending is None else spending.read
        for place in order:
            end = not read[place] or any(place == named for named, _ in self.named)
            if end and type(values[place]) is Blocked:
                reader.name = body.items[place].name
                values[place] = reader.step(written_out(values[place]))
        outputs = self._outputs(order, values, read, inputs)
        for entry in self.entries:
            reader.layers.pop(entry.name, None)
        if not outputs:
            names = ", ".join(entry.name for entry in self.entries)
            raise UnreadableModelError(
                f"{self.source.origin or 'graph'}: no node depends on the input {names}"
            )
        return reader.draft.finish(outputs, reader.layers, origin=self.source.origin)

    def _outputs(
        self, order: Sequence[int], values: Sequence[Any], read: bytearray,
        inputs: Sequence[Dependent],
    ) -> list[int]:  # fmt: skip
        """The named outputs, or the values that no other value reads."""
        if self.source.outputs or self.request.options.get("outputs"):
            named = [pick(values[place], output) for place, output in self.named]
            aside = next((k for k, value in enumerate(named) if value is Mark.ASIDE), None)
            if aside is not None:
                raise UnreadableModelError(
                    f"output {self.main.items[self.named[aside][0]].name!r} is computed from "
                    "gradients or from what training does, which is not read"
                )
            return [value.index for value in dependents([v for v in named if not _is_list(v)])]
        ends = dependents([
            value for place in order if not read[place]
            for value in (values[place] if type(values[place]) is Outputs else [values[place]])
            if not _is_list(value)
        ])  # fmt: skip
        found = [value.index for value in ends]
        entered = {value.index for value in inputs}
        return [index for index in found if index not in entered] or found

    # -- which nodes are inputs and outputs ------------------------------------------------

    def _entries(self) -> list[Entry]:
        named = self.request.options.get("inputs")
        if named is not None:
            wanted = [named] if isinstance(named, str) else list(named)
            return [Entry(name, *self._place(name, "input")) for name in wanted]
        if self.source.inputs:
            return self._of_signature()
        found: list[Entry] = []
        read = {place for item in self.main.items for place, _ in item.inputs}
        for place, item in enumerate(self.main.items):
            if item.op in _PLACEHOLDERS:
                entry = self._of_placeholder(place)
                if entry is not None and (entry.shape is not None or place in read):
                    found.append(entry)
        if not found:
            raise UnreadableModelError(
                f"{self.source.origin or 'graph'}: no placeholder for an image or signal.\n"
                '  Name the tensor to start from:   rfield.load(..., inputs=["node"], '
                'input_shape={"node": (1, 224, 224, 3)})'
            )
        return found

    def _of_signature(self) -> list[Entry]:
        found: list[Entry] = []
        for key, tensor in self.source.inputs.items():
            place = self._place(tensor, "input")[0]
            entry = self._of_placeholder(place)
            if entry is not None:
                entry.name = printable(key)
                found.append(entry)
        return found

    def _of_placeholder(self, place: int) -> Entry | None:
        """None for placeholders that carry no numbers, or only a flag."""
        item = self.main.items[place]
        attributes = item.node.attr
        dtype = attributes["dtype"].type % 100 if "dtype" in attributes else 0
        shape = shape_of(attributes["shape"].shape) if "shape" in attributes else None
        if dtype in _NOT_NUMBERS or (item.op == "PlaceholderWithDefault" and shape in ((), None)):
            return None
        if dtype == _BOOL and not shape:
            self.fixed[place] = known(self.request.training)
            return None
        return Entry(item.name, place, shape)

    def _place(self, name: str, what: str) -> tuple[int, Any]:
        node = name.partition(":")[0]
        place = self.main.places.get(node)
        if place is None:
            raise unknown_name(what, printable(name), [item.name for item in self.main.items])
        attributes = self.main.items[place].node.attr
        shape = shape_of(attributes["shape"].shape) if "shape" in attributes else None
        return place, shape

    def _targets(self) -> tuple[int, ...] | None:
        named = self.request.options.get("outputs")
        if named is not None:
            texts = [named] if isinstance(named, str) else list(named)
        else:
            texts = list(self.source.outputs.values())
        self.named: list[tuple[int, int]] = []
        for text in texts:
            place, _ = self._place(text, "output")
            number = text.partition(":")[2]
            self.named.append((place, int(number) if number.isdecimal() else 0))
        return tuple(place for place, _ in self.named) or None

    # -- shapes and axes --------------------------------------------------------------------

    def _set_shapes(self) -> None:
        given = self.request.input_shape
        if isinstance(given, Mapping):
            names = [entry.name for entry in self.entries]
            for name in given:
                if name not in names:
                    raise unknown_name("input", name, names)
            for entry in self.entries:
                if entry.name in given:
                    self._set_shape(entry, given[entry.name])
        elif given is not None:
            self._set_shape(self._one_entry(tuple(given)), given)
        first = _first_layouts(self.main, self.entries)
        for entry in self.entries:
            if entry.shape is None:
                raise UnreadableModelError(
                    f"input {entry.name!r} has no shape in the file.\n"
                    f"  Give one:   rfield.load(..., input_shape={{{entry.name!r}: "
                    "(1, 224, 224, 3)})"
                )
            entry.axes = self._axes(entry, len(entry.shape), entry.place in first)

    def _set_shape(self, entry: Entry, given: Iterable[int | None]) -> None:
        shape = tuple(given)
        if any(size is not None and (type(size) is not int or size < 0) for size in shape):
            raise InvalidModelError(
                f"{entry.name}: shape = {shape!r}; expected sizes of at least 0 or None"
            )
        if entry.shape is not None and len(entry.shape) not in (0, len(shape)):
            raise InvalidModelError(
                f"{entry.name}: input_shape {show_shape(shape)} for an input of shape "
                f"{show_shape(entry.shape)}"
            )
        entry.shape = shape

    def _one_entry(self, given: FreeShape) -> Entry:
        """The input that a single ``input_shape`` is for."""
        fitting = [
            entry for entry in self.entries
            if entry.shape in (None, ()) or len(entry.shape or ()) == len(given)
        ]  # fmt: skip
        if len(self.entries) == 1:
            return self.entries[0]
        exact = [entry for entry in fitting if entry.shape not in (None, ())]
        chosen = exact if len(exact) == 1 else fitting
        if len(chosen) != 1:
            names = ", ".join(repr(entry.name) for entry in self.entries)
            raise InvalidModelError(
                f"input_shape {show_shape(given)} could be for several of the inputs {names}; "
                "give {name: shape}"
            )
        return chosen[0]

    def _axes(self, entry: Entry, rank: int, channels_first: bool) -> tuple[int, ...]:
        axes = self.request.axes
        if isinstance(axes, Mapping):
            axes = axes.get(entry.name)
        if axes is not None and (isinstance(self.request.axes, Mapping) or rank > max(axes)):
            return tuple(normalize_axis(axis, rank) for axis in axes)
        if rank == 2:
            return (1,)
        return tuple(range(2, rank) if channels_first else range(1, rank - 1))


def _first_layouts(main: Body, entries: Sequence[Entry]) -> set[int]:
    """The inputs whose first op with a ``data_format`` has the channels first."""
    if not any(
        item.node.attr["data_format"].s.startswith(b"NC")
        for item in main.items
        if item.op in _LAID_OUT and "data_format" in item.node.attr
    ):
        return set()
    readers: dict[int, list[int]] = {}
    for place, item in enumerate(main.items):
        for source, _ in item.inputs:
            readers.setdefault(source, []).append(place)
    found: set[int] = set()
    for entry in entries:
        queue, seen = [entry.place], {entry.place}
        for place in queue:
            item = main.items[place]
            if item.op in _LAID_OUT and "data_format" in item.node.attr:
                if item.node.attr["data_format"].s.startswith(b"NC"):
                    found.add(entry.place)
                break
            if item.op in ("Transpose", "Reshape", "Shape"):
                continue
            for reader in readers.get(place, ()):
                if reader not in seen:
                    seen.add(reader)
                    queue.append(reader)
    return found


def _are_read(body: Body, order: Sequence[int], values: Sequence[Any]) -> bytearray:
    """Whether other nodes read it, for every node; what only training and files read is not."""
    read = bytearray(len(body.items))
    for place in order:
        if values[place] is not Mark.ASIDE:
            for source, _ in body.items[place].inputs:
                read[source] = 1
    return read


def _is_list(value: Any) -> bool:
    return isinstance(value, tuple)
