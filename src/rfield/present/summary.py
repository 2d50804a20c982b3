"""One row per layer: what it reads of the input, and how much of the input that is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import isfinite
from typing import Any, Literal, overload

from ..analysis.answer import Answer
from ..analysis.geometry.field import ReceptiveField
from ..analysis.geometry.fields import Fields, choose_source
from ..analysis.geometry.placements import real_spans
from ..analysis.geometry.premises import resting
from ..analysis.results import Size
from ..core.graph import Graph
from ..errors import InvalidModelError, UnresolvedSizeError, unknown_name
from . import values
from .report import Column, Report, Show, tabulate
from .text import plain

Padding = tuple[int | None, ...]

ROWS = 30
"""As many rows are read at one look."""

PER_AXIS = frozenset({"size", "local", "stride", "padding", "center", "share"})


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One layer. Tuples are per spatial axis of the input, in the order of ``Summary.axes``.

    Attributes:
        layer: the layer's name in the user's code.
        op: what it computes.
        shape: shape of its output, None where it changes with a free input size.
        size: size r of its receptive field in input pixels, ``UNBOUNDED`` if it reads a whole axis.
        local: the size without whole-axis reads.
        stride: effective stride S of the local field, None where there is none.
        padding: effective padding P = −(first index read by output 0) of the local field, None
            where it is not fixed.
        center: 0-based centre of the local field of output 0, padding included.
        share: size / input size, at most 1; None where the input size is free. What a window with
            holes reads outside the input does not count.
        exceeds: whether the local size is larger than the input on some axis.
        global_reads: the layers through which it reads a whole axis.
        fidelity: ``"exact"`` or ``"upper bound"``.
        why: why stride or padding is None; empty otherwise.
        padding_at: ``padding`` at each input size that was asked for, else None.
    """

    layer: str
    op: str
    shape: tuple[int | None, ...]
    size: tuple[Size, ...]
    local: tuple[int, ...]
    stride: tuple[Fraction | None, ...]
    padding: Padding
    center: tuple[Fraction | None, ...]
    share: tuple[float | None, ...]
    exceeds: bool
    global_reads: tuple[str, ...] = ()
    fidelity: str = "exact"
    why: str = ""
    padding_at: Mapping[int, Padding] | None = None

    def as_dict(self) -> dict[str, object]:
        """The row as a mapping; without ``padding_at`` where no sizes were asked for."""
        row = {name: getattr(self, name) for name in self.__slots__}
        del row["padding_at"]
        at = self.padding_at or {}
        return {**row, **{f"padding_at_{size}": padding for size, padding in at.items()}}


@dataclass(frozen=True, eq=False, repr=False)
class Summary(Answer, Sequence[SummaryRow]):
    """The rows of a model, in the order of computation; ``str()`` is the table.

    ``depth``: the table shows names of at most so many parts (``layer1.0.conv1`` has three); None:
    all. The rows, and what is written for programs (CSV, JSON, pandas), are always all of them.
    """

    title: str
    wrt: str
    axes: tuple[str, ...]
    input_sizes: tuple[int | None, ...]
    rows: tuple[SummaryRow, ...]
    depth: int | None = None

    @overload
    def __getitem__(self, index: int) -> SummaryRow: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SummaryRow]: ...
    @overload
    def __getitem__(self, index: str) -> SummaryRow: ...
    def __getitem__(  # a layer's name as well
        self, index: int | str | slice
    ) -> SummaryRow | Sequence[SummaryRow]:
        """A row by its number or its layer, or several.

        Raises:
            UnknownNameError: there is no such layer; the nearest names are offered.
        """
        if not isinstance(index, str):
            return self.rows[index]
        row = next((row for row in self.rows if row.layer == index), None)
        if row is None:
            raise unknown_name("layer", index, [row.layer for row in self.rows])
        return row

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.rows)

    def __str__(self) -> str:
        """The table as plain text."""
        return plain(self.report)

    def __repr__(self) -> str:
        name = f"{self.title}: " if self.title else ""
        if not self.rows:
            return f"Summary({name}no layers in {self.wrt})"
        last = self.rows[-1]
        size = show_size(last.size, last.local)
        return f"Summary({name}{len(self)} layers in {self.wrt}; {last.layer}: {size} px)"

    @property
    def shown(self) -> tuple[SummaryRow, ...]:
        """The rows of the table."""
        depth = self.depth
        if depth is None:
            return self.rows
        return tuple(row for row in self.rows if parts_of(row.layer) <= depth)

    @property
    def first_exceeding(self) -> str | None:
        """The first layer whose local field is larger than the input, None if there is none."""
        return next((row.layer for row in self.rows if row.exceeds), None)

    def as_dict(self) -> dict[str, Any]:
        """The rows as plain values, with the axes and sizes of the input."""
        return {
            "model": self.title,
            "wrt": self.wrt,
            "axes": list(self.axes),
            "input_sizes": list(self.input_sizes),
            "rows": [row.as_dict() for row in self.rows],
        }

    @cached_property
    def report(self) -> Report:
        """The report tree that every form is written from."""
        first = self.first_exceeding
        at = tuple(self.rows[0].padding_at or {}) if self.rows else ()
        sizes = values.shape(self.input_sizes)
        title = f"{self.title} · " if self.title else ""
        return Report(
            kind="summary",
            title=f"{title}fields in {self.wrt} ({', '.join(self.axes)}: {sizes})",
            parts=(tabulate(_shows(at, first), self.shown),),
            notes=tuple(_notes(self, first)),
            facts={
                "model": self.title,
                "input": self.wrt,
                "input_sizes": self.input_sizes,
                "first_exceeding": first,
            },
            records=tuple(row.as_dict() for row in self.rows),
            axes=self.axes,
            per_axis=PER_AXIS | {f"padding_at_{size}" for size in at},
        )


def summary(
    graph: Graph,
    *,
    wrt: str | None = None,
    layers: Callable[[str], bool] | None = None,
    ops: bool = False,
    sizes: Iterable[int] = (),
    title: str | None = None,
    depth: int | Literal["auto", "all"] = "all",
) -> Summary:
    """One row per layer of ``graph``: size, stride, padding, centre of its receptive field.

    Args:
        graph: the model.
        wrt: the input or layer in which fields are measured; default the only input.
        layers: which layer names to keep; default all.
        ops: a row for every op, not only for the named layers.
        sizes: input sizes (the same on every axis) at which to give the padding as well, for
            models with free axes or models that can be read again at other sizes.
        title: what to call the model; default where it came from.
        depth: how deep the names in the table may lie, ``"all"``, or ``"auto"``: as deep as gives
            at most ``ROWS`` rows.

    Raises:
        UnresolvedSizeError: the model has several inputs and ``wrt`` is not given, or ``sizes`` are
            given and the model cannot be read again at another size.
    """
    found = Fields(graph, choose_source(graph, None, wrt), wrt)
    names = [node.name for node in graph.nodes[found.source :]] if ops else list(found)
    kept = [name for name in names if layers is None or layers(name)]
    shape = graph.shape(found.source)
    inputs = tuple(shape[axis] for axis in found.source_axes)
    again = {size: resized(graph, size) for size in sizes}
    fields_at = {n: g and Fields(g, choose_source(g, None, found.wrt)) for n, g in again.items()}
    none = (None,) * len(inputs)
    rows: list[SummaryRow] = []
    found.check_names(kept)
    spans = real_spans(found)
    for name in kept:
        at = {n: other[name].local.padding if other else none for n, other in fields_at.items()}
        rows.append(_row(graph, found[name], inputs, spans, at or None))
    called = graph.origin if title is None else title
    deep = _depth([row.layer for row in rows]) if depth == "auto" else depth
    deep = deep if isinstance(deep, int) else None
    return resting(graph, Summary(called, found.wrt, found.axes, inputs, tuple(rows), deep))


def parts_of(name: str) -> int:
    """How deep a layer lies, by its name."""
    return name.replace("/", ".").count(".") + 1


def _depth(names: Sequence[str]) -> int | None:
    """The greatest depth at which there are few rows; None where all are few."""
    if len(names) <= ROWS:
        return None
    depths = sorted(map(parts_of, names))
    few = [depth for depth in set(depths) if bisect_right(depths, depth) <= ROWS]
    return max(few, default=depths[0])


def center_of_first(field: ReceptiveField) -> tuple[Fraction | None, ...]:
    """The centre of the local field of output 0 per axis; None where it is not known."""
    local = field.local
    told = tuple(
        None if padding is None or len(sizes) != 1 else Fraction(sizes[0] - 1, 2) - padding
        for padding, sizes in zip(local.padding, local.sizes, strict=True)
    )
    if None not in told:
        return told
    try:
        middle = local.center((0,) * len(local.positions))
    except UnresolvedSizeError:
        return told
    return tuple(Fraction(value) if isfinite(value) else None for value in middle)


def local_size(field: ReceptiveField) -> tuple[int, ...]:
    """The size without whole-axis reads, 0 where nothing local is left."""
    return tuple(max(sizes, default=0) for sizes in field.sizes)


def reasons(field: ReceptiveField) -> str:
    """Why a number of the local field is missing, or that there is none; each reason once."""
    asked = [field.local if any(sizes) else field for sizes in field.sizes]
    whys = (field.why(axis) for field, axis in zip(asked, field.axes, strict=True))
    return "; ".join(dict.fromkeys(why for why in whys if why))


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


def _row(
    graph: Graph,
    field: ReceptiveField,
    inputs: Sequence[int | None],
    spans: Sequence[Mapping[int, int]],
    padding_at: Mapping[int, Padding] | None,
) -> SummaryRow:
    size, local = field.size, local_size(field)
    seen = [span.get(field.value, r) for span, r in zip(spans, size, strict=True)]
    return SummaryRow(
        layer=field.layer,
        op=graph.nodes[field.value].kind,
        shape=field.output_shape,
        size=size,
        local=local,
        stride=field.local.stride,
        padding=field.local.padding,
        center=center_of_first(field),
        share=tuple(_share(r, total) for r, total in zip(seen, inputs, strict=True)),
        exceeds=any(n is not None and r > n for r, n in zip(local, inputs, strict=True)),
        global_reads=field.global_reads,
        fidelity=field.fidelity.value,
        why=reasons(field),
        padding_at=padding_at,
    )


def _share(size: Size, total: int | None) -> float | None:
    if not isinstance(size, int):
        return 1.0
    if total is None:
        return None
    return min(1.0, size / total) if total else 0.0


def resized(graph: Graph, size: int) -> Graph | None:
    """The model at another input size; None where it accepts no such size."""
    if graph.reread is None:
        raise UnresolvedSizeError(
            "this model cannot be read again at other input sizes; "
            "load it with the input shape that is wanted"
        )
    shapes: dict[str, list[int]] = {}
    for entry in graph.inputs_:
        shape = list(graph.nodes[entry.node].shape)
        for axis in entry.free or entry.axes:
            shape[axis] = size
        shapes[entry.name] = shape
    try:
        return graph.reread(shapes)
    except InvalidModelError:
        return None


def _shows(at: Sequence[int], first: str | None) -> list[Show[SummaryRow]]:
    return [
        Show(Column("layer", "left", name=True), lambda row: row.layer),
        Show(Column("op", "left", tone="quiet", spare=3), lambda row: row.op),
        Show(Column("output", "left", tone="quiet", spare=1), lambda row: values.shape(row.shape)),
        Show(Column("size r", tone="key"), lambda row: show_size(row.size, row.local)),
        Show(Column("", "left", gap=0, tone="accent"), lambda row: show_global(row.size)),
        Show(Column("stride S"), lambda row: values.numbers(row.stride, row.local)),
        Show(Column("padding P"), lambda row: values.numbers(row.padding, row.local)),
        *(
            Show(Column(f"P at {size}"), lambda row, size=size: _padding_at(row, size))
            for size in at
        ),
        Show(Column("center", spare=2), _center),
        Show(Column("sees %"), _sees),
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


def _notes(found: Summary, first: str | None) -> Iterable[str]:
    yield from found.premises
    shown = found.shown
    if len(shown) < len(found.rows):
        deeper = f"depth {(found.depth or 0) + 1} shows more, depth all everything"
        yield f"depth {found.depth}: {len(shown)} of {len(found.rows)} layers; {deeper}"
    yield values.UNITS
    yield values.CENTER
    if any(share is not None for row in found.rows for share in row.share):
        yield values.SEES
    reads = dict.fromkeys(name for row in shown for name in row.global_reads)
    if any(map(values.is_unbounded, (size for row in shown for size in row.size))):
        yield global_note(tuple(reads))
    if first is not None:
        yield f"{values.MARK_LARGE} the first field larger than the input: {first}"
    bounds = [row.layer for row in found.rows if row.fidelity != "exact"]
    if bounds:
        layers = f"{len(bounds)} of {len(found.rows)} layers, from {bounds[0]}"
        yield f"upper bound, not exact: {layers}"
    yield from values.grouped(row.why for row in found.rows if row.why and any(row.local))
