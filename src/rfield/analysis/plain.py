"""Values in JSON's own types, exactly: the one form in which answers are written for programs.

A fraction that is no whole number is the text ``"1/2"``, an unbounded size ``"unbounded"``, an
unknown value ``None``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from fractions import Fraction
from math import isfinite, isnan
from typing import Any, cast


def plain(value: object) -> object:
    """``value`` in JSON's own types.

    >>> plain({"stride": (Fraction(1, 2), Fraction(4)), "size": (7, None, float("inf"))})
    {'stride': ['1/2', 4], 'size': [7, None, 'unbounded']}
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else str(value)
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value)
        return {str(key): plain(item) for key, item in items.items()}
    if isinstance(value, (list, tuple, frozenset)):
        return [plain(item) for item in cast("Iterable[object]", value)]
    if isinstance(value, float):
        return value if isfinite(value) else None if isnan(value) else "unbounded"
    if isinstance(value, slice):
        span = cast("slice[Any, Any, Any]", value)
        return ":".join("" if end is None else str(end) for end in (span.start, span.stop))
    if callable(as_list := getattr(value, "tolist", None)):  # NumPy's, which need not be loaded
        return plain(as_list())
    raise TypeError(f"{type(value).__name__} has no form in JSON")
