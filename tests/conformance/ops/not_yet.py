"""``python -m tests.conformance.ops.not_yet FRONT_END``: what the list shows to be missing there.

``claimed`` and ``measured``: entries that rfield, or the framework itself, reads otherwise than the
list says. ``rules`` and ``names``: no entry reaches them.
"""

from __future__ import annotations

import json
import sys


def main() -> None:
    """Print what is missing now, and how many entries there are."""
    from tests.conformance.ops.checking import missing
    from tests.conformance.test_ops import front_end, outcome

    name = sys.argv[1]
    says, does, called = outcome(name)
    rules, names = ([], []) if name == "declared" else missing(front_end(name).RULES, called)[:2]
    found = {
        "entries": len(says),
        "claimed": {title: problems for title, problems in says.items() if problems},
        "measured": {title: problems for title, problems in does.items() if problems},
        "rules": sorted(set(rules)),
        "names": sorted(names),
    }
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
