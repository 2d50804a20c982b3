"""What the shell is told when it asks what may follow."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import rfield

HOME = str(Path(rfield.__file__).parents[1])


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("rfield sup", "support "),
        ("rfield summary m --input-s", "--input-shape --input-size"),
        ("rfield summary m --format la", "latex "),
    ],
)
def test_commands_options_and_choices_are_completed(tmp_path, line, offered):
    pytest.importorskip("argcomplete", reason="argcomplete is not installed")
    asked = {
        "_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": " ", "_ARGCOMPLETE_SHELL": "bash",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(tmp_path / "answer"),
        "COMP_LINE": line, "COMP_POINT": str(len(line)),
        "PYTHONPATH": HOME,
    }  # fmt: skip
    subprocess.run(
        [sys.executable, "-m", "rfield"], env={**os.environ, **asked}, cwd=tmp_path, check=True
    )
    assert (tmp_path / "answer").read_text() == offered


def test_without_argcomplete_nothing_happens(tmp_path):
    blocked = (
        "import sys; sys.modules['argcomplete'] = None; from rfield.cli import main; main(['-h'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", blocked],
        env={**os.environ, "_ARGCOMPLETE": "1", "PYTHONPATH": HOME},
        capture_output=True, text=True, cwd=tmp_path, check=True,
    )  # fmt: skip
    assert done.stdout.startswith("usage: rfield ")
