"""What reading a file does besides reading it: written files, imports, processes, libraries.

``python -m tests.effects.watch FILE …`` reads each file with ``rfield.load`` in this process, asks
for all fields, and prints a line of JSON for each: the outcome, the effects, CPU seconds and
megabytes. One harness serves all kinds of files. Python's audit hooks see what Python code does,
and stop it before it is done; what native code does is seen afterwards: in the folders, in the
libraries and files that are mapped, in the child processes, in the state of random numbers.
``--reader MODULE:FUNCTION`` reads with something else, so that a test can show what is caught.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import resource
import signal
import site
import sys
import sysconfig
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import rfield

SECONDS = 10
MEGABYTES = 1000
LONGEST = 8_000

INSTALLED = tuple({
    os.path.realpath(place)
    for place in (
        *sysconfig.get_paths().values(), *site.getsitepackages(), sys.base_prefix + "/lib",
        str(Path(rfield.__file__).parents[1]), str(Path(__file__).parents[2]),
    )
    if place and os.path.realpath(place).count("/") > 1
})  # fmt: skip
"""Where Python, the frameworks and this project lie: code from there is the user's own."""

LIBRARIES = frozenset({"rfield", "torch", "numpy", "onnx", "google", "keras", "encodings", "sympy"})
"""Packages of which a part may still be imported after a first file has been read."""

FORBIDDEN = (
    "ctypes.", "socket.", "subprocess.", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn",
    "os.spawn", "os.startfile", "os.system", "os.kill", "os.putenv", "os.unsetenv", "os.chdir",
    "os.chmod", "os.chown", "os.link", "os.symlink", "os.mkdir", "os.rename", "os.remove",
    "os.rmdir", "os.truncate", "os.utime", "os.setxattr", "os.removexattr", "shutil.", "tempfile.",
    "pickle.", "sqlite3.", "urllib.", "http.", "ftplib.", "smtplib.", "webbrowser.", "pty.",
    "signal.", "mmap.", "code.__new__", "function.__new__", "cpython.run_", "builtins.breakpoint",
)  # fmt: skip
"""Audit events, by their beginnings, that no reading of a file needs."""


class Effect(BaseException):  # a framework catches every Exception
    """Something that reading a file must not do was about to be done."""


class Slow(BaseException):
    """A file took too long."""


@dataclass
class Report:
    """What came of one file. ``outcome`` begins with ``CRASH`` if it is none of ours."""

    outcome: str = ""
    effects: list[str] = field(default_factory=list)
    seconds: float = 0.0
    megabytes: float = 0.0

    @property
    def faults(self) -> list[str]:
        """What is wrong; empty for a file that was read or refused as it should be."""
        found = list(self.effects)
        if self.outcome.startswith("CRASH"):
            found.append(self.outcome)
        if self.seconds > SECONDS:
            found.append(f"{self.seconds:.1f} s of CPU time")
        if self.megabytes > MEGABYTES:
            found.append(f"{self.megabytes:.0f} MB")
        return found


class Watch:
    """The audit hook of this process; ``over`` switches it on for one file."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.file = Path()
        self.effects: list[str] | None = None
        self._state()  # the first time, it loads what it needs
        sys.addaudithook(self._hook)

    @contextmanager
    def over(self, file: Path, effects: list[str]) -> Iterator[None]:
        """Note in ``effects`` what happens meanwhile; raise where it can be stopped."""
        self.file = file.absolute()
        before = self._state()
        self.effects = effects
        try:
            yield
        finally:
            self.effects = None
            effects += _differences(before, self._state())

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        effects, self.effects = self.effects, None  # what happens in here is not watched
        if effects is None:
            return
        try:
            said = self._judged(event, args)
            if said:
                said += f" in {_place(sys._getframe(1))}"
                effects.append(said)
                raise Effect(said)
        finally:
            self.effects = effects

    def _judged(self, event: str, args: tuple[Any, ...]) -> str | None:
        """What is wrong with an event, or None."""
        match event:
            case "open":
                return self._opened(*args)
            case "import":
                known = args[0].partition(".")[0] in LIBRARIES or _is_importing()
                return None if known else f"import {args[0]}"
            case "exec":
                return self._run(event, args[0].co_filename)
            case "compile":
                return self._run(event, os.fsdecode(args[1] or "?"))
            case "marshal.loads" if _is_importing():
                return None
            case "marshal.loads" | "marshal.load":
                return event
            case _:
                return f"{event} {args!r}"[:200] if event.startswith(FORBIDDEN) else None

    def _run(self, event: str, name: str) -> str | None:
        """Code of what is installed; also text, while a module that was let in is imported."""
        text = name.startswith("<") and _is_importing()
        return None if text or _is_installed(name) else f"{event} {name}"

    def _opened(self, path: Any, mode: str | None, flags: int) -> str | None:
        if isinstance(path, int):
            return None
        name = os.path.realpath(os.fsdecode(path))
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        if writes or set(mode or "") & set("wax+"):
            return f"open {name} for writing"
        own = name in (os.path.realpath(self.file), os.path.realpath(self.file.parent))
        return None if own or self._beside(name) or _is_installed(name) else f"open {name}"

    def _beside(self, name: str) -> bool:
        """A file in the folder of the model, where weights may be kept."""
        return name.startswith(os.path.realpath(self.file.parent) + os.sep)

    def _state(self) -> dict[str, Any]:
        """What native code could change without Python being told."""
        files = {
            f"file {path.relative_to(self.root)}": (s.st_size, s.st_mtime_ns, s.st_ino, s.st_mode)
            for path in self.root.rglob("*")
            for s in [path.lstat()]
        }
        lines = Path("/proc/self/maps").read_text().splitlines()
        mapped = {line.split(maxsplit=5)[5] for line in lines if line.count("/") > 1}
        tasks = Path("/proc/self/task").glob("*/children")
        children = {text for task in tasks for text in _text(task).split()}
        return {
            **files,
            **{f"mapping of {name}": True for name in mapped if not _is_installed(name)},
            **{f"module {key}": True for key, module in list(sys.modules.items())
               if "." not in key and not _is_part(key, module)},
            **{f"process {child}": True for child in children},
            **{f"variable {name}": value for name, value in os.environ.items()},
            "working folder": os.getcwd(),  # noqa: PTH109  # compared as text
            "sys.path": tuple(sys.path), "random numbers": _random_state(),
        }  # fmt: skip


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    changed = [name for name in after if name not in before or before[name] != after[name]]
    return [f"{name} is new or changed" for name in changed] + [
        f"{name} is gone" for name in before if name not in after
    ]


def _random_state() -> tuple[Any, ...]:
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    return (
        random.getstate(),
        None if numpy is None else str(numpy.random.get_state()),
        None if torch is None else bytes(torch.get_rng_state().tolist()),
    )


def _is_part(key: str, module: Any) -> bool:
    """Whether a part of an installed package (scipy.ndimage._ni_label) enters its last name too."""
    name = str(getattr(module, "__name__", key))
    return name.endswith(f".{key}") and _is_installed(str(getattr(module, "__file__", "")))


def _is_installed(name: str) -> bool:
    return name.startswith((*(place + os.sep for place in INSTALLED), "<frozen "))


def _place(frame: FrameType | None) -> str:
    """Which code caused an event, innermost first."""
    found: list[str] = []
    while frame is not None and len(found) < 9:
        found.append(f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}")
        frame = frame.f_back
    return " < ".join(found)


def _is_importing() -> bool:
    """Whether the code of a module runs, or is unpacked. That it was let in is judged before; what
    ``importlib`` imports without an event is a new module afterwards."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap_external>":
            return True
        frame = frame.f_back
    return False


def read(path: Path, unknown: str = "error") -> str:
    """Read a file and ask for the last fields: ``answer``, or the class of the error."""
    try:
        graph = rfield.load(path, unknown=unknown)
        for entry in graph.inputs_:
            if entry.axes:
                fields = rfield.receptive_fields(graph, wrt=entry.name)
                for layer in list(fields)[-2:]:
                    str(fields[layer])
    except rfield.RFieldError as error:
        text = str(error)
        if not text or any(not c.isprintable() and c != "\n" for c in text):
            raise AssertionError(f"an error that cannot be printed: {text!r}") from error
        if len(text) > LONGEST or "Traceback" in text:
            raise AssertionError(f"an error that is too long: {text[:200]!r}") from error
        return type(error).__name__
    return "answer"


def judged(watch: Watch, path: Path, reader: Callable[[Path], str]) -> Report:
    """Read a file under the watch, with bounds on CPU time and memory."""
    report = Report()
    before = _status("VmRSS")
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    with watch.over(path, report.effects):
        start = time.process_time()
        try:
            signalled(SECONDS)
            report.outcome = reader(path)
        except Effect as error:
            report.outcome = f"stopped: {error}"
        except (Exception, Slow) as error:  # noqa: BLE001  # whatever it is, it is a finding
            report.outcome = f"CRASH {_described(error)}"
        finally:
            signalled(0)
        report.seconds = time.process_time() - start
    report.megabytes = max(0.0, _status("VmHWM") - before)
    return report


def signalled(seconds: float) -> None:
    """Raise ``Slow`` after so much CPU time, again and again (an exception can get lost)."""
    signal.setitimer(signal.ITIMER_PROF, seconds, 1.0 if seconds else 0.0)


def _described(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/rfield/" in frame.filename] or frames
    place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
    return f"{type(error).__name__} at {place}: {str(error)[:200]!r}"


def _status(name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    return 0.0


def _alarm(_signal: int, _frame: FrameType | None) -> None:
    raise Slow


def prepared(root: Path, good: list[Path]) -> Watch:
    """A watch, once the frameworks are loaded and have read their first files."""
    import warnings

    warnings.simplefilter("ignore")
    signal.signal(signal.SIGPROF, _alarm)
    for path in good:
        said = read(path)
        if said != "answer":
            raise SystemExit(f"a good file is not read: {path}: {said}")
    return Watch(root)


def main() -> None:
    """Read the files and print a report of each."""
    parser = argparse.ArgumentParser(prog="python -m tests.effects.watch", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--good", nargs="*", type=Path, default=[], help="files to read before")
    parser.add_argument("--root", type=Path, required=True, help="where nothing may change")
    parser.add_argument("--reader", default="tests.effects.watch:read", help="module:function")
    chosen = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (16 << 30, 16 << 30))
    module, _, function = chosen.reader.partition(":")
    reader = getattr(importlib.import_module(module), function)
    watch = prepared(chosen.root, chosen.good)
    for path in chosen.files:
        report = judged(watch, path, reader)
        sys.stdout.write(json.dumps([report.outcome, report.effects, report.faults]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
