"""What a row of a survey holds: one list of columns, from which every form of the rows is written.

A row is a mapping of these names. A column that has a value for each axis of the input holds a
tuple in the order of ``axes``; written down it becomes one value per axis, ``size_y`` and
``size_x``. A column without a value is None, and ``error`` or the column's meaning says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

Row = Mapping[str, object]


class Column(NamedTuple):
    """A name, what it means, and whether there is a value for each axis."""

    name: str
    meaning: str
    per_axis: bool = False
    measured: bool = False
    """Whether it is a time or a memory, which differs from run to run."""


COLUMNS: tuple[Column, ...] = (
    Column("spec", "the model, as `rfield.load` takes it"),
    Column("source", "what stands before the colon of the spec: the zoo"),
    Column("name", "what stands behind it"),
    Column("family", "its family: the zoo's module, or the letters of the name"),
    Column("at", "the input size that was asked for: native, or a number"),
    Column("state", "read, refused (rfield cannot read it), failed (its own code raised), "
           "crashed, time or memory (over the limit)"),
    Column("error", "why there are no numbers, or some are missing"),
    Column("wrt", "the input in which fields are measured; of several the first"),
    Column("axes", "names of the input's spatial axes"),
    Column("input", "size of the input", per_axis=True),
    Column("parameters", "numbers that are learned"),
    Column("macs", "multiply-adds for one input"),
    Column("map", "the last layer that has more than one position: the last map"),
    Column("map_shape", "shape of its output"),
    Column("size", "r of the last map without whole-axis reads", per_axis=True),
    Column("strict", "r of the last map; unbounded where it reads a whole axis", per_axis=True),
    Column("stride", "S of the last map", per_axis=True),
    Column("padding", "P of the last map", per_axis=True),
    Column("period", "outputs after which its pattern repeats", per_axis=True),
    Column("fidelity", "exact, or upper bound"),
    Column("share", "r without whole-axis reads over the size of the input", per_axis=True),
    Column("first_beyond", "the first layer whose r, without whole-axis reads, exceeds the input"),
    Column("stages", "number of strides on the way to the last map"),
    Column("stage_layers", "the last layer of each stage through which everything passes"),
    Column("stage_sizes", "r of each stage"),
    Column("stage_strides", "S of each stage"),
    Column("stage_paddings", "P of each stage"),
    Column("global_layers", "layers up to the last map that read a whole axis"),
    Column("global_kinds", "their ops, with how many of each"),
    Column("unproductive", "layers whose input exceeds the image on every path"),
    Column("first_unproductive", "the first of them"),
    Column("joins", "joins that were checked"),
    Column("misaligned", "joins whose branches look at different places"),
    Column("unequal_strides", "those of them whose branches have different strides"),
    Column("worst_offset", "the largest offset of a join, in input pixels; 0 if there is none"),
    Column("even", "whether padding is used equally on both sides at this size"),
    Column("aligned", "whether branches meet in one place at this size"),
    Column("uneven_layers", "layers whose padding is used unequally at this size"),
    Column("even_sizes", "input sizes that are even, where they were asked for"),
    Column("aligned_sizes", "input sizes that are aligned, where they were asked for"),
    Column("halo_before", "context before a block of outputs, without whole-axis reads",
           per_axis=True),
    Column("halo_after", "context after it", per_axis=True),
    Column("sigma", "standard deviation of the analytic influence on the middle of the last map, "
           "on this input", per_axis=True),
    Column("effective_share", "4σ over the strict r (the input, where it is unbounded)",
           per_axis=True),
    Column("box50", "sides of the box that holds 50 % of the influence", per_axis=True),
    Column("box90", "90 %", per_axis=True),
    Column("box99", "99 %", per_axis=True),
    Column("values", "values of the graph"),
    Column("layers", "layers with a name"),
    Column("read_seconds", "processor time of building and reading the model", measured=True),
    Column("field_seconds", "processor time of all other columns", measured=True),
    Column("peak_megabytes", "peak memory of the process while it did both", measured=True),
    Column("rfield", "the release of rfield"),
    Column("code", "a digest of the code that made the row"),
    Column("origin", "release of the zoo, or size and date of the file"),
)  # fmt: skip
"""Every column, in the order in which they are written."""

PER_AXIS = frozenset(column.name for column in COLUMNS if column.per_axis)
MEASURED = frozenset(column.name for column in COLUMNS if column.measured)
ORDER = {column.name: place for place, column in enumerate(COLUMNS)}
AXES = ("t", "z", "y", "x")
"""The order in which the values of a column per axis are written."""


def flat(rows: Iterable[Row]) -> Iterator[dict[str, object]]:
    """Rows with one value per column, all with the same columns in the same order.

    >>> list(flat([{"spec": "a", "axes": ("y", "x"), "size": (3, 5)}, {"spec": "b"}]))
    ... # doctest: +NORMALIZE_WHITESPACE
    [{'spec': 'a', 'axes': 'y x', 'size_y': 3, 'size_x': 5},
     {'spec': 'b', 'axes': None, 'size_y': None, 'size_x': None}]
    """
    spread = [dict(_spread(row)) for row in rows]
    names = {name for row in spread for name in row}
    ordered = sorted(names, key=_place)
    for row in spread:
        yield {name: row.get(name) for name in ordered}


def _spread(row: Row) -> Iterator[tuple[str, object]]:
    axes = row.get("axes")
    for name, value in row.items():
        if name in PER_AXIS:
            if isinstance(value, (tuple, list)) and isinstance(axes, (tuple, list)):
                yield from (
                    (f"{name}_{axis}", item) for axis, item in zip(axes, value, strict=True)
                )
        elif isinstance(value, (tuple, list)):
            yield name, " ".join(map(str, value))
        else:
            yield name, value


def _place(name: str) -> tuple[int, int, str]:
    if name in ORDER:
        return ORDER[name], 0, name
    stem, _, axis = name.rpartition("_")
    return ORDER.get(stem, len(ORDER)), AXES.index(axis) if axis in AXES else len(AXES), name
