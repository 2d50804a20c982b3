"""What a survey came to, as a report: how many, why not, and which models took longest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..present.report import Column, Facts, Part, Report, Show, tabulate
from .columns import MEASURED, flat

SLOWEST = 10
FAILED = 20
REASON = 44
"""Letters of a reason: beside a name and a state they fit into 80 columns."""


class Effort(NamedTuple):
    """What was done for an answer: how many models were measured, in how long, by how many."""

    measured: int = 0
    seconds: float = 0.0
    workers: int = 1


NOTHING_DONE = Effort()


def survey_report(path: str, rows: Sequence[Mapping[str, Any]], effort: Effort) -> Report:
    """The tally, what could not be read, and the slowest models."""
    parts: list[Part] = [Facts(tuple(_tally(rows, effort)))]
    unread = [row for row in rows if row["state"] != "read"]
    if unread:
        parts.append(tabulate(_FAILURES, unread[:FAILED]))
    if effort.measured:
        slowest = sorted(rows, key=_seconds, reverse=True)[:SLOWEST]
        parts.append(tabulate(_SLOW, slowest))
    else:
        parts.append(tabulate(_SHOWN, rows[:FAILED]))
    notes: list[str] = []
    if len(unread) > FAILED:
        notes.append(f"{len(unread) - FAILED} more could not be read: --format csv has all rows")
    if not effort.measured and len(rows) > FAILED:
        notes.append(f"{len(rows) - FAILED} more models: --format csv has all rows")
    return Report(
        schema="rfield.survey/1",
        title=f"survey · {path}",
        parts=tuple(parts),
        notes=tuple(notes),
        facts={"models": len(rows), "unread": len(unread), "measured": effort.measured},
        records=tuple(
            {name: value for name, value in row.items() if name not in MEASURED}
            for row in flat(rows)
        ),
    )


def _tally(rows: Sequence[Mapping[str, Any]], effort: Effort) -> list[tuple[str, str]]:
    states = Counter(str(row["state"]) for row in rows)
    told = ", ".join(f"{count:,} {state}" for state, count in states.most_common())
    pairs = [("models", f"{len(rows):,}: {told}" if rows else "0")]
    if effort.measured:
        rate = effort.measured / effort.seconds if effort.seconds else 0
        spent = f"{effort.measured:,} in {effort.seconds:.0f} s, {rate:.1f} a second"
        pairs.append(("measured now", f"{spent}, {effort.workers} at a time"))
    reading, fields = (sum(row.get(name) or 0 for row in rows) for name in _TIMES)
    pairs.append(("processor time", f"reading {reading:.0f} s, all columns {fields:.0f} s"))
    peak = max(rows, key=lambda row: row.get("peak_megabytes") or 0, default=None)
    if peak is not None:
        pairs.append(("peak memory", f"{peak.get('peak_megabytes') or 0:,} MB, {peak['spec']}"))
    return pairs


_TIMES = ("read_seconds", "field_seconds")


def _seconds(row: Mapping[str, Any]) -> float:
    return sum(row.get(name) or 0 for name in _TIMES)


def _cell(name: str, form: str = "{}") -> Any:  # noqa: ANN401  # a function of a row
    def cell(row: Mapping[str, Any]) -> str:
        value = row.get(name)
        return "" if value is None else form.format(value)

    return cell


def _axes(name: str) -> Any:  # noqa: ANN401  # a function of a row
    def cell(row: Mapping[str, Any]) -> str:
        values: Sequence[object] = row.get(name) or ()
        shown = ["?" if value is None else str(value) for value in values]
        return shown[0] if len(set(shown)) == 1 else "x".join(shown)

    return cell


def _reason(row: Mapping[str, Any]) -> str:
    line = str(row.get("error") or "").partition("\n")[0]
    return line if len(line) <= REASON else f"{line[: REASON - 1]}…"


_NAME = Show(Column("model", "left", name=True), _cell("spec"))
_FAILURES = [
    Show(Column("not read", "left", name=True), _cell("spec")),
    Show(Column("state", "left"), _cell("state")),
    Show(Column("why", "left"), _reason),
]
_SLOW = [
    Show(Column("slowest", "left", name=True), _cell("spec")),
    Show(Column("read s"), _cell("read_seconds", "{:.1f}")),
    Show(Column("columns s"), _cell("field_seconds", "{:.1f}")),
    Show(Column("values"), _cell("values", "{:,}")),
    Show(Column("global", tone="quiet"), _cell("global_layers")),
    Show(Column("MB"), _cell("peak_megabytes", "{:,}")),
]


def _other_size(row: Mapping[str, Any]) -> str:
    return "" if row["at"] == "native" else str(row["at"])


_SHOWN = [
    _NAME,
    Show(Column("input"), _axes("input")),
    Show(Column("size r", tone="key"), _axes("size")),
    Show(Column("stride S"), _axes("stride")),
    Show(Column("padding P"), _axes("padding")),
    Show(Column("global"), _cell("global_layers")),
    Show(Column("at", "left", tone="quiet"), _other_size),
]
