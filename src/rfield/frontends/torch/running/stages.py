"""A module as stages of a stream: every op on parts of what it reads.

What a stage must keep between parts is not known here: ``graph`` says how it reads its operands, by
the same rules as everything. Known here are the ops whose past has no end (``memories``), how sizes
follow the length, and numbers that belong to positions (a ramp, a table that is sliced).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import prod
from operator import getitem
from typing import Any

import torch
from torch import nn

from ....core.arguments import broadcast_shape
from ....core.graph import Graph
from ....core.ops import pointwise
from ....core.stage import Stage
from ....errors import InvalidModelError, NotStreamableError
from ...registry import Request
from ..programs.exported import Interpreter, Program, Ref, Step, as_weight, run
from .memories import resuming
from .recorded import NUMBERS, Call, Recording, arguments

STREAM = "stream"
"""The one input of a stage's graph."""

EVEN = frozenset({"zeros", "ones", "full", "new_zeros", "new_ones", "new_full", "expand"})
"""Ops that make the same numbers at every position."""


def stages_of(recording: Recording, output: str) -> list[Stage]:
    """The stages from the stream to what a call gives, in order; the last one gives it."""
    found = _Stages(recording)
    found.of(output)
    return found.stages


class _Stages:
    """The stages found so far, and which call each stands for."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.calls: Mapping[str, Call] = {
            recording.source.name: recording.source,
            **recording.calls,
        }
        self.tensors = recording.tensors
        self.order = {name: place for place, name in enumerate(self.calls)}
        self.stages: list[Stage] = []
        self.numbers = {recording.source.name: 0}
        self.moving = recording.moving

    def of(self, name: str) -> int:
        """The number of the stream that a call gives."""
        if name not in self.numbers:
            call = self.calls[name]
            axis = along(call)
            body = _Body(self, call)
            streams = [one for one in body.operands if one in self.moving]
            stage = Stage(
                call.layer, body.made.packet, tuple(self.of(one) for one in streams),
                tuple(along(self.calls[one]) for one in streams), axis, body.on_parts, body.graph,
                resuming(body.made, call.shape, axis, body.constant, body.item),
                len(streams) < len(body.operands),
            )  # fmt: skip
            self.stages.append(stage)
            self.numbers[name] = len(self.stages)
        return self.numbers[name]


def along(call: Call) -> int:
    """The axis of a call's result that is time."""
    if not call.along and call.packet in {*LIKE, "slice", "narrow"}:
        raise NotStreamableError(
            f"{call.layer} ({call.packet}) has the same length at any length of the stream: a "
            "piece of it, which has no place in what comes in chunks"
        )
    if len(call.along) != 1:
        what = "two axes are time in" if call.along else "all of the time axis is read by"
        raise NotStreamableError(f"{what} {call.layer} ({call.packet})")
    return next(iter(call.along))


LIKE = frozenset({"full_like", "ones_like", "zeros_like"})
"""Ops that read the shape of a stream, and give one of that shape."""


_PARTS = frozenset({"slice", "narrow"})


class _OfAnyLength(Interpreter):
    """Reads a stage, of which a result of one number is as long as what it is made of."""

    def evened(self, result: Any, operands: list[torch.Tensor]) -> Any:
        """Where a position of the operands is, it is, as what is made of their shape."""
        moving = [tensor for tensor in operands if self.tracer.index_of(tensor) is not None]
        shapes = [tuple(tensor.shape) for tensor in moving]
        if self.left_even(result) is not None and broadcast_shape(shapes) == tuple(result.shape):
            op = pointwise(*shapes, kind="like")
            self.tracer.hold(result, self.tracer.emit(op, moving, "like"))
        return result


class _Body:
    """The calls that are run together: one op, with what depends on no input.

    Values with two axes that are time (attention scores, masks) are made and used inside, for the
    part that is there. ``operands``: streams, and numbers by position where there are no scores.
    """

    def __init__(self, home: _Stages, call: Call) -> None:
        self.home, self.result = home, call.name
        self.made = home.calls[call.reads[0]] if call.target is getitem else call
        self.item = call.args[1] if call.target is getitem else 0
        self.calls: dict[str, Call] = {}
        self.operands: list[str] = []
        self.tensors: dict[str, torch.Tensor] = {}
        self.scores = False
        self._collect(call)
        self._join()
        self.calls = {n: self.calls[n] for n in sorted(self.calls, key=home.order.__getitem__)}
        spans = {self._span(home.calls[name]) for name in self.operands}
        if len(spans) != 1:
            raise NotStreamableError(
                f"{self.made.layer} ({self.made.packet}) reads streams of different lengths"
            )
        self.size, self.rate = spans.pop()
        self.checked: set[str] = set()
        if not self.scores:  # else what is made for a part is held against what is for the whole
            self._check_still()

    def _join(self) -> None:
        """Run what gives streams of other lengths here too: from what it reads all of them come."""
        order = self.home.order
        while len({self._span(self.home.calls[name]) for name in self.operands}) > 1:
            made = [n for n in self.operands if n in self.home.moving and self.home.calls[n].reads]
            if not made:
                return
            last = max(made, key=order.__getitem__)
            self.operands.remove(last)
            self._collect(self.home.calls[last])

    @staticmethod
    def _span(call: Call) -> tuple[int, Fraction]:
        """Positions at the recorded length, and how many more per sample."""
        axis = along(call)
        return call.shape[axis], call.along[axis]

    def _collect(self, call: Call) -> None:
        self.calls[call.name] = call
        self.scores = self.scores or any(
            len(self.home.calls[name].along) > 1 for name in call.reads if name in self.home.calls
        )
        for name in call.reads:
            if name in self.calls or name in self.operands:
                continue
            one = self.home.calls.get(name)
            if one is None:
                held: Any = self.home.tensors[name]
                if not isinstance(held, torch.Tensor):
                    raise NotStreamableError(
                        f"{call.layer} ({call.packet}) reads a {type(held).__name__}, which is "
                        "another one after each chunk"
                    )
                self.tensors[name] = held
            elif self._inside(one, call):
                self._collect(one)
            else:
                along(one)
                self.operands.append(name)

    def _inside(self, one: Call, reader: Call) -> bool:
        if len(one.along) > 1 or reader.target is getitem:
            return True
        if one.name not in self.home.moving:
            return self.scores or not one.along or self._is_even(one)
        if not one.along:  # a piece of a stream, as its first frame, has no place in chunks of it
            return True
        beside = (self.home.calls.get(name) for name in reader.reads)
        pieces = any(other is not None and not other.along for other in beside)
        return reader.packet == "cat" and pieces and one.packet in _PARTS

    def _is_even(self, one: Call | None) -> bool:
        """Whether a value is the same number at every position, or some of such."""
        if one is None or not (one.packet in EVEN or one.packet in _PARTS):
            return False
        return all(self._is_even(self.home.calls.get(name)) for name in one.reads)

    # --- running

    @torch.no_grad()  # what is kept would hold on to all that it was made from
    def on_parts(self, parts: Sequence[Any], at: int) -> Any:
        """The result for parts of the streams, which begin at position ``at``."""
        streams = [name for name in self.operands if name in self.home.moving]
        values = dict(zip(streams, parts, strict=True))
        size = parts[0].shape[along(self.home.calls[streams[0]])]
        for name in self.operands:
            if name not in values:
                values[name] = self._placed(name, at, size)
        return self._run(self.calls.values(), values, size)[self.result]

    def _run(self, calls: Any, values: dict[str, Any], size: int) -> dict[str, Any]:
        known = self.tensors | values
        for call in calls:
            args, kwargs = arguments(call, known.__getitem__, (size - self.size) / self.rate)
            known[call.name] = call.target(*args, **kwargs)
        return known

    def constant(self, name: str) -> Any:
        """A value inside that depends on no input."""
        still = [call for call in self.calls.values() if call.name not in self.home.moving]
        return self._run(still, {}, self.size)[name]

    def _check_still(self) -> None:
        """Refuse numbers of no position that are others at other lengths: how many there are."""
        longer = self.size + int(self.rate * self.home.recording.step)
        for call in self.calls.values():
            if call.name in self.home.moving or call.along:
                continue
            made = self._before(call.name)
            one, other = (self._run(made, {}, size)[call.name] for size in (self.size, longer))
            if isinstance(one, torch.Tensor) and not torch.equal(one, other):
                raise _bound_to_length(call)

    # --- numbers that belong to positions

    def _placed(self, name: str, at: int, size: int) -> Any:
        """Positions ``at`` and on; that these are the same in parts of any length is tried once."""
        if name not in self.checked:
            axis = along(self.home.calls[name])
            whole = self._run(self._before(name), {}, self.size)[name]
            for place, count in self._parts():
                part = self._made(name, place, count)
                if not torch.equal(part, whole.narrow(axis, place, count)):
                    raise _bound_to_length(self.home.calls[name])
            self.checked.add(name)
        return self._made(name, at, size)

    def _parts(self) -> Iterator[tuple[int, int]]:
        """Single positions, pairs, which tell what turns them round, and all that come after."""
        for place in range(self.size):
            yield from {(place, n) for n in (1, 2, self.size - place) if place + n <= self.size}

    def _before(self, name: str) -> list[Call]:
        """All calls that a value is made from, in order, and itself."""
        found: dict[str, Call] = {}
        wanted = [name]
        while wanted:
            one = self.home.calls.get(wanted[-1])
            wanted.pop()
            if one is not None and one.name not in found:
                found[one.name] = one
                wanted += one.reads
        self.tensors |= {
            n: self.home.tensors[n]
            for c in found.values()
            for n in c.reads
            if n not in self.home.calls
        }
        return sorted(found.values(), key=lambda call: self.home.order[call.name])

    def _made(self, name: str, at: int, size: int) -> Any:
        call = self.home.calls.get(name)
        if call is None:
            return self.home.tensors[name]
        starts = not any(one.along for one in map(self.home.calls.get, call.reads) if one)
        more = Fraction(0)
        if call.along:
            own, rate = self._span(call)
            more = (size - own) / rate
            read = [self.home.calls[name] for name in call.reads if name in self.home.calls]
            if any(self._span(one)[1] != rate for one in read if one.along):
                raise _bound_to_length(call)
        args, kwargs = arguments(call, lambda one: self._made(one, at, size), more)
        if not call.along or not starts or call.packet in EVEN:
            try:
                return call.target(*args, **kwargs)
            except RuntimeError:  # of so few positions there are none
                raise _bound_to_length(call) from None
        if call.packet == "arange":
            first, step = (args[0] if len(args) > 1 else 0), (args[2] if len(args) > 2 else 1)
            return torch.arange(
                first + at * step, first + (at + size) * step, step, dtype=kwargs.get("dtype"),
                device=kwargs.get("device"),
            )  # fmt: skip
        if call.packet == "slice":
            step = args[4] if len(args) > 4 else 1
            first = (args[2] or 0) + at * step
            return call.target(args[0], args[1], first, first + size * step, step)
        raise _bound_to_length(call)

    # --- how it reads

    def graph(self) -> Graph:
        """The stage as a network of one input, readable at other lengths."""
        return self._graph(self.size)

    def _graph(self, size: int) -> Graph:
        more = (size - self.size) / self.rate
        steps: list[Step] = []
        shape, axis = self._unpacked(size, steps)
        names = {self.operands[0]: STREAM} if len(self.operands) == 1 else {}
        for call in self.calls.values():
            args, kwargs = arguments(call, lambda name: Ref(names.get(name, name)), more)
            if call.packet in LIKE and call.along:  # of the shape alone: where a position is, it is
                steps.append(Step(torch.ops.aten.clone.default, [args[0]], {}, call.name))
                continue
            steps.append(Step(call.target, list(args), kwargs, call.name))
        kind = self.home.calls[self.operands[0]].dtype if names else torch.float32
        weights = {
            name: as_weight(torch.empty_like(tensor, device="meta"), counts=True)
            for name, tensor in self.tensors.items()
            if isinstance(tensor, nn.Parameter)
        }
        kept = {name: t.detach() for name, t in self.tensors.items() if name not in weights}
        given = {STREAM: torch.empty(shape, dtype=kind, device="meta")}
        program = Program(given, weights, kept, steps, [self.result], self.made.layer)
        try:
            graph = run(program, Request(axes={STREAM: (axis,)}), _OfAnyLength)
        except (RuntimeError, IndexError) as error:  # torch itself refuses so short a part
            raise InvalidModelError(f"{self.made.layer} ({self.made.packet}): {error}") from error
        graph.reread = lambda shapes: self._graph(int(shapes[STREAM][axis]))
        return graph

    def _unpacked(self, size: int, steps: list[Step]) -> tuple[list[int], int]:
        """The shape and the time axis of the input; several operands are taken out of it."""
        aten: Any = torch.ops.aten
        begin = 0
        for name in self.operands:
            call = self.home.calls[name]
            axis = along(call)
            shape = [*call.shape]
            shape[axis] = size
            if len(self.operands) == 1:
                return shape, axis
            others = [n for k, n in enumerate(shape) if k != axis]
            order = [*range(len(others))]
            order.insert(axis, len(others))
            end, cut, split, moved = begin + prod(others), *(f"{name}/{k}" for k in range(3))
            steps += [
                Step(aten.slice.Tensor, [Ref(STREAM), 0, begin, end], {}, cut),
                Step(aten.reshape.default, [Ref(cut), [*others, size]], {}, split),
                Step(aten.permute.default, [Ref(split), order], {}, moved),
                Step(aten._to_copy.default, [Ref(moved)], {"dtype": call.dtype}, name),
            ]
            begin = end
        return [begin, size], 1


def _bound_to_length(call: Call) -> NotStreamableError:
    return NotStreamableError(f"{call.layer} ({call.packet}) {NUMBERS}")
