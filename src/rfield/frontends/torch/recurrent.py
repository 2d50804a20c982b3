"""Recurrent layers: step ``t`` reads the past, or everything if the layer runs both ways."""

from __future__ import annotations

from ...core import layout, ops
from ...core.ops import Op
from ...core.relation import WHOLE
from .rulebook import Arguments, Reading, rule


def _sequence(arg: Arguments, gates: int, states: int) -> tuple[Reading, ...]:
    """Each layer: the features are mixed, then time runs; both directions are joined."""
    shape = tuple(arg.input.shape)
    batched = len(shape) == 3
    time = 1 if arg.batch_first and batched else 0
    hidden = arg.params[1].shape[1]
    names = 4 if arg.has_biases else 2
    per = len(arg.params) // (arg.num_layers * (2 if arg.bidirectional else 1))
    projected = per > names
    width = arg.params[names].shape[0] if projected else hidden
    current: Reading | object = arg.input
    states_out: list[Reading] = []
    for _ in range(arg.num_layers):
        ways = []
        for backward in (False, True)[: 2 if arg.bidirectional else 1]:
            mixed = ops.dense(shape, width, kind="rnn_input")
            steps = [mixed, ops.cumulate(mixed.shape, time, backward=backward, kind="rnn")]
            steps.append(ops.dense(mixed.shape, width, kind="rnn_state"))
            run = Reading(steps, [current])  # type: ignore[list-item]
            ways.append(run)
            end = 0 if backward else shape[time] - 1
            states_out.append(Reading(layout.select(mixed.shape, time, end), [run]))
        result = (*shape[:-1], width * len(ways))
        if len(ways) == 2:
            op = layout.concat(*((*shape[:-1], width),) * 2, axis=-1)
            current = Reading(op, ways)
        else:
            current = ways[0]
        shape = result
    assert isinstance(current, Reading)
    stacked = _stack(states_out, (*shape[:time], *shape[time + 1 : -1], width))
    del gates
    return (current, *(stacked,) * states)


def _stack(states: list[Reading], shape: tuple[int, ...]) -> Reading:
    one = (1, *shape)
    op = layout.concat(*(one,) * len(states), axis=0)
    return Reading(op, [Reading(layout.reshape(shape, one), [state]) for state in states])


def _initial(arg: Arguments) -> bool:
    states = arg.hx if isinstance(arg.hx, (list, tuple)) else [arg.hx]
    return any(arg.depends(state) for state in states)


@rule("aten::lstm.input")
def lstm(arg: Arguments) -> tuple[Reading, ...] | tuple[Op, ...]:
    """Output, last hidden state, last cell."""
    return _whole(arg) if _initial(arg) else _sequence(arg, 4, 2)


@rule("aten::gru.input", "aten::rnn_tanh.input", "aten::rnn_relu.input")
def gru(arg: Arguments) -> tuple[Reading, ...] | tuple[Op, ...]:
    """Output, last hidden state."""
    return _whole(arg) if _initial(arg) else _sequence(arg, 3, 1)


@rule("aten::lstm.data", "aten::gru.data", "aten::rnn_tanh.data", "aten::rnn_relu.data")
def packed(arg: Arguments) -> tuple[Op, ...]:
    """A packed sequence has all times of all items on one axis: read as a whole."""
    return _whole(arg)


def _whole(arg: Arguments) -> tuple[Op, ...]:
    """Every output may read all operands: an initial state made from the input, packed data."""
    shapes = [tuple(t.shape) for t in arg.operands]
    return tuple(ops.opaque(shapes, tuple(out.shape), kind="rnn") for out in arg.result)


def _gates(arg: Arguments) -> tuple[Op, Op]:
    """The features of the input and of the hidden state are mixed; a cell keeps its places."""
    given, hidden = (tuple(t.shape) for t in arg.operands[:2])
    mixed = [
        ops.along(shape, {len(shape) - 1: (WHOLE, hidden[-1])}, kind="cell").links[0]
        for shape in (given, hidden)
    ]
    own = ops.pointwise(hidden).links[0]
    return Op("rnn_cell", hidden, (*mixed,)), Op("rnn_cell", hidden, (*mixed, own))


@rule("aten::lstm_cell")
def lstm_cell(arg: Arguments) -> tuple[Op, ...]:
    """One step: hidden state and cell."""
    return (_gates(arg)[1],) * 2


@rule("aten::gru_cell", "aten::rnn_tanh_cell", "aten::rnn_relu_cell")
def gru_cell(arg: Arguments) -> Op:
    """One step."""
    return _gates(arg)[0]


@rule("aten::_thnn_fused_lstm_cell")
def fused_lstm_cell(arg: Arguments) -> tuple[Op, ...]:
    """One step from the two gate sums: hidden state, cell, workspace."""
    gates, hidden, cell = (tuple(t.shape) for t in arg.operands[:3])
    mixed = ops.along(gates, {1: (WHOLE, cell[1])}, kind="cell").links[0]
    again = ops.along(hidden, {1: (WHOLE, cell[1])}, kind="cell").links[0]
    step = Op("rnn_cell", cell, (mixed, again, ops.pointwise(cell).links[0]))
    return step, step
