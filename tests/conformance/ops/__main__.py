"""``python -m tests.conformance.ops``: ops by front ends, with counts, and the rules not called."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tests.conformance.ops import CASES
from tests.conformance.ops.checking import missing
from tests.conformance.test_ops import FRONT_ENDS, front_end, outcome


def main(names: list[str]) -> int:
    """Print the table and what is wrong; 1 if anything is."""
    fronts: dict[str, Any] = {}
    for name in names:
        try:
            fronts[name] = front_end(name)
        except pytest.skip.Exception as absent:
            print(f"{name} is left out: {absent}")
    wrong = 0
    ops = list(dict.fromkeys(case.op for case in CASES))
    print(f"{'op':18}" + "".join(f"{name:>12}" for name in fronts))
    for op in ops:
        titles = {str(case) for case in CASES if case.op == op}
        row = [
            sum(title.rpartition(" [")[0] in titles for title in outcome(name)[0])
            for name in fronts
        ]
        print(f"{op:18}" + "".join(f"{count or '-':>12}" for count in row))
    for name, front in fronts.items():
        says, does, called = outcome(name)
        rules, unreached, count = missing(front.RULES, called)
        names_in_all = len(front.RULES)
        print(f"\n{name}: {len(says)} variants, rule functions called: {count - len(rules)} of "
              f"{count}, names reached: {names_in_all - len(unreached)} of {names_in_all}")  # fmt: skip
        for what, found in (("says", says), ("list", does)):
            for title, problems in found.items():
                wrong += bool(problems)
                for problem in problems:
                    print(f"  {what}: {title}: {problem}")
        if rules:
            print("  not called:", " ".join(rules))
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:] or list(FRONT_ENDS)))
