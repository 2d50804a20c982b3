"""What is in the two distributions: all that runs, and all that its tests need."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def files_of(*folders: str) -> set[str]:
    """The files below folders that a distribution has to hold."""
    return {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }


def main(folder: Path) -> int:
    """Name what is missing; the exit status."""
    (wheel,), (archive,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as opened:
        in_wheel = set(opened.namelist())
    with tarfile.open(archive) as opened:
        in_archive = {name.partition("/")[2] for name in opened.getnames()}
    wanted = {name.removeprefix("src/") for name in files_of("src/rfield")}
    missing = [f"{wheel.name}: {name}" for name in sorted(wanted - in_wheel)]
    beside = {"README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "pyproject.toml"}
    needed = files_of("src", "tests", "docs") | beside
    missing += [f"{archive.name}: {name}" for name in sorted(needed - in_archive)]
    if not any(name.endswith("licenses/LICENSE") for name in in_wheel):
        missing.append(f"{wheel.name}: the licence")
    sys.stdout.write("\n".join(missing) + "\n" if missing else "nothing is missing\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
