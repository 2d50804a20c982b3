"""A report takes the place of a file as a whole, or leaves what was there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import rfield
from rfield.cli import main
from rfield.present.writing import in_place_of

ROOT = Path(__file__).parents[2]

WAITING = """
import signal, sys
from pathlib import Path
def model():
    Path(sys.argv[-1] + ".read").touch()
    signal.pause()
"""


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_what_fails_leaves_the_old_file(tmp_path: Path, error: BaseException):
    target = tmp_path / "fields.csv"
    target.write_text("old")
    with pytest.raises((KeyboardInterrupt, OSError)), in_place_of(target) as draft:  # noqa: PT012
        draft.write_text("half")
        raise error
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_links_and_permissions_stay(tmp_path: Path):
    real, link = tmp_path / "real.md", tmp_path / "link.md"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    with in_place_of(link) as draft:
        draft.write_text("new")
    assert link.is_symlink()
    assert (real.read_text(), real.stat().st_mode & 0o777) == ("new", 0o640)
    assert sorted(tmp_path.iterdir()) == [link, real]


def test_a_pipe_is_written_as_it_is(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert main(["chain", "3", "-o", str(pipe), "--format", "csv"]) == 0
    assert b"layer" in os.read(reading, 1 << 16)
    os.close(reading)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, capsys):
    target = tmp_path / "none" / "fields.csv"
    assert main(["chain", "3", "-o", str(target)]) == 2
    assert capsys.readouterr().err == f"rfield: {target}: No such file or directory\n"


LISTENING = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("rfield", run_name="__main__")
"""
"""The program; children of a shell that runs the tests in the background ignore the signal."""


def test_an_interrupt_ends_at_once_and_leaves_the_old_file(tmp_path: Path):
    target = tmp_path / "fields.csv"
    target.write_text("old")
    (tmp_path / "waiting.py").write_text(WAITING)
    assert rfield.__file__ is not None
    path = os.pathsep.join([str(Path(rfield.__file__).parents[1]), str(tmp_path)])
    process = subprocess.Popen(
        [sys.executable, "-c", LISTENING, "summary", "waiting:model", "-o", str(target)],
        env={**os.environ, "PYTHONPATH": path},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while not (tmp_path / "fields.csv.read").exists():
        assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGINT)
    assert process.communicate() == (b"", b"rfield: interrupted\n")
    assert process.returncode == 130
    assert target.read_text() == "old"
