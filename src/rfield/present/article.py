"""The article's table: the networks' last (or all) end points, computed from their graphs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..analysis.cost import cost
from ..analysis.geometry.fields import Fields, choose_source
from ..analysis.results import Size
from ..core.graph import Graph
from . import values
from .columns import global_note, show_global, show_size
from .report import Column, Report, Show, tabulate
from .rows import Padding, local_size, reasons
from .summary import resized

PER_AXIS = frozenset({"size", "stride", "padding"})
SIZES_SHOWN = (224, 299, 321)
"""Input sizes at which a padding that depends on the size is shown."""


@dataclass(frozen=True, slots=True)
class ArticleRow:
    """One end point of one network at one input resolution (None: at every resolution)."""

    network: str
    end_point: str
    resolution: int | None
    size: tuple[Size, ...]
    local: tuple[int, ...]
    stride: tuple[Fraction | None, ...]
    padding: Padding
    flops: int | None
    global_reads: tuple[str, ...] = ()
    why: str = ""
    padding_at: Mapping[int, Padding] | None = None


def article_rows(
    network: str, graph: Graph, end_points: Sequence[str], resolution: int | None
) -> list[ArticleRow]:
    """The rows of one network; with a free resolution also the padding at some sizes."""
    found = Fields(graph, choose_source(graph, None, None))
    again = {n: resized(graph, n) for n in (SIZES_SHOWN if resolution is None else ())}
    at = {n: g and Fields(g, choose_source(g, None, None)) for n, g in again.items()}
    none = (None,) * len(found.axes)
    rows: list[ArticleRow] = []
    for end_point in end_points:
        field = found[end_point]
        rows.append(
            ArticleRow(
                network=network,
                end_point=end_point,
                resolution=resolution,
                size=field.size,
                local=local_size(field),
                stride=field.local.stride,
                padding=field.local.padding,
                flops=None if resolution is None else cost(graph, end_point).flops,
                global_reads=field.global_reads,
                why=reasons(field),
                padding_at={n: f[end_point].local.padding if f else none for n, f in at.items()}
                or None,
            )
        )
    return rows


def article_report(
    rows: Sequence[ArticleRow], resolution: int | None, axes: Sequence[str], *, every: bool = False
) -> Report:
    """The table. ``every``: rows are all end points; a network is named in its first row only."""
    where = f"at {resolution}×{resolution}" if resolution else "at any input size"
    what = "All end points" if every else "Receptive fields of the article's networks"
    sizes = SIZES_SHOWN if resolution is None else ()
    firsts = {row.network: row.end_point for row in reversed(rows)}

    def named(row: ArticleRow) -> str:
        return row.network if not every or firsts[row.network] == row.end_point else ""

    shows: list[Show[ArticleRow]] = [
        Show(Column("network", "left", name=True), named),
        Show(Column("end point", "left", name=True), lambda row: row.end_point),
        Show(Column("size r", tone="key"), lambda row: show_size(row.size, row.local)),
        Show(Column("", "left", gap=0, tone="accent"), lambda row: show_global(row.size)),
        Show(Column("stride S"), lambda row: values.axes(row.stride, values.number)),
        Show(Column("padding P"), lambda row: values.axes(row.padding, values.number)),
        *(Show(Column(f"P at {n}"), lambda row, n=n: _padding_at(row, n)) for n in sizes),
        Show(
            Column("GFLOPs", tone="quiet"),
            lambda row: "" if row.flops is None else values.giga(row.flops),
        ),
    ]
    return Report(
        schema="rfield.article/1",
        title=f"{what} {where}",
        parts=(tabulate(shows, rows),),
        notes=(values.UNITS, *_global(rows), *_notes(rows, resolution)),
        facts={"resolution": resolution, "source": "doi:10.23915/distill.00021"},
        records=tuple(_record(row) for row in rows),
        axes=tuple(axes),
        per_axis=PER_AXIS | {f"padding_at_{n}" for n in sizes},
    )


def _padding_at(row: ArticleRow, size: int) -> str:
    return values.axes((row.padding_at or {})[size], values.number)


def _global(rows: Sequence[ArticleRow]) -> list[str]:
    reads = dict.fromkeys(name for row in rows for name in row.global_reads)
    return [global_note(tuple(reads))] if reads else []


def _notes(rows: Sequence[ArticleRow], resolution: int | None) -> list[str]:
    networks = list(dict.fromkeys(row.network for row in rows))
    if resolution is not None:
        return ["GFLOPs: 2 per multiply-add, 1 per bias add and per element of a pooling window"]
    moving = list(dict.fromkeys(row.network for row in rows if None in row.padding))
    if not moving:
        return []
    return [
        f"?: P depends on the input size in {len(moving)} of {len(networks)} networks: "
        "SAME padding with a stride pads by the size modulo the stride",
        "a published P of these networks holds at its own input size only",
    ]


def _record(row: ArticleRow) -> dict[str, object]:
    return {
        "network": row.network,
        "end_point": row.end_point,
        "resolution": row.resolution,
        "size": row.size,
        "stride": row.stride,
        "padding": row.padding,
        **{f"padding_at_{n}": padding for n, padding in (row.padding_at or {}).items()},
        "flops": row.flops,
        "why": row.why,
    }
