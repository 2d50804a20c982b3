"""One JAX model: its jaxpr at any input sizes, and the graph that is read from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import jax

from ...core.arguments import normalize_axis
from ...core.graph import Graph, SizedShape
from ...errors import InvalidModelError, RFieldError, unknown_name
from ..machine.drawing import put_back, unread
from ..machine.free import read_free
from ..machine.values import Constant, Dependent, dependents
from ..registry import Request
from .control import called
from .reader import Reader, Weight
from .sources import Source, argument_names, closed_over, shapes_of, source_of

OPTIONS = ("dtype",)


class Program(NamedTuple):
    """A traced model: what it is, its inputs (shapes with types), its jaxpr, what was read."""

    source: Source
    inputs: list[Any]
    closed: Any
    reader: Reader
    graph: Graph


class Model:
    """A model, to be laid out at any input sizes.

    Options: ``dtype``, the type of the inputs (``"int32"`` for tokens), or of each by its name.
    """

    def __init__(self, model: Any, request: Request) -> None:
        for name in request.options:
            if name not in OPTIONS:
                raise unknown_name("option", name, OPTIONS)
        self.model = model
        self.request = request
        self.shapes = shapes_of(request, argument_names(model))
        self.free = False

    def graph(self) -> Graph:
        """The graph at the sizes that were asked for; free ones stay free."""
        axes = self.request.axes
        batch = isinstance(axes, Sequence) and 0 in axes
        measured = {name: range(not batch, len(shape)) for name, shape in self.shapes.items()}
        self.free = any(None in shape[not batch :] for shape in self.shapes.values())
        return read_free(self.shapes, measured, lambda shapes: self.program(shapes).graph)

    def program(self, shapes: Mapping[str, SizedShape]) -> Program:
        """The model at these sizes."""
        inputs = [jax.ShapeDtypeStruct(sizes, self._dtype(name)) for name, sizes in shapes.items()]
        with put_back() as drawn:
            source, closed = self._traced(inputs)
        if drawn and self._uses_none(inputs):
            drawn = []
        jaxpr = closed.jaxpr
        reader = Reader(
            self.request.training, self.request.unknown, _roots(jaxpr, source.origin),
            closed_over(self.model), free=self.free, soft_masks=self.request.soft_masks,
        )  # fmt: skip
        count = len(jaxpr.invars) - len(inputs)
        paths = source.paths or [""] * count
        weights: list[Constant] = [
            Weight(tuple(variable.aval.shape), path, counts=counts)
            for variable, path, counts in zip(
                jaxpr.invars[:count], paths, source.are_parameters(), strict=True
            )
        ]
        for place, weight in enumerate(weights):
            weight.key = place
        values: list[Dependent] = []
        for name, sizes in shapes.items():
            axes = self._axes(name, len(sizes), jaxpr, channels_first=source.channels_first)
            values.append(Dependent(reader.draft.input(name, sizes, axes), tuple(sizes)))
        constants = [reader.held(value) for value in closed.consts]
        results = reader.read(jaxpr, constants, [*weights, *values])
        if reader.unsupported and self.request.unknown == "error":
            raise reader.unsupported.error()
        found = [value.index for value in dependents(results)]
        if not found:
            raise InvalidModelError(
                f"{source.origin}: no output depends on the input {', '.join(shapes)}"
            )
        graph = reader.draft.finish(found, reader.layers, origin=source.origin)
        graph.main_output = 0
        graph.assumed = (source.assumed,) if source.assumed else ()
        graph.restless = tuple(drawn)
        return Program(source, inputs, closed, reader, graph)

    def _dtype(self, name: str) -> Any:
        kinds = self.request.options.get("dtype", "float32")
        return kinds.get(name, "float32") if isinstance(kinds, Mapping) else kinds

    def _traced(self, inputs: Sequence[Any]) -> tuple[Source, Any]:
        try:
            source = source_of(self.model, self.request, inputs)
            try:
                closed = jax.make_jaxpr(source.function)(source.weights, *inputs)
            except (TypeError, ValueError, AssertionError):
                if source.otherwise is None:
                    raise
                closed = jax.make_jaxpr(source.otherwise)(source.weights, *inputs)
                source = replace(source, assumed="")
            else:
                if not (source.assumed and _takes(source, inputs)):
                    source = replace(source, assumed="")
        except RFieldError:
            raise
        except Exception as error:  # whatever the model raises on these shapes
            shown = ", ".join(str(tuple(x.shape)) for x in inputs)
            first = str(error).strip().partition("\n")[0]
            raise InvalidModelError(
                f"the model cannot be traced with the input {shown}: "
                f"{type(error).__name__}: {first}"
            ) from error
        return source, closed

    def _uses_none(self, inputs: Sequence[Any]) -> bool:
        """Whether the model does not look at the numbers that it draws from Python or NumPy."""
        try:
            with unread(), put_back() as drawn:
                self._traced(inputs)
        except RFieldError:
            return False
        return not drawn

    def _axes(self, name: str, rank: int, jaxpr: Any, *, channels_first: bool) -> tuple[int, ...]:
        axes = self.request.axes
        if isinstance(axes, Mapping):
            axes = axes.get(name)
        if axes is not None:
            return tuple(normalize_axis(axis, rank) for axis in axes)
        if rank < 3:
            return tuple(range(rank))[-1:]
        spec = _first_layout(jaxpr, rank)
        if spec is not None:
            return tuple(sorted(spec[2:]))
        return tuple(range(2, rank) if channels_first else range(1, rank - 1))


def _takes(source: Source, inputs: Sequence[Any]) -> bool:
    """Whether the model takes the inputs the other way, too."""
    assert source.otherwise is not None
    try:
        jax.eval_shape(source.otherwise, source.weights, *inputs)
    except Exception:  # noqa: BLE001  # whatever the model raises on these shapes
        return False
    return True


def _first_layout(jaxpr: Any, rank: int) -> Sequence[int] | None:
    """How the first convolution of this rank lays out its input, calls opened."""
    for equation in jaxpr.eqns:
        if equation.primitive.name == "conv_general_dilated":
            spec = equation.params["dimension_numbers"].lhs_spec
            if len(spec) == rank:
                return spec
        inner = called(equation.params)
        found = _first_layout(getattr(inner, "jaxpr", inner), rank) if inner else None
        if found is not None:
            return found
    return None


def _roots(jaxpr: Any, origin: str) -> set[str]:
    """The module or function around everything, which is no name for any layer."""
    if len(jaxpr.eqns) == 1 and jaxpr.eqns[0].params.get("name") == origin:
        inner = called(jaxpr.eqns[0].params)
        return {origin, *_roots(getattr(inner, "jaxpr", inner), "")}
    stacks = [str(equation.source_info.name_stack) for equation in jaxpr.eqns]
    first = {stack.partition("/")[0] for stack in stacks}
    inside = any("/" in stack for stack in stacks)
    only = first.pop() if len(first) == 1 else ""
    return {only} if inside or only == origin else set()
