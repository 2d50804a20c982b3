"""What the list shows to be missing, by front end, in ``not_yet.json``. Its tables only shrink.

``rules`` and ``names``: no entry reaches them. ``wrong``: entries that rfield reads otherwise than
the list says. Whatever is missing and not listed fails a test, and so does what is listed and no
longer missing. ``python -m tests.conformance.ops.not_yet FRONT_END`` prints the tables of one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

FILE = Path(__file__).with_suffix(".json")
TABLES: dict[str, dict[str, list[str]]] = json.loads(FILE.read_text()) if FILE.exists() else {}


def listed(front_end: str, table: str) -> list[str]:
    """One table of a front end."""
    return sorted(TABLES.get(front_end, {}).get(table, ()))


def main() -> None:
    """Print what is missing now."""
    from tests.conformance.ops.checking import missing
    from tests.conformance.test_ops import front_end, outcome

    name = sys.argv[1]
    says, _, called = outcome(name)
    rules, names = ([], []) if name == "declared" else missing(front_end(name).RULES, called)[:2]
    wrong = sorted(title for title, problems in says.items() if problems)
    tables = {"names": sorted(names), "rules": sorted(set(rules)), "wrong": wrong}
    sys.stdout.write(json.dumps({name: tables}, indent=1) + "\n")


if __name__ == "__main__":
    main()
