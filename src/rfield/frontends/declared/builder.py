"""``GraphBuilder``: a network written down layer by layer.

Each call states one layer: first its name, then its operands, then its attributes. The builder
keeps the layout (which axes are spatial, which one is the channel) so that the same calls describe
NCHW, NHWC, 1-D and 3-D networks. It also keeps the calls themselves: a graph can be read again at
other input sizes, and where an input size is free (None) the layers are laid out at two stand-in
sizes; whatever differs between the two is free as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


from ...core.arguments import Shape, normalize_axis
from ...core.graph import Draft, FreeShape, Graph
from ...core.ops import Op
from ...errors import InvalidModelError, RFieldError
from .layers import Layers

STAND_INS = (720_720 << 22, 720_720 << 23)
"""Sizes at which a free axis is laid out: large, and divisible by every usual stride."""


@dataclass(frozen=True, eq=False)
class Value:
    """One value of a network in the making; ``shape`` has None where a size is free."""

    builder: GraphBuilder
    index: int
    name: str
    shape: FreeShape
    axes: tuple[int, ...]
    channel_axis: int | None

    def __repr__(self) -> str:
        return f"<{self.name} {self.shape}>"


Make = Callable[[list[Shape]], "Op | list[Op]"]


@dataclass(frozen=True)
class _Call:
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
        self._drafts: list[Draft] = [Draft()]
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
        shape = tuple(shape)
        if any(size is not None and (isinstance(size, bool) or size < 0) for size in shape):
            raise InvalidModelError(
                f"{name}: shape = {shape!r}; expected sizes of at least 0 or None"
            )
        try:
            spatial = tuple(
                normalize_axis(a, len(shape))
                for a in (range(2, len(shape)) if axes is None else axes)
            )
        except RFieldError as error:
            raise type(error)(f"{name}: {error}") from None
        if any(size is None for size in shape) and len(self._drafts) == 1:
            self._drafts.append(self._replay(self._calls, {}, 1))
            self._places.append(list(self._places[0]))
        return self._record(_Call(name, (), None, shape, spatial), spatial, None)

    def build(self, outputs: Sequence[Value | str] | None = None) -> Graph:
        """The graph with the given outputs (default: the last value)."""
        if outputs is None:
            outputs = [self._calls[-1].name] if self._calls else []
        if not outputs:
            raise InvalidModelError("the graph has no outputs")
        names = [self._own(value).name if isinstance(value, Value) else value for value in outputs]
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
        indices = tuple(self._own(value).index for value in operands)
        spatial = tuple(operands[0].axes if axes is None else axes)
        channel = operands[0].channel_axis if channel_axis is None else channel_axis
        return self._record(_Call(name, indices, make), spatial, channel)

    def _record(self, call: _Call, axes: tuple[int, ...], channel: int | None) -> Value:
        for number, draft in enumerate(self._drafts):
            self._places[number].append(_lay(draft, call, self._places[number], {}, number))
        self._calls.append(call)
        shapes = [d.nodes[p[-1]].shape for d, p in zip(self._drafts, self._places, strict=True)]
        shape = _merge(shapes[0], shapes[-1])
        if channel is None and not call.operands:
            rest = [a for a in range(1, len(shape)) if a not in axes]
            channel = rest[0] if len(rest) == 1 else None
        return Value(self, len(self._calls) - 1, call.name, shape, axes, channel)

    def _replay(
        self, calls: Sequence[_Call], shapes: Mapping[str, Sequence[int]], stand_in: int
    ) -> Draft:
        draft, places = Draft(), list[int]()
        for call in calls:
            places.append(_lay(draft, call, places, shapes, stand_in))
        return draft

    def _own(self, value: Value) -> Value:
        if not isinstance(value, Value) or value.builder is not self:  # pyright: ignore[reportUnnecessaryIsInstance]  # users pass anything
            raise InvalidModelError(f"{value!r} is not a value of this builder")
        return value


def _lay(
    draft: Draft,
    call: _Call,
    places: Sequence[int],
    shapes: Mapping[str, Sequence[int]],
    stand_in: int,
) -> int:
    """Lay one recorded call out in ``draft``; errors get the layer's name."""
    if call.make is None:
        free = [axis for axis, size in enumerate(call.shape) if size is None]
        sizes = [STAND_INS[stand_in] if size is None else size for size in call.shape]
        given = shapes.get(call.name)
        if given is not None:
            free, sizes = [], list(given)
        return draft.input(call.name, sizes, call.axes, free)
    operands = [places[index] for index in call.operands]
    try:
        made = call.make([draft.shape(operand) for operand in operands])
    except RFieldError as error:
        raise type(error)(f"{call.name}: {error}") from None
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
            raise layers_error(name, draft)
        outputs.append(draft.names[name])
    return draft.finish(outputs, layers, origin="declared")


def layers_error(name: str, draft: Draft) -> RFieldError:
    """The error for an output name that no layer has."""
    from ...errors import unknown_name

    return unknown_name("layer", name, draft.names)


def _merge(one: Sequence[int], other: Sequence[int]) -> FreeShape:
    return tuple(a if a == b else None for a, b in zip(one, other, strict=True))
