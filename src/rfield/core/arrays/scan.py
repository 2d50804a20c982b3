"""Recurrent layers: a step reads the steps before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from .. import layout, ops
from ..arguments import normalize_axis
from ..link import Link, Read
from ..operation import FREE_OF_CHARGE, Op, Work
from ..relation import IDENTITY, WHOLE
from .expression import Operand, Reading, read, shape_of
from .moving import concat


def recurrent(
    x: Operand,
    width: int,
    *,
    time_axis: int,
    reverse: bool = False,
    gates: int = 1,
    inner: int | None = None,
    biases: int = 0,
) -> Reading:
    """One direction of one layer: step ``t`` reads the features of ``0 .. t``, in reverse ``t ..``.

    Features are the last axis. ``gates``: 4 of an LSTM, 3 of a GRU; ``inner``: the width of its
    cells, where the result is a projection of them; ``biases``: how many are added to each gate.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html

    >>> from .expression import Known
    >>> recurrent(Known((2, 9, 5)), 7, time_axis=1).shape
    (2, 9, 7)
    """
    shape = shape_of(x)
    mixed = ops.dense(shape, width, kind="rnn_input")
    run = ops.cumulate(mixed.shape, time_axis, backward=reverse, kind="rnn")
    run = replace(run, algebra="offset" if biases else "compare")
    (hidden,) = run.keeps
    run = replace(run, keeps=(hidden, (*hidden[:-1], inner or width))[: 2 if gates == 4 else 1])
    state = ops.dense(mixed.shape, width, kind="rnn_state")
    cells = width if inner is None else inner
    weights = gates * cells * (shape[-1] + width) + (0 if inner is None else cells * width)
    times, added = prod(shape[:-1]), gates * cells * biases
    work = Work(times * weights, times * added, weights + added)
    return read([replace(mixed, work=FREE_OF_CHARGE), run, replace(state, work=work)], x)


def bidirectional(x: Operand, width: int, *, time_axis: int) -> tuple[Reading, Reading, Reading]:
    """Both directions joined along the features, and each of them.

    https://keras.io/api/layers/recurrent_layers/bidirectional/

    >>> from .expression import Known
    >>> bidirectional(Known((2, 9, 5)), 7, time_axis=1)[0].shape
    (2, 9, 14)
    """
    ahead = recurrent(x, width, time_axis=time_axis)
    back = recurrent(x, width, time_axis=time_axis, reverse=True)
    return concat([ahead, back], -1), ahead, back


def last_state(states: Operand, *, time_axis: int, reverse: bool = False) -> Reading:
    """The state after the last step; of a reversed run that is step 0.

    >>> from .expression import Known
    >>> last_state(Known((2, 9, 7)), time_axis=1).shape
    (2, 7)
    """
    shape = shape_of(states)
    axis = normalize_axis(time_axis, len(shape))
    return read(layout.select(shape, axis, 0 if reverse else shape[axis] - 1), states)


def cell(
    operands: Sequence[Operand],
    width: int,
    *,
    kept: Sequence[Operand] = (),
    gates: int = 1,
    biases: int = 0,
) -> Reading:
    """One step: all features of the input and of the hidden state are mixed.

    ``kept``: the cell of an LSTM, of which each feature is scaled and added to in its place.
    ``gates`` and ``biases``: as of ``recurrent``.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html

    >>> from .expression import Known
    >>> cell([Known((2, 5)), Known((2, 7))], 7, kept=[Known((2, 7))]).shape
    (2, 7)
    """
    shape = (*shape_of(operands[0])[:-1], width)
    links: list[Link] = []
    for operand in operands:
        rank = len(shape_of(operand))
        links.append(Link([*(Read(k, IDENTITY) for k in range(rank - 1)), Read(None, WHOLE)]))
    links += [Link([Read(k, IDENTITY) for k in range(len(shape))]) for _ in kept]
    weights = gates * width * sum(shape_of(operand)[-1] for operand in operands)
    rows, added = prod(shape[:-1]), gates * width * biases
    work = Work(rows * weights, rows * added, weights + added)
    return read(Op("rnn_cell", shape, tuple(links), work=work, algebra="compare"), *operands, *kept)
