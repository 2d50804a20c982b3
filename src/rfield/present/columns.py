"""The columns of the summary, those that are asked for by name, and what stands underneath."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import cast

from ..analysis.cost import Cost, cost, short
from ..analysis.geometry.field import ReceptiveField
from ..analysis.geometry.windows import window_of
from ..analysis.results import Size
from ..core.graph import Graph
from ..errors import unknown_name
from . import values
from .report import Column, Show
from .rows import SummaryRow

WINDOW = {"kernel": "kernel", "step": "step", "dilation": "dilation"}
COSTS = {"params": "parameters", "macs": "macs"}
COLUMNS = (*WINDOW, *COSTS)
"""What can be asked for besides."""


class More:
    """The columns that were asked for, of any layer.

    Raises:
        UnknownNameError: there is no such column.
        UnresolvedSizeError: costs are asked for where a size is free.
    """

    def __init__(self, graph: Graph, names: Iterable[str]) -> None:
        self.names = tuple(names)
        for name in self.names:
            if name not in COLUMNS:
                raise unknown_name("column", name, COLUMNS)
        self.graph = graph
        self.costs = cost(graph) if any(name in COSTS for name in self.names) else None

    def of(self, field: ReceptiveField) -> Mapping[str, object] | None:
        """By name; None where a layer has no such thing."""
        if not self.names:
            return None
        own = self.graph.layer_of(field.value) == field.layer  # not that of a layer inside
        window = window_of(self.graph.nodes[field.value], field.positions) if own else None
        found: dict[str, object] = {}
        for name in self.names:
            if name in WINDOW:
                found[name] = None if window is None else getattr(window, WINDOW[name])
            elif self.costs is not None:
                found[name] = _within(self.costs, field.layer, COSTS[name])
        return found

    def total(self) -> str:
        """One line on the whole, where costs were asked for."""
        whole = self.costs
        return "" if whole is None else (
            f"all layers: {whole.parameters:,} parameters, {whole.macs:,} multiply-adds"
        )  # fmt: skip


def _within(whole: Cost, layer: str, name: str) -> int:
    """What a layer costs, with all that lies in it."""
    inside = (f"{layer}.", f"{layer}/")
    parts = (c for n, c in whole.layers.items() if n == layer or n.startswith(inside))
    return sum(getattr(part, name) for part in parts)


def show_size(size: Sequence[Size], local: Sequence[int]) -> str:
    """``483``; the local number where a whole axis is read, ``global`` where nothing else is."""
    if any(map(values.is_unbounded, size)) and not any(local):
        return "global"
    return values.axes(local, str)


def show_global(size: Sequence[Size]) -> str:
    """The mark of a field that reads a whole axis."""
    return values.MARK_GLOBAL if any(map(values.is_unbounded, size)) else ""


def global_note(reads: Sequence[str]) -> str:
    """What the mark says, with the layers that read a whole axis."""
    return f"{values.MARK_GLOBAL} {values.GLOBAL} {values.global_reads(reads)}".rstrip()


def shows(at: Sequence[int], more: Sequence[str], first: str | None) -> list[Show[SummaryRow]]:
    """All columns; ``at``: input sizes; ``more``: those that were asked for."""
    asked = 3 if more else 0  # what was asked for goes before what is there by default
    return [
        Show(Column("layer", "left", name=True), lambda row: row.layer),
        Show(Column("op", "left", tone="quiet", spare=3 + asked), lambda row: row.op),
        Show(
            Column("output", "left", tone="quiet", spare=1 + asked),
            lambda row: values.shape(row.shape),
        ),
        Show(Column("size r", tone="key"), lambda row: show_size(row.size, row.local)),
        Show(Column("", "left", gap=0, tone="accent"), lambda row: show_global(row.size)),
        Show(
            Column("stride S", spare=asked and 1),
            lambda row: values.numbers(row.stride, row.local),
        ),
        Show(
            Column("padding P", spare=asked and 2),
            lambda row: values.numbers(row.padding, row.local),
        ),
        *(
            Show(Column(f"P at {size}"), lambda row, size=size: _padding_at(row, size))
            for size in at
        ),
        Show(Column("center", spare=2 + asked), _center),
        *(Show(Column(name), lambda row, name=name: _more(row, name)) for name in more),
        Show(Column("sees %", spare=asked), _sees),
        Show(
            Column("", "left", gap=0, tone="accent"),
            lambda row: values.MARK_LARGE if row.layer == first else "",
        ),
    ]


def _center(row: SummaryRow) -> str:
    return values.position(row.center) if any(row.local) else "–"


def _sees(row: SummaryRow) -> str:
    known = any(share is not None for share in row.share)
    return values.axes(row.share, values.percent) if known else ""


def _padding_at(row: SummaryRow, size: int) -> str:
    return values.numbers((row.padding_at or {})[size], row.local)


def _more(row: SummaryRow, name: str) -> str:
    value = (row.more or {}).get(name)
    if isinstance(value, tuple):
        return values.axes(cast("tuple[int | Fraction | None, ...]", value), values.number)
    if value is None:
        return ""
    return short(cast("int", value)).rstrip() if name == "macs" else f"{value:,}"


def notes(
    rows: Sequence[SummaryRow], shown: Sequence[SummaryRow], first: str | None
) -> Iterable[str]:
    """What stands under the table."""
    yield values.UNITS
    yield values.CENTER
    if any(share is not None for row in rows for share in row.share):
        yield values.SEES
    reads = dict.fromkeys(name for row in shown for name in row.global_reads)
    if any(map(values.is_unbounded, (size for row in shown for size in row.size))):
        yield global_note(tuple(reads))
    if first is not None:
        yield f"{values.MARK_LARGE} the first field larger than the input: {first}"
    bounds = [row.layer for row in rows if row.fidelity != "exact"]
    if bounds:
        layers = f"{len(bounds)} of {len(rows)} layers, from {bounds[0]}"
        yield f"upper bound, not exact: {layers}"
    yield from values.grouped(row.why for row in rows if row.why and any(row.local))
