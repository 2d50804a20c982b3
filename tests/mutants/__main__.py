"""Can the suite fail? One small mistake at a time in ``core`` and ``analysis`` must be noticed.

    python -m tests.mutants                      # 120 mutants per room, with a score for each
    python -m tests.mutants engines --sample 40 --seed 1
    python -m tests.mutants --survivors          # only those that survived the last time

Which mutants are taken follows from their text and the seed. The last killer of each mutant is kept
in pytest's cache and tried first. Known equivalent mutants (``equivalent.py``) are not counted.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from pathlib import Path

import pytest

from tests.mutants.equivalent import EQUIVALENT
from tests.mutants.judge import SURVIVED, UNREACHED, Judge
from tests.mutants.operators import Mutant, mutants_of

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "rfield"
ROOMS = {
    "core": "core",
    "known": "core/known",
    "arrays": "core/arrays",
    "engines": "analysis/engines",
    "geometry": "analysis/geometry",
    "pixels": "analysis/pixels",
    "comparing": "analysis/pieces/comparing",
    "tiles": "analysis/pieces/tiles",
    "streams": "analysis/pieces/streams",
    "resizing": "analysis/resizing",
    "analysis": "analysis",
}
"""Each room and its folder; the last one is what lies in ``analysis`` beside the rooms."""
TESTS = [
    "src/rfield/core", "src/rfield/analysis", "tests/core", "tests/oracle", "tests/analysis",
    "tests/networks", "tests/torch/test_verify.py", "tests/torch/test_measured.py",
    "tests/torch/test_tiling.py", "tests/torch/test_tiling_calls.py",
    "tests/torch/test_streaming.py", "tests/torch/test_streaming_lengths.py",
    "tests/torch/test_sizes.py", "tests/torch/test_sizes_by_reading.py",
    "tests/cli/test_exact.py", "tests/cli/test_sizes.py", "tests/cli/test_stream.py",
    "tests/cli/test_tiles.py", "tests/present",
    "tests/contracts/test_answers.py", "tests/torch/test_masks.py",
    "tests/torch/test_random_masks.py", "tests/torch/test_made_weights.py",
]  # fmt: skip
"""The quick tests of these rooms; those of verification and of running pieces need a framework."""
KILLERS = "rfield/mutants"


def all_of(room: str) -> list[Mutant]:
    """Every mutant of one room."""
    files = sorted((SOURCE / ROOMS[room]).glob("*.py"))
    return [one for file in files for one in mutants_of(file, str(file.relative_to(SOURCE)))]


def chosen(mutants: list[Mutant], count: int, seed: int) -> list[Mutant]:
    """A sample that depends on the texts and the seed alone."""
    real = [mutant for mutant in mutants if mutant.key not in EQUIVALENT]

    def rank(mutant: Mutant) -> bytes:
        return hashlib.sha256(f"{seed} {mutant.key}".encode()).digest()

    return sorted(real, key=rank)[:count]


class Memory:
    """A pytest plugin that hands the judge the killers of the last run and keeps the new ones."""

    def __init__(self, judge: Judge, *, survivors: bool) -> None:
        self.judge, self.survivors = judge, survivors

    def pytest_configure(self, config: pytest.Config) -> None:
        """Before anything is collected."""
        assert config.cache is not None
        known = config.cache.get(KILLERS, {})
        self.judge.killers = known
        if self.survivors:
            alive = {key for key, killer in known.items() if killer in (SURVIVED, UNREACHED)}
            self.judge.mutants = [m for m in self.judge.mutants if m.key in alive]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """After the last verdict."""
        assert session.config.cache is not None
        session.config.cache.set(KILLERS, {**self.judge.killers, **self.judge.verdicts})


def main(arguments: list[str] | None = None) -> int:
    """Judge a sample of every room; print the survivors and the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("rooms", nargs="*", choices=[*ROOMS, []], help="default: all of them")
    parser.add_argument("--sample", type=int, default=120, help="mutants per room")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--survivors", action="store_true", help="only those of the last run")
    parser.add_argument("--match", default="", help="only mutants whose text holds this")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="judge by these alone")
    options = parser.parse_args(arguments)
    every = {room: all_of(room) for room in options.rooms or ROOMS}
    taken = {
        room: chosen([m for m in found if options.match in m.key], options.sample, options.seed)
        for room, found in every.items()
    }
    mutants = [m for found in taken.values() for m in found]
    files = sorted({mutant.file.relative_to(SOURCE.parent) for mutant in mutants})
    modules = [".".join(file.with_suffix("").parts) for file in files]
    judge = Judge(mutants, modules, processes=options.processes)
    command = ["-q", "-s", "-n0", "--no-header", "--no-summary", *options.tests]
    status = pytest.main(command, [judge, Memory(judge, survivors=options.survivors)])
    if not judge.verdicts and status:
        return int(status)
    write = sys.stdout.write
    write(f"\n{'room':10s} {'judged':>6s} {'killed':>6s} {'score':>6s}   of all\n")
    lines: list[str] = []
    for room, found in taken.items():
        verdicts = {m.key: judge.verdicts[m.key] for m in found if m.key in judge.verdicts}
        alive = {key: why for key, why in verdicts.items() if why in (SURVIVED, UNREACHED)}
        killed = len(verdicts) - len(alive)
        score = f"{killed / len(verdicts):6.1%}" if verdicts else "     –"
        write(f"{room:10s} {len(verdicts):6d} {killed:6d} {score}   {len(every[room])}\n")
        lines += [f"{key}{f'  ({why})' if why else ''}" for key, why in sorted(alive.items())]
    if lines:
        write("\nsurvivors\n" + "\n".join(lines) + "\n")
    return 1 if lines else 0


if __name__ == "__main__":
    raise SystemExit(main())
