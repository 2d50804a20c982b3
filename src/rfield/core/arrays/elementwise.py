"""Element by element, with NumPy broadcasting."""

from __future__ import annotations

from dataclasses import replace

from .. import ops
from ..algebra import Algebra
from .expression import Operand, Reading, operand_of, read, shape_of


def pointwise(
    *operands: Operand | float,
    kind: str = "pointwise",
    join: bool = True,
    algebra: Algebra | None = None,
) -> Reading:
    """Output ``i`` reads element ``i`` of every operand; sizes of 1 are repeated.

    ``join``: several operands should be aligned. ``algebra``: what becomes of zeros and of minus
    infinity (see ``core.algebra``). https://numpy.org/doc/stable/user/basics.broadcasting.html

    >>> from .expression import Known
    >>> pointwise(Known((2, 1)), Known((5,)), kind="add").shape
    (2, 5)
    """
    given = [operand_of(operand) for operand in operands]
    shapes = [shape_of(operand) for operand in given]
    op = ops.pointwise(*shapes, kind=kind, join=join and len(given) > 1, algebra=algebra)
    return Reading(op, given) if len(given) > 1 else read(op, *given)


def either(*operands: Operand) -> Reading:
    """One of several tensors of equal shape, and implementations differ in which: a bound.

    >>> from .expression import Known
    >>> either(Known((2, 5)), Known((2, 5))).steps[0].exact
    False
    """
    op = ops.pointwise(*map(shape_of, operands), kind="either", join=False)
    return Reading(replace(op, exact=False), operands)


def add(*operands: Operand | float, kind: str = "add") -> Reading:
    """The sum; an element of minus infinity (an attention mask) stays what it is.

    https://numpy.org/doc/stable/reference/generated/numpy.add.html

    >>> from .expression import Known
    >>> add(Known((2, 5)), 1, Known((5,))).shape
    (2, 5)
    """
    return pointwise(*operands, kind=kind, algebra="add")


def multiply(*operands: Operand | float, kind: str = "multiply") -> Reading:
    """The product; an element that is known to be zero takes the other's away.

    https://numpy.org/doc/stable/reference/generated/numpy.multiply.html

    >>> from .expression import Known
    >>> multiply(Known((3,)), Known((2, 1))).shape
    (2, 3)
    """
    return pointwise(*operands, kind=kind, algebra="multiply")


def where(condition: Operand, one: Operand | float, other: Operand | float) -> Reading:
    """``one`` where the condition holds, ``other`` elsewhere; a known condition cuts the rest.

    https://numpy.org/doc/stable/reference/generated/numpy.where.html

    >>> from .expression import Known
    >>> where(Known((3, 1)), Known((3,)), 0).shape
    (3, 3)
    """
    return pointwise(condition, one, other, kind="where", algebra="where")
