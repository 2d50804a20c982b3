"""The judge of mutants: one pytest session that collects once and then forks for every mutant.

A first child runs all tests unchanged and tells which lines each of them runs and how long it
takes. Then each mutant has a child of its own, in which the code of one function is exchanged; it
runs the tests that reach the changed line, the shortest first, until one fails. What never ends is
stopped by the processor time that it used, not by the clock.
"""

from __future__ import annotations

import ast
import gc
import os
import pickle
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import _lru_cache_wrapper
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType
from typing import NoReturn

import coverage
import pytest
from _pytest.runner import runtestprotocol

from tests.mutants.operators import Mutant

MEMORY = 3 << 30
"""What a mutant may take beyond what the session has."""
QUICK = 2
"""Tests that take longer than this many seconds (traced) are left out."""
BROKEN = 3
"""The exit status of a child in which the judge failed, not a test."""
SURVIVED, ENDLESS, UNREACHED = "", "no end", "no test runs it"


@dataclass
class Judge:
    """A pytest plugin: ``verdicts`` gives for each key the test that killed it, or why none did."""

    mutants: Sequence[Mutant]
    modules: Sequence[str] = ()
    """Where the mutants are; all are imported beforehand, none by a test that needs it."""
    killers: Mapping[str, str] = field(default_factory=dict[str, str])
    processes: int = 2
    patience: float = 3
    """Seconds of processor time that every test may take, besides six times its own."""
    verdicts: dict[str, str] = field(default_factory=dict[str, str])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Instead of running the tests once: once per mutant."""
        if session.testsfailed:
            raise session.Interrupted("the tests could not be collected")
        from hypothesis import Phase, settings  # not before pytest has rewritten it

        once = settings(
            database=None, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate]
        )
        settings.register_profile("mutants", once)
        settings.load_profile("mutants")
        for module in self.modules:
            import_module(module)
        forget()
        tests = {item.nodeid: item for item in session.items}
        files = {str(mutant.file) for mutant in self.mutants}
        lines, seconds = unchanged(session.items, files, self.processes)
        quick = {name for name, took in seconds.items() if took < QUICK}
        say(f"{len(tests)} tests, {sum(seconds.values()):.0f} s; {len(quick)} of them are quick\n")
        running: dict[int, Mutant] = {}
        living = functions_of(files)
        began = time.monotonic()
        gc.collect()
        gc.freeze()  # what is collected in a child copies the pages that it shares
        for number, mutant in enumerate(self.mutants, 1):
            reach = lines.get(str(mutant.file), {})
            names = {test for line in mutant.lines for test in reach.get(line, ())} & quick
            if not names:
                self.verdicts[mutant.key] = UNREACHED
                continue
            first = self.killers.get(mutant.key)
            while len(running) >= self.processes:
                self.wait(running)
            kills = Counter(self.verdicts.values())
            order = sorted(names, key=lambda n: (n != first, seconds[n] / (1 + kills[n]), n))
            pid = os.fork()
            if pid == 0:
                child(mutant, living, [(tests[n], self.patience + 6 * seconds[n]) for n in order])
            running[pid] = mutant
            if number % 50 == 0:
                say(f"  {number} of {len(self.mutants)}, {time.monotonic() - began:.0f} s\n")
        while running:
            self.wait(running)
        return True

    def wait(self, running: dict[int, Mutant]) -> None:
        """The verdict of the next child that ends."""
        pid, status = os.wait()
        mutant = running.pop(pid)
        note = Path(tempfile.gettempdir(), f"rfield-mutant-{pid}")
        code = os.waitstatus_to_exitcode(status)
        if code == BROKEN:
            raise pytest.UsageError(f"not judged: {mutant.key}")
        if code == 0:
            self.verdicts[mutant.key] = SURVIVED
            say(f"  alive: {mutant.key}\n")
        else:
            self.verdicts[mutant.key] = note.read_text("utf-8") if note.exists() else ENDLESS
        note.unlink(missing_ok=True)


def say(text: str) -> None:
    sys.__stdout__.write(text)  # type: ignore[union-attr]  # pytest runs with -s
    sys.__stdout__.flush()  # type: ignore[union-attr]


Place = tuple[str, str, int]
"""A function: its file, its name and its first line."""
Lines = dict[str, dict[int, set[str]]]


def unchanged(
    items: Sequence[pytest.Item], files: set[str], processes: int
) -> tuple[Lines, dict[str, float]]:
    """For each file and line the tests that run it, and the seconds of each test.

    Found in forked processes, which leave this one as it is.
    """
    lines: Lines = {file: defaultdict(set) for file in files}
    seconds: dict[str, float] = {}
    running: list[tuple[int, Path]] = []
    with tempfile.TemporaryDirectory() as folder:
        for share in range(processes):
            answer = Path(folder, str(share))
            pid = os.fork()
            if pid == 0:
                status = 1
                try:
                    answer.write_bytes(pickle.dumps(traced(items[share::processes], files)))
                    status = 0
                finally:
                    os._exit(status)
            running.append((pid, answer))
        for pid, answer in running:
            if os.waitpid(pid, 0)[1]:
                raise pytest.UsageError("the unchanged code does not pass its tests")
            found, took = pickle.loads(answer.read_bytes())  # noqa: S301  # our own child wrote it
            seconds |= took
            for file, by_line in found.items():
                for line, names in by_line.items():
                    lines[file][line].update(names)
    return lines, seconds


def traced(
    items: Sequence[pytest.Item], files: set[str]
) -> tuple[dict[str, dict[int, list[str]]], dict[str, float]]:
    """The same for a share of the tests."""
    tracer = coverage.Coverage(data_file=None, config_file=False, include=sorted(files))
    seconds: dict[str, float] = {}
    tracer.start()
    for item in items:
        forget()
        tracer.switch_context(item.nodeid)
        began = time.process_time()
        failed = fails(item)
        seconds[item.nodeid] = time.process_time() - began
        if failed:
            say(f"{item.nodeid} fails without a mutant\n{failed}\n")
            raise SystemExit(1)
    tracer.stop()
    data = tracer.get_data()
    return {file: dict(data.contexts_by_lineno(file)) for file in files}, seconds


def fails(item: pytest.Item) -> str:
    """The failure of a test, or an empty text."""
    reports = runtestprotocol(item, log=False, nextitem=None)
    return next((str(report.longrepr) for report in reports if report.failed), "")


def child(
    mutant: Mutant,
    living: Mapping[Place, Sequence[FunctionType]],
    items: Sequence[tuple[pytest.Item, float]],
) -> NoReturn:
    """The whole life of a forked process."""
    status = BROKEN
    try:
        exchange(mutant, living)
        status = tried(items)
    except Exception:  # noqa: BLE001  # nothing may leave the child
        say(traceback.format_exc())
    finally:
        os._exit(status)


def tried(items: Sequence[tuple[pytest.Item, float]]) -> int:
    """In a child: 1 if a test notices the mutant, whose name is left in a file."""
    pages = int(Path("/proc/self/statm").read_text("utf-8").split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    for item, most_seconds in items:
        # The default action of the signal ends the process, in whatever loop it is.
        signal.setitimer(signal.ITIMER_VIRTUAL, most_seconds)
        try:
            failed = fails(item)
        except BaseException as error:  # noqa: BLE001  # whatever a mutant does is a verdict
            failed = repr(error)
        if failed:
            note = Path(tempfile.gettempdir(), f"rfield-mutant-{os.getpid()}")
            note.write_text(item.nodeid, "utf-8")
            return 1
    return 0


def functions_of(files: set[str]) -> dict[Place, list[FunctionType]]:
    """All living functions that were made of these files, wherever they were imported to."""
    found: defaultdict[Place, list[FunctionType]] = defaultdict(list)
    for one in gc.get_objects():
        if type(one) is FunctionType and one.__code__.co_filename in files:
            code = one.__code__
            found[code.co_filename, code.co_name, code.co_firstlineno].append(one)
    return found


def exchange(mutant: Mutant, living: Mapping[Place, Sequence[FunctionType]]) -> None:
    """Give the living function the code of the mutant."""
    mutant.change()
    made = compile(ast.fix_missing_locations(mutant.tree), str(mutant.file), "exec")
    codes = {(code.co_name, code.co_firstlineno): code for code in inner(made)}
    found = living.get((str(mutant.file), *mutant.function), ())
    if not found:
        raise LookupError(f"{mutant.key}: there is no such function")
    for function in found:
        function.__code__ = codes[mutant.function]


def inner(code: CodeType) -> Iterable[CodeType]:
    """All code objects of a module."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from inner(constant)


def forget() -> None:
    """Empty every cache of rfield: what a test finds there it would not run."""
    for name, module in list(sys.modules.items()):
        if name.startswith("rfield"):
            for one in vars(module).values():
                if isinstance(one, _lru_cache_wrapper):
                    one.cache_clear()
