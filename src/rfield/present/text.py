"""A report as lines of text: aligned columns, thin rules, plain characters.

``lay_out`` is the one layout; a line is a tuple of spans, each with a tone that says what the span
is (title, header, rule …), not how it looks. ``plain`` joins the spans; ``terminal`` colours them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from math import ceil
from textwrap import wrap
from typing import Literal, NamedTuple, TextIO

from .report import Column, Curve, Facts, Flat, Picture, Remark, Report, Table, Tree

Tone = Literal[
    "plain", "key", "accent", "quiet", "title", "header", "rule", "note", "label", "good", "bad"
]

PROSE = 80
"""How wide sentences are where no width is given."""

_ASCII = str.maketrans(
    {
        "†": "+",
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


def plain(report: Report, *, width: int | None = None, ascii_only: bool = False) -> str:
    """The report as text without any escape codes, lines ended by a newline."""
    lines = lay_out(report, width=width, ascii_only=ascii_only)
    return "".join("".join(span.text for span in line).rstrip() + "\n" for line in lines)


def lay_out(
    report: Report, *, width: int | None = None, ascii_only: bool = False
) -> Iterator[Line]:
    """The lines of a report: sentences in lines of ``width``, ``PROSE`` where that is not given.

    Where ``width`` is too small for a table, its names are shortened, each so that it stays
    another than the rest, and then columns that can be spared are left out.
    """
    room = width or PROSE

    def spell(text: str) -> str:
        text = visible(text)
        return text.translate(_ASCII) if ascii_only else text

    if report.title:
        yield from ((Span(" " + line, "title"),) for line in _wrapped(spell(report.title), room))
    for part in report.parts:
        if isinstance(part, Curve):
            continue
        yield ()
        yield from _part(part, width, spell)
    if report.said:
        yield ()
    for note in report.said:
        yield from ((Span(" " + line, "note"),) for line in _wrapped(spell(note), room))


def _wrapped(text: str, width: int, before: str = "  ") -> list[str]:
    """Lines of less than ``width``; those after the first begin with ``before``."""
    if display_width(text) < width:
        return [text]
    return wrap(text, max(width - 1, 20), subsequent_indent=before, break_on_hyphens=False) or [""]


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


def shorten(text: str, room: int, ellipsis: str = "…", tail: float = 0.5) -> str:
    """``text`` in at most ``room`` cells, the middle left out: both ends of a layer name count.

    ``tail``: the share of the end in what is left. Blanks in front stay.

    >>> shorten("resnet_v1_50/block1/unit_1/conv1", 19)
    'resnet_v1…t_1/conv1'
    """
    if display_width(text) <= room:
        return text
    name = text.lstrip(" ")
    if name != text:
        blank = len(text) - len(name)
        return " " * blank + shorten(name, room - blank, ellipsis, tail)
    keep = max(0, room - len(ellipsis))
    head = _fitting(text, keep - ceil(keep * tail))
    return head + ellipsis + _fitting(text[::-1], keep - display_width(head))[::-1]


def shortened(names: Sequence[str], room: int, ellipsis: str = "…") -> list[str]:
    """Names in at most ``room`` cells, different ones still different where that can be.

    >>> shortened(["features.1.0.norm1", "features.3.0.norm1"], 13)
    ['fea…1.0.norm1', 'fea…3.0.norm1']
    """
    several = set(names)
    for share in (0.5, 0.75, 1.0, 0.25, 0.0):
        found = {name: shorten(name, room, ellipsis, share) for name in several}
        if len(set(found.values())) == len(several):
            return [found[name] for name in names]
    return shortened(names, room + 4, ellipsis)


def _fitting(text: str, room: int) -> str:
    """As much of the beginning of ``text`` as fits into ``room`` cells."""
    end = min(len(text), room)
    while display_width(text[:end]) > room:
        end -= 1
    return text[:end]


def _part(part: Flat | Tree, width: int | None, spell: _Spell) -> Iterator[Line]:
    if isinstance(part, Table):
        yield from _table(part, width, spell)
    elif isinstance(part, Tree):
        yield from _table(_indented(part.outer), width, spell)
    elif isinstance(part, Facts):
        yield from _facts(part, width or PROSE, spell)
    elif isinstance(part, Picture):
        yield from ((Span(" " + spell(line)),) for line in part.lines)
    else:
        yield from _remark(part, width or PROSE, spell)


def _indented(part: Tree) -> Table:
    """The table of a tree, in which names lie as deep as their rows."""
    columns = part.table.columns
    rows = [
        tuple("  " * level * column.name + cell for column, cell in zip(columns, row, strict=True))
        for level, row in zip(part.levels, part.table.rows, strict=True)
    ]
    return Table(columns, tuple(rows))


def _remark(part: Remark, width: int, spell: _Spell) -> Iterator[Line]:
    tone: Tone = "good" if part.good else "bad"
    yield from ((Span(" " + line, tone),) for line in _wrapped(spell(part.text), width))


def _facts(part: Facts, width: int, spell: _Spell) -> Iterator[Line]:
    widest = max((display_width(spell(label)) for label, _ in part.pairs), default=0)
    for label, value in part.pairs:
        gap = " " * (widest - display_width(spell(label)) + 2)
        first, *more = _wrapped(spell(value), width - widest - 3, "") or [""]
        yield (Span(" " + spell(label) + gap, "label"), Span(first))
        yield from ((Span(" " * (widest + 3)), Span(line)) for line in more)


def _table(part: Table, width: int | None, spell: _Spell) -> Iterator[Line]:
    first, *fewer = _choices(part.columns)
    columns, titles, rows, widths = _laid(part, first, width, spell)
    for kept in fewer:
        if width is None or _excess(columns, widths, width) <= 0:
            break
        columns, titles, rows, widths = _laid(part, kept, width, spell)
    rule = spell("─") * (1 + sum(widths) + sum(column.gap for column in columns[1:]) + 1)
    yield tuple(Span(span.text, "header") for span in _line(columns, titles, widths))
    yield (Span(rule, "rule"),)
    for row in rows:
        yield _line(columns, row, widths)
    yield (Span(rule, "rule"),)


def _laid(
    part: Table, kept: Sequence[int], width: int | None, spell: _Spell
) -> tuple[list[Column], list[str], list[list[str]], list[int]]:
    """Some columns, their titles, their cells, and how wide they are."""
    columns = [part.columns[k] for k in kept]
    titles = [spell(column.title) for column in columns]
    rows = [[spell(row[k]) for k in kept] for row in part.rows]
    if width is not None:
        rows = _named(columns, titles, rows, width, spell("…"))
    return columns, titles, rows, _widths(titles, rows)


def _choices(columns: Sequence[Column]) -> Iterator[list[int]]:
    """The columns that are shown: all, then without those that can be spared, the last first."""
    kept = list(range(len(columns)))
    yield kept
    for k in sorted((k for k in kept if columns[k].spare), key=lambda k: -columns[k].spare):
        kept = [other for other in kept if other != k]
        yield kept


def _named(
    columns: Sequence[Column],
    titles: Sequence[str],
    rows: list[list[str]],
    width: int,
    dots: str,
) -> list[list[str]]:
    """The rows with names as short as the width wants, as far as they stay apart and readable."""
    least = [_least(column, titles[k], rows, k) for k, column in enumerate(columns)]
    widths = _fit(columns, least, _widths(titles, rows), width)
    for k, column in enumerate(columns):
        if column.name:
            cells = shortened([row[k] for row in rows], widths[k], dots)
            rows = [[*row[:k], cell, *row[k + 1 :]] for row, cell in zip(rows, cells, strict=True)]
    return rows


def _widths(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [
        max(display_width(title), *(display_width(row[k]) for row in rows), 0)
        for k, title in enumerate(titles)
    ]


def _line(columns: Sequence[Column], cells: Sequence[str], widths: Sequence[int]) -> Line:
    spans: list[Span] = []
    for number, (column, cell, width) in enumerate(zip(columns, cells, widths, strict=True)):
        gap = " " * (column.gap if number else 1)
        blank = " " * (width - display_width(cell))
        padded = gap + (blank + cell if column.align == "right" else cell + blank)
        spans.append(Span(padded, column.tone))
    return tuple(spans)


def _excess(columns: Sequence[Column], widths: Sequence[int], room: int) -> int:
    return 2 + sum(widths) + sum(column.gap for column in columns[1:]) - room


def _least(column: Column, title: str, rows: Sequence[Sequence[str]], k: int) -> int:
    """How narrow a column of names may become and be read, however deep they lie."""
    deepest = max((len(row[k]) - len(row[k].lstrip(" ")) for row in rows), default=0)
    return max(16 + deepest, display_width(title)) if column.name else 0


def _fit(
    columns: Sequence[Column], least: Sequence[int], widths: Sequence[int], room: int
) -> list[int]:
    """Take what is missing from the name columns, widest first, down to a readable minimum."""
    fitted = list(widths)
    excess = _excess(columns, widths, room)
    names = sorted((k for k, c in enumerate(columns) if c.name), key=lambda k: -widths[k])
    for k in names:
        given = max(0, min(excess, fitted[k] - least[k]))
        fitted[k] -= given
        excess -= given
    return fitted
