"""``python -m tests.conformance.ops``: ops by front ends, with counts, and what is left out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.conformance.ops import CASES
from tests.conformance.ops.checking import (
    claims,
    measured,
    missing,
    own,
    short_text,
    variants,
)
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


def only(word: str, names: list[str]) -> int:
    """Print the shared and own entries with a word in the name; 1 if any is wrong, or none."""
    wrong = 0
    for name in names:
        front = front_end(name)
        found = False
        for title, problems in chosen(front, word.lower()):
            found = True
            wrong += bool(problems)
            say(f"{name}: {title}: {'; '.join(problems) or 'right'}")
        if not found:
            wrong += 1
            say(f"{name}: no entry has {word!r} in its name")
    return int(wrong > 0)


def chosen(front: Any, word: str) -> Iterator[tuple[str, list[str]]]:
    """The entries of a front end with a word in their names or ops, and what is wrong with each."""
    for case, spelling, build in variants(front, CASES):
        if word in f"{case} {case.op}".lower():
            try:
                model = build(case)
            except front.REFUSALS as error:
                yield f"{case} [{spelling}]", [f"cannot be built: {short_text(error)}"]
                continue
            if model is not None:
                problems = [*claims(front, case, model), *measured(front, case, model)]
                yield f"{case} [{spelling}]", problems
    for entry in getattr(front, "OWN", tuple)():
        if word in entry.name.lower():
            says, does = own(front, entry)
            yield entry.name, [*says, *does]


if __name__ == "__main__":
    given = sys.argv[1:]
    if given[:1] == ["--only"]:
        raise SystemExit(only(given[1], given[2:]))
    raise SystemExit(main(given or list(FRONT_ENDS)))
