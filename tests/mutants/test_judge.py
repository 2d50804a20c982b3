"""The judge on a program of three functions: what is killed, what lives, what never ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

TESTED = """
def larger(a, b):
    return max(a, b)

def down(n):
    while n > 0:
        n -= 1
    return n

def never(x):
    return x + 1

def loose(x):
    return x * 2
"""
TESTS = """
import tested

def test_larger():
    assert tested.larger(2, 3) == 3

def test_down():
    assert tested.down(3) == 0

def test_loose():
    assert tested.loose(2)
"""
JUDGED = """
import json, sys
from pathlib import Path
import pytest
from tests.mutants.judge import Judge
from tests.mutants.operators import mutants_of
mutants = mutants_of(Path("tested.py").resolve(), "tested.py")
judge = Judge(mutants, ["tested"], processes=2, patience=0.2)
pytest.main(["-q", "-s", "-p", "no:cacheprovider", "--rootdir=.", "."], [judge])
Path("verdicts.json").write_text(json.dumps(judge.verdicts))
"""
EXPECTED = {
    "tested.py larger: return max(a, b) -> return min(a, b)": "test_it.py::test_larger",
    "tested.py down: n > 0 -> n >= 0": "test_it.py::test_down",
    "tested.py down: n > 0 -> n <= 0": "test_it.py::test_down",
    "tested.py down: n > 0 -> n > 1": "test_it.py::test_down",
    "tested.py down: n > 0 -> n > -1": "test_it.py::test_down",
    "tested.py down: n -= 1 -> n += 1": "no end",
    "tested.py down: n -= 1 -> pass": "no end",
    "tested.py down: n -= 1 -> n -= 2": "test_it.py::test_down",
    "tested.py down: n -= 1 -> n -= 0": "no end",
    "tested.py never: return x + 1 -> return x - 1": "no test runs it",
    "tested.py never: return x + 1 -> return x + 2": "no test runs it",
    "tested.py never: return x + 1 -> return x + 0": "no test runs it",
    "tested.py loose: return x * 2 -> return x + 2": "",
    "tested.py loose: return x * 2 -> return x * 3": "",
    "tested.py loose: return x * 2 -> return x * 1": "",
}


def test_verdicts(tmp_path: Path) -> None:
    """``n += 1`` and its like run until the processor time is used up."""
    files = {
        "tested.py": TESTED, "test_it.py": TESTS, "judged.py": JUDGED, "pytest.ini": "[pytest]\n",
    }  # fmt: skip
    for name, text in files.items():
        Path(tmp_path, name).write_text(text, "utf-8")
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-m", "judged"]
    where = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), root])}
    run = subprocess.run(
        command, cwd=tmp_path, env=where, capture_output=True, text=True, check=False
    )
    verdicts = json.loads(Path(tmp_path, "verdicts.json").read_text("utf-8"))
    assert verdicts == EXPECTED, run.stdout + run.stderr
