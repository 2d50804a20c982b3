"""What a user writes who has both type checkers set to strict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import rfield
from rfield import Graph, GraphBuilder, LoadOptions, ReceptiveField, SummaryRow

OPTIONS: LoadOptions = {"input_shape": (1, 3, 224, 224), "unknown": "whole"}


def network(dilation: int = 1) -> Graph:
    b = GraphBuilder()
    x = b.input("image", (1, 3, 64, 64))
    y = b.conv("conv", x, kernel=3, dilation=dilation, padding="same", channels=8)
    return b.build([b.max_pool("pool", y, kernel=2, stride=2)])


def numbers(field: ReceptiveField) -> tuple[int | None, Fraction | None]:
    size = field.size[0]
    return (size if isinstance(size, int) else None), field.stride[0]


def local(rows: Iterable[SummaryRow]) -> list[str]:
    return [row.layer for row in rows if not row.global_reads]


def every_question(model: Graph, record: Path) -> dict[str, object]:
    found = rfield.summary(model, depth="all")
    pixels = rfield.support(model, (3, 4))
    many = rfield.support(model, np.array([[0, 0], [1, 1]]))
    weights: NDArray[np.float64] = rfield.influence(model).weight
    plan = rfield.tile_plan(model, (4000, 3000), tile=512)
    rfield.expect(model, record, update=True)
    answers: dict[str, object] = {
        "layers": local(found),
        "first": found["conv"].size,
        "numbers": numbers(rfield.receptive_field(model, "pool")),
        "pixels": pixels.mask.sum() + sum(one.mask.sum() for one in many),
        "middle": float(weights.max()),
        "cost": rfield.cost(model).macs,
        "aligned": rfield.alignment(model).aligned,
        "sizes": rfield.valid_sizes(model, "even").smallest,
        "tiles": len(plan),
        "differs": bool(rfield.compare(model, network(2))),
        "by option": rfield.receptive_field("article:vgg_16", **OPTIONS).local.size,
        "record": found.to_json(),
    }
    return answers


def smooth(chunks: Iterable[NDArray[np.float64]]) -> Iterator[NDArray[np.float64]]:
    b = GraphBuilder()
    y = b.conv("mean", b.input("signal", (1, 1, 999)), kernel=9)
    yield from rfield.run_streaming(lambda x: x[..., 8:], chunks, rfield.stream_plan(b.build([y])))
