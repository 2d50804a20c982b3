"""Answers that are kept for those who ask the same again, up to so many and so many bytes."""

from __future__ import annotations

from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

from .limits import KEPT_BYTES, KEPT_OPS

Answer = TypeVar("Answer")


class Kept(Generic[Answer]):
    """What was worked out, by all that it depends on; what was asked for last is let go last.

    An ``lru_cache`` counts answers only, and some of these hold arrays.

    >>> kept = Kept[str]()
    >>> kept.keep("one", "1"), kept.get("one"), kept.get("two")
    ('1', '1', None)
    """

    def __init__(self) -> None:
        self._held: dict[Hashable, tuple[Answer, int]] = {}
        self._bytes = 0
        self._lock = Lock()

    def get(self, asked: Hashable) -> Answer | None:
        """What was answered; None if it was not."""
        with self._lock:
            found = self._held.pop(asked, None)
            if found is None:
                return None
            self._held[asked] = found  # now the last one
            return found[0]

    def keep(self, asked: Hashable, answer: Answer, size: int = 0) -> Answer:
        """The answer, or the one that was given before; ``size``: bytes of the arrays of both."""
        known = self.get(asked)
        if known is not None or size > KEPT_BYTES // 16:
            return answer if known is None else known
        with self._lock:
            self._bytes += size - self._held.pop(asked, (answer, 0))[1]
            self._held[asked] = answer, size
            while self._bytes > KEPT_BYTES or len(self._held) > KEPT_OPS:
                self._bytes -= self._held.pop(next(iter(self._held)))[1]
        return answer

    def clear(self) -> None:
        """Let everything go."""
        with self._lock:
            self._held.clear()
            self._bytes = 0
