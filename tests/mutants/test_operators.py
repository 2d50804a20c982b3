"""The mistakes that can be made in a function, and that known equivalent ones still stand there."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.mutants.__main__ import ROOMS, all_of, chosen
from tests.mutants.equivalent import EQUIVALENT
from tests.mutants.operators import mutants_of

SMALL = '''
def clip(values: list[int] = [0], *, least: int = 3) -> int:
    """Not changed: 1 + 1."""
    assert least > 0
    if least > MOST_ALLOWED and values:
        raise ValueError(f"{least + 1} is too large")
    return min(v for v, _ in zip(values, values, strict=True) if not v < least)
'''
MISTAKES = [
    "if False:",
    "if True:",
    "least > MOST_ALLOWED or values",
    "least <= MOST_ALLOWED and values",
    "return max((v for v, _ in zip(values, values, strict=True) if not v < least))",
    "return min((v for v, _ in zip(values, values, strict=True)))",
    "return min((v for v, _ in zip(values, values, strict=True) if v < least))",
    "return min((v for v, _ in zip(values, values, strict=True) if not v <= least))",
    "return min((v for v, _ in zip(values, values, strict=True) if not v >= least))",
]


def test_every_mistake_is_made_once_and_mended(tmp_path: Path) -> None:
    file = tmp_path / "small.py"
    file.write_text(SMALL, "utf-8")
    whole = ast.unparse(ast.parse(SMALL))
    found = mutants_of(file, "small.py")
    changed: list[str] = []
    for mutant in found:
        mend = mutant.change()
        changed += set(ast.unparse(mutant.tree).splitlines()) - set(whole.splitlines())
        mend()
        assert ast.unparse(mutant.tree) == whole
    assert len(found) == len(MISTAKES)
    for mistake in MISTAKES:
        assert any(mistake in line for line in changed), mistake


def test_the_sample_follows_from_the_seed() -> None:
    every = all_of("resizing")
    assert [m.key for m in chosen(every, 20, 0)] == [m.key for m in chosen(every[::-1], 20, 0)]
    assert {m.key for m in chosen(every, 20, 0)} != {m.key for m in chosen(every, 20, 1)}


def test_known_equivalent_mutants_are_in_the_code_and_have_a_reason() -> None:
    every = {mutant.key for room in ROOMS for mutant in all_of(room)}
    assert not set(EQUIVALENT) - every
    assert all(EQUIVALENT.values())
