"""``rfield.survey``: which models are missing, who measures them, and what came of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any, ClassVar

from ..analysis.answer import Answer
from ..errors import InvalidModelError
from ..present.report import Report
from . import pool, zoos
from . import store as stores
from .columns import MEASURED, flat
from .measuring import NATIVE, code, origin
from .process import Limits, Task
from .report import NOTHING_DONE, Effort, survey_report

Progress = Callable[[int, int, str], None]
"""Told after each model: how many are done, of how many, and which one was the last."""


@dataclass(frozen=True, eq=False, repr=False)
class Survey(Answer):
    """The rows of the models that were asked for, and what was done to get them.

    ``rows``: mappings of the names in ``surveys.columns.COLUMNS``. ``effort``: how many of them
    were measured now (the others were in the store), and how long that took.
    """

    schema: ClassVar[str] = "rfield.survey/1"

    path: str
    rows: tuple[dict[str, Any], ...]
    effort: Effort = NOTHING_DONE

    @property
    def unread(self) -> tuple[dict[str, Any], ...]:
        """The rows of models that could not be read; ``error`` has the reason."""
        return tuple(row for row in self.rows if row["state"] != "read")

    def _facts(self) -> dict[str, Any]:
        """Without the times and memories, which differ from run to run."""
        kept = [{n: v for n, v in row.items() if n not in MEASURED} for row in flat(self.rows)]
        return {"models": len(kept), "unread": len(self.unread), "rows": kept}

    def __hash__(self) -> int:
        return hash(tuple(row["spec"] for row in self.rows))

    def flat(self) -> list[dict[str, object]]:
        """The rows with one value per column: ``size_y`` and ``size_x``."""
        return list(flat(self.rows))

    @property
    def report(self) -> Report:
        """The report that every form is written from."""
        return survey_report(self.path, self.rows, self.effort)

    def _told(self) -> str:
        count = len(self.rows)
        return f"{count:,} models, {count - len(self.unread):,} read, in {self.path}"


@dataclass(frozen=True)
class Plan:
    """Which models are surveyed at which sizes, by whom, into which store."""

    specs: tuple[str, ...]
    path: Path
    at: tuple[str, ...] = (NATIVE,)
    workers: int = 0
    dask: str | None = None
    limits: Limits = field(default_factory=Limits)
    sizes: bool = False
    again: bool = False

    def run(self, progress: Progress | None = None) -> Survey:
        """Measure what is missing, and give all rows that were asked for."""
        wanted = list(product(self.specs, self.at))
        with stores.writing(self.path) as rows:
            current = {spec: (code(), origin(spec)) for spec in self.specs}
            todo = stores.missing(rows, wanted, current, sizes=self.sizes, again=self.again)
            start = time.monotonic()
            for done, reply in enumerate(self._replies(todo), 1):
                rows.put(reply, sizes=self.sizes)
                if progress is not None:
                    progress(done, len(todo), str(reply["row"]["spec"]))
            spent = time.monotonic() - start
        effort = Effort(len(todo), spent, self.processes)
        return replace(exported(self.path, wanted), effort=effort)

    @property
    def processes(self) -> int:
        """How many processes measure."""
        return self.workers or os.cpu_count() or 1

    def _replies(self, todo: list[tuple[str, str]]) -> Iterable[dict[str, Any]]:
        tasks = [Task(spec, at, self.sizes) for spec, at in todo]
        if not tasks:
            return ()
        if self.dask is not None:
            return pool.measured_by_dask(tasks, self.dask, self.processes, self.limits)
        return pool.measured_here(tasks, min(self.processes, len(tasks)), self.limits)


def exported(path: Path, wanted: Iterable[tuple[str, str]] | None = None) -> Survey:
    """What a store holds, or of it the models that are wanted, in the order of specs."""
    with stores.reading(path) as rows:
        found = rows.rows()
    keys = None if wanted is None else set(wanted)
    kept = (row for row in found if keys is None or (row["spec"], row["at"]) in keys)
    return Survey(str(path), tuple(kept))


def survey(
    specs: str | Iterable[str] = (),
    store: str | os.PathLike[str] = "survey.db",
    *,
    zoo: str | Iterable[str] = (),
    filter: str | None = None,  # noqa: A002  # the name of the option
    size: str | int | Iterable[str | int] = NATIVE,
    workers: int | None = None,
    dask: str | None = None,
    time_limit: float = 300.0,
    memory_limit: int = 4096,
    even_sizes: bool = False,
    retry: bool = False,
    progress: Progress | None = None,
) -> Survey:
    """Measure many models into one store: a row for each, and only those that are not there yet.

    Every model is read in a worker process of its own kind: one that crashes, hangs or takes too
    much memory becomes a row with its reason. The store is an SQLite file in which every row is a
    transaction: whatever ends a survey, the next one goes on from there.

    Args:
        specs: models as ``load`` takes them by name: ``"torchvision:resnet18"``, a file, ….
        store: the file of the rows. Without ``specs`` and ``zoo`` nothing is run, and the answer is
            what it holds.
        zoo: zoos of which every model is taken: ``"article"``, ``"torchvision"``, ``"timm"``,
            ``"keras"``, ``"smp"``, ``"monai"``, ``"transformers"``, or one that a package offers.
        filter: of all these only the specs that match: ``"timm:convnext*"``.
        size: ``"native"``, the size that the zoo states; or a number, for all axes of the input.
        workers: processes at a time; default: one for each core.
        dask: the address of a scheduler of Dask whose workers measure instead, or ``"local"``.
        time_limit: seconds for one model.
        memory_limit: megabytes for all worker processes of this machine together: each has its
            share, and a model that needs more is measured alone; with Dask, for each of them.
        even_sizes: also find out which input sizes are even and aligned; this reads each model at
            every size of one step, and takes about fifty times as long.
        retry: measure again what could not be read.
        progress: told after each model: how many are done, of how many, and the last one's spec.

    Returns:
        The rows of the models that were asked for.

    Raises:
        UnknownNameError: an unknown zoo, or a filter that no model matches.
        UnreadableModelError: the package of a zoo is not installed.
        StoreError: the store cannot be written, is none, or is being written.
        SurveyError: no scheduler answers, or its workers run other code.

    >>> import rfield, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = rfield.survey(["article:vgg_16"], f"{folder}/survey.db", workers=1)
    >>> found.flat()[0]["size_y"], found.flat()[0]["stage_strides"]
    (212, '1 2 4 8 16 32')
    """
    path = Path(store)
    zoo_names = [zoo] if isinstance(zoo, str) else list(zoo)
    given = [specs] if isinstance(specs, str) else list(specs)
    if not given and not zoo_names:
        return exported(path)
    at = tuple(map(_size, [size] if isinstance(size, str | int) else list(size)))
    for name in zoo_names:
        zoos.check_zoo(name)
    given += pool.specs_of(zoo_names)
    chosen = tuple(zoos.matching(given, filter))
    limits = Limits(time_limit, memory_limit)
    plan = Plan(chosen, path, at, workers or 0, dask, limits, even_sizes, retry)
    return plan.run(progress)


def _size(given: str | int) -> str:
    text = str(given)
    if text != NATIVE and not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise InvalidModelError(f"size = {given!r}; expected 'native' or a number such as 224")
    return text
