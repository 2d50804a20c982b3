"""A parser that says what is wrong in one block, with the nearest name."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NoReturn

from ..errors import unknown_name

Taking = Callable[[argparse.ArgumentParser], None]
"""Adds a group of options to a command."""

_NEGATIVE = re.compile(r"-\d[\d,.x:-]*$")
_CHOICE = re.compile(r"argument (\S+): invalid choice: '(.*?)' \(")

MEANT = {
    "--layer": "--output", "--output": "--layer", "--input": "--wrt", "--index": "--at",
    "--shape": "--input-shape", "--size": "--input-size", "--json": "--format",
    "--csv": "--format", "--dtype": "--input-dtype", "--eval": "--training",
    "--train": "--training", "--html": "--format", "--markdown": "--format",
}  # fmt: skip
"""What other words for an option, or the option of other commands, are here."""


class UsageError(SystemExit):
    """The end of the program that the command line itself asks for."""


class Parser(argparse.ArgumentParser):
    """One command, or all of them.

    ``takes``: the groups of its options, added when it is first used, as one command of thirty is.
    """

    takes: tuple[Taking, ...] = ()

    def __init__(self, *given: Any, **settings: Any) -> None:  # noqa: ANN401 - those of argparse
        super().__init__(*given, **settings)
        self._negative_number_matcher = _NEGATIVE  # argparse takes -1 for a value, and -1,-1 not

    def complete(self) -> Parser:
        """The same, with all its options."""
        takes, self.takes = self.takes, ()
        for take in takes:
            take(self)
        return self

    def commands(self) -> dict[str, Parser]:
        """The commands by their names, those that they have in Python among them."""
        made = (action.choices for action in self._actions if isinstance(action.choices, dict))
        return {name: command for choices in made for name, command in choices.items()}

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401 - overloads
        """As in argparse."""
        return super(Parser, self.complete()).parse_known_args(args, namespace)

    def format_help(self) -> str:
        """As in argparse."""
        return super(Parser, self.complete()).format_help()

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """As in argparse."""
        if message:
            self._print_message(message, sys.stderr)
        raise UsageError(status)

    def error(self, message: str) -> NoReturn:
        """Say it, and where help is; exit status 2."""
        from ..present.writing import error_block

        found = _CHOICE.match(message)
        if found is not None:
            message = str(unknown_name(_kind(found[1]), found[2], self.choices(found[1])))
        text = f"{self.prog}: {message}\n  {self.prog} --help says what there is"
        self.exit(2, error_block(text, sys.stderr) + "\n")

    def refuse(self, rest: Sequence[str]) -> NoReturn:
        """What stands on the command line and means nothing."""
        name = rest[0].partition("=")[0]
        if not name.startswith("-"):
            self.error(f"unrecognized arguments: {' '.join(rest)}")
        known = [o for a in self._actions if a.help != argparse.SUPPRESS for o in a.option_strings]
        if (meant := MEANT.get(name)) in known:
            self.error(f"unknown option {name!r}. Did you mean {meant!r}?")
        self.error(str(unknown_name("option", name, [o for o in known if o.startswith("--")])))

    def given(self, arguments: argparse.Namespace, names: Iterable[str]) -> Iterator[str]:
        """The options among ``names`` that say something else than without them."""
        for action in self._actions:
            if action.dest not in names or action.help == argparse.SUPPRESS:
                continue
            if getattr(arguments, action.dest) != action.default:
                yield (action.option_strings or [str(action.metavar)])[-1]

    def choices(self, name: str) -> list[str]:
        """What may stand for an argument."""
        for action in self._actions:
            if name in (*action.option_strings, action.metavar, action.dest):
                return [str(choice) for choice in action.choices or ()]
        return []


def _kind(argument: str) -> str:
    return argument.lower() if argument.isupper() else f"{argument.lstrip('-')}"
