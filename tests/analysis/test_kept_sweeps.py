"""A graph keeps what was swept; a changed or pickled one does not take it along."""

from __future__ import annotations

import pickle
from dataclasses import replace

import rfield


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
