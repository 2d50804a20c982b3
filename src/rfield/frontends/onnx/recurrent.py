"""Recurrent layers: what a step can see of the sequence is all before it, or all after it."""

from __future__ import annotations

from ...core import layout, ops
from ...core.link import Link, Read
from ...core.ops import Op
from ...core.relation import IDENTITY, WHOLE, At, Prefix
from ...errors import InvalidModelError, bad_shapes
from .rulebook import Call, Reading, Result, rule
from .tensors import Value


@rule("LSTM", "GRU", "RNN", "com.microsoft::DynamicQuantizeLSTM")
def recurrent(call: Call) -> tuple[Result, ...]:
    """All steps ``Y``, and the last state of each direction."""
    word = call.text("direction", "forward")
    if word not in ("forward", "reverse", "bidirectional"):
        raise InvalidModelError(f"direction = {word!r}")
    backward = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}[word]
    x, hidden = call.value(0), call.int("hidden_size", 0)
    if len(x.shape) != 3 or hidden < 1:
        raise bad_shapes(call.op, [x.shape], f"three axes are expected, hidden_size = {hidden}")
    first = bool(call.int("layout", 0))
    if first:
        x = call.step(layout.permute(x.shape, (1, 0, 2)), [x])
    steps, batch, _ = x.shape
    initial = [v for k in (5, 6) if (v := call.optional(k)) is not None and v.depends]
    initial = initial if call.op not in ("GRU", "RNN") else initial[:1]
    lengths = call.optional(4)
    if lengths is not None and not lengths.depends:
        lengths = None
    parts: list[Value] = []
    states: list[Value] = []
    for place, reverse in enumerate(backward):
        reads = [Read(0, Prefix(reverse)), Read(2, IDENTITY), Read(None, WHOLE)]
        last = [Read(None, WHOLE), Read(1, IDENTITY), Read(None, WHOLE)]
        start = [Read(None, At(place)), Read(2, IDENTITY), Read(None, WHOLE)]
        ahead = [Read(None, At(place)), Read(1, IDENTITY), Read(None, WHOLE)]
        operands = [x, *initial, *([lengths] if lengths is not None else [])]
        length = [Link([Read(2, IDENTITY)])] if lengths is not None else []
        length_last = [Link([Read(1, IDENTITY)])] if lengths is not None else []
        starts = [Link(_batched(start, first)) for _ in initial]
        aheads = [Link(_batched(ahead, first)) for _ in initial]
        if lengths is not None:  # shorter sequences turn around at their own end
            reads[0] = Read(0, WHOLE)
        every = Op(
            call.op.lower(), (steps, 1, batch, hidden), (Link(reads), *starts, *length),
            exact=lengths is None,
        )  # fmt: skip
        final = Op(
            call.op.lower(), (1, batch, hidden), (Link(last), *aheads, *length_last),
            exact=lengths is None,
        )  # fmt: skip
        parts.append(call.step(every, operands))
        states.append(call.step(final, operands))
    return _outputs(call, parts, states, first)


def _batched(reads: list[Read], first: bool) -> list[Read]:
    """The initial state has its batch axis first where the whole layer has."""
    return [reads[1], reads[0], reads[2]] if first else reads


def _outputs(
    call: Call, parts: list[Value], states: list[Value], first: bool
) -> tuple[Result, ...]:
    every: list[Op] = []
    last: list[Op] = []
    if len(parts) > 1:
        every = [layout.concat(*(part.shape for part in parts), axis=1)]
        last = [layout.concat(*(state.shape for state in states), axis=0)]
        parts = [call.step(every, parts)]
        states = [call.step(last, states)]
    if first:
        turned = layout.permute(parts[0].shape, (2, 0, 1, 3))
        ended = layout.permute(states[0].shape, (1, 0, 2))
    else:
        turned = ops.pointwise(parts[0].shape, kind=call.op.rpartition("::")[2].lower())
        ended = ops.pointwise(states[0].shape, kind="state")
    return Reading(turned, parts), Reading(ended, states), Reading(ended, states)
