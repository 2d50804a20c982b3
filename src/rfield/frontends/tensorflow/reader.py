"""Reads prepared nodes one by one into a draft: constants are folded, the rest goes to the rules.

Functions are entered on a stack of ``Frame``, so nothing here depends on how deep a file nests.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...core import ops
from ...core.graph import Draft
from ...core.link import AnyLink, everything
from ...core.ops import Op
from ...errors import InvalidModelError, RFieldError, TooLargeError, UnsupportedOpError
from ..machine.unsupported import Unsupported
from .blocks import written_out
from .bodies import SPENT, Body, Item, of_function, printable
from .control import Enter, called
from .folding import fold
from .loops import LOOP, Knot, turn
from .rulebook import RULES, Arguments, NotInBlocksError, Reading, UnknownShapeError
from .values import MANY, Blocked, Fixed, Mark, Outputs, Parts

MOST_EXTRA = 500_000
"""How many more nodes than its file holds a graph may have, functions and loops written out."""

MOST_FRAMES = 10_000

Done = Callable[[list[Any]], None]


class Frame:
    """One body being read: the values so far, the nodes to come, and what to do at the end."""

    __slots__ = ("body", "call", "done", "order", "position", "read", "returns", "values")

    def __init__(self, body: Body, order: Sequence[int], call: str, done: Done) -> None:
        self.body = body
        self.order = order
        self.position = 0
        self.values: Any = list(body.constants)
        self.returns = body.returns
        self.call = call
        self.done = done
        self.read: bytearray | None = None

    def spend(self) -> None:
        """Let go of every node once it is read; ``read`` then tells which nodes others read."""
        self.read = bytearray(len(self.body.items))

    def let_go(self, place: int, read: bytearray) -> None:
        """The node at ``place`` has its value."""
        if self.values[place] is not Mark.ASIDE:
            for source, _ in self.body.items[place].inputs:
                read[source] = 1
        self.body.items[place] = SPENT

    def are_read(self) -> bytearray:
        """Whether other nodes read it, for every node; what only training and files read is not."""
        read = self.read or bytearray(len(self.body.items))
        for place in self.order:
            if self.values[place] is not Mark.ASIDE:
                for source, _ in self.body.items[place].inputs:
                    read[source] = 1
        return read

    def results(self) -> list[Any]:
        """The values that the body returns."""
        return [pick(self.values[place], output) for place, output in self.returns]


def pick(value: Any, output: int) -> Any:
    """One output of a node."""
    if type(value) is Outputs:
        if output >= len(value):
            raise InvalidModelError(f"output {output} of a node with {len(value)}")
        return value[output]
    if output and value is not Mark.ASIDE and value is not Mark.DEAD:
        raise InvalidModelError(f"output {output} of a node with 1")
    return value


class Reader:
    """Reads one graph. ``draft`` and ``layers`` are what comes out."""

    def __init__(
        self, functions: Mapping[str, Any], bodies: dict[str, Body], nodes: int, training: bool,
        unknown: str,
    ) -> None:  # fmt: skip
        self.functions = functions
        self.bodies = bodies
        self.training = training
        self.unknown = unknown
        self.draft = Draft()
        self.layers: dict[str, int] = {}
        self.taken: dict[str, int] = {}  # how often, of names that come again
        self.unsupported = Unsupported(RULES, "tensorflow")
        self.frames: list[Frame] = []
        self.count = 0
        self.most = nodes + MOST_EXTRA

    def body(self, name: str) -> Body:
        """A function of the library, prepared once."""
        if name not in self.bodies:
            if name not in self.functions:
                raise InvalidModelError(f"there is no function {printable(name)!r} in the library")
            self.bodies[name] = of_function(self.functions[name], self.functions)
        return self.bodies[name]

    def call(self, body: Body, arguments: Sequence[Any], name: str, done: Done) -> None:
        """Read a function with these arguments next; ``done`` gets its results."""
        if len(arguments) != len(body.parameters):
            raise InvalidModelError(
                f"{name}: {len(arguments)} arguments for {len(body.parameters)} parameters"
            )
        if len(self.frames) >= MOST_FRAMES:
            raise TooLargeError(f"{name}: functions nested more than {MOST_FRAMES:,} deep")
        order = body.order(sorted({place for place, _ in body.returns}))
        frame = Frame(body, order, name, done)
        for place, value in zip(body.parameters, arguments, strict=True):
            frame.values[place] = value
        self.frames.append(frame)

    def loop(
        self, body: Body, knot: Knot, outside: Mapping[int, Any], entered: Sequence[Any],
        decide: Callable[[Body, Callable[[tuple[int, int]], Any]], None],
    ) -> None:  # fmt: skip
        """Read the nodes of a loop once, its variables being ``entered``; then ``decide``."""
        values: defaultdict[int, Any] = defaultdict(lambda: None, outside)
        values.update(zip(knot.merges, (Outputs([v, Fixed(())]) for v in entered), strict=True))
        frame = Frame(
            body, knot.order, "", lambda results: decide(body, lambda r: pick(values[r[0]], r[1]))
        )
        frame.values, frame.returns = values, ()
        self.frames.append(frame)

    def dependents(self, values: Iterable[Any]) -> list[int]:
        """The tensors among values that depend on an input, lists opened."""
        return dependents(values)

    def settle_bound(self, op: Op, operands: Sequence[int], name: str) -> int:
        """Add an op on these operands under a name of its own."""
        return self._emit(op, operands, name)

    def run(self, frame: Frame) -> Frame:
        """Read a frame to its end, and every frame that it enters."""
        self.frames.append(frame)
        while self.frames:
            current = self.frames[-1]
            if current.position < len(current.order):
                self._step(current)
            else:
                self.frames.pop()
                current.done(current.results())
        return frame

    def _step(self, frame: Frame) -> None:
        """Read nodes until the frame ends or another is entered."""
        values, items, order = frame.values, frame.body.items, frame.order
        for position in range(frame.position, len(order)):
            place = order[position]
            if values[place] is not None:
                continue
            item = items[place]
            self.count += 1
            try:
                if self.count > self.most:
                    raise TooLargeError(f"more than {self.most:,} nodes, functions written out")
                operands = [
                    pick(values[source], output)
                    if output or type(values[source]) is Outputs else values[source]
                    for source, output in item.inputs
                ]  # fmt: skip
                if item.op == LOOP:
                    outside = zip((source for source, _ in item.inputs), operands, strict=True)
                    made = turn(item, dict(outside))
                else:
                    made = self._read(item, operands)
                if type(made) is Enter:
                    frame.position = position + 1

                    def receive(value: Any, place: int = place) -> None:
                        values[place] = value

                    made.start(self, receive)
                    return
                values[place] = made
                if frame.read is not None:
                    frame.let_go(place, frame.read)
            except RFieldError as error:
                if self.unsupported and self.unknown == "error":
                    raise self.unsupported.error() from None
                text = str(error)
                raise (error if isinstance(error, UnsupportedOpError) else type(error)(
                    text if text.startswith(f"{item.name}:") else f"{item.name}: {text}"
                )) from None  # fmt: skip
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
                raise InvalidModelError(
                    f"{item.name}: {printable(item.op)} has operands or attributes "
                    f"that it cannot have ({printable(str(error))})"
                ) from error
            except (MemoryError, RecursionError):
                raise TooLargeError(f"{item.name}: too large to be read") from None
        frame.position = len(order)

    def _read(self, item: Item, operands: list[Any]) -> Any:
        """The value of one node."""
        depends = special = False
        for value in operands:
            kind = type(value)
            if kind is int:
                depends = True
            elif kind is not Fixed:
                if value is Mark.ASIDE:
                    return Mark.ASIDE
                special = True
        if not depends and not special:
            folded = fold(item, operands)
            if folded is not None:
                return folded
        rule = RULES.get(item.op)
        arguments = Arguments(item, operands, self.draft, self.training)
        if rule is None:
            if item.op in self.functions:
                return called(item.op, arguments, operands)
            return self._without_rule(item, arguments, depends or special)
        if special and Mark.DEAD in operands and item.op not in ("Merge", "RefMerge"):
            return Mark.DEAD
        try:
            result = rule.function(arguments)
        except UnknownShapeError:
            if depends or special:
                raise
            return self._unknown_shape(item, arguments)
        except NotInBlocksError:
            operands = [
                self.settle(written_out(value, self.draft), self._part(item.name), ())
                if type(value) is Blocked else value
                for value in operands
            ]  # fmt: skip
            arguments.operands = operands
            result = rule.function(arguments)
        return result if type(result) is Enter else self.settle(result, item.name, operands)

    def settle(self, result: Any, name: str, operands: Sequence[Any]) -> Any:
        """What a rule returned, as a value; its ops enter the draft."""
        if type(result) is Op:
            return self._emit(result, operands, name)
        if type(result) is list:
            return self._chain(result, operands[0], name)
        if type(result) is Reading:
            inner = [
                self.settle(value, self._part(name), ()) if type(value) is Reading else value
                for value in result.operands
            ]
            return self.settle(result.op, name, inner)
        if type(result) is Outputs:
            return Outputs([
                entry if type(entry) is Fixed
                else self.settle(entry, f"{name}:{k}" if k else name, operands)
                for k, entry in enumerate(result)
            ])  # fmt: skip
        if type(result) is Blocked:
            return replace(result, value=self.settle(result.value, name, operands))
        if type(result) is int:
            self.layers.setdefault(name, result)
        return result

    def _chain(self, steps: Sequence[Op], operand: Any, name: str) -> Any:
        for number, op in enumerate(steps, 1):
            label = name if number == len(steps) else self._part(name)
            operand = self._emit(op, [operand], label, named=number == len(steps))
        return operand

    def _emit(self, op: Op, operands: Sequence[Any], name: str, named: bool = True) -> Any:
        """Add an op with those operands that depend on an input; a constant if there are none."""
        links = op.links
        reading = [value for value in operands if type(value) is int]
        self.draft.tables = (
            tuple([value.shape or () for value in operands if type(value) is Fixed])
            if op.join else ()
        )  # fmt: skip
        first = list(operands[: len(links)])
        if not reading or reading != first or len(first) != len(links) or None in links:
            kept = [
                (value, links[k] if k < len(links) else self._everything(value))
                for k, value in enumerate(operands)
                if type(value) is int
            ]
            kept = [(value, link) for value, link in kept if link is not None]
            if not kept:
                return Fixed(op.shape)
            reading = [value for value, _ in kept]
            if len(kept) != len(links) or kept[0][1] is not links[0]:
                bound = any(type(value) is int for value in operands[len(links) :])
                op = Op(
                    op.kind, op.shape, tuple(link for _, link in kept), op.join and len(kept) > 1,
                    op.exact and not bound, op.work, op.depends_on_size,
                )  # fmt: skip
        if op.join and len(reading) < 2:
            op = Op(op.kind, op.shape, op.links, False, op.exact, op.work, op.depends_on_size)
        if named:
            name = self.unique(name)
        index = self.draft.add(name, op, reading)
        if named:
            self.layers[name] = index
        return index

    def _everything(self, value: int) -> AnyLink:
        return everything(len(self.draft.nodes[value].shape))

    def unique(self, name: str) -> str:
        """A name that no value has: in the second pass of a loop body, ``name#2``."""
        count = 1
        made = name
        while made in self.draft.names:
            count = self.taken[name] = max(self.taken.get(name, 1), count) + 1
            made = f"{name}#{count}"
        return made

    def _part(self, name: str) -> str:
        return self.unique(f"{name}/step{len(self.draft.nodes)}")

    def _without_rule(self, item: Item, arguments: Arguments, depends: bool) -> Any:
        """An op without a rule: it reads everything, and is reported at the end."""
        shapes = arguments.output_shapes()
        full = [shape for shape in shapes if shape is not None and None not in shape]
        if not depends:
            return self._unknown_shape(item, arguments)
        operands = dependents(arguments.operands)
        result = self.draft.nodes[operands[0]].shape if operands else ()
        if full and len(full) == len(shapes):
            result = tuple(size for size in full[0] if size is not None)
        self.unsupported.meet(item.op, item.name, result)
        op = ops.opaque([self.draft.nodes[v].shape for v in operands], result, kind=item.op)
        made = self._emit(op, operands, item.name)
        return Outputs([made] * max(MANY, len(shapes)))

    def _unknown_shape(self, item: Item, arguments: Arguments) -> Any:
        """A constant of which nothing is computed; TensorFlow may have written its shape down."""
        shapes = arguments.output_shapes()
        origin = f"{item.name}, {printable(item.op)}"
        made = [
            Fixed(None if shape is None or None in shape else shape, origin=origin)  # type: ignore[arg-type]
            for shape in shapes
        ]
        if len(made) > 1:
            return Outputs(made)
        return made[0] if made else Outputs([Fixed(None, origin=origin)] * MANY)


def dependents(values: Iterable[Any]) -> list[int]:
    """The tensors among values that depend on an input, lists opened."""
    found: list[int] = []
    for value in values:
        if type(value) is int:
            found.append(value)
        elif type(value) is Parts:
            inside = (*value.items, value.source)
            found += [part for part in inside if type(part) is int]
        elif type(value) is Blocked:
            found.append(value.value)
    return list(dict.fromkeys(found))
