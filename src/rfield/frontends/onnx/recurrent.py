"""Recurrent layers: what a step can see of the sequence is all before it, or all after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core import arrays
from ...core.link import Link, Read
from ...core.ops import FREE_OF_CHARGE, Op, Work
from ...core.relation import IDENTITY, WHOLE, At, Prefix
from ...errors import InvalidModelError, unfit_shapes
from ..machine.unnamed import with_rest
from ..machine.values import Outputs
from .rulebook import Call, rule

_GATES = {"LSTM": 4, "DynamicQuantizeLSTM": 4, "GRU": 3}
_DIRECTIONS = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}


@rule("LSTM", "GRU", "RNN", "com.microsoft::DynamicQuantizeLSTM")
def recurrent(call: Call) -> Outputs:
    """All steps ``Y``, and the last state of each direction.

    https://onnx.ai/onnx/operators/onnx__LSTM.html
    """
    word = call.text("direction", "forward")
    if word not in _DIRECTIONS:
        raise InvalidModelError(f"direction = {word!r}")
    x, hidden = call[0], call.int("hidden_size", 0)
    if len(x.shape) != 3 or hidden < 1:
        raise unfit_shapes(f"three axes are expected, hidden_size = {hidden}", [x.shape])
    first = call.flag("layout")
    if first:
        x = call.step(arrays.permute(x, (1, 0, 2)))
    states = (5,) if call.op in ("GRU", "RNN") else (5, 6)
    initial = [call[place] for place in states if call.depends(place)]
    lengths = [call[4]] if call.depends(4) else []
    known = call.known(4) if call.has(4) else None
    shorter = call.has(4) and (known is None or bool((known < x.shape[0]).any()))
    weights = [call[place] for place in (1, 2, 3, 7) if call.depends(place)]
    runs, ends = list[Any](), list[Any]()
    for place, reverse in enumerate(_DIRECTIONS[word]):
        run, end = _direction(
            call, x, initial, lengths, hidden, place, reverse, first, exact=not shorter
        )
        runs.append(call.step(with_rest(run, weights)))
        ends.append(call.step(with_rest(end, weights)))
    every, last = arrays.concat(runs, 1), arrays.concat(ends, 0)
    if first:
        every, last = arrays.permute(every, (2, 0, 1, 3)), arrays.permute(last, (1, 0, 2))
    last = call.step(last)
    return Outputs([every, last, last])


def _direction(
    call: Call, x: Any, initial: Sequence[Any], lengths: Sequence[Any], hidden: int, place: int,
    reverse: bool, first: bool, *, exact: bool,
) -> tuple[Any, Any]:  # fmt: skip
    """All steps (step, 1, batch, hidden) and the last state (1, batch, hidden) of one direction.

    Sequences that are shorter turn around at their own end, which the data says.
    """
    steps, batch, _ = x.shape
    along = Read(0, WHOLE if lengths else Prefix(reverse))
    made: list[Any] = []
    for row, time, shape in (
        (2, along, (steps, 1, batch, hidden)),
        (1, Read(None, WHOLE), (1, batch, hidden)),
    ):
        own = Link([time, Read(row, IDENTITY), Read(None, WHOLE)])
        start = [Read(None, At(place)), Read(row, IDENTITY), Read(None, WHOLE)]
        starts = Link([start[1], start[0], start[2]] if first else start)
        count = Link([Read(row, IDENTITY)])
        links = (own, *[starts] * len(initial), *[count] * len(lengths))
        op = Op(
            call.kind,
            shape,
            links,
            exact=exact,
            work=_work(call, x.shape, hidden) if not made else FREE_OF_CHARGE,
            keeps=() if made else ((1, batch, hidden),) * (2 if call.op.endswith("LSTM") else 1),
        )
        made.append(arrays.read(op, x, *initial, *lengths))
    return made[0], made[1]


def _work(call: Call, shape: Sequence[int], hidden: int) -> Work:
    """Of one direction: the gates read the input and the state before."""
    steps, batch, features = shape
    rows = _GATES.get(call.op.rpartition("::")[2], 1) * hidden
    weights, added = rows * (features + hidden), 2 * rows if call.has(3) else 0
    return Work(steps * batch * weights, steps * batch * added, weights + added)
