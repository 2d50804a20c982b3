"""``diff``, ``expect``: two versions of a model, and what a model has to stay."""

from __future__ import annotations

import argparse

from .options import Commands, file, reading, writing
from .steps import BAD_NEWS, DONE, load_graph, read_options, write_report


def add(commands: Commands) -> None:
    """The commands of this module."""
    commands.add(
        "diff",
        _diff,
        "layers whose field or cost differs between two models",
        reading,
        writing,
        _diff_takes,
        also="compare",
    )
    commands.add(
        "expect",
        _expect,
        "hold a model against the fields that were recorded of it",
        reading,
        writing,
        _expect_takes,
    )


def _diff_takes(made: argparse.ArgumentParser) -> None:
    made.add_argument("other", metavar="OTHER", help="the model to compare with, read alike")
    made.add_argument("--wrt", metavar="LAYER", help="measure in this input or layer")
    made.add_argument("--all", action="store_true", help="all differences, not the first 30")


def _expect_takes(made: argparse.ArgumentParser) -> None:
    made.add_argument("record", metavar="RECORD", type=file, help="the file: fields.json")
    made.add_argument("--update", action="store_true", help="record the model as it is now")
    made.add_argument(
        "--layer",
        metavar="GLOB",
        default="",
        help="record only layers whose name matches: 'layer?'",
    )
    made.add_argument("--wrt", metavar="LAYER", help="measure in this input or layer")


def _diff(arguments: argparse.Namespace) -> int:
    from ..loading import load
    from ..present.compare import ROWS, compare
    from ..present.described import describe

    wrt: str | None = arguments.wrt
    a = describe(load_graph(arguments), wrt=wrt, title=arguments.model)
    other = load(arguments.other, **read_options(arguments))
    b = describe(other, wrt=wrt, title=arguments.other)
    found = compare(a, b, rows=None if arguments.all else ROWS)
    write_report(found.report, arguments)
    return BAD_NEWS if found else DONE


def _expect(arguments: argparse.Namespace) -> int:
    from ..present.contract import against, write
    from ..present.described import describe

    model = describe(load_graph(arguments), wrt=arguments.wrt, title=arguments.model)
    if arguments.update:
        return write_report(write(arguments.record, model, arguments.layer), arguments)
    hint = "if this is meant, record it: --update"
    found = against(arguments.record, model, arguments.layer, hint)
    write_report(found.report, arguments)
    return BAD_NEWS if found else DONE
