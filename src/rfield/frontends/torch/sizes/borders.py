"""What is known of a value beside its shape, where a border of known numbers is laid around it.

A map that is padded has elements that no input changes, and what reads it knows of them. So a call
that is made again alone is told the same of its operands, and says what it leaves of its results.
Masks are not carried on: what is known of those rests on more than the operands.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ....core.known import LOW, Known
from ..tracer import Tracer

MOST = 1 << 18
"""So many elements are kept, of which something is known of each."""


class Border(NamedTuple):
    """What is ``known`` of the elements of a value, and ``past`` the border; ``held``: numbers."""

    known: Known | None = None
    past: Known | None = None
    held: tuple[Any, ...] = ()


BEHIND = Border()
"""Nothing, but that there is a border before it."""


def border_of(tracer: Tracer, index: int) -> Border | None:
    """What is to be told of a value; the same object for all of which nothing else is known."""
    draft = tracer.draft
    known, past = draft.known.get(index), draft.borders.get(index)
    if known is None and index not in draft.borders:
        return None
    if known is None and past is None:
        return BEHIND
    return Border(known, past, tuple(store.get(index) for store in _stores(tracer)))


def lay(tracer: Tracer, index: int, border: Border) -> None:
    """Tell a tracer of one of its values."""
    draft = tracer.draft
    if border.known is not None:
        draft.known[index] = border.known
    draft.borders[index] = border.past
    for store, held in zip(_stores(tracer), border.held, strict=False):
        if held is not None:
            store[index] = held


def is_carried(tracer: Tracer) -> bool:
    """Whether all that is known of values by now is what a ``Border`` says."""
    draft, emitter = tracer.draft, tracer.emitter
    ranges, parts = emitter.ranges, emitter.parts
    if emitter.dimmed or emitter.lowered or parts.made or parts.mixed or ranges.waits:
        return False
    return draft.known.keys() <= draft.borders.keys() and all(
        known is None or (known.codes.size <= MOST and not (known.codes >= LOW).any())
        for known in (*draft.known.values(), *draft.borders.values())
    )


def _stores(tracer: Tracer) -> tuple[dict[int, Any], ...]:
    return tracer.emitter.ranges.stores
