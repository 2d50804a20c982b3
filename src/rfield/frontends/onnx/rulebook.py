"""What a rule of ONNX sees: one node with its operands and its attributes as written.

What a rule may answer is told in ``machine.protocol``. Rules are called for constants too: there
only the shape of the result counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ...errors import InvalidModelError, UnresolvedSizeError
from ..machine.bodies import BodyMachine
from ..machine.names import shown
from ..machine.protocol import Call as MachineCall
from ..machine.rules import RuleTable
from ..machine.values import Dependent, Tensor
from .model import NodeRecord
from .tensors import Stored

RULES = RuleTable("onnx")
rule = RULES.rule

_FIELDS = {1: "f", 2: "i", 3: "s", 6: "floats", 7: "ints", 8: "strings"}


class Body(Protocol):
    """A graph inside a node, to be read with values in the place of its inputs.

    ``inputs`` and ``outputs``: how many it has.
    """

    inputs: int
    outputs: int

    @property
    def captured(self) -> Sequence[Any]:
        """What it reads besides its inputs."""
        ...

    def __call__(self, values: Sequence[Any], /) -> list[Any]:
        """Read it; what it returns."""
        ...


class Scope(Protocol):
    """Where a node stands: what its file says beside it.

    ``opset``: the version of the standard ops.
    """

    opset: int

    def tensor(self, proto: Any, /) -> Stored:
        """A tensor in an attribute."""
        ...

    def body(self, node: NodeRecord, name: str, prefix: str, /) -> Body:
        """The graph in an attribute of a node; ``prefix``: of the names of its layers."""
        ...


class Call(MachineCall):
    """One node: its operands (None where an optional one is left out) and its attributes."""

    __slots__ = ("attributes", "node", "scope")

    machine: BodyMachine

    def __init__(
        self,
        name: str,
        node: NodeRecord,
        operands: Sequence[Any],
        machine: BodyMachine,
        attributes: Mapping[str, Any],
        scope: Scope,
    ) -> None:
        super().__init__(name, node.op, operands, machine)
        self.node = node
        self.attributes = attributes
        self.scope = scope

    @property
    def opset(self) -> int:
        """The version of the standard ops that the file uses."""
        return self.scope.opset

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs; empty where one is not used."""
        return self.node.outputs

    def unknown_contents(self, value: Tensor, what: str) -> Exception:
        """The error for contents that a rule cannot do without, and how to give them."""
        error = super().unknown_contents(value, what)
        if not isinstance(value, Dependent):
            return error
        behind = self.machine.inputs_behind(value)
        given = ", ".join(f"{shown(name)!r}: ..." for name in behind)
        return UnresolvedSizeError(
            f"{error}.\n  If it is a fixed setting, give it:   "
            f"rfield.load(model, values={{{given}}})"
        )

    def attribute(self, name: str, *kinds: int) -> Any:
        """The attribute's message, or None; its type must be one of ``kinds``."""
        found = self.attributes.get(name)
        if found is None:
            return None
        kind = found.type or _guessed(found)
        if kind not in kinds:
            raise InvalidModelError(f"attribute {shown(name)!r} has the wrong type")
        return getattr(found, _FIELDS[kind]) if kind in _FIELDS else found

    def int(self, name: str, default: int) -> int:
        """An integer attribute."""
        found = self.attribute(name, 2)
        return default if found is None else found

    def flag(self, name: str, default: bool = False) -> bool:
        """An integer attribute that is 0 or 1."""
        return bool(self.int(name, default))

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
        found = self.attribute(name, 6, 1)
        if found is None:
            return None
        return [found] if isinstance(found, float) else list(found)

    def texts(self, name: str) -> list[str] | None:
        """A list of strings, or None."""
        found = self.attribute(name, 8)
        return None if found is None else [text.decode("utf-8", "replace") for text in found]

    def tensor(self, name: str) -> Stored | None:
        """A tensor attribute."""
        found = self.attribute(name, 4)
        return None if found is None else self.scope.tensor(found.t)

    def body(self, name: str, prefix: str = "") -> Body:
        """The graph in an attribute."""
        return self.scope.body(self.node, name, prefix)

    def ints_at(self, name: str, place: int) -> list[int] | None:
        """Integers that are an attribute in old opsets and an operand in newer ones."""
        found = self.ints(name)
        if found is None and self.has(place):
            return list(self.integers(place, name))
        return found


def _guessed(attribute: Any) -> int:
    """The type of an attribute in a file so old that it does not say."""
    for kind, field in ((2, "i"), (1, "f"), (3, "s"), (4, "t"), (5, "g")):
        if attribute.HasField(field):
            return kind
    for kind, field in ((7, "ints"), (6, "floats"), (8, "strings")):
        if len(getattr(attribute, field)):
            return kind
    return 0
