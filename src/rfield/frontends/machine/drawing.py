"""Random numbers of Python and NumPy: a framework does not tell where a model draws them.

A model may draw some that it uses in training alone: it runs with numbers that cannot be read.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np

OWN = "the state of random numbers of its own"
"""What a model keeps from call to call that holds a generator."""

_FUNCTIONS = (
    (random, ("random", "uniform")),
    (np.random, ("rand", "random", "random_sample", "uniform")),
)
"""Functions from which a model may draw what it does not use."""


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


class Unread:
    """What was drawn, in the place of a number: whoever looks at it fails."""

    __slots__ = ()

    def _fail(self, *_: object) -> NoReturn:
        raise TypeError("a random number is used")

    __bool__ = __eq__ = __hash__ = __repr__ = __str__ = __format__ = _fail  # type: ignore[assignment]  # fails, whatever it is asked


@contextmanager
def unread() -> Iterator[None]:
    """Draw nothing that can be read, from the functions that are known."""
    held = [(of, name, getattr(of, name)) for of, names in _FUNCTIONS for name in names]

    def drawn(*_: object, **__: object) -> Unread:
        return Unread()

    try:
        for of, name, _ in held:
            setattr(of, name, drawn)
        yield
    finally:
        for of, name, own in held:
            setattr(of, name, own)


def are_random(kept: str) -> bool:
    """Whether what a model keeps from call to call is the state of a generator."""
    return "random numbers" in kept


def _equal(one: Any, other: Any) -> bool:
    """Whether two states of a generator are the same; NumPy's hold arrays."""
    if isinstance(one, dict):
        return all(_equal(value, other[key]) for key, value in one.items())
    if isinstance(one, tuple):
        return all(map(_equal, one, other))
    if isinstance(one, np.ndarray):
        return one.tobytes() == other.tobytes()
    return bool(one == other)
