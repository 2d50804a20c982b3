"""The arithmetic of an op, as far as known elements (see ``known``) go through it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Elementwise = Literal[
    "multiply",
    "add",
    "keep",
    "maximum",
    "scale",
    "where",
    "subtract",
    "divide",
    "exp",
    "rectify",
    "veil",
]
"""``multiply``: a zero gives zero. ``add``: minus infinity stays, a mask that is nearly so makes a
bound. ``keep``: a function of one operand with f(0) = 0. ``scale``: by positive numbers, which also
leaves minus infinity.
``maximum``: minus infinity where all are, zero where the others are zero. ``where``: the second
or the third operand, by the first. ``subtract``: minus infinity stays where what is taken away
depends on the input. ``divide``: of zero, zero. ``exp``: of minus infinity, zero. These three
carry a softmax that is written out. ``rectify``: of zero or minus infinity, zero. ``veil``: a
zero, or another such number, in one operand may hide the others, as in a power or a logical or:
what is read is a bound there. With a single operand the other one is a number that nobody tells:
no zero is left of a sum."""


@dataclass(frozen=True, slots=True)
class Contraction:
    """A sum of products, or another reduction: one label per operand axis, and those of the output.

    ``zero``: the result of nothing but zeros is zero.
    """

    labels: tuple[tuple[object, ...], ...]
    output: tuple[object, ...]
    zero: bool = True


@dataclass(frozen=True, slots=True)
class Softmax:
    """Minus infinity becomes zero; the others share what is left along ``axes``."""

    axes: tuple[int, ...]


Algebra = Elementwise | Literal["move"] | Contraction | Softmax
"""``move``: elements change their places only."""
