"""``GraphBuilder``: a network written down layer by layer.

Each call states one layer: first its name, then its operands, then its attributes. The builder
keeps the layout (which axes are spatial, which one is the channel) so that the same calls describe
NCHW, NHWC, 1-D and 3-D networks. It also keeps the calls themselves: a graph can be read again at
other input sizes, and where an input size is free (None) the layers are laid out at two stand-in
sizes; whatever differs between the two is free as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ...core.arguments import Shape, integer, listed, normalize_axis, several
from ...core.graph import Draft, FreeShape, Graph
from ...core.ops import Op
from ...errors import InvalidModelError, RFieldError, show_shape, unknown_name
from .layers import Layers

STAND_INS = (1_290_240, 2_580_480)
"""Sizes at which a free axis is laid out: large, and divisible by every usual stride."""


@dataclass(slots=True, eq=False)
class Value:
    """One value of a network in the making; ``shape`` has None where a size is free."""

    builder: GraphBuilder
    index: int
    name: str
    shape: FreeShape
    axes: tuple[int, ...]
    channel_axis: int | None

    def __repr__(self) -> str:
        return f"<{self.name} {show_shape(self.shape)}>"


Make = Callable[[list[Shape]], "Op | list[Op]"]


class _Call(NamedTuple):
    """One recorded layer, enough to lay it out again at other sizes."""

    name: str
    operands: tuple[int, ...]
    make: Make | None
    shape: FreeShape = ()
    axes: tuple[int, ...] = ()


class GraphBuilder(Layers[Value]):
    """Write a network down, then ``build`` it.

    >>> b = GraphBuilder()
    >>> x = b.input("image", (1, 3, 224, 224))
    >>> y = b.conv("conv1", x, kernel=7, stride=2, padding=3, channels=64)
    >>> y = b.max_pool("pool1", y, kernel=3, stride=2, padding=1)
    >>> y.shape
    (1, 64, 56, 56)
    >>> graph = b.build(outputs=[y])
    >>> graph.layers
    ('conv1', 'pool1')
    """

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._drafts: list[Draft] = [_draft()]
        self._places: list[list[int]] = [[]]

    def input(
        self,
        name: str,
        shape: Sequence[int | None],
        axes: Sequence[int] | None = None,
    ) -> Value:
        """Declare an input.

        ``axes`` are the spatial axes (default: all after batch and channel; ``(1, 2)`` for NHWC).
        A size of None is free.
        """
        _check_name(name)
        sizes = _sizes(name, shape)
        try:
            spatial = _spatial(len(sizes), axes)
        except RFieldError as error:
            raise type(error)(f"{name}: {error}") from None
        if None in sizes and len(self._drafts) == 1:
            self._drafts.append(self._replay(self._calls, {}, 1))
            self._places.append(list(self._places[0]))
        rest = [axis for axis in range(1, len(sizes)) if axis not in spatial]
        channel = rest[0] if len(rest) == 1 else None
        return self._record(_Call(name, (), None, sizes, spatial), spatial, channel)

    def build(self, outputs: Sequence[Value | str] | Value | str | None = None) -> Graph:
        """The graph with the given outputs, values or names (default: the last value).

        >>> b = GraphBuilder()
        >>> y = b.conv("conv1", b.input("image", (1, 3, None, None)), kernel=3)
        >>> b.build(outputs="conv1")
        <Graph declared 2 values, image -> conv1>
        """
        if outputs is None:
            outputs = [call.name for call in self._calls[-1:]]
        given = [outputs] if isinstance(outputs, (Value, str)) else listed(outputs)
        if given is None:
            raise InvalidModelError(f"outputs = {outputs!r}; expected values or layer names")
        if not given:
            raise InvalidModelError("the graph has no outputs")
        names = [value if isinstance(value, str) else self._own(value).name for value in given]
        graph = _finish(self._drafts[0], names)
        if len(self._drafts) > 1:
            other = self._drafts[1]
            for index, node in enumerate(graph.nodes):
                twin = other.nodes[index].shape
                if twin != node.shape:
                    graph.free_shapes[index] = _merge(node.shape, twin)
        calls = list(self._calls)

        def reread(shapes: Mapping[str, Sequence[int]]) -> Graph:
            again = _finish(self._replay(calls, shapes, 0), names)
            again.reread = reread
            return again

        graph.reread = reread
        return graph

    def _layer(
        self,
        name: str,
        operands: Sequence[Value],
        make: Make,
        axes: Sequence[int] | None = None,
        channel_axis: int | None = None,
    ) -> Value:
        """Record one layer made by ``make`` from the operands' shapes."""
        _check_name(name)
        if not operands:
            raise InvalidModelError(f"{name}: there are no operands")
        for value in operands:
            self._own(value, name)
        first = operands[0]
        indices = tuple([value.index for value in operands])
        spatial = first.axes if axes is None else tuple(axes)
        channel = first.channel_axis if channel_axis is None else channel_axis
        return self._record(_Call(name, indices, make), spatial, channel)

    def _record(self, call: _Call, axes: tuple[int, ...], channel: int | None) -> Value:
        shapes: list[Shape] = []
        for number, draft in enumerate(self._drafts):
            places = self._places[number]
            try:
                places.append(_lay(draft, call, places, {}, number))
            except RFieldError as error:
                raise self._at_free_sizes(call, error, number) from None
            shapes.append(draft.nodes[places[-1]].shape)
        self._calls.append(call)
        shape = shapes[0] if len(shapes) == 1 else _merge(*shapes)
        return Value(self, len(self._calls) - 1, call.name, shape, axes, channel)

    def _at_free_sizes(self, call: _Call, error: RFieldError, number: int) -> RFieldError:
        """``error`` without the stand-ins: ``?`` for what differs at the other ones."""
        if len(self._drafts) == 1 or call.make is None:
            return error
        other = 1 - number
        operands = [self._places[other][index] for index in call.operands]
        shapes = [self._drafts[other].shape(operand) for operand in operands]
        try:
            _made(call, call.make, shapes)
        except RFieldError as twin:
            one, two = (re.split(r"(\d+)", str(told)) for told in (error, twin))
            if len(one) == len(two):
                pairs = zip(one, two, strict=True)
                return type(error)("".join(a if a == b else "?" for a, b in pairs))
        return error

    def _replay(
        self, calls: Sequence[_Call], shapes: Mapping[str, Sequence[int]], stand_in: int
    ) -> Draft:
        draft, places = _draft(), list[int]()
        for call in calls:
            places.append(_lay(draft, call, places, shapes, stand_in))
        return draft

    def _own(self, value: object, reader: str = "") -> Value:
        if isinstance(value, Value) and value.builder is self:
            return value
        place = f"{reader}: " if reader else ""
        if isinstance(value, Value):
            raise InvalidModelError(f"{place}{value!r} is not a value of this builder")
        raise InvalidModelError(
            f"{place}{value!r} is not a value; expected what an input or a layer returned"
        )


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name:
        raise InvalidModelError(f"name = {name!r}; expected a text that is not empty")


def _sizes(name: str, shape: object) -> FreeShape:
    """The shape of an input as plain integers and None."""
    entries = listed(shape)
    sizes = [None if entry is None else integer(entry) for entry in entries or ()]
    wrong = any(
        entry is not None and (size is None or size < 0)
        for entry, size in zip(entries or (), sizes, strict=True)
    )
    if entries is None or wrong:
        raise InvalidModelError(f"{name}: shape = {shape!r}; expected sizes of at least 0 or None")
    return tuple(sizes)


def _spatial(rank: int, axes: object) -> tuple[int, ...]:
    """The spatial axes of an input."""
    if axes is None:
        return tuple(range(2, rank))
    chosen = tuple(normalize_axis(axis, rank) for axis in several("axes", axes))
    if len(set(chosen)) < len(chosen):
        raise InvalidModelError(f"axes = {axes!r}; expected distinct axes")
    return chosen


def _made(call: _Call, make: Make, shapes: list[Shape]) -> Op | list[Op]:
    """The op of a layer; errors get the layer's name."""
    try:
        return make(shapes)
    except RFieldError as error:
        raise type(error)(f"{call.name}: {error}") from None


def _draft() -> Draft:
    """One in which every layer is read as it is written down, as others may ask for its parts."""
    return Draft(stitching=False)


def _lay(
    draft: Draft,
    call: _Call,
    places: Sequence[int],
    shapes: Mapping[str, Sequence[int]],
    stand_in: int,
) -> int:
    """Lay one recorded call out in ``draft``."""
    if call.make is None:
        free = [axis for axis, size in enumerate(call.shape) if size is None]
        sizes = [STAND_INS[stand_in] if size is None else size for size in call.shape]
        given = shapes.get(call.name)
        if given is not None:
            free, sizes = [], list(given)
        return draft.input(call.name, sizes, call.axes, free)
    operands = [places[index] for index in call.operands]
    nodes = draft.nodes
    made = _made(call, call.make, [nodes[operand].shape for operand in operands])
    if isinstance(made, list):
        return draft.chain(call.name, made, operands[0])
    return draft.add(call.name, made, operands)


def _finish(draft: Draft, names: Sequence[str]) -> Graph:
    layers = {
        n: i for n, i in draft.names.items() if "/step" not in n and draft.nodes[i].kind != "input"
    }
    outputs: list[int] = []
    for name in names:
        if name not in draft.names:
            raise unknown_name("layer", name, draft.names)
        outputs.append(draft.names[name])
    return draft.finish(outputs, layers, origin="declared")


def _merge(one: Sequence[int], other: Sequence[int]) -> FreeShape:
    return tuple(a if a == b else None for a, b in zip(one, other, strict=True))
