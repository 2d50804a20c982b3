"""One turn of a loop read on its own, and what any number of turns read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...core import ops
from ...core.arguments import Shape
from ...core.link import AnyLink, Reshaped
from ...core.ops import Work
from ...core.relation import IDENTITY, WHOLE
from ...errors import RFieldError, UnsupportedOpError
from .bodies import BodyMachine, Run, call, remember
from .values import Dependent, Items

ALL = -1
LOST = -2


class Carry(NamedTuple):
    """How a body hands on a tensor: for each of its axes the axis of the result that keeps it.

    ``ALL`` where it is read whole, ``LOST`` where nothing is known, which whole bounds.
    """

    axes: tuple[int, ...]
    exact: bool = True

    def through(self, link: AnyLink, shape: Shape, exact: bool) -> Carry:
        """The same after one op, whose operand has this shape."""
        axes = tuple(a if a < 0 else _moved(link, a, shape[a]) for a in self.axes)
        return Carry(axes, self.exact and exact and LOST not in axes)

    def then(self, next_: Carry) -> Carry:
        """The same after another body."""
        axes = tuple(a if a < 0 else next_.axes[a] for a in self.axes)
        return Carry(axes, self.exact and next_.exact)

    def beside(self, other: Carry | None) -> Carry:
        """Both ways from the same tensor to the same result."""
        if other is None or self == other:
            return self
        axes = tuple(
            a if a == b else (ALL if ALL in (a, b) else LOST)
            for a, b in zip(self.axes, other.axes, strict=True)
        )
        return Carry(axes, self.exact and other.exact and self.axes == other.axes)

    def no_surer(self, earlier: Carry | None) -> Carry:
        """The same, but not exact where an earlier round was not, so that rounds come to an end."""
        return self if earlier is None or earlier.exact else self._replace(exact=False)


def _moved(link: AnyLink, axis: int, size: int) -> int:
    if isinstance(link, Reshaped):
        affine = link.affine[axis]
        return affine.axis if affine is not None else (ALL if size == 1 else LOST)
    read = link.reads[axis]
    if read.axis is not None and read.relation == IDENTITY:
        return read.axis
    return ALL if size == 1 or read.relation == WHOLE else LOST


def _itself(rank: int) -> Carry:
    return Carry(tuple(range(rank)))


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: which tensors each result reads directly, and how, by their places in the draft.

    ``stands``: the places of the stand-ins, the state first; ``shapes``: of the results;
    ``unchanged``: states handed on as they are.
    """

    states: int
    stands: list[int]
    direct: list[dict[int, Carry]]
    shapes: list[Shape]
    unchanged: set[int]
    work: Work
    ops: int

    def always(self) -> list[dict[int, Carry]]:
        """What each result reads after any number of turns; a state's stand-in is its start."""
        reach: list[dict[int, Carry]] = [{} for _ in range(self.states)]
        while True:
            found = [
                {s: c.no_surer(reach[k].get(s)) for s, c in self._around(k, reach).items()}
                for k in range(self.states)
            ]
            if found == reach:
                return [self._around(k, reach) for k in range(len(self.direct))]
            reach = found

    def _around(self, result: int, reach: list[dict[int, Carry]]) -> dict[int, Carry]:
        made = dict(self.direct[result])
        for state in range(self.states):
            last = self.direct[result].get(self.stands[state])
            if last is not None:
                for source, carry in reach[state].items():
                    made[source] = carry.then(last).beside(made.get(source))
        return made

    def lags(self, result: int, source: int, length: int) -> tuple[list[int], bool]:
        """How many turns before itself a result reads a source, and whether that has no end."""
        reading, found = {result}, list[int]()
        seen: set[frozenset[int]] = set()
        for lag in range(length):
            if not reading or frozenset(reading) in seen:
                return found, bool(reading)
            seen.add(frozenset(reading))
            if any(source in self.direct[k] for k in reading):
                found.append(lag)
            behind = {source for k in reading for source in self.direct[k]}
            reading = {k for k in range(self.states) if self.stands[k] in behind}
        return found, False


def read_turn(
    machine: BodyMachine, body: Run, state: Sequence[Any], parts: Sequence[Any]
) -> Turn | None:
    """Read a body once, with stand-ins for its state and for the ``parts`` that depend on an input.

    None where it cannot be read without knowing what it carries; the graph is as before.
    """
    draft = machine.draft
    values = [*state, *parts]
    if any(isinstance(value, Items) for value in values):
        return None
    undo, first, start = remember(machine), len(draft.nodes), machine.count
    stands: list[int] = []
    given: list[Any] = []
    for place, value in enumerate(values):
        if place >= len(state) and not isinstance(value, Dependent):
            given.append(value)
            stands.append(-1 - place)
            continue
        op = ops.constant(value.shape, kind="variable")
        stands.append(draft.add(f"turn/{len(draft.nodes)}", op, []))
        given.append(Dependent(stands[-1], value.shape))
    try:
        results = call(machine, body, given)
        if any(isinstance(value, Items) for value in results):
            return None
        if any(v.shape != r.shape for v, r in zip(state, results, strict=False)):
            return None
        carried = _carried(draft.nodes, first, stands)
        direct = [_direct(value, carried) for value in results]
        works = [node.op.work for node in draft.nodes[first:]]
    except UnsupportedOpError:
        raise
    except RFieldError:  # it needs to know what it carries
        return None
    finally:
        undo()
    unchanged = {
        place for place, value in enumerate(results[: len(state)])
        if isinstance(value, Dependent) and value.index == stands[place]
    }  # fmt: skip
    work = Work(*map(sum, zip(*works, strict=True)))
    shapes = [value.shape for value in results]
    return Turn(len(state), stands, direct, shapes, unchanged, work, machine.count - start)


def _direct(value: Any, carried: dict[int, dict[int, Carry]]) -> dict[int, Carry]:
    if not isinstance(value, Dependent):
        return {}
    return carried.get(value.index, {value.index: _itself(len(value.shape))})


def _carried(
    nodes: Sequence[Any], first: int, stands: Sequence[int]
) -> dict[int, dict[int, Carry]]:
    """For each node of a turn what it reads of stand-ins and of what lies outside, and how."""
    made: dict[int, dict[int, Carry]] = {
        index: {index: _itself(len(nodes[index].shape))} for index in stands if index >= 0
    }
    for index in range(first, len(nodes)):
        node = nodes[index]
        if index in made:
            continue
        own: dict[int, Carry] = {}
        for operand, link in zip(node.operands, node.links, strict=True):
            shape = nodes[operand].shape
            before = made.get(operand, {operand: _itself(len(shape))})
            for source, carry in before.items():
                way = carry.through(link, shape, node.exact and not node.partial)
                own[source] = way.beside(own.get(source))
        made[index] = own
    return made
