"""A bar on standard error for what takes longer than a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

Report = Callable[[int, "int | None"], None]

PATIENCE = 1.0
"""Seconds without a bar."""


@contextmanager
def shown(
    progress: bool | Callable[[int, int], None] | Report, what: str
) -> Generator[Report | None, None, None]:
    """Whom to tell (how many are done, how many there are, or None where nobody knows).

    ``progress``: a function, which is told itself; True for a bar once ``PATIENCE`` is over.
    """
    if progress is not True:
        yield progress or None  # type: ignore[misc]  # who gives such a function knows the number
        return
    bar = _Bar(what)
    try:
        yield bar
    finally:
        bar.close()


class _Bar:
    """A bar that is not there for what is soon done."""

    def __init__(self, what: str) -> None:
        self.what, self.began = what, time.monotonic()
        self.bar: Progress | None = None

    def __call__(self, done: int, total: int | None) -> None:
        if self.bar is None and time.monotonic() - self.began >= PATIENCE:
            self.bar = _started(self.what)
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], completed=done, total=total)

    def close(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.stop()


def _started(what: str) -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    bar = Progress(*columns, TimeRemainingColumn(), console=console, transient=True)
    bar.add_task(what, total=None)
    bar.start()
    return bar
