"""Elements that are known without the input: masks, and what they cut.

A mask is written in numbers: minus infinity added to the scores of an attention, a buffer of zeros
and ones that multiplies. ``Known`` says which elements of a value no input changes; ``narrowed``
takes the reads of such elements away from an op and says what is known of its result.
"""

from .carry import moved
from .codes import (
    ALIVE,
    FIXED,
    HIDES,
    LOW,
    SOFT,
    SOME,
    ZERO,
    Known,
    lowest,
    of_constant,
    soft_limit,
)
from .once import narrowed

__all__ = [
    "ALIVE",
    "FIXED",
    "HIDES",
    "LOW",
    "SOFT",
    "SOME",
    "ZERO",
    "Known",
    "lowest",
    "moved",
    "narrowed",
    "of_constant",
    "soft_limit",
]
