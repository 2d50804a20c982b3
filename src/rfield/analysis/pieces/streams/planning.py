"""``stream_plan``: along which axis a model streams, and the plan for that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from math import lcm

from ....core.arguments import integer, one
from ....core.graph import Graph
from ....errors import (
    InvalidModelError,
    NotStreamableError,
    RFieldError,
    UnresolvedSizeError,
    unknown_name,
)
from ...engines.forward import sweep
from ...geometry.fields import choose_source, source_layout
from ..comparing.cuts import too_many
from ..comparing.direct import direct
from ..comparing.restful import check_restful
from ..comparing.unwrapping import unturned
from .lengths import Lengths
from .own_steps import in_step
from .plan import StreamPlan, outputs_of, rate_of
from .steady import Parts, short_parts, steady
from .timed import LAID, TimePath
from .written_out import written_out

ANCHORS = ("auto", "first", "center", "last")
FEW = 16
"""A model that was read at so few samples may show too little of itself."""

HALVED = 3
"""So often the length is halved at which a mask is not known."""

MORE = 4
"""So many times as long is one whose output has no place in time, which may be one position."""

ROUND = (144, 240)
"""Where a model refuses that, it is longer by a multiple of one of these, as most grids want it."""


def stream_plan(
    graph: Graph,
    output: str | None = None,
    *,
    axis: str | int | None = None,
    sample_rate: float | None = None,
    chunk: int | None = None,
    length: int | None = None,
    wrt: str | None = None,
    anchor: str = "auto",
) -> StreamPlan:
    """The plan for ``output`` (default: the last one); see ``rfield.stream_plan``."""
    if anchor not in ANCHORS:
        raise unknown_name("anchor", anchor, ANCHORS)
    check_restful(graph, NotStreamableError)
    rate = None if sample_rate is None else rate_of("sample_rate", sample_rate)
    if axis is None:
        value = graph.main if output is None else graph.index(output)
        source = choose_source(graph, value, wrt)
        axis = _time_axis(graph, source, graph.nodes[source].name, None)[0]
    if length is not None:
        graph = _of_length(graph, output, wrt, axis, one("length", length))

    def plan(graph: Graph) -> StreamPlan:
        return _plan(graph, output, axis, rate, chunk, length, wrt, anchor)

    _check_loops(graph, output, wrt, axis)
    try:
        found = plan(graph)
    except NotStreamableError:
        longer = None if length is not None else _longer(graph, output, wrt, axis)
        if longer is None:
            raise
        return plan(longer)
    source, time = found.source, found.input_axis
    size = graph.nodes[source].shape[time]
    if length is not None or (size > FEW and found.exact):
        return found
    if size > FEW:
        for shorter in _shorter(graph, output, wrt, axis, found.grid):
            with suppress(NotStreamableError):
                again = plan(shorter)
                if again.exact:
                    return again
        return found
    if found.exact and _at(graph, source, time, size + found.grid) is not None:
        return found
    longer = _longer(graph, output, wrt, axis)
    again = found if longer is None else plan(longer)
    return again if again.exact else found


def _check_loops(graph: Graph, output: str | None, wrt: str | None, axis: str | int | None) -> None:
    """Refuse a model that goes through time in its own code."""
    value = graph.main if output is None else graph.index(output)
    source = choose_source(graph, value, wrt)
    _, time = _time_axis(graph, source, graph.nodes[source].name, axis)
    told = written_out(graph, source, output, time, partial(_at, graph, source, time))
    if told:
        raise NotStreamableError("\n  ".join([f"{graph.layer_of(value)}: {told[0]}", *told[1:]]))


def _plan(
    graph: Graph, output: str | None, axis: str | int | None, rate: float | None,
    chunk: int | None, length: int | None, wrt: str | None, anchor: str,
) -> StreamPlan:  # fmt: skip
    graph = direct(graph)
    value = graph.main if output is None else graph.index(output)
    layer = graph.layer_of(value) if output is None else output
    source = choose_source(graph, value, wrt)
    wrt = graph.nodes[source].name if wrt is None else wrt
    name, time = _time_axis(graph, source, wrt, axis)
    short = _short(graph, source, time)
    middle = steady(unturned(graph), short)
    path = TimePath(middle, source, value, sweep(middle, source, (time,)))
    clock = path.clock(value)
    reads, ends = path.reads_all(), path.ends(short)
    if isinstance(clock, str):
        raise NotStreamableError("\n  ".join([f"{layer}: {clock}", *reads, *ends]))
    steps = path.steps() | {clock.advance}
    grid = lcm(*steps)
    if _at(graph, source, time, graph.nodes[source].shape[time] + grid) is None:
        steps |= path.steps(all_values=True)  # what lies beside the output allows some lengths only
        grid = lcm(*steps)
    obstacles = (*reads, *ends)
    if not reads:
        lengths = in_step(Lengths(graph, source, value, time, clock, steps, short))
        steps, grid = lengths.steps, lengths.grid
        laid = clock.remembers and all(text.startswith(LAID) for text in ends)
        if ends and lengths.apart(clock.axis, running=laid):
            obstacles = ()
        if not obstacles:
            obstacles = lengths.unknown() or lengths.obstacle(length)
    if chunk is not None:
        outputs_of(one("chunk", chunk), grid, clock.hop)
    obstacles = (*obstacles, *path.chance())
    return StreamPlan(
        graph=graph, value=value, source=source, layer=layer, wrt=wrt, axis=name,
        input_axis=time, output_axis=clock.axis, clock=clock, steps=steps,
        grid=grid, short=short, sample_rate=rate, chunk=chunk, length=length, obstacles=obstacles,
        global_reads=path.global_reads(),
        memory=path.memory() if clock.remembers else (),
        fidelity=path.fidelity(), layers=tuple(path.layer_states(grid)), joins=tuple(path.delays()),
        anchor=anchor,
    )  # fmt: skip


def _short(graph: Graph, source: int, time: int) -> Parts:
    """What does not grow with the stream."""
    size = graph.nodes[source].shape[time]
    return short_parts(graph, size, partial(_at, graph, source, time))


def _at(graph: Graph, source: int, time: int, length: int) -> Graph | None:
    """The model at another length of the stream; None where it cannot be read at that."""
    entry = next((entry for entry in graph.inputs_ if entry.node == source), None)
    if entry is None or graph.reread is None:
        return None
    shapes = {one.name: list(graph.nodes[one.node].shape) for one in graph.inputs_}
    shapes[entry.name][time] = length
    try:
        return direct(graph.reread(shapes))
    except RFieldError:
        return None


def _longer(
    graph: Graph, output: str | None, wrt: str | None, axis: str | int | None
) -> Graph | None:
    """A model that was read at so few samples that some layer has but one, at more of them."""
    value = graph.main if output is None else graph.index(output)
    source = choose_source(graph, value, wrt)
    _, time = _time_axis(graph, source, graph.nodes[source].name, axis)
    size = graph.nodes[source].shape[time]
    least = size * (FEW if size <= FEW else MORE)
    for length in (least, *(size - (size - least) // step * step for step in ROUND)):
        with suppress(RFieldError):
            return _of_length(graph, output, wrt, axis, length)
    return None


def _shorter(
    graph: Graph, output: str | None, wrt: str | None, axis: str | int | None, grid: int
) -> Iterator[Graph]:
    """A model that was read at so many samples that its masks are not known, at fewer of them."""
    value = graph.main if output is None else graph.index(output)
    source = choose_source(graph, value, wrt)
    _, time = _time_axis(graph, source, graph.nodes[source].name, axis)
    size = graph.nodes[source].shape[time]
    for _ in range(HALVED):
        if size <= FEW or not any(map(too_many, (t for node in graph.nodes for t in node.tables))):
            return
        size -= -(-size // (2 * grid)) * grid
        with suppress(RFieldError):
            graph = _of_length(graph, output, wrt, axis, size)
            yield graph


def _of_length(
    graph: Graph, output: str | None, wrt: str | None, axis: str | int | None, length: int
) -> Graph:
    """The model as it is for a stream of this length."""
    value = graph.main if output is None else graph.index(output)
    source = choose_source(graph, value, wrt)
    name = graph.nodes[source].name
    _, time = _time_axis(graph, source, name, axis)
    if graph.reread is None or name not in graph.inputs:
        raise UnresolvedSizeError(f"{name} cannot be read again at a length of {length}")
    shapes = {entry.name: list(graph.nodes[entry.node].shape) for entry in graph.inputs_}
    shapes[name][time] = length
    return graph.reread(shapes)


def _causal(graph: Graph, source: int, axes: Sequence[int]) -> list[int]:
    """The axes along which the output reads the past and no future, while others read both."""
    found: list[int] = []
    for axis in axes:
        middle = steady(unturned(graph), _short(graph, source, axis))
        clock = TimePath(middle, source, graph.main, sweep(middle, source, (axis,))).clock(
            graph.main
        )
        if not isinstance(clock, str):
            first, last = clock.reads
            found += [axis] if first < 0 and last < clock.advance else []
    return found


def _time_axis(graph: Graph, source: int, wrt: str, axis: str | int | None) -> tuple[str, int]:
    """Name and tensor axis of time."""
    names, axes = source_layout(graph, source)
    known = " and ".join(f"{a} ({n})" for n, a in zip(names, axes, strict=True))
    if len(axes) == 3:  # video: the frames first
        names = ("t" if axis in (None, "t") else names[0], *names[1:])
    if axis is None:
        if len(names) == 1:
            return names[0], axes[0]
        found = _causal(graph, source, axes)
        if len(found) == 1:
            return names[axes.index(found[0])], found[0]
        raise InvalidModelError(
            f"{wrt} has {len(names)} axes that could be time: {known}. Choose one with axis="
        )
    if isinstance(axis, str):
        if axis not in names:
            raise unknown_name(f"axis of {wrt}", axis, names)
        return axis, axes[names.index(axis)]
    place, rank = integer(axis), len(graph.nodes[source].shape)
    if place is None or not -rank <= place < rank:
        raise InvalidModelError(f"axis = {axis!r}; expected a name or one of the {rank} axes")
    if place % rank not in axes:
        raise InvalidModelError(
            f"axis = {axis}: not a time axis of {wrt}, whose axes are {known}; the others are "
            f"batch or channels.\n  If it is time, read the model with axes=({place % rank},)"
        )
    return names[axes.index(place % rank)], place % rank
