"""Bodies inside a model: calls, branches and loops, read the same in every framework.

A body is anything that reads itself when it is given values (``Run``); what a function is and how
it is stored, the front end knows. A branch is taken where its condition is known, else all are
read. A loop whose end is known is written out turn by turn, which is exact, as long as that stays
within ``limits``; any other is bounded by what any number of turns may read (``turns``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from ...core import ops
from ...core.graph import Draft
from ...core.link import everything
from ...core.ops import Op
from ...errors import InvalidModelError, RFieldError, TooLargeError, unfit_shapes
from . import limits
from .protocol import Machine, Reading
from .values import Constant, Dependent, Items, Tensor, dependents

Run = Callable[[Sequence[Any]], list[Any]]
"""Reads a body with these values in the place of its parameters; what it returns."""


class BodyMachine(Machine, Protocol):
    """What a machine needs to read bodies.

    ``layers``: the names that users know; ``count``: ops read so far; ``depth``: calls that are
    being read.
    """

    draft: Draft
    layers: dict[str, int]
    count: int
    depth: int


def call(machine: BodyMachine, run: Run, values: Sequence[Any]) -> list[Any]:
    """Read a body in the place of what calls it.

    Raises:
        TooLargeError: calls inside calls, deeper than ``limits.DEEPEST``.
    """
    if machine.depth >= limits.DEEPEST:
        raise TooLargeError(
            f"calls nested more than {limits.DEEPEST} deep; a function that calls itself has no end"
        )
    machine.depth += 1
    try:
        return run(values)
    finally:
        machine.depth -= 1


def truth(value: Any) -> bool | None:
    """Whether a condition holds, or None where that depends on an input or is not known."""
    number = _number(value)
    return None if number is None else bool(number)


def _number(value: Any) -> Any:
    found = value.array if isinstance(value, Constant) else None
    return None if found is None or found.size != 1 else found.reshape(())[()]


def branch(
    machine: BodyMachine, condition: Any, runs: Sequence[Run], values: Sequence[Any] = ()
) -> list[Any]:
    """Read the body that a condition chooses; where it is not known, all, and join their results.

    Of two bodies the second is taken where the condition holds; of several the one of its number,
    the last for numbers outside. A body that rejects its operands cannot be the one that is taken.
    """
    chosen = _number(condition)
    if chosen is not None:
        place = int(bool(chosen)) if len(runs) == 2 else int(chosen)
        return call(machine, runs[place if 0 <= place < len(runs) else -1], values)
    found: list[list[Any]] = []
    problem: RFieldError | None = None
    for run in runs:
        undo = remember(machine)
        try:
            found.append(call(machine, run, values))
        except InvalidModelError as error:
            undo()
            problem = problem or error
    if not found:
        raise problem or InvalidModelError("there are no branches")
    if len({len(results) for results in found}) > 1:
        raise InvalidModelError("its branches return different numbers of results")
    return [joined(machine, list(each), [condition]) for each in zip(*found, strict=True)]


def joined(machine: Machine, values: Sequence[Any], conditions: Iterable[Any] = ()) -> Any:
    """One of several values, nobody knows which.

    Each place may read that place in any of them, and all of the conditions, since they decide.
    """
    first = values[0]
    if all(_same(value, first) for value in values):
        return first
    if isinstance(first, Items):
        if any(not isinstance(value, Items) or len(value) != len(first) for value in values):
            raise InvalidModelError("its branches give lists of different lengths")
        conditions = list(conditions)
        return first.of(joined(machine, each, conditions) for each in zip(*values, strict=True))
    deciding = dependents(list(conditions))
    if not deciding and all(isinstance(value, Constant) for value in values):
        shapes = {value.shape if value.has_shape else None for value in values}
        made = Constant(shapes.pop() if len(shapes) == 1 else None, origin="branches", made=True)
        made.unseen = any(value.may_hide for value in values)
        return made
    shapes = [value.shape for value in values]
    if len(set(shapes)) > 1:
        behind = {name: None for value in deciding for name in machine.inputs_behind(value)}
        whose = f" of {', '.join(map(repr, behind))}" if behind else ""
        raise unfit_shapes(
            "its branches give different shapes, and which one is taken depends on the data"
            + whose, shapes,
        )  # fmt: skip
    links = [
        *ops.pointwise(*shapes).links, *(everything(len(value.shape)) for value in deciding)
    ]  # fmt: skip
    op = Op("branches", shapes[0], tuple(links), exact=False)
    return machine.step(Reading([op], [*values, *deciding]))


def _same(value: Any, other: Any) -> bool:
    if isinstance(value, Dependent) and isinstance(other, Dependent):
        return value.index == other.index
    return value is other or (isinstance(value, tuple) and value == other)


def loop(
    machine: BodyMachine,
    values: Sequence[Any],
    body: Run,
    condition: Run | None = None,
    *,
    turns: int | None = None,
    unchanged: Iterable[int] = (),
    captured: Sequence[Any] = (),
    kind: str = "loop",
) -> list[Any]:
    """The variables of a loop after its last turn.

    Args:
        machine: what reads the model.
        values: the variables before the first turn.
        body: reads the variables, gives them after one more turn.
        condition: reads the variables; its first result tells whether there is another turn.
        turns: the most turns; None where only the condition ends it.
        unchanged: places of variables that the body hands on as they are.
        captured: what condition and body read besides.
        kind: the name of the op where the loop is bounded.
    """
    undo, start = remember(machine), machine.count
    now = list(values)
    turn = 0
    while turns is None or turn < turns:
        going = True if condition is None else truth(call(machine, condition, now)[0])
        if going is False:
            break
        if going is None or turn == limits.TURNS or machine.count - start > limits.WRITTEN_OUT:
            undo()
            return bounded(
                machine, values, body, condition,
                unchanged=unchanged, captured=captured, kind=kind,
            )  # fmt: skip
        now = call(machine, body, now)
        turn += 1
    return now


def bounded(
    machine: BodyMachine,
    values: Sequence[Any],
    body: Run,
    condition: Run | None = None,
    *,
    unchanged: Iterable[int] = (),
    captured: Sequence[Any] = (),
    kind: str = "loop",
) -> list[Any]:
    """The variables after any number of turns: each may have read all that goes in, whole.

    Variables that the body hands on stay as they are. An upper bound.

    Raises:
        InvalidModelError: a variable has another shape after a turn.
    """
    undo = remember(machine)
    once = call(machine, body, values)
    undo()
    sources = dependents([list(values), list(captured)])
    made: dict[tuple[int, ...], Tensor] = {}

    def unknown(value: Any) -> Any:
        if isinstance(value, Items):
            return value.of(unknown(value.blank if item is None else item) for item in value)
        if value is None:
            return None
        if value.shape not in made:
            op = ops.opaque([source.shape for source in sources], value.shape, kind=kind)
            made[value.shape] = found = (
                machine.step(Reading([op], sources)) if sources else Constant(value.shape)
            )
            if isinstance(found, Constant):
                found.unseen = any(isinstance(v, Constant) and v.may_hide for v in values)
        return made[value.shape]

    kept = set(unchanged)
    results: list[Any] = []
    for place, (before, after) in enumerate(zip(values, once, strict=True)):
        if _form(before) != _form(after):
            raise InvalidModelError(
                "the shape of what it carries changes from turn to turn, "
                "and how many turns there are is not known"
            )
        results.append(before if place in kept else unknown(after))
    return results


def _form(value: Any) -> Any:
    """What must not change from turn to turn: a shape, or how many elements a list has."""
    if isinstance(value, Items):
        return len(value)
    return None if isinstance(value, Constant) and not value.has_shape else value.shape


def remember(machine: BodyMachine) -> Callable[[], None]:
    """A way back: called, it forgets what has entered the graph since."""
    nodes, layers = len(machine.draft.nodes), len(machine.layers)

    def undo() -> None:
        machine.draft.forget(nodes)
        for name in list(machine.layers)[layers:]:
            del machine.layers[name]

    return undo
