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
    "compare",
    "offset",
]
"""``multiply``: a zero gives zero. ``add``: minus infinity stays, a mask that is nearly so makes a
bound. ``keep``: of nothing but zeros, zero; each element counts, also beside zeros. ``scale``: by
positive numbers, which also leaves minus infinity.
``maximum``: minus infinity where all are, zero where the others are zero. ``where``: the second
or the third operand, by the first. ``subtract``: minus infinity stays where what is taken away
depends on the input. ``divide``: of zero, zero. ``exp``: of minus infinity, zero. These three
carry a softmax that is written out. ``rectify``: of zero or minus infinity, zero. ``veil``: a
zero, or another such number, in one operand may hide the others, as in a power or a logical or:
what is read is a bound there, and so it is where nothing is said of an op of several elements.
``compare``: none hides another, but nobody knows what is made of zeros. ``offset``: a number that
is no zero is added, so that zeros make some number; none hides another. With a single operand the
other one is a number that nobody tells: no zero is left of a sum."""


Zeros = Literal["keep", "absorb", "lose"]
"""``keep``: nothing but zeros is zero (a sum, the largest). ``absorb``: any zero makes zero (a
product). ``lose``: nobody knows what they make."""


@dataclass(frozen=True, slots=True)
class Contraction:
    """A sum of products, or another reduction: one label per operand axis, and those of the output.

    ``zeros``: what becomes of those of a reduction.
    """

    labels: tuple[tuple[object, ...], ...]
    output: tuple[object, ...]
    zeros: Zeros = "keep"


@dataclass(frozen=True, slots=True)
class Softmax:
    """Minus infinity becomes zero; the others share what is left along ``axes``.

    ``logarithm``: of the result, so that minus infinity stays.
    """

    axes: tuple[int, ...]
    logarithm: bool = False


Algebra = Elementwise | Literal["move"] | Contraction | Softmax
"""``move``: elements change their places only."""
