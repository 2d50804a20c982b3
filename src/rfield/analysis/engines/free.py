"""Free input sizes: which numbers depend on them, found exactly.

SAME padding depends on the size modulo the stride, so every number of a network is a function of
the input size modulo its total stride: reading the network once per residue decides whether a
number is the same at all sizes. Ops that depend on the size itself (a resize to a fixed size, a
flip) show up by a second set of sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from math import lcm

import numpy as np

from ...core.graph import Graph
from ...core.lasting import lasting
from ...core.limits import RESIDUE_LIMIT
from ...errors import RFieldError, TooLargeError, UnresolvedSizeError
from .bounds import axis_field
from .forward import sweep
from .terms import Span, State, carriers, terms_of

BASE = 1 << 20

_NUMBERS = ("stride", "padding", "region")


def unknown_numbers(
    graph: Graph,
    source: str,
    layer: str,
    source_axes: Sequence[int],
    names: Sequence[str],
    states: Sequence[State],
) -> dict[str, str]:
    """``{"padding y": reason, …}``: what of ``layer`` changes with a free size.

    That may be its stride, its padding or its region.
    """
    unknown: dict[str, str] = {}
    samples = graphs_at_sizes(graph)
    index = graph.index(layer)
    shape = graph.nodes[index].shape
    matters = index in _sized(graph)
    for k, name in enumerate(names):
        states_there = (_state(sample, source, layer, source_axes[k]) for sample in samples)
        found = [state for state in states_there if not isinstance(state, TooLarge)]
        if matters and not found:
            where = f"of {layer} along {name} is not known at other sizes: none could be read"
            unknown |= {f"{what} {name}": f"the {what} {where}" for what in _NUMBERS}
            continue
        seen = [_numbers(state, shape) for state in (*found, states[k])]
        where = f"of {layer} along {name} depends on the input size"
        if len({numbers[0] for numbers in seen}) > 1:
            unknown[f"stride {name}"] = f"the stride {where}"
        if len({numbers[1] for numbers in seen}) > 1:
            unknown[f"padding {name}"] = f"the padding {where}"
        elif found and abs(_step(states[k])) > RESIDUE_LIMIT:
            unknown[f"padding {name}"] = (
                f"the padding {where}, or is not known not to: its stride is above {RESIDUE_LIMIT}"
            )
        if len(set(seen)) > 1 or f"padding {name}" in unknown:
            unknown[f"region {name}"] = unknown.get(f"padding {name}", f"the region {where}")
    return unknown


class TooLarge:
    """In the place of a state: nobody can work it out at this size."""


@lasting(1)
def _sized(graph: Graph) -> frozenset[int]:
    """The values that come after an op whose reading depends on the input size, itself included."""
    found = [k for k, node in enumerate(graph.nodes) if node.op.depends_on_size]
    return frozenset(graph.dependents(*found))


@lasting(1)
def graphs_at_sizes(graph: Graph) -> tuple[Graph, ...]:
    """A graph with free axes at sizes that stand for all sizes; empty where size is irrelevant.

    They show every residue, and twice and 33 times the first of them: code may ask whether 3 or 11
    divide a size.
    """
    if not any(node.op.depends_on_size for node in graph.nodes):
        return ()
    if graph.reread is None:  # else every size is left out
        raise UnresolvedSizeError("this graph cannot be read again at other sizes")
    modulus = _modulus(graph)
    first = modulus * (BASE // modulus + 1)
    sizes = [first + residue for residue in range(min(modulus, RESIDUE_LIMIT))]
    found: list[Graph] = []
    for size in [*sizes, 2 * first, 33 * first]:
        with suppress(RFieldError):  # not legal for the network, so it has no numbers
            found.append(at_size(graph, size))
    return tuple(found)


def at_size(graph: Graph, size: int) -> Graph:
    """The model with this size along all free axes of its inputs.

    Raises:
        RFieldError: it does not take that, or cannot be read again.
    """
    if graph.reread is None:
        raise UnresolvedSizeError("this graph cannot be read again at other sizes")
    return graph.reread({
        entry.name: [
            size if axis in entry.free else known
            for axis, known in enumerate(graph.nodes[entry.node].shape)
        ]
        for entry in graph.inputs_
    })  # fmt: skip


def _step(state: State) -> int:
    """The input step of one pattern, 0 without one."""
    if isinstance(state, Span):
        return state.advance
    return max((abs(t.advance or 0) for t in state.terms), default=0) if state else 0


def _modulus(graph: Graph) -> int:
    """A size step after which all paddings are the same again: the lcm of the strides."""
    modulus = 1
    for entry in graph.inputs_:
        for axis in entry.axes:
            for index, state in enumerate(sweep(graph, entry.node, [axis]).states[0]):
                if isinstance(state, Span):
                    modulus = lcm(modulus, abs(state.advance) or 1)
                else:
                    for term in terms_of(state, len(graph.nodes[index].shape)):
                        modulus = lcm(modulus, abs(term.advance or 1))
    return modulus


@lasting(2048)
def _sweep_of(graph: Graph, source: int, axis: int) -> Sequence[State]:
    return sweep(graph, source, [axis]).states[0]


def _state(graph: Graph, source: str, layer: str, axis: int) -> State | TooLarge:
    """The state of ``layer`` in ``source`` along one axis, in a graph read at some size."""
    try:
        return _sweep_of(graph, graph.index(source), axis)[graph.index(layer)]
    except TooLargeError:
        return TooLarge()


def _numbers(state: State, shape: Sequence[int]) -> tuple[object, object, object]:
    """Stride, padding and the whole pattern of a state, as comparable values."""
    if state is None:
        return None, None, None
    if isinstance(state, Span):
        return Fraction(state.advance), state.first, state
    folded = axis_field(state, shape, carriers([state], len(shape)))
    origin = np.zeros((1, len(folded.positions)), dtype=np.int64)
    pattern = {
        (t.carrier, t.advance, t.period, t.low.tobytes(), t.high.tobytes()) for t in folded.terms
    }
    return folded.stride, int(folded.local.bounds(origin)[0][0]), frozenset(pattern)


def padding_by_size(
    graph: Graph, layer: str, sizes: Sequence[int]
) -> dict[int, tuple[int | None, ...]]:
    """The padding of ``layer`` in the first input for each input size (the same on all free axes).

    None where the network accepts no such size or has no padding there.
    """
    if graph.reread is None:
        raise UnresolvedSizeError("this graph cannot be read again at other sizes")
    entry = graph.inputs_[0]
    found: dict[int, tuple[int | None, ...]] = {}
    for size in sizes:
        shape = list(graph.nodes[entry.node].shape)
        for axis in entry.free or entry.axes:
            shape[axis] = size
        try:
            sample = graph.reread({entry.name: shape})
        except RFieldError:
            found[size] = (None,) * len(entry.axes)
            continue
        states = (_state(sample, entry.name, layer, axis) for axis in entry.axes)
        found[size] = tuple(-s.first if isinstance(s, Span) else None for s in states)
    return found
