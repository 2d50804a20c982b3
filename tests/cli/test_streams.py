"""Where results go: standard output that is closed, full or no longer read, and ``-o -``."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rfield.cli import build_parser, main

SHELL = pytest.mark.skipif(os.name != "posix", reason="needs a shell of POSIX")
MODEL = "article:alexnet_v2"


def run(command: str, folder: Path) -> tuple[int, str, str]:
    """What the shell says of a command line, in which ``rfield`` is the program."""
    text = re.sub(r"\brfield\b", f"{sys.executable} -m rfield", command)
    home = str(Path(__file__).parents[2] / "src")
    done = subprocess.run(  # our own words
        text, shell=True, cwd=folder, capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "PYTHONPATH": home, "PYTHONUNBUFFERED": ""},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@SHELL
@pytest.mark.parametrize(
    ("command", "status", "complaint"),
    [
        (f"rfield summary {MODEL} >&-", 0, ""),
        (f"rfield summary {MODEL} --format csv >&- 2>&-", 0, ""),
        ("rfield summary nothing:here 2>&-", 2, ""),
        ("rfield summary 2>&-", 2, ""),
        ("rfield --help >&-", 0, ""),
        ("rfield --version | true", 0, ""),
        (f"rfield summary {MODEL} --format csv -o out.csv >&-", 0, ""),
        (f"rfield summary {MODEL} > /dev/full", 2, "rfield: No space left on device\n"),
        ("rfield summary article:inception_v4 --depth all | head -1 > /dev/null", 0, ""),
        ("rfield --help | head -1 > /dev/null", 0, ""),
    ],
)
def test_an_output_that_takes_nothing_is_no_traceback(command, status, complaint, tmp_path):
    if "/dev/full" in command and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    assert run(command, tmp_path) == (status, "", complaint)
    assert (tmp_path / "out.csv").exists() == ("out.csv" in command)


def test_a_dash_is_standard_output(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["summary", MODEL, "-o", "-", "--format", "csv"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert rows[-1]["size_y"] == "195"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [
        ["explore", MODEL, "-o", "-"],
        ["annotate", "net.onnx", "-o", "-"],
        ["influence", MODEL, "--plot", "-"],
        ["explore", MODEL, "--node-data", "-"],
        ["expect", MODEL, "-", "--update"],
        ["article", "--figure", "-"],
        ["atlas", "store.db", "-o", "-"],
    ],
)
def test_what_needs_a_file_says_so(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 2
    assert "- is standard output; this is written to a file\n" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_help_says_what_the_exit_status_means(capsys):
    text = build_parser().format_help()
    assert "Exit status: 0 done, 1 bad news, 2 usage or unreadable input" in text


def test_a_broken_pipe_of_the_model_is_an_error(tmp_path):
    """Only whoever reads the result may stop reading."""
    (tmp_path / "own.py").write_text("def build():\n    raise BrokenPipeError(32, 'Broken pipe')\n")
    assert run("rfield summary own.py:build", tmp_path) == (2, "", "rfield: Broken pipe\n")
    assert run("rfield summary own.py:build | cat", tmp_path)[2] == "rfield: Broken pipe\n"
