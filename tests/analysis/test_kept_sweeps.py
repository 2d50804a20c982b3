"""A graph keeps what was swept; a changed or pickled one does not take it along."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pytest

import rfield
from rfield.analysis.engines import passing
from rfield.analysis.engines.forward import sweep
from rfield.analysis.engines.passing import Passing
from rfield.analysis.engines.terms import Span, terms_of
from rfield.core.link import Link, Read
from rfield.core.node import Node
from rfield.core.operation import Op
from rfield.core.relation import shift


def net(kernel: int) -> rfield.Graph:
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 64))
    return b.build(outputs=[b.conv("c", x, kernel=kernel, padding=kernel // 2)])


def test_a_changed_graph_is_swept_anew() -> None:
    graph = net(3)
    assert rfield.receptive_field(graph).size == (3,)
    assert graph.sweeps
    changed = replace(graph, nodes=net(7).nodes)
    assert rfield.receptive_field(changed).size == (7,)
    assert rfield.receptive_field(graph).size == (3,)


def test_a_pickled_graph_leaves_its_sweeps_behind() -> None:
    graph = net(5)
    rfield.receptive_field(graph)
    again = pickle.loads(pickle.dumps(graph))  # noqa: S301  # our own
    assert again.sweeps == {}
    assert rfield.receptive_field(again).size == (5,)


def gated(blocks: int) -> rfield.Graph:
    """Blocks that are all alike: a window, rows laid side by side, a gate, and a sparse branch."""
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 12, 12))
    for k in range(blocks):
        y = b.conv(f"c{k}", x, kernel=3, padding=1)
        y = b.reshape(f"rows{k}", y, (1, 4, 3, 12))
        y = b.reshape(f"back{k}", y, (1, 1, 12, 12))
        y = b.multiply(f"gate{k}", y, b.global_pool(f"pool{k}", y))
        small = b.max_pool(f"small{k}", x, kernel=2, stride=2)
        wide = b.conv_transpose(f"wide{k}", small, kernel=(1, 2), stride=2, output_padding=(1, 0))
        x = b.add(f"sum{k}", y, wide)
    return b.build(outputs=[x])


def test_what_a_kept_step_met_is_told_again() -> None:
    graph = gated(2)
    first = sweep(graph, 0, (2, 3))
    again = sweep(replace(graph), 0, (2, 3))
    assert again is not first
    assert again.globals_ == first.globals_
    assert all(found == {graph.index("pool0"), graph.index("pool1")} for found in first.globals_)
    assert again.crossed == first.crossed == {graph.index("sum0"), graph.index("sum1")}


def repeated(graph: rfield.Graph, times: int) -> rfield.Graph:
    """The graph, what it gives as its own input, and so on."""
    block = len(graph.nodes) - 1
    nodes = graph.nodes[:1] + [
        replace(
            node, name=f"{node.name}.{k}",
            operands=tuple(operand + k * block for operand in node.operands),
        )
        for k in range(times) for node in graph.nodes[1:]
    ]  # fmt: skip
    return replace(graph, nodes=nodes, outputs_=(len(nodes) - 1,), numbers=None)


def test_blocks_that_are_alike_are_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = repeated(gated(1), 3)
    sweep(graph, graph.index("sum0.0"), (2, 3))
    made: list[str] = []
    general = passing._general

    def counted(nodes: Any, node: Any, states: Any, axis: int) -> passing.Step:
        made.append(node.name)
        return general(nodes, node, states, axis)

    monkeypatch.setattr(passing, "_general", counted)
    sweep(graph, graph.index("sum0.1"), (2, 3))
    assert made == []


def test_a_link_on_another_shape_is_another_step() -> None:
    link = Link([Read(0, shift(2, "cut"))])

    def reads(size: int) -> object:
        nodes = [Node.source_of("x", (size,)), Node("y", Op("crop", (8,), (link,)), (0,), (link,))]
        (term,) = terms_of(Passing(nodes, 0).step(1, [Span(0, 1, 0, 0)]).state, 1)
        return [low for low, high in zip(term.low, term.high, strict=True) if low <= high]

    assert reads(6) == [2, 3, 4, 5]
    assert reads(9) == [2, 3, 4, 5, 6, 7, 8]
    assert reads(6) == [2, 3, 4, 5]


def test_where_nothing_is_met_again_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Concatenations of other sizes each time: two steps are kept, the others are not."""

    def nested(count: int) -> rfield.Graph:
        b = rfield.GraphBuilder()
        x = b.input("x", (1, 1, 64))
        for k in range(count):
            x = b.concat(f"j{k}", x, b.conv(f"c{k}", x, kernel=3, padding=1, channels=1))
        return b.build(outputs=[x])

    wanted = [field.size for field in rfield.receptive_fields(nested(9)).values()]
    passing.STEPS.clear()
    monkeypatch.setattr(passing, "MISSES", 2)
    assert [field.size for field in rfield.receptive_fields(nested(9)).values()] == wanted
    assert len(passing.STEPS._held) == 2
