"""The two ends of every command: load the model, write the report."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InvalidModelError
from .wording import in_options

if TYPE_CHECKING:
    from ..core.graph import Graph
    from ..present.report import Report

DONE, BAD_NEWS, UNUSABLE = 0, 1, 2
"""Exit status: done; the model was read and the answer is bad news; usage or unreadable input."""

SUFFIXES = {
    ".md": "markdown", ".csv": "csv", ".json": "json", ".tex": "latex", ".html": "html",
    ".svg": "svg", ".txt": "table", "": "table",
}  # fmt: skip
"""The form that the name of a file asks for."""


def load_graph(arguments: argparse.Namespace) -> Graph:
    """The graph of the model that was named."""
    from ..analysis.geometry.premises import premises
    from ..loading import load

    graph = load(arguments.model, **read_options(arguments))
    arguments.premises = premises(graph)
    return graph


def read_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """How the model is to be read."""
    some = {
        "dtype": arguments.input_dtype,
        "arguments": arguments.argument,
        "zeros": arguments.zeros,
        "soft_masks": arguments.soft_masks,
    }
    return {
        "input_shape": arguments.input_shape,
        "axes": arguments.axes,
        "training": arguments.training,
        "unknown": arguments.unknown,
        **{name: given for name, given in some.items() if given},
    }


def refuse(arguments: argparse.Namespace, names: Iterable[str], why: str) -> None:
    """Refuse an option that would change nothing; ``why``: 'needs --measured'."""
    for option in arguments.parser.given(arguments, names):
        raise InvalidModelError(f"{option} {why}")


def write_report(report: Report, arguments: argparse.Namespace) -> int:
    """Write the report where and in the form that was asked for."""
    from dataclasses import replace  # not before a report is written: --help does without

    from ..present import writing

    report = report.resting_on(getattr(arguments, "premises", ()))
    notes, hint = tuple(map(in_options, report.notes)), in_options(report.hint)
    report = replace(report, notes=notes, hint=hint)
    target: Path | None = arguments.output_file
    form: str | None = arguments.format
    if target is not None:
        form = form or SUFFIXES.get(target.suffix.lower())
        if form is None:
            known = ", ".join(suffix for suffix in SUFFIXES if suffix)
            raise InvalidModelError(
                f"{target}: no form for {target.suffix}. Known: {known}; or say it: --format table"
            )
        text = writing.as_text(report, form)
        with writing.in_place_of(target) as draft:
            draft.write_text(text, encoding="utf-8")
    else:
        writing.to_stream(report, form or "table", arguments.results)
    return DONE
