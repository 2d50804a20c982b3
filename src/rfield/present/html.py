"""A report as a piece of HTML, for notebooks and pages: in the colours of what is around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from math import log

from .report import Column, Curve, Facts, Part, Picture, Remark, Report, Table, Tree
from .text import display_width, visible

_STYLE = "font-variant-numeric:tabular-nums;border-collapse:collapse;margin:.4em 0"
_CELL = "padding:.1em .7em;text-align:{};border:0;background:none"
_RULE = "border-bottom:1px solid currentColor"
_QUIET = "opacity:.7"
_INDENT = 1.2
"""How far a level of a tree is moved to the right, in units of the font; room for the mark, too."""
_TALL, _WIDE = 60, 560
"""The size of a curve, in pixels."""
_TREE = f"""<style>
.rf-tree{{font:.92em/1.6 ui-monospace,Menlo,Consolas,monospace;overflow-x:auto;margin:.4em 0}}
.rf-layer{{display:list-item;list-style:none outside;margin-left:{_INDENT}em}}
summary.rf-layer{{list-style-type:disclosure-closed;cursor:pointer}}
details[open]>summary.rf-layer{{list-style-type:disclosure-open}}
.rf-row{{display:inline-grid;white-space:pre;
 grid-template-columns:calc(var(--name) - var(--level)*{_INDENT}em) var(--rest)}}
.rf-head{{font-weight:600;border-bottom:1px solid currentColor;width:max-content}}
.rf-row .right{{text-align:right}}
.rf-row .key{{font-weight:600}}
.rf-row .quiet{{opacity:.7}}
</style>"""


def html(report: Report) -> str:
    """Title, tables, facts and notes; every text is escaped, so no name is markup."""
    opens = any(isinstance(part, Tree) and any(part.levels) for part in report.parts)
    lines = _lines(report.title, report.parts, report.notes if opens else report.said)
    return "\n".join(['<div class="rfield">', *lines, "</div>"]) + "\n"


def _lines(title: str, parts: Iterable[Part], notes: Iterable[str]) -> Iterator[str]:
    if title:
        yield f"<p><strong>{_text(title)}</strong></p>"
    for part in parts:
        if isinstance(part, Table):
            yield from _table(part)
        elif isinstance(part, Tree):
            yield from _tree(part) if any(part.levels) else _table(part.outer.table)
        elif isinstance(part, Curve):
            yield from _curve(part)
        elif isinstance(part, Facts):
            yield from _facts(part)
        elif isinstance(part, Picture):
            yield f"<pre>{_text(chr(10).join(map(visible, part.lines)))}</pre>"
        else:
            yield _remark(part)
    told = "<br>".join(map(_text, notes))
    if told:
        yield f'<p style="{_QUIET}"><small>{told}</small></p>'


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


def _tree(part: Tree) -> Iterator[str]:
    """Rows that are opened and closed without any script."""
    columns, rows = part.table.columns, part.table.rows
    widths = [
        max(map(display_width, (column.title, *(row[k] for row in rows))))
        for k, column in enumerate(columns)
    ]
    rest = " ".join(f"{w + c.gap}ch" for w, c in zip(widths[1:], columns[1:], strict=True))
    name = f"calc({widths[0]}ch + {_INDENT * max(part.levels):g}em)"
    yield f'{_TREE}<div class="rf-tree" style="--name:{name};--rest:{rest};--level:0">'
    titles = [column.title for column in columns]
    yield f'<div class="rf-layer rf-head">{_row(columns, titles)}</div>'
    below = [*part.levels[1:], 0]
    open_ = 0
    for k, (level, row) in enumerate(zip(part.levels, rows, strict=True)):
        while open_ > level:
            open_ -= 1
            yield "</div></details>"
        if below[k] <= level:
            yield f'<div class="rf-layer">{_row(columns, row)}</div>'
            continue
        opened = "" if part.closed[k + 1] else " open"
        inside = f"--level:{level + 1};margin-left:{_INDENT}em"
        yield f'<details{opened}><summary class="rf-layer">{_row(columns, row)}</summary>'
        yield f'<div style="{inside}">'
        open_ += 1
    yield "</div></details>" * open_ + "</div>"


def _row(columns: Sequence[Column], cells: Sequence[str]) -> str:
    """The cells of a row, blanks between them for whoever reads it without its style."""
    gaps = (0, *(column.gap for column in columns[1:]))
    spans = (
        f'<span class="{column.align} {column.tone}">{" " * gap}{_text(cell)}</span>'
        for column, gap, cell in zip(columns, gaps, cells, strict=True)
    )
    return f'<span class="rf-row">{"".join(spans)}</span>'


def _curve(part: Curve) -> Iterator[str]:
    """Steps from row to row on a logarithmic scale, and dashed lines."""
    wide, logs = len(part.values), [log(value) for value in (*part.values, *part.levels)]
    scale = _TALL / ((top := max(logs)) - min(logs))
    places = [f"{(top - place) * scale:.1f}" for place in logs]
    steps = "".join(f"V{place}H{k}" for k, place in enumerate(places[:wide], 1))
    paths = [f"M0 {places[0]}{steps}", *(f"M0 {place}H{wide}" for place in places[wide:])]
    yield f'<svg role="img" aria-label="{_text(part.caption)}" preserveAspectRatio="none"'
    yield f' viewBox="0 -2 {wide} {_TALL + 4}" fill="none" stroke="currentColor"'
    # Notebooks set ``svg {height: auto}``, which an attribute does not stand against.
    yield f' style="width:100%;max-width:{_WIDE}px;height:{_TALL + 4}px;display:block">'
    for k, path in enumerate(paths):
        how = 'stroke-dasharray="4"' if k else 'stroke-width="2"'
        yield f'<path vector-effect="non-scaling-stroke" {how} d="{path}"/>'
    yield f'</svg><p style="{_QUIET};margin:0"><small>{_text(part.caption)}</small></p>'


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
