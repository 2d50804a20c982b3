"""The joins at which branches look at different places, one row per branch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..analysis.geometry.alignment import Alignment
from . import values
from .report import Column, Remark, Report, Show, tabulate

PER_AXIS = frozenset({"stride", "center", "offset"})
MOST_TOLD = 3


@dataclass(frozen=True, slots=True)
class BranchRow:
    """One branch of a misaligned join; the join and its offset stand in the row of the first."""

    join: str
    wrt: str
    axes: tuple[str, ...]
    differing: tuple[str, ...]
    branch: str
    stride: tuple[Fraction | None, ...]
    center: tuple[Fraction | None, ...]
    offset: tuple[Fraction | None, ...]
    note: str
    first: bool


def branch_rows(found: Alignment) -> list[BranchRow]:
    """A row for every branch of every misaligned join."""
    return [
        BranchRow(
            join.layer, join.wrt, join.axes, join.differing, branch.layer,
            branch.stride, branch.center, join.offset, join.note.strip(), number == 0,
        )
        for join in found.joins
        for number, branch in enumerate(join.branches)
    ]  # fmt: skip


def align_report(found: Alignment, *, title: str = "") -> Report:
    """The verdict, and where the answer is bad news the table of misaligned joins."""
    rows = branch_rows(found)
    joins = _count(found.checked, "join")
    if found.aligned:
        verdict = Remark(f"aligned: all branches of {joins} share stride and center")
        if not found.checked:
            verdict = Remark("aligned: no two branches are joined")
    else:
        verdict = Remark(f"not aligned: {len(found.joins)} of {joins}", good=False)
    table = tabulate(_SHOWS, rows)
    return Report(
        schema=found.schema,
        title=f"{title} · alignment" if title else "alignment",
        parts=(verdict, table) if rows else (verdict,),
        notes=(*_told(rows), *_NOTES) if rows else (),
        facts={"model": title} | found.as_dict(),
        records=tuple(_record(row) for row in rows),
        axes=rows[0].axes if rows else (),
        per_axis=PER_AXIS if len({row.axes for row in rows}) == 1 else frozenset(),
    )


def _told(rows: Sequence[BranchRow]) -> Iterator[str]:
    """What is to be said of single joins; of many, of the first."""
    told = {row.join: row.note.strip("()") for row in rows if row.first and row.note}
    for join, note in list(told.items())[:MOST_TOLD]:
        yield f"{join}: {note}"
    if len(told) > MOST_TOLD:
        yield f"… and {len(told) - MOST_TOLD} more; CSV and JSON have all"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")


def _record(row: BranchRow) -> dict[str, object]:
    return {
        "join": row.join,
        "input": row.wrt,
        "differing": row.differing,
        "branch": row.branch,
        "stride": row.stride,
        "center": row.center,
        "offset": row.offset,
        "note": row.note,
    }


def _offset(row: BranchRow) -> str:
    return values.axes(row.offset, lambda o: "strides differ" if o is None else str(o), ", ")


_SHOWS: list[Show[BranchRow]] = [
    Show(Column("join", "left", name=True), lambda row: row.join if row.first else ""),
    Show(Column("branch", "left", name=True), lambda row: row.branch),
    Show(Column("stride S"), lambda row: values.axes(row.stride, values.number)),
    Show(Column("center", spare=1), lambda row: values.position(row.center)),
    Show(Column("offset", tone="accent"), lambda row: _offset(row) if row.first else ""),
    Show(Column("along", "left"), lambda row: ", ".join(row.differing) if row.first else ""),
]
_NOTES = (
    "stride, center, offset in input pixels; "
    "center of output 0 as a 0-based index: the first pixel is 0, not 0.5",
    "offset: of the branch furthest from the first one, at the phase where it is largest",
)
