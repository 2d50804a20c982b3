"""A bar on standard error for what takes a while."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

Report = Callable[[int, "int | None"], None]


@contextmanager
def shown(
    progress: bool | Callable[[int, int], None] | Report, what: str
) -> Generator[Report | None, None, None]:
    """Whom to tell (how many are done, how many there are, or None where nobody knows).

    ``progress``: a function, which is told itself; True for a bar.
    """
    if progress is not True:
        yield progress or None  # type: ignore[misc]  # who gives such a function knows the number
        return
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
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
