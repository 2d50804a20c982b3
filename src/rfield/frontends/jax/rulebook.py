"""What a rule of JAX sees: one equation of a jaxpr with its operands and its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from ...core.arguments import Shape
from ..machine.bodies import BodyMachine
from ..machine.protocol import Call as MachineCall
from ..machine.rules import RuleTable

RULES = RuleTable("jax")
rule = RULES.rule

Run = Callable[[Sequence[Any]], list[Any]]


class Machine(BodyMachine, Protocol):
    """What a rule of JAX may ask of whoever reads the jaxpr.

    ``free``: the input sizes stand for any.
    """

    free: bool

    def body(self, jaxpr: Any, constants: Sequence[Any] = ()) -> Run:
        """A jaxpr inside another, to be read with its arguments behind ``constants``."""
        ...


class Call(MachineCall):
    """One equation: ``shapes_out`` are the shapes of its results."""

    __slots__ = ("parameters", "shapes_out")

    machine: Machine

    def __init__(
        self, name: str, op: str, operands: Sequence[Any], machine: Machine,
        parameters: Mapping[str, Any], shapes_out: Sequence[Shape],
    ) -> None:  # fmt: skip
        super().__init__(name, op, operands, machine)
        self.parameters = parameters
        self.shapes_out = shapes_out

    @property
    def shapes(self) -> list[Shape]:
        """The shapes of all operands."""
        return [value.shape for value in self.operands]

    def attribute(self, name: str) -> Any:
        """A parameter of the equation."""
        return self.parameters[name]

    def numbers(self, name: str) -> tuple[int, ...]:
        """A parameter that is a list of integers."""
        return tuple(int(number) for number in self.parameters[name])
