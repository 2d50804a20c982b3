"""Input sizes: which meet what, what one of them does, and by what step the input may move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..analysis.resizing.reading import CRITERIA
from ..analysis.resizing.shifts import ShiftEquivariance
from ..analysis.resizing.sizes import SizeCheck, Sizes
from ..analysis.resizing.sizeset import SizeSet
from . import values
from .report import Column, Facts, Part, Remark, Report, Show, tabulate

MEANS = {
    "accepted": "the model takes the size",
    "complete": "no position falls off the end of a strided window",
    "even": "every window uses as much padding before as after",
    "aligned": "branches that are joined look at the same place",
    "same": "the output has the input's size over its stride",
}
SHOWN = 3
USUAL = 224
"""From where on sizes are named for an input of a free size."""


@dataclass(frozen=True, slots=True)
class SizeRow:
    """The sizes that meet one criterion along some axes that agree."""

    criterion: str
    axes: tuple[str, ...]
    sizes: SizeSet
    near: tuple[int, ...]  # to the size that was read; from 224 on where it is free
    against: tuple[str, ...]


def size_rows(found: Sizes, named: str) -> list[SizeRow]:
    """A row for every axis, or one for all where they agree."""
    rows: list[SizeRow] = []
    for k, axis in enumerate(found.axes):
        at = found.read_at[k]
        near = found.sets[k].examples(USUAL) if at is None else found.sets[k].around(at)
        row = SizeRow(named, (axis,), found.sets[k], near, found.against[k])
        if rows and (rows[-1].sizes, rows[-1].near) == (row.sizes, row.near):
            row = SizeRow(named, (*rows.pop().axes, axis), row.sizes, row.near, row.against)
        rows.append(row)
    return rows


def sizes_report(
    found: Mapping[str, Sizes], shifts: ShiftEquivariance | None = None, *, title: str = ""
) -> Report:
    """A row for every question in ``found`` (a criterion, or another name) and the basis of all."""
    every = [row for name, sizes in found.items() for row in size_rows(sizes, name)]
    first = next(iter(found.values()))
    parts: list[Part] = [tabulate(_shows(first.axes, None in first.read_at), every)]
    if shifts is not None:
        parts.append(Facts(tuple(_moves(shifts))))
    return Report(
        schema=first.schema,
        title=f"{title} · input sizes" if title else "input sizes",
        parts=tuple(parts),
        notes=tuple(_notes(found, shifts)),
        facts={"model": title, "axes": first.axes, "read_at": first.read_at, "basis": first.basis}
        | (first.as_dict() if len(found) == 1 else {})
        | ({} if shifts is None else {"shift": shifts.as_dict()}),
        records=tuple(
            {
                "question": row.criterion,
                "axis": axis,
                "sizes": str(row.sizes),
                "smallest": row.sizes.smallest,
                "step": row.sizes.step if row.sizes.residues else None,
                "residues": row.sizes.residues,
                "start": row.sizes.start if row.sizes.residues else None,
                "early": row.sizes.early,
                "among": row.sizes.among,
                "against": row.against,
            }
            for row in every
            for axis in row.axes
        ),
    )


def answer_report(found: Sizes) -> Report:
    """One set of sizes by itself."""
    return sizes_report({" and ".join(found.criteria): found})


def shifts_report(found: ShiftEquivariance) -> Report:
    """By how much the input may move, along each axis."""
    title = f"{found.layer}, shifts of {found.wrt}"
    parts = (Facts(tuple(_moves(found))),)
    record = found.as_dict()
    del record["schema"]
    return Report(schema=found.schema, title=title, parts=parts, facts=record, records=(record,))


def check_report(found: SizeCheck, *, title: str = "", near: Sequence[str] = ()) -> Report:
    """The verdict on one size, and a line for every finding; ``near``: sizes that are taken."""
    size = values.axes(found.sizes, str)
    called = f"{title} · input of {size}" if title else f"input of {size}"
    merged: dict[tuple[str, str, str], list[str]] = {}
    for criterion, finding in found.findings:
        merged.setdefault((criterion, finding.layer, finding.what), []).append(finding.axis)
    rows = [(*key, ", ".join(axes)) for key, axes in merged.items()]
    if found.refused:
        told = " ".join(line.strip() for line in found.refused.splitlines())
        verdict = Remark(f"refused: {told}", good=False)
    elif found.findings:
        count = f"{len(rows)} finding" + "s" * (len(rows) > 1)
        verdict = Remark(f"accepted, {count}", good=False)
    else:
        verdict = Remark("accepted; nothing is dropped, padded unevenly or misaligned")
    pairs: list[tuple[str, str]] = []
    if not found.refused:
        pairs.append(("output", values.axes(found.output, str) if found.output else "no positions"))
        ends = [None if pair is None else f"{pair[0]:g} to {pair[1]:g}" for pair in found.centers]
        if ends and all(ends):
            edges = values.axes([n - 1 for n in found.sizes], str)
            pairs.append(
                ("centers", f"{values.axes([e or '' for e in ends], str)}, input 0 to {edges}")
            )
    parts: list[Part] = [verdict, Facts(tuple(pairs))] if pairs else [verdict]
    if rows:
        parts.append(tabulate(_FINDINGS, rows))
    return Report(
        schema=found.schema,
        title=called,
        parts=tuple(parts),
        notes=(
            *near,
            *(f"not {n}: {_OPPOSITE[n]}" for n in CRITERIA if any(r[0] == n for r in rows)),
        ),
        facts={"model": title} | found.as_dict(),
        records=tuple(
            {"criterion": name, "layer": f.layer, "axis": f.axis, "what": f.what}
            for name, f in found.findings
        ),
    )  # fmt: skip


def _moves(shifts: ShiftEquivariance) -> Iterator[tuple[str, str]]:
    lines = [
        f"nothing: {why}" if step is None
        else f"{step}; the output does not change" if moved is None
        else f"{step}; the output moves by {moved}"
        for step, moved, why in zip(shifts.step, shifts.moves, shifts.why, strict=True)
    ]  # fmt: skip
    if len(set(lines)) == 1:
        yield "the input may move by", lines[0]
    else:
        for axis, line in zip(shifts.axes, lines, strict=True):
            yield f"along {axis} it may move by", line


def _notes(found: Mapping[str, Sizes], shifts: ShiftEquivariance | None) -> Iterator[str]:
    for name in found:
        if name in MEANS:
            yield f"{name}: {MEANS[name]}"
    for sizes in found.values():
        lines = list(dict.fromkeys(_everywhere(sizes)))
        yield from (f"against: {line}" for line in lines[:SHOWN])
        if len(lines) > SHOWN:
            yield f"against: {len(lines) - SHOWN} more layers"
    yield from dict.fromkeys(next(iter(found.values())).basis)
    if shifts is not None and shifts.assumes:
        yield (
            f"moving: provided that {values.global_reads(shifts.assumes)[1:-1]} "
            "does not mind where on the axis things lie"
        )


def _everywhere(sizes: Sizes) -> Iterator[str]:
    """What is against, without the axis where it is the same along all of them."""
    told = [
        [line.replace(f" along {axis}", "") for line in lines]
        for axis, lines in zip(sizes.axes, sizes.against, strict=True)
    ]
    if all(lines == told[0] for lines in told):
        yield from told[0]
    else:
        yield from (line for lines in sizes.against for line in lines)


def _shows(axes: Sequence[str], free: bool) -> list[Show[SizeRow]]:
    return [
        Show(Column("", "left", tone="accent"), lambda row: row.criterion),
        Show(
            Column("along", "left"),
            lambda row: "" if row.axes == tuple(axes) else ", ".join(row.axes),
        ),
        Show(Column("sizes", "left", tone="key"), lambda row: str(row.sizes)),
        Show(
            Column("such as" if free else "nearest", "left", spare=1),
            lambda row: ", ".join(map(str, row.near)) or "–",
        ),
        Show(Column("smallest"), lambda row: str(row.sizes.smallest or "–")),
    ]


_FINDINGS: list[Show[tuple[str, str, str, str]]] = [
    Show(Column("not", "left", tone="accent"), lambda row: row[0]),
    Show(Column("layer", "left", name=True), lambda row: row[1]),
    Show(Column("", "left"), lambda row: row[2]),
    Show(Column("along", "left"), lambda row: row[3]),
]
_OPPOSITE = {
    "complete": "positions fall off the end, because the size does not fit the stride",
    "even": "padding is used more on one side than on the other",
    "aligned": "branches that are joined look at different places",
}
