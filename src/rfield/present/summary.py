"""One row per layer: what it reads of the input, and how much of the input that is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, ClassVar, Literal, overload

from ..analysis.answer import Answer
from ..analysis.geometry.fields import Fields, choose_source
from ..analysis.geometry.placements import real_spans
from ..analysis.geometry.premises import resting
from ..analysis.kinds import op_names
from ..core.graph import Graph
from ..errors import InvalidModelError, UnresolvedSizeError, unknown_name
from . import values
from .columns import WINDOW, More, notes, show_size, shows
from .report import Curve, Report, Show, Tree, tabulate
from .rows import PER_AXIS, SummaryRow, fitting_depth, folded, milestones, nested, parts_of, row_of
from .writing import printed


@dataclass(frozen=True, eq=False, repr=False)
class Summary(Answer, Sequence[SummaryRow]):
    """The rows of a model, in the order of computation; ``str()`` is the table.

    ``depth``: the table shows names of at most so many parts (``layer1.0.conv1`` has three); None:
    all. In it, and in HTML, where it can be opened, a module stands before what lies in it, unless
    it is ``flat``. ``ends``: where names say nothing, the places of the rows in sight, each for
    those before it. ``total``: what all layers cost, where that was asked for. The
    rows, and what is written for programs (CSV, JSON, pandas), are always all of them.
    """

    schema: ClassVar[str] = "rfield.summary/1"

    title: str
    wrt: str
    axes: tuple[str, ...]
    input_sizes: tuple[int | None, ...]
    rows: tuple[SummaryRow, ...]
    depth: int | None = None
    total: str = ""
    flat: bool = False
    ends: tuple[int, ...] | None = None

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
        return printed(self.report)

    def __repr__(self) -> str:
        name = f"{self.title}: " if self.title else ""
        if not self.rows:
            return f"Summary({name}no layers in {self.wrt})"
        last = self.rows[-1]
        size = show_size(last.size, last.local)
        return f"Summary({name}{len(self)} layers in {self.wrt}; {last.layer}: {size} px)"

    def plot(self, ax: Any = None) -> Any:  # noqa: ANN401  # matplotlib's, which is optional
        """How the field grows from layer to layer; needs matplotlib.

        ``ax``: axes of matplotlib to draw in; None: a new figure, which is returned.
        """
        from .growth import draw_growth

        titles = self.title, self.wrt
        return draw_growth(self.rows, self.axes, self.input_sizes, titles, ax)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the figure of ``plot`` into a file: .png, .svg or .pdf."""
        from .plot import check_target, save_figure

        target = Path(path)
        check_target(target)
        save_figure(self.plot(), target)

    @property
    def shown(self) -> tuple[SummaryRow, ...]:
        """The rows in sight."""
        return tuple(row for row, seen in zip(self.rows, self._seen, strict=True) if seen)

    @cached_property
    def _seen(self) -> list[bool]:
        if self.ends is not None:
            return [k in self.ends for k in range(len(self))]
        return [self.depth is None or parts_of(row.layer) <= self.depth for row in self.rows]

    def _tree(self, shows: list[Show[SummaryRow]]) -> Tree:
        """All rows, a module before its layers; ops stay in the order of computation."""
        names = [row.layer for row in self.rows]
        if self.ends is not None:
            order = folded(self.ends)
        else:
            order = [(k, 0) for k in range(len(names))] if self.flat else nested(names)
        rows = [self.rows[k] for k, _ in order]
        levels = tuple(level for _, level in order)
        return Tree(tabulate(shows, rows), levels, tuple(not self._seen[k] for k, _ in order))

    @property
    def first_exceeding(self) -> str | None:
        """The first layer whose local field is larger than the input, None if there is none."""
        return next((row.layer for row in self.rows if row.exceeds), None)

    @cached_property
    def _records(self) -> tuple[dict[str, object], ...]:
        return tuple(row.as_dict() for row in self.rows)

    def _facts(self) -> dict[str, Any]:
        return {
            "model": self.title,
            "wrt": self.wrt,
            "axes": self.axes,
            "input_sizes": self.input_sizes,
            "first_exceeding": self.first_exceeding,
            "rows": self._records,
        }

    @cached_property
    def report(self) -> Report:
        """The report tree that every form is written from."""
        first = self.first_exceeding
        at = tuple(self.rows[0].padding_at or {}) if self.rows else ()
        more = tuple(self.rows[0].more or {}) if self.rows else ()
        sizes = values.shape(self.input_sizes)
        title = f"{self.title} · " if self.title else ""
        return Report(
            schema=self.schema,
            title=f"{title}fields in {self.wrt} ({', '.join(self.axes)}: {sizes})",
            parts=(self._tree(shows(at, more, first)), *self._curve()),
            hint=self._hint(),
            notes=tuple(self._notes(first)),
            facts=self.as_dict() | {"input": self.wrt},
            records=self._records,
            axes=self.axes,
            per_axis=PER_AXIS | {*WINDOW} | {f"padding_at_{size}" for size in at},
        )

    def _curve(self) -> Iterable[Curve]:
        """How the field grows, where it does."""
        sizes = tuple(max(row.local) for row in self.rows if any(row.local))
        if len({*sizes}) < 3:
            return
        inputs = sorted({size for size in self.input_sizes if size})
        dashed = f"; dashed: the input, {', '.join(map(str, inputs))}" if inputs else ""
        caption = f"size r from layer to layer, {min(sizes)} to {max(sizes)} (logarithmic){dashed}"
        yield Curve(sizes, tuple(inputs), caption)

    def _hint(self) -> str:
        """How to see the other rows."""
        pairs = zip(self.rows, self._seen, strict=True)
        hidden = [parts_of(row.layer) for row, seen in pairs if not seen]
        if not hidden:
            return ""
        if self.ends is not None:
            some = f"{len(self) - len(hidden)} of {len(self)} layers, along the growth of the field"
            return f"{some}; depth='all' everything"
        some = f"depth {self.depth}: {len(self) - len(hidden)} of {len(self)} layers"
        deepest = max(hidden) == min(hidden)
        more = "" if deepest else f"depth={min(hidden)} shows more, "
        return f"{some}; {more}depth='all' everything"

    def _notes(self, first: str | None) -> Iterable[str]:
        yield from self.premises
        if self.total:
            yield self.total
        yield from notes(self.rows, self.shown, first)


def summary(
    graph: Graph,
    *,
    wrt: str | None = None,
    layers: Callable[[str], bool] | None = None,
    ops: bool = False,
    sizes: Iterable[int] = (),
    columns: Iterable[str] = (),
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
        columns: more of them: ``"kernel"``, ``"step"``, ``"dilation"`` of layers that slide a
            window; ``"params"``, ``"macs"`` of a layer and all that lies in it.
        title: what to call the model; default where it came from.
        depth: how deep the names in the table may lie, ``"all"``, or ``"auto"``: as deep as gives
            at most ``ROWS`` rows; where already the outermost are more, those along which the field
            grows.

    Raises:
        UnresolvedSizeError: the model has several inputs and ``wrt`` is not given, or ``sizes`` are
            given and the model cannot be read again at another size.
    """
    found = Fields(graph, choose_source(graph, None, wrt), wrt)
    names = [node.name for node in graph.nodes[found.source :]] if ops else [*found]
    given = {entry.name for entry in graph.inputs_ if graph.index(entry.name) == entry.node}
    inside = set(names) if ops else set(names) - given  # a layer may be called as an input is
    kept = [n for n in names if n in inside and (layers is None or layers(n))]
    shape = graph.shape(found.source)
    inputs = tuple(shape[axis] for axis in found.source_axes)
    again = {size: resized(graph, size) for size in sizes}
    fields_at = {n: g and Fields(g, choose_source(g, None, found.wrt)) for n, g in again.items()}
    none = (None,) * len(inputs)
    rows: list[SummaryRow] = []
    found.check_names(kept)
    more = More(graph, columns)
    called = {} if ops else op_names(graph)
    spans = real_spans(found)
    for name in kept:
        at = {n: other[name].local.padding if other else none for n, other in fields_at.items()}
        field = found[name]
        op = called.get(name) or graph.nodes[field.value].kind
        rows.append(row_of(field, op, inputs, spans, at or None, more.of(field)))
    title = graph.origin if title is None else title
    deep = fitting_depth([row.layer for row in rows]) if depth == "auto" else depth
    ends = None
    if deep == 0 and not ops:
        by = values_passing(graph)
        ends = milestones(rows, [by[found[name].value] for name in kept])
    deep = deep if isinstance(deep, int) and deep else None
    told = title, found.wrt, found.axes, inputs, tuple(rows), deep, more.total(), ops, ends
    return resting(graph, Summary(*told))


def values_passing(graph: Graph) -> list[int]:
    """How many values from before each node are read after it."""
    last = {operand: reader for reader, node in enumerate(graph.nodes) for operand in node.operands}
    change = [0] * (len(graph.nodes) + 1)
    for value, reader in last.items():
        change[value + 1] += 1
        change[reader] -= 1
    return [*accumulate(change)][:-1]


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
