"""``python -m tests.conformance.ops``: ops by front ends, with counts; 1 if any is left out."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

import pytest

from tests.conformance.ops import CASES
from tests.conformance.ops.checking import missing
from tests.conformance.test_ops import FRONT_ENDS, front_end, outcome


def say(text: str) -> None:
    """One line of the table."""
    sys.stdout.write(f"{text}\n")


def main(names: list[str]) -> int:
    """Print the table and what is wrong; 1 if anything is."""
    fronts: dict[str, Any] = {}
    for name in names:
        with suppress(pytest.skip.Exception):
            fronts[name] = front_end(name)
    say(f"left out (not installed, or no front end): {sorted(set(names) - set(fronts))}")
    wrong = 0
    ops = list(dict.fromkeys(case.op for case in CASES))
    say(f"{'op':18}" + "".join(f"{name:>12}" for name in fronts))
    for op in ops:
        titles = {str(case) for case in CASES if case.op == op}
        row = [
            sum(title.rpartition(" [")[0] in titles for title in outcome(name)[0])
            for name in fronts
        ]
        say(f"{op:18}" + "".join(f"{count or '-':>12}" for count in row))
    for name, front in fronts.items():
        says, does, called = outcome(name)
        rules, unreached, count = missing(front.RULES, called)
        total = len(front.RULES)
        say(f"\n{name}: {len(says)} variants")
        say(f"  rule functions called: {count - len(rules)} of {count}")
        say(f"  names reached: {total - len(unreached)} of {total}")
        for what, found in (("says", says), ("list", does)):
            for title, problems in found.items():
                wrong += bool(problems)
                for problem in problems:
                    say(f"  {what}: {title}: {problem}")
        for what, left in (("not called", rules), ("not reached", unreached)):
            if left:
                wrong += 1
                say(f"  {what}: {' '.join(left)}")
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:] or list(FRONT_ENDS)))
