"""Recurrent layers: output ``t`` reads the sequence up to ``t``, or from ``t`` on."""

from __future__ import annotations

from typing import Any

from ...core import arrays
from ..machine.values import Outputs
from .rulebook import Call, rule


def masked(x: Any, mask: Any) -> Any:
    """The sequence (batch, steps, …) without the steps that a mask says to leave out.

    A step that is left out hands on the state before it.
    """
    if mask is None:
        return x
    wide = arrays.reshape(mask, (*mask.shape, *[1] * (len(x.shape) - len(mask.shape))))
    return arrays.pointwise(wide, x, 0, kind="mask", algebra="where")


@rule("LSTM", "GRU", "SimpleRNN")
def recurrent(call: Call) -> Any:
    """The states of all steps, or the last one; with ``return_state`` the last ones beside it.

    https://keras.io/api/layers/recurrent_layers/lstm/
    """
    layer, states, mask = call.layer, call.get("initial_state", 1), call.mask()
    x = masked(call[0], mask)
    given = [] if states is None else states if isinstance(states, (list, tuple)) else [states]
    for state in given:  # it goes into every step
        mixed = arrays.unsqueeze(arrays.reduce(state, -1, keepdims=True), 1)
        x = arrays.pointwise(x, mixed, algebra="compare")
    back = bool(layer.go_backwards)
    gates = {"LSTM": 4, "GRU": 3}.get(type(layer).__name__, 1)
    biases = 2 if getattr(layer, "reset_after", False) else 1
    steps = arrays.recurrent(
        x, layer.units, time_axis=1, reverse=back, gates=gates, biases=biases * layer.use_bias
    )
    last = arrays.last_state(steps, time_axis=1, reverse=back)
    shown = masked(steps, mask) if layer.zero_output_for_mask else steps  # the states go on
    if not layer.return_sequences:
        made = arrays.last_state(shown, time_axis=1, reverse=back)
    else:  # run backwards, Keras returns the steps in the order of computation
        made = arrays.flip(shown, 1) if back else shown
    if not layer.return_state:
        return made
    return Outputs([made, *[last] * (2 if type(layer).__name__ == "LSTM" else 1)])


@rule("Bidirectional")
def bidirectional(call: Call) -> Any:
    """One layer in each direction, their outputs side by side, added, or both.

    https://keras.io/api/layers/recurrent_layers/bidirectional/
    """
    layer, x, given = call.layer, call[0], {}
    if call.mask() is not None:
        given["mask"] = call.mask()
    ahead = call.machine.inside(layer.forward_layer, (x,), given)
    back = call.machine.inside(layer.backward_layer, (x,), given)
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
    inner, given = call.layer.layer, {"x": call[0]}
    if call.mask() is not None and getattr(inner, "_call_has_mask_arg", False):
        given["mask"] = call.mask()
    batch, steps = call.shape(0)[:2]
    merged = {
        name: call.step(arrays.reshape(value, (batch * steps, *value.shape[2:])))
        for name, value in given.items()
    }
    made = call.machine.inside(inner, (merged.pop("x"),), merged)
    return arrays.reshape(made, (batch, steps, *made.shape[1:]))
