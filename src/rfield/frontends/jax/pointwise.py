"""Primitives that act element by element. Operands have equal shapes, or none (scalars)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core import arrays, ops
from ...core.arrays import read
from ..machine.meanings import algebra_of
from ..machine.values import Constant, Dependent, Outputs, known
from .rulebook import Call, rule

ELEMENTWISE = (
    "abs", "acos", "acosh", "add", "add_any", "and", "asin", "asinh", "atan", "atan2", "atanh",
    "bessel_i0e", "bessel_i1e", "cbrt", "ceil", "clamp", "clz", "complex",
    "conj", "convert_element_type", "cos", "cosh", "digamma", "div", "eq", "eq_to", "erf",
    "erf_inv", "erfc", "exp", "exp2", "expm1", "floor", "ge", "gt", "igamma", "igammac", "imag",
    "integer_pow",
    "is_finite", "le", "le_to", "lgamma", "log", "log1p", "logistic", "lt", "lt_to", "max", "min",
    "mul", "ne", "neg", "nextafter", "not", "or", "polygamma", "population_count", "pow", "real",
    "reduce_precision", "regularized_incomplete_beta", "rem", "round", "rsqrt", "shift_left",
    "shift_right_arithmetic", "shift_right_logical", "sign", "sin", "sinh", "sqrt", "square", "sub",
    "tan", "tanh", "xor", "zeta",
)  # fmt: skip

PASSING = ("copy", "optimization_barrier", "sharding_constraint", "stop_gradient")


@rule(*ELEMENTWISE)
def elementwise(call: Call) -> Any:
    """Each output reads its own element of every operand.

    https://docs.jax.dev/en/latest/jax.lax.html
    """
    algebra, values = algebra_of(call.op), call.operands
    if call.op == "integer_pow" and call.attribute("y") == 0:
        return Constant(call.shape(), np.ones((1,) * len(call.shape())), made=True)
    nodes = call.machine.draft.nodes  # what is repeated along an axis has no place there
    repeated = any(isinstance(v, Dependent) and nodes[v.index].kind == "expand" for v in values)
    join = len(values) > 1 and not repeated
    kind = "relu" if call.op == "max" and any(map(_is_zero, values)) else call.kind
    return ops.pointwise(*call.shapes, kind=kind, join=join, algebra=algebra)


def _is_zero(value: Any) -> bool:
    array = value.array if isinstance(value, Constant) else None
    return array is not None and not array.any()


@rule("bitcast_convert_type")
def bitcast(call: Call) -> Any:
    """The same bytes as another type: a last axis of parts more, or one less.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.bitcast_convert_type.html
    """
    return arrays.bitcast(call[0], call.shapes_out[0])


@rule(*PASSING)
def passing(call: Call) -> Any:
    """The operands themselves.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.optimization_barrier.html
    """
    return call[0] if len(call) == 1 else Outputs(call.operands)


@rule("select_n")
def select(call: Call) -> Any:
    """Elements of one of several operands, chosen by the first.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.select_n.html
    """
    which, (result, *cases), chosen = call[0], call.operands[1:], call.known(0)
    if len(cases) > 1 and chosen is None:
        return ops.pointwise(*call.shapes, kind="where", join=True)
    for place, case in enumerate(cases, 1):
        here = which if chosen is None or len(cases) == 1 else known(chosen == place)
        shapes = here.shape, case.shape, result.shape
        op = ops.pointwise(*shapes, kind="where", join=True, algebra="where")
        picked = read(op, here, case, result)
        result = picked if place == len(cases) else call.step(picked)
    return result
