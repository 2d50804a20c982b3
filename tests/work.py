"""How much work something is, in calls of functions: the same on a fast and on a busy machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TooMuchWorkError(AssertionError):
    """More calls were made than were allowed; what was asked is stopped there."""


@contextmanager
def at_most(calls: int) -> Iterator[None]:
    """Fail, and stop what runs, at more than so many calls of Python functions.

    Counted in this thread. What one call does is not seen: a loop without calls, or native code.
    """
    made = 0

    def count(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal made
        made += event == "call"
        if made > calls:
            sys.setprofile(None)
            raise TooMuchWorkError(f"more than {calls:,} calls")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)
    if made > calls:  # somebody caught the error
        raise TooMuchWorkError(f"more than {calls:,} calls")
