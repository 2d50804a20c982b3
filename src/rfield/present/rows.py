"""A row of the summary: the numbers of one layer, and how they are taken from its field."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite

from ..analysis.geometry.field import ReceptiveField
from ..analysis.kinds import around
from ..analysis.results import Size, halves
from ..errors import UnresolvedSizeError

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
        more: other columns that were asked for, by name; else None.
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
    more: Mapping[str, object] | None = None

    def as_dict(self) -> dict[str, object]:
        """The row as a mapping; ``padding_at`` and ``more`` as far as they were asked for."""
        row = {name: getattr(self, name) for name in self.__slots__}
        del row["padding_at"], row["more"]
        at = self.padding_at or {}
        sized = {f"padding_at_{size}": padding for size, padding in at.items()}
        return {**row, **sized, **(self.more or {})}


def parts_of(name: str) -> int:
    """How deep a layer lies, by its name."""
    return name.replace("/", ".").count(".") + 1


def nested(names: Sequence[str]) -> list[tuple[int, int]]:
    """Names with each one before those that lie in it: their places, and in how many they lie.

    >>> nested(["a.b.c", "a.b", "d", "a.e", "a"])
    [(4, 0), (1, 1), (0, 2), (3, 1), (2, 0)]
    """
    known = set(names)
    ways = [[*(o for o in reversed([*around(name)]) if o in known), name] for name in names]
    first: dict[str, int] = {}
    for place, way in enumerate(ways):
        for name in way:
            first.setdefault(name, place)
    order = sorted(range(len(names)), key=lambda k: [first[name] for name in ways[k]])
    return [(k, len(ways[k]) - 1) for k in order]


def fitting_depth(names: Sequence[str]) -> int | None:
    """The greatest depth at which there are few rows; None where all are few, 0 where none are."""
    if len(names) <= ROWS:
        return None
    depths = sorted(map(parts_of, names))
    few = [depth for depth in set(depths) if bisect_right(depths, depth) <= ROWS]
    return max(few, default=0)


def folded(seen: Iterable[int]) -> list[tuple[int, int]]:
    """Places of rows with how deep they lie: under each that is ``seen`` those before it.

    >>> folded([2, 3])
    [(2, 0), (0, 1), (1, 1), (3, 0)]
    """
    order: list[tuple[int, int]] = []
    for place in seen:
        order += [(place, 0), *((k, 1) for k in range(len(order), place))]
    return order


def milestones(rows: Sequence[SummaryRow], passing: Sequence[int]) -> tuple[int, ...]:
    """The places of at most ``ROWS`` rows that tell how the field grows; the last row is one.

    Between two growths (of the largest field, or of the layers that read a whole axis) one row
    stands for all: the last of those where the fewest values pass by (``passing``), which ends a
    block. Where these are still many, every second, third … of them.
    """
    ends: list[int] = []
    size, reads = 1, 0
    for place, row in enumerate(rows):
        if not any(row.local):
            continue
        before = size, reads
        size, reads = max(size, *row.local), max(reads, len(row.global_reads))
        if before != (size, reads):
            ends.append(place)
        elif ends and passing[place] <= passing[ends[-1]]:
            ends[-1] = place
    kept = ends[:: -max(1, -(-len(ends) // (ROWS - 1)))][::-1]
    return tuple(dict.fromkeys([*kept, len(rows) - 1]))


def center_of_first(field: ReceptiveField) -> tuple[Fraction | None, ...]:
    """The centre of the local field of output 0 per axis; None where it is not known."""
    local = field.local
    told = tuple(
        None if padding is None or size is None else halves(size - 1 - 2 * padding)
        for padding, size in zip(local.padding, local.only_size, strict=True)
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
    return field.largest


def reasons(field: ReceptiveField) -> str:
    """Why a number of the local field is missing, or that there is none; each reason once."""
    asked = [field.local if size else field for size in field.largest]
    whys = (field.why(axis) for field, axis in zip(asked, field.axes, strict=True))
    return "; ".join(dict.fromkeys(why for why in whys if why))


def row_of(
    field: ReceptiveField,
    op: str,
    inputs: Sequence[int | None],
    spans: Sequence[Mapping[int, int]],
    padding_at: Mapping[int, Padding] | None,
    more: Mapping[str, object] | None,
) -> SummaryRow:
    """The row of a layer."""
    size, local = field.size, local_size(field)
    seen = [span.get(field.value, r) for span, r in zip(spans, size, strict=True)]
    return SummaryRow(
        layer=field.layer,
        op=op,
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
        more=more,
    )


def _share(size: Size, total: int | None) -> float | None:
    if not isinstance(size, int):
        return 1.0
    if total is None:
        return None
    return min(1.0, size / total) if total else 0.0
