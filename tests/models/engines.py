"""The two engines against each other on a whole model: regions of positions, and their supports."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

import rfield

LAYERS, POSITIONS = 12, 12


def positions(sizes: tuple[int, ...], draw: np.random.Generator) -> Any:
    """Both ends and a random place along each axis, in all combinations, up to ``POSITIONS``."""
    chosen = [sorted({0, n - 1, int(draw.integers(n))}) for n in sizes]
    every = list(product(*chosen))
    rows = np.array(every, dtype=np.int64).reshape(len(every), len(sizes))
    return (
        rows if len(rows) <= POSITIONS else rows[draw.choice(len(rows), POSITIONS, replace=False)]
    )


def disagreements(graph: rfield.Graph) -> tuple[int, list[str]]:
    """How many positions were compared, and where region and support differ.

    Layers spread over the network, and every input that they depend on. An exact region is the
    bounding box of the support; one that is a bound holds it.
    """
    compared, found = 0, list[str]()
    for entry in graph.inputs_:
        if entry.axes:
            for message in _of_input(graph, graph.nodes[entry.node].name):
                compared += not message
                found += [message] if message else []
    return compared, found


def _of_input(graph: rfield.Graph, wrt: str) -> Iterator[str]:
    draw = np.random.default_rng(0)
    fields = rfield.receptive_fields(graph, wrt=wrt)
    names = [*fields]
    count = min(LAYERS, len(names))
    for layer in [names[(k + 1) * len(names) // count - 1] for k in range(count)]:
        field = fields[layer]
        shape = graph.nodes[field.value].shape
        if 0 in shape or all(state is None for state in field.states):
            continue
        rows = positions(tuple(shape[axis] for axis in field.positions), draw)
        box = field.region(rows, clip=True)
        supports = rfield.support(graph, rows, layer, wrt=wrt)
        exact = field.fidelity is rfield.Fidelity.EXACT
        for row, one in enumerate(supports):
            start, stop = tuple(box.start[row].tolist()), tuple(box.stop[row].tolist())
            own = (one.box.start, one.box.stop)
            empty = 0 in one.shape
            if exact and empty:
                same = any(a == b for a, b in zip(start, stop, strict=True))
            elif exact:
                same = own == (start, stop)
            else:
                same = empty or all(
                    a <= c and d <= b for a, b, c, d in zip(start, stop, *own, strict=True)
                )
            yield "" if same else f"{layer}{rows[row].tolist()}: {start}..{stop}, support {own}"
