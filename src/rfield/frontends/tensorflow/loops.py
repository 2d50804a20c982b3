"""The older loops: a knot of nodes in the graph itself (Enter, Merge, Switch, NextIteration, Exit).

``untie`` gives each knot one node, ``Loop``, that stands for it and is read as any loop is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from ...errors import InvalidModelError
from ..machine import bodies, limits
from ..machine.names import printable
from ..machine.values import Constant, Outputs
from .bodies import MERGES, Body, Item, Reference, pick, sort
from .control import outputs
from .rulebook import Machine


class Knot:
    """One loop of a graph. For each variable: its ``Merge``, what enters it, and what comes back.

    ``inside``: the nodes of the loop; ``exits``: which variable leaves through each Exit.
    """

    __slots__ = ("back", "body", "condition", "entered", "exits", "inside", "merges", "orders")

    def __init__(self, body: Body, inside: Iterable[int]) -> None:
        self.body = body
        self.inside = frozenset(inside)
        self.merges: list[int] = []
        self.entered: list[int] = []
        self.back: list[Reference] = []
        self.condition: Reference | None = None
        self.exits: list[int] = []
        self.orders: dict[tuple[int, ...], list[int]] = {}

    def order(self, wanted: Iterable[int]) -> list[int]:
        """The nodes of the loop that these need, operands first, without the variables."""
        key = tuple(wanted)
        if key not in self.orders:
            own = self.inside.difference(self.merges)
            self.orders[key] = [place for place in sort(self.body.items, key) if place in own]
        return self.orders[key]

    def variable(self, place: int, name: str) -> int:
        """Which variable stands at a node: the switch behind its ``Merge``, or a copy of that."""
        items = self.body.items
        for _ in range(len(items)):
            if place in self.merges:
                return self.merges.index(place)
            if items[place].op not in PASSING_ON or not items[place].inputs:
                break
            place = items[place].inputs[0][0]
        raise InvalidModelError(f"what leaves the loop {name!r} is none of its variables")


PASSING_ON = ("Switch", "RefSwitch", "Identity", "RefIdentity")


class LoopItem(Item):
    """Stands for a knot among the nodes."""

    __slots__ = ("knot",)

    def __init__(self, name: str, knot: Knot) -> None:
        super().__init__((), 0, name, "Loop")
        self.knot = knot


def untie(body: Body) -> None:
    """Put one ``Loop`` node in the place of each loop of the graph, innermost first."""
    items = body.items
    if not any(item.op in ("Enter", "RefEnter") for item in items):
        return
    frames = _frames(items)
    exits: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        if item.op in ("Exit", "RefExit") and item.inputs:
            exits[frames[item.inputs[0][0]]].append(place)
    for frame in sorted({f for f in frames if f}, key=lambda frame: (-len(frame), frame)):
        knot = _knot(body, [place for place, home in enumerate(frames) if home == frame], frame[-1])
        leaving = exits[frame]
        knot.exits = [knot.variable(items[place].inputs[0][0], frame[-1]) for place in leaving]
        made = LoopItem(f"{frame[-1]}/loop", knot)
        outer = dict.fromkeys(knot.entered)
        for place in knot.inside.difference(knot.merges):
            outer.update((s, None) for s, _ in items[place].inputs if s not in knot.inside)
        made.inputs = tuple((source, 0) for source in outer)
        items.append(made)
        frames.append(frame[:-1])
        for k, place in enumerate(leaving):
            items[place].inputs = ((len(items) - 1, k),)
        body.hidden.update(knot.inside)
    body.seed()


def _knot(body: Body, members: Sequence[int], name: str) -> Knot:
    """The variables and the condition of the loop that these nodes are."""
    knot = Knot(body, members)
    for place in members:
        item = body.items[place]
        if item.op == "LoopCond":
            knot.condition = item.inputs[0]
        turning = ["NextIteration" in body.items[source].op for source, _ in item.inputs]
        if item.op in MERGES and any(turning):
            if len(turning) != 2 or all(turning):
                raise InvalidModelError(f"{item.name} is no variable of a loop")
            knot.merges.append(place)
            knot.back.append(item.inputs[turning.index(True)])
            knot.entered.append(item.inputs[turning.index(False)][0])
    if knot.condition is None:
        raise InvalidModelError(f"the loop {name!r} has no condition")
    return knot


def _frames(items: Sequence[Item]) -> list[tuple[str, ...]]:
    """The loop in which each node lives, as the path of loop names; () outside.

    What a loop lives in is told by those of its Enter nodes that come from farthest inside: others
    bring constants from anywhere.
    """
    order = sort(items, range(len(items)))
    parents: dict[str, tuple[str, ...]] = {}
    for _ in range(limits.DEEPEST):
        frames: list[tuple[str, ...]] = [()] * len(items)
        values: list[tuple[str, ...]] = [()] * len(items)
        known = dict(parents)
        for place in order:
            item = items[place]
            home = max((values[source] for source, _ in item.inputs), key=len, default=())
            if item.op in ("Exit", "RefExit"):
                home = home[:-1]
            frames[place] = values[place] = home
            if item.op in ("Enter", "RefEnter"):
                name = _frame_name(item)
                if len(home) >= len(parents.get(name, ())):
                    parents[name] = home
                values[place] = (*parents[name], name)
        if parents == known:
            return frames
    raise InvalidModelError(f"loops nested more than {limits.DEEPEST} deep")


def _frame_name(item: Item) -> str:
    attribute = item.node.attr
    if "frame_name" not in attribute:
        return "loop"
    return printable(attribute["frame_name"].s.decode("utf-8", "replace"))


class Turns:
    """One loop while it is read: its condition and its body are parts of the same nodes.

    What the condition computed of some variables is there for the body, which reads on from it.
    """

    def __init__(self, machine: Machine, knot: Knot, outside: dict[int, Any]) -> None:
        self.machine = machine
        self.knot = knot
        self.outside = outside
        self.entered: Sequence[Any] = ()
        self.values: Any = None

    def condition(self, variables: Sequence[Any]) -> list[Any]:
        """Whether there is another turn."""
        assert self.knot.condition is not None
        self.values = defaultdict(lambda: None, self.outside)
        self.entered = variables
        entered = (Outputs([value, Constant(())]) for value in variables)
        self.values.update(zip(self.knot.merges, entered, strict=True))
        return self._read([self.knot.condition])

    def body(self, variables: Sequence[Any]) -> list[Any]:
        """The variables after one more turn."""
        if self.entered is not variables:
            self.condition(variables)
        return self._read(self.knot.back)

    def _read(self, references: Iterable[Reference]) -> list[Any]:
        wanted = list(references)
        self.machine.nodes(self.knot.body, self.knot.order(p for p, _ in wanted), self.values)
        return [pick(self.values[place], output) for place, output in wanted]


def loop(machine: Machine, item: LoopItem, operands: Sequence[Any]) -> Any:
    """Turn by turn as long as the condition is known, else bounded for any number of turns."""
    knot = item.knot
    outside = dict(zip((source for source, _ in item.inputs), operands, strict=True))
    turns = Turns(machine, knot, outside)
    variables = [outside[source] for source in knot.entered]
    made = bodies.loop(
        machine, variables, turns.body, turns.condition, captured=operands, kind="while"
    )
    return outputs([made[place] for place in knot.exits])
