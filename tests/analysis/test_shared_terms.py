"""A concatenation of parts that share what they read: written once, and not over two axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import rfield
from rfield.analysis.engines import forward
from rfield.analysis.engines.forward import sweep
from rfield.analysis.engines.terms import Terms


def scores(tokens: int, parts: list[tuple[int, int]], order: Sequence[int] = ()) -> rfield.Graph:
    """Scores of each token with each, cut along the keys and put together again."""
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 4, tokens))
    near = b.conv("near", x, kernel=3, padding=1)
    if order:
        near = b.gather("order", near, axis=2, indices=order)
    both = b.matmul("scores", b.permute("query", near, (0, 2, 1)), near)
    cut = [b.slice(f"part{k}", both, axis=2, start=a, stop=z) for k, (a, z) in enumerate(parts)]
    return b.build(outputs=[b.concat("whole", *cut, axis=2)])


def reads(graph: rfield.Graph, position: tuple[int, ...]) -> list[int]:
    found = rfield.support(graph, position)
    return [found.offset[0] + int(k) for k in np.flatnonzero(found.mask)]


def test_rows_are_kept_and_columns_are_put_together() -> None:
    graph = scores(12, [(0, 1), (1, 12)])
    (states,) = sweep(graph, 0, (2,)).states
    state = states[-1]
    assert isinstance(state, Terms)
    assert {(t.carrier, t.advance, t.low.shape) for t in state.terms} == {
        (1, 1, (1, 1, 1)), (2, 1, (1, 1, 1)),
    }  # fmt: skip
    assert reads(graph, (3, 9)) == [2, 3, 4, 8, 9, 10]
    assert reads(graph, (9, 0)) == [0, 1, 8, 9, 10]


def test_parts_in_another_order() -> None:
    graph = scores(12, [(1, 12), (0, 1)])
    assert reads(graph, (3, 0)) == [0, 1, 2, 3, 4]
    assert reads(graph, (3, 11)) == [0, 1, 2, 3, 4]
    field = rfield.receptive_field(graph)
    assert [str(field.region(index)) for index in ((3, 0), (3, 11), (9, 0))] == [
        "t: 0..4", "t: -1..4", "t: 0..10",
    ]  # fmt: skip


def test_rows_are_never_written_out_over_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rfield.analysis.engines.through.CELL_LIMIT", 1 << 12)
    monkeypatch.setattr(forward, "CELL_LIMIT", 1 << 12)
    order = [k * k % 1021 for k in range(1 << 10)]
    graph = scores(1 << 10, [(0, 1), (1, 1 << 10)], order)
    (states,) = sweep(graph, 0, (2,)).states
    assert isinstance(states[-1], Terms)
    assert max(term.low.size for term in states[-1].terms) <= 1 << 10
