"""Reading files in a process that is watched, and inert files that would do harm if they could."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def environment(root: Path) -> dict[str, str]:
    """Home and temporary files inside the watched folder; TensorFlow is not told to be quiet."""
    for name in ("inner", "home", "tmp"):
        (root / name).mkdir(parents=True, exist_ok=True)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TF_CPP")}
    return {
        **kept, "HOME": str(root / "home"), "TMPDIR": str(root / "tmp"),
        "KERAS_HOME": str(root / "home"), "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1",
    }  # fmt: skip


def exports(kind: str, root: Path) -> list[Path]:
    """Real exports of one kind, written by a process of their own."""
    root.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.effects.exports", kind, str(root)]
    subprocess.run(command, check=True, env=environment(root), capture_output=True)
    return sorted(root.glob(f"good*.{kind}"))


def watched(
    root: Path, files: list[Path], good: list[Path], reader: str = "tests.effects.watch:read"
) -> list[tuple[str, list[str], list[str]]]:
    """Of each file: the outcome, the effects, what is wrong."""
    command = [sys.executable, "-m", "tests.effects.watch", "--root", str(root / "inner")]
    command += ["--reader", reader, *map(str, files), "--good", *map(str, good)]
    done = subprocess.run(
        command, env=environment(root), capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def inert(root: Path, makers: dict[str, Any]) -> list[Path]:
    """Files by name, each made by a function that is given its path."""
    for name, make in makers.items():
        make(root / "inner" / name)
    return [root / "inner" / name for name in makers]
