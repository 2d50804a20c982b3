"""A report on a terminal: the plain layout, coloured. The only module that imports rich."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, TextIO

from .report import Report
from .text import encodes, lay_out

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
STYLES = {
    "plain": "",
    "key": "bold cyan",
    "accent": "yellow",
    "quiet": "dim",
    "title": "bold",
    "header": "bold",
    "rule": "dim",
    "note": "dim",
    "label": "dim",
    "good": "green",
    "bad": "bold red",
}
"""How each tone looks."""


def write(report: Report, stream: TextIO, width: int | None) -> None:
    """Write with colours."""
    from rich.console import Console

    own = stream.isatty() and os.environ.get("TERM") != "dumb"
    console = Console(
        file=stream, highlight=False, markup=False, emoji=False, force_terminal=True,
        color_system="auto" if own else "standard",
    )  # fmt: skip
    ascii_only = not encodes(stream)
    for line in _styled(report, width, ascii_only):
        console.print(line, no_wrap=True, overflow="ignore", crop=False, soft_wrap=True)


def to_svg(report: Report) -> str:
    """The report as an SVG picture of a terminal, for documents; it loads nothing from outside."""
    from io import StringIO

    from rich.console import Console

    lines = list(_styled(report, None, False))
    width = max((line.cell_len for line in lines), default=0) + 2
    console = Console(file=StringIO(), record=True, width=width, force_terminal=True)
    _print(console, lines)
    kind = report.schema.split(".")[1].split("/")[0]
    svg = console.export_svg(title=f"rfield {kind}", unique_id=f"rfield-{kind}")
    svg = re.sub(r"\n\s*@font-face \{[^}]*\}", "", svg)
    return svg.replace("Fira Code, monospace", FONTS)


def _print(console: Console, lines: list[Text]) -> None:
    for line in lines:
        console.print(line, no_wrap=True, crop=False)


def _styled(report: Report, width: int | None, ascii_only: bool) -> list[Text]:
    from rich.text import Text

    return [
        Text.assemble(
            *(
                (span.text.rstrip() if n == len(line) else span.text, STYLES[span.tone])
                for n, span in enumerate(line, 1)
            )
        )
        for line in lay_out(report, width=width, ascii_only=ascii_only)
    ]
