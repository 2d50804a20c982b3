"""What a network costs, layer by layer or in the modules that layers lie in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from ..analysis.cost import Cost
from . import values
from .report import Column, Facts, Report, Show, tabulate
from .rows import ROWS, parts_of

COUNTED = (
    "multiply-adds of convolutions, dense, recurrent and attention layers and matrix products; "
    "flops: 2 for each, 1 for a bias and for each element pooled; norms and activations are free",
    "a weight that several layers use counts once, to the first of them",
)


class _Share(NamedTuple):
    """A layer, or all layers of a module, and how much of the whole that is."""

    layer: str
    macs: int
    parameters: int
    of_macs: float | None
    of_parameters: float | None


def cost_report(
    cost: Cost, *, depth: int | Literal["auto", "all"] = "auto", title: str = ""
) -> Report:
    """The totals, and a row for every layer or module with names of at most ``depth`` parts.

    ``"auto"``: as deep as gives few rows; where the names have no parts, the costliest layers and
    the others together. What is deeper counts to the module that it lies in.
    """
    deep = _depth(cost.layers) if depth == "auto" else None if depth == "all" else depth
    rows = _gathered(cost, deep)
    hint = ""
    deepest = max(map(parts_of, cost.layers), default=0)
    if deep is not None and deep < deepest:
        hint = f"depth {deep}: what is deeper counts to the module it lies in; "
        hint += f"depth='all': {len(cost.layers)} layers"
    if depth == "auto" and len(rows) > ROWS:
        hint = f"the costliest of {len(rows)} layers; depth='all' shows everything"
        rows = _costliest(rows, cost)
    totals = (
        ("multiply-adds", f"{cost.macs:,}"),
        ("flops", f"{cost.flops:,}"),
        ("parameters", f"{cost.parameters:,}"),
    )
    return Report(
        schema=cost.schema,
        title=f"{title} · cost" if title else "cost",
        parts=(Facts(totals), tabulate(_SHOWS, rows)),
        notes=COUNTED,
        hint=hint,
        facts={"model": title} | cost.as_dict(),
        records=tuple({"layer": name, **part.numbers} for name, part in cost.layers.items()),
    )


def _module(layer: str, depth: int | None) -> str:
    """The first ``depth`` parts of a name.

    >>> _module("block1/unit_2.conv", 2), _module("stem", 2)
    ('block1/unit_2', 'stem')
    """
    ends = [match.start() for match in re.finditer(r"[./]", layer)]
    return layer if depth is None or depth > len(ends) else layer[: ends[depth - 1]]


def _depth(layers: Mapping[str, Cost]) -> int | None:
    """The greatest depth at which there are few rows; None where all are few."""
    deepest = max(map(parts_of, layers), default=0)
    counts = {deep: len({_module(name, deep) for name in layers}) for deep in range(1, deepest + 1)}
    few = max((deep for deep, count in counts.items() if count <= ROWS), default=1)
    return None if few >= deepest else few


def _gathered(cost: Cost, depth: int | None) -> list[_Share]:
    sums: dict[str, tuple[int, int]] = {}
    for name, part in cost.layers.items():
        macs, parameters = sums.get(_module(name, depth), (0, 0))
        sums[_module(name, depth)] = macs + part.macs, parameters + part.parameters
    return [
        _Share(name, macs, parameters, _of(macs, cost.macs), _of(parameters, cost.parameters))
        for name, (macs, parameters) in sums.items()
    ]


def _costliest(rows: list[_Share], cost: Cost) -> list[_Share]:
    """The few that cost the most, in order, and in the last row what the others come to."""
    ranked = sorted(rows, key=lambda row: (-row.macs, -row.parameters))[: ROWS - 1]
    kept = [row for row in rows if row in ranked]
    macs = cost.macs - sum(row.macs for row in kept)
    parameters = cost.parameters - sum(row.parameters for row in kept)
    shares = _of(macs, cost.macs), _of(parameters, cost.parameters)
    return [*kept, _Share(f"{len(rows) - len(kept)} others", macs, parameters, *shares)]


def _of(part: int, whole: int) -> float | None:
    return part / whole if part else None


_SHOWS: list[Show[_Share]] = [
    Show(Column("layer", "left", name=True), lambda row: row.layer),
    Show(Column("multiply-adds", tone="key"), lambda row: f"{row.macs:,}"),
    Show(Column("%", spare=1), lambda row: _percent(row.of_macs)),
    Show(Column("parameters"), lambda row: f"{row.parameters:,}"),
    Show(Column("%", spare=2), lambda row: _percent(row.of_parameters)),
]


def _percent(share: float | None) -> str:
    return "" if share is None else values.percent(share)
