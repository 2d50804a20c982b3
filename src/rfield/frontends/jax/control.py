"""Calls, branches and loops: jaxprs inside a jaxpr."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..machine import bodies
from ..machine.scans import Along, scan
from ..machine.values import Outputs
from .rulebook import Call, rule


def _outputs(results: Sequence[Any]) -> Any:
    return results[0] if len(results) == 1 else Outputs(results)


CALLS = ("jit", "closed_call", "custom_jvp_call", "custom_vjp_call", "remat2")


def called(parameters: Mapping[str, Any]) -> Any:
    """The jaxpr that a call reads its operands with; None where there is none."""
    names = ("jaxpr", "call_jaxpr", "fun_jaxpr")
    return next((parameters[name] for name in names if name in parameters), None)


@rule(*CALLS)
def call(call: Call) -> Any:
    """A function, read in the place of its call.

    https://docs.jax.dev/en/latest/jaxpr.html
    """
    body = call.machine.body(called(call.parameters))
    return _outputs(bodies.call(call.machine, body, call.operands))


@rule("cond")
def cond(call: Call) -> Any:
    """The branch that is taken; all, and the index, where the data decides.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.cond.html
    """
    runs = [call.machine.body(jaxpr) for jaxpr in call.attribute("branches")]
    return _outputs(bodies.branch(call.machine, call[0], runs, call.operands[1:]))


@rule("while")
def while_(call: Call) -> Any:
    """Turn by turn as long as the condition is known, else bounded for any number of turns.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.while_loop.html
    """
    first, second = call.attribute("cond_nconsts"), call.attribute("body_nconsts")
    values = list(call.operands)
    read, written = values[:first], values[first : first + second]
    made = bodies.loop(
        call.machine, values[first + second :],
        call.machine.body(call.attribute("body_jaxpr"), written),
        call.machine.body(call.attribute("cond_jaxpr"), read),
        captured=[*read, *written], kind="while",
    )  # fmt: skip
    return _outputs(made)


@rule("scan")
def scanned(call: Call) -> Any:
    """A state that is carried along the first axis, and what each turn gives.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.scan.html
    """
    fixed, carried = call.attribute("num_consts"), call.attribute("num_carry")
    values = list(call.operands)
    constants, state, over = (
        values[:fixed], values[fixed : fixed + carried], values[fixed + carried :],
    )  # fmt: skip
    along = Along(0, bool(call.attribute("reverse")))
    made = scan(
        call.machine, call.machine.body(call.attribute("jaxpr"), constants), state, over,
        length=call.attribute("length"), inputs=[along] * len(over),
        outputs=[along] * (len(call.shapes_out) - carried), captured=constants,
    )  # fmt: skip
    return _outputs(made)
