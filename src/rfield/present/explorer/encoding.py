"""Long tables as short JSON: what repeats with a step is written once.

A sequence of integers is a list of segments ``[count, step, v0, v1 … vp-1]``: ``count`` numbers of
which number ``i`` is ``v[i % p] + step * (i // p)``. A steady field is one segment, one that is
clipped at both borders a few; what follows no pattern is listed.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Segment = list[int]

LISTED = 24
"""Numbers that are listed at a time where no pattern is found."""


def segments(values: NDArray[np.int64], periods: Iterable[int] = (1,)) -> list[Segment]:
    """A sequence as segments; ``periods`` are tried for a pattern.

    >>> segments(np.clip(np.arange(112) * 2 - 3, 0, None))
    [[2, 0, 0, 0], [110, 2, 1]]
    """
    flat = values.reshape(-1)
    runs = {p: _runs(flat, p) for p in sorted({1, *periods}) if p < max(2, len(flat))}
    found: list[Segment] = []
    at = 0
    while at < len(flat):
        period, end = max(
            ((p, int(stops[at]) if at < len(stops) else at) for p, stops in runs.items()),
            key=lambda one: (one[1] - at) / (one[0] + 2),
            default=(1, at),
        )
        if end - at < period + 2 or end - at < 2:
            period, end = 0, _until_pattern(runs, at, len(flat))
            found.append([end - at, 0, *flat[at:end].tolist()])
        else:
            step = int(flat[at + period] - flat[at])
            found.append([end - at, step, *flat[at : at + period].tolist()])
        at = end
    return found


def _runs(flat: NDArray[np.int64], period: int) -> NDArray[np.int64]:
    """For each place, where the pattern of this period that begins there ends."""
    steps = flat[period:] - flat[:-period] if len(flat) > period else flat[:0]
    if not len(steps):
        return np.zeros(0, dtype=np.int64)
    breaks = np.flatnonzero(steps[1:] != steps[:-1]) + 1
    ends = np.append(breaks, len(steps))
    return ends[np.searchsorted(breaks, np.arange(len(steps)), side="right")] + period


def _until_pattern(runs: dict[int, NDArray[np.int64]], at: int, stop: int) -> int:
    """How far numbers are listed: up to where a pattern begins that is worth it."""
    for end in range(at + 1, min(stop, at + LISTED)):
        if any(end < len(s) and int(s[end]) - end >= 2 * p + 4 for p, s in runs.items()):
            return end
    return min(stop, at + LISTED)


def bits(mask: NDArray[np.bool_]) -> str:
    """Marks in base64, eight to a byte, the first in the highest bit, in row-major order."""
    return b64encode(np.packbits(mask).tobytes()).decode("ascii")


def shades(weight: NDArray[np.float64]) -> str:
    """Weights in base64, a byte each: the square root of their share of the largest, times 255."""
    peak = float(weight.max()) if weight.size else 0.0
    scaled = np.sqrt(weight / peak) if peak else weight
    return b64encode(np.round(scaled * 255).astype(np.uint8).tobytes()).decode("ascii")
