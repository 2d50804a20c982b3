"""The functions of a graph, made ready when they are first called, and the graph itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from types import SimpleNamespace
from typing import Any

from ...errors import InvalidModelError
from ..machine.names import printable
from . import variables
from .bodies import Body, Item, Reference, find_predicates


class Library:
    """Functions by name. Each is made ready once, for all sizes at which the graph is read."""

    __slots__ = ("_bodies", "_making", "functions", "zeros")

    def __init__(self, functions: Iterable[Any], *, zeros: bool = False) -> None:
        self.zeros = zeros
        self.functions: Mapping[str, Any] = {each.signature.name: each for each in functions}
        self._bodies: dict[str, Body] = {}
        self._making: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self.functions

    def returns(self, name: str) -> tuple[str, ...]:
        """The names of what a function returns."""
        return tuple(each.name for each in self._function(name).signature.output_arg)

    def body(self, name: str) -> Body:
        """A function, ready to be read.

        Raises:
            InvalidModelError: there is none, or it calls itself with a variable.
        """
        if name not in self._bodies:
            if name in self._making:
                raise InvalidModelError(f"function {printable(name)!r} calls itself")
            self._making.add(name)
            try:
                self._bodies[name] = self._of_function(self._function(name))
            finally:
                self._making.discard(name)
        return self._bodies[name]

    def _function(self, name: str) -> Any:
        if name not in self.functions:
            raise InvalidModelError(f"there is no function {printable(name)!r} in the library")
        return self.functions[name]

    def main(self, nodes: Sequence[Any]) -> Body:
        """The main graph of a GraphDef."""
        body = self._body(nodes, [])
        variables.settle(body, self)
        body.seed()
        return body

    def _of_function(self, function: Any) -> Body:
        signature = function.signature
        body = self._body(list(function.node_def), signature.input_arg)
        body.parameters = tuple(range(len(signature.input_arg)))
        returns: list[Reference] = []
        for argument in signature.output_arg:
            if argument.name not in function.ret:
                raise InvalidModelError(
                    f"function {printable(signature.name)!r} does not return "
                    f"{printable(argument.name)!r}"
                )
            found = body.reference(function.ret[argument.name], self.functions)
            if found is not None:
                returns.append(found)
        body.returns = tuple(returns)
        body.signature = tuple(argument.name for argument in signature.input_arg)
        variables.settle(body, self)
        body.seed()
        return body

    def _body(self, nodes: Sequence[Any], arguments: Sequence[Any]) -> Body:
        parameters = [_argument(each) for each in arguments]
        items: list[Item] = []
        places: dict[str, int] = {}
        first = len(parameters)
        for place, node in enumerate(chain(parameters, nodes)):
            name, op = node.name, node.op
            if not op or not name:
                raise InvalidModelError(f"node {place} has no {'op' if name else 'name'}")
            if name in places:
                raise InvalidModelError(f"two nodes are called {printable(name)!r}")
            places[name] = place
            home = (nodes, place - first) if place >= first else ((node,), 0)
            items.append(Item(*home, name, op))
        body = Body(items, places, zeros=self.zeros)
        for item, node in zip(items, chain(parameters, nodes), strict=True):
            if texts := node.input:
                item.inputs = _references(body, item, texts, self.functions)
        find_predicates(body)
        return body


def _argument(argument: Any) -> Any:
    """The node that stands for an argument of a function."""
    attributes = {"dtype": SimpleNamespace(type=argument.type)}
    return SimpleNamespace(name=argument.name, op="_Arg", input=(), attr=attributes)


def _references(
    body: Body, item: Item, texts: Sequence[str], functions: Mapping[str, Any]
) -> tuple[Reference, ...]:
    """What a node reads; control inputs are left out."""
    places = body.places
    inputs: list[Reference] = []
    for text in texts:
        place = places.get(text)
        if place is not None:
            inputs.append((place, 0))
            continue
        try:
            reference = body.reference(text, functions)
        except InvalidModelError as error:
            raise InvalidModelError(f"{item.name}: {error}") from None
        if reference is not None:
            inputs.append(reference)
    return tuple(inputs)
