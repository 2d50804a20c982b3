"""The agreement between rules and the machinery that calls them.

A rule takes a ``Call`` (one node with its operands) and returns what the node reads:

- an ``Op``: its links belong to the node's inputs in order; inputs beyond the links are weights,
  and if one of them depends on a graph input after all, it is taken to be read whole, as an upper
  bound;
- a list of ``Op``: one after the other, on the first input;
- a ``Reading``: an ``Op`` (or list) with its operands named;
- a ``Value``: the result is that value itself, or a constant;
- a tuple of these: one per output, None for an output that depends on nothing and is not read.

``call.step(op, operands)`` adds an op on the way to the result. Every op knows its own output
shape, so no other shape inference is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...core.ops import Op
from ...errors import InvalidModelError
from ..machine.rules import RuleTable
from .failures import needs_values, shown
from .tensors import Array, Shape, Value, of_proto

if TYPE_CHECKING:
    from .model import NodeRecord
    from .tracer import Tracer

RULES = RuleTable("onnx")
rule = RULES.rule

_NUMBER = {1: "f", 2: "i", 3: "s", 6: "floats", 7: "ints", 8: "strings"}


@dataclass(frozen=True, slots=True)
class Reading:
    """An op (or several in a row) with its operands."""

    op: Op | list[Op]
    operands: Sequence[Value]


Result = Op | list[Op] | Reading | Value | None
RuleFunction = Callable[["Call"], Result | tuple[Result, ...]]


class Call:
    """One node: its operands (None where an optional one is left out) and its attributes."""

    __slots__ = ("attributes", "inputs", "name", "node", "opsets", "outer", "tracer")

    def __init__(
        self,
        node: NodeRecord,
        inputs: list[Value | None],
        tracer: Tracer,
        name: str,
        opsets: Mapping[str, int],
        attributes: Mapping[str, Any],
    ) -> None:
        self.node = node
        self.inputs = inputs
        self.tracer = tracer
        self.name = name
        self.opsets = opsets
        self.attributes = attributes

    # --- the node

    @property
    def op(self) -> str:
        """The op's name in the rule table."""
        return self.node.op

    @property
    def opset(self) -> int:
        """The version of the standard ops that the file uses."""
        return self.opsets.get("", 1 << 30)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs; empty where one is not used."""
        return self.node.outputs

    # --- operands

    def has(self, place: int) -> bool:
        """Whether an optional input is given."""
        return place < len(self.inputs) and self.inputs[place] is not None

    def value(self, place: int) -> Value:
        """An input that must be there."""
        found = self.inputs[place] if place < len(self.inputs) else None
        if found is None:
            raise InvalidModelError(f"input {place} is missing")
        return found

    def optional(self, place: int) -> Value | None:
        """An input that may be left out."""
        return self.inputs[place] if place < len(self.inputs) else None

    def shape(self, place: int = 0) -> Shape:
        """The shape of an input."""
        value = self.value(place)
        if value.items is not None:
            raise InvalidModelError(f"input {place} is a sequence; a tensor is expected")
        return value.shape

    @property
    def given(self) -> list[Value]:
        """All inputs that are not left out."""
        return [value for value in self.inputs if value is not None]

    def constant(self, place: int, what: str = "") -> Array:
        """The contents of an input that must be known to read the node."""
        value = self.value(place)
        array = value.array
        if array is None:
            raise self.unknown_contents(value, what or f"input {place}")
        return array

    def unknown_contents(self, value: Value, what: str) -> Exception:
        """The error for contents that a rule cannot do without."""
        if value.index is None:
            return InvalidModelError(f"{what} is not in the file, or not as numbers")
        return needs_values(self.name, what, self.tracer.inputs_behind(value))

    def integers(self, place: int, what: str = "") -> list[int]:
        """The contents of an input as a flat list of integers."""
        array = self.constant(place, what)
        if array.dtype.kind not in "iub":
            raise InvalidModelError(f"{what or f'input {place}'} is {array.dtype}, not integers")
        return [int(number) for number in array.reshape(-1).tolist()]

    # --- attributes

    def attribute(self, name: str, *kinds: int) -> Any:
        """The attribute's message, or None; its type must be one of ``kinds``."""
        found = self.attributes.get(name)
        if found is None:
            return None
        kind = found.type or _guessed(found)
        if kind not in kinds:
            raise InvalidModelError(f"attribute {shown(name)!r} has the wrong type")
        return getattr(found, _NUMBER[kind]) if kind in _NUMBER else found

    def int(self, name: str, default: int) -> int:
        """An integer attribute."""
        found = self.attribute(name, 2)
        return default if found is None else found

    def float(self, name: str, default: float) -> float:
        """A float attribute."""
        found = self.attribute(name, 1)
        return default if found is None else found

    def text(self, name: str, default: str) -> str:
        """A string attribute."""
        found = self.attribute(name, 3)
        return default if found is None else found.decode("utf-8", "replace")

    def ints(self, name: str) -> list[int] | None:
        """A list of integers, or None."""
        found = self.attribute(name, 7, 2)
        if found is None:
            return None
        return [found] if isinstance(found, int) else list(found)

    def floats(self, name: str) -> list[float] | None:
        """A list of floats, or None."""
        found = self.attribute(name, 6)
        return None if found is None else list(found)

    def texts(self, name: str) -> list[str] | None:
        """A list of strings, or None."""
        found = self.attribute(name, 8)
        return None if found is None else [text.decode("utf-8", "replace") for text in found]

    def tensor(self, name: str) -> Value | None:
        """A tensor attribute."""
        found = self.attribute(name, 4)
        return None if found is None else of_proto(found.t)

    def ints_at(self, name: str, place: int) -> list[int] | None:
        """Integers that are an attribute in old opsets and an input in newer ones."""
        found = self.ints(name)
        if found is None and self.has(place):
            return self.integers(place, name)
        return found

    # --- the graph in the making

    def step(self, op: Op | list[Op], operands: Sequence[Value | None]) -> Value:
        """Add an op on the way to the result."""
        return self.tracer.step(self, op, operands)


def _guessed(attribute: Any) -> int:
    """The type of an attribute in a file so old that it does not say."""
    for kind, field in ((2, "i"), (1, "f"), (3, "s"), (4, "t"), (5, "g")):
        if attribute.HasField(field):
            return kind
    for kind, field in ((7, "ints"), (6, "floats"), (8, "strings")):
        if len(getattr(attribute, field)):
            return kind
    return 0
