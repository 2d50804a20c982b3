"""A chain of layers, row by row: what was written, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from ..analysis.geometry.fields import receptive_fields
from ..core.graph import Graph
from . import values
from .report import Column, Report, Show, tabulate
from .rows import center_of_first, reasons

PER_AXIS = frozenset({"output", "size", "stride", "padding", "center"})


class Written(Protocol):
    """What the report shows of a layer as it was written."""

    @property
    def name(self) -> str:
        """The layer's name."""
        ...

    @property
    def kind(self) -> str:
        """What it computes."""
        ...

    @property
    def kernel(self) -> tuple[int, ...]:
        """Kernel, or factor of an up-sampling."""
        ...

    @property
    def stride(self) -> tuple[int, ...]:
        """Stride."""
        ...

    @property
    def padding(self) -> str | tuple[tuple[int, int], ...]:
        """Padding before and after, or a word."""
        ...

    @property
    def dilation(self) -> tuple[int, ...]:
        """Dilation."""
        ...


@dataclass(frozen=True, slots=True)
class ChainRow:
    """One layer: ``kernel`` to ``dilation`` as written, the rest is the field in the input."""

    layer: str
    op: str
    kernel: str
    step: str
    pad: str
    dilation: str
    output: tuple[int | None, ...]
    size: tuple[int, ...]
    stride: tuple[Fraction | None, ...]
    padding: tuple[int | None, ...]
    center: tuple[Fraction | None, ...]
    why: str = ""


def chain_rows(graph: Graph, layers: Sequence[Written]) -> list[ChainRow]:
    """The rows of a chain: its input, then layer after layer."""
    fields = receptive_fields(graph)
    entry = graph.inputs_[0]
    count = len(entry.axes)
    shape = graph.shape(entry.node)
    start = tuple(shape[axis] for axis in entry.axes)
    one, zero = (Fraction(1),) * count, (0,) * count
    rows = [
        ChainRow(
            entry.name, "", "", "", "", "", start, (1,) * count, one, zero, (Fraction(0),) * count
        )
    ]
    for layer in layers:
        field = fields[layer.name]
        up = layer.kind in ("nearest", "bilinear")
        rows.append(
            ChainRow(
                layer=layer.name,
                op=layer.kind,
                kernel=("×" if up else "") + values.axes(layer.kernel, str),
                step="" if up else values.axes(layer.stride, str),
                pad="" if up else _padding(layer.padding),
                dilation="" if up else values.axes(layer.dilation, str),
                output=tuple(field.output_shape[axis] for axis in entry.axes),
                size=field.largest,
                stride=field.stride,
                padding=field.padding,
                center=center_of_first(field),
                why=reasons(field),
            )
        )
    return rows


def chain_report(rows: Sequence[ChainRow], axes: Sequence[str], *, title: str = "") -> Report:
    """The table of a chain: left what was written, right the field of each layer in the input."""
    known = any(size is not None for row in rows for size in row.output)
    return Report(
        schema="rfield.chain/1",
        title=title,
        parts=(tabulate(_SHOWS if known else _SIZE_FREE, rows),),
        notes=(values.UNITS, values.CENTER, *values.grouped(row.why for row in rows if row.why)),
        facts={"chain": title},
        records=tuple(_record(row) for row in rows),
        axes=tuple(axes),
        per_axis=PER_AXIS,
    )


def _padding(padding: str | tuple[tuple[int, int], ...]) -> str:
    if isinstance(padding, str):
        return padding
    return values.axes(padding, lambda p: str(p[0]) if p[0] == p[1] else f"{p[0]},{p[1]}")


def _record(row: ChainRow) -> dict[str, object]:
    return {
        "layer": row.layer,
        "op": row.op,
        "kernel": row.kernel,
        "layer_stride": row.step,
        "layer_padding": row.pad,
        "dilation": row.dilation,
        "output": row.output,
        "size": row.size,
        "stride": row.stride,
        "padding": row.padding,
        "center": row.center,
        "why": row.why,
    }


_WRITTEN: list[Show[ChainRow]] = [
    Show(Column("layer", "left", name=True), lambda row: row.layer),
    Show(Column("op", "left"), lambda row: row.op),
    Show(Column("kernel"), lambda row: row.kernel),
    Show(Column("stride"), lambda row: row.step),
    Show(Column("padding"), lambda row: row.pad),
    Show(Column("dilation"), lambda row: row.dilation),
]
_FIELD: list[Show[ChainRow]] = [
    Show(Column("size r", gap=4, tone="key"), lambda row: values.axes(row.size, str)),
    Show(Column("stride S"), lambda row: values.axes(row.stride, values.number)),
    Show(Column("padding P"), lambda row: values.axes(row.padding, values.number)),
    Show(Column("center"), lambda row: values.position(row.center)),
]
_OUTPUT: Show[ChainRow] = Show(Column("output"), lambda row: values.shape(row.output))
_SIZE_FREE = [*_WRITTEN, *_FIELD]
_SHOWS = [*_WRITTEN, _OUTPUT, *_FIELD]
