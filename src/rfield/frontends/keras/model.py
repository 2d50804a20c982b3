"""Lays the calls of a Keras model out as a graph, at any input size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...core import ops
from ...core.arguments import normalize_axis
from ...core.graph import Draft, FreeShape, Graph
from ...core.link import everything
from ...core.ops import Op
from ...errors import InvalidModelError, RFieldError, show_shape, unknown_name
from ..machine.unsupported import Unsupported
from ..registry import Request
from ..standins import mark_free, sized
from . import tracing
from .rulebook import RULES, Arguments, Constant, Outputs, Reading, find_rule, rule_name
from .walk import Call, Entry, Key, Ref, Walk


class Model:
    """A walked model, ready to be laid out."""

    def __init__(self, walked: Walk, request: Request, origin: str) -> None:
        self.walked = walked
        self.request = request
        self.origin = origin
        self.shapes = self._shapes()
        self.axes = {entry.name: self._axes(entry) for entry in walked.entries}

    def graph(self) -> Graph:
        """The graph at the sizes that were asked for; free ones stay free."""
        graph = self._lay_out(self.shapes, 0)
        if any(None in shape for shape in self.shapes.values()):
            mark_free(graph, self._lay_out(self.shapes, 1))

        def reread(shapes: Mapping[str, Sequence[int]]) -> Graph:
            again = self._lay_out({**self.shapes, **shapes}, 0)
            again.reread = reread
            return again

        graph.reread = reread
        return graph

    def _lay_out(self, shapes: Mapping[str, Sequence[int | None]], layout: int) -> Graph:
        builder = Builder(self.request)
        for entry in self.walked.entries:
            sizes, free = sized(tuple(shapes[entry.name]), layout)
            builder.values[entry.key] = builder.draft.input(
                entry.name, sizes, self.axes[entry.name], free
            )
            builder.taken[entry.name] = 1
        for call in self.walked.calls:
            builder.lay(call)
        if builder.unsupported and self.request.unknown == "error":
            raise builder.unsupported.error()
        outputs = [builder.values[key] for key in self.walked.outputs]
        found = list(dict.fromkeys(value for value in outputs if type(value) is int))
        if not found:
            raise InvalidModelError(f"{self.origin}: no output depends on an input")
        graph = builder.draft.finish(found, builder.layers, origin=self.origin)
        graph.main_output = 0
        return graph

    def _shapes(self) -> dict[str, FreeShape]:
        entries = self.walked.entries
        shapes: dict[str, FreeShape] = {entry.name: entry.shape for entry in entries}
        given = self.request.input_shape
        if given is None:
            return shapes
        if not isinstance(given, Mapping):
            if len(entries) > 1:
                names = ", ".join(repr(entry.name) for entry in entries)
                raise InvalidModelError(f"several inputs, {names}: give {{name: shape}}")
            given = {entries[0].name: given}
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
        if self._channels_first(entry):
            return tuple(range(2, rank))
        return tuple(range(1, rank - 1))

    def _channels_first(self, entry: Entry) -> bool:
        """By the first layer with a layout that reads the input, in the order of computation."""
        reached = {entry.key}
        for call in self.walked.calls:
            if any(ref.key in reached for ref in references(call.args)):
                layout = getattr(call.layer, "data_format", None)
                if layout is not None:
                    return layout == "channels_first"
                if type(call.layer).__name__ in ("Permute", "Reshape", "Transpose"):
                    return False
                reached.update(call.results)
        return False


def references(value: Any) -> list[Ref]:
    """The tensors among arguments, in order."""
    if isinstance(value, Ref):
        return [value]
    if isinstance(value, (list, tuple)):
        return [ref for entry in value for ref in references(entry)]
    if isinstance(value, dict):
        return [ref for entry in value.values() for ref in references(entry)]
    return []


class Builder:
    """A draft in the making, and the values of the tensors met so far."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.draft = Draft()
        self.values: dict[Key, Any] = {}
        self.layers: dict[str, int] = {}
        self.taken: dict[str, int] = {}
        self.unsupported = Unsupported(RULES, "keras", "layer")

    def lay(self, call: Call) -> None:
        """Add one call."""
        name = self._unique(call.name)
        operands = [self.values[ref.key] for ref in references((call.args, dict(call.kwargs)))]
        training = call.kwargs.get("training")
        arguments = Arguments(
            call.layer, self._filled(call.args), self._filled(dict(call.kwargs)), operands,
            self.draft, self.request.training if training is None else bool(training),
        )  # fmt: skip
        try:
            made = self._made(call, arguments, name)
        except RFieldError as error:
            text = str(error)
            raise type(error)(text if text.startswith(f"{name}:") else f"{name}: {text}") from None
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise InvalidModelError(
                f"{name}: {type(call.layer).__name__} has attributes or operands "
                f"that its rule does not know ({error})"
            ) from error
        values = made if isinstance(made, Outputs) else (made,)
        self.values.update(zip(call.results, values, strict=False))
        if type(values[0]) is int:
            self.layers[name] = values[0]

    def _made(self, call: Call, arguments: Arguments, name: str) -> Any:
        found = find_rule(call.layer)
        if found is not None:
            return self.settle(found.function(arguments), name, arguments.operands)
        if not any(type(value) is int for value in arguments.operands):
            shapes = [Constant(sized(shape, 0)[0]) for shape in call.shapes]  # type: ignore[arg-type]
            return Outputs(shapes) if len(shapes) > 1 else shapes[0]
        traced = tracing.traced(call.layer, arguments, self.request)
        if traced is not None:
            return self._splice(traced, arguments.operands, name)
        return self._opaque(call, arguments, name)

    def _opaque(self, call: Call, arguments: Arguments, name: str) -> Any:
        operands = [value for value in arguments.operands if type(value) is int]
        shapes = [self.draft.shape(value) for value in operands]
        made: list[Any] = []
        for number, declared in enumerate(call.shapes or (shapes[0],)):
            result = self._size(declared, shapes[0])
            self.unsupported.meet(rule_name(call.layer), name, result)
            op = ops.opaque(shapes, result, kind=type(call.layer).__name__)
            made.append(self._emit(op, operands, f"{name}:{number}" if number else name))
        return Outputs(made) if len(made) > 1 else made[0]

    @staticmethod
    def _size(declared: Sequence[int | None], operand: Sequence[int]) -> tuple[int, ...]:
        """A declared shape; free sizes are those of the operand."""
        return tuple(
            size if size is not None else operand[axis] if axis < len(operand) else 1
            for axis, size in enumerate(declared)
        )

    def settle(self, result: Any, name: str, operands: Sequence[Any]) -> Any:
        """What a rule returned, as a value; its ops enter the draft."""
        if isinstance(result, Op):
            return self._emit(result, operands, name)
        if isinstance(result, list):
            value = operands[0]
            for number, op in enumerate(result, 1):
                label = name if number == len(result) else self._part(name)
                value = self._emit(op, [value], label)
            return value
        if isinstance(result, Reading):
            inner = [
                self.settle(value, self._part(name), ()) if isinstance(value, Reading) else value
                for value in result.operands
            ]
            return self.settle(result.op, name, inner)
        if isinstance(result, Outputs):
            return Outputs(
                self.settle(entry, f"{name}:{k}" if k else name, operands)
                for k, entry in enumerate(result)
            )
        return result

    def _emit(self, op: Op, operands: Sequence[Any], name: str) -> Any:
        """Add an op with those operands that depend on an input; a constant if there are none."""
        links = op.links
        self.draft.tables = tuple(v.shape for v in operands if isinstance(v, Constant))
        kept = [
            (value, links[k] if k < len(links) else everything(len(self.draft.shape(value))))
            for k, value in enumerate(operands)
            if type(value) is int
        ]
        kept = [(value, link) for value, link in kept if link is not None]
        if not kept:
            return Constant(op.shape)
        bound = any(type(value) is int for value in operands[len(links) :])
        op = Op(
            op.kind, op.shape, tuple(link for _, link in kept), op.join and len(kept) > 1,
            op.exact and not bound, op.work, op.depends_on_size,
        )  # fmt: skip
        return self.draft.add(name, op, [value for value, _ in kept])

    def _splice(self, traced: Graph, operands: Sequence[Any], name: str) -> Any:
        """The nodes of a traced layer, in place of its call."""
        places: dict[int, int] = {}
        depending = [value for value in operands if type(value) is int]
        for entry, value in zip(traced.inputs_, depending, strict=True):
            places[entry.node] = value
        last = traced.outputs_[0]
        for index, node in enumerate(traced.nodes):
            if index in places:
                continue
            op = Op(
                node.kind, node.shape, node.links, node.join, node.exact, node.work,
                node.depends_on_size,
            )  # fmt: skip
            label = name if index == last else f"{self._part(name)}/{node.name}"
            places[index] = self.draft.add(label, op, [places[o] for o in node.operands])
        made = [places[index] for index in traced.outputs_]
        return Outputs(made) if len(made) > 1 else made[0]

    def _filled(self, value: Any) -> Any:
        """Arguments with references replaced by values."""
        if isinstance(value, Ref):
            return self.values[value.key]
        if isinstance(value, (list, tuple)):
            return type(value)(self._filled(entry) for entry in value)
        if isinstance(value, dict):
            return {key: self._filled(entry) for key, entry in value.items()}
        if isinstance(value, np.ndarray):
            return Constant(value.shape)
        return value

    def _unique(self, name: str) -> str:
        """The second call of a shared layer is ``name#2``."""
        count = self.taken[name] = self.taken.get(name, 0) + 1
        return name if count == 1 else f"{name}#{count}"

    def _part(self, name: str) -> str:
        self.taken["/step"] = self.taken.get("/step", 0) + 1
        return f"{name}/step{self.taken['/step']}"
