"""What is in the two distributions: all that runs, its licences, all that its tests need."""

from __future__ import annotations

import re
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
        (metadata,) = (name for name in in_wheel if name.endswith(".dist-info/METADATA"))
        described = opened.read(metadata).decode("utf-8")
    with tarfile.open(archive) as opened:
        in_archive = {name.partition("/")[2] for name in opened.getnames()}
    wanted = {name.removeprefix("src/") for name in files_of("src/rfield")}
    missing = [f"{wheel.name}: {name}" for name in sorted(wanted - in_wheel)]
    beside = {"README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "pyproject.toml"}
    beside |= {"hatch_build.py", "licenses/dagre.txt"}
    needed = files_of("src", "tests", "docs") | beside
    missing += [f"{archive.name}: {name}" for name in sorted(needed - in_archive)]
    for text in ("LICENSE", "licenses/dagre.txt"):
        if not any(name.endswith(f".dist-info/licenses/{text}") for name in in_wheel):
            missing.append(f"{wheel.name}: {text}")
    nowhere = re.findall(r"\]\((?!https?:|#)[^)]*\)", described)
    missing += [f"{wheel.name}: what {link[1:]} in its description leads to" for link in nowhere]
    sys.stdout.write("\n".join(missing) + "\n" if missing else "nothing is missing\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
