"""Reads nodes one by one into a draft: constants are folded, the rest goes to rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...core import ops
from ...core.graph import Draft, SoftMasks
from ...errors import InvalidModelError, RFieldError, TooLargeError, UnresolvedSizeError
from ..machine import bodies, limits
from ..machine.failures import placed
from ..machine.names import printable, shown
from ..machine.reading import ModelReader
from ..machine.unnamed import answered
from ..machine.values import Constant, Dependent, Items, Outputs, parameters_of
from .folding import fold
from .model import FunctionRecord, GraphRecord, ModelRecord, NodeRecord
from .rulebook import RULES, Call
from .tensors import Stored, initialiser
from .unknown import read_unknown

FAILURES = (
    RFieldError, ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError,
    TypeError, ValueError,
)  # fmt: skip


SETTINGS = {"BatchNormalization": (3, 4), "Resize": (1, 2, 3), "Upsample": (1,)}
"""Operands that are no parameters: statistics, and how to resize."""


class Scope:
    """The values by name while one graph is read; captured names are looked up outside.

    ``prefix``: of the names of its layers; ``attributes``: of the function that it is the body of.
    """

    __slots__ = ("attributes", "graph", "opset", "outside", "prefix", "tracer", "values")

    def __init__(
        self,
        tracer: Tracer,
        graph: GraphRecord,
        values: dict[str, Any],
        opset: int,
        *,
        outside: Scope | None = None,
        prefix: str = "",
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        self.tracer = tracer
        self.graph = graph
        self.values = values
        self.opset = opset
        self.outside = outside
        self.prefix = prefix
        self.attributes = attributes or {}

    def find(self, name: str) -> Any:
        """The value of a name, here or outside."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.values.get(name)
            if found is None and name in scope.graph.tensors:
                found = scope.values[name] = self.tensor(scope.graph.tensors[name])
            if found is not None:
                return found
            scope = scope.outside
        raise InvalidModelError(f"{shown(name)!r} is read before it is produced")

    def tensor(self, proto: Any) -> Stored:
        """A tensor of the file."""
        made = initialiser(proto, self.tracer.folder)
        made.zeros_count = self.tracer.zeros
        return made

    def body(self, node: NodeRecord, name: str, prefix: str) -> Subgraph:
        """The graph in an attribute of a node."""
        found = node.subgraphs.get(name)
        if found is None:
            raise InvalidModelError(f"attribute {name!r} is missing")
        return Subgraph(self, found, f"{self.prefix}{prefix}")


class Subgraph:
    """A graph inside a node, to be read with values in the place of its inputs."""

    def __init__(self, outside: Scope, graph: GraphRecord, prefix: str) -> None:
        self.outside = outside
        self.graph = graph
        self.prefix = prefix
        self.inputs = len(graph.inputs)
        self.outputs = len(graph.outputs)

    @property
    def captured(self) -> list[Any]:
        """What it reads besides its inputs."""
        return [self.outside.find(name) for name in sorted(self.graph.captured)]

    def __call__(self, values: Sequence[Any], /) -> list[Any]:
        """Read it; what it returns."""
        outside = self.outside
        given = dict(zip((entry.name for entry in self.graph.inputs), values, strict=True))
        scope = Scope(
            outside.tracer, self.graph, given, outside.opset,
            outside=outside, prefix=self.prefix, attributes=outside.attributes,
        )  # fmt: skip
        return outside.tracer.run(scope)


class Tracer(ModelReader):
    """Reads one model."""

    def __init__(
        self, model: ModelRecord, draft: Draft, *, training: bool, folder: Path | None,
        soft_masks: SoftMasks, zeros: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(
            training=training, soft_masks=soft_masks, draft=draft,
            reserved=map(printable, model.graph.outputs),
        )  # fmt: skip
        self.model = model
        self.folder = folder
        self.zeros = zeros
        self.sizes: dict[str, int] = {}
        self.most = len(model.graph.nodes) + limits.EXTRA

    # -- graphs and nodes

    def run(self, scope: Scope) -> list[Any]:
        """Read all nodes of a graph; the values of its outputs."""
        values = scope.values
        outside = self.name
        for node in scope.graph.nodes:
            self.name = shown(scope.prefix + node.label)
            self.count += 1
            try:
                if self.count > self.most:
                    raise TooLargeError(f"more than {self.most:,} nodes, loops written out")
                operands = [scope.find(name) if name else None for name in node.inputs]
                results = self._read(node, operands, scope)
            except FAILURES as error:
                raise placed(error, self.name, shown(node.op)) from None
            for name, value in zip(node.outputs, results, strict=False):
                if name:
                    values[name] = value
            for name in node.finished:
                values.pop(name, None)
        self.name = outside
        return [scope.find(name) for name in scope.graph.outputs]

    def _read(self, node: NodeRecord, operands: Sequence[Any], scope: Scope) -> list[Any]:
        """The values of the outputs of one node."""
        attributes = _resolved(node, scope.attributes)
        call = Call(self.name, node, operands, self, attributes, scope)
        function = self.model.functions.get(node.op)
        if function is not None:
            return self._record(call, Outputs(self._inlined(call, function, scope)), scope)
        for place in SETTINGS.get(node.op, ()):
            value = operands[place] if place < len(operands) else None
            if isinstance(value, Stored):
                value.counts = False
        depends = sized = False
        for value in operands:
            if isinstance(value, Constant):
                sized = sized or value.sized
            elif value is not None:
                depends = True
        if not depends and not node.subgraphs:
            folded = fold(self.folding, call, sized=sized)
            if folded is not None:
                results = list(folded) if type(folded) is Outputs else [folded]
                for value in results:
                    value.made_of = parameters_of(operands)
                return results
        rule = RULES.get(node.op)
        self.emitter.sized = sized
        self.emitter.given, self.emitter.asked = operands, call.asked
        self.emitter.settings = () if scope.graph is self.model.graph else node.settings
        self.emitter.source = f"{shown(node.op)} #{node.number}"
        try:
            answer = read_unknown(call, scope.graph, self.sizes) if rule is None else (
                answered(rule, call, operands)
            )  # fmt: skip
        except UnresolvedSizeError:
            if depends or node.subgraphs:
                raise
            answer = Outputs()
        return self._record(call, answer, scope)

    def _record(self, call: Call, answer: Any, scope: Scope) -> list[Any]:
        """The values of an answer, one for each output; what it makes is a layer."""
        node, results = call.node, list[Any]()
        listed = answer if isinstance(answer, Outputs) else (answer,)
        is_body = bool(node.subgraphs) or node.op in self.model.functions
        for place, name in enumerate(node.outputs):
            entry = listed[place] if place < len(listed) else None
            if entry is None or not name:
                results.append(Constant(None, origin=f"{call.name}, {shown(node.op)}"))
                continue
            tensor = scope.prefix + name
            before = len(self.draft.nodes)
            value = self.emitter.settle(entry, call.operands, tensor)
            if type(value) is Constant and value.array is None and value.told is None:
                seen = all(v.is_seen for v in call.operands if isinstance(v, Constant))
                value.unseen = value.unseen or seen
            if isinstance(value, Dependent):
                made = value.index >= before or self._is_step(value.index)
                if made and value.index < before:
                    self.names.rename(value.index, tensor)
                elif not made and not is_body and tensor in self.model.graph.outputs:
                    copy = ops.pointwise(value.shape, kind="copy", algebra="move")
                    value, made = self.emitter.settle(copy, [value], tensor), True
                own = scope.prefix + node.name if node.name and not place else ""
                if made and not is_body:
                    self.names.layer(own, value.index)
                else:
                    self.names.alias(own or tensor, value.index)
                for path in () if place else node.scopes:
                    self.names.module(scope.prefix + path, value.index)
            results.append(value)
        return results

    def _is_step(self, index: int) -> bool:
        """Whether a value was made on the way to the result of the node that is being read."""
        return self.draft.nodes[index].name.startswith(f"{self.name}/step")

    def _inlined(self, call: Call, function: FunctionRecord, scope: Scope) -> list[Any]:
        """A local function, read in the place of its call."""
        values = dict(zip(function.inputs, call.operands, strict=False))
        missing = {name for name in function.inputs if values.get(name) is None}
        body = Scope(
            self, _without(function.body, missing),
            {name: value for name, value in values.items() if value is not None},
            _opset(function.opsets),
            prefix=f"{scope.prefix}{call.node.label}/",
            attributes={**function.defaults, **call.attributes},
        )  # fmt: skip
        return bodies.call(self, lambda _: self.run(body), ())

    # -- the whole model

    def outputs(self, values: dict[str, Any]) -> list[int]:
        """Read the model with these values for its inputs; its outputs, in their order."""
        graph = self.model.graph
        scope = Scope(self, graph, values, _opset(self.model.opsets))
        found: dict[int, None] = {}
        for name, value in zip(graph.outputs, self.run(scope), strict=True):
            for item in value if isinstance(value, Items) else (value,):
                if isinstance(item, Dependent):
                    found[item.index] = None
                    self.names.alias(name, item.index)
        return list(found)


def _opset(opsets: Mapping[str, int]) -> int:
    return opsets.get("", 1 << 30)


def _without(body: GraphRecord, missing: Iterable[str]) -> GraphRecord:
    """Optional inputs that are left out: nodes of the body see them as left out too."""
    gone = set(missing)
    if not gone:
        return body
    nodes = [
        replace(node, inputs=tuple("" if name in gone else name for name in node.inputs))
        if not gone.isdisjoint(node.inputs) else node
        for node in body.nodes
    ]  # fmt: skip
    return replace(body, nodes=nodes)


def _resolved(node: NodeRecord, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The node's attributes, with references to those of the enclosing function filled in."""
    if not any(attribute.ref_attr_name for attribute in node.attributes.values()):
        return node.attributes
    own: dict[str, Any] = {}
    for name, attribute in node.attributes.items():
        if not attribute.ref_attr_name:
            own[name] = attribute
        elif attribute.ref_attr_name in given:
            own[name] = given[attribute.ref_attr_name]
    return own
