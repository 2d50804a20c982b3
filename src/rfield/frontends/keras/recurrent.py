"""Recurrent layers: output ``t`` reads the sequence up to ``t``, or from ``t`` on."""

from __future__ import annotations

from typing import Any

from ...core import arrays
from ..machine.values import Outputs
from .rulebook import Call, rule


def masked(call: Call) -> Any:
    """The first operand (batch, steps, …) with the mask that says which steps count."""
    mask, rest = call.mask(), len(call.shape(0)) - 2
    if mask is None:
        return call[0]
    return arrays.pointwise(call[0], arrays.reshape(mask, (*mask.shape, *[1] * rest)), kind="mask")


@rule("LSTM", "GRU", "SimpleRNN")
def recurrent(call: Call) -> Any:
    """The states of all steps, or the last one; with ``return_state`` the last ones beside it.

    https://keras.io/api/layers/recurrent_layers/lstm/
    """
    layer, states = call.layer, call.get("initial_state", 1)
    x = masked(call)
    given = [] if states is None else states if isinstance(states, (list, tuple)) else [states]
    for state in given:  # it goes into every step
        x = arrays.pointwise(x, arrays.unsqueeze(arrays.reduce(state, -1, keepdims=True), 1))
    back = bool(layer.go_backwards)
    gates = {"LSTM": 4, "GRU": 3}.get(type(layer).__name__, 1)
    biases = 2 if getattr(layer, "reset_after", False) else 1
    steps = arrays.recurrent(
        x, layer.units, time_axis=1, reverse=back, gates=gates, biases=biases * layer.use_bias
    )
    last = arrays.last_state(steps, time_axis=1, reverse=back)
    # Run backwards, Keras returns the steps in the order of computation.
    every = arrays.flip(steps, 1) if back else steps
    made = every if layer.return_sequences else last
    if not layer.return_state:
        return made
    return Outputs([made, *[last] * (2 if type(layer).__name__ == "LSTM" else 1)])


@rule("Bidirectional")
def bidirectional(call: Call) -> Any:
    """One layer in each direction, their outputs side by side, added, or both.

    https://keras.io/api/layers/recurrent_layers/bidirectional/
    """
    layer, x = call.layer, call.step(masked(call))
    ahead = call.machine.inside(layer.forward_layer, (x,), {})
    back = call.machine.inside(layer.backward_layer, (x,), {})
    firsts = [made[0] if isinstance(made, Outputs) else made for made in (ahead, back)]
    if layer.return_sequences:  # the backward outputs are turned round again
        firsts[1] = arrays.flip(firsts[1], 1)
    states = [*ahead[1:], *back[1:]] if isinstance(ahead, Outputs) else []
    if layer.merge_mode is None:
        return Outputs([*firsts, *states])
    if layer.merge_mode == "concat":
        made = arrays.concat(firsts, -1)
    else:
        made = arrays.pointwise(*firsts, kind=layer.merge_mode)
    return Outputs([made, *states]) if states else made


@rule("TimeDistributed")
def time_distributed(call: Call) -> Any:
    """The layer inside on every time step: batch and time lie in one axis.

    https://keras.io/api/layers/recurrent_layers/time_distributed/
    """
    x = masked(call)
    batch, steps, *rest = x.shape
    merged = call.step(arrays.reshape(x, (batch * steps, *rest)))
    made = call.machine.inside(call.layer.layer, (merged,), {})
    return arrays.reshape(made, (batch, steps, *made.shape[1:]))
