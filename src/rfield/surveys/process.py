"""A worker process, seen from outside: asked for one model at a time, and ended when it fails.

The process is one of its own, not a fork: no lock or thread of the parent is in it, and it may
itself have been started by a process of Dask, which allows no children of ``multiprocessing``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from selectors import EVENT_READ, DefaultSelector
from tempfile import TemporaryFile
from typing import Any, NamedTuple, cast

from ..errors import RFieldError
from .measuring import identity

LOOK = 0.1
"""Seconds between two looks at time and memory of a worker."""
PROGRAM = "import sys; sys.path[:] = {path!r}; from rfield.surveys.worker import main; main()"
MEGABYTE = 2**20


class Limits(NamedTuple):
    """What one model may take: seconds, and megabytes of its worker process."""

    seconds: float = 300.0
    megabytes: int = 4096


class Task(NamedTuple):
    """A model to be measured, and how."""

    spec: str
    at: str
    sizes: bool = False


class Child:
    """A worker process. It is started when it is first asked, and again after it was ended."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._process: subprocess.Popen[str] | None = None
        self._errors: Any = None
        self._told_before = 0
        self._number = 0
        self._is_given_up = False

    def measure(self, task: Task) -> dict[str, Any]:
        """The row of a model and its growth; a row with the reason where the process ended."""
        start = time.perf_counter()
        reply = self._ask({"spec": task.spec, "at": task.at, "sizes": task.sizes})
        if "row" not in reply:
            spent = {"read_seconds": round(time.perf_counter() - start, 3)}
            return {"row": {**identity(task.spec, task.at), **reply, **spent}, "growth": []}
        return reply

    def specs_of(self, zoo: str) -> list[str]:
        """The models of a zoo, whose package is not imported here.

        Raises:
            RFieldError: there is no such zoo, or it cannot be had.
        """
        reply = self._ask({"zoo": zoo})
        if "specs" not in reply:
            raise RFieldError(str(reply["error"]))
        return cast("list[str]", reply["specs"])

    def give_up(self) -> None:
        """End the process from another thread; the one that waits for it sees it end."""
        self._is_given_up = True
        process = self._process
        if process is not None:
            _kill(process)

    def end(self) -> None:
        """End the process, if there is one."""
        if self._process is None:
            return
        process, self._process = self._process, None
        with process:
            _kill(process)
        self._errors.close()

    def _ask(self, request: Mapping[str, object]) -> dict[str, Any]:
        self._number += 1
        line = json.dumps({**request, "number": self._number}) + "\n"
        try:
            process = self._sent(line)
        except OSError:  # it ended since it was asked last: by whom, nobody can say
            self.end()
            process = self._sent(line)
        failure = self._waited(process)
        if failure is not None:
            self.end()
            return failure
        assert process.stdout is not None
        line = process.stdout.readline()
        if line.endswith("\n"):
            reply = _reply(line)
            if reply.get("number") == self._number:
                return reply
            self.end()
            return {"state": "crashed", "error": "its process gave another reply than was asked"}
        return self._crashed(process)

    def _sent(self, line: str) -> subprocess.Popen[str]:
        process = self._started()
        self._told_before = os.fstat(self._errors.fileno()).st_size
        assert process.stdin is not None
        process.stdin.write(line)
        process.stdin.flush()
        return process

    def _crashed(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        told = _told(process.wait(), self._last_words())
        self.end()
        return {"state": "crashed", "error": told}

    def _waited(self, process: subprocess.Popen[str]) -> dict[str, Any] | None:
        """Wait for a reply or the end of the process; what is over its limit."""
        until = time.monotonic() + self.limits.seconds
        with DefaultSelector() as waiting:
            assert process.stdout is not None
            waiting.register(process.stdout, EVENT_READ)
            while not waiting.select(LOOK):
                # what it started may live on, and keep its output open
                if process.poll() is not None and not waiting.select(0):
                    return self._crashed(process)
                if time.monotonic() > until:
                    return {
                        "state": "time",
                        "error": f"not done after {self.limits.seconds:g} seconds",
                    }
                held = resident(process.pid) // MEGABYTE
                if held > self.limits.megabytes:
                    return {
                        "state": "memory",
                        "error": f"took more than {self.limits.megabytes:,} MB",
                        "peak_megabytes": held,
                    }
        return None

    def _started(self) -> subprocess.Popen[str]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.end()
        self._errors = TemporaryFile()  # noqa: SIM115  # closed in end
        program = PROGRAM.format(path=sys.path)
        one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._errors, text=True, encoding="utf-8", errors="replace",
            start_new_session=True,
            env={"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ, **one},
        )  # fmt: skip
        if self._is_given_up:
            _kill(self._process)
        return self._process

    def _last_words(self) -> str:
        """The last line that the process wrote on its standard error since it was asked."""
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(self._told_before, size - 4096))
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip()[:300] if lines else ""


def _reply(line: str) -> dict[str, Any]:
    """What a line says; nothing where it is no JSON object: a model may write there too."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def resident(pid: int) -> int:
    """Bytes of memory that a process holds; 0 where the system does not say."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:  # noqa: PTH123  # ten a second
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except FileNotFoundError:  # it has ended, or the system has no /proc
        return _resident_by_ps(pid)


def _resident_by_ps(pid: int) -> int:
    try:
        asked = ["ps", "-o", "rss=", "-p", str(pid)]
        found = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
        return int(found or 0) * 1024
    except (OSError, ValueError):
        return 0


def _told(status: int, words: str) -> str:
    """How a process ended, and what it said last."""
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        how = f"its process was ended by {name}"
    else:
        how = f"its process ended with status {status}"
    return f"{how}: {words}" if words else how


def _kill(process: subprocess.Popen[str]) -> None:
    """End a process and what it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (OSError, AttributeError):
        process.kill()
