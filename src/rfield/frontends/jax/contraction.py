"""Sums of products, reductions, running sums, and what mixes a whole axis."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from ...core import arrays, ops
from ...core.arrays import cumulate, read
from ...core.relation import WHOLE
from ..machine.meanings import zeros_of
from ..machine.unnamed import with_rest
from ..machine.values import Constant, Outputs, dependents, known
from .rulebook import Call, rule


@rule("lu")
def decomposition(call: Call) -> Outputs:
    """Factors and pivots, of which each reads some rows and columns: a bound.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.linalg.lu.html
    """
    batch = len(call.shape()) - 2
    return Outputs(
        arrays.matrix_function(call[0], shape[batch:], exact=False) for shape in call.shapes_out
    )


@rule("cholesky")
def cholesky(call: Call) -> Any:
    """The lower factor of a symmetric matrix, of which it reads the lower triangle.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.linalg.cholesky.html
    """
    return arrays.cholesky(call[0])


@rule("dot_general")
def dot_general(call: Call) -> Any:
    """Batched matrix product over any axes.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.dot_general.html
    """
    (left, right), (left_batch, right_batch) = call.attribute("dimension_numbers")
    shapes = [call.shape(0), call.shape(1)]
    one: list[object] = [("left", axis) for axis in range(len(shapes[0]))]
    other: list[object] = [("right", axis) for axis in range(len(shapes[1]))]
    for a, b in [*zip(left, right, strict=True), *zip(left_batch, right_batch, strict=True)]:
        other[b] = one[a]
    batch = [one[axis] for axis in left_batch]
    gone = {*left, *left_batch}, {*right, *right_batch}
    free = [[label for axis, label in enumerate(names) if axis not in used]
            for names, used in zip((one, other), gone, strict=True)]  # fmt: skip
    weights = [v for v in call.operands if isinstance(v, Constant) and not v.made]
    count = sum(prod(value.shape) for value in weights[:1])
    output = [*batch, *free[0], *free[1]]
    return ops.contract(shapes, [one, other], output, kind=call.kind, parameters=count)


@rule(
    "reduce_sum", "reduce_max", "reduce_min", "reduce_prod", "reduce_and", "reduce_or",
    "reduce_xor", "argmax", "argmin",
)  # fmt: skip
def reduction(call: Call) -> Any:
    """Sum, maximum … over ``axes``.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.reduce.html
    """
    zeros = zeros_of(call.kind)
    return ops.reduce(call.shape(), call.numbers("axes"), zeros=zeros, kind=call.kind)


@rule("reduce")
def reduce_with(call: Call) -> Any:
    """A reduction of several operands at once, by any function: each result reads all of them.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.reduce.html
    """
    axes, count = call.numbers("dimensions"), len(call.shapes_out)
    made = [call.step(ops.reduce(call.shape(k), axes, kind=call.kind), call[k])
            for k in range(count)]  # fmt: skip
    return with_rest(together(made, call.kind), dependents(call.operands[count:]))


@rule("cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp")
def running(call: Call) -> Any:
    """Everything up to here, or from here to the end in reverse.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.cumsum.html
    """
    reverse = call.attribute("reverse")
    return cumulate(call[0], call.attribute("axis"), reverse=reverse, kind=call.kind)


@rule("sort")
def sort(call: Call) -> Any:
    """Any element of the axis may come to any place; the keys decide for all operands.

    Known keys put the others into known places; beside a key that is none of the data they are a
    bound. https://docs.jax.dev/en/latest/_autosummary/jax.lax.sort.html
    """
    axis, count = call.attribute("dimension"), call.attribute("num_keys")
    keys = [key for key in map(call.known, range(count)) if key is not None]
    if len(keys) == count and call.attribute("is_stable"):
        order = np.lexsort(keys[::-1], axis=axis)
        return Outputs(
            arrays.take_along_axis(value, order, axis)
            if place >= count else known(np.take_along_axis(keys[place], order, axis))
            for place, value in enumerate(call.operands)
        )  # fmt: skip
    exact = not any(isinstance(key, Constant) for key in call.operands[:count])
    op = replace(ops.mix(call.shape(), [axis], kind="sort", algebra="compare"), exact=exact)
    return together([call.step(op, value) for value in call.operands], "sort")


def together(made: list[Any], kind: str) -> Any:
    """Several results, each of which depends on all operands."""
    if len(made) == 1:
        return made[0]
    op = ops.pointwise(*[value.shape for value in made], kind=kind)
    return Outputs([read(op, *made)] * len(made))


@rule("top_k")
def top(call: Call) -> Any:
    """The largest of the last axis, and where they are.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.top_k.html
    """
    rank, result = len(call.shape()), call.shapes_out[0]
    axis = call.parameters.get("axis", rank - 1) % rank
    op = ops.along(call.shape(), {axis: (WHOLE, result[axis])}, kind="top_k", algebra="compare")
    return Outputs([op, op])


@rule("fft")
def fourier(call: Call) -> Any:
    """Every frequency reads all positions of the last axes.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.fft.html
    """
    result, count = call.shapes_out[0], len(call.numbers("fft_lengths"))
    sizes = {axis: result[axis] for axis in range(-count, 0)}
    return arrays.fft(call[0], tuple(sizes), sizes=sizes)
