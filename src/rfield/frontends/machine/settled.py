"""The numbers of elements that no input changes, and where one of them may be a zero.

What a mask made zero does not stay zero: ``x * mask > 0.5`` is false there, ``x * mask + 1`` is
one. As long as the numbers are known, so is what they become. Where one is lost, in a function that
is not told here, it may be a zero, of which nobody knows; of a parameter, and of what is made of
one, any number may become another one in training, and none is taken for a zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from ...core.algebra import Contraction, Softmax
from ...core.arguments import Shape
from ...core.known import FIXED, SOFT, SOME, ZERO, Known, moved, of_constant
from ...core.known.codes import ranked, squeezed
from ...core.known.narrow import is_broadcast
from ...core.known.reach import reached
from ...core.ops import Op
from .meanings import may_vanish
from .values import Constant

Marks = NDArray[np.bool_]
Array = NDArray[Any]


class Elements(NamedTuple):
    """Of a tensor: the number of each element that no input changes, NaN where it is not known.

    ``doubtful``: the same, if nothing in a file is a parameter; the same array where that makes no
    difference. ``free``: training may change it.
    """

    numbers: Array
    doubtful: Array
    free: Marks

    @property
    def sure(self) -> bool:
        """Whether parameters make no difference."""
        return self.doubtful is self.numbers


FAR = -1e4
"""A number up to here may be a mask that is finite."""

_NONE = np.array(np.nan)

UNKNOWN = Elements(_NONE, _NONE, np.array(False))


def elements(known: Known | None, held: Elements | None, rank: int) -> Elements:
    """Of a value that depends on an input, with what is known of it now."""
    nowhere = np.zeros((1,) * rank, np.uint8)
    codes = nowhere if known is None else ranked(known.codes, rank)
    zero, fixed = codes == ZERO, (codes == FIXED) | (codes == SOFT)
    zeros = np.where(zero, 0.0, np.nan) if zero.any() else np.full((1,) * rank, np.nan)
    if held is None or not fixed.any():
        return Elements(zeros, zeros, nowhere == 1)
    one = np.where(fixed, held.numbers, zeros)
    other = one if held.sure else np.where(fixed, held.doubtful, zeros)
    return Elements(one, other, held.free & fixed)


def unsettled(known: Known | None) -> bool:
    """Whether there are elements of which one asks what number they are."""
    return known is not None and bool(((known.codes == FIXED) | (known.codes == SOME)).any())


def settled(
    op: Op,
    values: Sequence[Any],
    given: Sequence[Elements],
    known: Known,
    made: Elements,
    *,
    trained: bool,
) -> tuple[Known, Elements]:
    """What is known of the result of an op, and its numbers.

    ``given``: of the operands that have links. ``made``: what the op makes of their numbers, where
    it acts element by element. ``trained``: it has parameters.
    """
    shapes = [value.shape for value in values[: len(op.links)]]
    beside = any(isinstance(value, Constant) for value in values[len(op.links) :])
    vanishes = may_vanish(op.kind, op.algebra)
    if op.algebra == "move":
        made = _moved(op, given, shapes)
    elif not all(map(partial(is_broadcast, op), op.links, shapes)):
        made = _mixed(op, given, shapes)
        beside = False
        vanishes = vanishes or not isinstance(op.algebra, (Contraction, Softmax))
    if (trained and op.algebra != "move") or beside:
        made = made._replace(free=np.ones((), bool))
    rank, codes = len(op.shape), known.codes
    numbers, free = ranked(made.numbers, rank), ranked(made.free, rank)
    doubtful = numbers if made.sure else ranked(made.doubtful, rank)
    told = ((codes == FIXED) | (codes == SOME)) & ~np.isnan(numbers)
    if told.any():
        found = of_constant((1,) * rank, numbers)
        low = (found.codes == FIXED) & (numbers <= FAR)  # nearly nothing to a softmax
        codes = np.where(told, np.where(low, np.uint8(SOFT), found.codes), codes)
        known = replace(known, least=max(known.least, found.least))
    open_ = (codes == FIXED) & ~told
    lost = open_ & ~free & vanishes
    codes = np.where(lost | (open_ & (doubtful == 0)), np.uint8(SOME), codes)
    return replace(known, codes=squeezed(codes)), Elements(numbers, doubtful, free)


def _moved(op: Op, given: Sequence[Elements], shapes: Sequence[Shape]) -> Elements:
    """Each element comes from one place of one operand, or is the filling."""
    fill = np.nan if op.fill is None else float(op.fill)
    links = [(k, link) for k, link in enumerate(op.links) if link is not None]
    inside = [
        moved(link, np.ones((1,) * len(shapes[k]), bool), shapes[k], op.shape, False)
        for k, link in links
    ]
    if any(here is None for here in inside):
        return UNKNOWN

    def placed(elements: Sequence[Array], outside: float | bool) -> Array | None:
        found = np.array(outside)
        for here, (k, link) in zip(inside, links, strict=True):
            part = moved(link, elements[k], shapes[k], op.shape)
            if part is None:
                return None
            found = np.where(cast("Marks", here), part, found)
        return found

    numbers, free = (
        placed([own.numbers for own in given], fill),
        placed([own.free for own in given], False),
    )
    sure = all(own.sure for own in given)
    doubtful = numbers if sure else placed([own.doubtful for own in given], fill)
    if numbers is None or doubtful is None or free is None:
        return UNKNOWN
    return Elements(numbers, doubtful, free)


def _mixed(op: Op, given: Sequence[Elements], shapes: Sequence[Shape]) -> Elements:
    """Of several elements: any number, but of parameters."""
    free: Marks = np.array(False)
    for link, own, shape in zip(op.links, given, shapes, strict=True):
        reads = None if link is None else reached(link, own.free, shape, op.shape)
        free = free if reads is None else free | reads
    return Elements(UNKNOWN.numbers, UNKNOWN.doubtful, free)
