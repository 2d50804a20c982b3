"""Random numbers of Python and NumPy: a framework does not tell where a model draws them.

Whether they matter is seen in later calls, one of which draws the least numbers and one the most.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

OWN = "the state of random numbers of its own"
"""What a model keeps from call to call that holds a generator."""

EXTREMES = 0x102244C9, 0x12DD9BB3
"""Words of the state of a Mersenne Twister that come out as 1 and as 2³² - 1."""

_WORDS = 624


@contextmanager
def put_back() -> Iterator[list[str]]:
    """Leave the generators of Python and NumPy as they were; then the list says which had moved."""
    found: list[str] = []
    python, numpy = random.getstate(), np.random.get_state()
    try:
        yield found
    finally:
        for whose, state, write, was in (
            ("Python", random.getstate, random.setstate, python),
            ("NumPy", np.random.get_state, np.random.set_state, numpy),
        ):
            found += wind_back(state, write, was, f"the state of {whose}'s random numbers")


def wind_back(
    state: Callable[[], Any], write: Callable[[Any], object], was: Any, name: str = OWN
) -> tuple[str, ...]:
    """Put one generator back; its name, where it had moved."""
    if _equal(state(), was):
        return ()
    write(was)
    return (name,)


def draw_extremes(word: int) -> None:
    """Let what is drawn next be the least numbers, or the most; ``word``: of ``EXTREMES``."""
    random.setstate((3, (word,) * _WORDS + (0,), None))
    np.random.set_state(("MT19937", np.full(_WORDS, word, np.uint32), 0, 0, 0.0))


def _equal(one: Any, other: Any) -> bool:
    """Whether two states of a generator are the same; NumPy's hold arrays."""
    if isinstance(one, dict):
        return all(_equal(value, other[key]) for key, value in one.items())
    if isinstance(one, tuple):
        return all(map(_equal, one, other))
    if isinstance(one, np.ndarray):
        return one.tobytes() == other.tobytes()
    return bool(one == other)
