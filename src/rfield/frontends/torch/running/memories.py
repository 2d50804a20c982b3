"""Ops whose past has no end, and what they keep of it: recurrent layers and running sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from ....errors import NotStreamableError
from ..programs.exported import Ref
from .recorded import Call

Resume = Callable[[Any, Any], tuple[Any, Any]]

RUNNING = frozenset({"cumsum", "cumprod", "cummax", "cummin", "logcumsumexp"})
"""Ops of which the last result and the next elements give the next results."""

RECURRENT = frozenset({"lstm", "gru", "rnn_tanh", "rnn_relu"})


def resuming(
    call: Call, shape: Sequence[int], axis: int, constant: Callable[[str], Any], item: int = 0
) -> Resume | None:
    """How an op goes on from the state that it kept; None for one that does not run along time.

    ``item``: which of its results is wanted.
    """
    if call.packet in RUNNING and call.args[1] % len(shape) == axis:
        return _running(call, axis, item)
    if call.packet in RECURRENT and item == 0 and axis == _time_of(call, len(shape)):
        return _recurrent(call, constant)
    return None  # others of a stream are rows of a batch, each of which begins anew


def _running(call: Call, axis: int, item: int) -> Resume:
    """Kept are the last result, how many elements there were, and where an extreme was found."""

    @torch.no_grad()  # else the state would hold on to all of the past
    def resume(part: Any, state: Any) -> tuple[Any, Any]:
        before, *place, done = (None, 0) if state is None else state
        # In the type of the result: a count is kept as a number, of however small numbers.
        given = part if before is None else torch.cat([before, part.to(before.dtype)], axis)
        found = call.target(given, axis, **call.kwargs)
        found = [found] if isinstance(found, torch.Tensor) else list(found)
        if place:  # the first of what was given is the extreme so far
            found[1] = torch.where(found[1] == 0, place[0], found[1] + done - 1)
        last = [one.narrow(axis, one.shape[axis] - 1, 1) for one in found]
        wanted = found[item]
        if before is not None:
            wanted = wanted.narrow(axis, 1, part.shape[axis])
        return wanted, (*last, done + part.shape[axis])

    return resume


def _time_of(call: Call, rank: int) -> int:
    """The axis along which a recurrent layer runs."""
    return 1 if rank == 3 and call.args[8] else 0


def _recurrent(call: Call, constant: Callable[[str], Any]) -> Resume:
    _, first, weights, has_biases, layers, dropout, _, bidirectional, batch_first = call.args
    if bidirectional:
        raise NotStreamableError(f"{call.layer} ({call.packet}) reads the stream from its end, too")

    @torch.no_grad()
    def resume(part: Any, state: Any) -> tuple[Any, Any]:
        start = _each(first, constant) if state is None else state
        given = [constant(weight.name) for weight in weights]
        found, *state = call.target(
            part, start, given, has_biases, layers, dropout, False, False, batch_first
        )
        return found, state if isinstance(first, (list, tuple)) else state[0]

    return resume


def _each(item: Ref | list[Ref], constant: Callable[[str], Any]) -> Any:
    return [constant(one.name) for one in item] if isinstance(item, list) else constant(item.name)
