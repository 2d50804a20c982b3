"""No option is ignored: every one is looked at, or refused with the reason."""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from rfield.cli import build_parser
from rfield.errors import RFieldError

NET = "tests.present.models:plain_chain"
SIZED = [NET]
CALLS: dict[str, list[list[str]]] = {
    "summary": [SIZED],
    "field": [SIZED],
    "align": [SIZED],
    "explain": [SIZED],
    "cost": [SIZED],
    "support": [SIZED],
    "influence": [SIZED],
    "verify": [SIZED],
    "tiles": [[NET], [NET, "--input-size", "64", "--tile", "1024"]],
    "stream": [SIZED],
    "sizes": [
        [NET], [NET, "--criterion", "even"], [NET, "--input-size", "64"],
        [NET, "--output-size", "2"],
    ],
    "fits": [[*SIZED, "--object", "8"]],
    "centers": [SIZED],
    "paths": [SIZED],
    "diff": [[*SIZED, NET]],
    "expect": [[*SIZED, "fields.json"], [*SIZED, "fields.json", "--update"]],
    "article": [[], ["--end-points"]],
    "chain": [["3p1"]],
    "design": [["--size", "9"]],
    "explore": [
        SIZED, [*SIZED, "-o", "x.json"], ["--chain", "3p1"], [*SIZED, "--node-data", "n.json"],
    ],
    "annotate": [["net.onnx", "-o", "new.onnx"]],
    "survey": [[], ["--zoo", "nowhere"]],
    "atlas": [["s.db"], ["s.db", "--fits"]],
}  # fmt: skip
"""For each command the ways in which it is called."""

VALUES = {
    "--format": "csv", "--input-shape": "1x64x64x3", "--input-dtype": "int64", "--argument": "a=1",
    "--soft-masks": "cut", "--axes": "1,2", "--unknown": "whole", "--layer": "*pool*",
    "--columns": "kernel", "--criterion": "even", "--axis": "t", "--anchor": "first",
    "--padding": "4", "--share": "0.9", "--sample-rate": "100", "--kernel": "5", "--cost": "least",
    "--reduce": "square", "--output": "conv", "--wrt": "image", "--at": "0,0",
    "--output-file": "out.csv", "--plot": "p.png", "--images": "i.npy", "--image": "i.png",
    "--chain": "3p1", "--node-data": "m.json", "MODEL2": NET,
}  # fmt: skip
"""A value for each option that takes no plain number."""


class Noted(argparse.Namespace):
    """Notes which options a command looks at."""

    seen: frozenset[str] = frozenset()

    def __getattribute__(self, name: str) -> object:
        if not name.startswith("_") and name != "seen":
            object.__setattr__(self, "seen", self.seen | {name})
        return super().__getattribute__(name)


def commands() -> dict[str, argparse.ArgumentParser]:
    made = build_parser().commands()
    return {name: command.complete() for name, command in made.items() if name in CALLS}


def options(made: argparse.ArgumentParser, call: list[str]) -> Iterator[tuple[str, list[str]]]:
    """What is not in the call: where its value goes, and its words."""
    for action in made._actions:
        said = {*action.option_strings} & {*call} or action.dest in ("help", "model", "record")
        if said or action.help == argparse.SUPPRESS:
            continue
        word = action.option_strings[-1:]
        value = VALUES.get(*word or [str(action.metavar)], "3")
        if word or action.metavar == "MODEL2":
            yield action.dest, [*word, *([] if action.nargs == 0 else [value])]


def test_every_command_is_called() -> None:
    assert {made.prog.split()[-1] for made in commands().values()} == {*CALLS}


@pytest.mark.parametrize(
    ("command", "call"), [(name, call) for name, calls in CALLS.items() for call in calls]
)
def test_an_option_is_looked_at_or_refused(
    command: str, call: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("webbrowser.open", lambda url: True)
    ignored: list[list[str]] = []
    for name, words in options(commands()[command], call):
        try:
            parsed = build_parser().parse_args([command, *call, *words], Noted())
        except SystemExit:  # the parser refuses it beside another one
            continue
        parsed.results = io.StringIO()
        object.__setattr__(parsed, "seen", frozenset())
        with contextlib.suppress(RFieldError, OSError):  # refused, or there is no such file
            parsed.run(parsed)
            if name not in parsed.seen:
                ignored.append(words)
    assert ignored == []
