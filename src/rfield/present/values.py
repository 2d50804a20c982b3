"""How numbers are written: one number where all axes agree, fractions as 1/2, ``?`` for unknown.

Also the sentences that say by which convention a number is to be read: they stand under every
table, because tools in this field differ on each of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TypeVar

from ..analysis.results import UNBOUNDED
from .text import shorten

Item = TypeVar("Item")
Number = int | Fraction

UNITS = "r, S, P in input pixels; P = −(first index that output 0 reads)"
CENTER = "center: midpoint of the field of output 0; the first pixel is 0, not 0.5"
GLOBAL = "also reads a whole axis, which r, S, P and center leave out"
GLOBAL_FIELD = "local size, stride, padding, center: without the whole-axis reads"
SEES = "sees %: size / input size, at most 100"
MARK_GLOBAL, MARK_LARGE = "*", "†"


def is_unbounded(value: object) -> bool:
    """Whether ``value`` is the size of a field that reads a whole axis."""
    return value is UNBOUNDED


def axes(values: Sequence[Item], show: Callable[[Item], str], between: str = "x") -> str:
    """One text where all axes agree, else one per axis: ``7x3``."""
    shown = [show(value) for value in values]
    return shown[0] if len(set(shown)) == 1 else between.join(shown)


def position(values: Sequence[Number | None]) -> str:
    """A place, in which signs and fractions are common: ``-1/2, 0``."""
    return axes(values, number, ", ")


def numbers(found: Sequence[Number | None], local: Sequence[int]) -> str:
    """Exact numbers; ``–`` where nothing is read locally, so that there is no such number."""
    return axes(found, number) if any(local) else "–"


def number(value: Number | None) -> str:
    """An exact number, or ``?`` where there is none.

    >>> number(32), number(Fraction(1, 2)), number(None)
    ('32', '1/2', '?')
    """
    return "?" if value is None else str(value)


def index(place: Sequence[object]) -> str:
    """An output position, as the command line takes it but in brackets.

    >>> index((3, 4)), index((3,))
    ('(3, 4)', '(3)')
    """
    return f"({', '.join(map(str, place))})"


def shape(sizes: Sequence[int | None]) -> str:
    """A shape as the command line takes it; a free size is ``?``.

    >>> shape((1, 3, None, 224))
    '1x3x?x224'
    """
    return "x".join("?" if size is None else str(size) for size in sizes)


def percent(share: float | None) -> str:
    """A share in percent, with one decimal below 10; only nothing is shown as 0.

    >>> percent(0.412), percent(0.0312), percent(0.0001), percent(0.0), percent(None)
    ('41', '3.1', '<0.1', '0', '?')
    """
    if share is None:
        return "?"
    value = 100 * share
    if value >= 9.95 or value == 0:
        return f"{value:.0f}"
    return "<0.1" if value < 0.05 else f"{value:.1f}"


def global_reads(layers: Sequence[str]) -> str:
    """The layers that read a whole axis: how many, and the first of them.

    >>> global_reads(("blocks.0.se", "blocks.1.se"))
    '(2: blocks.0.se …)'
    """
    if not layers:
        return ""
    first = shorten(layers[0], 32)
    return f"({first})" if len(layers) == 1 else f"({len(layers)}: {first} …)"


def giga(count: float) -> str:
    """A count of operations in billions: ``1.38``, ``30.71``, ``237``."""
    value = count / 1e9
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"


def grouped(reasons: Iterable[str]) -> Iterator[str]:
    """Each kind of reason once, its first layer as the example, with the number of layers.

    >>> list(grouped(["the padding of a along y moves", "the padding of b along y moves"]))
    ['?: the padding of a along y moves (and 1 more layer)']
    """
    kinds: dict[str, list[str]] = {}
    for reason in reasons:
        first = reason.split("; ")[0]
        kinds.setdefault(re.sub(r" of .+ along \S+", "", first), []).append(first)
    for same in kinds.values():
        more = len(same) - 1
        tail = f" (and {more} more layer{'s' * (more > 1)})" if more else ""
        yield f"?: {same[0]}{tail}"
