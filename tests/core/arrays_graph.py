"""A graph of one array op, and what its outputs read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count, product
from typing import Any

import numpy as np

from rfield.analysis.engines.backward import pull
from rfield.analysis.engines.scatter import Marks
from rfield.analysis.pixels.support import dense
from rfield.core.graph import Draft, Graph
from rfield.frontends.machine.emit import Emitter
from rfield.frontends.machine.values import Dependent

Index = tuple[int, ...]


def graph_of(make: Callable[..., Any], *shapes: Sequence[int], output: int | None = None) -> Graph:
    """The graph of ``make(x, y, …)`` over inputs of ``shapes`` (all axes are looked at)."""
    draft, numbers = Draft(), count()
    inputs = [
        Dependent(draft.input("xyz"[k], shape, range(len(shape))), tuple(shape))
        for k, shape in enumerate(shapes)
    ]
    emitter = Emitter(draft, lambda name: f"{name}#{next(numbers)}")
    made = make(*inputs)
    made = made if output is None else made[output]
    value = emitter.settle(made, (), "op")
    assert isinstance(value, Dependent)
    return draft.finish([value.index])


def reads(graph: Graph, index: Index, wrt: str = "x") -> set[Index]:
    """The elements of an input that output ``index`` (along all of its axes) reads."""
    value, source = len(graph.nodes) - 1, graph.index(wrt)
    rows = np.array([index], dtype=np.int64).reshape(1, len(index))
    feet = pull(graph, value, source, range(len(index)), rows, Marks())
    found: set[Index] = set()
    for foot in feet:
        if foot.scale[0] and not foot.windows:
            found.add(())
        elif foot.scale[0]:
            marks = dense(foot, 0, tuple(range(len(foot.windows))), Marks())
            first = [window[0] for window in foot.windows]
            found |= {tuple(map(int, place + first)) for place in np.argwhere(marks)}
    return found


def is_exact(graph: Graph) -> bool:
    """Whether the answer is a proof."""
    return all(node.exact for node in graph.nodes)


def elements(make: Callable[..., Any], shape: Sequence[int], wanted: np.ndarray) -> None:
    """Check an op that only moves elements.

    ``wanted``: what the same NumPy function makes of ``np.arange(1, n + 1)``; 0 is no element.
    """
    graph = graph_of(make, shape)
    assert graph.nodes[-1].shape == wanted.shape
    for index in product(*map(range, wanted.shape)):
        number = int(wanted[index])
        place = () if not number else (tuple(map(int, np.unravel_index(number - 1, shape))),)
        assert reads(graph, index) == set(place), index
    assert is_exact(graph)


def numbered(shape: Sequence[int]) -> np.ndarray:
    """A tensor whose elements are their own numbers, from 1."""
    return np.arange(1, int(np.prod(shape)) + 1).reshape(shape)


def depends(
    function: Callable[..., np.ndarray], *shapes: Sequence[int]
) -> dict[Index, list[set[Index]]]:
    """For each output of a running function the elements of every input that change it.

    Every element of every input is changed once; positive numbers, so that nothing cancels.
    """
    random = np.random.default_rng(1)
    inputs = [random.uniform(1, 2, tuple(shape)) for shape in shapes]
    before = np.array(function(*inputs))
    found = {index: [set[Index]() for _ in shapes] for index in np.ndindex(before.shape)}
    for k, array in enumerate(inputs):
        for place in np.ndindex(array.shape):
            kept = array[place]
            array[place] = kept + 1
            for index in np.argwhere(np.asarray(function(*inputs)) != before):
                found[tuple(map(int, index))][k].add(place)
            array[place] = kept
    return found


def same_as(
    make: Callable[..., Any], function: Callable[..., np.ndarray], *shapes: Sequence[int]
) -> Graph:
    """Check that an op reads what the running function depends on, for all outputs, exactly."""
    graph = graph_of(make, *shapes)
    for index, wanted in depends(function, *shapes).items():
        claimed = [reads(graph, index, "xyz"[k]) for k in range(len(shapes))]
        assert claimed == wanted, index
    assert is_exact(graph)
    return graph
