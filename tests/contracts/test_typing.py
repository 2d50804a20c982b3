"""A user's file passes both type checkers at their strictest, and a misspelt option does not."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import rfield

SOURCE = Path(rfield.__file__).parents[1]
USERS = Path(__file__).parents[1] / "typed" / "users.py"
MISSPELT = (
    'rfield.summary("article:vgg_16", input_shpae=(1, 224, 224, 3))\n'
    'rfield.load("article:vgg_16", unknown="hole")\n'
)
CHECKERS = {
    "pyright": ["-m", "pyright"],
    "mypy": ["-m", "mypy", "--strict", "--follow-imports=silent", "--no-error-summary"],
}


def checked(name: str, folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """What a checker says of a file in a folder of its own."""
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    (folder / "mine.py").write_text(text)
    settings = {"typeCheckingMode": "strict", "extraPaths": [str(SOURCE)], "include": ["mine.py"]}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    (folder / "mypy.ini").write_text(f"[mypy]\nmypy_path = {SOURCE}\n")
    target = [] if name == "pyright" else ["mine.py"]
    return subprocess.run(
        [sys.executable, *CHECKERS[name], *target],
        capture_output=True, text=True, cwd=folder, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("name", CHECKERS)
def test_a_users_file_is_well_typed(name, tmp_path):
    found = checked(name, tmp_path, USERS.read_text() + "\n" + MISSPELT)
    lines = [line for line in found.stdout.splitlines() if "error" in line and "mine.py" in line]
    wrong = USERS.read_text().count("\n") + 1
    assert [int(line.split("mine.py:")[1].split(":")[0]) - wrong for line in lines] == [1, 2]
    assert "input_shpae" in lines[0]
    assert "hole" in lines[1]
