"""How far a survey is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TextIO

from .running import Progress

EVERY = 30.0
"""Seconds between two lines where there is no terminal."""


@contextmanager
def told(stream: TextIO) -> Generator[Progress, None, None]:
    """Whom to tell after each model; the rate and the remaining time are shown."""
    if not stream.isatty():
        yield _Lines(stream)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import (
        Progress as Bar,
    )

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
               TimeRemainingColumn(), TextColumn("{task.description}"))  # fmt: skip
    with Bar(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task("", total=None, rate="")
        start = time.monotonic()

        def show(done: int, total: int, spec: str) -> None:
            rate = f"{done / max(time.monotonic() - start, 1e-9):.1f}/s"
            bar.update(task, completed=done, total=total, rate=rate, description=spec[:40])

        yield show


class _Lines:
    """A line every half minute."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.start = self.last = time.monotonic()

    def __call__(self, done: int, total: int, spec: str) -> None:
        """Say how far it is, if it is time."""
        now = time.monotonic()
        if now - self.last >= EVERY:
            self.last = now
            rate = done / (now - self.start)
            left = (total - done) / rate / 60
            self.stream.write(
                f"{done:,} of {total:,} models, {rate:.1f} a second, {left:.0f} min left; {spec}\n"
            )
            self.stream.flush()
