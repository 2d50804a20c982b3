"""Code that runs while it is told numbers that are watched, and functions that take no other."""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import torch

from .asked import Number, Sizes

_OWN = ("rfield.", "torch.")
"""Packages in which ``type`` is asked of other things than sizes."""


@contextmanager
def tells_types() -> Iterator[list[CodeType]]:
    """The code that runs meanwhile and may tell a ``Number`` from a number.

    It may ask for the exact type, or catch the error of a function that takes no other.
    """
    found: list[CodeType] = []
    seen: set[CodeType] = set()

    def look(frame: FrameType, event: str, called: Any) -> None:
        code = frame.f_code
        if event == "call":
            if code in seen:
                return
            seen.add(code)
            tells = _asks_types(code)
        else:
            tells = event == "c_exception" and called not in _FAILING
        if tells and not _is_own(frame.f_globals.get("__name__", "")):
            found.append(code)

    before = sys.getprofile()
    if before is not None:
        found.append(look.__code__)  # there is one profiler at a time
        yield found
        return
    sys.setprofile(look)
    try:
        yield found
    finally:
        sys.setprofile(None)


@contextmanager
def taking_numbers() -> Iterator[None]:
    """Functions of torch that look at a ``Number`` before anybody is told of the call take it."""
    kept = {name: getattr(torch, name) for name in _LOOKING}
    for name, function in kept.items():
        setattr(torch, name, _taking(function))
    try:
        yield
    finally:
        for name, function in kept.items():
            setattr(torch, name, function)


def _taking(function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*args: Any, **kwargs: Any) -> Any:
        number = next(_numbers((*args, *kwargs.values())), None)
        call = None if number is None else number.trail.call  # none in what other threads call
        return call(function, args, kwargs) if call else function(*args, **kwargs)

    return called


def _numbers(items: Iterable[Any]) -> Iterator[Number]:
    for item in items:
        if type(item) is Number:
            yield item
        elif type(item) in (tuple, list, Sizes):
            yield from _numbers(tuple.__iter__(item) if type(item) is Sizes else item)


_LOOKING = ("arange", "full", "linspace", "zeros", "ones", "empty")
"""Some ask for an exact type, some for the first number of a shape."""

_FAILING = (getattr, next)
"""Functions of which failing is an answer."""


def _is_own(module: str) -> bool:
    return f"{module}.".startswith(_OWN) or module.partition(".")[0] in sys.stdlib_module_names


def _asks_types(code: CodeType) -> bool:
    """Whether code has the builtin ``type``, and not only an attribute of that name."""
    if "type" not in code.co_names:
        return False
    names = (
        one for one in dis.get_instructions(code) if one.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    )
    return "builtins" in code.co_names or any(one.argval == "type" for one in names)
