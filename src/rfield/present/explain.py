"""Why a field is this large, global or misaligned: the paths, with what every layer adds."""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis.geometry.explain import Explanation, JoinExplanation
from ..analysis.geometry.sides import SHOWN, Side, Step
from . import values
from .report import Column, Facts, Part, Remark, Report, Show, tabulate


def explain_report(found: Explanation, *, title: str = "") -> Report:
    """A table for each path that attains a side, then whole-axis reads and misaligned joins."""
    pairs = [("axes", ", ".join(found.axes)), ("size r", values.axes(found.size, str))]
    if any(map(values.is_unbounded, found.size)):
        pairs.append(("local size", values.axes(found.local_size, str)))
    pairs.append(("fidelity", found.fidelity.value))
    parts: list[Part] = [Facts(tuple(pairs))]
    for side, axes in found.shared_sides():
        parts += _side(side, ", ".join(axes))
    if found.whole_reads:
        parts.append(Remark(f"global: {len(found.whole_reads)} × a whole axis is read", good=False))
        rows = [(w.layer, w.op, ", ".join(w.axes)) for w in found.whole_reads[:SHOWN]]
        if len(found.whole_reads) > SHOWN:
            rows.append((f"{len(found.whole_reads) - SHOWN} more", "", ""))
        parts.append(tabulate(_WHOLE, rows))
    for join in found.joins:
        parts += _join(join)
    called = f"{title} · " if title else ""
    return Report(
        schema=found.schema,
        title=f"{called}{found.layer}, why its field in {found.wrt} is what it is",
        parts=tuple(parts),
        notes=tuple(_notes(found)),
        facts={"model": title} | found.as_dict(),
        records=tuple(_record(side, step) for side in found.sides for step in side.steps),
        axes=found.axes,
    )


def _side(side: Side, axes: str) -> list[Part]:
    adding = [step for step in side.steps if step.adds]
    largest = sorted(adding, key=lambda step: -abs(step.adds))[:SHOWN]
    shown = [step for step in adding if step in largest][:SHOWN]
    reads = "from" if side.side == "first" else "to"
    head = (
        f"{side.side} side along {axes}: {side.total} over {len(side.steps)} layers; "
        f"output {values.index(side.index)} lies at {side.origin} and reads {reads} {side.bound}"
    )
    if not shown:
        return [Remark(head)]
    rows = [(values.number(step.adds), step.layer, step.op) for step in shown]
    rest = side.total - sum(step.adds for step in shown)
    if len(adding) > len(shown):
        rows.append((values.number(rest), f"{len(adding) - len(shown)} more", ""))
    return [Remark(head), tabulate(_STEPS, rows)]


def _join(found: JoinExplanation) -> list[Part]:
    join = found.join
    pairs = [
        (
            branch.layer,
            f"stride {values.axes(branch.stride, values.number)}, "
            f"center {values.position(branch.center)}",
        )
        for branch in join.branches
    ]
    pairs += [("to align them", str(remedy)) for remedy in found.remedies]
    if found.reason:
        pairs.append(("not by padding", found.reason))
    head = f"misaligned: {join.layer}, along {', '.join(join.differing)}"
    return [Remark(head, good=False), Facts(tuple(pairs))]


def _record(side: Side, step: Step) -> dict[str, object]:
    return {
        "axis": side.axis,
        "side": side.side,
        "layer": step.layer,
        "op": step.op,
        "adds": step.adds,
    }


def _notes(found: Explanation) -> Sequence[str]:
    adds = (
        "adds: input pixels by which the layer moves that side outwards; first and last: the sides"
    )
    return [adds, *found.notes] if found.sides else found.notes


_STEPS: list[Show[tuple[str, str, str]]] = [
    Show(Column("adds", tone="key"), lambda row: row[0]),
    Show(Column("layer", "left", name=True), lambda row: row[1]),
    Show(Column("op", "left", tone="quiet"), lambda row: row[2]),
]
_WHOLE: list[Show[tuple[str, str, str]]] = [
    Show(Column("layer", "left", name=True), lambda row: row[0]),
    Show(Column("op", "left", tone="quiet"), lambda row: row[1]),
    Show(Column("axes", "left"), lambda row: row[2]),
]
