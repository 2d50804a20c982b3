"""How one value is made of another along time, in words that are the same at any length.

A value that was turned round counts from the end: its first position is the last one of the stream,
and what is read of it lies further back in a longer stream, wherever it lies in this one. So its
positions are counted from its own end, where the stream begins. Then padding to a stride, a crop
or numbers that repeat say how they lie in the stream, and what is turned back says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from ....core.graph import Node
from ....core.indices import IndexSet
from ....core.link import AnyLink, Reshaped
from ....core.numbers import Numbers, phases
from ....core.relation import ZERO, Sliding, Table
from ...engines.terms import State, carriers, terms_of


def moves(
    link: AnyLink, states: tuple[State, State], shapes: tuple[Sequence[int], Sequence[int]]
) -> tuple[object, ...]:
    """What a link does along the axes that are time; empty where it passes them on.

    ``states``, ``shapes``: of the operand and of the value.
    """
    (state, here), (shape, made) = states, shapes
    before, after = _turned(state, shape), _turned(here, made)
    if link.is_identity and before == after:
        return ()
    axes = carriers([state], len(shape))
    if isinstance(link, Reshaped):
        return tuple(
            (group, _inner(link.before, group.before), _inner(link.after, group.after))
            for group in link.groups
            if set(axes).intersection(group.before) and group.before != group.after
        )
    found: list[object] = []
    for axis in axes:
        read = link.reads[axis]
        relation, turns = read.relation, (axis in before, read.axis in after)
        if isinstance(relation, Sliding) and read.axis is not None:
            relation = _forwards(relation, (shape[axis], made[read.axis]), turns)
            if relation.advance < 0:  # both ways are read: it counts from the end
                taps = tuple(taps.shift(-shape[axis]) for taps in relation.taps)
                relation = replace(relation, taps=taps)
        if read.axis == axis and (left := _left_out(relation)) is not None and len({*turns}) == 1:
            left = [shape[axis] - 1 - place for place in left] if turns[0] else left
            found += [(axis, *left)] * bool(left)
        elif read.axis != axis or not _passes(relation):
            found.append((axis, read.axis, relation))
    return tuple(found)


def held_beside(node: Node, state: State) -> tuple[object, ...]:
    """Which weights a node reads, by name, and which numbers.

    The shapes and contents of constants may follow the length and be right all the same, unless
    they repeat as counted from the end.
    """
    turned = [axis - len(node.shape) for axis in _turned(state, node.shape)]
    kept: list[object] = []
    for table in node.tables:
        if isinstance(table, tuple):
            parts = cast("tuple[object, ...]", table)
            kept += [part for part in parts if isinstance(part, str)]
        elif isinstance(table, Numbers):
            axes = tuple(axis for axis in turned if -axis <= table.array.ndim)
            kept += phases(table.placed(np.flip(table.array, axes)) if axes else table)
        else:
            kept.append(table)
    return tuple(kept)


def _turned(state: State, shape: Sequence[int]) -> set[int]:
    """The axes along which a value runs backwards only."""
    terms = terms_of(state, len(shape))
    back: set[int] = set()
    ahead: set[int] = set()
    for term in terms:
        if term.carrier is not None:
            (back if term.advance and term.advance < 0 else ahead).add(term.carrier)
    return back - ahead


def _forwards(relation: Sliding, sizes: tuple[int, int], turns: tuple[bool, bool]) -> Sliding:
    """A reading with the positions of what is turned counted from its end.

    ``sizes``, ``turns``: of what is read and of what reads.

    >>> turn = Sliding(1, -1, (IndexSet.of([7]),))
    >>> _forwards(turn, (8, 8), (False, True)) == _forwards(turn, (8, 8), (True, False))
    True
    """
    (size, outputs), (before, after) = sizes, turns
    step, taps = relation.advance, list(relation.taps)
    if after:
        blocks = [divmod(outputs - 1 - phase, relation.period) for phase in range(len(taps))]
        taps = [taps[phase].shift(step * block) for block, phase in blocks]
        step = -step
    if before:
        end = IndexSet.of([size - 1])
        taps = [one.scale_add(-1, end) if one else one for one in taps]
        step = -step
    return replace(relation, advance=step, taps=tuple(taps)) if before or after else relation


def _left_out(relation: object) -> list[int] | None:
    """The positions that are not read, where all others are passed on as they are; else None.

    The first one of a stream, as the sine of position 0 is 0.
    """
    if not isinstance(relation, Table):
        return None
    if any(taps and [*taps] != [place] for place, taps in enumerate(relation.taps)):
        return None
    return [place for place, taps in enumerate(relation.taps) if not taps]


def _inner(sizes: Sequence[int], axes: Sequence[int]) -> tuple[int, ...]:
    """The sizes of a group of axes that do not change with that of the outermost."""
    return tuple(sizes[axis] for axis in axes[1:])


def _passes(relation: object) -> bool:
    return isinstance(relation, Sliding) and (
        (relation.period, relation.advance, tuple(relation.taps)) == (1, 1, (ZERO,))
    )
