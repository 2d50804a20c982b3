"""A graph or a function, made ready to be read: references resolved, nodes in order.

No recursion anywhere: a chain of a million nodes listed backwards is a chain like any other. What
the ops mean is not known here, except that a ``Merge`` may close a loop through ``NextIteration``.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from sys import intern
from typing import Any, NamedTuple, TypeAlias

from ...errors import InvalidModelError
from ..machine.names import printable
from ..machine.values import Outputs
from .arguments import OUTPUT_NAMES
from .values import Mark, Stored

Reference = tuple[int, int]
"""A node by its place in ``Body.items``, and which of its outputs."""

Order: TypeAlias = "array[int]"
"""Places of nodes, operands first."""


def pick(value: Any, output: int) -> Any:
    """One output of a node."""
    if type(value) is Outputs:
        if output >= len(value):
            raise InvalidModelError(f"output {output} of a node with {len(value)}")
        return value[output]
    if output and value is not Mark.ASIDE and value is not Mark.DEAD:
        raise InvalidModelError(f"output {output} of a node with 1")
    return value


class Item:
    """One node: its printable name, its op and where its operands come from.

    The message itself is fetched from ``nodes`` when it is needed: a million of them take more
    memory than the graph that is made of them.
    """

    __slots__ = ("inputs", "name", "nodes", "op", "place")

    def __init__(self, nodes: Sequence[Any], place: int, name: str, op: str) -> None:
        self.nodes = nodes
        self.place = place
        self.name = printable(name)
        self.op = intern(op)
        self.inputs: tuple[Reference, ...] = ()

    @property
    def node(self) -> Any:
        """The message with the attributes."""
        return self.nodes[self.place]


SPENT = Item((), 0, "", "")
"""In the place of a node that was read and will not be read again."""


@dataclass(slots=True, eq=False)
class Body:
    """The nodes of one graph or function. ``parameters`` are the nodes that stand for arguments."""

    items: list[Item]
    places: dict[str, int]
    parameters: tuple[int, ...] = ()
    returns: tuple[Reference, ...] = ()
    signature: tuple[str, ...] = ()
    constants: list[Any] = field(default_factory=list[Any])
    hidden: set[int] = field(default_factory=set[int])
    orders: dict[tuple[int, ...] | None, Order] = field(
        default_factory=dict[tuple[int, ...] | None, "Order"]
    )

    def reference(self, text: str, functions: Mapping[str, Any]) -> Reference | None:
        """``name``, ``name:k`` or, in functions, ``name:argument:k``; None for a control input."""
        if text.startswith("^"):
            return None
        name, _, rest = text.partition(":")
        place = self.places.get(name)
        if place is None:
            raise _missing(name, self)
        if not rest:
            return place, 0
        argument, _, number = rest.rpartition(":")
        if not number.isdecimal() or len(number) > 9:
            raise InvalidModelError(f"{printable(text)!r} is not the name of a tensor")
        if not argument:
            return place, int(number)
        op = self.items[place].op
        names = OUTPUT_NAMES.get(op)
        if names is None and op in functions:
            names = tuple(arg.name for arg in functions[op].signature.output_arg)
        if names is None or argument not in names:
            return place, int(number)
        return place, names.index(argument) + int(number)

    def order(self, targets: Iterable[int] | None = None) -> Order:
        """The nodes that ``targets`` need (default: all), operands first."""
        key = None if targets is None else tuple(targets)
        if key not in self.orders:
            every = (p for p in range(len(self.items)) if p not in self.hidden)
            wanted = every if key is None else key
            constants = self.constants
            order = sort(self.items, wanted)
            self.orders[key] = array("i", (p for p in order if constants[p] is None))
        return self.orders[key]

    def seed(self) -> None:
        """Put the constants in their places, once for all readings, and what only hands them on."""
        constants: list[Any] = [None] * len(self.items)
        passing: list[int] = []
        for place, item in enumerate(self.items):
            if item.op == "Const":
                constants[place] = Stored(item)
            elif item.op == "Identity" and len(item.inputs) == 1:
                passing.append(place)
        for place in passing:  # one step: chains of them are few
            source, output = self.items[place].inputs[0]
            if not output:
                constants[place] = constants[source]
        self.constants = constants


def of_graph(nodes: Sequence[Any], functions: Mapping[str, Any]) -> Body:
    """The main graph of a GraphDef."""
    body = _body(nodes, [], functions)
    body.seed()
    return body


def of_function(function: Any, functions: Mapping[str, Any]) -> Body:
    """One function of the library."""
    signature = function.signature
    body = _body(list(function.node_def), signature.input_arg, functions)
    body.parameters = tuple(range(len(signature.input_arg)))
    body.seed()
    returns: list[Reference] = []
    for argument in signature.output_arg:
        if argument.name not in function.ret:
            raise InvalidModelError(
                f"function {printable(signature.name)!r} does not return "
                f"{printable(argument.name)!r}"
            )
        found = body.reference(function.ret[argument.name], functions)
        if found is not None:
            returns.append(found)
    body.returns = tuple(returns)
    body.signature = tuple(argument.name for argument in signature.input_arg)
    return body


class _Argument:
    """The node that stands for an argument of a function."""

    __slots__ = ("attr", "input", "name", "op")

    def __init__(self, name: str) -> None:
        self.name = name
        self.op = "_Arg"
        self.input: tuple[str, ...] = ()
        self.attr: dict[str, Any] = {}


def _body(nodes: Sequence[Any], arguments: Sequence[Any], functions: Mapping[str, Any]) -> Body:
    parameters = [_Argument(argument.name) for argument in arguments]
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
    body = Body(items, places)
    for item, node in zip(items, chain(parameters, nodes), strict=True):
        if texts := node.input:
            item.inputs = _references(body, item, texts, functions)
    find_predicates(body)
    return body


MERGES = ("Merge", "RefMerge")
_TURNS = ("NextIteration", "RefNextIteration")


def find_predicates(body: Body) -> None:
    """Let each ``Merge`` of a branch read the predicates that decide between its operands, too.

    They are those of the switches of which one operand hangs on one side and another on the other;
    constants hang on theirs by a control input.
    """
    items = body.items
    if not any(item.op in MERGES for item in items):
        return
    waiting = [
        _Waiting(item.op, (*item.inputs, *_controls(body, item)), item.name) for item in items
    ]
    sides: dict[int, frozenset[tuple[Reference, int]]] = {}
    for place in sort(waiting, range(len(items))):
        item = items[place]
        found: set[tuple[Reference, int]] = set()
        for source, output in waiting[place].inputs:
            found |= sides.get(source, frozenset())
            if items[source].op in ("Switch", "RefSwitch") and len(items[source].inputs) > 1:
                found.add((items[source].inputs[1], output))
        turns = any(items[source].op in _TURNS for source, _ in item.inputs)
        if item.op in MERGES and len(item.inputs) > 1 and not turns:
            both = {p for p, side in found if (p, 1 - side) in found} or {p for p, _ in found}
            item.inputs = (*item.inputs, *sorted(both))
            found = {(p, side) for p, side in found if p not in both}
        sides[place] = frozenset(found)


class _Waiting(NamedTuple):
    """A node with all that it waits for."""

    op: str
    inputs: tuple[Reference, ...]
    name: str


def _controls(body: Body, item: Item) -> list[Reference]:
    """Nodes that a node only waits for."""
    texts = (text[1:] for text in item.node.input if text.startswith("^"))
    return [(body.places[name], 0) for name in texts if name in body.places]


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


def sort(items: Sequence[Item | _Waiting], wanted: Iterable[int]) -> Order:
    """``wanted`` and all that they read, operands first.

    Raises:
        InvalidModelError: nodes read each other in a circle that is no loop of TensorFlow.
    """
    state = bytearray(len(items))  # 0 not met, 1 being visited, 2 done
    order = array("i")
    for start in wanted:
        if state[start]:
            continue
        stack = [start]
        while stack:
            place = stack[-1]
            if state[place]:
                stack.pop()
                if state[place] == 1:
                    state[place] = 2
                    order.append(place)
                continue
            state[place] = 1
            item = items[place]
            merging = item.op in MERGES
            for source, _ in item.inputs:
                if merging and items[source].op in _TURNS:
                    continue  # the way back of a loop
                if not state[source]:
                    stack.append(source)
                elif state[source] == 1:
                    raise _circle(items, place, source)
    return order


def _circle(items: Sequence[Item | _Waiting], place: int, source: int) -> InvalidModelError:
    """The circle is found again by walking operands from ``source`` to ``place``."""
    came: dict[int, int] = {source: -1}
    queue = [source]
    for here in queue:
        if here == place:
            break
        for operand, _ in items[here].inputs:
            if operand not in came:
                came[operand] = here
                queue.append(operand)
    path = [place]
    while came.get(path[-1], -1) >= 0:
        path.append(came[path[-1]])
    names = [items[index].name for index in path]
    shown = names if len(names) <= 6 else [*names[:3], "…", *names[-2:]]
    return InvalidModelError(f"the nodes {', '.join(shown)} read each other in a circle")


def _missing(name: str, body: Body) -> InvalidModelError:
    from difflib import get_close_matches

    known = list(body.places)[:5000]
    near = get_close_matches(name[:200], known, n=1, cutoff=0.6)
    hint = f" Did you mean {printable(near[0])!r}?" if near else ""
    return InvalidModelError(f"there is no node {printable(name)!r} to read from.{hint}")
