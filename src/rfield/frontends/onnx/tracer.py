"""From nodes to a graph: which tensor holds which value, and what each node adds.

Values that depend on no input never reach the graph; small ones are folded with NumPy, because
shapes and positions hang on them. Every rule knows the shape of its result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Any

from ...core import ops
from ...core.graph import Draft
from ...core.link import AnyLink, everything
from ...core.ops import Op
from ...errors import InvalidModelError, RFieldError, TooLargeError
from . import folding
from .failures import shown
from .model import GraphRecord, ModelRecord, NodeRecord
from .names import Names
from .rulebook import RULES, Call, Reading, Result
from .tensors import Value, of_proto

_FAILURES = (ArithmeticError, LookupError, TypeError, ValueError, MemoryError)


class Scope:
    """The values by name while one graph body is read; captured names are looked up outside."""

    __slots__ = ("attributes", "graph", "opsets", "outside", "prefix", "values")

    def __init__(
        self,
        graph: GraphRecord,
        values: dict[str, Value],
        opsets: Mapping[str, int],
        *,
        outside: Scope | None = None,
        prefix: str = "",
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        self.graph = graph
        self.values = values
        self.opsets = opsets
        self.outside = outside
        self.prefix = prefix
        self.attributes = attributes or {}

    def inner(self, graph: GraphRecord, values: dict[str, Value], prefix: str) -> Scope:
        """The scope of a subgraph that may read what is visible here."""
        return Scope(
            graph, values, self.opsets,
            outside=self, prefix=prefix, attributes=self.attributes,
        )  # fmt: skip

    def find(self, name: str) -> Value:
        """The value of a name, here or outside."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.values.get(name)
            if found is not None:
                return found
            proto = scope.graph.tensors.get(name)
            if proto is not None:
                found = _initialiser(proto)
                scope.values[name] = found
                return found
            scope = scope.outside
        raise InvalidModelError(f"{shown(name)!r} is read before it is produced")


class Tracer:
    """The state of one reading."""

    def __init__(
        self,
        model: ModelRecord,
        draft: Draft,
        *,
        unknown: str = "error",
        training: bool = False,
    ) -> None:
        self.model = model
        self.draft = draft
        self.names = Names(draft)
        self.unknown = unknown
        self.training = training
        self.depth = 0
        self.sizes: dict[str, int] = {}

    # --- bodies

    def run(self, scope: Scope) -> list[Value]:
        """Read all nodes of a body; the values of its outputs."""
        values = scope.values
        for node in scope.graph.nodes:
            inputs = [scope.find(name) if name else None for name in node.inputs]
            results = self.call(node, inputs, scope)
            for name, value in zip(node.outputs, results, strict=False):
                if name:
                    values[name] = value
            for name in node.finished:
                values.pop(name, None)
        return [scope.find(name) for name in scope.graph.outputs]

    def call(self, node: NodeRecord, inputs: list[Value | None], scope: Scope) -> list[Value]:
        """Read one node: the values of its outputs."""
        label = shown(scope.prefix + node.label)
        call = Call(node, inputs, self, label, scope.opsets, _resolved(node, scope.attributes))
        try:
            return self._read(call, scope)
        except RFieldError as error:
            if getattr(error, "placed", False):
                raise
            text = str(error)
            if not text.startswith(label):
                text = f"{label} ({shown(node.op)}): {text}"
            placed = type(error)(text)
            placed.placed = True  # type: ignore[attr-defined]
            raise placed from None
        except RecursionError:
            raise InvalidModelError(f"{label}: nested too deeply") from None
        except _FAILURES as error:
            what = f"{type(error).__name__}: {shown(str(error))}"
            problem = InvalidModelError(
                f"{label} ({shown(node.op)}): its inputs and attributes do not fit ({what})"
            )
            problem.placed = True  # type: ignore[attr-defined]
            raise problem from None

    def _read(self, call: Call, scope: Scope) -> list[Value]:
        node = call.node
        if node.subgraphs:
            from . import control

            read = control.BODIES.get(node.op)
            if read is not None:
                return self._named(call, read(call, scope), scope)
        function = self.model.functions.get(node.op)
        if function is not None:
            from . import control

            return self._named(call, control.inline(call, function, scope), scope)
        folded = folding.fold(call)
        if folded is not None:
            return folded
        rule = RULES.get(node.op)
        if rule is None:
            from .unknown import read_unknown

            results = read_unknown(call, scope)
        else:
            results = rule.function(call)
        return self._record(call, results, scope)

    # --- results

    def _named(self, call: Call, results: list[Value], scope: Scope) -> list[Value]:
        """What a body computes is known by the names of its caller, too."""
        for place, value in enumerate(results[: len(call.outputs)]):
            if value.index is not None and call.outputs[place]:
                self.names.alias(call, value.index, place, scope.prefix)
        return results

    def _record(
        self, call: Call, results: Result | tuple[Result, ...], scope: Scope
    ) -> list[Value]:
        listed = results if isinstance(results, tuple) else (results,)
        values: list[Value] = []
        for place, name in enumerate(call.outputs):
            result = listed[place] if place < len(listed) else None
            if result is None or not name:
                values.append(Value(()))
            elif isinstance(result, Value):
                values.append(result)
            else:
                value = self._emit(call, result, scope.prefix + name)
                values.append(value)
                if value.index is not None:
                    self.names.layer(call, value.index, place, scope.prefix)
        return values

    def _emit(self, call: Call, result: Op | list[Op] | Reading, name: str) -> Value:
        operands: Sequence[Value | None] = call.inputs
        op = result
        if isinstance(op, Reading):
            operands, op = op.operands, op.op
        return self._add(call, op, operands, name)

    def step(self, call: Call, op: Op | list[Op], operands: Sequence[Value | None]) -> Value:
        """Add an op that is no layer of its own."""
        return self._add(call, op, operands, f"{call.name}/{_kind(op)}")

    def _add(
        self, call: Call, op: Op | list[Op], operands: Sequence[Value | None], name: str
    ) -> Value:
        if isinstance(op, list):
            if not op:
                found = operands[0]
                assert found is not None
                return found
            value = operands[0]
            for number, step in enumerate(op[:-1], 1):
                value = self._add_one(call, step, [value], f"{name}/step{number}")
            rest = operands[1:] if len(op) == 1 else []
            return self._add_one(call, op[-1], [value, *rest], name)
        return self._add_one(call, op, operands, name)

    def _add_one(self, call: Call, op: Op, operands: Sequence[Value | None], name: str) -> Value:
        """One op with the operands that depend on an input; constants are left out."""
        links, exact = op.links, op.exact
        kept: list[int] = []
        chosen: list[AnyLink] = []
        sized = any(v is not None and v.index is None and v.sized for v in call.inputs)
        for place, operand in enumerate(operands):
            if operand is None:
                continue
            if operand.items is not None:
                raise InvalidModelError("a sequence stands where a tensor is expected")
            index = operand.index
            if index is None:
                continue
            if place < len(links):
                link = links[place]
                if link is None:
                    continue
            else:
                link, exact = everything(len(operand.shape)), False
            kept.append(index)
            chosen.append(link)
        if any(size < 0 for size in op.shape):
            raise InvalidModelError(f"its output would have the shape {op.shape}")
        if not kept:
            return Value(op.shape, sized=sized)
        moving = op.depends_on_size or (sized and op.kind in _MOVED_BY_SIZE)
        join = op.join and len(kept) > 1
        if (len(chosen), join, exact, moving) != (
            len(links), op.join, op.exact, op.depends_on_size,
        ):  # fmt: skip
            op = Op(op.kind, op.shape, tuple(chosen), join, exact, op.work, moving)
        source = f"{shown(call.node.op)} #{call.node.number}"
        self.draft.tables = tuple(v.shape for v in call.inputs if v is not None and v.index is None)
        return Value(op.shape, self.draft.add(self.names.fresh(name), op, kept, source=source))

    # --- questions

    def inputs_behind(self, value: Value) -> list[str]:
        """Names of the graph inputs that a value depends on."""
        if value.index is None:
            return []
        found, stack, names = {value.index}, [value.index], set[str]()
        while stack:
            node = self.draft.nodes[stack.pop()]
            if not node.operands and node.kind == "input":
                names.add(node.name)
            for operand in node.operands:
                if operand not in found:
                    found.add(operand)
                    stack.append(operand)
        return [entry.name for entry in self.draft.entries if entry.name in names]


_MOVED_BY_SIZE = frozenset({"pad", "slice", "gather", "resize", "select", "roll"})
"""Kinds whose reading, not only whose shape, changes when a computed operand does."""


def opaque(call: Call, shape: Sequence[int], kind: str = "") -> Op:
    """Every output may read every operand whole: an upper bound."""
    shapes = [() if value is None else value.shape for value in call.inputs]
    return ops.opaque(shapes, shape, kind=kind or call.op.lower())


def _kind(op: Op | list[Op]) -> str:
    return op.kind if isinstance(op, Op) else (op[-1].kind if op else "step")


def _initialiser(proto: Any) -> Value:
    if hasattr(proto, "values"):
        shape = tuple(proto.dims)
        if any(size < 0 for size in shape):
            raise InvalidModelError(f"tensor {shown(proto.values.name)!r} has the shape {shape}")
        return Value(shape)
    return of_proto(proto)


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


def elements(values: Iterable[Value]) -> int:
    """How many elements all values have together."""
    return sum(prod(value.shape) for value in values)


def guard(cells: int, what: str) -> None:
    """Refuse what would need more cells than are ever useful."""
    if cells > 1 << 22:
        raise TooLargeError(f"{what} needs {cells:,} entries, more than rfield lays out")
