"""Calls and branches: functions are read in place of the nodes that call them."""

from __future__ import annotations

from typing import Any

from ...errors import InvalidModelError
from ..machine import bodies
from ..machine.values import Constant, Outputs
from .rulebook import Call, Function, rule
from .values import Mark


@rule("PartitionedCall", "StatefulPartitionedCall", "RemoteCall")
def call(call: Call) -> Any:
    """A function of the library.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/PartitionedCall
    """
    given = call.operands[1:] if call.op == "RemoteCall" else call.operands  # first, where it runs
    return outputs(bodies.call(call.machine, function_of(call, "f"), given))


def function_of(call: Call, attribute: str) -> Function:
    """The function that an attribute names."""
    if not call.written(attribute) or not call.attributes[attribute].func.name:
        raise InvalidModelError(f"{call.op} names no function")
    return call.machine.function(call.attributes[attribute].func.name, call.item.writes)


def outputs(results: list[Any]) -> Any:
    """The value of a node with these outputs."""
    return results[0] if len(results) == 1 else Outputs(results)


@rule("If", "StatelessIf")
def if_(call: Call) -> Any:
    """The branch that is taken; both, and the condition, where the data decides.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/If
    """
    runs = [function_of(call, "else_branch"), function_of(call, "then_branch")]
    return outputs(bodies.branch(call.machine, call[0], runs, call.operands[1:]))


@rule("Case", "StatelessCase")
def case(call: Call) -> Any:
    """One of several branches by its number, the last for numbers outside.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Case
    """
    runs = [
        call.machine.function(entry.name, call.item.writes)
        for entry in call.attributes["branches"].list.func
    ]
    return outputs(bodies.branch(call.machine, call[0], runs, call.operands[1:]))


@rule("While", "StatelessWhile")
def while_(call: Call) -> Any:
    """Turn by turn as long as the condition is known, else bounded for any number of turns.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/While
    """
    condition, body = function_of(call, "cond"), function_of(call, "body")
    made = bodies.loop(
        call.machine, call.operands, body, condition, unchanged=body.unchanged, kind="while"
    )
    return outputs(made)


@rule("Switch", "RefSwitch")
def switch(call: Call) -> Outputs:
    """The operand goes one way; both, where the data decides.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Switch
    """
    value, holds = call.operands[0], bodies.truth(call[1])
    if holds is None:
        return Outputs([value, value])
    return Outputs([Mark.DEAD, value] if holds else [value, Mark.DEAD])


@rule("Merge", "RefMerge")
def merge(call: Call) -> Any:
    """Whichever operand is alive; where the data decides, all of them, and what it decides by.

    The predicates are found beforehand and stand behind the operands (``bodies.find_predicates``).
    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Merge
    """
    count = sum(not text.startswith("^") for text in call.item.node.input)
    alive = [value for value in call.operands[:count] if value is not Mark.DEAD]
    if not alive:
        return Mark.DEAD
    value = bodies.joined(call.machine, alive, call.operands[count:])
    return Outputs([value, Constant(())])
