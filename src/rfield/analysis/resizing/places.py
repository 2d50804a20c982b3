"""Which axes of an output are the positions of an axis of the input, and how many for one.

Mostly the field says so: the axis along which it moves. What reads all of an axis (a spectrum, a
running sum that is turned round) does not move; there the axes are those that grow with the input.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from ..engines.bounds import AxisField

GROWN = (48, 60, 32, 10, 7, 12, 8, 6, 5, 4, 3, 2, 1)
"""So many steps larger is a size that tells what grows; code may take some multiples only."""

Places = tuple[tuple[int, ...], ...]
"""Per input axis some axes of the output."""


Rates = Mapping[int, Fraction]
"""Positions of an input axis for one of an axis of the output."""


def carrier(axes: Sequence[int]) -> int | None:
    """The axis along which a value moves; None where there is none, or more than one."""
    return axes[0] if len(axes) == 1 else None


def places(own: Places, of_model: Places, shape: Sequence[int]) -> Places:
    """The axes at one size, of the field at that size and of the model at a larger one.

    >>> places(((3,), (2,)), ((2,), (3,)), (1, 1, 4, 1))  # one column: blocks look transposed
    ((2,), (3,))
    """
    apart = all(own) and len(set[int]().union(*own)) == sum(map(len, own))
    if apart and all(any(shape[axis] > 1 for axis in axes) for axes in of_model):
        return own
    return tuple(there or here for there, here in zip(of_model, own, strict=True))


def rates_of(shape: Callable[[int], Sequence[int] | None], step: int) -> Rates:
    """Axes of the output that grow with one of the input: how many of its positions for one.

    ``shape``: of the output with so many more of them, None where the model refuses that.

    >>> rates_of(lambda more: (1, (24 + more) // 2, 7), 1)
    {1: Fraction(2, 1)}
    """
    one = shape(0)
    for more in (step * times for times in GROWN):
        other = shape(more)
        if one is not None and other is not None and len(one) == len(other):
            pairs = enumerate(zip(one, other, strict=True))
            return {axis: Fraction(more, b - a) for axis, (a, b) in pairs if b > a}
    return {}


def strides_of(field: AxisField) -> set[Fraction]:
    """The strides of a field; what is zero near a border is listed beside them."""
    if field.stride is not None:
        return {field.stride}
    moving = {(t.carrier, Fraction(t.advance, t.period)) for t in field.terms if t.advance}
    return {stride for _, stride in moving}
