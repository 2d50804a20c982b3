"""Reading a model: a file or a ``ModelProto`` becomes a graph.

The model is read once into plain records; laying it out at given sizes is a second step, which is
repeated for the stand-in sizes of free axes and whenever analysis asks for other sizes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError
from onnx import ModelProto

from ...core.graph import Draft, FreeShape, Graph
from ...errors import (
    InvalidModelError,
    RFieldError,
    UnreadableModelError,
    show_shape,
    unknown_name,
)
from ..registry import Request
from ..stripping import stripped_file
from .failures import NeedsValuesError, cleaned, damaged
from .inputs import Plan, closed, plan_inputs
from .model import ModelRecord, read_record
from .payloads import MODEL, may_go
from .tensors import Value, known
from .tracer import Scope, Tracer
from .unknown import refuse_unknown

STAND_INS = ((1_290_240, 2_580_480), (6_720, 13_440), (2_520, 5_040))
"""Pairs of sizes at which a free axis is laid out, all divisible by the usual strides. Smaller ones
are for images, whose positions may be laid in one row, and for models that reject the first."""

_OPTIONS = frozenset({"values"})


def read_path(path: Path, request: Request) -> Graph:
    """Read a ``.onnx`` file; large tensors are skipped, external data is never opened."""
    return read_model(parse(path), request, origin=path.name)


def parse(path: Path) -> Any:
    """The ``ModelProto`` in a file, without the contents of its large tensors."""
    model = ModelProto()
    try:
        if path.stat().st_size == 0:
            raise damaged(str(path), "the file is empty")
        model.ParseFromString(stripped_file(path, MODEL, may_go))
    except OSError as error:
        raise UnreadableModelError(f"{path}: {error.strerror or error}") from None
    except UnreadableModelError as error:
        text = str(error)
        raise (error if text.startswith(str(path)) else damaged(str(path), text)) from None
    except (DecodeError, ValueError, RecursionError) as error:
        if isinstance(error, RFieldError):
            raise
        raise damaged(str(path), "it is truncated, damaged or something else") from None
    return model


def read_model(model: Any, request: Request, origin: str = "") -> Graph:
    """Read a ``ModelProto``. ``values={input: array}`` makes an input a fixed setting."""
    for name in request.options:
        if name not in _OPTIONS:
            raise unknown_name("option", name, _OPTIONS)
    try:
        record = read_record(model, origin or "onnx")
    except (UnicodeDecodeError, RecursionError):
        raise damaged(origin or "the model", "names that are not text, or too deep") from None
    del model  # of a file, nothing but its small tensors is needed any more
    if request.unknown == "error":
        refuse_unknown(record)
    return Reader(record, request).graph()


class Reader:
    """One model and how it was asked for."""

    def __init__(self, record: ModelRecord, request: Request) -> None:
        self.record = record
        self.request = request
        self.fixed = _fixed(request.options.get("values"), record)
        self.plans = plan_inputs(record, request, self.fixed)

    def graph(self) -> Graph:
        """The graph; free axes are laid out at two stand-in sizes."""
        if not any(None in plan.shape for plan in self.plans):
            graph = self.lay_out({})
        else:
            graph = self._free()
        graph.reread = self.reread
        return graph

    def reread(self, shapes: Mapping[str, Sequence[int]]) -> Graph:
        """The same model at other input sizes."""
        given = {name: tuple(shape) for name, shape in shapes.items()}
        for plan in self.plans:
            if None in plan.shape and plan.name not in given:
                given[plan.name] = _filled(plan, STAND_INS[0][0])
        graph = self.lay_out(given)
        graph.reread = self.reread
        return graph

    def _free(self) -> Graph:
        """Laid out at two stand-in sizes; what differs between the two is free."""
        problem: RFieldError | None = None
        everywhere = self.plans
        first = next(plan for plan in everywhere if None in plan.shape)
        others = [plan if plan is first else closed(plan) for plan in everywhere]
        wide = any(plan.shape.count(None) > 1 for plan in everywhere)
        for plans in [everywhere, others] if others != everywhere else [everywhere]:
            self.plans = plans
            for one, other in STAND_INS[1:] if wide else STAND_INS:
                try:
                    sizes = {plan.name: _filled(plan, one) for plan in plans}
                    graph = self.lay_out(sizes, free=True)
                    sizes = {plan.name: _filled(plan, other) for plan in plans}
                    _mark_free(graph, self.lay_out(sizes))
                except NeedsValuesError:
                    raise
                except RFieldError as error:
                    problem = problem or error
                    continue
                return graph
        assert problem is not None
        listed = ", ".join(
            f"{plan.name!r} {show_shape(plan.shape)}" for plan in everywhere if None in plan.shape
        )
        raise type(problem)(
            f"{problem}\n  The model leaves input sizes free, but does not accept every size.\n"
            f"  Give input_shape; free are: {listed}"
        )

    def lay_out(self, shapes: Mapping[str, Sequence[int]], *, free: bool = False) -> Graph:
        """The graph at concrete sizes; ``free``: those that stand for any size are marked."""
        draft = Draft()
        tracer = Tracer(
            self.record, draft, unknown=self.request.unknown, training=self.request.training
        )
        values: dict[str, Value] = dict(self.fixed)
        names = {cleaned(entry.name): entry.name for entry in self.record.graph.inputs}
        for plan in self.plans:
            shape = tuple(shapes.get(plan.name) or [s for s in plan.shape if s is not None])
            if len(shape) != len(plan.shape):
                raise InvalidModelError(
                    f"{plan.name}: {len(shape)} sizes for {len(plan.shape)} axes"
                )
            index = draft.input(plan.name, shape, plan.axes, _free_axes(plan) if free else [])
            values[names[plan.name]] = Value(shape, index)
            tracer.sizes.update(zip(plan.symbols, shape, strict=False))
        scope = Scope(self.record.graph, values, self.record.opsets)
        results = tracer.run(scope)
        named = zip(self.record.graph.outputs, results, strict=True)
        tracer.names.outputs((name, v.index) for name, v in named if v.index is not None)
        outputs = [value.index for value in results if value.index is not None]
        outputs += [
            item.index for value in results for item in value.items or () if item.index is not None
        ]
        if not outputs:
            raise InvalidModelError("no output of the model depends on an input")
        graph = draft.finish(
            list(dict.fromkeys(outputs)), tracer.names.all_layers(), origin=self.record.origin
        )
        graph.main_output = 0
        return graph


def _free_axes(plan: Plan) -> list[int]:
    return [axis for axis, size in enumerate(plan.shape) if size is None]


def _filled(plan: Plan, size: int) -> tuple[int, ...]:
    return tuple(size if known_size is None else known_size for known_size in plan.shape)


def _mark_free(graph: Graph, twin: Graph) -> None:
    """Sizes that differ between two layouts are free; so is a reading that differs."""
    places = {node.name: node for node in twin.nodes}
    for index, node in enumerate(graph.nodes):
        other = places.get(node.name)
        if other is None or len(other.shape) != len(node.shape):
            continue
        if other.shape != node.shape:
            graph.free_shapes[index] = _merge(node.shape, other.shape)


def _merge(one: Sequence[int], other: Sequence[int]) -> FreeShape:
    return tuple(a if a == b else None for a, b in zip(one, other, strict=True))


def _fixed(values: Any, record: ModelRecord) -> dict[str, Value]:
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise InvalidModelError(f"values = {values!r}; expected {{input name: array}}")
    names = [entry.name for entry in record.graph.inputs]
    for name in values:
        if name not in names:
            raise unknown_name("input", str(name), names)
    return {name: known(np.asarray(array)) for name, array in values.items()}
