# PYTHON_ARGCOMPLETE_OK
"""The command line: parse, load, analyse, present. It has no logic of its own.

A module for each kind of question; ``options`` has what commands share, ``steps`` both ends of
each. Everything is imported where it is used, so that ``--help`` and ``--version`` cost nothing.
"""

from __future__ import annotations

import argparse
import os
import select
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import TextIO

from ..errors import RFieldError
from ..version import __version__
from . import exact, fields, networks, pictures, plans, sizes, surveys, teams
from .options import MODEL_HELP, Commands
from .parsing import Parser, UsageError
from .steps import DONE, UNUSABLE
from .wording import in_options

STATUS_HELP = """\
Exit status: 0 done, 1 bad news, 2 usage or unreadable input.
On a terminal tables have its width and colours; COLUMNS, NO_COLOR and FORCE_COLOR say otherwise."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    try:
        return _run(argv)
    finally:
        _let_go(sys.stdout)


def _run(argv: Sequence[str] | None) -> int:
    arguments = argparse.Namespace(debug=False)
    _open_streams()
    try:
        parser = build_parser()
        if "_ARGCOMPLETE" in os.environ:  # a shell asks what may follow
            complete(parser)
        arguments, rest = parser.parse_known_args(argv)
        if rest:
            arguments.parser.refuse(rest)
        if arguments.run is None:
            parser.print_help()
            return DONE
        _search_here(arguments)
        arguments.results = sys.stdout
        with redirect_stdout(sys.stderr):  # a model's own code may print
            status: int = arguments.run(arguments)
        sys.stdout.flush()
    except RFieldError as error:
        return _complain(in_options(str(error)), trace=arguments.debug)
    except BrokenPipeError as error:
        if not _is_left(sys.stdout):  # a pipe of the model's own code
            return _complain(_unexpected(error), trace=arguments.debug)
        # Who read our output stopped reading (`| head`): not an error, and nobody is left to tell.
        return DONE
    except UsageError:
        raise
    except SystemExit as end:
        return _complain(f"the model's own code ended the program: sys.exit({end.code!r})")
    except KeyboardInterrupt:
        return _complain("interrupted", status=130)
    except Exception as error:  # noqa: BLE001  # a model's own code may raise anything
        return _complain(_unexpected(error), trace=arguments.debug)
    return status


def _open_streams() -> None:
    """What is written to a stream that is closed (``>&-``) goes nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  # for good


def _let_go(stream: TextIO) -> None:
    """What a stream does not take is dropped, or Python would complain of it at its end."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _is_left(stream: TextIO) -> bool:
    """Whether whoever read from a stream has stopped reading; taken for granted on Windows."""
    if not hasattr(select, "poll"):
        return True
    watch = select.poll()
    try:
        watch.register(stream.fileno(), 0)
    except (OSError, ValueError):  # it is no file
        return False
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in watch.poll(0))


def build_parser() -> Parser:
    """The parser of all commands."""
    parser = Parser(
        prog="rfield",
        description="Which part of the input can influence this output? Exact receptive fields.",
        epilog=f"{MODEL_HELP}\n\n{STATUS_HELP}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=None, parser=parser)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.add_argument("--version", action="version", version=f"rfield {__version__}")
    commands = Commands(parser)
    for module in (fields, exact, plans, sizes, teams, networks, pictures, surveys):
        module.add(commands)
    return parser


def complete(parser: Parser) -> None:
    """Answer the shell, where argcomplete is installed, and end."""
    try:
        argcomplete = import_module("argcomplete")
    except ImportError:
        return
    for command in parser.commands().values():
        command.complete()
    argcomplete.autocomplete(parser)


def _search_here(arguments: argparse.Namespace) -> None:
    """A model that is named as code is looked for in the current folder, as by ``python -m``.

    For other models the folder stays out of it: nothing beside a file is ever imported.
    """
    from ..frontends.code import is_code

    models = [getattr(arguments, name, None) for name in ("model", "other")]
    models += getattr(arguments, "specs", [])
    named = any(model is not None and is_code(model) for model in models)
    if named and not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, str(Path.cwd()))


def _unexpected(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return f"{type(error).__name__}: {error}\n  The option --debug shows where."


def _complain(message: str, *, trace: bool = False, status: int = UNUSABLE) -> int:
    from ..present.writing import error_block

    if trace:
        import traceback

        traceback.print_exc()
    print(error_block(f"rfield: {message}", sys.stderr), file=sys.stderr)  # noqa: T201  # stderr
    return status
