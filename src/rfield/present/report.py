"""The report tree: what all forms (text, Markdown, CSV, JSON) are written from.

A report is a title, parts and notes. Parts hold finished cells (text that people read); ``records``
hold the same facts as plain values (what programs read). The tree knows no output form, and a form
knows no question: nothing here has heard of receptive fields.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, Literal, TypeVar

Align = Literal["left", "right"]
Record = Mapping[str, object]
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Column:
    """How one column is headed and set.

    ``name`` columns hold names that a user chose: a narrow terminal may shorten them, and Markdown
    sets them as code. ``gap`` is the number of blanks before the column. ``tone`` is the part that
    the column plays: the answer itself (key), an exception (accent), context (quiet). ``spare``:
    a narrow terminal may leave the column out, those with the highest number first.
    """

    title: str
    align: Align = "right"
    name: bool = False
    gap: int = 2
    tone: Literal["plain", "key", "accent", "quiet"] = "plain"
    spare: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows of cells."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """A table of rows that lie in each other, each before what lies in it.

    ``levels``: in how many of the others a row lies. ``closed``: whether it is out of sight until
    somebody opens what it lies in; forms in which nothing can be opened leave it out.
    """

    table: Table
    levels: tuple[int, ...]
    closed: tuple[bool, ...]

    @property
    def outer(self) -> Tree:
        """What is in sight."""
        kept = [k for k, closed in enumerate(self.closed) if not closed]
        rows = tuple(self.table.rows[k] for k in kept)
        levels = tuple(self.levels[k] for k in kept)
        return Tree(filled(self.table.columns, rows), levels, (False,) * len(kept))


@dataclass(frozen=True, slots=True)
class Facts:
    """Labelled values, one a line."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """A line of text between other parts, for example the verdict of a check."""

    text: str
    good: bool = True


@dataclass(frozen=True, slots=True)
class Picture:
    """Lines of equal characters that are looked at rather than read, such as a mask."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """A number along the rows, and levels to hold it against; only pages draw it."""

    values: tuple[float, ...]
    levels: tuple[float, ...]
    caption: str


Flat = Table | Facts | Remark | Picture
Part = Flat | Tree | Curve


@dataclass(frozen=True, slots=True)
class Report:
    """One answer, ready to be written in any form.

    ``schema``: the name and version under which programs can rely on ``facts`` (values of the
    whole report) and ``records`` (one mapping per row). ``per_axis`` lists the record fields that
    hold one value per axis, and ``axes`` names those axes: plain columns (CSV, DataFrame) are one
    per field and axis.
    ``hint``: how to see the rows that are out of sight, where they cannot be opened.
    """

    schema: str
    title: str
    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()
    facts: Record = field(default_factory=dict[str, object])
    records: Collection[Record] = ()
    axes: tuple[str, ...] = ()
    per_axis: frozenset[str] = frozenset()
    hint: str = ""

    @property
    def in_sight(self) -> tuple[Flat, ...]:
        """The parts without what would have to be opened or drawn."""
        parts = (part for part in self.parts if not isinstance(part, Curve))
        return tuple(part.outer.table if isinstance(part, Tree) else part for part in parts)

    @property
    def said(self) -> tuple[str, ...]:
        """The notes, and the hint in front of them."""
        return (self.hint, *self.notes) if self.hint else self.notes

    def resting_on(self, premises: tuple[str, ...]) -> Report:
        """The report of an answer with what that rests on, once."""
        new = tuple(text for text in premises if text not in self.notes)
        facts = {**self.facts, "premises": list(premises)} if premises else self.facts
        return replace(self, notes=(*new, *self.notes), facts=facts)


@dataclass(frozen=True, slots=True)
class Show(Generic[Row]):
    """A column together with how its cell is made from a row."""

    column: Column
    cell: Callable[[Row], str]


def tabulate(shows: Iterable[Show[Row]], rows: Iterable[Row]) -> Table:
    """A table with one line per row; columns that are empty in every row are left out."""
    rows, shows = list(rows), list(shows)
    columns = [show.column for show in shows]
    return filled(columns, tuple(tuple(show.cell(row) for show in shows) for row in rows))


def filled(columns: Sequence[Column], rows: tuple[tuple[str, ...], ...]) -> Table:
    """A table without the columns that are empty in every row."""
    kept = [k for k in range(len(columns)) if not rows or any(row[k] for row in rows)]
    cells = tuple(tuple(row[k] for k in kept) for row in rows)
    return Table(tuple(columns[k] for k in kept), cells)
