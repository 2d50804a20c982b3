"""One path through the graph: from an output position to the input position that bounds its field.

The forward sweep has the bound of every value; walking back, at each value the operand and the
element are taken whose own bound is the same. The walk ends at the source, at the bound itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.graph import Graph
from ...core.limits import MOST_ELEMENTS
from ...core.link import AnyLink, Link, Reshaped
from ...core.relation import IDENTITY, At, Sliding, indices_at
from ..engines.bounds import AxisField, axis_field
from ..engines.forward import Sweep
from ..engines.pull import LARGEST
from ..engines.terms import Span, terms_of
from ..engines.through import through

Element = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """A value on the path, the element of it that the path passes, and where that lies.

    ``anchor``: the input position at which the path would end if every op before read its
    unshifted element: what this op and the next differ by is what the op adds.
    """

    value: int
    element: Element
    anchor: Fraction


class Paths:
    """Paths in one sweep, for one of its axes (``axis``: the number of the axis in the sweep)."""

    def __init__(self, graph: Graph, swept: Sweep, axis: int) -> None:
        self.graph = graph
        self.source = swept.source
        self.source_axis = swept.axes[axis]
        self.states = swept.states[axis]
        self.fields: dict[int, AxisField] = {}
        self.found: dict[tuple[int, Element, int], tuple[int, Element] | None] = {}
        self.local: dict[tuple[int, int], bool] = {}

    def field(self, value: int) -> AxisField:
        """The local bounds of a value, by all of its axes."""
        if value not in self.fields:
            shape = self.graph.nodes[value].shape
            found = axis_field(self.states[value], shape, tuple(range(len(shape))))
            self.fields[value] = found.local
        return self.fields[value]

    def bound(self, value: int, elements: Sequence[Element], side: int) -> list[int | None]:
        """First (``side`` 0) or last (1) input position of each element; None: it reads nothing."""
        state = self.states[value]
        if isinstance(state, Span):
            end = state.last if side else state.first
            return [state.advance * e[state.axis] + end for e in elements]
        rank = len(self.graph.nodes[value].shape)
        low, high = self.field(value).bounds(_rows(elements, rank))
        chosen = (low, high)[side]
        return [int(b) if a <= z else None for a, z, b in zip(low, high, chosen, strict=True)]

    def folded(self, value: int, positions: Sequence[int]) -> AxisField:
        """The local bounds of a value, by its position axes."""
        return axis_field(self.states[value], self.graph.nodes[value].shape, positions).local

    def _furthest(
        self, value: int, positions: Sequence[int], index: Sequence[int], side: int
    ) -> tuple[Element, int] | None:
        """The element at the output position ``index`` that reaches furthest, and its bound."""
        shape = self.graph.nodes[value].shape
        at = dict(zip(positions, index, strict=True))
        axes = [
            (at[axis],) if axis in at else range(size if self._varies(value, axis) else 1)
            for axis, size in enumerate(shape)
        ]
        elements = list(islice(product(*axes), MOST_ELEMENTS))
        bounds = [
            (bound, element)
            for element, bound in zip(elements, self.bound(value, elements, side), strict=True)
            if bound is not None
        ]
        if not bounds:
            return None
        bound, element = (max if side else min)(bounds, key=lambda pair: pair[0])
        return element, bound

    def walk(
        self, value: int, positions: Sequence[int], index: Sequence[int], side: int
    ) -> tuple[Stop, ...] | None:
        """From the output position ``index`` to the source; None if no path attains the bound."""
        furthest = self._furthest(value, positions, index, side)
        if furthest is None or abs(furthest[1]) > LARGEST:
            return None
        element = furthest[0]
        steps: list[tuple[int, Element]] = [(value, element)]
        while value != self.source:
            place = value, element, side
            if place not in self.found:  # paths that have met go on together
                self.found[place] = self._back(value, element, side, furthest[1])
            found = self.found[place]
            if found is None:
                return None
            value, element = found
            steps.append(found)
        return self._anchored(steps)

    def _back(
        self, value: int, element: Element, side: int, target: int
    ) -> tuple[int, Element] | None:
        """The operand and its element through which ``target``, its own bound, is reached."""
        node = self.graph.nodes[value]
        for place, (operand, link) in enumerate(zip(node.operands, node.links, strict=True)):
            state = self.states[operand]
            if state is None or not self._may_reach(operand, link, element, side, target):
                continue
            read = list(self._read(operand, link, element, side))
            for candidate, bound in zip(read, self.bound(operand, read, side), strict=True):
                if bound == target and self._is_local(value, place):
                    return operand, candidate
        return None

    def _may_reach(
        self, operand: int, link: AnyLink, element: Element, side: int, target: int
    ) -> bool:
        """Whether a plain field that is passed on along its own axis has this bound."""
        state = self.states[operand]
        if not isinstance(state, Span) or not isinstance(link, Link):
            return True
        read = link.reads[state.axis]
        if read.axis is None or read.relation != IDENTITY:
            return True
        end = state.last if side else state.first
        return state.advance * element[read.axis] + end == target

    def _is_local(self, value: int, place: int) -> bool:
        """Whether something that is not read as a whole axis passes an operand of a value."""
        if (value, place) not in self.local:
            self.local[value, place] = self._passes(value, place)
        return self.local[value, place]

    def _passes(self, value: int, place: int) -> bool:
        node = self.graph.nodes[value]
        operand, link = node.operands[place], node.links[place]
        state = self.states[operand]
        if isinstance(state, Span) and link.affine[state.axis] is not None:
            return True
        before = self.graph.nodes[operand].shape
        passed = [
            term if link.is_identity else through(term, link, before, node.shape)
            for term in terms_of(state, len(before))
            if not term.is_global
        ]
        return any(term is not None and not term.is_global for term in passed)

    def _read(self, operand: int, link: AnyLink, element: Element, side: int) -> Iterator[Element]:
        """Elements of the operand that ``element`` reads; one is enough where nothing varies."""
        if link.is_identity:
            yield element
            return
        if isinstance(link, Reshaped):
            yield _reshaped(element, link)
            return
        shape = self.graph.nodes[operand].shape
        axes: list[Sequence[int]] = []
        total = 1
        for axis, read in enumerate(link.reads):
            at = 0 if read.axis is None else element[read.axis]
            taps = indices_at(read.relation, at, shape[axis])
            if not self._varies(operand, axis):
                inside = [tap for tap in taps if 0 <= tap < shape[axis]] or taps
                taps = inside[len(inside) // 2 :][:1]
            elif total * len(taps) > MOST_ELEMENTS:
                taps = [taps[0], taps[-1]]
            total *= len(taps)
            axes.append(taps)
        yield from product(*axes)

    def _varies(self, value: int, axis: int) -> bool:
        state = self.states[value]
        if isinstance(state, Span):
            return axis == state.axis
        rank = len(self.graph.nodes[value].shape)
        return any(term.varies(axis) for term in terms_of(state, rank) if not term.is_global)

    def _anchored(self, steps: Sequence[tuple[int, Element]]) -> tuple[Stop, ...]:
        """The steps with their anchors, found from the source up where no closed form holds."""
        stops: list[Stop] = []
        for place, (value, element) in enumerate(steps):
            stops.append(Stop(value, element, self._anchor(steps, place, element)))
        return tuple(stops)

    def _slope(self, value: int) -> tuple[int, Fraction] | None:
        """The axis and stride of a value that moves along one axis alone, in one pattern."""
        terms = self.field(value).terms
        if len(terms) != 1 or terms[0].carrier is None or not terms[0].advance:
            return None
        (term,) = terms
        if any(n > 1 for axis, n in enumerate(term.low.shape) if axis != term.carrier):
            return None
        assert term.carrier is not None
        assert term.advance is not None
        return term.carrier, Fraction(term.advance, term.period)

    def _anchor(
        self, steps: Sequence[tuple[int, Element]], place: int, element: Element
    ) -> Fraction:
        while True:
            value = steps[place][0]
            state = self.states[value]
            if value == self.source:
                return Fraction(element[self.source_axis])
            if isinstance(state, Span):
                return Fraction(state.advance * element[state.axis])
            closed = self._slope(value)
            if closed is not None:
                return closed[1] * element[closed[0]]
            operand = steps[place + 1][0]
            node = self.graph.nodes[value]
            link = node.links[node.operands.index(operand)]
            element = _unshifted(element, link, self.graph.nodes[operand].shape)
            place += 1


def _rows(elements: Sequence[Element], rank: int) -> NDArray[np.int64]:
    rows: Any = np.array(elements, np.int64)
    return rows.reshape(-1, rank)


def _reshaped(element: Element, link: Reshaped) -> Element:
    """The same element before a reshape; the leading axis of a group may lie outside the tensor."""
    result = [0] * len(link.before)
    for group in link.groups:
        flat = 0
        for axis in group.after:
            flat = flat * link.after[axis] + element[axis]
        for axis in reversed(group.before[1:]):
            flat, result[axis] = divmod(flat, link.before[axis])
        if group.before:
            result[group.before[0]] = flat
    return tuple(result)


def _unshifted(element: Element, link: AnyLink, shape: Sequence[int]) -> Element:
    """Where ``element`` would be read if the op had a kernel of 1 and no padding."""
    if isinstance(link, Reshaped):
        return _reshaped(element, link)
    assert isinstance(link, Link)
    result: list[int] = []
    for axis, read in enumerate(link.reads):
        at = 0 if read.axis is None else element[read.axis]
        match read.relation:
            case At(index=index):
                result.append(index)
            case Sliding(period=period, advance=advance):
                result.append(at * advance // period)
            case _:
                result.append(min(at, shape[axis] - 1))
    return tuple(result)
