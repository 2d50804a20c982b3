"""The list of ops through every front end that is installed: claimed, and measured there."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest

from rfield.frontends.machine.rules import RuleTable
from tests.conformance.ops import CASES
from tests.conformance.ops.checking import (
    claims,
    measured,
    missing,
    own,
    recording,
    short_text,
    variants,
)

# What a framework warns of (a slow way, an old name) is not asked here.
pytestmark = pytest.mark.filterwarnings("ignore")

FRONT_ENDS = {
    "torch": "torch", "onnx": "onnxruntime", "tensorflow": "tensorflow", "keras": "keras",
    "jax": "jax", "declared": "numpy",
}  # fmt: skip


def front_end(name: str) -> Any:
    """The builders of a front end, or a skip with the reason."""
    if find_spec(FRONT_ENDS[name]) is None:
        pytest.skip(f"{FRONT_ENDS[name]} is not installed")
    if name != "declared" and find_spec(f"rfield.frontends.{name}") is None:
        pytest.skip(f"rfield has no front end for {name}")
    return import_module(f"tests.conformance.ops_in_{name}")


@cache
def outcome(name: str) -> tuple[dict[str, list[str]], dict[str, list[str]], set[str]]:
    """What differs from the list, by entry: claimed, measured; and the names that were called."""
    front = front_end(name)
    says: dict[str, list[str]] = {}
    does: dict[str, list[str]] = {}
    with recording(front.RULES) as called:
        for case, spelling, build in variants(front, CASES):
            title = f"{case} [{spelling}]"
            try:
                model = build(case)
            except front.REFUSALS as error:
                does[title] = [f"cannot be built: {short_text(error)}"]
                continue
            if model is not None:
                says[title] = claims(front, case, model)
                does[title] = measured(front, case, model)
        for entry in getattr(front, "OWN", tuple)():
            says[f"{entry.name} (own)"], does[f"{entry.name} (own)"] = own(front, entry)
    return says, does, called


PARAMETERS = [
    pytest.param(name, marks=[] if name == "declared" else getattr(pytest.mark, name))
    for name in FRONT_ENDS
]


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_list_through_a_front_end(name: str) -> None:
    """All in one process of its own, once: a front end keeps the rules that it has found."""
    front_end(name)
    command = [sys.executable, "-W", "ignore", "-m", "tests.conformance.ops.not_yet", name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout[done.stdout.index("{") :])
    assert found.pop("entries") > 50
    assert found == {"claimed": {}, "measured": {}, "rules": [], "names": []}


@pytest.mark.torch
def test_a_wrong_literal_and_a_rule_without_an_entry_are_found() -> None:
    front = front_end("torch")
    right = next(case for case in CASES if case.name == "flip")
    wrong = replace(right, reads={0: {10}})
    (build,) = front.BUILDERS["flip"].values()
    assert claims(front, wrong, build(wrong)) == ["(0,) reads (11,), right (10,)"]
    assert measured(front, wrong, build(wrong)) == ["(0,) really reads (11,), the list says (10,)"]
    assert missing(front.RULES, set(front.RULES) - {"aten::flip"})[1] == ["aten::flip"]
    for entries in ((right,), ()):  # with its entry, and with the entry removed
        with recording(front.RULES) as called:
            for case in entries:
                claims(front, case, build(case))
        assert ("aten::flip" in missing(front.RULES, called)[1]) is not bool(entries)
    table = RuleTable("example")
    table.rule("example::op")(lambda _call: None)
    assert missing(table, set())[1:] == (["example::op"], 1)
    assert missing(table, {"example::op"}) == ([], [], 1)


def test_entries_by_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    from tests.conformance.ops.__main__ import only

    assert only("flip", ["declared"]) == 0
    assert capsys.readouterr().out == (
        "declared: flip [layer]: right\ndeclared: flip both, one negative [layer]: right\n"
    )
    assert only("no such op", ["declared"]) == 1
    assert capsys.readouterr().out == "declared: no entry has 'no such op' in its name\n"
