"""The line coverage of a test run (`.coverage`), room by room; rooms under 85 % are named.

python .ci/coverage_by_room.py
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import coverage

LEAST = 85
SOURCE = Path(__file__).parents[1] / "src" / "rfield"


def room_of(file: Path) -> str:
    """The folder of a file, or ``rfield`` for what lies beside the rooms."""
    return "/".join(file.relative_to(SOURCE).parts[:-1]) or "rfield"


def main() -> int:
    """Print the table. What is not covered is said, not forbidden: the exit status is 0."""
    data = coverage.Coverage(data_file=".coverage")
    data.load()
    lines: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for file in sorted(SOURCE.rglob("*.py")):
        _, statements, _, missing, _ = data.analysis2(str(file))
        lines[room_of(file)] += len(statements)
        missed[room_of(file)] += len(missing)
    shares = {room: 1 - missed[room] / count for room, count in lines.items() if count}
    for room, share in sorted(shares.items()):
        sys.stdout.write(f"{room:24s} {lines[room]:6d} lines {share:7.1%}\n")
    total = 1 - missed.total() / lines.total()
    sys.stdout.write(f"{'all':24s} {lines.total():6d} lines {total:7.1%}\n")
    low = [room for room, share in sorted(shares.items()) if share < LEAST / 100]
    sys.stdout.write(f"under {LEAST} %: {', '.join(low) or 'none'}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
