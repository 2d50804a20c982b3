"""A stream through a network op by op, so that nothing is computed twice.

Each stage gets the new positions of what it reads. One that looks at its own positions only runs on
these; one with a window runs on windows of its own operand, as ``overlap`` runs a whole function; a
running one goes on from its state. What reaches a stage early waits there for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from ....core.graph import Graph
from ....core.numbers import Numbers
from ....core.stage import Stage
from ....errors import InvalidModelError, NotStreamableError, RFieldError
from ...engines.clipped import clipped_bounds
from ...engines.forward import sweep
from ..arrays import concatenated, owned
from ..comparing.agreement import agreement
from .lengths import FEWER, Lengths
from .overlap import Final, Overlap, check_chunk
from .plan import StreamPlan
from .planning import stream_plan
from .timing import Pattern, pattern_of
from .ways_out import way_out


class Apart(Protocol):
    """A model taken apart, at some length and at those that are steps of its grid longer."""

    def stages(self) -> Sequence[Stage]:
        """Its stages in order; the last one gives the output."""
        ...

    def is_alike(self, more: int) -> bool:
        """Whether it is the same at lengths that are ``more`` samples longer."""
        ...

    def exactly(self) -> Apart | None:
        """The same in numbers of which no rounding shows; None where there is none."""
        ...

    def example(self, more: int) -> tuple[Any, Any]:
        """A stream, so much longer than the one it was taken apart at, and the output for it."""
        ...


TakeApart = Callable[[Any], Apart]
"""Takes a model apart for a stream of such parts."""


def run_carrying(apart: TakeApart, chunks: Iterable[Any], plan: StreamPlan) -> Iterator[Any]:
    """Hand every chunk through all stages; see ``rfield.run_streaming``."""
    if plan.obstacles:
        raise NotStreamableError("\n  ".join([f"{plan.layer}: {_WHY}", *plan.obstacles]))
    return _run(apart, chunks, plan)


def _run(apart: TakeApart, chunks: Iterable[Any], plan: StreamPlan) -> Iterator[Any]:
    flow: _Flow | None = None
    model: Apart | None = None
    taken = given = 0
    before: Sequence[int] | None = None
    for number, chunk in enumerate(chunks, 1):
        check_chunk(chunk, number, plan, before)
        before = before or tuple(chunk.shape)
        if not chunk.shape[plan.input_axis]:
            continue
        model = model or apart(chunk)
        flow = flow or _Flow(model.stages())
        taken += chunk.shape[plan.input_axis]
        found = flow.feed(owned(chunk))  # the caller may fill the same array again
        if found is not None:
            given += found.shape[plan.output_axis]
            yield owned(found)  # it may be part of what is kept
    if flow is None or model is None:
        return
    try:
        found = flow.end()
    except RFieldError:
        raise
    except Exception as error:  # an op of the user's may not take so little
        raise NotStreamableError(
            f"{plan.layer}: the end of {taken} samples is not taken with carried state: {error}.\n"
            f"  {way_out(plan, taken)}"
        ) from error
    _check_end(plan, taken, given + (0 if found is None else found.shape[plan.output_axis]))
    _check_rest(plan, taken, model)
    if found is not None:
        yield found


def _check_end(plan: StreamPlan, taken: int, given: int) -> None:
    """So many outputs must be those of the whole: padding at the end may follow from its length."""
    graph = plan.graph
    (entry,) = graph.inputs_
    if graph.reread is None:
        return
    shape = list(graph.nodes[entry.node].shape)
    shape[plan.input_axis] = taken
    whole = graph.reread({entry.name: shape})
    wanted = whole.nodes[whole.outputs_[graph.outputs_.index(plan.value)]].shape[plan.output_axis]
    if given != wanted:
        text = (
            f"{given} of the {wanted} outputs for {taken} samples can be given with carried state"
        )
        why = "how the end is padded or cut depends on the length of the stream"
        if given > wanted:
            text = f"with carried state it gives {given} outputs for {taken} samples, not {wanted}"
            why += ", or the plan is another model's"
        raise NotStreamableError(f"{plan.layer}: {text}: {why}.\n  {way_out(plan, taken)}")
    lengths = _lengths(plan)
    if (layer := lengths.differs(taken)) is not None:
        if lost := lengths.lost(taken):
            raise NotStreamableError(f"{plan.layer}: {lost[0]}.\n  {FEWER}")
        raise NotStreamableError(
            f"{plan.layer}: what {layer} reads depends on the length of the stream, which is "
            f"{taken}.\n  The plan was made for {lengths.length}. {way_out(plan, taken)}"
        )


def _check_rest(plan: StreamPlan, taken: int, model: Apart) -> None:
    """What the model does may depend on what the length leaves modulo its grid."""
    rest = (taken - plan.graph.nodes[plan.source].shape[plan.input_axis]) % plan.grid
    if rest and not model.is_alike(rest) and not _gives_the_example(model, rest, plan):
        raise NotStreamableError(
            f"{plan.layer}: how the end is padded or cut depends on what the length of the stream, "
            f"{taken}, leaves modulo {plan.grid}.\n  {way_out(plan, taken)}"
        )


def _gives_the_example(model: Apart, rest: int, plan: StreamPlan) -> bool:
    """Whether what is cut or padded otherwise is of no matter, as what no block reads."""
    exact = model.exactly()
    if exact is None:
        return False
    try:
        stream, whole = exact.example(rest)
        flow = _Flow(exact.stages())
        parts = [flow.feed(stream), flow.end()]
    except Exception:  # noqa: BLE001  # the user's own code may raise anything, at another size
        return False
    found = [part for part in parts if part is not None]
    tiled = concatenated(found, plan.output_axis) if found else None
    if tiled is None or tuple(tiled.shape) != tuple(whole.shape):
        return False
    return bool(np.allclose(np.asarray(tiled), np.asarray(whole), rtol=1e-9, atol=1e-11))


def recorded_length(plan: StreamPlan) -> int:
    """At which length a model is best taken apart: that of a recurrent layer goes step by step."""
    own = plan.graph.nodes[plan.source].shape[plan.input_axis]
    return own if plan.graph.reread is None else _lengths(plan).shortest()


def _lengths(plan: StreamPlan) -> Lengths:
    return Lengths(
        plan.graph, plan.source, plan.value, plan.input_axis, plan.clock, plan.steps, plan.short
    )


class _Flow:
    """All stages, each with what it keeps."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = stages
        self.steps = [_step(stage) for stage in stages]

    def feed(self, chunk: Any) -> Any:
        """What the last stage gives for this chunk; None where that is nothing."""
        streams = [chunk]
        for stage, step in zip(self.stages, self.steps, strict=True):
            streams.append(step.feed([streams[k] for k in stage.operands]))
        return streams[-1]

    def end(self) -> Any:
        """What the end of the stream makes final."""
        streams: list[Any] = [None]
        for stage, step in zip(self.stages, self.steps, strict=True):
            given = step.feed([streams[k] for k in stage.operands])
            parts = [part for part in (given, step.end()) if part is not None]
            streams.append(concatenated(parts, stage.axis) if len(parts) > 1 else [*parts, None][0])
        return streams[-1]


class _Step(Protocol):
    """One stage with what it keeps."""

    def feed(self, parts: Sequence[Any]) -> Any:
        """What new parts of its operands make final; None for none, and for nothing."""
        ...

    def end(self) -> Any:
        """What the end of the stream makes final."""
        ...


def _step(stage: Stage) -> _Step:
    if stage.resume is not None:
        return _Running(stage)
    graph = stage.graph()
    if _is_local(graph, stage.axis):
        return _Local(stage)
    (entry,) = graph.inputs_
    try:
        plan = stream_plan(graph, axis=entry.axes[0])
        if plan.obstacles:
            raise NotStreamableError("; ".join(plan.obstacles))
        if plan.memory:
            raise NotStreamableError("what it must keep grows with the stream")
        if stage.placed:
            raise NotStreamableError("it reads numbers by position beside a window")
        return _Windowed(stage, plan)
    except NotStreamableError as error:
        raise NotStreamableError(
            f"{stage.layer} ({stage.op}) cannot carry a state: {error}"
        ) from None


def _is_local(graph: Graph, axis: int) -> bool:
    """Whether every position of a stage reads its own of all operands, at any length."""
    (entry,) = graph.inputs_
    swept = sweep(graph, entry.node, (entry.axes[0],))
    if graph.main in swept.globals_[0]:
        return False
    shape = graph.nodes[graph.main].shape
    clock = pattern_of(swept.states[0][graph.main], shape)
    if not isinstance(clock, Pattern) or clock.remembers:
        return False
    found = clock.axis, clock.advance, clock.first.tolist(), clock.last.tolist()
    length = graph.nodes[entry.node].shape[entry.axes[0]]
    if shape[axis] != length or found != (axis, 1, [0], [0]):
        return False
    if _looks_at_the_place(graph, length) or not _reads_its_own(graph, axis):
        return False
    plain = (link.is_identity for node in graph.nodes for link in node.links)
    return all(plain) or _gives_its_own(graph, axis)


def _looks_at_the_place(graph: Graph, length: int) -> bool:
    """Whether an op of a stage has other numbers beside it at some positions than at others."""
    return any(
        bool((np.diff(table.array.astype(np.float64), axis=axis) != 0).any())
        for node in graph.nodes
        for table in node.tables
        if isinstance(table, Numbers)
        for axis, size in enumerate(table.array.shape)
        if size == length > 1
    )


def _reads_its_own(graph: Graph, axis: int) -> bool:
    """Whether no position of a stage's tensor has been written over."""
    (entry,) = graph.inputs_
    places = np.arange(graph.nodes[graph.main].shape[axis], dtype=np.int64)
    found = clipped_bounds(
        graph, graph.main, entry.node, (entry.axes[0],), (axis,), places[:, None]
    )
    return found is not None and all((side[:, 0] == places).all() for side in found)


def _gives_its_own(graph: Graph, axis: int) -> bool:
    """Whether a part from the middle of a stream gives what the whole has there."""
    (entry,) = graph.inputs_
    shape = [*graph.nodes[entry.node].shape]
    length = shape[entry.axes[0]]
    shape[entry.axes[0]] *= 3
    try:
        whole = None if graph.reread is None else graph.reread({entry.name: shape})
    except RFieldError:
        whole = None
    if whole is None:
        return False
    cuts = agreement(whole, graph, {entry.name: [length]}).cuts[graph.main]
    return cuts is not None and cuts[axis][:3] == (length, 0, length)


class _Together:
    """Parts of several operands, as far as all have arrived."""

    def __init__(self, axes: Sequence[int]) -> None:
        self.axes = axes
        self.waiting: list[list[Any]] = [[] for _ in axes]

    def feed(self, parts: Sequence[Any]) -> list[Any] | None:
        """The new positions that all operands have; None for none."""
        for waiting, part in zip(self.waiting, parts, strict=True):
            if part is not None:
                waiting.append(part)
        if not all(self.waiting):
            return None
        joined = [
            of[0] if len(of) == 1 else concatenated(of, axis)
            for of, axis in zip(self.waiting, self.axes, strict=True)
        ]
        sizes = [one.shape[axis] for one, axis in zip(joined, self.axes, strict=True)]
        size = min(sizes)
        self.waiting = [
            [_span(one, axis, size, None)] if own > size else []
            for one, axis, own in zip(joined, self.axes, sizes, strict=True)
        ]
        return [_span(one, axis, 0, size) for one, axis in zip(joined, self.axes, strict=True)]


class _Local:
    """A stage of which every position reads its own."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.together, self.at = stage, _Together(stage.axes), 0

    def feed(self, parts: Sequence[Any]) -> Any:
        given = self.together.feed(parts)
        if given is None:
            return None
        found = self.stage.run(given, self.at)
        self.at += found.shape[self.stage.axis]
        return found

    def end(self) -> None:
        return None


class _Running:
    """A stage that goes on from its state."""

    def __init__(self, stage: Stage) -> None:
        assert stage.resume is not None
        self.resume, self.state = stage.resume, None

    def feed(self, parts: Sequence[Any]) -> Any:
        (part,) = parts
        if part is None:
            return None
        found, self.state = self.resume(part, self.state)
        return found

    def end(self) -> None:
        return None


class _Windowed:
    """A stage that reads some positions before and after its own."""

    def __init__(self, stage: Stage, plan: StreamPlan) -> None:
        self.together = _Together(stage.axes)
        self.overlap = Overlap(plan, _Kept(stage))

    def feed(self, parts: Sequence[Any]) -> Any:
        given = self.together.feed(parts)
        return None if given is None else self.overlap.feed(given)

    def end(self) -> Any:
        return self.overlap.end(cut=True)


class _Kept:
    """The positions of all operands of a stage that are still needed."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.start, self.stop = stage, 0, 0
        self.parts: list[Any] = []

    def add(self, chunk: Sequence[Any]) -> None:
        axes = self.stage.axes
        self.parts = [
            concatenated([old, new], axis)
            for old, new, axis in zip(self.parts, chunk, axes, strict=True)
        ] if self.parts else list(chunk)  # fmt: skip
        self.stop += chunk[0].shape[axes[0]]

    def drop(self, start: int) -> None:
        if start > self.start:
            self.parts = self._window(start, self.stop)
            self.start = start

    def _window(self, start: int, stop: int) -> list[Any]:
        span = start - self.start, stop - self.start
        return [_span(one, k, *span) for one, k in zip(self.parts, self.stage.axes, strict=True)]

    def run(self, start: int, stop: int, found: Final, first: int) -> Any:
        result, axis = self.stage.run(self._window(start, stop), start), self.stage.axis
        if found.length is not None and result.shape[axis] != found.length:
            raise InvalidModelError(
                f"{self.stage.layer} ({self.stage.op}) gave {result.shape[axis]} positions, "
                f"expected {found.length}"
            )
        end = None if found.length is None else found.stop - found.shift
        return _span(result, axis, first - found.shift, end)


def _span(array: Any, axis: int, start: int, stop: int | None) -> Any:
    return array[(slice(None),) * axis + (slice(start, stop),)]


_WHY = "parts of a stream do not give what the whole gives"
