"""Reads prepared nodes one by one into a draft: constants are folded, the rest goes to rules."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import replace
from typing import Any

from ...core import ops
from ...core.arrays import Reading
from ...core.graph import SoftMasks
from ...errors import (
    InvalidModelError,
    RFieldError,
    TooLargeError,
    UnreadableModelError,
    UnresolvedSizeError,
)
from ..machine import limits
from ..machine.bodies import call
from ..machine.failures import placed
from ..machine.names import printable
from ..machine.reading import ModelReader
from ..machine.unnamed import answered
from ..machine.unsupported import Unsupported
from ..machine.values import Constant, Dependent, Outputs, dependents, parameters_of
from .blocks import written_out
from .bodies import MERGES, SPENT, Body, Item, pick
from .control import outputs
from .folding import fold
from .library import Library
from .loops import LoopItem, loop
from .rulebook import RULES, Call
from .values import Blocked, Mark, NotInBlocksError
from .variables import Refused

Values = MutableMapping[int, Any] | list[Any]
"""The value of each node by its place."""

FAILURES = (
    RFieldError, ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError,
    TypeError, ValueError,
)  # fmt: skip


class Spending:
    """Lets go of each node once it is read, and of each value once all its readers are.

    ``read``: which nodes others read; what only training and files read is not.
    """

    __slots__ = ("read",)

    def __init__(self, body: Body) -> None:
        self.read = bytearray(len(body.items))

    def let_go(self, body: Body, place: int, values: Values) -> None:
        """The node at ``place`` has its value."""
        if values[place] is not Mark.ASIDE:
            for source, _ in body.items[place].inputs:
                self.read[source] = 1
        body.items[place] = SPENT


class Function:
    """A function of the library, to be read with its arguments.

    ``writes``: parameters that are variables; what they hold then comes behind what it returns.
    """

    __slots__ = ("body", "reader", "writes")

    def __init__(self, reader: Reader, body: Body, writes: Sequence[int] = ()) -> None:
        self.reader = reader
        self.body = body
        self.writes = writes

    def __call__(self, arguments: Sequence[Any], /) -> list[Any]:
        """Read it; what it returns."""
        body = self.body
        if len(arguments) != len(body.parameters):
            raise InvalidModelError(
                f"{len(arguments)} arguments for {len(body.parameters)} parameters"
            )
        values = list(body.constants)
        for place, value in zip(body.parameters, arguments, strict=True):
            values[place] = value
        returns = [*body.returns, *(body.written.get(k, (k, 0)) for k in self.writes)]
        order = body.order(sorted({place for place, _ in returns}))
        self.reader.nodes(body, order, values)
        return [pick(values[place], output) for place, output in returns]

    @property
    def unchanged(self) -> list[int]:
        """Places of arguments that it returns as they are, in the same places."""
        pairs = zip(self.body.parameters, self.body.returns, strict=False)
        return [k for k, (place, returned) in enumerate(pairs) if returned == (place, 0)]


class Reader(ModelReader):
    """Reads one graph."""

    def __init__(
        self, functions: Library, nodes: int, training: bool, unknown: str, soft_masks: SoftMasks
    ) -> None:
        super().__init__(training=training, soft_masks=soft_masks)
        self.functions = functions
        self.unknown = unknown
        self.unsupported = Unsupported(RULES, "tensorflow")
        self.most = nodes + limits.EXTRA
        self.settings: dict[tuple[object, ...], tuple[object, ...]] = {}

    def function(self, name: str, writes: Sequence[int] = ()) -> Function:
        """A function of the library, to be read with its arguments."""
        return Function(self, self.functions.body(name), writes)

    # -- nodes ------------------------------------------------------------------------------

    def nodes(
        self, body: Body, order: Sequence[int], values: Values, spending: Spending | None = None
    ) -> None:
        """Read nodes in this order; ``values`` holds what they read, and then what they are."""
        items = body.items
        outside = self.name
        for place in order:
            if values[place] is not None:
                continue
            item = items[place]
            self.count += 1
            self.name = item.name
            try:
                if self.count > self.most:
                    raise TooLargeError(f"more than {self.most:,} nodes, functions written out")
                operands = [
                    pick(values[source], output)
                    if output or type(values[source]) is Outputs else values[source]
                    for source, output in item.inputs
                ]  # fmt: skip
                values[place] = self._read(item, operands)
            except FAILURES as error:
                if self.unsupported and self.unknown == "error":
                    raise self.unsupported.error() from None
                raise placed(error, item.name, printable(item.op)) from None
            if spending is not None:
                spending.let_go(body, place, values)
        self.name = outside

    def _read(self, item: Item, operands: list[Any]) -> Any:
        """The value of one node."""
        depends = special = False
        for value in operands:
            if isinstance(value, Dependent):
                depends = True
            elif not isinstance(value, Constant):
                if value is Mark.ASIDE:
                    return Mark.ASIDE
                special = True
        node = Call(item, operands, self)
        if not depends and not special:
            folded = fold(self.folding, node, sized=_follows_sizes(node))
            if folded is not None:
                if type(folded) is Constant:
                    folded.made_of = parameters_of(operands)
                return folded
        if special and Mark.DEAD in operands and item.op not in MERGES:
            return Mark.DEAD
        found = self._answered(node, depends or special)
        if type(found) is Constant and not depends and not special:
            seen = found.told is None and all(value.is_seen for value in operands)
            found.unseen = found.unseen or seen
        return found

    def _answered(self, node: Call, depends: bool) -> Any:
        """The value of a node that is not computed from constants."""
        item = node.item
        rule = RULES.get(item.op)
        if rule is None:
            if isinstance(item, Refused):
                raise UnreadableModelError(item.why)
            if isinstance(item, LoopItem):
                return self._settle(loop(self, item, node.operands), item.name, ())
            if item.op in self.functions:
                results = call(self, self.function(item.op, item.writes), node.operands)
                return self._settle(outputs(results), item.name, ())
            return self._without_rule(node, depends)
        self.emitter.given, self.emitter.asked = node.operands, node.asked
        told = node.settings
        self.emitter.settings = self.settings.setdefault(told, told)  # many nodes have the same
        try:
            answer = answered(rule, node, node.operands)
        except UnresolvedSizeError:
            if depends:
                raise
            return self._unknown_shape(node)
        except NotInBlocksError:
            node.operands = [
                self.step(written_out(value)) if type(value) is Blocked else value
                for value in node.operands
            ]
            answer = answered(rule, node, node.operands)
        self.emitter.sized = isinstance(answer, Reading) and _follows_sizes(node)
        return self._settle(answer, item.name, node.operands)

    def _settle(self, answer: Any, name: str, operands: Sequence[Any]) -> Any:
        """The value of an answer; what it makes is a layer."""
        if type(answer) is Outputs:
            return Outputs([
                entry if type(entry) is Constant
                else self._settle(entry, f"{name}:{k}" if k else name, operands)
                for k, entry in enumerate(answer)
            ])  # fmt: skip
        if type(answer) is Blocked:
            return replace(answer, value=self._settle(answer.value, name, operands))
        before = len(self.draft.nodes)
        value = self.emitter.settle(answer, operands, name)
        if isinstance(value, Dependent):
            if value.index >= before:
                self.layers[self.draft.nodes[value.index].name] = value.index
            else:
                self.layers.setdefault(name, value.index)
        return value

    # -- nodes without a rule, or without a shape ---------------------------------------------

    def _without_rule(self, node: Call, depends: bool) -> Any:
        """An op without a rule: it reads everything, and is reported at the end."""
        if not depends:
            return self._unknown_shape(node)
        shapes = node.output_shapes()
        reading = dependents([_inside(value) for value in node.operands])
        result = reading[0].shape if reading else ()
        if shapes and None not in shapes:
            result = shapes[0] or ()
        self.unsupported.meet(node.op, node.name, result)
        op = ops.opaque([value.shape for value in reading], result, kind=node.op)
        made = self._settle(op, node.name, reading)
        return Outputs([made] * max(limits.OUTPUTS, len(shapes)))

    def _unknown_shape(self, node: Call) -> Any:
        """A constant of which nothing is computed; TensorFlow may have written its shape down."""
        origin = f"{node.name}, {printable(node.op)}"
        made = [Constant(shape, origin=origin, made=True) for shape in node.output_shapes()]
        for constant in made:  # of a masked weight: nobody knows what is left of the mask
            constant.unseen = any(isinstance(v, Constant) and v.may_hide for v in node.operands)
        if len(made) > 1:
            return Outputs(made)
        return made[0] if made else Outputs([Constant(None, origin=origin)] * limits.OUTPUTS)


def _inside(value: Any) -> Any:
    return value.value if type(value) is Blocked else value


def _follows_sizes(node: Call) -> bool:
    """Whether a constant operand was computed from the size of an input."""
    return any(isinstance(value, Constant) and value.sized for value in node.operands)
