"""Graphs inside nodes: branches, loops and scans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import InvalidModelError
from ..machine import bodies
from ..machine.scans import Along, scan, stacked
from ..machine.values import Constant, Items, Outputs, known
from .rulebook import Call, rule


@rule("If")
def if_(call: Call) -> Outputs:
    """The branch that is taken; both, and the condition, where the data decides.

    https://onnx.ai/onnx/operators/onnx__If.html
    """
    taken = bodies.truth(call[0]) is not None
    runs = [
        call.body(name, "" if taken else f"{call.node.label}/{name}/")
        for name in ("else_branch", "then_branch")
    ]
    return Outputs(bodies.branch(call.machine, call[0], runs))


@rule("Loop")
def loop(call: Call) -> Outputs:
    """Turn by turn as long as it is known how often, else bounded for any number of turns.

    https://onnx.ai/onnx/operators/onnx__Loop.html
    """
    body = call.body("body", f"{call.node.label}/")
    carried = [call[k] for k in range(2, len(call))]
    count = len(carried) + 1
    if body.inputs != count + 1 or body.outputs < count:
        raise InvalidModelError("the inputs and outputs of its body do not fit")
    limit, going = call.optional(0), call.optional(1)
    often = limit.array if isinstance(limit, Constant) else None

    def turn(values: Sequence[Any]) -> list[Any]:
        number, going, *rest = values
        results = body([number, going, *rest[: count - 1]])
        collected = zip(rest[count - 1 :], results[count:], strict=True)
        held = [Items((*items, value)) for items, value in collected]
        return [known(number.array + 1), *results[:count], *held]

    def goes_on(values: Sequence[Any]) -> list[Any]:
        decided = limit is None or often is not None or bodies.truth(values[1]) is False
        return [values[1] if decided else limit]

    start = [known(0), known(True) if going is None else going, *carried]
    made = bodies.loop(
        call.machine, [*start, *[Items()] * (body.outputs - count)], turn, goes_on,
        turns=None if often is None else max(0, int(often.reshape(-1)[0])),
        unchanged=(0, 1), captured=[limit, going, *body.captured],
    )  # fmt: skip
    collected = made[count + 1 :]
    if not all(collected):
        raise InvalidModelError("it takes no turn, so what it collects has no shape")
    return Outputs([*made[2 : count + 1], *(stacked(call.machine, each, 0) for each in collected)])


@rule("Scan")
def scan_(call: Call) -> Outputs:
    """A state carried along the scanned axes.

    https://onnx.ai/onnx/operators/onnx__Scan.html
    """
    body = call.body("body", f"{call.node.label}/")
    if call.opset < 9:
        raise InvalidModelError("Scan of opset 8 is not read")
    count = len(call) - call.int("num_scan_inputs", 0)
    if not 0 <= count < len(call) or body.inputs != len(call) or body.outputs < count:
        raise InvalidModelError("the inputs of its body do not fit")
    values = [call[k] for k in range(len(call))]
    inputs = _along(call, "scan_input", len(call) - count)
    first = inputs[0].axis
    made = scan(
        call.machine, body, values[:count], values[count:],
        length=values[count].shape[first],
        inputs=inputs,
        outputs=_along(call, "scan_output", body.outputs - count),
        captured=body.captured,
    )  # fmt: skip
    return Outputs(made)


def _along(call: Call, which: str, count: int) -> list[Along]:
    axes = call.ints(f"{which}_axes") or [0] * count
    turned = call.ints(f"{which}_directions") or [0] * count
    if not len(axes) == len(turned) == count:
        raise InvalidModelError("its axes or directions do not fit")
    return [Along(axis, bool(back)) for axis, back in zip(axes, turned, strict=True)]


@rule("SequenceMap")
def sequence_map(call: Call) -> Outputs:
    """The body for each element of the sequences.

    https://onnx.ai/onnx/operators/onnx__SequenceMap.html
    """
    body = call.body("body", f"{call.node.label}/")
    first = call.optional(0)
    if not isinstance(first, Items):
        raise InvalidModelError("operand 0 is a tensor; expected a list of tensors")
    turns = [
        bodies.call(call.machine, body, [v[k] if isinstance(v, Items) else v for v in call.given])
        for k in range(len(first))
    ]
    return Outputs(Items(turn[k] for turn in turns) for k in range(body.outputs))
