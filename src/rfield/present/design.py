"""Design help: what layers see of an object, the centres for anchors, the shortest paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from ..analysis.geometry.centers import Centers
from ..analysis.geometry.fits import Fits, LayerFit
from ..analysis.geometry.paths import PathField, PathFields
from . import values
from .report import Column, Facts, Part, Remark, Report, Show, tabulate

PER_AXIS = frozenset({"size", "stride", "context", "outputs"})


def fits_report(
    found: Fits, *, layers: Callable[[str], bool] | None = None, title: str = ""
) -> Report:
    """The last layer of each stride and the first that sees all of the object, or ``layers``."""
    first = found.first
    if layers is None:
        named = (first, found.first_local, found.first_every)
        chosen = [row for row in found.layers if row in found.levels or row in named]
    else:
        chosen = [row for row in found.layers if layers(row.layer)]
    size = values.axes(found.object_size, str)
    if first is None:
        heads = [Remark(f"no layer sees every object of {size} whole", good=False)]
    else:
        heads = [Remark(f"first layer that sees it whole wherever it is: {first.layer}")]
        local, every = found.first_local, found.first_every
        if first.reads_all and first is not local:
            name = "none" if local is None else local.layer
            heads.append(Remark(f"first that does without reading a whole axis: {name}"))
        if every is not None:
            heads.append(Remark(f"first of which every output on it sees all of it: {every.layer}"))
    notes = [
        "sees: whether the object lies inside the field of some output, wherever it is",
        "every: whether each output on it (its center lies there) sees all of it",
        "context: input pixels around it on the tighter side, in the field that holds it best, "
        "where it lies worst",
        "on it: outputs per object, its size / S",
    ]
    if any(row.reads_all for row in chosen):
        notes.append("* also reads whole axes, which size and context leave out")
    return Report(
        schema=found.schema,
        title=f"{title} · what sees an object of {size}" if title else f"an object of {size}",
        parts=(*heads, tabulate(_FITS, chosen)),
        notes=tuple(notes),
        facts={"model": title} | found.as_dict(),
        records=tuple(
            {
                "layer": row.layer,
                "size": row.size,
                "stride": row.stride,
                "sees": row.sees.value,
                "context": row.context,
                "outputs": row.outputs,
                "reads_all": row.reads_all,
                "every": None if row.every is None else row.every.value,
            }
            for row in chosen
        ),
        axes=found.axes,
        per_axis=PER_AXIS,
    )


_FITS: list[Show[LayerFit]] = [
    Show(Column("layer", "left", name=True), lambda row: row.layer),
    Show(Column("size r"), lambda row: values.axes(row.size, str)),
    Show(
        Column("", "left", gap=0, tone="accent"),
        lambda row: values.MARK_GLOBAL if row.reads_all else "",
    ),
    Show(Column("stride S"), lambda row: values.numbers(row.stride, row.size)),
    Show(Column("sees it", "left", tone="key"), lambda row: row.sees.value),
    Show(Column("every", "left"), lambda row: "?" if row.every is None else row.every.value),
    Show(
        Column("context"),
        lambda row: "–" if None in row.context else values.axes(row.context, values.number),
    ),
    Show(Column("on it", spare=1), lambda row: values.axes(row.outputs, _decimal)),
]


def _decimal(value: Fraction | None) -> str:
    return "?" if value is None else f"{float(value):.3g}"


@dataclass(frozen=True, slots=True)
class CenterRow:
    """The grid along one axis."""

    axis: str
    stride: Fraction | None
    offset: Fraction | None
    half_step: Fraction | None
    multiples: Fraction | None
    count: int | None
    last: Fraction | None
    phases: int


def center_rows(found: Centers) -> list[CenterRow]:
    """A row per axis."""
    apart = len(found.shape) == len(found.axes)
    rows: list[CenterRow] = []
    for k, axis in enumerate(found.axes):
        count = found.shape[k] if apart else None
        offset, stride = found.offset[k], found.stride[k]
        if count is None or offset is None or stride is None:
            last = None
        else:
            last = offset + stride * (count - 1)
        rows.append(
            CenterRow(
                axis, stride, offset, found.to_half_step[k], found.to_multiples[k],
                count, last, len(found.phases[k]),
            )
        )  # fmt: skip
    return rows


def centers_report(found: Centers, *, title: str = "") -> Report:
    """Stride and offset per axis, and how far the usual conventions are off."""
    rows = center_rows(found)
    whys = [f"?: {why}" for why in dict.fromkeys(found.why) if why]
    called = f"{title} · {found.layer}" if title else found.layer
    many = [f"{row.axis}: {row.phases} phases" for row in rows if row.phases > 1]
    return Report(
        schema=found.schema,
        title=f"{called}, centers of its outputs in {found.wrt}",
        parts=(tabulate(_CENTERS, rows),),
        notes=(
            "center of output i: offset + S·i, a 0-based index: the first pixel is 0, not 0.5",
            "true − (i + ½)·S, true − i·S: from the center that a grid counted from the edge of "
            "the first pixel would give",
            *([f"offset: of the mean over the phases ({', '.join(many)})"] if many else []),
            *whys,
        ),
        facts={"model": title} | found.as_dict(),
        records=tuple(
            {
                "axis": row.axis,
                "outputs": row.count,
                "stride": row.stride,
                "offset": row.offset,
                "last": row.last,
                "to_half_step": row.half_step,
                "to_multiples": row.multiples,
                "why": found.why[k],
            }
            for k, row in enumerate(rows)
        ),
    )


_CENTERS: list[Show[CenterRow]] = [
    Show(Column("axis", "left"), lambda row: row.axis),
    Show(Column("outputs"), lambda row: "?" if row.count is None else str(row.count)),
    Show(Column("stride S"), lambda row: values.number(row.stride)),
    Show(Column("offset", tone="key"), lambda row: values.number(row.offset)),
    Show(Column("last"), lambda row: values.number(row.last)),
    Show(Column("true − (i + ½)·S", tone="accent"), lambda row: values.number(row.half_step)),
    Show(Column("true − i·S", tone="accent"), lambda row: values.number(row.multiples)),
]


def paths_report(
    found: PathFields, size: tuple[int, ...] | None = None, *, title: str = ""
) -> Report:
    """The layers that widen the field with their extremes, and which of them are unproductive."""
    chosen = size if size is not None else _known(found.input_size)
    useless = found.unproductive(chosen) if chosen else ()
    parts: list[Part] = []
    if chosen:
        shown = values.axes(chosen, str)
        parts.append(
            Remark(
                f"at {shown} every layer is productive"
                if not useless
                else f"at {shown} {len(useless)} of {len(found.layers)} layers are unproductive, "
                f"from {useless[0]}",
                good=not useless,
            )
        )
    pairs = [f"{low} to {high}" for low, high in found.feasible]
    parts.append(Facts((("feasible sizes", values.axes(pairs, str, ", ")),)))
    parts.append(tabulate(_paths(frozenset(useless)), found.layers))
    return Report(
        schema=found.schema,
        title=f"{title} · shortest and longest paths" if title else "shortest and longest paths",
        parts=tuple(parts),
        notes=tuple(_path_notes(bool(useless), not found.idle.isdisjoint(useless))),
        facts={"model": title} | found.as_dict() | {"size": chosen, "unproductive": useless},
        records=tuple(
            {
                "layer": row.layer,
                "op": row.op,
                "reads": row.before,
                "smallest": row.smallest,
                "largest": row.largest,
                "unproductive": row.layer in useless,
            }
            for row in found.layers
        ),
        axes=found.axes,
        per_axis=frozenset({"reads", "smallest", "largest"}),
    )  # fmt: skip


def _known(sizes: tuple[int | None, ...]) -> tuple[int, ...]:
    known = tuple(n for n in sizes if n is not None)
    return known if len(known) == len(sizes) else ()


def _path_notes(useless: bool, idle: bool) -> Iterator[str]:
    yield "reads: size on the shortest path to what the layer reads, in input pixels"
    yield "smallest, largest: size on the shortest and on the longest path to its output"
    yield "feasible: every layer is productive, and one output of the last can span the image"
    if useless:
        yield "unproductive: what it reads exceeds the image on every path (Richter et al. 2021)"
        if idle:
            yield "or all of its taps but one fall outside what it reads"


def _paths(useless: frozenset[str]) -> list[Show[PathField]]:
    return [
        Show(Column("layer", "left", name=True), lambda row: row.layer),
        Show(Column("op", "left", tone="quiet"), lambda row: row.op),
        Show(Column("reads", tone="key"), lambda row: values.axes(row.before, str)),
        Show(Column("smallest"), lambda row: values.axes(row.smallest, str)),
        Show(Column("largest"), lambda row: values.axes(row.largest, str)),
        Show(
            Column("", "left", tone="accent"),
            lambda row: "unproductive" if row.layer in useless else "",
        ),
    ]
