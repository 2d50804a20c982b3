"""Every mutant of the core turns the short check red (``python -m tests.oracle.mutants``)."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.oracle.mutants import MUTANTS


@pytest.mark.slow
@pytest.mark.parametrize("mutant", ["none", *MUTANTS])
def test_only_the_unchanged_core_passes(mutant: str) -> None:
    command = [sys.executable, "-m", "tests.oracle.mutants", mutant]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.stderr == ""
    assert run.returncode == (0 if mutant == "none" else 1)
