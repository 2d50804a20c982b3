"""A graph or a function, made ready to be read: references resolved, nodes in order.

No recursion anywhere: a chain of a million nodes listed backwards is a chain like any other. What
the ops mean is not known here, except that a ``Merge`` may close a loop through ``NextIteration``.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
    memory than the graph that is made of them. ``writes``: which variables among its arguments the
    functions that it calls write to; what is in them then stands behind its outputs.
    """

    __slots__ = ("inputs", "name", "nodes", "op", "place", "writes")

    def __init__(self, nodes: Sequence[Any], place: int, name: str, op: str) -> None:
        self.nodes = nodes
        self.place = place
        self.name = printable(name)
        self.op = intern(op)
        self.inputs: tuple[Reference, ...] = ()
        self.writes: tuple[int, ...] = ()

    @property
    def node(self) -> Any:
        """The message with the attributes."""
        return self.nodes[self.place]


SPENT = Item((), 0, "", "")
"""In the place of a node that was read and will not be read again."""


@dataclass(slots=True, eq=False)
class Body:
    """The nodes of one graph or function. ``parameters`` are the nodes that stand for arguments.

    ``written``: what is in the variables that it is given, by parameter, once it has run.
    ``zeros``: those of its constants count, also of parameters.
    """

    items: list[Item]
    places: dict[str, int]
    parameters: tuple[int, ...] = ()
    returns: tuple[Reference, ...] = ()
    signature: tuple[str, ...] = ()
    written: dict[int, Reference] = field(default_factory=dict[int, "Reference"])
    constants: list[Any] = field(default_factory=list[Any])
    zeros: bool = False
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
                constants[place] = made = Stored(item)
                made.zeros_count = self.zeros
            elif item.op == "Identity" and len(item.inputs) == 1:
                passing.append(place)
        for place in passing:  # one step: chains of them are few
            source, output = self.items[place].inputs[0]
            if not output:
                constants[place] = constants[source]
        self.constants = constants


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
    waiting = [Waiting(item.op, (*item.inputs, *controls(body, item)), item.name) for item in items]
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


class Waiting(NamedTuple):
    """A node with all that it waits for."""

    op: str
    inputs: tuple[Reference, ...]
    name: str


def controls(body: Body, item: Item) -> list[Reference]:
    """Nodes that a node only waits for."""
    texts = (text[1:] for text in item.node.input if text.startswith("^"))
    return [(body.places[name], 0) for name in texts if name in body.places]


def sort(items: Sequence[Item | Waiting], wanted: Iterable[int]) -> Order:
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


def _circle(items: Sequence[Item | Waiting], place: int, source: int) -> InvalidModelError:
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
