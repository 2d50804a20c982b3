"""A model read at another size without its code: its calls are made again, each kind once.

A call gives the same nodes wherever its operands have the same shapes, so what came of it is kept,
and most of a graph is put together of what is known. Whatever comes out otherwise than the code saw
it (a size that it asked for, an error, another number of ops) is for the code to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch

from ....core.graph import Draft, Graph, SoftMasks
from ....core.node import Node
from ....errors import InvalidModelError, show_shape
from ...machine.unpooling import UNPOOL
from ..functions import table
from ..modes import Dispatch, Functions
from ..tracer import Tracer
from .asked import taken
from .borders import Border, border_of, is_carried, lay
from .nodes import OtherwiseError, Step, beside_of, is_marked, placed, renewed, same
from .recording import Call, Kinds, Recording, sharing
from .templates import Filling, LostError, leaves

_NUMBER = re.compile(r"\d+")

Lay = tuple[tuple[int, ...], tuple[int, ...], int, torch.dtype]


class RefusedError(Exception):
    """The call ``place`` raised ``error``, and so does the model if its code does not catch it."""

    def __init__(self, place: int, error: Exception) -> None:
        super().__init__(place, error)
        self.place = place
        self.error = error

    @property
    def site(self) -> tuple[int, type[Exception], str]:
        """Where the code is, and what it may catch there."""
        return self.place, type(self.error), _NUMBER.sub("", str(self.error))


@dataclass(slots=True, eq=False)
class _Answer:
    """What comes of a call: nodes, the values that it returns, and those that arguments hold then.

    A place is that of an operand of a step; None where nothing depends on the input. ``borders``:
    what is known of places.
    """

    steps: tuple[Step, ...]
    borders: tuple[tuple[int, Border], ...]
    made: tuple[tuple[torch.Tensor, int | None], ...]
    held: tuple[tuple[int, int | None], ...]
    told: tuple[Any, ...]
    shares: tuple[bool, ...]


class _Place:
    """Where a call is made, for those who want to know."""

    def __init__(self) -> None:
        self.layer = ""
        self.tensors: dict[int, str] = {}  # names of constants are those of the recorded graph
        self.taken: dict[str, int] = {}

    def fresh(self, op: str) -> str:
        count = self.taken[op] = self.taken.get(op, 0) + 1
        return f"{op}#{count}"


class _Run(NamedTuple):
    """A graph in the making: the nodes, and by number the values and which node each holds now.

    ``numbers``: those that follow from sizes, by step; ``borders``: what is known of nodes.
    """

    nodes: list[Node]
    values: list[Any]
    places: list[int | None]
    numbers: list[Any]
    borders: dict[int | None, Border]

    def hold(self, number: int, tensor: torch.Tensor, place: int | None) -> None:
        """A value, and its node."""
        self.values[number], self.places[number] = tensor, place


class Answers:
    """What came of calls of all kinds, for all that replay one model."""

    def __init__(self, device: torch.device, soft_masks: SoftMasks) -> None:
        self.kinds = Kinds()
        self.device = device
        self.soft_masks: SoftMasks = soft_masks
        self.found: dict[Any, _Answer] = {}
        self.blank: dict[Lay, torch.Tensor] = {}
        self.signatures: dict[Any, Any] = {}

    def empty(self, lay: Lay) -> torch.Tensor:
        """The one tensor that stands for all that lie in memory in this way."""
        found = self.blank.get(lay)
        if found is None:
            shape, strides, _, kind = lay
            found = torch.empty_strided(shape, strides, dtype=kind, device="meta")
            self.blank[lay] = found
        return found


class Replay:
    """The calls of a recording, made again; ``like`` is the graph that came of them.

    ``is_sure``: it was held against a reading at another size.
    """

    def __init__(self, recording: Recording, like: Graph, answers: Answers) -> None:
        self.like = like
        self.is_sure = False
        self._calls = recording.calls
        self._inputs = recording.inputs
        self._lays = [_lay(tensor) for tensor in recording.values]
        self._steps = recording.trail.steps if recording.trail else []
        self._writes = recording.writes
        self._laid_out = recording.laid_out
        self._answers = answers
        self._tables: dict[int, tuple[object, ...]] = {}
        self._heads: dict[tuple[int, type[Exception], str], str] = {}

    @staticmethod
    def of(recording: Recording, like: Graph, answers: Answers) -> Replay | None:
        """None where it is not sure to be the same at other sizes."""
        if recording.lost or like.taken:
            return None
        found = Replay(recording, like, answers)
        try:
            again = found.graph({e.name: like.nodes[e.node].shape for e in like.inputs_})
        except (OtherwiseError, RefusedError):
            return None
        return found if same(again, like) else None

    def graph(self, shapes: Mapping[str, Sequence[int]]) -> Graph:
        """The model at other shapes of its inputs.

        Raises:
            OtherwiseError: only its code can tell.
            RefusedError: a call is refused.
        """
        count = len(self._lays)
        run = _Run([], [None] * count, [None] * count, [None] * len(self._steps), {})
        for entry in self.like.inputs_:
            if entry.name not in shapes or entry.name not in self._inputs:
                raise OtherwiseError
            shape = tuple(shapes[entry.name])
            if min(shape, default=0) < 0:  # refused, in the words of a reading
                raise OtherwiseError
            number = self._inputs[entry.name]
            lay = shape, _in_order(shape), 0, self._lays[number][3]
            run.hold(number, self._answers.empty(lay), len(run.nodes))
            run.nodes.append(Node.source_of(entry.name, shape))
        known, before = self._answers.found, 0
        for place, call in enumerate(self._calls):
            if call.after > before:
                self._take(run, before, call.after)
                before = call.after
            given = [run.values[number] for number in call.given]
            key: Any = (call.kind, *map(id, given))
            if call.numbers:
                numbers = [run.numbers[step] for step in call.numbers]
                key = (*key, *numbers, *map(type, numbers))
            borders = [run.borders.get(run.places[number]) for number in call.given]
            if any(borders):
                key = (*key, *map(id, borders))
            answer = known.get(key)
            if answer is None:
                answer = known[key] = self._asked(place, call, given, run.numbers, borders)
            self._add(run, call, answer)
        self._take(run, before, len(self._steps))
        if len(run.nodes) != len(self.like.nodes):
            raise OtherwiseError
        fresh: dict[str, Any] = {"named": None, "numbers": None, "premises": None, "reread": None}
        return replace(self.like, nodes=run.nodes, **fresh)

    def _take(self, run: _Run, start: int, stop: int) -> None:
        if not taken(self._steps, run.numbers, start, stop):
            raise OtherwiseError

    def _add(self, run: _Run, call: Call, answer: _Answer) -> None:
        """What came of a call, where it was made; all else is as it was recorded."""
        start = len(run.nodes)
        seen = start, len(answer.steps), len(answer.made)
        if seen != (call.start, call.stop - call.start, len(call.made)):
            raise OtherwiseError
        if self._writes and answer.shares != call.shares:  # a copy here and a view there
            raise OtherwiseError
        if call.asked is not None:
            _tell(run.numbers, call, answer.told)
        elif answer.told != call.told:
            raise OtherwiseError
        here = [run.places[number] for number in call.given]
        for step in answer.steps:
            index = len(run.nodes)
            one = self.like.nodes[index]
            tables, beside = beside_of(one), self._tables.setdefault(index, step.tables)
            if step.tables != beside:
                tables = renewed(tables, beside, step.tables)
            made = step.node(one, here, start, tables)
            if (made.op.kind, made.operands) != (one.op.kind, one.operands):
                raise OtherwiseError
            run.nodes.append(made)
        for where, border in answer.borders:
            run.borders[placed(where, here, start)] = border
        for slot, where in answer.held:
            run.places[call.given[slot]] = placed(where, here, start)
        for number, (tensor, where) in zip(call.made, answer.made, strict=True):
            run.hold(number, tensor, placed(where, here, start))

    def _asked(
        self, place: int, call: Call, given: list[torch.Tensor], numbers: list[Any],
        borders: list[Border | None], *, laid_out: bool = False,
    ) -> _Answer:  # fmt: skip
        """Make a call on operands of these shapes; again if it may not guess, as a capture is."""
        laid_out = laid_out or self._laid_out
        draft = Draft()
        tracer = Tracer(draft, soft_masks=self._answers.soft_masks)
        tracer.names = here = _Place()  # type: ignore[assignment]  # all that is asked of them
        here.layer = call.layer
        here.tensors = dict(call.names)
        dispatch = Dispatch(tracer, real=False)
        dispatch.signatures = self._answers.signatures
        dispatch.laid_out = laid_out
        places = [
            torch.empty_strided(t.shape, t.stride(), dtype=t.dtype, device="meta") for t in given
        ]
        for number, tensor in enumerate(places):
            tracer.hold(tensor, draft.input(f"{number}", tuple(tensor.shape), ()))
            border = borders[number]
            if border is not None:
                lay(tracer, number, border)
        functions = Functions(dispatch, table(), self._answers.device)
        try:
            result = _called(call, place, places, numbers, dispatch, functions)
            return self._answer(tracer, places, result)
        except RefusedError:
            if laid_out or not (call.guessed or tracer.guessed):
                raise
            return self._asked(place, call, given, numbers, borders, laid_out=True)
        finally:  # they are circles, and many
            dispatch.functions = None
            tracer.close()

    def _answer(self, tracer: Tracer, places: list[torch.Tensor], result: Any) -> _Answer:
        count = len(places)
        nodes = tracer.draft.nodes[count:]
        odd = tracer.unsure or tracer.refusal or tracer.taken or tracer.unknown
        odd = odd or any(node.kind == UNPOOL for node in nodes)  # which asks who found its places
        if odd or not is_carried(tracer) or any(map(is_marked, nodes)):
            raise OtherwiseError

        def place_of(index: int | None) -> int | None:
            return index if index is None or index < count else ~(index - count)

        steps = tuple(Step.of(node, count) for node in nodes)
        laid = ((place_of(n), border_of(tracer, n)) for n in range(count, count + len(nodes)))
        borders = tuple((where, border) for where, border in laid if border is not None)
        try:
            tensors, told = leaves(result)
        except LostError:
            raise OtherwiseError from None
        blank = self._answers.empty
        made = tuple((blank(_lay(t)), place_of(tracer.index_of(t))) for t in tensors)
        now = ((number, tracer.index_of(tensor)) for number, tensor in enumerate(places))
        held = tuple((number, place_of(index)) for number, index in now if index != number)
        shares = sharing(tensors, places)
        return _Answer(steps, borders, made if places else (), held, told, shares)  # type: ignore[arg-type]

    # --- refusals

    def learn(
        self, refused: RefusedError, said: InvalidModelError, shapes: Mapping[str, Sequence[int]]
    ) -> None:
        """What the model said when a call was refused, where it is what was refused."""
        text, own = str(said), _said(refused.error, shapes)
        if text.endswith(own):
            self._heads[refused.site] = text[: len(text) - len(own)]

    def told(self, refused: RefusedError, shapes: Mapping[str, Sequence[int]]) -> str | None:
        """What the model says; None where it was not heard yet."""
        head = self._heads.get(refused.site)
        return None if head is None else head + _said(refused.error, shapes)


def _called(
    call: Call, place: int, given: list[torch.Tensor], numbers: list[Any], dispatch: Dispatch,
    functions: Functions,
) -> Any:  # fmt: skip
    try:
        with ExitStack() as stack:
            stack.enter_context(dispatch)
            stack.enter_context(functions)
            fill = Filling(given, numbers)
            kwargs = {name: fill(part) for name, part in call.keywords.items()}
            return call.function(*map(fill, call.arguments), **kwargs)
    except Exception as error:  # of any kind
        raise RefusedError(place, dispatch.tracer.refusal or error) from error


def _tell(numbers: list[Any], call: Call, told: tuple[Any, ...]) -> None:
    """A size, or those of a shape, as the steps that follow know them."""
    assert call.asked is not None
    (own,), (like,) = told, call.told
    if type(own) is not type(like) or (isinstance(own, tuple) and len(own) != len(like)):
        raise OtherwiseError
    sizes = own if isinstance(own, tuple) else (own,)
    numbers[call.asked : call.asked + len(sizes)] = sizes


def _said(error: Exception, shapes: Mapping[str, Sequence[int]]) -> str:
    if isinstance(error, InvalidModelError):
        return str(error)
    given = ", ".join(f"{name} {show_shape(tuple(shape))}" for name, shape in shapes.items())
    return f", given {given}:\n  {error}"


def _lay(tensor: torch.Tensor) -> Lay:
    return tuple(tensor.shape), tensor.stride(), int(tensor.storage_offset()), tensor.dtype


def _in_order(shape: Sequence[int]) -> tuple[int, ...]:
    return torch.empty(shape, device="meta").stride()
