"""A concatenation of parts that share what they read: written once, and not over two axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import rfield
from rfield.analysis.engines import passing
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
    monkeypatch.setattr(passing, "CELL_LIMIT", 1 << 12)
    order = [k * k % 1021 for k in range(1 << 10)]
    graph = scores(1 << 10, [(0, 1), (1, 1 << 10)], order)
    (states,) = sweep(graph, 0, (2,)).states
    assert isinstance(states[-1], Terms)
    assert max(term.low.size for term in states[-1].terms) <= 1 << 10


def gated(stride: int) -> rfield.Graph:
    """Fields beside readings of all: pooled, joined with plain ones, flipped, of two strides."""
    b = rfield.GraphBuilder()
    x = b.conv("c", b.input("x", (1, 4, 66)), kernel=5, stride=2, padding=1)
    x = b.multiply("gate", x, b.global_pool("pool", x))
    x = b.add("residual", x, b.conv("inner", x, kernel=3, padding=1))
    y = b.conv("wide", x, kernel=7, stride=stride, padding=3)
    z = b.conv("near", x, kernel=2, stride=2)
    z = z if stride == 2 else b.resize("up", z, scale=2, mode="linear")
    both = b.concat("both", y, z)
    most = b.max_pool("most", both, kernel=3, stride=1)
    last = b.multiply("again", both, b.global_pool("pool2", most))
    return b.build(outputs=[b.flip("flip", b.add("sum", last, both))])


@pytest.mark.parametrize("stride", [2, 1])
def test_a_field_beside_a_reading_of_all_is_the_same_term_by_term(
    stride: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> list[object]:
        fields = rfield.receptive_fields(gated(stride))
        return [(name, field.as_dict()) for name, field in fields.items()]

    short = told()
    monkeypatch.setattr(passing, "_gated", lambda *_: None)
    passing.STEPS.clear()
    assert short == told()
