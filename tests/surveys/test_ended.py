"""A survey that is ended by force goes on from there, and comes to the same rows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import rfield
from rfield.surveys import store
from tests.surveys.zoo import spec

SPECS = [*(spec(f"slow{number}") for number in range(8)), spec("raises"), spec("large")]


def count(path: Path) -> int:
    try:
        with store.reading(path) as rows:
            return len(rows)
    except rfield.StoreError:
        return 0


def children(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = status.read_text("utf-8", "replace")
        except OSError:
            continue
        if text.rpartition(")")[2].split()[1] == str(parent):
            found.append(int(status.parent.name))
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system has no /proc")
def test_sigkill_three_times(tmp_path):
    path, whole = tmp_path / "s.db", tmp_path / "whole.db"
    command = [sys.executable, "-m", "rfield", "survey", *SPECS, "--store", str(path)]
    orphans: list[int] = []
    for _ in range(3):
        before = count(path)
        running = subprocess.Popen([*command, "--workers", "2"], stdout=subprocess.DEVNULL)
        while running.poll() is None and count(path) <= before:
            time.sleep(0.01)
        orphans += children(running.pid)
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    assert 3 <= count(path) < len(SPECS)  # it was ended on the way
    found = rfield.survey(SPECS, path, workers=2)
    assert found.effort.measured == len(SPECS) - found_before(found)
    uninterrupted = rfield.survey(SPECS, whole, workers=2)
    assert found.as_dict() == uninterrupted.as_dict()
    with store.reading(path) as a, store.reading(whole) as b:
        assert a.growth() == b.growth()
    until = time.monotonic() + 30
    while any(map(is_alive, orphans)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(map(is_alive, orphans))


def found_before(found: rfield.Survey) -> int:
    return len(found.rows) - found.effort.measured


HEEDS_CTRL_C = """
import signal, sys
from rfield.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main())
"""
"""What runs in the background of a shell ignores it, and so would its processes."""


def ended(running: subprocess.Popen[str]) -> str:
    """What a process says that is interrupted; again, where Python dropped the signal."""
    while True:  # an exception inside a callback of the interpreter is printed, not raised
        running.send_signal(signal.SIGINT)
        try:
            return running.communicate(timeout=30)[1]
        except subprocess.TimeoutExpired:
            continue


def test_ctrl_c_leaves_no_process_behind(tmp_path):
    path = tmp_path / "s.db"
    command = [sys.executable, "-c", HEEDS_CTRL_C, "survey", spec("small"), spec("hangs"),
               "--store", str(path), "--workers", "2"]  # fmt: skip
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while count(path) < 1:
        time.sleep(0.05)
    workers = children(running.pid)
    told = ended(running)
    assert (running.returncode, told) == (130, "rfield: interrupted\n")
    assert not any(map(is_alive, workers))
    assert count(path) == 1
