"""Who measures: a pool of worker processes here, or the workers of a Dask cluster."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from importlib import import_module
from queue import SimpleQueue
from typing import Any

from ..errors import SurveyError
from .measuring import code, identity
from .process import Child, Limits, Task

LOCAL = "local"
PATIENCE = 10
"""Seconds in which a scheduler has to answer."""
SMALLEST = 1024
"""Megabytes that a worker has at least: a framework alone takes most of that."""
AHEAD = 8
"""Tasks for each Dask worker that are handed in before they are needed."""


def measured_here(
    tasks: Sequence[Task], workers: int, limits: Limits
) -> Generator[dict[str, Any], None, None]:
    """The replies to all tasks as they come, from ``workers`` processes of this machine.

    Together they keep to the limit of memory: each has its share, and what needs more is measured
    again at the end, alone.
    """
    large: list[Task] = []
    share = limits._replace(megabytes=max(limits.megabytes // workers, SMALLEST))
    for task, reply in _at_once(tasks, workers, share):
        if workers > 1 and reply["row"]["state"] == "memory":
            large.append(task)
        else:
            yield reply
    for _, reply in _at_once(large, 1, limits):
        yield reply


def _at_once(
    tasks: Sequence[Task], workers: int, limits: Limits
) -> Generator[tuple[Task, dict[str, Any]], None, None]:
    idle: SimpleQueue[Child] = SimpleQueue()
    children = [Child(limits) for _ in range(workers)]
    for child in children:
        idle.put(child)
    is_over = threading.Event()

    def measure(task: Task) -> dict[str, Any]:
        child = idle.get()
        try:
            return child.measure(task) if not is_over.is_set() else {}
        finally:
            idle.put(child)

    pool = ThreadPoolExecutor(workers)
    try:
        futures = {pool.submit(measure, task): task for task in tasks}
        for done in as_completed(futures):
            yield futures[done], done.result()
    finally:
        is_over.set()
        for child in children:
            child.give_up()
        pool.shutdown(cancel_futures=True)
        for child in children:
            child.end()


def measured_by_dask(
    tasks: Sequence[Task], address: str, workers: int, limits: Limits
) -> Generator[dict[str, Any], None, None]:
    """The replies to all tasks as they come, from the workers of a cluster.

    A task whose worker is lost is given to another one by the scheduler; a model that costs
    several workers their life becomes a row.

    Raises:
        SurveyError: ``distributed`` is not installed, no scheduler answers at ``address``, or its
            workers run other code than this.
    """
    distributed = _distributed()
    with _client(distributed, address, workers) as client:
        _check_code(client)
        waiting = iter(tasks)
        first = [next(waiting, None) for _ in range(AHEAD * max(1, len(client.nthreads())))]
        futures = {_submit(client, task, limits): task for task in first if task is not None}
        arriving = distributed.as_completed(list(futures))
        for future in arriving:
            task = futures.pop(future)
            try:
                yield future.result()
            except distributed.scheduler.KilledWorker as error:
                told = str(error).partition("\n")[0]
                yield {"row": {**identity(task.spec, task.at), "state": "crashed", "error": told},
                       "growth": []}  # fmt: skip
            except (OSError, distributed.CancelledError) as error:
                raise SurveyError(f"the cluster at {address} was lost: {error}") from None
            following = next(waiting, None)
            if following is not None:
                new = _submit(client, following, limits)
                futures[new] = following
                arriving.add(new)


def _submit(client: Any, task: Task, limits: Limits) -> Any:  # noqa: ANN401  # Dask's
    return client.submit(on_worker, task, limits, pure=False)


def on_worker(task: Task, limits: Limits) -> dict[str, Any]:
    """What a Dask worker does: the same worker process as here, one for each of its threads."""
    child = getattr(_OWN, "child", None)
    if child is None or child.limits != limits:
        if child is not None:
            child.end()
        child = _OWN.child = Child(limits)
    return child.measure(Task(*task))


_OWN = threading.local()


def _distributed() -> Any:  # noqa: ANN401  # an optional package
    try:
        return import_module("distributed")
    except ImportError:
        raise SurveyError(
            "Dask is not installed.\n"
            '  Install it: pip install "dask[distributed]"   (or: pip install "rfield[survey]")'
        ) from None


@contextmanager
def _client(distributed: Any, address: str, workers: int) -> Iterator[Any]:  # noqa: ANN401  # Dask's
    with ExitStack() as open_:
        if address == LOCAL:
            cluster = open_.enter_context(
                distributed.LocalCluster(
                    n_workers=workers, threads_per_worker=1, dashboard_address=None,
                    memory_limit=None,
                )
            )  # fmt: skip
            yield open_.enter_context(distributed.Client(cluster))
            return
        try:
            client = distributed.Client(address, timeout=PATIENCE)
        except (OSError, TimeoutError, ValueError) as error:
            told = str(error).partition("\n")[0]
            raise SurveyError(f"no scheduler of Dask answers at {address}: {told}") from None
        yield open_.enter_context(client)


def _check_code(client: Any) -> None:  # noqa: ANN401  # Dask's
    """All workers run the code that runs here, or rows would not say what made them."""
    try:
        found = client.run(code)
    except ImportError as error:
        raise SurveyError(f"the workers have no rfield with surveys: {error}") from None
    other = sorted(name for name, theirs in found.items() if theirs != code())
    if other:
        raise SurveyError(
            f"{len(other)} of {len(found)} workers run other code of rfield, first {other[0]}.\n"
            "  Install the same release there"
        )


def specs_of(names: Iterable[str]) -> list[str]:
    """The models of zoos, asked of a process that may import their packages."""
    child = Child()
    try:
        return [spec for name in names for spec in child.specs_of(name)]
    finally:
        child.end()
