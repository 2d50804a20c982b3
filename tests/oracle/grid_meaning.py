"""What one output position reads, as products of sets, pulled back layer by layer.

Mostly for the theory (every grid goes on for ever); with ``here=True`` for the tensor, where it
must agree with ``tensor_meaning``. A set of positions is held as a list of *boxes*, products of one
plain set per axis; a chain needs one box, a graph one per path. Ops that do not read axis by axis
are not covered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

from tests.oracle import program as p
from tests.oracle.axis_read import AxisRead
from tests.oracle.definitions import define
from tests.oracle.tensor_meaning import shapes_of

MOST_BOXES = 4000
FAR = [-10_000, -9_999, -9_998, 10_000, 10_001, 10_002]
SAMPLE = [*range(-16, 32), *FAR]


@dataclass(frozen=True)
class Side:
    """What a box holds along one axis.

    ``wide``: an op that reads a whole axis made it endless. ``indices`` None: every index if
    ``wide``, else an axis that is not looked at.
    """

    indices: frozenset[int] | None
    wide: bool = False


NOT_LOOKED_AT = Side(None)


Box = tuple[Side, ...]


class NoTheoryError(Exception):
    """The program has an op that does not read axis by axis, or too many paths."""


def has_theory(program: p.Program) -> bool:
    """Whether the theory of this program is defined by this module."""
    return not any(isinstance(layer.op, (*p.COUPLED, p.Cumsum)) for layer in program.layers)


class Pulled:
    """One operand axis pulled back, each index once."""

    def __init__(self, read: AxisRead, here: bool) -> None:
        self.axis = read.axis
        self.reads = read.here if here else read.grid
        self.known: dict[int, frozenset[int] | None] = {}
        self.sides: dict[Side | None, Side] = {}
        self.is_every = self.reads(0) is None
        self.is_never = all(self.reads(i) == [] for i in SAMPLE)
        self.folds = False
        """Whether a whole axis was pulled back through a few places that come again and again."""

    def side(self, box: Box) -> Side:
        """What is read of the operand axis from a box of the output."""
        side = None if self.axis is None else box[self.axis]
        if side not in self.sides:
            self.sides[side] = self._side(side)
        return self.sides[side]

    def _side(self, side: Side | None) -> Side:
        if side == NOT_LOOKED_AT:
            return Side(frozenset()) if self.is_never else side
        if side is None:
            found = self.reads(0)
            return Side(None, True) if found is None else Side(frozenset(found))
        if side.indices is None:
            return self._whole()
        parts: list[frozenset[int]] = []
        for i in side.indices:
            if i not in self.known:
                here = self.reads(i)
                self.known[i] = None if here is None else frozenset(here)
            part = self.known[i]
            if part is None:
                return Side(None, True)
            parts.append(part)
        return Side(frozenset[int]().union(*parts), side.wide)

    def _whole(self) -> Side:
        """The whole axis pulled back: the whole axis again, unless it is the same all along.

        Then nothing of it is endless: to read all of such an axis adds nothing.
        """
        if self.is_every:
            return Side(None, True)
        near = {frozenset(self.reads(i) or ()) for i in range(-64, 256)} - {frozenset()}
        far = {frozenset(self.reads(i) or ()) for i in FAR} - {frozenset()}
        self.folds = len(near) > 1 and bool(far) and far <= near
        return Side(None, True) if len(near | far) > 1 else Side(frozenset().union(*near, *far))


class Theory:
    """The theory of one program, or with ``here`` its tensor meaning."""

    def __init__(self, program: p.Program, *, here: bool = False) -> None:
        self.program = program
        self.shapes = shapes_of(program)
        self.bounded: dict[tuple[str, str, int], bool] = {}
        self.pulls: dict[str, list[tuple[str, list[Pulled]]]] = {}
        for layer in program.layers:
            if isinstance(layer.op, p.COUPLED):
                raise NoTheoryError(layer.op)
            made = define(layer.op, [self.shapes[name] for name in layer.operands])
            self.pulls[layer.name] = [
                (operand, [Pulled(read, here) for read in axis_reads])
                for operand, axis_reads in zip(layer.operands, made.operands, strict=True)
            ]

    def reads(
        self,
        output: str,
        source: str,
        positions: Sequence[int],
        index: Sequence[int],
        *,
        only: bool = False,
    ) -> set[Box]:
        """The boxes of ``source`` that ``output`` reads at ``index``.

        ``index`` has one number for each axis in ``positions``; the other axes are read whole, or
        with ``only`` not looked at.
        """
        places = dict(zip(positions, index, strict=True))
        start = tuple(
            Side(frozenset([places[axis]]))
            if axis in places
            else NOT_LOOKED_AT
            if only
            else Side(frozenset(range(n)))
            for axis, n in enumerate(self.shapes[output])
        )
        boxes = self._pull(output, source, start, settled=False)
        if any(axis.folds for parts in self.pulls.values() for _, axes in parts for axis in axes):
            return self._pull(output, source, start, settled=True)
        return boxes

    def _pull(self, output: str, source: str, start: Box, *, settled: bool) -> set[Box]:
        waiting: dict[str, set[Box]] = {output: {start}}
        for layer in reversed(self.program.layers):
            if layer.name == source or layer.name not in waiting:
                continue
            boxes = waiting.pop(layer.name)
            for operand, pulled in self.pulls[layer.name]:
                made = {tuple(axis.side(box) for axis in pulled) for box in boxes}
                if settled:
                    bounded = [
                        self._is_bounded(operand, source, *read) for read in enumerate(pulled)
                    ]
                    made = {tuple(map(_one_place, box, bounded)) for box in made}
                kept = {box for box in made if all(s.indices is None or s.indices for s in box)}
                waiting.setdefault(operand, set()).update(kept)
                if len(waiting[operand]) > MOST_BOXES:
                    raise NoTheoryError("too many paths")
        return waiting.get(source, set())

    def _is_bounded(self, value: str, source: str, axis: int, read: Pulled) -> bool:
        """Whether an op reads a whole axis, all of which looks at the same range of the source.

        Layer by layer this cannot be seen where positions come again and again: two of them, each
        with a window of its own, may look at the same range.
        """
        key = value, source, axis
        if not read.is_every or value == source:
            return False
        if key not in self.bounded:
            self.bounded[key] = len(set(self._ranges(*key))) == 1
        return self.bounded[key]

    def _ranges(self, value: str, source: str, axis: int) -> Iterator[tuple[object, ...]]:
        for i in SAMPLE:
            start = [NOT_LOOKED_AT] * len(self.shapes[value])
            start[axis] = Side(frozenset([i]))
            boxes = self._pull(value, source, tuple(start), settled=True)
            if boxes:
                yield tuple(map(_range, zip(*boxes, strict=True)))


def _one_place(side: Side, bounded: bool) -> Side:
    """A whole axis that is the same all along, by a few of its positions."""
    return Side(frozenset(SAMPLE)) if bounded and side == Side(None, True) else side


def _range(sides: Iterable[Side]) -> tuple[float, float]:
    """First and last index of what boxes hold along one axis without reading all of it."""
    found = frozenset[int]().union(*(side.indices or () for side in sides if not side.wide))
    return (min(found), max(found)) if found else (inf, -inf)
