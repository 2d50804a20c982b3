"""Damaged and hostile ``.keras`` files: ``python -m tests.keras.fuzz --count 5000 --seed 0``.

Bytes, the members of the archive and the layers themselves are changed; each file must give a
graph or one readable ``RFieldError``, in bounded CPU time and memory. Nothing may run or be
written: ``traps`` would show it. What is left of the weights must not matter. Whatever else
happens is printed with the seed that makes it again; the tally comes last, with the memory that
stayed in use. Exit status 1 if there is any finding.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import resource
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from keras.src.backend.common import global_state

import rfield
from tests.keras import damage, traps
from tests.keras.rewrites import built, rewritten
from tests.keras.samples import models, saved

SECONDS = 10  # of CPU time, for each megabyte of the file or once
MEGABYTES = 200  # and twenty times the file, above the process before
GROWTH = 100  # megabytes that may be in use at the end and were not after a fifth of the cases

MUTATIONS: list[tuple[int, Callable[[bytes, random.Random], bytes]]] = [
    (10, damage.flip), (8, damage.flip_config), (8, damage.cut), (8, damage.members_changed),
    (8, damage.headers_changed), (2, damage.bombs), (3, damage.odd_text), (6, damage.harmless),
    (50, rewritten), (4, built),
]  # fmt: skip


class Slow(BaseException):  # Keras catches every Exception
    """A case took too long."""


class Watch:
    """The memory of this process, in megabytes; its peak can be forgotten where Linux allows it."""

    @staticmethod
    def forget_peak() -> None:
        """Start again."""
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")

    @staticmethod
    def peak() -> float:
        """The most that was in use since then."""
        return Watch._status("VmHWM") or (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)

    @staticmethod
    def used() -> float:
        """What is in use."""
        return Watch._status("VmRSS")

    @staticmethod
    def _status(name: str) -> float:
        with suppress(OSError):
            for line in Path("/proc/self/status").read_text().splitlines():
                if line.startswith(name):
                    return int(line.split()[1]) / 1024
        return 0.0


def outcome(path: Path, unknown: str) -> str:
    """Read a file and ask for fields: the sizes, or the class of the error."""
    try:
        graph = rfield.load(path, unknown=unknown)
        shown = [f"answer {graph.layers[-1] if graph.layers else ''}"]
        for entry in graph.inputs_:
            if entry.axes:
                fields = rfield.receptive_fields(graph, wrt=entry.name)
                shown += [str(fields[layer].size) for layer in list(fields)[-2:]]
    except rfield.RFieldError as error:
        text = str(error)
        if not text.replace("\n", "").isprintable() or not 0 < len(text) < 3_000:
            raise AssertionError(f"an error that cannot be read: {text[:300]!r}") from error
        if "Traceback" in text or text.count("\n") > 6 or text.count(str(path)) > 1:
            raise AssertionError(f"an error that is no single block: {text[:300]!r}") from error
        return type(error).__name__
    return "; ".join(shown)


def _alarm(_signal: int, _frame: FrameType | None) -> None:
    raise Slow


class Fuzz:
    """Good files, and what became of the damaged ones."""

    def __init__(self) -> None:
        traps.lay()
        self.material = [saved(model) for model in models()]
        self.path = traps.WORK / "case.keras"
        self.tally: Counter[str] = Counter()
        self.findings: list[str] = []
        self.slowest = self.largest = 0.0
        self.answers = [self._read(data) for data in self.material]
        if not all(answer.startswith("answer") for answer in self.answers):
            raise AssertionError(f"a good file is not read: {self.answers}")

    def _read(self, data: bytes) -> str:
        self.path.write_bytes(data)
        return outcome(self.path, "error")

    def case(self, seed: int, keep: Path | None = None) -> None:
        """One damaged file."""
        rng = random.Random(seed)
        which = rng.randrange(len(self.material))
        weights, mutations = zip(*MUTATIONS, strict=True)
        mutation = rng.choices(mutations, weights)[0]
        data = mutation(self.material[which], rng)
        self.path.write_bytes(data)
        found = self.watched(data, rng.choice(["error", "whole"]))
        if mutation is damage.harmless and found[0] != self.answers[which]:
            found.append(f"{self.answers[which]!r} became {found[0]!r}")
        self.tally[found[0].partition(" ")[0]] += 1
        for what in found[1:]:
            self.tally["FINDING"] += 1
            self.findings.append(f"seed {seed} ({mutation.__name__}): {what}")
        if found[1:] and keep is not None:
            (keep / f"seed{seed}.keras").write_bytes(data)

    def watched(self, data: bytes, unknown: str) -> list[str]:
        """The outcome of a file, and what is wrong with it."""
        found = ["finding"]
        allowed = SECONDS * max(1.0, len(data) / 1e6)
        before = Watch.used()
        Watch.forget_peak()
        signal.signal(signal.SIGPROF, _alarm)
        # Again and again: where Python collects garbage, an exception is dropped.
        signal.setitimer(signal.ITIMER_PROF, allowed, 1.0)
        start = time.process_time()
        try:
            found[0] = outcome(self.path, unknown)
        except (Exception, Slow) as error:  # noqa: BLE001  # whatever it is, it is a finding
            signal.setitimer(signal.ITIMER_PROF, 0)
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            found.append(f"{type(error).__name__} at {where}: {str(error)[:200]!r}")
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        took, more = time.process_time() - start, Watch.peak() - before
        if took > allowed:
            found.append(f"{took:.1f} s of CPU time")
        if more > MEGABYTES + 20 * len(data) / 1e6:
            found.append(f"{more:.0f} MB more for a file of {len(data)} bytes")
        found += [*traps.sprung(), *_left_behind()]
        self.slowest, self.largest = max(self.slowest, took), max(self.largest, more)
        return found


def _left_behind() -> list[str]:
    """What Keras would remember of a file in this process, and must not."""
    names = ("safe_mode_saving", "stateless_scope", "symbolic_scope", "uninitialized_variables")
    return [f"{name} is left" for name in names if global_state.get_global_attribute(name)]


def main() -> int:
    """Print the findings and the tally."""
    parser = argparse.ArgumentParser(prog="python -m tests.keras.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0, help="of the first case; then one more each")
    parser.add_argument("--keep", type=Path, help="folder for the files of findings")
    chosen = parser.parse_args()
    keep = chosen.keep and chosen.keep.resolve()
    warnings.simplefilter("ignore")  # Keras warns of what it finds odd, and so it should
    limit = 12 << 30  # should memory be taken without end, the machine stays usable
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    fuzz = Fuzz()
    gc.collect()
    gc.freeze()
    levels = [Watch.used()]  # before the first case, and after each fifth of them
    began = time.process_time()
    os.chdir(traps.WORK)
    for number in range(chosen.count):
        told = len(fuzz.findings)
        fuzz.case(chosen.seed + number, keep)
        for finding in fuzz.findings[told:]:
            sys.stdout.write(finding + "\n")
            sys.stdout.flush()
        if (number + 1) * 5 // chosen.count == len(levels):
            gc.collect()
            levels.append(Watch.used())
    growth = levels[-1] - levels[min(1, len(levels) - 1)]
    for what, times in fuzz.tally.most_common():
        sys.stdout.write(f"{times:7}  {what}\n")
    if growth > GROWTH:
        fuzz.findings.append("memory grows")
    sys.stdout.write(
        f"{chosen.count} cases, {len(fuzz.findings)} findings; CPU time "
        f"{time.process_time() - began:.0f} s, slowest {fuzz.slowest:.1f} s; most memory "
        f"{fuzz.largest:.0f} MB; in use before and after each fifth "
        f"{', '.join(f'{level:.0f}' for level in levels)} MB\n"
    )
    return 1 if fuzz.findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
