"""Damaged files of every kind, read under watch: ``python -m tests.effects.fuzz --count 5000``.

Real exports (``exports``) are changed at random: 5,000 files of each kind, ``.pt2``, ``.onnx``,
``.pb`` and ``.keras``. Each must give an answer or one ``RFieldError``, without an effect
(``watch``), within ten seconds of CPU time and a gigabyte. Each kind is read by a process of its
own; if that dies, the file is a finding, and another goes on behind it. What is printed: the
findings, each with the number that makes its file again, then the tally. Status 1 if there is any.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.effects.exports import KINDS
from tests.effects.watch import judged, prepared, read

PATIENCE = 300
"""Seconds without a word after which a process hangs where no signal reaches it."""


def mutation(kind: str) -> Callable[[bytes, random.Random], bytes]:
    """What changes a file of this kind."""
    if kind == "pt2":
        from tests.torch.fuzz import mutate

        return mutate
    if kind == "onnx":
        from tests.onnx.fuzz import MUTATIONS

        return lambda data, rng: MUTATIONS[rng.choice(list(MUTATIONS))](data, rng)
    if kind == "pb":
        from tests.tensorflow.fuzz import mutate as mutate_graph

        return mutate_graph
    from tests.keras import fuzz

    weights, changes = zip(*fuzz.MUTATIONS, strict=True)
    return lambda data, rng: rng.choices(changes, weights)[0](data, rng)


def made(kind: str, good: list[Path], seed: int, number: int) -> tuple[bytes, str]:
    """The damaged file of a number, and how unknown ops of it are taken."""
    rng = random.Random(f"{kind} {seed} {number}")
    data = rng.choice(good).read_bytes()
    try:
        data = mutation(kind)(data, rng)
    except (ValueError, TypeError, LookupError, AttributeError):
        data = data[: rng.randrange(len(data))]  # the exports have no place for this change
    return data, rng.choice(["error", "whole"])


def work(kind: str, folder: Path, seed: int, first: int, count: int) -> None:
    """Read the files of some numbers in this process, a line of JSON for each."""
    resource.setrlimit(resource.RLIMIT_AS, (16 << 30, 16 << 30))
    good = sorted(folder.glob(f"good*.{kind}"))
    root = folder / "root"
    path = root / "inner" / f"case.{kind}"
    watch = prepared(root, good)
    for number in range(first, count):
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        data, unknown = made(kind, good, seed, number)
        path.write_bytes(data)
        report = judged(watch, path, lambda file, unknown=unknown: read(file, unknown))
        said = [number, report.outcome.partition(" ")[0], report.faults]
        said += [report.seconds, report.megabytes]
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


class Tally:
    """What came of the files of one kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.outcomes: Counter[str] = Counter()
        self.findings: list[str] = []
        self.slowest = self.largest = 0.0

    def find(self, number: int, what: str) -> None:
        """Print a finding."""
        self.findings.append(what)
        sys.stdout.write(f"{self.kind} {number}: {what}\n")
        sys.stdout.flush()

    def run(self, folder: Path, seed: int, count: int) -> None:
        """Start processes until all numbers are read."""
        first = 0
        while first < count:
            first = self._one_process(folder, seed, first, count)

    def _one_process(self, folder: Path, seed: int, first: int, count: int) -> int:
        command = [sys.executable, "-m", "tests.effects.fuzz", "--work", self.kind, str(folder)]
        command += ["--seed", str(seed), "--first", str(first), "--count", str(count)]
        errors = (folder / "stderr").open("w+")
        worker = subprocess.Popen(
            ["timeout", "-s", "KILL", str(PATIENCE + 3 * count), *command],
            stdout=subprocess.PIPE, stderr=errors, text=True, env=_environment(folder),
        )  # fmt: skip
        begun, done = first, first - 1
        for line in worker.stdout or ():
            said = json.loads(line)
            if isinstance(said, int):
                begun = said
                continue
            done, outcome, faults, seconds, megabytes = said
            self.outcomes[outcome] += 1
            for fault in faults:
                self.find(done, fault)
            self.slowest = max(self.slowest, seconds)
            self.largest = max(self.largest, megabytes)
        status = worker.wait()
        if status or done < count - 1:
            errors.seek(0)
            tail = errors.read()[-300:]
            self.outcomes["DIED"] += 1
            self.find(begun, f"the process ended with status {status}: {tail!r}")
            if done < first and begun == first:
                return first + 1 if tail == "" or begun > first else begun + 1
        errors.close()
        return max(begun, done) + 1

    def __str__(self) -> str:
        found = ", ".join(f"{times} {what}" for what, times in self.outcomes.most_common())
        return (
            f"{self.kind}: {sum(self.outcomes.values())} files ({found}); slowest "
            f"{self.slowest:.1f} s, most memory {self.largest:.0f} MB; "
            f"{len(self.findings)} findings"
        )


def _environment(folder: Path) -> dict[str, str]:
    """Home and temporary files inside the folder that is watched."""
    root = folder / "root"
    for name in ("inner", "home", "tmp"):
        (root / name).mkdir(parents=True, exist_ok=True)
    changed = {"HOME": root / "home", "TMPDIR": root / "tmp", "KERAS_HOME": root / "home"}
    return {
        **os.environ, **{name: str(place) for name, place in changed.items()},
        "PYTHONPATH": os.pathsep.join(sys.path), "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1",
    }  # fmt: skip


def fuzz(kind: str, seed: int, count: int) -> Tally:
    """Damaged files of one kind."""
    tally = Tally(kind)
    with tempfile.TemporaryDirectory(prefix="rfield-effects-") as place:
        folder = Path(place)
        environment = _environment(folder)
        exporter = [sys.executable, "-m", "tests.effects.exports", kind, str(folder)]
        subprocess.run(exporter, check=True, env=environment, stderr=subprocess.PIPE)
        tally.run(folder, seed, count)
    sys.stdout.write(f"{tally}\n")
    sys.stdout.flush()
    return tally


def main() -> int:
    """Print the findings and the tally."""
    parser = argparse.ArgumentParser(prog="python -m tests.effects.fuzz", description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--count", type=int, default=5000, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", nargs=2, metavar=("KIND", "FOLDER"), help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.work:
        kind, folder = chosen.work
        work(kind, Path(folder), chosen.seed, chosen.first, chosen.count)
        return 0
    tallies = [fuzz(kind, chosen.seed, chosen.count) for kind in chosen.kinds]
    total = sum(sum(tally.outcomes.values()) for tally in tallies)
    findings = sum(len(tally.findings) for tally in tallies)
    sys.stdout.write(f"{total} files, {findings} findings\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
