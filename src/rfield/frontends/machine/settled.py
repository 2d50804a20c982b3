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

    ``doubtful``: the same, if nothing in a file is a parameter. ``free``: training may change it.
    """

    numbers: Array
    doubtful: Array
    free: Marks


FAR = -1e4
"""A number up to here may be a mask that is finite."""

UNKNOWN = Elements(np.array(np.nan), np.array(np.nan), np.array(False))


def elements(known: Known | None, held: Elements | None, rank: int) -> Elements:
    """Of a value that depends on an input, with what is known of it now."""
    nowhere = np.zeros((1,) * rank, np.uint8)
    codes = nowhere if known is None else ranked(known.codes, rank)
    zeros = np.where(codes == ZERO, 0.0, np.nan)
    if held is None:
        return Elements(zeros, zeros, nowhere == 1)
    fixed = (codes == FIXED) | (codes == SOFT)
    one, other = (np.where(fixed, each, zeros) for each in held[:2])
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
    numbers, doubtful, free = (
        each.reshape((1,) * (rank - each.ndim) + each.shape) for each in made
    )
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
    found = Elements(np.array(fill), np.array(fill), np.array(False))
    for link, own, shape in zip(op.links, given, shapes, strict=True):
        if link is None:
            continue
        here = moved(link, np.ones((1,) * len(shape), bool), shape, op.shape, False)
        parts = [moved(link, each, shape, op.shape) for each in own]
        if here is None or any(part is None for part in parts):
            return UNKNOWN
        both = zip(parts, found, strict=True)
        found = Elements(*(np.where(here, cast("Array", part), old) for part, old in both))
    return found


def _mixed(op: Op, given: Sequence[Elements], shapes: Sequence[Shape]) -> Elements:
    """Of several elements: any number, but of parameters."""
    free: Marks = np.array(False)
    for link, own, shape in zip(op.links, given, shapes, strict=True):
        reads = None if link is None else reached(link, own.free, shape, op.shape)
        free = free if reads is None else free | reads
    return Elements(UNKNOWN.numbers, UNKNOWN.doubtful, free)
