"""Recurrent layers: output ``t`` reads the sequence up to ``t``, or from ``t`` on."""

from __future__ import annotations

from typing import Any

from ...core import layout, ops
from ...core.link import Link, Read
from ...core.ops import Op
from ...core.relation import IDENTITY, WHOLE, Prefix
from ...errors import InvalidModelError
from .rulebook import Arguments, Constant, Reading, find_rule, rule


@rule("LSTM", "GRU", "SimpleRNN")
def recurrent(arg: Arguments) -> Any:
    """The whole sequence, or its last state."""
    if getattr(arg.layer, "return_state", False):
        raise InvalidModelError("return_state is not known; read the model without it")
    return _sequence(arg, arg.layer, arg.layer.go_backwards)


def _sequence(arg: Arguments, layer: Any, backwards: bool) -> list[Op]:
    shape = arg.shape(0)
    steps = Link([Read(0, IDENTITY), Read(1, Prefix(backwards)), Read(None, WHOLE)])
    op = Op(type(layer).__name__.lower(), (*shape[:2], layer.units), (steps,))
    if layer.return_sequences:
        made: list[Op] = [op]
        if backwards:  # Keras returns them in the order of computation
            made.append(layout.flip(op.shape, [1]))
        return made
    last = layout.select(op.shape, 1, 0 if backwards else shape[1] - 1)
    return [op, last]


@rule("Bidirectional")
def bidirectional(arg: Arguments) -> Any:
    """One layer in each direction, their outputs side by side or added."""
    ahead = _sequence(arg, arg.layer.forward_layer, backwards=False)
    back = _sequence(arg, arg.layer.backward_layer, backwards=True)
    if arg.layer.return_sequences:  # the backward outputs are turned round again
        back = back[:1]
    shapes = [ahead[-1].shape, back[-1].shape]
    both = [Reading(ahead, arg.operands[:1]), Reading(back, arg.operands[:1])]
    mode = arg.layer.merge_mode
    if mode == "concat":
        return Reading(layout.concat(*shapes, axis=-1), both)
    if mode is None:
        raise InvalidModelError("merge_mode=None is not known")
    return Reading(ops.pointwise(*shapes, kind=mode, join=True), both)


@rule("TimeDistributed")
def time_distributed(arg: Arguments) -> Any:
    """The layer inside on every time step: batch and time lie in one axis."""
    inner = arg.layer.layer
    found = find_rule(inner)
    if found is None:
        raise InvalidModelError(f"TimeDistributed of a {type(inner).__name__}")
    shape = arg.shape(0)
    merged = layout.reshape(shape, (shape[0] * shape[1], *shape[2:]))
    return _inside(arg, inner, found.function, merged)


def _inside(arg: Arguments, inner: Any, function: Any, merged: Op) -> Any:
    stand_in = Constant(merged.shape)
    made = function(
        Arguments(inner, (stand_in,), {}, [stand_in], arg.draft, arg.training)
    )  # fmt: skip
    steps = made if isinstance(made, list) else [made]
    if not all(isinstance(step, Op) for step in steps):
        raise InvalidModelError(f"TimeDistributed of a {type(inner).__name__}")
    last = steps[-1].shape if steps else merged.shape
    batch = arg.shape(0)[:2]
    return [merged, *steps, layout.reshape(last, (*batch, *last[1:]))]
