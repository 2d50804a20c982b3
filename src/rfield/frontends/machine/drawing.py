"""Random numbers of Python and NumPy: a framework does not tell where a model draws them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

DRAWN_FROM = {
    "Python": "the state of Python's random numbers",
    "NumPy": "the state of NumPy's random numbers",
}
"""What a model that draws from a generator keeps from call to call."""


@contextmanager
def put_back() -> Iterator[list[str]]:
    """Leave the generators of Python and NumPy as they were; then the list says which had moved."""
    found: list[str] = []
    python, numpy = random.getstate(), np.random.get_state()
    try:
        yield found
    finally:
        found += wind_back(random.getstate, random.setstate, python, "Python")
        found += wind_back(np.random.get_state, np.random.set_state, numpy, "NumPy")


def wind_back(
    state: Callable[[], Any], write: Callable[[Any], object], was: Any, of: str
) -> tuple[str, ...]:
    """Put one generator back; where it had moved, what is said of that."""
    if _equal(state(), was):
        return ()
    write(was)
    return (DRAWN_FROM[of],)


def is_drawn_from(name: str) -> bool:
    """Whether what a model keeps from call to call is the state of a generator."""
    return name in DRAWN_FROM.values()


def _equal(one: Any, other: Any) -> bool:
    """Whether two states of a generator are the same; NumPy's hold arrays."""
    if isinstance(one, dict):
        return all(_equal(value, other[key]) for key, value in one.items())
    if isinstance(one, tuple):
        return all(map(_equal, one, other))
    if isinstance(one, np.ndarray):
        return one.tobytes() == other.tobytes()
    return bool(one == other)
