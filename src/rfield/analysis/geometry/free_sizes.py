"""Free sizes: whether fields are at other sizes what they are at the one that stands for any.

A size that stands for any shows nothing of code that looks at it and goes another way below 40, nor
that the windows of an adaptive pool grow with it. So the fields of the outputs are held against
those at another large size and at some small ones. Where they differ an answer says what it rests
on.
"""

from __future__ import annotations

from collections.abc import Callable

from ...core.graph import Graph
from ...errors import RFieldError
from ..engines.bounds import axis_field
from ..engines.forward import sweep
from ..engines.free import at_size
from ..engines.terms import Span, State, carriers

SMALL = (16, 48, 100, 500)
"""Sizes at which fields are held against those at a large size."""

FEW, LARGE = (48,), 600
"""The same of a model of so many values."""

TIMES = 3
"""So many times as large is the other large size."""

Numbers = dict[tuple[int, str, int], tuple[object, ...]]
"""Of the place of an output, an input and an axis of it: size, whether it is global, stride and
padding."""


def free_sizes(graph: Graph) -> tuple[str, ...]:
    """A sentence for fields that are others at other sizes, and one for windows that grow."""
    at = _reading(graph)
    usual = None if at is None else _numbers(graph)
    if at is None or usual is None:
        return ()
    size = max(graph.nodes[e.node].shape[axis] for e in graph.inputs_ for axis in e.free)
    larger = at(TIMES * size) or {}
    growing = {key: one for key, one in usual.items() if larger.get(key, one)[0] != one[0]}
    told: list[str] = []
    if growing:
        names = ", ".join(dict.fromkeys(graph.outputs[place] for place, _, _ in growing))
        told.append(
            f"the field of {names} grows with the input: its size is that at {size:,}; for another "
            "give input_shape"
        )
    steady = {key: one for key, one in usual.items() if larger.get(key) == one}
    if any("free sizes are taken" in text for text in graph.assumed) or not steady:
        return tuple(told)

    def differs(other: int) -> str:
        """The output whose field is another at this size; empty where none is, or none is known."""
        found = at(other) or {}
        keys = (key for key, one in steady.items() if found.get(key, one) != one)
        return next((graph.outputs[place] for place, _, _ in keys), "")

    probes = FEW if len(graph.nodes) > LARGE else SMALL
    low = next((n for n in reversed(probes) if n < size and differs(n)), None)
    if low is not None:
        high, layer = size, differs(low)
        while high - low > 1:
            middle = (low + high) // 2
            found = differs(middle)
            low, high, layer = (middle, high, found) if found else (low, middle, layer)
        told.append(
            f"free sizes are taken to be {high:,} or more: at {low:,} the field of {layer} is "
            "another; for small sizes give input_shape"
        )
    return tuple(told)


def _reading(graph: Graph) -> Callable[[int], Numbers | None] | None:
    """The numbers at a size of all free axes, None where the model does not take it."""
    if graph.reread is None or not any(entry.free for entry in graph.inputs_):
        return None

    def at(size: int) -> Numbers | None:
        try:
            return _numbers(at_size(graph, size))
        except RFieldError:
            return None

    return at


def _numbers(graph: Graph) -> Numbers | None:
    """What is compared; None where it is too large to be known."""
    sized = any(node.op.depends_on_size for node in graph.nodes)
    found: Numbers = {}
    try:
        for entry in graph.inputs_:
            swept = sweep(graph, entry.node, entry.axes)
            for place, output in enumerate(graph.outputs_):
                for k, state in enumerate(swept.at(output)):
                    shape = graph.nodes[output].shape
                    found[place, entry.name, k] = _of(state, shape, sized=sized)
    except RFieldError:
        return None
    return found


def _of(state: State, shape: tuple[int, ...], *, sized: bool) -> tuple[object, ...]:
    """Size, whether it is global, stride and padding; the last two only where they are known."""
    if state is None:
        return (0, False)
    if isinstance(state, Span):
        padding = None if sized else state.first
        return state.last - state.first + 1, False, state.advance, padding
    field = axis_field(state, shape, carriers([state], len(shape), local=True))
    if field.is_global:  # what it reads beside is not what its field is
        return 0, True
    return field.local.largest, False, None if sized else field.stride
