"""An ONNX model as plain records: nodes in an order in which they can be read, and who needs what.

Nothing is interpreted here. What protobuf holds is checked for being a graph at all: every value is
produced once, nothing is read that nothing produces, there is no cycle. Only nodes that some
output needs are kept.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from sys import intern
from types import MappingProxyType
from typing import Any

from ...errors import InvalidModelError, UnreadableModelError
from ..machine.names import shown
from .failures import cycle, missing_tensor

Dim = int | str | None
"""A size, its symbolic name, or nothing known."""

STANDARD = frozenset({"", "ai.onnx"})
_NONE: Mapping[str, Any] = MappingProxyType({})  # shared: a file may have a million nodes
_NOTHING: frozenset[str] = frozenset()
_PARTS = frozenset({4, 5, 9, 10, 11, 12})
"""Types of attributes that are tensors or graphs: ``onnx.AttributeProto``."""


@dataclass(slots=True, eq=False)
class NodeRecord:
    """One node. ``op`` is ``Conv`` or ``domain::Op``; ``captured`` are names its subgraphs read.

    ``finished``: names that no later node reads.
    """

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    number: int
    subgraphs: Mapping[str, GraphRecord]
    captured: frozenset[str] = frozenset()
    scopes: tuple[str, ...] = ()
    finished: tuple[str, ...] = ()

    @property
    def settings(self) -> tuple[object, ...]:
        """The op and its attributes but for tensors and graphs: another branch may have others."""
        told = (
            (name, found.i, found.f, found.s, tuple(found.ints), tuple(found.floats))
            for name, found in self.attributes.items()
            if found.type not in _PARTS
        )
        return (self.op, *sorted(told))

    @property
    def label(self) -> str:
        """How to speak of the node: its name, or its first output."""
        return self.name or next((name for name in self.outputs if name), self.op)


@dataclass(slots=True, eq=False)
class InputRecord:
    """A declared graph input. ``dims`` is None where nothing is said of its shape."""

    name: str
    dims: tuple[Dim, ...] | None
    kind: str = "tensor"


@dataclass(slots=True, eq=False)
class GraphRecord:
    """A graph or subgraph: ``nodes`` are sorted, and only those that an output needs."""

    inputs: list[InputRecord]
    outputs: tuple[str, ...]
    nodes: list[NodeRecord]
    tensors: Mapping[str, Any]
    declared: dict[str, tuple[Dim, ...]]
    captured: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False)
class FunctionRecord:
    """A local function: its body is a graph whose inputs are matched by position."""

    key: str
    inputs: tuple[str, ...]
    body: GraphRecord
    defaults: dict[str, Any]
    opsets: Mapping[str, int]


@dataclass(slots=True, eq=False)
class ModelRecord:
    """A whole model."""

    graph: GraphRecord
    opsets: Mapping[str, int]
    functions: dict[str, FunctionRecord]
    origin: str


def read_record(proto: Any, origin: str) -> ModelRecord:
    """The records of a ``ModelProto``."""
    if not proto.HasField("graph") or not (len(proto.graph.node) or len(proto.graph.output)):
        raise UnreadableModelError(f"{shown(origin)}: not a readable ONNX model: it has no graph")
    opsets = _opsets(proto.opset_import)
    functions: dict[str, FunctionRecord] = {}
    for function in proto.functions:
        key = op_key(function.domain, function.name, getattr(function, "overload", ""))
        outputs = tuple(map(text, function.output))
        body = _graph(function.node, outputs, {}, list(map(text, function.input)), [], set())
        defaults = {attribute.name: attribute for attribute in function.attribute_proto}
        functions[key] = FunctionRecord(
            key,
            tuple(map(text, function.input)),
            body,
            defaults,
            _opsets(function.opset_import) or opsets,
        )
    graph = read_graph(proto.graph, None)
    if not graph.outputs:
        raise InvalidModelError("the graph has no outputs")
    return ModelRecord(graph, opsets, functions, origin)


def text(name: Any) -> str:
    """A name; protobuf hands out bytes where a file holds something that is no text."""
    if isinstance(name, str):
        return name
    raise UnreadableModelError("not a readable ONNX model: a name in it is not text")


def op_key(domain: str, name: str, overload: str = "") -> str:
    """The name of an op in the rule table."""
    domain, name = text(domain), text(name)
    key = name if domain in STANDARD else f"{domain}::{name}"
    return f"{key}:{overload}" if overload else key


def read_graph(proto: Any, outside: set[str] | None) -> GraphRecord:
    """The record of a ``GraphProto``; ``outside`` are names it may capture (None: none)."""
    tensors: dict[str, Any] = {text(tensor.name): tensor for tensor in proto.initializer}
    for sparse in proto.sparse_initializer:
        tensors[text(sparse.values.name)] = sparse
    declared = {
        text(info.name): dims
        for info in (*proto.value_info, *proto.output)
        if (dims := _dims(info.type)[0]) is not None
    }
    inputs = [InputRecord(text(info.name), *_dims(info.type)) for info in proto.input]
    inputs = [entry for entry in inputs if entry.name not in tensors]
    names = [entry.name for entry in inputs]
    outputs = tuple(text(output.name) for output in proto.output)
    record = _graph(proto.node, outputs, tensors, names, inputs, outside or set())
    record.declared = declared
    return record


def _graph(
    protos: Iterable[Any],
    outputs: tuple[str, ...],
    tensors: dict[str, Any],
    input_names: Sequence[str],
    inputs: list[InputRecord],
    outside: set[str],
) -> GraphRecord:
    nodes: list[NodeRecord] = []
    producer: dict[str, int] = {}
    spelled: dict[tuple[str, ...], tuple[str, ...]] = {}
    for number, proto in enumerate(protos):
        node = _node(proto, number, spelled)
        nodes.append(node)
        for name in node.outputs:
            if name and name in producer:
                raise InvalidModelError(f"{shown(node.label)}: {shown(name)!r} is produced twice")
            producer[name] = number
    producer.pop("", None)
    here = set(tensors) | set(input_names)
    carrying = [node for node in nodes if node.attributes]
    if carrying:
        visible = outside | here | set(producer)
        for node in carrying:
            _subgraphs(node, visible)
    needed = _needed(nodes, producer, outputs)
    captured: set[str] = set()
    for node in needed:
        for name in _reads(node):
            if name in producer or name in here:
                continue
            if name not in outside:
                raise missing_tensor(node.label, name)
            captured.add(name)
    for name in outputs:
        if name not in producer and name not in here:
            if name not in outside:
                raise InvalidModelError(f"the output {shown(name)!r} is produced by no node")
            captured.add(name)
    ordered = needed if _in_order(needed, producer) else _sorted(needed, producer)
    _finish(ordered, producer, outputs)
    return GraphRecord(inputs, outputs, ordered, tensors, {}, frozenset(captured))


def _node(proto: Any, number: int, spelled: dict[tuple[str, ...], tuple[str, ...]]) -> NodeRecord:
    """One node; ``spelled`` keeps the same names once, however many nodes write them."""
    scopes: tuple[str, ...] = ()
    for entry in getattr(proto, "metadata_props", ()):
        if entry.key == "pkg.torch.onnx.name_scopes":
            scopes = parse_scopes(entry.value)
    attributes = {text(attribute.name): attribute for attribute in proto.attribute}
    inputs, outputs = tuple(map(text, proto.input)), tuple(map(text, proto.output))
    return NodeRecord(
        intern(op_key(proto.domain, proto.op_type, getattr(proto, "overload", ""))),
        text(proto.name),
        spelled.setdefault(inputs, inputs),
        spelled.setdefault(outputs, outputs),
        attributes or _NONE,
        number,
        _NONE,
        scopes=scopes,
    )


def parse_scopes(text: str) -> tuple[str, ...]:
    """Module paths from the exporter's list: ``"['', 'layer1', 'layer1.0.conv1', 'conv2d']"``.

    >>> parse_scopes("['', 'layer1', 'layer1.0.conv1', 'conv2d']")
    ('layer1', 'layer1.0.conv1')
    """
    text = text.strip()
    if len(text) > 4096 or not (text.startswith("[") and text.endswith("]")):
        return ()
    parts = [part.strip().strip("'\"") for part in text[1:-1].split(",")]
    return tuple(part for part in parts[:-1] if part)


def _subgraphs(node: NodeRecord, visible: set[str]) -> None:
    captured: set[str] = set()
    for name, attribute in node.attributes.items():
        if attribute.type == 5 or (attribute.type == 0 and attribute.HasField("g")):
            graph = read_graph(attribute.g, visible - set(node.outputs))
            node.subgraphs = {**node.subgraphs, name: graph}
            captured |= graph.captured
    node.captured = frozenset(captured) if captured else _NOTHING


def _reads(node: NodeRecord) -> Iterable[str]:
    for name in node.inputs:
        if name:
            yield name
    yield from node.captured


def _needed(
    nodes: Sequence[NodeRecord], producer: Mapping[str, int], outputs: Sequence[str]
) -> list[NodeRecord]:
    """The nodes that the outputs hang on, in the order of the file."""
    needed = bytearray(len(nodes))
    stack = [producer[name] for name in outputs if name in producer]
    while stack:
        number = stack.pop()
        if not needed[number]:
            needed[number] = 1
            stack += [producer[name] for name in _reads(nodes[number]) if name in producer]
    return [node for node in nodes if needed[node.number]]


def _in_order(nodes: Iterable[NodeRecord], producer: Mapping[str, int]) -> bool:
    """Whether every node comes after those that it reads, as it should in a file."""
    return all(producer.get(name, -1) < node.number for node in nodes for name in _reads(node))


def _sorted(nodes: Sequence[NodeRecord], producer: Mapping[str, int]) -> list[NodeRecord]:
    """Producers before readers; otherwise the order of the file."""
    waiting: dict[int, int] = {}
    readers: dict[int, list[NodeRecord]] = {}
    for node in nodes:
        before = {producer[name] for name in _reads(node) if name in producer}
        waiting[node.number] = len(before)
        for other in before:
            readers.setdefault(other, []).append(node)
    numbered = {node.number: node for node in nodes}
    ready = [number for number, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    ordered: list[NodeRecord] = []
    while ready:
        number = heapq.heappop(ready)
        ordered.append(numbered[number])
        for reader in readers.get(number, ()):
            waiting[reader.number] -= 1
            if waiting[reader.number] == 0:
                heapq.heappush(ready, reader.number)
    if len(ordered) < len(nodes):
        raise cycle([node.label for node in nodes if waiting[node.number]])
    return ordered


def _finish(
    nodes: Sequence[NodeRecord], producer: Mapping[str, int], outputs: Iterable[str]
) -> None:
    """Note where each name is read for the last time: its value need not be kept any longer."""
    later = bytearray(max(producer.values(), default=-1) + 1)
    for name in outputs:
        if name in producer:
            later[producer[name]] = 1
    for node in reversed(nodes):
        read = [name for name in _reads(node) if name in producer and not later[producer[name]]]
        finished = tuple(dict.fromkeys(read))
        node.finished = node.inputs if finished == node.inputs else finished
        for name in finished:
            later[producer[name]] = 1


def _opsets(entries: Iterable[Any]) -> dict[str, int]:
    return {("" if entry.domain in STANDARD else entry.domain): entry.version for entry in entries}


def _dims(kind: Any) -> tuple[tuple[Dim, ...] | None, str]:
    which = kind.WhichOneof("value")
    if which == "optional_type":
        return _dims(kind.optional_type.elem_type)
    if which not in ("tensor_type", "sparse_tensor_type", None):
        return None, which.removesuffix("_type")
    if which is None:
        return None, "tensor"
    tensor = getattr(kind, which)
    if not tensor.HasField("shape"):
        return None, "tensor"
    dims: list[Dim] = []
    for dim in tensor.shape.dim:
        if dim.dim_value > 0:
            dims.append(dim.dim_value)
        else:
            named = text(dim.dim_param) if dim.dim_param not in ("", "?", "None") else None
            dims.append(named)
    return tuple(dims), "tensor"
