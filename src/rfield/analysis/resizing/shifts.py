"""Shift equivariance: the step by which the input may move so that the output moves with it.

A strided op moves along only with multiples of its stride; a chain with multiples of all of them.
Walking from the input, each value holds how far it moves per input position, and along which of its
axes; every relation adds a condition on the step. Borders are left out: the grid goes on for ever,
so what is promised holds where the field does not reach the border.

Relations say what is read, not with which weights: where an op reads a whole axis, the answer
assumes that it does not matter where on it things lie (true of a mean or of attention, not of a
dense layer), and names the op. Constants that differ by position, such as a position embedding, are
not part of a graph and cannot be seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm, prod
from typing import Any, ClassVar, NamedTuple

from ...core.graph import Graph, Node
from ...core.link import AnyLink, Group, Link, Read, Reshaped
from ...core.relation import IDENTITY, At, Prefix, Sliding, Table, Whole, minimal
from ..answer import Answer
from ..geometry.fields import choose_source, source_layout


@dataclass(frozen=True, repr=False)
class ShiftEquivariance(Answer):
    """Per axis: when the input moves by ``step``, the output moves by ``moves`` of its positions.

    ``step`` is None where the output never moves along; ``why`` then says which layer prevents it.
    ``moves`` is None where the output has no position along the axis (then it does not change).
    ``assumes``: layers that read a whole axis; the answer holds if it does not matter to them where
    on the axis things lie.
    """

    schema: ClassVar[str] = "rfield.shifts/1"

    layer: str
    wrt: str
    axes: tuple[str, ...]
    step: tuple[int | None, ...]
    moves: tuple[int | None, ...]
    why: tuple[str, ...]
    assumes: tuple[str, ...]

    def __bool__(self) -> bool:
        return all(step is not None for step in self.step)

    def _facts(self) -> dict[str, Any]:
        return {
            "layer": self.layer,
            "wrt": self.wrt,
            "axes": list(self.axes),
            "step": list(self.step),
            "moves": list(self.moves),
            "why": list(self.why),
            "assumes": list(self.assumes),
        }

    def _told(self) -> str:
        lines: list[str] = []
        for k, name in enumerate(self.axes):
            if self.step[k] is None:
                lines.append(f"{name}: never; {self.why[k]}")
            elif self.moves[k] is None:
                lines.append(f"{name}: by {self.step[k]} {self.layer} does not change")
            else:
                lines.append(f"{name}: by {self.step[k]} {self.layer} moves by {self.moves[k]}")
        return "\n".join(lines)


def shift_equivariance(
    graph: Graph, output: str | None = None, *, wrt: str | None = None
) -> ShiftEquivariance:
    """By how much ``wrt`` may move so that ``output`` (default: the last output) moves with it."""
    value = graph.main if output is None else graph.index(output)
    source = choose_source(graph, value, wrt)
    names, axes = source_layout(graph, source)
    walks = [_Walk(graph, source, axis, value) for axis in axes]
    return ShiftEquivariance(
        layer=graph.layer_of(value) if output is None else output,
        wrt=graph.nodes[source].name if wrt is None else wrt,
        axes=names,
        step=tuple(None if walk.broken else walk.step for walk in walks),
        moves=tuple(walk.moved() for walk in walks),
        why=tuple(walk.broken for walk in walks),
        assumes=tuple(dict.fromkeys(name for walk in walks for name in walk.assumed)),
    )


class Motion(NamedTuple):
    """How a value moves along one of its axes per input position.

    Where other axes are folded into it, the digit that moves is worth ``unit`` positions and has
    ``length`` values; ``rate`` counts in it. ``length`` is None where the whole axis moves.
    """

    rate: Fraction
    unit: int = 1
    length: int | None = None


class _BrokenError(Exception):
    """A relation through which nothing moves along."""


@dataclass(slots=True)
class _State:
    """``moves``: axis -> motion. ``flat``: axes along which the value does not change at all."""

    moves: dict[int, Motion] = field(default_factory=dict[int, Motion])
    flat: set[int] = field(default_factory=set[int])


class _Walk:
    """One walk over everything between the source and an output, for one axis of the source."""

    def __init__(self, graph: Graph, source: int, axis: int, value: int) -> None:
        self.graph = graph
        self.step = 1
        self.broken = ""
        self.assumed: list[str] = []
        self.value = value
        self.states: dict[int, _State] = {source: _State({axis: Motion(Fraction(1))})}
        try:
            for index in graph.between(source, value):
                self.states[index] = self._enter(index, graph.nodes[index])
        except _BrokenError as reason:
            self.broken = str(reason)

    def moved(self) -> int | None:
        """By how much the output moves when the input moves by ``step``."""
        state = self.states.get(self.value)
        if self.broken or state is None or not state.moves:
            return None
        motion = next(iter(state.moves.values()))
        return int(motion.rate * motion.unit * self.step)

    def _enter(self, index: int, node: Node) -> _State:
        layer = self.graph.layer_of(index)
        if not node.exact:
            raise _BrokenError(f"{layer} is unknown or depends on the data")
        passed = [
            (self._pass(layer, node, self.states.get(operand, _State()), operand, link), operand)
            for operand, link in zip(node.operands, node.links, strict=True)
        ]
        moves: dict[int, Motion] = {}
        for state, _ in passed:
            for axis, motion in state.moves.items():
                if moves.setdefault(axis, motion) != motion:
                    raise _BrokenError(f"paths that move at different rates meet in {layer}")
        for axis in moves:
            for (state, operand), link in zip(passed, node.links, strict=True):
                if axis in state.moves or axis in state.flat or not _drives(link, axis):
                    continue
                name = self.graph.layer_of(operand)
                raise _BrokenError(f"{layer} combines what moves with {name}, which does not")
        flat = set[int].intersection(*(s.flat for s, _ in passed)) if passed else set[int]()
        return _State(moves, flat - set(moves))

    def _pass(self, layer: str, node: Node, state: _State, operand: int, link: AnyLink) -> _State:
        before = self.graph.nodes[operand].shape
        result = _State()
        if isinstance(link, Reshaped):
            for axis, motion in state.moves.items():
                group = next(g for g in link.groups if axis in g.before)
                target, moved = self._refold(layer, motion, axis, group, link)
                result.moves[target] = moved
            return result
        for axis, read in enumerate(link.reads):
            motion = state.moves.get(axis)
            if motion is not None:
                moved = self._along(layer, motion, read, before[axis], node, link)
                if moved is not None and read.axis is not None:
                    result.moves[read.axis] = moved
            elif read.axis is not None and (before[axis] == 1 or axis in state.flat):
                result.flat.add(read.axis)
        return result

    def _along(
        self, layer: str, motion: Motion, read: Read, size: int, node: Node, link: Link
    ) -> Motion | None:
        match read.relation:
            case Whole():
                self.assumed.append(layer)
                kept = read.axis is not None and node.shape[read.axis] == size > 1
                return motion if kept else None
            case Prefix():
                self.assumed.append(layer)
                return motion
            case At():
                raise _BrokenError(f"{layer} picks a fixed position")
            case Table():
                raise _BrokenError(f"{layer} reads irregular windows")
            case Sliding() as relation:
                return self._slide(layer, motion, relation)

    def _slide(self, layer: str, motion: Motion, relation: Sliding) -> Motion:
        if relation == IDENTITY:
            return motion
        if relation.border == "cut":
            raise _BrokenError(f"{layer} lays parts end to end along the axis that moves")
        if motion.length is not None:
            raise _BrokenError(f"{layer} reads across an axis that is folded into another")
        relation = minimal(relation)
        if relation.advance == 0:
            raise _BrokenError(f"{layer} reads the same positions everywhere")
        self._require(motion.rate, relation.advance)
        return Motion(motion.rate * relation.period / relation.advance)

    def _refold(
        self, layer: str, motion: Motion, axis: int, group: Group, link: Reshaped
    ) -> tuple[int, Motion]:
        """The digit that moves, found again among the axes of a reshape."""
        inner = prod(link.before[a] for a in group.before if a > axis)
        if motion.length is None and axis == group.before[0]:  # positions of the flat index
            below = prod(link.after[a] for a in group.after[1:])
            self._require(motion.rate * inner, below)
            return group.after[0], Motion(motion.rate * inner / below)
        length = motion.length or link.before[axis]
        unit, rate, below = motion.unit * inner, motion.rate, 1
        for target in reversed(group.after):
            above = below * link.after[target]
            if unit < above and unit * length <= above:
                if unit < below and below % unit == 0:  # over a boundary: only in whole steps
                    self._require(rate * unit, below)
                    rate, length, unit = rate * unit / below, length * unit // below, below
                if unit % below:
                    break
                alone = unit == below and length == link.after[target]
                return target, Motion(rate) if alone else Motion(rate, unit // below, length)
            below = above
        raise _BrokenError(f"{layer} folds the axis that moves in a way that breaks it up")

    def _require(self, rate: Fraction, multiple: int) -> None:
        """The step must move the value by multiples of ``multiple``."""
        self.step = lcm(self.step, (abs(multiple) / abs(rate)).numerator)


def _drives(link: AnyLink, axis: int) -> bool:
    """Whether the operand is read at another place when the output moves along ``axis``."""
    if isinstance(link, Link):
        return axis in link.drivers
    groups: Sequence[Group] = link.groups
    return any(axis in group.after and group.before for group in groups)
