"""Alignment: where branches meet, do they look at the same place?

At a join (add, multiply, concat …) the features that are combined position by position should have
the same stride and the same centre, per axis and per phase. Whole-axis reads have no place and take
no part; nor do constants. The stride is checked even where a padding is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import Any, ClassVar, cast, overload

import numpy as np
from numpy.typing import NDArray

from ...core.graph import Graph
from ...core.limits import CELL_LIMIT
from ...core.link import AnyLink, Link
from ...core.node import Node
from ...core.relation import Sliding
from ...errors import too_large
from ..answer import Answer
from ..engines.bounds import axis_field
from ..engines.forward import Sweep, input_sweeps
from ..engines.free import graphs_at_sizes
from ..engines.terms import Span, State, Term, Terms, terms_of
from ..engines.through import through
from ..plain import plain
from ..results import IndexArray, axis_names


class Middles(Sequence["Fraction | None"]):
    """Centres by phase, None where a phase reads nothing: ``twice`` as much is a whole number."""

    __slots__ = ("busy", "twice")

    def __init__(self, twice: IndexArray, busy: NDArray[np.bool_]) -> None:
        self.twice, self.busy = twice, busy

    def __len__(self) -> int:
        return len(self.twice)

    @overload
    def __getitem__(self, phase: int) -> Fraction | None: ...
    @overload
    def __getitem__(self, phase: slice) -> list[Fraction | None]: ...
    def __getitem__(self, phase: int | slice) -> Fraction | list[Fraction | None] | None:
        if isinstance(phase, slice):
            return [self[k] for k in range(len(self))[phase]]
        return Fraction(int(self.twice[phase]), 2) if self.busy[phase] else None

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Middles)
            and np.array_equal(self.busy, other.busy)
            and np.array_equal(self.twice[self.busy], other.twice[other.busy])
        )

    __hash__ = None  # type: ignore[assignment]  # compared by value, and never a key


Centers = dict[tuple[int, Fraction | None], Middles]
"""Per (carrier axis, stride) the centre of each phase; None where nothing is read."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One side of a join: the layer, and per axis its stride and the centre of its output 0.

    None where the branch itself joins different strides, or does not move along the axis.
    """

    layer: str
    stride: tuple[Fraction | None, ...]
    center: tuple[Fraction | None, ...]


@dataclass(frozen=True, slots=True)
class Misalignment:
    """A join whose branches differ; ``offset`` in input positions, None where strides differ.

    The offset is that of the branch furthest from the first one, at the phase where it is largest.
    ``axes`` names all axes; ``differing`` those on which the branches differ.
    """

    layer: str
    wrt: str
    axes: tuple[str, ...]
    differing: tuple[str, ...]
    branches: tuple[Branch, ...]
    offset: tuple[Fraction | None, ...]
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """What it holds, in JSON's own types."""
        facts = {
            "layer": self.layer,
            "wrt": self.wrt,
            "axes": self.axes,
            "differing": self.differing,
            "offset": self.offset,
            "branches": [
                {"layer": b.layer, "stride": b.stride, "center": b.center} for b in self.branches
            ],
        }
        return cast("dict[str, Any]", plain(facts))

    def __str__(self) -> str:
        sides = " and ".join(
            f"{b.layer} (stride {_list(b.stride)}, centre {_list(b.center)})" for b in self.branches
        )
        offset = f"offset {_list(self.offset)} along {', '.join(self.axes)}"
        return f"{self.layer}: {sides}; {offset}{self.note}"


@dataclass(frozen=True, repr=False)
class Alignment(Answer):
    """All misaligned joins of a graph, in the order in which they are computed."""

    schema: ClassVar[str] = "rfield.align/1"

    joins: tuple[Misalignment, ...]
    checked: int

    @property
    def aligned(self) -> bool:
        """Whether every join combines features of the same place."""
        return not self.joins

    def __bool__(self) -> bool:
        return self.aligned

    def _facts(self) -> dict[str, Any]:
        return {
            "aligned": self.aligned,
            "joins_checked": self.checked,
            "joins": [join.as_dict() for join in self.joins],
        }

    def _told(self) -> str:
        if self.aligned:
            return f"aligned: {self.checked} joins checked"
        return "\n".join(str(join) for join in self.joins)


def alignment(graph: Graph, sweeps: Sequence[Sweep] | None = None) -> Alignment:
    """Check every join that an output depends on, with respect to every input.

    ``sweeps``: those of the inputs that matter, where they have been done; default: of all.
    """
    samples = graphs_at_sizes(graph) if graph.has_free_axes and sweeps is None else ()
    found: dict[tuple[str, str], Misalignment] = {}
    seen: dict[tuple[str, str], int] = {}
    checked = 0
    for sample in (graph, *samples):
        checked = 0
        for join in _joins(sample, input_sweeps(sample) if sweeps is None else sweeps):
            checked += 1
            if isinstance(join, Misalignment):
                key = (join.layer, join.wrt)
                found.setdefault(key, join)
                seen[key] = seen.get(key, 0) + 1
    joins = sorted(found.values(), key=lambda join: graph.index(join.layer))
    total = 1 + len(samples)
    return Alignment(
        tuple(
            join if seen[join.layer, join.wrt] == total
            else Misalignment(
                join.layer, join.wrt, join.axes, join.differing, join.branches, join.offset,
                f"{join.note} (at some input sizes only)",
            )
            for join in joins
        ),
        checked,
    )  # fmt: skip


def _joins(graph: Graph, sweeps: Sequence[Sweep]) -> Iterator[Misalignment | None]:
    """For each join and input: how it is misaligned, or None."""
    used = sorted(graph.behind(*graph.outputs_))
    for swept in sweeps:
        names, wrt = axis_names(len(swept.axes)), graph.nodes[swept.source].name
        for index in used:
            node = graph.nodes[index]
            if node.op.join and len(node.operands) > 1:
                yield from _check(graph, index, swept.states, wrt, names)


def _check(
    graph: Graph,
    index: int,
    states: Sequence[Sequence[State]],
    wrt: str,
    names: tuple[str, ...],
) -> Iterator[Misalignment | None]:
    nodes, node = graph.nodes, graph.nodes[index]
    if all(_one_place(node, of) for of in states):
        yield None
        return
    sides: list[tuple[str, list[Centers]]] = []
    for operand, link in zip(node.operands, node.links, strict=True):
        per_axis = [centers_of(s[operand], link, nodes[operand].shape, node.shape) for s in states]
        if any(per_axis):
            sides.append((graph.name_of(operand), per_axis))
    if len(sides) < 2:
        return
    differing: list[str] = []
    offsets: list[Fraction | None] = []
    notes: dict[str, None] = {}
    for k, name in enumerate(names):
        present = [centers[k] for _, centers in sides if centers[k]]
        others = {id(other): other for other in present if other is not present[0]}
        gaps = [widest(present[0], other) for other in others.values()]
        unequal = [gap for gap in gaps if gap is None or gap[1]]
        if unequal:
            differing.append(name)
            known = [gap for gap in unequal if gap is not None]
            phase, gap = max(known, key=lambda found: abs(found[1]), default=(0, None))
            offsets.append(None if len(known) < len(unequal) else gap)
            if phase and len(known) == len(unequal):
                notes[f" (at output {phase} along {name}; they differ by phase)"] = None
        else:
            offsets.append(Fraction(0))
    if not differing:
        yield None
        return
    branches = tuple(
        Branch(
            layer,
            tuple(_only(c, 1) for c in centers),
            tuple(_only(c, 0) for c in centers),
        )
        for layer, centers in sides
    )
    note = next(iter(notes), "")
    yield Misalignment(
        graph.name_of(index), wrt, names, tuple(differing), branches, tuple(offsets), note
    )


def _one_place(node: Node, states: Sequence[State]) -> bool:
    """Whether all operands lie in the join as they are, plain fields of one stride and centre."""
    first = states[node.operands[0]]
    if not isinstance(first, Span) or not all(link.is_identity for link in node.links):
        return False
    axis, advance, ends = first.axis, first.advance, first.first + first.last
    return all(
        isinstance(state, Span)
        and (state.axis, state.advance, state.first + state.last) == (axis, advance, ends)
        for state in map(states.__getitem__, node.operands)
    )


_CENTERS = "centers"


def centers_of(state: State, link: AnyLink, before: Sequence[int], after: Sequence[int]) -> Centers:
    """Where an operand's local terms look, as seen from the join's output."""
    if state is None:
        return {}
    if not isinstance(state, Terms) and (
        link.is_identity or _cut_axis(link) not in (None, state.axis)
    ):
        return _of_span(state.axis, state.advance, state.first + state.last)
    endless = isinstance(state, Terms) and state.is_endless and 0 not in before
    if not isinstance(state, Terms) or not endless or not link.is_identity:
        return _by_stride(*branch_terms(state, link, before, after))
    if _CENTERS not in state.reduced:  # whatever the sizes are
        state.reduced[_CENTERS] = _by_stride(*branch_terms(state, link, before, after))
    return cast("Centers", state.reduced[_CENTERS])


@lru_cache(maxsize=1 << 16)
def _of_span(axis: int, stride: int, ends: int) -> Centers:
    """Where a plain field looks; kept, as a dense network has it in every join again."""
    return {(axis, Fraction(stride)): Middles(np.array([ends], np.int64), np.array([True]))}


def branch_terms(
    state: State, link: AnyLink, before: Sequence[int], after: Sequence[int]
) -> tuple[list[Term], Sequence[int]]:
    """The local terms of a join's operand as they lie in the join, and the shape they lie in.

    A part of a concatenation stays as it is; along the axis of the field it takes no part.
    """
    cut = _cut_axis(link)
    passed: list[Term] = []
    for term in terms_of(state, len(before)):
        if term.is_global:
            continue
        if cut is None:
            moved = through(term, link, before, after)
        elif term.carrier == cut:
            return [], before  # laid end to end along the field itself: nothing is combined
        else:
            moved = term
        if moved is not None and not moved.is_global:
            passed.append(moved)
    return passed, after if cut is None else before


def _by_stride(terms: Sequence[Term], shape: Sequence[int]) -> Centers:
    groups: dict[tuple[int, Fraction | None], list[Term]] = {}
    for term in terms:
        if term.carrier is not None:
            stride = None if term.advance is None else Fraction(term.advance, term.period)
            groups.setdefault((term.carrier, stride), []).append(term)
    found: Centers = {}
    for (carrier, stride), members in groups.items():
        period = lcm(*(t.period for t in members)) if stride is not None else shape[carrier]
        field = axis_field(Terms(tuple(members)), shape, (carrier,))
        low, high = field.bounds(np.arange(_few(period), dtype=np.int64)[:, None])
        found[carrier, stride] = Middles(low + high, low <= high)
    return found


def _few(phases: int) -> int:
    if phases > CELL_LIMIT:
        raise too_large(
            "the centres of a join, phase by phase", phases, "Its strides share little."
        )
    return phases


def widest(one: Centers, other: Centers) -> tuple[int, Fraction] | None:
    """The phase at which the centres are furthest apart, and by how much.

    None where the strides differ.
    """
    if one == other:
        return 0, Fraction(0)
    if set(one) != set(other):
        return None
    gaps: list[tuple[int, Fraction]] = []
    for key, mine in one.items():
        theirs = other[key]
        if not len(mine) or not len(theirs):
            continue
        at = np.arange(_few(lcm(len(mine), len(theirs))), dtype=np.int64)
        a, b = at % len(mine), at % len(theirs)
        stride = key[1] or Fraction(0)
        blocks = (at - b) - (at - a)
        apart = stride.denominator * (theirs.twice[b] - mine.twice[a])
        apart += 2 * stride.numerator * blocks
        both = np.flatnonzero(mine.busy[a] & theirs.busy[b])
        if both.size:
            place = int(both[np.abs(apart[both]).argmax()])
            gaps.append((place, Fraction(int(apart[place]), 2 * stride.denominator)))
    return max(gaps, key=lambda gap: abs(gap[1]), default=(0, Fraction(0)))


def _only(centers: Centers, part: int) -> Fraction | None:
    if len(centers) != 1:
        return None
    ((_, stride), middles) = next(iter(centers.items()))
    return stride if part else middles[0] if middles else None


def _cut_axis(link: AnyLink) -> int | None:
    """The axis along which this operand is one part of a concatenation."""
    if isinstance(link, Link):
        for axis, read in enumerate(link.reads):
            if isinstance(read.relation, Sliding) and read.relation.border == "cut":
                return axis
    return None


def _list(values: Sequence[object]) -> str:
    shown = ["?" if value is None else str(value) for value in values]
    return shown[0] if len(set(shown)) == 1 else " x ".join(shown)
