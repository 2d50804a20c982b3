"""How a value's state follows from those of its operands; the same step is worked out once.

Repeated blocks, sweeps from one layer after the other and readings at other sizes put the same
states through the same links again and again. Nothing here knows where in a graph it is: a step is
told by its links, shapes and states, and what it finds by the places of its operands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...core.graph import Node
from ...core.kept import Kept
from ...core.limits import CELL_LIMIT
from ...core.link import AnyLink, Link
from ...core.relation import shift
from .gaps import Gaps, gaps_of
from .pull import LARGEST
from .terms import (
    Span,
    State,
    Term,
    Terms,
    beside_everything,
    finite,
    recarry,
    terms_of,
    to_state,
    with_everything,
)
from .through import empty_phases, through


class Step(NamedTuple):
    """What a value knows, and what was met on the way there.

    ``reads_all``: its own op reads a whole axis. ``missed``: by place of the operand what is
    explained in ``gaps.hidden``. ``gaps``: those of a join.
    """

    state: State
    reads_all: bool = False
    missed: tuple[tuple[int, frozenset[int]], ...] = ()
    gaps: Gaps | None = None


MISSES = 512
STEPS = Kept[Step]()
_STATES = Kept[State]()
"""States by what they say: the same are one object, so that the steps after them are the same."""


def _content(term: Term) -> tuple[object, ...]:
    """What makes terms the same."""
    return (
        term.carrier, term.advance, term.is_global, term.low.shape,
        term.low.tobytes(), term.high.tobytes(),
    )  # fmt: skip


def _kept(key: tuple[object, ...], step: Step) -> Step:
    """The step, with the state that others came to."""
    if not isinstance(step.state, Terms):
        return STEPS.keep(key, step)
    terms = step.state.terms
    size = sum(term.low.nbytes + term.high.nbytes for term in terms)
    state = _STATES.keep(tuple(map(_content, terms)), step.state, 2 * size)
    return STEPS.keep(key, step._replace(state=state), size)


class Passing:
    """The steps of one sweep along ``axis``; those of repeated blocks are worked out once.

    After ``MISSES`` of them in a row that nobody has met each block is another, and none is kept.
    """

    def __init__(self, nodes: Sequence[Node], axis: int) -> None:
        self.nodes, self.axis, self.missed = nodes, axis, 0

    def step(self, index: int, states: Sequence[State]) -> Step:
        """What one value knows of a source, where that is more than a plain field."""
        nodes, node = self.nodes, self.nodes[index]
        if self.missed >= MISSES:
            return _step(nodes, node, states, self.axis)
        operands = node.operands
        key = (
            self.axis, node.shape, node.links,
            tuple([operands.index(operand) for operand in operands]),
            tuple([nodes[operand].shape for operand in operands]),
            tuple([states[operand] for operand in operands]),
        )  # fmt: skip
        found = STEPS.get(key)
        self.missed = 0 if found else self.missed + 1
        return found or _kept(key, _step(nodes, node, states, self.axis))


def _step(nodes: Sequence[Node], node: Node, states: Sequence[State], axis: int) -> Step:
    gated = _gated(nodes, node, states)
    return _general(nodes, node, states, axis) if gated is None else Step(gated)


def _general(nodes: Sequence[Node], node: Node, states: Sequence[State], axis: int) -> Step:
    laid = _laid_along(nodes, node)
    stitched = None if laid is None else _stitched(node, *laid, states)
    if stitched is not None:
        return Step(stitched)
    reads_all = False
    missed: list[tuple[int, frozenset[int]]] = []
    shared = [] if laid is None else _shared(nodes, node, laid[0], states)
    found = list(shared)
    branches: list[list[Term]] = []
    pairs = node.in_theory
    for operand, link in pairs:
        before = nodes[operand].shape
        branches.append([])
        places: list[Term] = []
        for term in terms_of(states[operand], len(before)):
            if any(_is_same(term, one) for one in shared):
                anywhere = through(_anywhere(len(before)), link, before, node.shape, axis)
                places += [] if anywhere is None else [anywhere]
                continue
            passed = term if link.is_identity else through(term, link, before, node.shape, axis)
            if passed is not None:
                branches[-1].append(passed)
                if passed.is_global and not term.is_global:
                    reads_all = True
        if isinstance(link, Link) and not link.never_empty and branches[-1]:
            empty = _missed(link, branches[-1])
            if empty is not None:
                missed.append((node.operands.index(operand), empty))
        found += branches[-1]
        branches[-1] += places
    state = to_state(found)
    gaps = None
    if len(node.operands) > 1:
        gaps = gaps_of(
            [
                None if states[operand] is None else [(term.low, term.high) for term in branch]
                for (operand, _), branch in zip(pairs, branches, strict=True)
            ]
        )
        if isinstance(state, Terms):
            state = to_state(_glued(state.terms))
    return Step(state, reads_all, tuple(missed), gaps)


def _gated(nodes: Sequence[Node], node: Node, states: Sequence[State]) -> Terms | None:
    """One plain field beside a reading of all, or that alone, as squeeze-and-excitation makes it.

    None where there is no such reading, or something else as well.
    """
    local: Span | None = None
    everywhere = False
    for operand, link in zip(node.operands, node.links, strict=True):
        state = states[operand]
        parts = beside_everything(state) if isinstance(state, Terms) else (state,)
        if parts is None or (state is not None and not _passes(link, nodes[operand].shape)):
            return None
        (span,) = parts
        everywhere = everywhere or isinstance(state, Terms)
        if span is not None and not link.is_identity:
            affine = link.affine[span.axis]
            if affine is None:
                return None
            span = span.read_by(affine)
        if span is None or local is None:
            local = span or local
        elif (span.axis, span.advance) == (local.axis, local.advance):
            ends = min(span.first, local.first), max(span.last, local.last)
            local = Span(span.axis, span.advance, *ends)
        else:
            return None
    if not everywhere or (local is not None and not local.advance):
        return None
    return with_everything(local, len(node.shape))


def _passes(link: AnyLink, before: Sequence[int]) -> bool:
    """Whether every output reads some element, and what all elements share is true of it."""
    if link.is_identity:
        return True
    plain = isinstance(link, Link) and link.never_empty and link.endless is None
    return plain and 0 not in before


def _missed(link: Link, terms: Sequence[Term]) -> frozenset[int] | None:
    """The output axes whose empty phases some term does not show; None where there are none."""
    driven = [link.reads[axis].axis for axis in empty_phases(link)]
    axes = frozenset(axis for axis in driven if axis is not None)
    if not axes:
        return None
    return frozenset(a for a in axes if not all(term.varies(a) for term in terms))


def _laid_along(nodes: Sequence[Node], node: Node) -> tuple[int, list[int]] | None:
    """The axis along which a concatenation lays its operands end to end, and their sizes."""
    sizes: list[int] = []
    where, total = -1, 0
    for operand, link in zip(node.operands, node.links, strict=True):
        if not link.is_part or not isinstance(link, Link) or len(link.changed) != 1:
            return None
        if not link.stays or (where >= 0 and link.changed[0] != where):
            return None
        where = link.changed[0]
        if link.reads[where].relation != shift(-total, "cut"):
            return None
        sizes.append(nodes[operand].shape[where])
        total += sizes[-1]
    return (where, sizes) if sizes and total == node.shape[where] else None


def _stitched(node: Node, where: int, sizes: list[int], states: Sequence[State]) -> State:
    """A concatenation of plain fields that go along together, put side by side at once."""
    parts: list[Span] = []
    for operand in node.operands:
        state = states[operand]
        if type(state) is not Span or state.axis == where:
            return None
        if parts and (state.axis, state.advance) != (parts[0].axis, parts[0].advance):
            return None
        parts.append(state)
    if all(part == parts[0] for part in parts):
        return parts[0]
    if sum(sizes) > CELL_LIMIT:
        return None
    if max(max(abs(part.first), abs(part.last)) for part in parts) >= LARGEST:
        return None
    shape = [1] * len(node.shape)
    shape[where] = sum(sizes)
    low = np.repeat(np.array([part.first for part in parts], np.int64), sizes).reshape(shape)
    high = np.repeat(np.array([part.last for part in parts], np.int64), sizes).reshape(shape)
    return Terms((Term(low, high, parts[0].axis, parts[0].advance),))


def _shared(nodes: Sequence[Node], node: Node, where: int, states: Sequence[State]) -> list[Term]:
    """Terms that all operands of a concatenation have, the same all along it: the whole has them.

    Piece by piece each would be written out over both axes, only to be put together again.
    """
    held = [terms_of(states[operand], len(nodes[operand].shape)) for operand in node.operands]
    even = [t for terms in held for t in terms if not t.varies(where) and (t.low <= t.high).all()]
    found: list[Term] = []
    for term in sorted(even, key=lambda term: term.advance is None):
        if not any(_is_same(term, other) for other in found) and all(
            any(_is_same(term, other) for other in terms) for terms in held
        ):
            found.append(term)
    return found


def _is_same(one: Term, other: Term) -> bool:
    """Whether two terms reach the same; one may be written out where the other goes on."""
    if one is other:
        return True
    if (one.carrier, one.is_global) != (other.carrier, other.is_global):
        return False
    if one.carrier is not None and (one.advance is None) != (other.advance is None):
        size = (one if one.advance is None else other).low.shape[one.carrier]
        one, other = finite(one, size), finite(other, size)
    alike = one.advance == other.advance
    return alike and np.array_equal(one.low, other.low) and np.array_equal(one.high, other.high)


def _anywhere(rank: int) -> Term:
    """A reach of one place from everywhere: what is left of it shows which outputs read at all."""
    place = np.zeros((1,) * rank, np.int64)
    return Term(place, place, None, None)


def _glued(terms: Sequence[Term]) -> list[Term]:
    """Parts laid end to end may form a field that goes on for ever again."""
    return [
        recarry(term, 3) if term.carrier is not None and term.advance is None else term
        for term in terms
    ]
