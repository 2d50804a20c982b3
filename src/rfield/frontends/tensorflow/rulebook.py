"""What a rule of TensorFlow sees: one node with its operands and its attributes as written.

What a rule may answer is told in ``machine.protocol``. Rules are called for constants too: there
only the shape of the result counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from ...core.arguments import Shape
from ..machine.bodies import BodyMachine
from ..machine.protocol import Call as MachineCall
from ..machine.rules import RuleTable
from .values import shape_of

RULES = RuleTable("tensorflow")
rule = RULES.rule


class Function(Protocol):
    """A function of the library, to be read with its arguments."""

    @property
    def unchanged(self) -> Iterable[int]:
        """Places of arguments that it returns as they are, in the same places."""
        ...

    def __call__(self, arguments: Sequence[Any], /) -> list[Any]:
        """Read it; what it returns."""
        ...


class Machine(BodyMachine, Protocol):
    """What a rule of TensorFlow may ask of whoever reads the graph."""

    def function(self, name: str, writes: Sequence[int] = ()) -> Function:
        """A function of the library, to be read with its arguments; ``writes`` as in ``Item``."""
        ...

    def nodes(self, body: Any, order: Sequence[int], values: Any) -> None:
        """Read nodes of a body in this order; ``values`` holds what they read, then their own."""
        ...


class Call(MachineCall):
    """One node: its operands in order (control inputs left out) and its attributes."""

    __slots__ = ("_attributes", "item")

    machine: Machine

    def __init__(self, item: Any, operands: Sequence[Any], machine: Machine) -> None:
        self.name = item.name
        self.op = item.op
        self.operands = operands
        self.machine = machine
        self.asked = set()
        self.item = item
        self._attributes: Any = None

    @property
    def attributes(self) -> Any:
        """What is written beside the node, by name."""
        if self._attributes is None:
            self._attributes = self.item.node.attr
        return self._attributes

    @property
    def shapes(self) -> list[Shape]:
        """The shapes of all operands."""
        return [value.shape for value in self.operands]

    @property
    def settings(self) -> tuple[object, ...]:
        """The op and its attributes but for tensors, shapes, graphs: a size may choose others."""
        told = (
            (name, found.SerializeToString())
            for name, found in self.attributes.items()
            if not name.startswith("_") and _is_plain(found)
        )
        return (self.op, *sorted(told))

    def written(self, name: str) -> bool:
        """Whether the attribute is written down (default values may be stripped)."""
        return name in self.attributes

    def numbers(self, name: str, default: Sequence[int] = ()) -> tuple[int, ...]:
        """A list of integers."""
        found = self.attributes.get(name)
        return tuple(default) if found is None else tuple(found.list.i)

    def number(self, name: str, default: int = 0) -> int:
        """One integer."""
        found = self.attributes.get(name)
        return default if found is None else found.i

    def flag(self, name: str, default: bool = False) -> bool:
        """A flag."""
        found = self.attributes.get(name)
        return default if found is None else found.b

    def text(self, name: str, default: str = "") -> str:
        """A string."""
        found = self.attributes.get(name)
        return default if found is None else found.s.decode("utf-8", "replace") or default

    def dtype(self, name: str) -> int:
        """A data type by its number; 0 where it is not written down."""
        found = self.attributes.get(name)
        return 0 if found is None else found.type % 100

    def attribute_shape(self, name: str) -> Shape | None:
        """A shape; None where it is not written, or not in full."""
        found = shape_of(self.attributes[name].shape) if name in self.attributes else None
        return None if found is None or None in found else found  # type: ignore[return-value]

    def output_shapes(self) -> list[Shape | None]:
        """The shapes that TensorFlow wrote beside the node, where it did, and in full."""
        for name in ("_output_shapes", "output_shapes"):
            if name in self.attributes:
                found = [shape_of(shape) for shape in self.attributes[name].list.shape]
                return [None if s is None or None in s else s for s in found]  # type: ignore[misc]
        return []


def _is_plain(attribute: Any) -> bool:
    """Whether an attribute is a number, a name, a type, or some of them."""
    kind = attribute.WhichOneof("value")
    if kind == "list":
        several = attribute.list
        return not (several.shape or several.tensor or several.func)
    return kind in ("s", "i", "f", "b", "type")


def spatial(layout: str, rank: int) -> tuple[tuple[int, ...], int]:
    """The spatial axes and the channel axis of ``NHWC``, ``NCDHW`` … (default: channels last)."""
    if layout.startswith("NC"):
        return tuple(range(2, rank)), 1
    return tuple(range(1, rank - 1)), rank - 1
