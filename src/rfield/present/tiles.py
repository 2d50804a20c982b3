"""A plan of tiles: what it costs, what a tile needs, and the first tiles."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice

from ..analysis.pieces.tiles.plan import TilePlan
from ..analysis.pieces.tiles.tile import Tile
from . import values
from .report import Column, Facts, Part, Record, Remark, Report, Show, tabulate

SHOWN = 6


def tiles_report(plan: TilePlan, *, title: str = "") -> Report:
    """The plan in numbers, whether it is exact, and a row for each of the first tiles."""
    verdicts = [Remark(f"approximate: {why}", good=False) for why in _approximate(plan)]
    if not verdicts:
        verdicts = [Remark("exact: the tiles together equal the whole image")]
    padding = [axis.padding for axis in plan.tiles]
    pairs = [
        ("image", _sizes(plan.image)),
        ("tile", f"{_sizes(plan.tile)}, one every {_sizes(plan.step)}"),
        *((f"along {name}", f"all {size} in every tile") for name, size in plan.uncut),
        ("tiles", f"{_sizes(plan.counts)}{f' = {len(plan):,}' * (len(plan.counts) > 1)}"),
        ("halo (before, after)", ", ".join(str(both) for both in plan.halo)),
        ("grid", f"tiles begin at multiples of {_sizes(plan.grid)}"),
        ("output", _sizes([axis.outputs for axis in plan.tiles])),
        ("computed", f"{float(plan.work):.2f} × the image"),
    ]
    if any(sum(pads) for pads in padding):
        pairs.insert(1, ("padding", f"{', '.join(map(str, padding))}, {plan.padding_mode}"))
    if plan.outside is not None:
        what = "the halo" if plan.needed else "the tile"
        pairs.append((f"influence from outside {what}", f"{100 * plan.outside:.2g} % at most"))
    if plan.measured is not None:
        pairs.append(("measured difference", f"{plan.measured:.2g} of the largest output"))
    first = list(islice(plan, SHOWN))
    parts: list[Part] = [*verdicts, Facts(tuple(pairs)), tabulate(_SHOWS, first)]
    if len(plan) > SHOWN:
        parts.append(Remark(f"… {len(plan) - SHOWN:,} more tiles"))
    return Report(
        schema=plan.schema,
        title=f"{title} · tiles of {plan.layer}" if title else f"tiles of {plan.layer}",
        parts=tuple(parts),
        notes=_NOTES,
        facts={"model": title} | plan.as_dict() | {"bioimageio": plan.as_bioimageio()},
        records=_Records(plan),
        axes=plan.axes,
        per_axis=frozenset(_SPANS),
    )


def _approximate(plan: TilePlan) -> list[str]:
    """What keeps the tiles from being equal to the whole."""
    found: list[str] = []
    if plan.needed:
        found.append(
            f"the halo {_pairs(plan.halo)} was chosen, exact tiles need {_pairs(plan.needed)}"
        )
    if plan.losses:
        names = ", ".join(loss.layer for loss in plan.losses[:3]) + " …" * (len(plan.losses) > 3)
        layers = "1 layer reads" if len(plan.losses) == 1 else f"{len(plan.losses)} layers read"
        found.append(f"{layers} a whole axis of the tile instead of the image's ({names})")
    return found


def _pairs(pairs: Sequence[tuple[int, int]]) -> str:
    return ", ".join(map(str, pairs))


def needs_report(plan: TilePlan, *, title: str = "") -> Report:
    """What tiles of any image need: context on either side, overlap, and where they may begin."""
    overlap = [before + after for before, after in plan.halo]
    pairs = (
        ("axes", ", ".join(plan.axes)),
        ("overlap of two tiles", values.axes(overlap, str)),
        ("halo (before, after)", values.axes(plan.halo, str, ", ")),
        ("tiles begin at multiples of", values.axes(plan.grid, str)),
        ("fidelity", "exact" if plan.exact else "approximate: layers read a whole axis"),
    )
    called = f"{title} · " if title else ""
    record = {"overlap": overlap, "halo": plan.halo, "grid": plan.grid, "exact": plan.exact}
    return Report(
        schema="rfield.overlap/1",
        title=f"{called}what tiles of {plan.layer} need, in pixels of {', '.join(plan.inputs)}",
        parts=(Facts(pairs),),
        notes=(
            "overlap: pixels that neighbours share = halo before + halo after",
            "halo: the context that a tile on the grid needs; one that begins elsewhere is wrong "
            "with any halo",
            "with the size of an image the plan lists its tiles",
        ),
        facts={"model": title, "layer": plan.layer},
        records=(record,),
        axes=plan.axes,
        per_axis=frozenset({"overlap", "halo", "grid"}),
    )


def _sizes(values: Sequence[int]) -> str:
    return " × ".join(map(str, values))


class _Records(Collection[Record]):
    """A record of every tile, made when it is written: there may be a million."""

    def __init__(self, plan: TilePlan) -> None:
        self.plan = plan

    def __len__(self) -> int:
        return len(self.plan)

    def __iter__(self) -> Iterator[Record]:
        return map(_record, self.plan)

    def __contains__(self, record: object) -> bool:
        return any(record == one for one in self)


_SPANS: dict[str, Callable[[Tile], list[int]]] = {
    "read_start": lambda tile: [span.start for span in tile.read],
    "read_stop": lambda tile: [span.stop for span in tile.read],
    "pad_before": lambda tile: [before for before, _ in tile.pad],
    "pad_after": lambda tile: [after for _, after in tile.pad],
    "valid_start": lambda tile: [span.start for span in tile.valid],
    "valid_stop": lambda tile: [span.stop for span in tile.valid],
    "write_start": lambda tile: [span.start for span in tile.write],
    "write_stop": lambda tile: [span.stop for span in tile.write],
}


def _record(tile: Tile) -> Record:
    return {"tile": list(tile.index)} | {name: of(tile) for name, of in _SPANS.items()}


def _spans(spans: tuple[slice, ...]) -> str:
    return ", ".join(f"{span.start}:{span.stop}" for span in spans)


_SHOWS: list[Show[Tile]] = [
    Show(Column("tile", "left"), lambda tile: ", ".join(map(str, tile.index))),
    Show(Column("read from the image", "left", tone="key"), lambda tile: _spans(tile.read)),
    Show(
        Column("pad by", "left"),
        lambda tile: ", ".join(map(str, tile.pad)) if any(map(any, tile.pad)) else "",
    ),
    Show(Column("keep of the result", "left"), lambda tile: _spans(tile.valid)),
    Show(Column("write to", "left"), lambda tile: _spans(tile.write)),
]
_NOTES = (
    "slices are half-open, in pixels of the image and positions of the output, axis by axis",
    "halo: pixels of a tile that are context only; a start off the grid is wrong with any halo",
)
