"""A live module at one size after another.

The first capture is that of ``load``. The second is recorded, and a third read both ways, with the
model's code and without; if that gives the same, its code runs only for what it alone can say:
another way that it goes, which is recorded too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from ....core.graph import Graph
from ....errors import InvalidModelError, RFieldError, unknown_name
from ...machine.drawing import OWN, are_random, unread
from ...registry import Request
from ..capture import (
    called_with,
    capture,
    device_of,
    parameters_of,
    plain_attention,
    uncollected,
    unwrapped,
)
from ..control import uncompiled
from ..restoring.untouched import ALONE
from .asked import Trail
from .free import has_free, read_free
from .nodes import OtherwiseError, same
from .recording import Recording
from .replay import Answers, RefusedError, Replay
from .watching import taking_numbers, tells_types

RECORDINGS = 4
"""So many ways that the code goes are noted without any of them being met again."""
LOST = 2
"""For so many more counts one on which it does with sizes what cannot be made again."""

_OPTIONS = ("example_inputs", "example_kwargs", "values", "dtype", "zeros")

Shapes = Mapping[str, Sequence[int]]


def read_module(model: nn.Module, request: Request) -> Graph:
    """The graph of a module; ``_OPTIONS`` are the options that may come with it."""
    for name in request.options:
        if name not in _OPTIONS:
            raise unknown_name("option", name, _OPTIONS)
    model = unwrapped(model)
    again = Rereading(model, request)
    if has_free(request.input_shape):
        graph = read_free(_free_shapes(model, request.input_shape), again)
        request = replace(request, input_shape=_shapes(graph))
    else:
        graph = _read(model, request)
        if request.input_shape is not None:
            again.own, again.first = _shapes(graph), replace(graph)  # which does not hold ``again``
            graph.reread = again
    drawn = tuple(filter(are_random, graph.restless))
    kept = tuple(name for name in graph.restless if name not in drawn)
    if kept and (request.training or _is_steady(model, request)):  # norms count steps
        kept = ()
    if drawn and OWN not in drawn and _uses_none(model, request, graph):
        drawn = ()
    graph.restless = (*kept, *drawn)
    return graph


def _uses_none(model: nn.Module, request: Request, graph: Graph) -> bool:
    """Whether the numbers that a model draws make no difference, as they are not looked at."""
    with ALONE, unread():
        try:
            again = _read(model, request)
        except RFieldError:
            return False
    return not any(map(are_random, again.restless)) and same(again, graph)


def _is_steady(model: nn.Module, request: Request) -> bool:
    """Whether what a call changes makes no difference to the next ones."""
    try:
        _read(model, request, often=True)
    except RFieldError:
        return False
    return True


def _free_shapes(model: nn.Module, shapes: Any) -> dict[str, tuple[int | None, ...]]:
    """``{input name: shape}`` from any of the forms in which shapes are given."""
    if isinstance(shapes, Mapping):
        return {name: tuple(shape) for name, shape in shapes.items()}
    listed = [shapes] if isinstance(shapes[0], (int, type(None))) else list(shapes)
    known = parameters_of(model) or []
    names = known[: len(listed)] if len(known) >= len(listed) else ["input"]
    return {name: tuple(shape) for name, shape in zip(names, listed, strict=False)}


def _read(
    model: nn.Module, request: Request, recording: Recording | None = None, *,
    laid_out: bool = False, often: bool = False,
) -> Graph:  # fmt: skip
    with ALONE:  # what a capture leaves behind is put back before another looks at the model
        arguments, keywords = called_with(model, request)
        return capture(
            model, arguments, keywords, axes=request.axes, training=request.training,
            unknown=request.unknown, values=bool(request.options.get("values")),
            zeros=bool(request.options.get("zeros")), soft_masks=request.soft_masks,
            laid_out=laid_out, recording=recording, often=often,
        )  # fmt: skip


@contextmanager
def _quiet() -> Iterator[None]:
    """As a capture runs, but for the model."""
    with (
        uncollected(),
        torch.inference_mode(False),
        torch.no_grad(),
        plain_attention(),
        uncompiled(),
    ):
        yield


class Rereading:
    """Reads a model at other sizes, without its code where that is sure to be the same.

    Code may go several ways: each that it went is replayed where it looked at the same.

    ``own``: the shapes that the model was loaded with, until the code was noted there; ``first``:
    the graph of that. Ways that were met once are noted when they are met again.
    """

    def __init__(self, model: nn.Module, request: Request) -> None:
        self.model = model
        self.request = request
        plain = not request.training and not request.options.keys() - {"dtype"}
        self._recordings = RECORDINGS if plain else 0
        self._replays: list[Replay] = []
        self._answers: Answers | None = None
        self._met: dict[tuple[object, ...], Graph] = {}
        self.own: Shapes | None = None
        self.first: Graph | None = None
        self._laid_out = False

    def __call__(self, shapes: Shapes) -> Graph:
        """The graph at these shapes of the inputs, by name."""
        with ALONE:  # what one thread learns of the model is not for two at a time
            graph = self._replayed(shapes) or self._run(shapes)
        graph.reread = self
        return graph

    def _code(self, shapes: Shapes, recording: Recording | None = None) -> Graph:
        """The model's code, run; laid out in memory at once where that was needed before."""
        request = replace(self.request, input_shape=dict(shapes))
        return _read(self.model, request, recording, laid_out=self._laid_out)

    def _run(self, shapes: Shapes) -> Graph:
        """What the code says; noted while that led to something."""
        if self._recordings <= 0:
            return self._code(shapes)
        answers = self._answers = self._answers or Answers(
            device_of(self.model), self.request.soft_masks
        )
        recording = Recording(answers.kinds)
        try:
            graph = self._code(shapes, recording)
        except InvalidModelError:
            self._note_own(shapes)
            raise
        self._laid_out = recording.laid_out
        watches = recording.asks and not recording.lost
        way = recording.way if watches else ()
        if watches and self._replays and way not in self._met:
            self._met[way] = graph  # of a way that is not met again nothing would be gained
            return graph
        self._recordings -= 1
        found = self._watched(shapes, graph, answers) if watches else None
        if recording.asks and found is None:
            self._recordings -= LOST
        with _quiet():
            found = found or Replay.of(recording, graph, answers)
        if found is not None and self._agrees(found, self._met.get(way)):
            self._replays.append(found)
        return graph

    def _agrees(self, replay: Replay, met: Graph | None) -> bool:
        """Whether it gives what the code said before; sure if that was of another size."""
        before = next((graph for graph in (met, self.first) if graph is not None), None)
        if before is None or _sizes(before) == _sizes(replay.like):
            return True
        try:
            with _quiet():
                graph = replay.graph(_shapes(before))
        except (OtherwiseError, RefusedError):
            return True
        replay.is_sure = same(graph, before)
        self._recordings += replay.is_sure
        return replay.is_sure

    def _note_own(self, refused: Shapes) -> None:
        """Other sizes are refused as well, of which the way that the code goes at its own tells."""
        own, self.own = self.own, None
        if own and not self._replays and dict(own) != dict(refused):
            with suppress(RFieldError):
                self._run(own)

    def _watched(self, shapes: Shapes, graph: Graph, answers: Answers) -> Replay | None:
        """The same reading, with an eye on what the code does with sizes."""
        recording = Recording(answers.kinds, Trail())
        try:
            with taking_numbers(), tells_types() as tells:
                again = self._code(shapes, recording)
        except RFieldError:
            return None
        if tells or not same(again, graph):
            return None
        with _quiet():
            return Replay.of(recording, graph, answers)

    def _replayed(self, shapes: Shapes) -> Graph | None:
        for replay in list(self._replays):
            try:
                with _quiet():
                    graph = replay.graph(shapes)
            except OtherwiseError:
                continue
            except RefusedError as refused:
                said = replay.told(refused, shapes)
                if said is not None:
                    raise InvalidModelError(said) from None
                return self._refused(replay, refused, shapes)
            if not replay.is_sure:
                graph = self._held_against(replay, graph, shapes)
            return graph
        return None

    def _held_against(self, replay: Replay, graph: Graph, shapes: Shapes) -> Graph:
        """What the code says, beside what was replayed."""
        read = self._code(shapes)
        if not same(graph, read):
            self._replays.remove(replay)
        elif _sizes(read) != _sizes(replay.like):
            replay.is_sure = True
            self._recordings += 1
        return read

    def _refused(self, replay: Replay, refused: RefusedError, shapes: Shapes) -> Graph:
        """Of the first call that is refused at its place the code says what comes of it."""
        try:
            graph = self._code(shapes)
        except InvalidModelError as error:
            replay.learn(refused, error, shapes)
            raise
        self._replays.remove(replay)
        return graph


def _shapes(graph: Graph) -> dict[str, tuple[int, ...]]:
    return {entry.name: graph.nodes[entry.node].shape for entry in graph.inputs_}


def _sizes(graph: Graph) -> list[tuple[int, ...]]:
    return [graph.nodes[entry.node].shape for entry in graph.inputs_]
