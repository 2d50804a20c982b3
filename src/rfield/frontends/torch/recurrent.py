"""Recurrent layers: step ``t`` reads the past, or everything if the layer runs both ways."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from ...core import arrays, layout, ops
from ...core.arrays.expression import Known
from ...core.ops import FREE_OF_CHARGE, Op, Work
from ...errors import InvalidModelError
from .rulebook import Arguments, Reading, bad_sizes, rule

_GATES = {"lstm": 4, "gru": 3}


def _sequence(arg: Arguments) -> tuple[Reading, ...]:
    """Input of times, items and features, or of items first."""
    time = 1 if arg.batch_first and arg.input.dim() == 3 else 0
    return _layers(arg, arg.input, time)


def _layers(arg: Arguments, given: Any, time: int) -> tuple[Reading, ...]:
    """Each layer: the features are mixed, then time runs; both directions are joined.

    The cells of an LSTM with a projection are wider than its states.
    """
    shape = tuple(given.shape)
    rows, width = arg.params[1].shape
    if shape[-1] != arg.params[0].shape[1]:
        raise bad_sizes("the last axis", shape, arg.params[0].shape)
    current: Any = given
    states: list[Reading] = []
    cells: list[Reading] = []
    cell = rows // _GATES.get(arg.short, 1)
    how: Any = {
        "gates": rows // cell,
        "inner": None if cell == width else cell,
        "biases": 2 if arg.has_biases else 0,
    }
    for _ in range(arg.num_layers):
        runs: list[Reading] = []
        for reverse in (False, True)[: 2 if arg.bidirectional else 1]:
            # Not ``read``, which would write what several readings share into each of them.
            made = arrays.recurrent(Known(shape), width, time_axis=time, reverse=reverse, **how)
            runs.append(Reading(made.steps, [current]))
            end = layout.select(made.shape, time, 0 if reverse else shape[time] - 1)
            states.append(Reading([end], [runs[-1]]))
            wide = replace(ops.dense(end.shape, cell, kind="rnn_state"), work=FREE_OF_CHARGE)
            cells.append(Reading([wide], [states[-1]]) if cell != width else states[-1])
        shape = (*shape[:-1], width * len(runs))
        current = Reading(layout.concat(*(r.shape for r in runs), axis=-1), runs)
    stacked = [_stack(part) for part in (states, cells)]
    return current, *stacked[: 2 if arg.short == "lstm" else 1]


def _stack(states: list[Reading]) -> Reading:
    one = (1, *states[0].shape)
    op = layout.concat(*(one,) * len(states), axis=0)
    return Reading(op, [Reading(layout.reshape(one[1:], one), [state]) for state in states])


def _initial(arg: Arguments) -> bool:
    states = arg.hx if isinstance(arg.hx, (list, tuple)) else [arg.hx]
    return any(arg.depends(state) for state in states)


@rule("aten::lstm.input", shaped=True)
def lstm(arg: Arguments) -> tuple[Reading, ...] | tuple[Op, ...]:
    """Output, last hidden state, last cell."""
    found = _sequence(arg)
    return _whole(arg, found) if _initial(arg) else found


@rule("aten::gru.input", "aten::rnn_tanh.input", "aten::rnn_relu.input", shaped=True)
def gru(arg: Arguments) -> tuple[Reading, ...] | tuple[Op, ...]:
    """Output, last hidden state."""
    found = _sequence(arg)
    return _whole(arg, found) if _initial(arg) else found


@rule("aten::lstm.data", "aten::gru.data", "aten::rnn_tanh.data", "aten::rnn_relu.data",
      shaped=True)  # fmt: skip
def packed(arg: Arguments) -> tuple[Reading, ...] | tuple[Op, ...]:
    """A packed sequence has all times of all items on one axis; as many as still run at each."""
    known = arg.constant(arg.batch_sizes)
    if known is None:
        raise InvalidModelError("how long its sequences are depends on the data")
    sizes = known.numpy()
    runs = np.arange(sizes[0])[None] < sizes[:, None]
    places = np.where(runs, np.cumsum(runs).reshape(runs.shape) - 1, 0)
    rows = arrays.take(arg.data, places, 0)
    found, *states = _layers(arg, arrays.where(runs[..., None], rows, 0.0), 0)
    flat = arrays.reshape(found, (runs.size, found.shape[-1]))
    made = arrays.take(flat, np.flatnonzero(runs), 0), *states
    return _whole(arg, made) if _initial(arg) else made


@rule("aten::_pack_padded_sequence")
def pack(arg: Arguments) -> tuple[Reading, Reading | None]:
    """The steps of all items that are still running, step after step.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_padded_sequence.html
    """
    lengths = arg.constant(arg.lengths)
    if lengths is None:
        data, sizes = (tuple(out.shape) for out in arg.result)
        packed = arrays.anywhere(arg.operands, data, kind="pack")
        return packed, arrays.anywhere([arg.lengths], sizes, kind="pack")
    x = arrays.swapaxes(arg.input, 0, 1) if arg.batch_first else arg.input
    _, batch, *rest = x.shape
    running = [(t, b) for t in range(int(lengths.max())) for b in range(batch) if t < lengths[b]]
    flat = arrays.reshape(x, (-1, *rest))
    return arrays.take(flat, [t * batch + b for t, b in running], 0), None


def _whole(arg: Arguments, results: Iterable[Any]) -> tuple[Op, ...]:
    """Every output may read all operands: an initial state made from the input, packed data."""
    shapes = [tuple(t.shape) for t in arg.operands]
    made = [ops.opaque(shapes, tuple(out.shape), kind="rnn") for out in results]
    given = shapes[0]
    steps, matrices = prod(given[:-1]), [tuple(t.shape) for t in arg.params if t.dim() > 1]
    added = sum(t.numel() for t in arg.params if t.dim() == 1)
    work = Work(steps * sum(map(prod, matrices)), steps * added)
    return replace(made[0], work=work), *made[1:]


def _step(arg: Arguments) -> Reading:
    given, hidden, *cells = arg.operands[: 3 if arg.short == "lstm_cell" else 2]
    return arrays.cell(
        [given, hidden], hidden.shape[-1], kept=cells, gates=_GATES.get(arg.short[:-5], 1),
        biases=0 if arg.b_ih is None else 2,
    )  # fmt: skip


@rule("aten::lstm_cell")
def lstm_cell(arg: Arguments) -> tuple[Reading, Reading]:
    """One step: hidden state and cell."""
    return _step(arg), _step(arg)


@rule("aten::gru_cell", "aten::rnn_tanh_cell", "aten::rnn_relu_cell")
def gru_cell(arg: Arguments) -> Reading:
    """One step."""
    return _step(arg)


@rule("aten::_thnn_fused_lstm_cell", shaped=True)
def fused_lstm_cell(arg: Arguments) -> tuple[Reading, Reading, Reading]:
    """One step from the sums of the four gates, side by side: hidden state, cell, the gates."""
    *sums, cell = arg.operands[:3]
    gates = [arrays.reduce(arrays.reshape(t, (-1, 4, cell.shape[1])), 1) for t in sums]
    step = arrays.pointwise(*gates, cell, kind="rnn_cell")
    return step, step, arrays.pointwise(*sums, kind="rnn_cell")
