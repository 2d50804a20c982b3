"""Loops: written out step by step where the condition is known, else one bound for all steps.

``While`` names functions. The older form is a knot of nodes in the graph itself (Enter, Merge,
Switch, NextIteration, Exit); ``untie`` gives each knot one node, ``Loop``, that stands for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ...core import ops
from ...errors import InvalidModelError, TooLargeError
from .bodies import Body, Item, printable, sort
from .control import Enter, Receive, function_of, outputs, truth
from .rulebook import Arguments, rule
from .values import Fixed, Mark, Parts

if TYPE_CHECKING:
    from .reader import Reader

MOST_STEPS = 4096
MOST_NODES = 50_000
"""A loop that would take more steps, or more nodes written out, is bounded instead."""

MOST_DEEP = 64
LOOP = "Loop"


@rule("While", "StatelessWhile")
def while_(arg: Arguments) -> Enter:
    """Functions for the condition and the body."""
    condition, body = function_of(arg, "cond"), function_of(arg, "body")
    values = list(arg.operands)

    def start(reader: Reader, receive: Receive) -> None:
        steps = _Steps(reader)

        def ask() -> None:
            reader.call(reader.body(condition), values, arg.name, decide)

        def decide(results: list[Any]) -> None:
            going = truth(results[0])
            if going is False:
                receive(outputs(list(values)))
            elif going is None or not steps.more():
                steps.undo()
                inner = reader.body(body)
                kept = [
                    k < len(inner.parameters) and returned == (inner.parameters[k], 0)
                    for k, returned in enumerate(inner.returns)
                ]
                receive(outputs(_bound(reader, arg.operands, kept, arg.name)))
            else:
                reader.call(reader.body(body), values, arg.name, follow)

        def follow(results: list[Any]) -> None:
            values[:] = results
            ask()

        ask()

    return Enter(start)


class _Steps:
    """How far a loop was written out, and the way back."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.nodes = len(reader.draft.nodes)
        self.layers = len(reader.layers)
        self.count = reader.count
        self.steps = 0

    def more(self) -> bool:
        """Whether another step may be written out."""
        self.steps += 1
        return self.steps <= MOST_STEPS and self.reader.count - self.count <= MOST_NODES

    def undo(self) -> None:
        """Forget all steps."""
        draft = self.reader.draft
        for node in draft.nodes[self.nodes :]:
            del draft.names[node.name]
        del draft.nodes[self.nodes :]
        for name in list(self.reader.layers)[self.layers :]:
            del self.reader.layers[name]


def _bound(
    reader: Reader, values: Sequence[Any], kept: Sequence[bool], name: str
) -> list[Any]:  # fmt: skip
    """After any number of steps a variable may have read all variables, whole."""
    reading = reader.dependents(values)
    shapes = [reader.draft.nodes[value].shape for value in reading]

    def any_of(shape: Any) -> Any:
        if not reading:
            return Fixed(shape)
        if shape is None:
            raise InvalidModelError("a variable of a loop without a known shape")
        return reader.settle_bound(ops.opaque(shapes, shape, kind="while"), reading, name)

    made: list[Any] = []
    for value, unchanged in zip(values, kept, strict=False):
        if unchanged:
            made.append(value)
        elif type(value) is Parts:
            shape = value.shape
            if len(value.items) > MOST_STEPS:
                raise TooLargeError(f"{name}: a loop over a list of {len(value.items):,} elements")
            item = any_of(shape)
            made.append(Parts((item,) * len(value.items), shape))
        elif type(value) is Fixed:
            made.append(any_of(value.shape))
        else:
            made.append(any_of(reader.draft.nodes[value].shape))
    return made


# -- loops tied into the graph ---------------------------------------------------------------


class Knot:
    """One loop of a graph: its nodes in order, its variables, and what leaves it."""

    __slots__ = ("back", "condition", "exits", "merges", "needs", "order")

    def __init__(self) -> None:
        self.order: list[int] = []
        self.merges: list[int] = []
        self.back: list[tuple[int, int] | None] = []
        self.condition: tuple[int, int] | None = None
        self.exits: list[tuple[int, int]] = []
        self.needs: list[int] = []


class _LoopNode:
    """Stands for a knot in the list of nodes."""

    __slots__ = ("attr", "input", "knot", "name", "op")

    def __init__(self, name: str, knot: Knot) -> None:
        self.name = name
        self.op = LOOP
        self.input: tuple[str, ...] = ()
        self.attr: dict[str, Any] = {}
        self.knot = knot


def untie(body: Body) -> None:
    """Put one ``Loop`` node in the place of each loop of the graph, innermost first."""
    items = body.items
    if not any(item.op in ("Enter", "RefEnter") for item in items):
        return
    frames = _frames(items)
    names = {frame: len(frame) for frame in set(frames) if frame}
    exits: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        if item.op in ("Exit", "RefExit") and item.inputs:
            exits[frames[item.inputs[0][0]]].append(place)
    frames = list(frames)
    for frame in sorted(names, key=lambda frame: (-names[frame], frame)):
        knot = Knot()
        members = [place for place, home in enumerate(frames) if home == frame]
        inside = set(members)
        for place in members:
            item = items[place]
            sources = [items[source].op for source, _ in item.inputs]
            if item.op in ("Merge", "RefMerge") and any("NextIteration" in op for op in sources):
                knot.merges.append(place)
                k = next(k for k, op in enumerate(sources) if "NextIteration" in op)
                knot.back.append(item.inputs[k])
                knot.needs += [source for n, (source, _) in enumerate(item.inputs) if n != k]
            elif item.op == "LoopCond":
                knot.condition = item.inputs[0]
        if knot.condition is None:
            raise InvalidModelError(f"the loop {frame[-1]!r} has no condition")
        knot.exits = [items[place].inputs[0] for place in exits[frame]]
        node = _LoopNode(f"{frame[-1]}/loop", knot)
        loop = Item((node,), 0, node.name, node.op)
        merges = set(knot.merges)
        outer = dict.fromkeys(knot.needs)
        for place in members:
            if place not in merges:
                outer.update((s, None) for s, _ in items[place].inputs if s not in inside)
        loop.inputs = tuple((source, 0) for source in outer)
        knot.needs = list(outer)
        own = inside - merges
        knot.order = [place for place in sort(items, members) if place in own]
        items.append(loop)
        frames.append(frame[:-1])
        for k, place in enumerate(exits[frame]):
            items[place].inputs = ((len(items) - 1, k),)
        body.hidden.update(inside)
    body.seed()


def _frames(items: Sequence[Item]) -> list[tuple[str, ...]]:
    """The loop in which each node lives, as the path of loop names; () outside.

    What a loop lives in is told by those of its Enter nodes that come from farthest inside: others
    bring constants from anywhere.
    """
    order = sort(items, range(len(items)))
    parents: dict[str, tuple[str, ...]] = {}
    for _ in range(MOST_DEEP):
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
    raise InvalidModelError(f"loops nested more than {MOST_DEEP} deep")


def _frame_name(item: Item) -> str:
    attribute = item.node.attr
    if "frame_name" not in attribute:
        return "loop"
    return printable(attribute["frame_name"].s.decode("utf-8", "replace"))


def turn(item: Item, outside: dict[int, Any]) -> Enter:
    """Read a ``Loop``; ``outside`` are the values of the nodes that it needs."""
    knot: Knot = item.node.knot

    def start(reader: Reader, receive: Receive) -> None:
        body = reader.frames[-1].body
        entered = [
            next(outside[source] for source, _ in body.items[merge].inputs if source in outside)
            for merge in knot.merges
        ]
        decide = _Decide(reader, knot, outside, entered, item.name, receive)
        reader.loop(body, knot, outside, entered, decide)

    return Enter(start)


class _Decide:
    """After each step: another one, the end, or the bound."""

    def __init__(
        self, reader: Reader, knot: Knot, outside: dict[int, Any], entered: list[Any],
        name: str, receive: Receive,
    ) -> None:  # fmt: skip
        self.reader, self.knot, self.outside = reader, knot, outside
        self.entered, self.name, self.receive = entered, name, receive
        self.steps = _Steps(reader)

    def __call__(self, body: Body, fetch: Callable[[tuple[int, int]], Any]) -> None:
        knot = self.knot
        going = truth(fetch(knot.condition or (0, 0)))
        if going is False:
            self.receive(outputs([fetch(reference) for reference in knot.exits]))
        elif going is None or not self.steps.more():
            self.steps.undo()
            bound = _bound(self.reader, self.entered, [False] * len(self.entered), self.name)
            place = {merge: k for k, merge in enumerate(knot.merges)}
            made: list[Any] = []
            for source, _ in knot.exits:
                merge = body.items[source].inputs[0][0]
                made.append(bound[place[merge]] if merge in place else Mark.ASIDE)
            self.receive(outputs(made))
        else:
            values = [None if back is None else fetch(back) for back in knot.back]
            self.reader.loop(body, knot, self.outside, values, self)
