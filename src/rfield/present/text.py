"""A report as lines of text: aligned columns, thin rules, plain characters.

``lay_out`` is the one layout; a line is a tuple of spans, each with a tone that says what the span
is (title, header, rule …), not how it looks. ``plain`` joins the spans; ``terminal`` colours them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple, TextIO

from .report import Column, Facts, Part, Picture, Remark, Report, Table

Tone = Literal[
    "plain", "key", "accent", "quiet", "title", "header", "rule", "note", "label", "good", "bad"
]

_ASCII = str.maketrans(
    {
        "─": "-",
        "·": "|",
        "×": "x",
        "−": "-",
        "–": "-",
        "…": "...",
        "∞": "unbounded",
        "←": "<-",
        "→": "->",
        "≤": "<=",
    }
)


class Span(NamedTuple):
    """A piece of a line and what it is."""

    text: str
    tone: Tone = "plain"


Line = tuple[Span, ...]
_Spell = Callable[[str], str]


def plain(report: Report, *, ascii_only: bool = False) -> str:
    """The report as text without any escape codes, lines ended by a newline."""
    lines = lay_out(report, ascii_only=ascii_only)
    return "".join("".join(span.text for span in line).rstrip() + "\n" for line in lines)


def lay_out(
    report: Report, *, width: int | None = None, ascii_only: bool = False
) -> Iterator[Line]:
    """The lines of a report; names are shortened in the middle where ``width`` is too small."""

    def spell(text: str) -> str:
        text = visible(text)
        return text.translate(_ASCII) if ascii_only else text

    if report.title:
        yield (Span(" " + spell(report.title), "title"),)
    for part in report.parts:
        yield ()
        yield from _part(part, width, spell)
    if report.notes:
        yield ()
    for note in report.notes:
        yield (Span(" " + spell(note), "note"),)


def visible(text: str) -> str:
    r"""``text`` with everything that does not print (controls, newlines, bidi marks) escaped.

    >>> visible("conv\x1b[31m\n")
    'conv\\x1b[31m\\n'
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def encodes(stream: TextIO) -> bool:
    """Whether ``stream`` can write the rules and signs of the Unicode form."""
    try:
        "".join(map(chr, _ASCII)).encode(stream.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def display_width(text: str) -> int:
    """Terminal cells that ``text`` takes: wide characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def shorten(text: str, room: int, ellipsis: str = "…") -> str:
    """``text`` in at most ``room`` cells, the middle left out: both ends of a layer name count.

    >>> shorten("resnet_v1_50/block1/unit_1/conv1", 19)
    'resnet_v1…t_1/conv1'
    """
    if display_width(text) <= room:
        return text
    keep = max(0, room - len(ellipsis))
    head = _fitting(text, keep // 2)
    tail = _fitting(text[::-1], keep - display_width(head))[::-1]
    return head + ellipsis + tail


def _fitting(text: str, room: int) -> str:
    """As much of the beginning of ``text`` as fits into ``room`` cells."""
    end = min(len(text), room)
    while display_width(text[:end]) > room:
        end -= 1
    return text[:end]


def _part(part: Part, width: int | None, spell: _Spell) -> Iterator[Line]:
    if isinstance(part, Table):
        yield from _table(part, width, spell)
    elif isinstance(part, Facts):
        yield from _facts(part, spell)
    elif isinstance(part, Picture):
        yield from ((Span(" " + spell(line)),) for line in part.lines)
    else:
        yield from _remark(part, spell)


def _remark(part: Remark, spell: _Spell) -> Iterator[Line]:
    yield (Span(" " + spell(part.text), "good" if part.good else "bad"),)


def _facts(part: Facts, spell: _Spell) -> Iterator[Line]:
    widest = max((display_width(spell(label)) for label, _ in part.pairs), default=0)
    for label, value in part.pairs:
        gap = " " * (widest - display_width(spell(label)) + 2)
        yield (Span(" " + spell(label) + gap, "label"), Span(spell(value)))


def _table(part: Table, width: int | None, spell: _Spell) -> Iterator[Line]:
    columns = part.columns
    rows = [[spell(cell) for cell in row] for row in part.rows]
    titles = [spell(column.title) for column in columns]
    widths = [
        max(display_width(title), *(display_width(row[k]) for row in rows), 0)
        for k, title in enumerate(titles)
    ]
    if width is not None:
        widths = _fit(columns, titles, widths, width)
        dots = spell("…")
        rows = [
            [
                shorten(cell, widths[k], dots) if columns[k].name else cell
                for k, cell in enumerate(row)
            ]
            for row in rows
        ]
    rule = spell("─") * (1 + sum(widths) + sum(column.gap for column in columns[1:]) + 1)
    yield tuple(Span(span.text, "header") for span in _line(columns, titles, widths))
    yield (Span(rule, "rule"),)
    for row in rows:
        yield _line(columns, row, widths)
    yield (Span(rule, "rule"),)


def _line(columns: Sequence[Column], cells: Sequence[str], widths: Sequence[int]) -> Line:
    spans: list[Span] = []
    for number, (column, cell, width) in enumerate(zip(columns, cells, widths, strict=True)):
        gap = " " * (column.gap if number else 1)
        blank = " " * (width - display_width(cell))
        padded = gap + (blank + cell if column.align == "right" else cell + blank)
        spans.append(Span(padded, column.tone))
    return tuple(spans)


def _fit(
    columns: Sequence[Column], titles: Sequence[str], widths: Sequence[int], room: int
) -> list[int]:
    """Take what is missing from the name columns, widest first, down to a readable minimum."""
    fitted = list(widths)
    excess = 2 + sum(widths) + sum(column.gap for column in columns[1:]) - room
    names = sorted((k for k, c in enumerate(columns) if c.name), key=lambda k: -widths[k])
    for k in names:
        least = min(fitted[k], max(16, display_width(titles[k])))
        given = max(0, min(excess, fitted[k] - least))
        fitted[k] -= given
        excess -= given
    return fitted
