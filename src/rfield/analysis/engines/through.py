"""How a term passes one link: the theory, where a carrier goes on for ever.

``through`` is used for whatever is more than a span through an affine read (``forward`` does those
inline). It never looks at an op's name; relations and reshapes are all it knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import gcd, prod

import numpy as np
from numpy.typing import NDArray

from ...core.limits import CELL_LIMIT
from ...core.link import AnyLink, Group, Link, Read, Reshaped
from ...core.relation import At, Prefix, Sliding, Table, Whole, all_read
from ...errors import too_large
from .diagonal import diagonal, placed
from .pull import (
    NOTHING,
    UNLIMITED,
    Bounds,
    Ints,
    running,
    slide_finite,
    slide_pattern,
    table_pattern,
    tidy,
)
from .terms import Span, Term, compact, everything, finite, from_span, rebuild, recarry


def through(
    term: Term,
    link: AnyLink,
    before: Sequence[int],
    after: Sequence[int],
    own: int | None = None,
) -> Term | None:
    """The term of an output that reads an operand with ``term`` through ``link``; None: nothing.

    ``before`` and ``after`` are the shapes of the operand and of the output. ``own``: the axis of
    the source that the term is about; if the term goes on along no axis, it shows the empty phases
    of this one.
    """
    if prod(before) == 0:
        return None
    if isinstance(link, Reshaped):
        return _reshape(term, link)
    unchanged = _shortcut(term, link, len(before), len(after))
    if unchanged is not None:
        return unchanged
    if term.carrier is not None and not isinstance(link.reads[term.carrier].relation, Sliding):
        if term.advance == 0 and not term.moves(term.carrier) and term.period == 1:
            term = Term(term.low, term.high, None, None, term.is_global)
        elif isinstance(link.reads[term.carrier].relation, Whole) and term.moves(term.carrier):
            return everything(len(after))
    glued = False
    phased = _phased_axis(term, link, own)
    for axis in link.changed:
        read = link.reads[axis]
        glued |= _is_cut(read) and term.varies(axis)
        if axis == phased:
            term = _at_phases(term, axis, read)
        else:
            term = _along(term, axis, read, before[axis], after)
    varied = sum(size > 1 for size in term.low.shape)
    placed = compact(_place(term, link, after))
    glued |= sum(size > 1 for size in placed.low.shape) < varied  # what made it irregular is gone
    return recarry(placed, 3) if glued else placed


def _shortcut(term: Term, link: Link, rank: int, after: int) -> Term | None:
    """The answer where the link does nothing to the term, or shifts a plain one; else None."""
    if not link.never_empty:
        return None
    if term.low.size == 1:
        if term.carrier is None:
            if rank == after:
                return term
            shape = (1,) * after
            low, high = term.low.reshape(shape), term.high.reshape(shape)
            return Term(low, high, None, None, term.is_global)
        affine = link.affine[term.carrier]
        if affine is None or term.advance is None or term.is_global:
            return None
        span = Span(term.carrier, term.advance, int(term.low.flat[0]), int(term.high.flat[0]))
        return from_span(span.read_by(affine), after)
    if link.stays and rank == after and not any(term.varies(axis) for axis in link.changed):
        return term
    return None


def _along(term: Term, axis: int, read: Read, size: int, after: Sequence[int]) -> Term:
    """One operand axis replaced by what the output reads there; its place is set later."""
    relation = read.relation
    outputs = 1 if read.axis is None else after[read.axis]
    if not term.varies(axis):
        if _is_cut(read) or isinstance(relation, Table):
            return _where_covered(term, axis, read, size, outputs)
        return term
    if isinstance(relation, At):
        return _at(term, axis, relation.index)
    if isinstance(relation, Whole):
        low, high = term.low.min(axis, keepdims=True), term.high.max(axis, keepdims=True)
        carrier = None if axis == term.carrier else term.carrier
        return Term(low, high, carrier, None if carrier is None else term.advance, term.is_global)
    if isinstance(relation, Prefix):
        return _prefix(term, axis, relation)
    if axis == term.carrier and term.advance is not None:
        if isinstance(relation, Table):
            return _put(term, axis, table_pattern(term.along(axis), term.advance, relation), None)
        if relation.border != "cut":
            bounds, advance = slide_pattern(term.along(axis), term.advance, relation)
            return rebuild(term, bounds, axis, advance)
        term = finite(term, size)
    positions = np.arange(outputs, dtype=np.int64)
    return _put(term, axis, slide_finite(term.along(axis), relation, size, positions), term.advance)


def _put(term: Term, axis: int, bounds: Bounds, advance: int | None) -> Term:
    low, high = bounds[0].swapaxes(-1, axis), bounds[1].swapaxes(-1, axis)
    return Term(
        low, high, term.carrier, advance if axis == term.carrier else term.advance, term.is_global
    )


def _where_covered(term: Term, axis: int, read: Read, size: int, outputs: int) -> Term:
    """A reach that is the same all along ``axis``, at the outputs that read any of it."""
    relation = read.relation
    assert isinstance(relation, Sliding | Table)
    covered = _coverage(relation, size, outputs)
    if covered is None:
        return term
    if outputs * term.low.size > CELL_LIMIT:
        raise too_large("a field", outputs * term.low.size, "Ask for a smaller input.")
    mask = np.moveaxis(covered.reshape((1,) * (term.low.ndim - 1) + (-1,)), -1, axis)
    low, high = np.where(mask, term.low, NOTHING[0]), np.where(mask, term.high, NOTHING[1])
    return Term(low, high, term.carrier, term.advance, term.is_global)


def empty_phases(link: Link) -> list[int]:
    """The operand axes along which some phase of a sliding read reads nothing (kernel < stride)."""
    return [
        axis
        for axis in link.changed
        if isinstance(relation := link.reads[axis].relation, Sliding)
        and relation.border != "cut"
        and not all_read(relation.taps)
    ]


def _phased_axis(term: Term, link: Link, own: int | None) -> int | None:
    """The axis whose empty phases a term that goes on along no axis has to show."""
    if link.never_empty or term.carrier is not None:
        return None
    axes = [axis for axis in empty_phases(link) if not term.varies(axis)]
    return own if own in axes else next(iter(axes), None)


def _at_phases(term: Term, axis: int, read: Read) -> Term:
    """A reach that is the same everywhere, at the phases that read anything."""
    assert isinstance(read.relation, Sliding)
    phases = np.array([bool(taps) for taps in read.relation.taps])
    low, high = term.along(axis)
    bounds = np.where(phases, low, NOTHING[0]), np.where(phases, high, NOTHING[1])
    return rebuild(term, bounds, axis, 0)


@lru_cache(maxsize=1024)
def _coverage(relation: Sliding | Table, size: int, outputs: int) -> NDArray[np.bool_] | None:
    """Which outputs read any element of a finite axis; None if all do."""
    if isinstance(relation, Table):
        return None if all(relation.taps) else np.array([bool(taps) for taps in relation.taps])
    if outputs > CELL_LIMIT:
        raise too_large("a concatenated axis", outputs, "Its parts differ position by position.")
    covered = np.zeros(outputs, dtype=bool)
    for phase, taps in enumerate(relation.taps):
        block = np.arange(covered[phase :: relation.period].size, dtype=np.int64)
        for start, stop in taps.runs():
            first = relation.advance * block + start
            covered[phase :: relation.period] |= (first < size) & (first + stop - start > 0)
    return None if covered.all() else covered


def _at(term: Term, axis: int, index: int) -> Term:
    if axis == term.carrier and term.advance is not None:
        chosen = finite(term, 1, index)
        return Term(chosen.low, chosen.high, None, None, term.is_global)
    low, high = np.take(term.low, [index], axis), np.take(term.high, [index], axis)
    carrier = None if axis == term.carrier else term.carrier
    return Term(low, high, carrier, None if carrier is None else term.advance, term.is_global)


def _prefix(term: Term, axis: int, relation: Prefix) -> Term:
    """Everything up to here (or from here on): one side runs along, the other has no end."""
    low, high = term.along(axis)
    if axis != term.carrier or term.advance is None:
        bounds = _place_last(axis, running((low, high), backward=relation.backward))
        is_global = term.is_global or axis == term.carrier
        return Term(bounds[0], bounds[1], term.carrier, term.advance, is_global)
    advance = -term.advance if relation.backward else term.advance
    if advance == 0:
        return everything(term.low.ndim)
    rising = advance > 0
    side = high if rising else low
    if relation.backward:
        side = side[..., ::-1]
    doubled = np.concatenate([side - advance, side], axis=-1)
    so_far = (np.maximum if rising else np.minimum).accumulate(doubled, axis=-1)
    so_far = so_far[..., side.shape[-1] :]
    endless = np.full_like(so_far, -UNLIMITED if rising else UNLIMITED)
    low, high = (endless, so_far) if rising else (so_far, endless)
    if relation.backward:
        low, high = low[..., ::-1], high[..., ::-1]
    bounds = _place_last(axis, tidy(low, high))
    return Term(bounds[0], bounds[1], term.carrier, term.advance, True)


def _place_last(axis: int, bounds: Bounds) -> Bounds:
    return bounds[0].swapaxes(-1, axis), bounds[1].swapaxes(-1, axis)


def _together(term: Term, axes: Sequence[int], outputs: int) -> Term:
    """Coupled axes at the places where they agree, along the first of them."""
    if sum(term.varies(axis) for axis in axes) > 1 and term.carrier in axes:
        term = finite(term, outputs)
    low, high = diagonal(term.low, axes), diagonal(term.high, axes)
    return Term(low, high, term.carrier, term.advance, term.is_global)


def _place(term: Term, link: Link, after: Sequence[int]) -> Term:
    """Move every operand axis to the output axis that drives it; the others have size 1 by now."""
    rank = len(after)
    kept = [(read.axis, axis) for axis, read in enumerate(link.reads) if read.axis is not None]
    if [k[0] for k in kept] == list(range(rank)) and len(kept) == term.low.ndim:
        return term
    carrier = None if term.carrier is None else link.reads[term.carrier].axis
    for axes in link.coupled:
        term = _together(term, axes, after[link.reads[axes[0]].axis or 0])
    low, high = placed(link, rank, term.low, term.high)
    return Term(low, high, carrier, None if carrier is None else term.advance, term.is_global)


def _reshape(term: Term, link: Reshaped) -> Term:
    """Split and merge axes; a carrier that leads its group goes on, another is written out.

    So is one whose pattern would be longer than the axis that it comes to.
    """
    shape: list[int] = [1] * len(link.after)
    carrier, advance = None, None
    endless = term.carrier is not None and term.advance is not None
    places: tuple[int, ...] = ()
    for group in link.groups:
        if endless and term.carrier in group.before:
            lead = next((a for a in group.before if link.before[a] > 1), None)
            trails = not group.after or (lead is not None and lead != term.carrier)
            if trails or _outgrows(term, link, group):
                term = finite(term, link.before[_carrier(term)])
                endless, places = False, tuple(group.after)
    low, high = term.low, term.high
    for group in link.groups:
        if not any(term.varies(axis) for axis in group.before):
            continue
        if endless and term.carrier in group.before:
            assert term.carrier is not None
            assert term.advance is not None
            sizes = [link.before[a] for a in group.before if a != term.carrier]
            inner = [link.after[a] for a in group.after]
            head = next((k for k, size in enumerate(inner) if size > 1), 0)
            rest = prod(inner[head + 1 :])
            length = term.period * prod(sizes)
            times = rest // gcd(rest, length)
            low, high = _repeat(low, high, term, times)
            expanded = [low.shape[a] if a == term.carrier else link.before[a] for a in group.before]
            low, high = _widen(low, high, group.before, expanded)
            carrier, advance = group.after[head], term.advance * times
            shape[carrier] = length * times // rest
            for k, axis in enumerate(group.after):
                if k > head:
                    shape[axis] = inner[k]
        else:
            full = [link.before[a] for a in group.before]
            low, high = _widen(low, high, group.before, full)
            for axis in group.after:
                shape[axis] = link.after[axis]
    low, high = low.reshape(shape), high.reshape(shape)
    result = compact(Term(low, high, carrier, advance, term.is_global))
    if result.advance == 0 and _only_across(result):
        result = finite(result, link.after[_carrier(result)])
        places = ()
    elif result.carrier is not None:
        return result
    return recarry(result, 2, places)


def _only_across(term: Term) -> bool:
    """Whether the positions lie on other axes than the carrier, along which only holes repeat."""
    axes = range(term.low.ndim)
    return not term.moves(_carrier(term)) and any(term.moves(axis) for axis in axes)


def _outgrows(term: Term, link: Reshaped, group: Group) -> bool:
    """Whether rows of another length would repeat only after the end of the tensor."""
    sizes = [link.after[a] for a in group.after if link.after[a] > 1] or [1]
    length = term.period * prod(link.before[a] for a in group.before if a != term.carrier)
    rest = prod(sizes[1:])
    return length % rest > 0 and length // gcd(rest, length) > sizes[0]


def _carrier(term: Term) -> int:
    assert term.carrier is not None
    return term.carrier


def _repeat(low: Ints, high: Ints, term: Term, times: int) -> Bounds:
    if times == 1:
        return low, high
    assert term.carrier is not None
    assert term.advance is not None
    if low.size * times > CELL_LIMIT:
        raise too_large("a reshaped field", low.size * times, "Ask for a smaller input.")
    steps = [k * term.advance for k in range(times)]
    return tidy(
        np.concatenate([low + step for step in steps], axis=term.carrier),
        np.concatenate([high + step for step in steps], axis=term.carrier),
    )


def _widen(low: Ints, high: Ints, axes: Sequence[int], sizes: Sequence[int]) -> Bounds:
    shape = list(low.shape)
    for axis, size in zip(axes, sizes, strict=True):
        shape[axis] = size
    if prod(shape) > CELL_LIMIT:
        raise too_large("a reshaped field", prod(shape), "Ask for a smaller input.")
    return np.broadcast_to(low, shape), np.broadcast_to(high, shape)


def _is_cut(read: Read) -> bool:
    return isinstance(read.relation, Sliding) and read.relation.border == "cut"
