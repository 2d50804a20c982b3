"""A report as GitHub-flavoured Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .report import Facts, Picture, Remark, Report, Table
from .text import visible


def markdown(report: Report) -> str:
    """Title, tables, facts and notes; names are set as code, so nothing in them is markup."""
    lines: list[str] = []
    if report.title:
        lines += [f"**{_escape(report.title)}**", ""]
    for part in report.in_sight:
        if isinstance(part, Table):
            lines += [*_table(part), ""]
        elif isinstance(part, Facts):
            lines += [*_facts(part), ""]
        elif isinstance(part, Picture):
            lines += ["```", *map(visible, part.lines), "```", ""]
        else:
            lines += [_remark(part), ""]
    lines += [f"- {_escape(note)}" for note in report.said]
    return "\n".join(lines).rstrip() + "\n"


def _table(part: Table) -> Iterator[str]:
    yield _row([_escape(column.title) for column in part.columns])
    yield _row(["---:" if column.align == "right" else ":---" for column in part.columns])
    for cells in part.rows:
        yield _row(
            [
                _code(cell) if column.name and cell else _escape(cell)
                for column, cell in zip(part.columns, cells, strict=True)
            ]
        )


def _facts(part: Facts) -> Iterator[str]:
    yield from (f"- {_escape(label)}: {_escape(value)}" for label, value in part.pairs)


def _remark(part: Remark) -> str:
    return _escape(part.text)


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _code(name: str) -> str:
    """A code span; a table ends its cell at ``|`` even inside one."""
    name = visible(name).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", name)), default=0) + 1)
    blank = " " if name.startswith("`") or name.endswith("`") else ""
    return f"{fence}{blank}{name}{blank}{fence}"


def _escape(text: str) -> str:
    return re.sub(r"([\\`*\[\]<>|~]|(?<!\w)_|_(?!\w))", r"\\\1", visible(text))
