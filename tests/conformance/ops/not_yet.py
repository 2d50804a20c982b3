"""``python -m tests.conformance.ops.not_yet FRONT_END``: what the list shows to be missing there.

``rules`` and ``names``: no entry reaches them. ``wrong``: entries that rfield reads otherwise than
the list says.
"""

from __future__ import annotations

import json
import sys


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
