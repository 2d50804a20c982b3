"""What the pages show of a model: cells with a number to sort by, and the curve of its field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from statistics import median
from typing import Any, NamedTuple

from ..accuracy import Point
from ..measuring import NATIVE

WIDTH, HEIGHT = 640, 240
LEFT, TOP, BOTTOM = 52, 12, 24
Row = Mapping[str, Any]


class Cell(NamedTuple):
    """A text, and what it is sorted by; None sorts last."""

    text: str
    value: float | str | None
    is_number: bool = True


class Shown(NamedTuple):
    """A column of the table: its head, what it means, and its cell."""

    title: str
    meaning: str
    cell: Callable[[Card], Cell]


@dataclass(slots=True)
class Card:
    """One model of the atlas."""

    row: Row
    growth: Sequence[tuple[str, Sequence[int]]]
    point: Point | None
    slug: str
    has_explorer: bool = False

    @staticmethod
    def of(row: Row, growth: Sequence[Any], point: Point | None, taken: set[str]) -> Card:
        """A card with a file name that no other has."""
        size = "" if row["at"] == NATIVE else f"-{row['at']}"
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", row["spec"])[:120].strip(".-") or "model"
        slug, number = f"{stem}{size}", 2
        while slug.lower() in taken:
            slug, number = f"{stem}{size}-{number}", number + 1
        taken.add(slug.lower())
        return Card(row, [(layer, tuple(sizes)) for layer, sizes in growth],
                    point if row["at"] == NATIVE else None, slug)  # fmt: skip

    @property
    def spec(self) -> str:
        """What ``rfield.load`` takes."""
        return self.row["spec"]

    @property
    def at(self) -> str:
        """The size that was asked for."""
        return self.row["at"]

    @property
    def source(self) -> str:
        """Its zoo."""
        return self.row["source"] or "files"

    @property
    def is_read(self) -> bool:
        """Whether it has numbers."""
        return self.row["state"] == "read"

    @property
    def is_global(self) -> bool:
        """Whether a layer up to the last map reads a whole axis."""
        return bool(self.row.get("global_layers"))

    @property
    def size(self) -> int | None:
        """The largest of the sizes along the axes."""
        sizes = self.row.get("size")
        return max(sizes) if sizes else None

    @property
    def sigma(self) -> float | None:
        """The largest of the deviations along the axes."""
        found = self.row.get("sigma")
        return max(found) if found else None

    @property
    def cells(self) -> list[Cell]:
        """Its row in the table."""
        return [column.cell(self) for column in COLUMNS]

    @property
    def stages(self) -> list[tuple[str, ...]]:
        """Layer, r, S and P of each stage."""
        names = ("stage_layers", "stage_sizes", "stage_strides", "stage_paddings")
        return list(zip(*(str(self.row.get(name) or "").split() for name in names), strict=False))

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Everything else of the row that people read, one a line."""
        return [(label, text) for label, text in _facts(self.row) if text]

    @property
    def curve(self) -> Curve | None:
        """How the field grows; None where nothing is known."""
        return Curve.of(self) if len(self.growth) > 1 else None


@dataclass(frozen=True, slots=True)
class Curve:
    """Steps in a picture of ``WIDTH`` by ``HEIGHT``: sizes on a logarithmic scale."""

    path: str
    ticks: list[tuple[float, str]]
    input_at: float | None
    input_size: int
    steps: list[tuple[float, float, str]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT

    @staticmethod
    def of(card: Card) -> Curve:
        """The curve of a card."""
        sizes = [max(1, *size) for _, size in card.growth]
        whole = max(card.row["input"])
        top = max(*sizes, whole) * 1.15

        def y(size: float) -> float:
            inner = HEIGHT - TOP - BOTTOM
            return round(TOP + inner * (1 - log(max(size, 1)) / log(max(top, 2))), 1)

        step = (WIDTH - LEFT - 8) / len(sizes)
        x = [round(LEFT + k * step, 1) for k in range(len(sizes) + 1)]
        parts = [f"M{x[0]} {y(sizes[0])}"]
        for k, size in enumerate(sizes):
            parts.append(f"V{y(size)}H{x[k + 1]}")
        marks = [10**k for k in range(6) if 10**k <= top]
        return Curve(
            " ".join(parts), [(y(mark), f"{mark:,}") for mark in marks], y(whole), whole,
            [(x[k], step, f"{layer}: {'x'.join(map(str, size))}")
             for k, (layer, size) in enumerate(card.growth)],
        )  # fmt: skip


class Family(NamedTuple):
    """Models of one family: how many, and the ranges of their numbers."""

    source: str
    name: str
    cards: list[Card]
    sizes: tuple[int, float, int] | None
    sigmas: tuple[float, float, float] | None
    bar: tuple[float, float, float] | None
    global_count: int
    best: Point | None


def families(cards: Iterable[Card]) -> list[Family]:
    """The families of all models that were read, the most numerous first."""
    groups: dict[tuple[str, str], list[Card]] = {}
    for card in cards:
        if card.is_read and card.at == NATIVE:
            groups.setdefault((card.source, card.row["family"]), []).append(card)
    top = max((card.size or 1 for group in groups.values() for card in group), default=1)
    found = [_family(source, name, group, top) for (source, name), group in groups.items()]
    return sorted(found, key=lambda family: (-len(family.cards), family.name))


def _family(source: str, name: str, cards: list[Card], top: int) -> Family:
    sizes = sorted(card.size for card in cards if card.size)
    sigmas = sorted(card.sigma for card in cards if card.sigma is not None)
    best = max(
        (card.point for card in cards if card.point), key=lambda point: point.top1, default=None
    )
    spread = (sizes[0], median(sizes), sizes[-1]) if sizes else None
    bar = None
    if spread is not None:
        low, middle, high = (100 * log(max(1, size)) / log(max(2, top)) for size in spread)
        bar = (round(low, 1), round(max(high - low, 1), 1), round(middle, 1))
    return Family(
        source, name, cards, spread,
        (sigmas[0], median(sigmas), sigmas[-1]) if sigmas else None, bar,
        sum(card.is_global for card in cards), best,
    )  # fmt: skip


def axes(values: Sequence[object] | None, form: str = "{}") -> str:
    """One text where all axes agree, else one for each.

    >>> axes((7, 7)), axes((7, None)), axes(None)
    ('7', '7×?', '')
    """
    shown = ["?" if value is None else form.format(value) for value in values or ()]
    return shown[0] if len(set(shown)) == 1 else "×".join(shown)


def _facts(row: Row) -> Iterable[tuple[str, str]]:
    for label, name in (("input", "input"), ("size r of the last map", "size"),
                        ("strict r", "strict"), ("stride S", "stride"), ("padding P", "padding"),
                        ("period", "period"), ("halo before", "halo_before"),
                        ("halo after", "halo_after")):  # fmt: skip
        yield label, axes(row.get(name))
    yield "r / input", axes(row.get("share"), "{:.2f}")
    yield "σ of the influence", axes(row.get("sigma"), "{:.1f}")
    yield (
        "boxes of 50, 90, 99 %",
        ", ".join(
            text for text in (axes(row.get(f"box{share}")) for share in (50, 90, 99)) if text
        ),
    )
    yield "4σ / strict r", axes(row.get("effective_share"), "{:.2f}")
    for label, name in (
        ("last map", "map"), ("its shape", "map_shape"), ("fidelity", "fidelity"),
        ("first layer beyond the input", "first_beyond"), ("global layers", "global_layers"),
        ("their ops", "global_kinds"), ("unproductive layers", "unproductive"),
        ("the first of them", "first_unproductive"), ("joins", "joins"),
        ("misaligned joins", "misaligned"), ("worst offset, px", "worst_offset"),
        ("unevenly padded layers", "uneven_layers"), ("even sizes", "even_sizes"),
        ("aligned sizes", "aligned_sizes"), ("origin", "origin"),
    ):  # fmt: skip
        value = row.get(name)
        yield label, "" if value is None else str(value)
    for label, name in (("parameters", "parameters"), ("multiply-adds", "macs")):
        value = row.get(name)
        yield label, "" if value is None else f"{value:,}"


def _number(name: str, scale: float = 1, form: str = "{:,.0f}") -> Callable[[Card], Cell]:
    def cell(card: Card) -> Cell:
        value = card.row.get(name)
        if value is None:
            return Cell("", None)
        return Cell(form.format(value / scale), float(value))

    return cell


def _per_axis(name: str, form: str = "{}", mark: str = "") -> Callable[[Card], Cell]:
    def cell(card: Card) -> Cell:
        values = card.row.get(name)
        if not values:
            return Cell("", None)
        exact = [_float(value) for value in values if value is not None]
        text = axes(values, form) + (mark if mark and card.is_global else "")
        return Cell(text, max(exact, default=None))

    return cell


def _float(value: float | str) -> float:
    """A number of a row, which keeps fractions as text."""
    above, _, below = str(value).partition("/")
    return float(above) / float(below or 1)


def _top1(card: Card) -> Cell:
    return Cell("", None) if card.point is None else Cell(f"{card.point.top1:.1f}", card.point.top1)


COLUMNS: tuple[Shown, ...] = (
    Shown("family", "the zoo's module, or the letters of the name",
          lambda card: Cell(card.row.get("family") or "", card.row.get("family"), False)),
    Shown("input", "size of the input", _per_axis("input")),
    Shown("params M", "millions of parameters", _number("parameters", 1e6, "{:,.1f}")),
    Shown("GMACs", "billions of multiply-adds for one input", _number("macs", 1e9, "{:,.2f}")),
    Shown("r", "size of the last map's field, in pixels; *: it also reads a whole axis",
          _per_axis("size", mark="*")),
    Shown("S", "its stride", _per_axis("stride")),
    Shown("P", "its padding: −(first index that output 0 reads)", _per_axis("padding")),
    Shown("r/input", "r over the size of the input", _per_axis("share", "{:.2f}")),
    Shown("σ", "standard deviation of the analytic influence", _per_axis("sigma", "{:.1f}")),
    Shown("90 %", "side of the box that holds 90 % of the influence", _per_axis("box90")),
    Shown("global", "layers that read a whole axis", _number("global_layers")),
    Shown("unaligned", "joins whose branches look at different places", _number("misaligned")),
    Shown("idle", "unproductive layers: what they read exceeds the input on every path",
          _number("unproductive")),
    Shown("top-1", "best published accuracy on ImageNet, of weights that saw ImageNet-1k only",
          _top1),
)  # fmt: skip
"""The columns of the table, behind the name."""
