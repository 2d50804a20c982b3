"""Calls and branches: functions are read in place of the nodes that call them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...core import ops
from ...core.graph import Draft
from ...core.link import everything
from ...errors import InvalidModelError
from .bodies import printable
from .rulebook import Arguments, Reading, rule
from .values import Fixed, Mark, Outputs

if TYPE_CHECKING:
    from .reader import Reader

Receive = Callable[[Any], None]


class Enter:
    """A rule's wish to have functions read in its place: ``start(reader, receive)`` begins."""

    __slots__ = ("start",)

    def __init__(self, start: Callable[[Reader, Receive], None]) -> None:
        self.start = start


@rule("PartitionedCall", "StatefulPartitionedCall", "RemoteCall")
def call(arg: Arguments) -> Enter:
    """A function of the library."""
    return called(function_of(arg, "f"), arg, list(arg.operands))


def function_of(arg: Arguments, attribute: str) -> str:
    """The name of the function that an attribute holds."""
    if not arg.has(attribute) or not arg.attributes[attribute].func.name:
        raise InvalidModelError(f"{arg.op} names no function")
    return arg.attributes[attribute].func.name


def called(function: str, arg: Arguments, operands: list[Any]) -> Enter:
    """Read one function; its results become the node's outputs."""

    def start(reader: Reader, receive: Receive) -> None:
        def finish(results: list[Any]) -> None:
            if results and type(results[0]) is int:
                reader.layers.setdefault(arg.name, results[0])
            receive(outputs(results))

        reader.call(reader.body(function), operands, arg.name, finish)

    return Enter(start)


def outputs(results: list[Any]) -> Any:
    """The value of a node with these outputs."""
    return results[0] if len(results) == 1 else Outputs(results)


@rule("If", "StatelessIf")
def if_(arg: Arguments) -> Enter:
    """A known condition takes its branch; else both are read and joined, as an upper bound."""
    condition = truth(arg.operand(0))
    branches = [function_of(arg, "else_branch"), function_of(arg, "then_branch")]
    if condition is not None:
        return called(branches[condition], arg, list(arg.operands[1:]))
    return _branches(arg, branches)


@rule("Case", "StatelessCase")
def case(arg: Arguments) -> Enter:
    """The same with several branches."""
    branches = [entry.name for entry in arg.attributes["branches"].list.func]
    if not branches:
        raise InvalidModelError("a Case without branches")
    index = arg.operand(0)
    numbers = index.array if type(index) is Fixed else None
    if numbers is not None and numbers.size == 1:
        place = int(numbers.reshape(()))
        place = place if 0 <= place < len(branches) else len(branches) - 1
        return called(branches[place], arg, list(arg.operands[1:]))
    return _branches(arg, branches)


def _branches(arg: Arguments, branches: list[str]) -> Enter:
    """Read all branches one after the other, then join their results."""

    def start(reader: Reader, receive: Receive) -> None:
        found: list[list[Any]] = []

        def finish(results: list[Any]) -> None:
            found.append(results)
            if len(found) < len(branches):
                follow()
            else:
                joined = [
                    reader.settle(merged(reader.draft, list(values), arg.operands[0]), arg.name, ())
                    for values in zip(*found, strict=True)
                ]
                receive(outputs(joined))

        def follow() -> None:
            body = reader.body(branches[len(found)])
            reader.call(body, list(arg.operands[1:]), arg.name, finish)

        follow()

    return Enter(start)


def truth(value: Any) -> bool | None:
    """Whether a condition holds, where it is known: numbers by value, other tensors by size."""
    numbers = value.array if type(value) is Fixed else None
    if numbers is None or numbers.size != 1:
        return None
    return bool(numbers.reshape(())[()])


def merged(draft: Draft, values: list[Any], condition: Any = None) -> Any:
    """One of several values, nobody knows which: each output may read any of them."""
    values = [value for value in values if value is not Mark.DEAD]
    if not values:
        return Mark.DEAD
    if Mark.ASIDE in values:
        return Mark.ASIDE
    if all(value is values[0] for value in values) or (
        all(type(value) is int for value in values) and len(set(values)) == 1
    ):
        return values[0]
    if not all(type(value) in (int, Fixed) for value in values):
        raise InvalidModelError("branches that return lists cannot be joined")
    deciding = type(condition) is int
    if not deciding and all(type(value) is Fixed for value in values):
        shapes = {value.shape for value in values}
        return Fixed(shapes.pop() if len(shapes) == 1 else None, origin="branches")
    shapes = [value.shape if type(value) is Fixed else draft.nodes[value].shape for value in values]
    shape = shapes[0]
    if len(set(shapes)) > 1 or shape is None:
        raise InvalidModelError(f"branches of different shapes: {printable(str(shapes))}")
    operands = list(values)
    op = ops.pointwise(*[shape] * len(shapes), kind="branches")
    links = list(op.links)
    if deciding:
        operands.append(condition)
        links.append(everything(len(draft.nodes[condition].shape)))
    made = ops.Op("branches", op.shape, tuple(links), exact=False)
    return Reading(made, operands)


@rule("Switch", "RefSwitch")
def switch(arg: Arguments) -> Outputs:
    """The operand goes one way; both where nobody knows."""
    value, condition = arg.operand(0), truth(arg.operand(1))
    if condition is None:
        return Outputs([value, value])
    return Outputs([Mark.DEAD, value] if condition else [value, Mark.DEAD])


@rule("Merge", "RefMerge")
def merge(arg: Arguments) -> Outputs:
    """Whichever of its operands is alive."""
    return Outputs([merged(arg.draft, list(arg.operands)), Fixed((), origin="Merge")])
