"""The agreement between rules and the machinery that calls them.

A rule takes an ``Arguments`` (one node with its operands) and returns what the node reads:

- an ``Op``: its links belong to the operands in their order; operands beyond the links are weights,
  and if one of them depends on an input after all, it is taken to be read whole, as an upper bound;
- a list of ``Op``: one after the other, on the first operand;
- a ``Reading``: an op (or list) with its operands named, which may be readings themselves;
- a value: an operand handed on as it is, or a ``Fixed`` one;
- ``Outputs``: one of these per output.

Rules are called for constants too: there only the shape of the result counts. What small constants
*are* is in ``folding``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...core.arguments import Shape
from ...core.graph import Draft
from ...core.ops import Op
from ...errors import InvalidModelError, UnresolvedSizeError
from ..machine.rules import RuleTable
from .values import Array, Blocked, Fixed, shape_of

RULES = RuleTable("tensorflow")
rule = RULES.rule


class UnknownShapeError(UnresolvedSizeError):
    """A shape that neither the file nor the ops before it tell."""


class NotInBlocksError(Exception):
    """An op that cannot be read in the space of the image; its operands are written out first."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An op with its operands: values, or the results of other readings."""

    op: Op | list[Op]
    operands: Sequence[Any]


class Arguments:
    """One node: its operands in order (control inputs left out) and its attributes.

    ``training``: whether the model is read as in training.
    """

    __slots__ = ("_attributes", "draft", "item", "name", "op", "operands", "training")

    def __init__(
        self, item: Any, operands: Sequence[Any], draft: Draft, training: bool = False
    ) -> None:
        self.item = item
        self.name: str = item.name
        self.op: str = item.op
        self.operands = operands
        self.training = training
        self.draft = draft
        self._attributes: Any = None

    @property
    def attributes(self) -> Any:
        """What is written beside the node, by name."""
        if self._attributes is None:
            self._attributes = self.item.node.attr
        return self._attributes

    def __len__(self) -> int:
        return len(self.operands)

    def shape(self, position: int = 0) -> Shape:
        """The shape of an operand."""
        return self.shape_of(self.operand(position))

    def operand(self, position: int) -> Any:
        """An operand; negative positions count from the end."""
        try:
            return self.operands[position]
        except IndexError:
            raise InvalidModelError(
                f"{self.op} with {len(self.operands)} operands; expected more"
            ) from None

    def shape_of(self, value: Any) -> Shape:
        """The shape of a value."""
        if type(value) is int:
            return self.draft.nodes[value].shape
        if type(value) is Fixed:
            if value.shape is None:
                where = f" ({value.origin})" if value.origin else ""
                raise UnknownShapeError(f"the shape of an operand of {self.op} is not known{where}")
            return value.shape
        if type(value) is Blocked:
            raise NotInBlocksError
        raise InvalidModelError(f"{self.op} cannot read a {type(value).__name__.lower()}")

    @property
    def shapes(self) -> list[Shape]:
        """The shapes of all operands."""
        return [self.shape_of(value) for value in self.operands]

    def depends(self, position: int) -> bool:
        """Whether an operand depends on an input of the model."""
        return type(self.operands[position]) is int

    def array(self, position: int) -> Array:
        """The numbers of a small constant operand."""
        value = self.operand(position)
        found = value.array if type(value) is Fixed else None
        if found is None:
            why = "depends on the input" if type(value) is int else "is not known"
            raise UnresolvedSizeError(f"operand {position} of {self.op} {why}; expected a constant")
        return found

    def known(self, position: int) -> Array | None:
        """The numbers of an operand, or None."""
        if not -len(self.operands) <= position < len(self.operands):
            return None
        value = self.operands[position]
        return value.array if type(value) is Fixed else None

    def integers(self, position: int) -> tuple[int, ...]:
        """A constant operand as plain integers."""
        return tuple(int(value) for value in self.array(position).reshape(-1))

    def integer(self, position: int) -> int:
        """A constant operand that holds one integer."""
        values = self.integers(position)
        if len(values) != 1:
            raise InvalidModelError(f"operand {position} has {len(values)} elements; expected 1")
        return values[0]

    def axes(self, position: int, rank: int) -> tuple[int, ...]:
        """A constant operand as axes of a tensor of ``rank``, each at least 0."""
        found = self.integers(position)
        for axis in found:
            if not -rank <= axis < rank:
                raise InvalidModelError(f"axis = {axis}; the operand has {rank} axes")
        return tuple(axis % rank for axis in found)

    def has(self, name: str) -> bool:
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

    def attribute_shape(self, name: str) -> tuple[int | None, ...] | None:
        """A shape; None for an unknown rank."""
        return shape_of(self.attributes[name].shape) if name in self.attributes else None

    def output_shapes(self) -> list[tuple[int | None, ...] | None]:
        """The shapes that TensorFlow wrote beside the node, where it did."""
        for name in ("_output_shapes", "output_shapes"):
            if name in self.attributes:
                return [shape_of(shape) for shape in self.attributes[name].list.shape]
        return []


def spatial(layout: str, rank: int) -> tuple[tuple[int, ...], int]:
    """The spatial axes and the channel axis of ``NHWC``, ``NCDHW`` … (default: channels last)."""
    if layout.startswith("NC"):
        return tuple(range(2, rank)), 1
    return tuple(range(1, rank - 1)), rank - 1
