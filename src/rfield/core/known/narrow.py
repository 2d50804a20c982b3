"""An op without the reads of elements that no input changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..algebra import Contraction, Elementwise, Softmax
from ..arguments import Shape
from ..link import AnyLink, Link
from ..operation import Op
from ..relation import IDENTITY, At
from .arithmetic import Marks, chosen, elementwise, lifted, uncovered, veiled
from .carry import carried, together
from .codes import (
    ALIVE,
    FIXED,
    HIDDEN,
    HIDES,
    LOW,
    SOFT,
    SOME,
    ZERO,
    Codes,
    Known,
    depends,
    lows,
    ranked,
    squeezed,
)  # fmt: skip
from .parts import boxes, gated, projected, restricted
from .reach import reached


def narrowed(
    op: Op,
    operands: Sequence[Known | None],
    shapes: Sequence[Shape],
    condition: NDArray[Any] | None = None,
    fill: Known | None = None,
) -> tuple[Op, Known | None]:
    """The op without reads of known elements, and what is known of its result.

    Where such reads cannot be left out, the op is marked as an upper bound. ``operands`` belong to
    ``op.links``, constants among them; ``condition``: the contents of the first operand of a
    ``where``; ``fill``: what is known of the elements that read nothing.
    """
    algebra = op.algebra
    if "argm" in op.kind and any(k is not None and (k.codes > FIXED).any() for k in operands):
        op = replace(op, exact=False)  # a place that is masked is never the answer
    if isinstance(algebra, Contraction):
        return _contraction(op, algebra, operands, shapes)
    if isinstance(algebra, Softmax) and operands[0] is not None:
        return _softmax(op, algebra, operands[0], shapes[0])
    if algebra == "move":
        return _moved(op, operands, shapes, fill)
    if all(map(partial(is_broadcast, op), op.links, shapes)):
        rank = len(op.shape)
        if algebra == "where" and condition is not None:
            wide = np.asarray(condition, bool)
            wide = wide.reshape((1,) * (rank - wide.ndim) + wide.shape)
            codes = chosen(wide, operands[1], operands[2])
            return _pointwise(op, codes, operands, [~wide & wide, wide, ~wide])
        if algebra == "where":  # the condition may be zero, or both that it chooses from
            nowhere = np.zeros((1,) * rank, np.uint8)
            which, one, other = (
                nowhere if known is None else ranked(known.codes, rank) for known in operands
            )
            no, both = which == ZERO, (one == other) & ((one == ZERO) | (one == LOW))
            if ((which > ZERO) & ~both).any():
                op = replace(op, exact=False)  # one of them is never chosen; nobody knows which
            if no.any() or both.any():
                either = np.where(both, one, elementwise(None, operands, rank))
                codes = squeezed(np.where(no, chosen(~no, None, operands[2]), either))
                return _pointwise(op, codes, operands, [~no & ~both, ~no & ~both, ~both])
        plain = "compare" if algebra == "where" else algebra if isinstance(algebra, str) else None
        return _arithmetic(op, plain, operands, rank)
    return _mixed(op, operands, shapes)


def is_broadcast(op: Op, link: AnyLink | None, shape: Shape) -> bool:
    """Whether each output reads the element of an operand at its own place."""
    missing = len(op.shape) - len(shape)
    return isinstance(link, Link) and missing >= 0 and all(
        (read.relation == IDENTITY and read.axis == place)
        or (read.axis is None and isinstance(read.relation, At) and size == 1)
        for place, (read, size) in enumerate(zip(link.reads, shape, strict=True), missing)
    )  # fmt: skip


_COVERED: dict[Elementwise | None, int | None] = {
    None: None, "veil": None, "add": SOFT, "subtract": SOFT, "multiply": LOW, "divide": LOW,
}  # fmt: skip
"""Which numbers may hide what they stand beside; None for all but those that are only known."""


def _arithmetic(
    op: Op, algebra: Elementwise | None, operands: Sequence[Known | None], rank: int
) -> tuple[Op, Known | None]:
    codes = elementwise(algebra, operands, rank)
    undone, least, most = lifted(algebra, operands, codes)
    codes = np.where(undone, np.uint8(ALIVE), codes) if undone.any() else codes
    hides = algebra in _COVERED and veiled(operands, rank, only=_COVERED[algebra])
    some = algebra in ("multiply", "divide") and any(
        k and (k.codes == SOME).any() for k in operands
    )
    if hides or some or undone.any() or uncovered(operands, codes):
        op = replace(op, exact=False)
    everywhere = [np.ones((1,) * rank, bool)] * len(operands)
    return _pointwise(op, codes, operands, everywhere, least, most)


def _pointwise(
    op: Op,
    codes: Codes,
    operands: Sequence[Known | None],
    wanted: Sequence[Marks],
    least: float | None = None,
    most: float | None = None,
) -> tuple[Op, Known | None]:
    """``wanted``: where each operand has a say in the result."""
    least = _extreme(operands)[0] if least is None else least
    most = _extreme(operands)[1] if most is None else most
    alive = depends(codes)
    links: list[AnyLink | None] = []
    more: list[AnyLink] = []
    repeats: list[int] = []
    exact, shown = op.exact, True
    for place, (link, known, mine) in enumerate(zip(op.links, operands, wanted, strict=True)):
        own = np.ones_like(alive, shape=(1,) * alive.ndim)
        if known is not None:
            own = depends(ranked(known.codes, alive.ndim))
        if link is None or not (own.any() or (known is not None and not known.shown)):
            links.append(link)
            continue
        needed = squeezed(mine & alive & own)
        read = own if known is not None and known.shown else np.ones_like(own)
        surplus = read & ~needed
        if not surplus.any():
            links.append(link)
            continue
        alone, open_ = sum(size > 1 for size in needed.shape) < 2, surplus & (codes == ALIVE)
        assert isinstance(link, Link)
        found = _with_holes(link, needed) if alone or open_.any() else None
        if found is None:
            exact, shown = exact and not open_.any(), shown and not (surplus & ~alive).any()
            found = [link]
        links.append(found[0] if found else None)
        more += found[1:]
        repeats += [place] * len(found[1:])
    made = replace(op, links=(*links, *more), repeats=(*op.repeats, *repeats), exact=exact)
    told = bool(codes.any()) or most > -HIDES
    return made, (Known(codes, shown, least, most) if told else None)


def _extreme(operands: Sequence[Known | None]) -> tuple[float, float]:
    """``least`` and ``most`` of several."""
    given = [known for known in operands if known is not None]
    least = max((known.least for known in given), default=-np.inf)
    return least, max((known.most for known in given), default=0.0)


def _with_holes(link: Link, needed: Marks) -> list[Link] | None:
    """Broadcasting links that together read where ``needed`` is set, or None."""
    found: list[Link] = []
    shape = [1 if read.axis is None else needed.shape[read.axis] for read in link.reads]
    parts = boxes(needed)
    for box in parts or ():
        reads, free = [*link.reads], set(range(len(link.reads)))
        if not all(gated(reads, shape, axis, rows, free) for axis, rows in box.items()):
            return None
        found.append(Link(reads))
    return None if parts is None else found


def _moved(
    op: Op, operands: Sequence[Known | None], shapes: Sequence[Shape], fill: Known | None
) -> tuple[Op, Known | None]:
    shown = all(known is None or known.shown for known in operands)
    parts: list[Codes] = []
    for link, known, shape in zip(op.links, operands, shapes, strict=True):
        if link is None:
            continue
        own = known or Known(np.zeros((1,) * len(shape), np.uint8))
        outside = FIXED if fill is None else int(fill.codes.max())
        codes = carried(link, own, shape, op.shape, outside)
        if codes is None:
            return (op if shown else replace(op, exact=False)), None
        parts.append(codes)
    codes = together(parts, len(op.shape))
    least, most = _extreme([*operands, fill])
    told = bool(codes.any()) or most > -HIDES
    return op, (Known(codes, shown, least, most) if told else None)


def _mixed(
    op: Op, operands: Sequence[Known | None], shapes: Sequence[Shape]
) -> tuple[Op, Known | None]:
    """An op whose outputs read many elements at once: windows, resizes, running sums."""
    if any(known is not None and not known.shown for known in operands):
        op = op.thinned
    if not any(known is not None and known.is_mask for known in operands):
        return op, None
    algebra = op.algebra if op.algebra in ("keep", "offset", "compare") else None
    found: list[Marks] = [np.zeros((1,) * len(op.shape), bool)] * 4
    for link, known, shape in zip(op.links, operands, shapes, strict=True):
        own = np.zeros((1,) * len(shape), np.uint8) if known is None else known.codes
        kinds = (depends(own), own == FIXED, own == ZERO, ~depends(own) & (own > ZERO))
        for place, marks in enumerate(kinds if link is not None else ()):
            assert link is not None
            reads = reached(link, marks, shape, op.shape)
            if reads is None:
                return op.thinned, None
            found[place] = found[place] | reads
            if algebra is not None and found[0].all():
                return op, None  # as nearly always
    moving, fixed, zero, special = found
    if algebra is None and (moving & (zero | special)).any():
        op = op.thinned
    codes = np.where(
        zero & (algebra is None or algebra == "compare"), np.uint8(SOME), np.uint8(FIXED)
    )
    codes = np.where(algebra == "keep", np.uint8(ZERO), codes)
    codes = np.where(fixed & (codes < SOME), np.uint8(FIXED), codes)
    codes = np.where(special, np.uint8(SOME), codes)
    codes = squeezed(np.where(moving, np.uint8(ALIVE), codes))
    shown = all(known is None or known.shown for known in operands)
    return op, (Known(codes, shown) if codes.any() else None)


def _softmax(op: Op, algebra: Softmax, known: Known, shape: Shape) -> tuple[Op, Known | None]:
    low = lows(known.codes)
    axes = tuple(axis % low.ndim for axis in algebra.axes)
    # Where all is as low nothing is: only minus infinity itself would leave nothing of such a row.
    all_low = low.all(axis=axes, keepdims=True)
    alive = (known.codes == ALIVE) | (all_low & (known.codes == HIDDEN))
    hidden = np.uint8(LOW if algebra.logarithm else ZERO)
    result = np.where(low & ~all_low, hidden, np.uint8(ALIVE))
    dead = ~alive.any(axis=axes, keepdims=True)
    result = squeezed(np.where(dead & (result == ALIVE), np.uint8(FIXED), result))
    rows = [axis for axis in range(alive.ndim) if axis not in axes]
    parts, exact = projected(alive, rows, axes)
    (link,) = op.links
    assert isinstance(link, Link)
    found = [restricted(link, part, range(alive.ndim), shape) for part in parts]
    exact = exact and not np.isin(known.codes, (SOME, SOFT)).any() and not all_low.any()
    made = _read_by(replace(op, exact=op.exact and exact), [found])
    driven = {axis for read in made.links if isinstance(read, Link) for axis in read.drivers}
    made = replace(made, own=tuple(axis for axis in axes if axis not in driven))
    return made, (Known(result, not result.any()) if result.any() else None)


def _contraction(
    op: Op, algebra: Contraction, operands: Sequence[Known | None], shapes: Sequence[Shape]
) -> tuple[Op, Known | None]:
    order = [*algebra.output]
    every = dict.fromkeys(label for names in algebra.labels for label in names)
    order += [label for label in every if label not in order]
    count = len(algebra.output)
    spread = [
        _by_label(known, names, order)
        for known, names in zip(operands, algebra.labels, strict=True)
    ]
    summed = tuple(range(count, len(order)))
    spread, low = _below(op, spread, summed)
    given = spread
    if algebra.zeros == "absorb":
        gone = (spread[0] == ZERO).any(axis=summed, keepdims=True)
        spread = [np.where(gone, np.uint8(ZERO), spread[0])]
    nonzero: Marks = np.ones((1,) * len(order), bool)
    for codes in spread:
        nonzero = nonzero & (codes != ZERO)
    taken: set[int] = set()
    for link, codes in zip(op.links, spread, strict=True):
        if isinstance(link, Link) and (codes == ALIVE).any():
            taken.update(link.drivers)
    links: list[list[Link | None] | None] = []
    moves = [depends(codes) for codes in spread]
    exact = op.exact and not any(  # which may be zero beside what the input changes
        ((codes == SOME) & moved).any()
        for place, codes in enumerate(spread)
        for other, moved in enumerate(moves)
        if other != place
    )
    for link, codes, names, shape in zip(op.links, given, algebra.labels, shapes, strict=True):
        reading = nonzero & (codes == ALIVE)
        links.append([])
        if reading.all() or not (codes == ALIVE).any() or not isinstance(link, Link):
            continue
        foreign = tuple(k for k in range(count, len(order)) if order[k] not in names)
        reading = squeezed(reading.any(axis=foreign, keepdims=True))
        if not reading.any():
            links[-1] = None
            continue
        mine = [k for k in range(count, len(order)) if order[k] in names]
        parts, plain = projected(reading, range(count), mine)
        places = [order.index(label) for label in names]
        links[-1] = [restricted(link, part, places, shape, op.shape, taken) for part in parts]
        exact = exact and (plain or bool((reading == (codes == ALIVE)).all()))
    made = _read_by(replace(op, exact=exact), links)
    some = nonzero.any(axis=summed)
    moving = nonzero & ~_all_of([codes != ALIVE for codes in spread])
    alive = moving.any(axis=summed)
    if alive.all() and not low.any():
        return made, None
    nil = np.uint8(SOME if algebra.zeros == "lose" else ZERO)
    sure = nonzero & _all_of([codes != SOME for codes in spread])
    number = sure.all(axis=summed) if algebra.zeros == "absorb" else sure.any(axis=summed)
    nil = np.where(number, np.uint8(FIXED), np.where(some, np.uint8(SOME), nil))
    codes = np.where(alive, np.uint8(ALIVE), nil)
    codes = squeezed(np.where(low > FIXED, low, codes))
    return made, Known(codes, exact, *_extreme(operands))


def _below(
    op: Op, spread: Sequence[Codes], summed: tuple[int, ...]
) -> tuple[Sequence[Codes], Codes]:
    """What is read beside low numbers, and where the largest of several is as low as they are.

    Beside other numbers they are not seen, in products they are.
    """
    low = np.zeros((1,) * (spread[0].ndim - len(summed)), np.uint8)
    if len(spread) > 1 or not (spread[0] >= LOW).any():
        return [np.where(codes == HIDDEN, np.uint8(ALIVE), codes) for codes in spread], low
    (codes,) = spread
    hidden = codes == HIDDEN
    seen = hidden & ~(codes == ALIVE).any(axis=summed, keepdims=True)
    if "max" in op.kind and "arg" not in op.kind:
        own = np.where(hidden.any(axis=summed), np.uint8(HIDDEN), np.uint8(LOW))
        low = np.where(lows(codes).all(axis=summed), own, np.uint8(ALIVE))
    return [np.where(hidden, np.where(seen, np.uint8(ALIVE), np.uint8(FIXED)), codes)], low


def _read_by(op: Op, links: Sequence[Sequence[Link | None] | None]) -> Op:
    """The op with other links in place of its own, several that together say it; None: no link."""
    first: list[AnyLink | None] = []
    more: list[Link] = []
    repeats: list[int] = []
    exact = op.exact
    for place, (own, others) in enumerate(zip(op.links, links, strict=True)):
        if others is None:
            first.append(None)
            continue
        known = [link for link in others if link is not None]
        whole = len(known) < len(others)  # one of the parts cannot be said
        exact = exact and not whole
        first.append(own if whole or not known else known[0])
        more += [] if whole else known[1:]
        repeats += [] if whole else [place] * (len(known) - 1)
    return replace(op, links=(*first, *more), repeats=tuple(repeats), exact=exact)


def _all_of(parts: Sequence[Marks]) -> Marks:
    result = parts[0]
    for part in parts[1:]:
        result = result & part
    return result


def _by_label(known: Known | None, names: Sequence[object], order: Sequence[object]) -> Codes:
    """The codes of an operand with its axes at the places of their labels."""
    shape = [1] * len(order)
    if known is None or len(set(names)) < len(names):
        return np.zeros(shape, np.uint8)
    places = [order.index(label) for label in names]
    for place, size in zip(places, known.codes.shape, strict=True):
        shape[place] = size
    ranked = sorted(range(len(places)), key=places.__getitem__)
    return known.codes.transpose(ranked).reshape(shape)
