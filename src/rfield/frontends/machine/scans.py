"""Scans: a body that is read once for each index of an axis, with a state carried along.

One turn is read with stand-ins for its state and its elements; who reads whom in it, followed
around until nothing changes, tells what any turn reads. Where the state carries, time is the past
only, up to each output; where it does not, an output reads its own element, or the few before it.
Axes that every way through the body keeps are kept. Only where that is no exact answer, and the
axis is short, the scan is written out turn by turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ...core import layout
from ...core.arguments import Shape, normalize_axis
from ...core.indices import IndexSet
from ...core.known import SOME
from ...core.link import AnyLink, Link, Read
from ...core.ops import Op, Work
from ...core.relation import IDENTITY, WHOLE, At, Prefix, Relation, Sliding
from ...errors import InvalidModelError, unfit_shapes
from . import limits
from .bodies import BodyMachine, Run, bounded, call, remember
from .protocol import Reading
from .turns import Carry, Turn, read_turn
from .values import Constant, Dependent, known


class Along(NamedTuple):
    """One axis that is scanned: of an operand, or where the results of all turns are collected.

    ``backward``: the first turn is at its end.
    """

    axis: int = 0
    backward: bool = False


def scan(
    machine: BodyMachine,
    body: Run,
    state: Sequence[Any],
    scanned: Sequence[Any],
    *,
    length: int,
    inputs: Sequence[Along] | None = None,
    outputs: Sequence[Along] | None = None,
    captured: Sequence[Any] = (),
    kind: str = "scan",
) -> list[Any]:
    """The state after the last turn, and what all turns gave, collected along axes.

    Args:
        machine: what reads the model.
        body: reads the state and one element of each scanned tensor; gives the next state, and the
            results to be collected.
        state: before the first turn.
        scanned: tensors that are read element by element.
        length: how many turns.
        inputs: the axis of each scanned tensor; the first by default.
        outputs: where each result is collected; along a new first axis by default.
        captured: what the body reads besides.
        kind: the name of the op where the scan is not written out.
    """
    places = [
        Along(normalize_axis(along.axis, len(value.shape)), along.backward)
        for value, along in zip(scanned, inputs or [Along()] * len(scanned), strict=True)
    ]
    for value, along in zip(scanned, places, strict=True):
        if value.shape[along.axis] != length:
            raise unfit_shapes(f"{length} turns over other sizes", [v.shape for v in scanned])
    whole = _Scan(machine, body, list(state), list(scanned), length, places, outputs, kind)
    over_data = length and any(isinstance(value, Dependent) for value in scanned)
    turn = whole.turn() if over_data else None
    at_once = None if turn is None else whole.at_once(turn)
    exact = at_once is not None and all(op is None or op.exact for op, _ in at_once)
    short = length <= limits.TURNS and (turn.ops if turn else 1) * length <= limits.WRITTEN_OUT
    made = whole.written_out() if short and not exact else None
    if made is not None:
        return made
    if turn is None or at_once is None:
        return whole.all_of(captured)
    return whole.settled(turn, at_once)


@dataclass(slots=True)
class _Scan:
    machine: BodyMachine
    body: Run
    state: list[Any]
    scanned: list[Any]
    length: int
    inputs: list[Along]
    outputs: Sequence[Along] | None
    kind: str

    def out(self, place: int, rank: int) -> Along:
        """Where a result of this rank is collected."""
        along = self.outputs[place] if self.outputs else Along()
        return Along(normalize_axis(along.axis, rank + 1), along.backward)

    # -- turn by turn ---------------------------------------------------------------------

    def written_out(self) -> list[Any] | None:
        """Turn by turn; None where that outgrows its limit."""
        undo, start = remember(self.machine), self.machine.count
        state, count = list(self.state), len(self.state)
        held: list[list[Any]] = []
        for turn in range(max(1, self.length)):
            parts = [
                self.element(value, along, turn)
                for value, along in zip(self.scanned, self.inputs, strict=True)
            ]
            results = call(self.machine, self.body, [*state, *parts])
            if len(results) < count:
                raise InvalidModelError("its body does not return its state")
            held = held or [[] for _ in results[count:]]
            if not self.length:  # read for the shapes only
                undo()
                empty = [Constant(_with(v.shape, self.out(k, len(v.shape)).axis, 0))
                         for k, v in enumerate(results[count:])]  # fmt: skip
                return [*self.state, *empty]
            state = results[:count]
            for each, value in zip(held, results[count:], strict=True):
                each.append(value)
            if self.machine.count - start > limits.WRITTEN_OUT:
                undo()
                return None
        made: list[Any] = []
        for place, values in enumerate(held):
            along = self.out(place, len(values[0].shape))
            made.append(stacked(self.machine, values[:: -1 if along.backward else 1], along.axis))
        return [*state, *made]

    def element(self, value: Any, along: Along, turn: int) -> Any:
        """What one turn reads of a scanned tensor."""
        axis = along.axis
        if not self.length:
            return Constant(_without(value.shape, axis))
        place = self.length - 1 - turn if along.backward else turn
        if isinstance(value, Constant) and value.array is not None:
            return known(np.take(value.array, place, axis), sized=value.sized)
        return self.machine.step(Reading([layout.select(value.shape, axis, place)], [value]))

    # -- all turns at once ----------------------------------------------------------------

    def turn(self) -> Turn | None:
        """One turn on its own."""
        parts = [
            Dependent(value.index, _without(value.shape, along.axis))
            if isinstance(value, Dependent) else _any_element(value, along.axis)
            for value, along in zip(self.scanned, self.inputs, strict=True)
        ]  # fmt: skip
        return read_turn(self.machine, self.body, self.state, parts)

    def at_once(self, turn: Turn) -> list[tuple[Op | None, list[Any]]]:
        """One op with its operands for each result; None where it reads nothing."""
        always = turn.always()
        return [self._op(turn, k, always[k]) for k in range(len(turn.direct))]

    def settled(self, turn: Turn, ops_: list[tuple[Op | None, list[Any]]]) -> list[Any]:
        """The results of these ops."""
        macs, adds, parameters = turn.work
        turned = any(isinstance(value, Constant) for value in self.scanned)
        work = Work(
            self.length * macs, self.length * adds, (self.length if turned else 1) * parameters
        )
        results: list[Any] = []
        keeps = tuple(turn.shapes[: len(self.state)])
        for place, (op, operands) in enumerate(ops_):
            if place in turn.unchanged:
                results.append(self.state[place])
            elif op is None:
                results.append(self._constant(turn, place))
            else:
                made = replace(op, work=work, keeps=keeps)
                results.append(self.machine.step(Reading([made], operands)))
                work, keeps = Work(), () if place >= len(self.state) else keeps
        return results

    def _shape(self, turn: Turn, place: int) -> Shape:
        shape, out = turn.shapes[place], place - len(self.state)
        return shape if out < 0 else _with(shape, self.out(out, len(shape)).axis, self.length)

    def _constant(self, turn: Turn, place: int) -> Constant:
        """A result that no input changes; what the turns leave of a mask nobody knows."""
        made, given = Constant(self._shape(turn, place)), [*self.state, *self.scanned]
        made.unseen = any(isinstance(value, Constant) and value.may_hide for value in given)
        return made

    def _op(self, turn: Turn, place: int, always: dict[int, Carry]) -> tuple[Op | None, list[Any]]:
        """What a result reads of all that goes in, after any number of turns."""
        out = place - len(self.state)
        collected = None if out < 0 else self.out(out, len(turn.shapes[place]))
        operands: list[Any] = []
        links: list[AnyLink] = []
        exact, nodes = True, self.machine.draft.nodes
        for source, carry in always.items():
            at = turn.stands.index(source) if source in turn.stands else None
            value = Dependent(source, nodes[source].shape) if at is None else self._goes_in(at)
            if not isinstance(value, Dependent):
                continue  # what it was before the first turn depends on no input
            lags, endless = turn.lags(place, source, self.length)
            steady = lags == list(range(len(lags))) and (endless or len(lags) == self.length)
            reads = [_kept(axis, collected) for axis in carry.axes]
            sure = steady
            if at is None:
                sure = lags[:1] == [0]
            elif at >= len(self.state):
                along = self.inputs[at - len(self.state)]
                turned = collected is not None and collected.backward != along.backward
                if turned:
                    value = Reading([layout.flip(value.shape, [along.axis])], [value])
                backward = along.backward != turned
                relation, sure = _time(lags, endless, steady, backward, collected, self.length)
                axis = None if collected is None or relation == WHOLE else collected.axis
                reads.insert(along.axis, Read(axis, relation))
            exact = exact and sure and carry.exact
            operands.append(value)
            links.append(Link(reads))
        if not operands:
            return None, []
        return Op(self.kind, self._shape(turn, place), tuple(links), exact=exact), operands

    def _goes_in(self, place: int) -> Any:
        return [*self.state, *self.scanned][place]

    def all_of(self, captured: Sequence[Any]) -> list[Any]:
        """Nothing is known of a turn but its shapes: every result may read all that goes in."""
        held: list[Any] = []

        def once(values: Sequence[Any]) -> list[Any]:
            parts = [
                self.element(value, along, 0)
                for value, along in zip(self.scanned, self.inputs, strict=True)
            ]
            results = call(self.machine, self.body, [*values, *parts])
            held[:] = results[len(self.state) :]
            return results[: len(self.state)]

        going_in = [*self.scanned, *captured]
        made = bounded(self.machine, self.state, once, captured=going_in, kind=self.kind)
        blanks = [
            Constant(_with(v.shape, self.out(k, len(v.shape)).axis, self.length))
            for k, v in enumerate(held)
        ]
        going_in += self.state
        return made + bounded(self.machine, blanks, list, captured=going_in, kind=self.kind)


def stacked(machine: BodyMachine, values: Sequence[Any], axis: int) -> Any:
    """The results of all turns along a new axis; they follow each other, they are not branches."""
    if all(isinstance(value, Constant) and value.array is not None for value in values):
        return known(np.stack([value.array for value in values], axis))
    columns = [
        Reading([layout.reshape(value.shape, _with(value.shape, axis, 1))], [value])
        for value in values
    ]
    if len(columns) == 1:
        return machine.step(columns[0])
    op = layout.concat(*(column.shape for column in columns), axis=axis)
    return machine.step(Reading([replace(op, join=False)], columns))


def _any_element(value: Constant, axis: int) -> Constant:
    """What a turn reads of a constant, whichever turn it is: perhaps a mask, of a table."""
    shape, array = _without(value.shape, axis), value.once
    choice = array is not None and (array.dtype.kind != "f" or value.may_have_zeros)
    hides = value.may_hide or (value.is_seen and choice)
    return Constant(shape, told=np.full((1,) * len(shape), SOME, np.uint8) if hides else None)


def _kept(axis: int, collected: Along | None) -> Read:
    if axis < 0:
        return Read(None, WHOLE)
    return Read(axis + (collected is not None and axis >= collected.axis), IDENTITY)


def _time(
    lags: Sequence[int], endless: bool, steady: bool, backward: bool, collected: Along | None,
    length: int,
) -> tuple[Relation, bool]:  # fmt: skip
    """The scanned axis: which elements a result reads, and whether that is exact."""
    if collected is None:  # the state after the last turn
        if len(lags) == 1 and not endless:
            return At(lags[0] if backward else length - 1 - lags[0]), True
        return WHOLE, steady
    if endless or len(lags) > 64:
        return Prefix(backward), steady
    if list(lags) == [0]:
        return IDENTITY, True
    sign = 1 if backward else -1
    return Sliding(1, 1, (IndexSet.of(sorted(sign * lag for lag in lags)),)), True


def _with(shape: Sequence[int], axis: int, size: int) -> Shape:
    return (*shape[:axis], size, *shape[axis:])


def _without(shape: Sequence[int], axis: int) -> Shape:
    return (*shape[:axis], *shape[axis + 1 :])
