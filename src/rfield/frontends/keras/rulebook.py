"""What a rule of Keras sees: one call of a layer, or of an op of ``keras.ops``.

What a rule may answer is told in ``machine.protocol``. Rules are found by class name; those of
``keras.ops`` begin with ``ops.``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, Protocol

import keras
import numpy as np

from ...core.arguments import Shape
from ...core.numbers import Same
from ..machine.limits import MASK
from ..machine.protocol import Call as MachineCall
from ..machine.protocol import Machine as AnyMachine
from ..machine.rules import Rule, RuleTable
from ..machine.values import Constant, Dependent, Items, known

RULES = RuleTable("keras")
rule = RULES.rule


class Held(Constant):
    """A constant of the model, with the object that holds it."""

    __slots__ = ("held",)

    def __init__(self, held: Any, *, contents: Any = None, made: bool = False) -> None:
        super().__init__(tuple(held.shape), contents, made=made)
        self.held = held
        self.key = Same(held)
        self.unseen = made and prod(self.shape) > MASK


class Machine(AnyMachine, Protocol):
    """What a rule of Keras may ask of whoever reads the model."""

    zeros: bool
    pads: bool
    """Whether a layer so far masks what the data says is padding, for all that come after it."""

    def inside(self, layer: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Read a layer or model inside the layer that is being read; what it returns."""
        ...

    def see_to_sizes(self, call: Call) -> None:
        """Refuse a sequence of which somebody is about to make a square, if its size is free."""
        ...

    def written_out(self, call: Call) -> Any:
        """Read the code of a layer on symbols; what it returns."""
        ...


class Call(MachineCall):
    """One call of a layer.

    ``layer``: the layer, for its attributes. ``args`` and ``kwargs``: what it is called with,
    tensors as values. ``operands``: the tensors among them, in order. ``training``: whether it is
    called as in training.
    """

    __slots__ = ("args", "kwargs", "layer", "training")

    machine: Machine

    def __init__(
        self,
        name: str,
        layer: Any,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        machine: Machine,
        training: bool = False,
    ) -> None:
        super().__init__(name, rule_name(layer), operands_among([args, kwargs]), machine)
        self.layer = layer
        self.args = args
        self.kwargs = kwargs
        self.training = training

    @property
    def kind(self) -> str:
        """The name under which the op is shown."""
        return type(self.layer).__name__.lower()

    @property
    def shapes(self) -> list[Shape]:
        """The shapes of all operands."""
        return [value.shape for value in self.operands]

    def get(self, name: str, position: int, default: Any = None) -> Any:
        """An argument of the call by name or position, or of the op by name."""
        if name in self.kwargs:
            return self.kwargs[name]
        if position < len(self.args):
            return self.args[position]
        return getattr(self.layer, name, default)

    def tensors(self) -> list[Any]:
        """All arguments that are not None as operands, numbers and lists of numbers too."""
        given = [*self.args, *self.kwargs.values()]
        return [operand(value) for value in given if value is not None]

    def indices(self, name: str, position: int) -> Any:
        """An argument that chooses places: its contents where they are known, else an operand."""
        value = operand(self.get(name, position))
        found = value.array if isinstance(value, Constant) else None
        return value if found is None else found

    def mask(self, name: str = "mask") -> Any:
        """A mask that Keras hands on beside the tensors, or None."""
        return self.kwargs.get(name)

    @property
    def channels_first(self) -> bool:
        """The layout of the layer; an op that names none has that of Keras's settings."""
        layout = getattr(self.layer, "data_format", "channels_last")
        return (layout or keras.config.image_data_format()) == "channels_first"

    def space(self) -> tuple[tuple[int, ...], int]:
        """The spatial axes and the channel axis of the first operand."""
        rank = len(self.shape(0))
        if self.channels_first:
            return tuple(range(2, rank)), 1
        return tuple(range(1, rank - 1)), rank - 1


def operands_among(value: Any) -> list[Any]:
    """The tensors among arguments, in order."""
    if isinstance(value, (Dependent, Constant)):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)) and not isinstance(value, Items):
        return [found for entry in value for found in operands_among(entry)]
    return []


def operand(value: Any) -> Any:
    """An argument in the place of a tensor; a number or a list of numbers is a constant."""
    return value if isinstance(value, (Dependent, Constant)) else known(np.asarray(value))


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
