"""What one value knows of one input axis: a small union of terms.

A plain layer's whole knowledge is a ``Span`` of axis, advance, first and last: its position ``i``
along ``axis`` reaches the input indices ``advance*i + first .. advance*i + last``. Four integers,
any size; nearly every value of nearly every network needs no more.

Where a field has phases, depends on several axes of the tensor, is irregular or endless, the value
holds ``Term``s: bounds as broadcastable arrays over the tensor's axes (size 1 where they do not
vary), of which one axis, the *carrier*, may go on for ever by ``advance`` every period. A union
of terms is never squeezed into one when that would lose something: a global read stays beside the
local field, and paths with different strides stay apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import lcm

import numpy as np

from ...core.limits import CELL_LIMIT, KEPT_OPS
from ...core.link import Span
from ...errors import too_large
from .pull import (
    LARGEST,
    UNLIMITED,
    Bounds,
    Ints,
    evened,
    find_pattern,
    shortest_period,
    tidy,
)


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """Bounds over a tensor's axes.

    ``advance`` is None where the carrier is finite (then the arrays have its real size).
    ``is_global``: some op on the way read a whole axis.
    """

    low: Ints
    high: Ints
    carrier: int | None
    advance: int | None
    is_global: bool = False

    @property
    def period(self) -> int:
        """Positions after which the pattern repeats (1 without a carrier)."""
        return 1 if self.carrier is None else self.low.shape[self.carrier]

    def varies(self, axis: int) -> bool:
        """Whether the reach depends on the position along ``axis``."""
        return axis == self.carrier or self.low.shape[axis] > 1

    def moves(self, axis: int) -> bool:
        """Whether positions along ``axis`` reach different places (not merely nothing)."""
        if axis == self.carrier and self.advance != 0:
            return True
        if evened((self.low, self.high), axis) is not None:
            return False
        return _spread(self.low, axis) > 0 or _spread(self.high, axis) > 0

    def along(self, axis: int) -> Bounds:
        """The bounds with ``axis`` moved to the end."""
        return self.low.swapaxes(axis, -1), self.high.swapaxes(axis, -1)


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """A union of terms; never empty. ``reduced``: to its positions, by shape and position axes."""

    terms: tuple[Term, ...]
    reduced: dict[object, object] = field(
        init=False, repr=False, default_factory=dict[object, object]
    )

    @property
    def is_endless(self) -> bool:
        """Whether every term that goes along an axis goes on for ever, at any size."""
        return all(term.carrier is None or term.advance is not None for term in self.terms)


State = Span | Terms | None
"""What a value knows of one input axis; None: it does not depend on it."""


def everything(rank: int) -> Term:
    """The reach of an op that reads a whole axis: without end on both sides."""
    one = (1,) * rank
    return Term(
        np.full(one, -UNLIMITED, np.int64), np.full(one, UNLIMITED, np.int64), None, None, True
    )


@lru_cache(maxsize=KEPT_OPS)
def with_everything(span: Span | None, rank: int) -> Terms:
    """A span beside the reach of an op that reads a whole axis, or that reach alone."""
    return Terms((*(() if span is None else (from_span(span, rank),)), everything(rank)))


def beside_everything(state: Terms) -> tuple[Span | None] | None:
    """What a state is made of, where it is such a one."""
    *local, whole = state.terms
    if not whole.is_global or whole.carrier is not None or whole.low.size != 1:
        return None
    if len(local) > 1 or not _endless(whole):
        return None
    if not local:
        return (None,)
    (term,) = local
    if term.is_global or term.low.size != 1 or term.carrier is None or not term.advance:
        return None
    return (Span(term.carrier, term.advance, int(term.low.flat[0]), int(term.high.flat[0])),)


def from_span(span: Span, rank: int) -> Term:
    """A span as a term."""
    axis, advance, first, last = span
    if max(abs(first), abs(last), abs(advance)) >= LARGEST:
        raise too_large("a field", max(abs(first), abs(last)), "Its numbers exceed 64 bits.")
    one = (1,) * rank
    return Term(np.full(one, first, np.int64), np.full(one, last, np.int64), axis, advance)


def terms_of(state: State, rank: int) -> tuple[Term, ...]:
    """Any state as a tuple of terms."""
    if state is None:
        return ()
    return state.terms if isinstance(state, Terms) else (from_span(state, rank),)


def carriers(states: Iterable[State], rank: int, *, local: bool = False) -> tuple[int, ...]:
    """The tensor axes along which any state goes on; ``local``: whole-axis reads left out."""
    found: set[int] = set()
    for state in states:
        if isinstance(state, Span):
            found.add(state.axis)
        else:
            terms = (t for t in terms_of(state, rank) if not (local and t.is_global))
            found |= {term.carrier for term in terms if term.carrier is not None}
    return tuple(sorted(found))


def to_state(terms: Iterable[Term]) -> State:
    """The shortest state for a union of terms."""
    merged = union(terms)
    if not merged:
        return None
    if len(merged) == 1:
        (term,) = merged
        plain = term.low.size == 1 and not term.is_global
        if term.carrier is not None and term.advance is not None and plain:
            low, high = int(term.low.flat[0]), int(term.high.flat[0])
            if abs(low) <= LARGEST:
                return Span(term.carrier, term.advance, low, high)
    return Terms(tuple(merged))


def union(terms: Iterable[Term]) -> list[Term]:
    """Merge terms that fit together without loss; drop what is contained or empty."""
    merged: list[Term] = []
    for term in terms:
        if (term.low > term.high).all():
            continue
        for place, other in enumerate(merged):
            both = _merge(other, term)
            if both is not None:
                merged[place] = both
                break
        else:
            merged.append(term)
    if len(merged) > 1:
        merged = [t for t in merged if not any(_covers(other, t) for other in merged)]
    if any(t.is_global and t.carrier is None and t.low.size == 1 and _endless(t) for t in merged):
        whole = next(t for t in merged if t.is_global and t.carrier is None and _endless(t))
        merged = [t for t in merged if not t.is_global] + [whole]
    return merged


def _covers(endless: Term, term: Term) -> bool:
    """Whether a finite term reaches nothing that an endless one on the same axis does not."""
    if term.advance is not None or term.carrier is None or endless.advance is None:
        return False
    if (term.carrier, term.is_global) != (endless.carrier, endless.is_global):
        return False
    whole = finite(endless, term.low.shape[term.carrier])
    return bool(((whole.low <= term.low) & (whole.high >= term.high)).all())


def _endless(term: Term) -> bool:
    return bool((term.low == -UNLIMITED).all() and (term.high == UNLIMITED).all())


def _merge(one: Term, other: Term) -> Term | None:
    if one.is_global != other.is_global or one.carrier != other.carrier:
        return None
    if (one.advance is None) != (other.advance is None):
        return None
    if one.carrier is not None and one.advance is not None and other.advance is not None:
        if one.advance * other.period != other.advance * one.period:
            return None
        period = lcm(one.period, other.period)
        one, other = repeated(one, period // one.period), repeated(other, period // other.period)
    shape = np.broadcast_shapes(one.low.shape, other.low.shape)
    if shape not in (one.low.shape, other.low.shape):
        return None
    merged = Term(
        np.minimum(one.low, other.low), np.maximum(one.high, other.high),
        one.carrier, one.advance, one.is_global,
    )  # fmt: skip
    return compact(merged)


def repeated(term: Term, times: int) -> Term:
    """The same term with a period ``times`` as long."""
    if times == 1 or term.carrier is None or term.advance is None:
        return term
    if term.low.size * times > CELL_LIMIT:
        raise too_large("the pattern of a join", term.low.size * times, "Its strides share little.")
    low, high = term.along(term.carrier)
    steps = np.repeat(np.arange(times, dtype=np.int64) * term.advance, term.period)
    repeats = (1,) * (low.ndim - 1) + (times,)
    bounds = tidy(np.tile(low, repeats) + steps, np.tile(high, repeats) + steps)
    return rebuild(term, bounds, term.carrier, term.advance * times)


def rebuild(term: Term, bounds: Bounds, carrier: int | None, advance: int | None) -> Term:
    """A term from bounds whose last axis belongs at ``carrier``."""
    place = -1 if carrier is None else carrier
    low, high = bounds[0].swapaxes(-1, place), bounds[1].swapaxes(-1, place)
    return Term(low, high, carrier, advance, term.is_global)


def finite(term: Term, size: int, start: int = 0) -> Term:
    """The term with its endless carrier written out over ``size`` real positions."""
    if term.carrier is None or term.advance is None:
        return term
    others = term.low.size // term.period
    if others * size > CELL_LIMIT:
        raise too_large("a field written out position by position", others * size, _ASK_LESS)
    low, high = term.along(term.carrier)
    block, place = np.divmod(np.arange(start, start + size, dtype=np.int64), term.period)
    bounds = tidy(low[..., place] + term.advance * block, high[..., place] + term.advance * block)
    return rebuild(term, bounds, term.carrier, None)


def compact(term: Term) -> Term:
    """Drop axes along which nothing varies, and take the shortest period.

    A local term of one reach (or none, as in parts of a concatenation) that stays in its place
    keeps its carrier: it has a stride of 0.
    """
    low, high = term.low, term.high
    for axis, size in enumerate(low.shape):
        if size > 1 and axis != term.carrier:
            even = evened((low, high), axis)
            if even is not None:
                low, high = even[0].copy(), even[1].copy()  # a view would keep all of it
    term = Term(low, high, term.carrier, term.advance, term.is_global)
    if term.carrier is not None and term.advance is not None:
        if term.advance and term.period == 1:
            return term
        bounds, advance = shortest_period(term.along(term.carrier), term.advance)
        stays = advance == 0 and bounds[0].shape[-1] == 1
        if stays and (term.is_global or not _one_reach(bounds)):
            placed = rebuild(term, bounds, term.carrier, 0)
            return Term(placed.low, placed.high, None, None, term.is_global)
        return rebuild(term, bounds, term.carrier, advance)
    return term


def _one_reach(bounds: Bounds) -> bool:
    """Whether all positions that reach anything reach the same."""
    low, high = bounds
    if low.size == 1:
        return True
    busy = low <= high
    low, high = low[busy], high[busy]
    return bool((low == low[:1]).all() and (high == high[:1]).all())


def recarry(term: Term, repeats: int, places: Sequence[int] = ()) -> Term:
    """Find the carrier of a finite term: where it moves furthest, an axis that it repeats on.

    ``places``: the axes that hold the positions of the carrier it had, where that is known. What
    was read at each of them may move as far, but is no position.
    """
    if term.carrier is not None and term.advance is not None:
        return term
    spread = {axis: _spread(term.low, axis) for axis, n in enumerate(term.low.shape) if n > 1}
    moving = sorted((a for a in spread if spread[a] or term.moves(a)), key=lambda a: -spread[a])
    moving = [axis for axis in moving if axis in places] or moving
    if not moving:
        return Term(term.low, term.high, None, None, term.is_global)
    for axis in moving:
        found = find_pattern(term.along(axis), repeats)
        if found is not None:
            return compact(rebuild(term, found[0], axis, found[1]))
    return Term(term.low, term.high, moving[0], None, term.is_global)


def _spread(values: Ints, axis: int) -> int:
    """How far the values move along one axis, positions without reach left out."""
    highest, lowest = values.max(axis=axis), values.min(axis=axis)
    if max(int(highest.max()), -int(lowest.min())) > LARGEST:
        absent = np.abs(values) > LARGEST
        highest = np.where(absent, -LARGEST, values).max(axis=axis)
        lowest = np.where(absent, LARGEST, values).min(axis=axis)
    return max(0, int((highest - lowest).max()))


_ASK_LESS = "Ask for fewer positions, or for a smaller input."
