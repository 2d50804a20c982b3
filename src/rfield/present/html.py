"""A report as a piece of HTML, for notebooks and pages: in the colours of what is around it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from .report import Column, Facts, Picture, Remark, Report, Table
from .text import visible

_STYLE = "font-variant-numeric:tabular-nums;border-collapse:collapse;margin:.4em 0"
_CELL = "padding:.1em .7em;text-align:{};border:0;background:none"
_RULE = "border-bottom:1px solid currentColor"
_QUIET = "opacity:.7"


def html(report: Report) -> str:
    """Title, tables, facts and notes; every text is escaped, so no name is markup."""
    return "\n".join(['<div class="rfield">', *_lines(report), "</div>"]) + "\n"


def _lines(report: Report) -> Iterator[str]:
    if report.title:
        yield f"<p><strong>{_text(report.title)}</strong></p>"
    for part in report.parts:
        if isinstance(part, Table):
            yield from _table(part)
        elif isinstance(part, Facts):
            yield from _facts(part)
        elif isinstance(part, Picture):
            yield f"<pre>{_text(chr(10).join(map(visible, part.lines)))}</pre>"
        else:
            yield _remark(part)
    if report.notes:
        notes = "<br>".join(map(_text, report.notes))
        yield f'<p style="{_QUIET}"><small>{notes}</small></p>'


def _table(part: Table) -> Iterator[str]:
    yield f'<table style="{_STYLE}"><thead><tr style="{_RULE}">'
    yield "".join(_cell("th", column, column.title) for column in part.columns)
    yield "</tr></thead><tbody>"
    for row in part.rows:
        cells = zip(part.columns, row, strict=True)
        yield f"<tr>{''.join(_cell('td', column, cell) for column, cell in cells)}</tr>"
    yield "</tbody></table>"


def _cell(tag: str, column: Column, text: str) -> str:
    bold = ";font-weight:600" if column.tone == "key" and tag == "td" else ""
    shown = f"<code>{_text(text)}</code>" if column.name and text and tag == "td" else _text(text)
    scope = ' scope="col"' if tag == "th" else ""
    return f'<{tag}{scope} style="{_CELL.format(column.align)}{bold}">{shown}</{tag}>'


def _facts(part: Facts) -> Iterator[str]:
    yield f'<table style="{_STYLE}"><tbody>'
    left = _CELL.format("left")
    for label, value in part.pairs:
        label_ = f'<th scope="row" style="{left};{_QUIET};font-weight:400">{_text(label)}</th>'
        yield f'<tr>{label_}<td style="{left}">{_text(value)}</td></tr>'
    yield "</tbody></table>"


def _remark(part: Remark) -> str:
    mark = "" if part.good else "⚠ "
    return f"<p>{mark}{_text(part.text)}</p>"


def _text(text: str) -> str:
    return escape("\n".join(map(visible, text.split("\n"))))
