"""The agreement between rules and the machinery that calls them.

A rule takes an ``Arguments`` (one layer or Keras op, and what it is called with) and returns:

- an ``Op``: its links belong to the operands in their order; operands beyond the links that depend
  on an input are taken to be read whole, as an upper bound;
- a list of ``Op``: one after the other, on the first operand;
- a ``Reading``: an op (or list) with its operands named, which may be readings themselves;
- a value: an operand handed on as it is;
- ``Outputs``: one of these per output.

Rules are found by class name; those of ``keras.ops`` begin with ``ops.``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...core.arguments import Shape
from ...core.graph import Draft
from ...core.ops import Op
from ...errors import InvalidModelError
from ..machine.rules import Rule, RuleTable

RULES = RuleTable("keras")
rule = RULES.rule


@dataclass(frozen=True, slots=True)
class Reading:
    """An op with its operands: values, or the results of other readings."""

    op: Op | list[Op]
    operands: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that depends on no input."""

    shape: Shape


class Outputs(tuple[Any, ...]):
    """The results of a layer with several outputs."""

    __slots__ = ()


@dataclass(slots=True, eq=False)
class Arguments:
    """One call of a layer.

    ``layer``: the layer, for its attributes. ``args`` and ``kwargs``: what it is called with,
    tensors as values. ``operands``: the tensors among them, in order. ``training``: whether it is
    called as in training.
    """

    layer: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    operands: list[Any]
    draft: Draft
    training: bool = False

    def shape(self, position: int = 0) -> Shape:
        """The shape of an operand."""
        if position >= len(self.operands):
            raise InvalidModelError(f"called with {len(self.operands)} tensors; expected more")
        return self.shape_of(self.operands[position])

    def shape_of(self, value: Any) -> Shape:
        """The shape of a value; a plain number has none."""
        if type(value) is int:
            return self.draft.nodes[value].shape
        if isinstance(value, Constant):
            return value.shape
        return tuple(getattr(value, "shape", ()))

    @property
    def shapes(self) -> list[Shape]:
        """The shapes of all operands."""
        return [self.shape_of(value) for value in self.operands]

    def get(self, name: str, position: int, default: Any = None) -> Any:
        """An argument of the call by name or position, or of the op by name."""
        if name in self.kwargs:
            return self.kwargs[name]
        if position < len(self.args):
            return self.args[position]
        return getattr(self.layer, name, default)

    @property
    def channels_first(self) -> bool:
        """The layout of the layer."""
        return getattr(self.layer, "data_format", None) == "channels_first"

    def space(self) -> tuple[tuple[int, ...], int]:
        """The spatial axes and the channel axis of the first operand."""
        rank = len(self.shape(0))
        if self.channels_first:
            return tuple(range(2, rank)), 1
        return tuple(range(1, rank - 1)), rank - 1

    @property
    def kind(self) -> str:
        """The name under which the op is shown."""
        return type(self.layer).__name__.lower()


def rule_name(layer: Any) -> str:
    """``Conv2D`` for Keras's layers, ``ops.Add`` for its ops; a user's class by its own name."""
    kind = type(layer)
    return f"ops.{kind.__name__}" if kind.__module__.startswith("keras.src.ops") else kind.__name__


def find_rule(layer: Any) -> Rule | None:
    """The rule of a layer.

    A user's class has the rule that its user wrote for it, or, where it inherits ``call``, the rule
    of the Keras layer from which it does. Sharing a name with a Keras layer means nothing.
    """
    kind = type(layer)
    found = RULES.get(rule_name(layer))
    if kind.__module__.startswith("keras.src."):
        return found
    if found is not None and not found.function.__module__.startswith("rfield."):
        return found
    for parent in kind.__mro__:
        if parent.__module__.startswith("keras.src.layers"):
            return RULES.get(parent.__name__) if kind.call is parent.call else None
    return None
