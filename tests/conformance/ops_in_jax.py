"""The ops of the list as JAX functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import rfield
from rfield.frontends.jax import RULES

from .ops.case import Case
from .ops.own.jax_ops import entries as OWN  # noqa: N812 - the name that every front end gives it

__all__ = ["BUILDERS", "CHANNEL", "OWN", "REFUSALS", "RULES", "read", "run"]

CHANNEL = 1
REFUSALS = (ValueError, TypeError, NotImplementedError)


def read(function: Any, shape: Any, axes: Any) -> rfield.Graph:
    """The graph of a function."""
    return rfield.load(function, shape, axes=axes)


def run(function: Any) -> Any:
    """The compiled function over arrays."""
    compiled = jax.jit(function)
    return lambda x: np.asarray(compiled(jnp.asarray(x, "float32")))


def words(case: Case) -> Any:
    """Padding as ``lax`` takes it."""
    padding = case.args.get("padding", ((0, 0),) * len(case.shape))
    return "SAME" if padding == "same" else padding


def conv(case: Case) -> Any:
    a, ones = case.args, (1,) * len(case.shape)
    weight = jnp.ones((1, 1, *a["kernel"]))
    return lambda x: lax.conv_general_dilated(
        x, weight, a.get("stride", ones), words(case), rhs_dilation=a.get("dilation", ones)
    )


def transposed(case: Case) -> Any:
    a = case.args
    weight = jnp.ones((1, 1, *a["kernel"]))
    padding = a.get("padding", ((0, 0),) * len(case.shape))
    sides = [(k - 1 - p, k - 1 - q) for k, (p, q) in zip(a["kernel"], padding, strict=True)]
    ones = (1,) * len(case.shape)
    return lambda x: lax.conv_general_dilated(x, weight, ones, sides, lhs_dilation=a["stride"])


def pool(function: Any, start: float) -> Callable[[Case], Any]:
    def build(case: Case) -> Any:
        a, padding = case.args, words(case)
        if a.get("ceil"):
            return None
        sides = padding if isinstance(padding, str) else ((0, 0), (0, 0), *padding)
        ones = (1,) * len(case.shape)
        return lambda x: lax.reduce_window(
            x, start, function, (1, 1, *a["kernel"]), (1, 1, *a.get("stride", a["kernel"])), sides,
            window_dilation=(1, 1, *a.get("dilation", ones)),
        )  # fmt: skip

    return build


def pad(case: Case) -> Any:
    a = case.args
    if min(a["pads"]) < 0:
        return lambda x: lax.pad(x, 0.0, [(0, 0, 0), (*a["pads"], 0)])
    return lambda x: jnp.pad(x, ((0, 0), a["pads"]), mode=a["mode"])


def resize(case: Case) -> Any:
    a = case.args
    if a.get("coordinates") or a["mode"] == "nearest":
        return None
    mode = a["mode"].removesuffix("-exact")
    return lambda x: jax.image.resize(x, (1, 1, *a["size"]), mode,
                                      antialias=a.get("antialias", False))  # fmt: skip


def function(of_case: Callable[..., Any]) -> Callable[[Case], Any]:
    """A builder from a function of the input and the arguments in their order."""
    return lambda case: lambda x: of_case(x, *case.args.values())


def roll(x: Any, shifts: Any, axes: Any) -> Any:
    return jnp.roll(x, shifts if axes is not None else shifts[0], axes)


def cumsum(case: Case) -> Any:
    a = case.args
    if a["exclusive"]:
        return None
    return lambda x: lax.cumsum(x, a["axis"] % x.ndim, reverse=a["reverse"])


def einsum(x: Any, equation: str) -> Any:
    return jnp.einsum(equation, *[x] * (equation.count(",") + 1))


def reducer(call: Any) -> Callable[[Case], Any]:
    return lambda c: lambda x: call(x, axis=c.args["axes"], keepdims=c.args["keepdims"])


def lower(case: Case) -> Any:
    return np.tril(np.ones((1, *case.shape), "float32"))


def indices(x: Any) -> Any:
    return jnp.clip(x.astype("int32"), 0, 2)


def attention(causal: bool) -> Callable[[Case], Any]:
    def call(x: Any) -> Any:
        y = x[:, :, None]
        return jax.nn.dot_product_attention(y, y, y, is_causal=causal)[:, :, 0]

    return lambda _case: call


def loop(case: Case) -> Any:
    def turn(_i: Any, y: Any) -> Any:
        return jnp.concatenate([y[:, 1:], y[:, :1]], 1)

    turns = case.args["turns"]
    return lambda x: lax.while_loop(
        lambda s: s[0] < turns, lambda s: (s[0] + 1, turn(s[0], s[1])), (0, x)
    )[1]


BUILDERS: dict[str, dict[str, Callable[[Case], Any]]] = {
    "loop": {"while_loop": loop},
    "conv": {"lax": conv},
    "depthwise_conv": {"lax": conv},
    "conv_transpose": {"lax": transposed},
    "max_pool": {"lax": pool(lax.max, -np.inf)},
    "avg_pool": {"lax": pool(lax.add, 0.0)},
    "global_pool": {"jnp": lambda _c: lambda x: x.mean((2, 3), keepdims=True)},
    "pad": {"jnp": pad},
    "resize": {"image": resize},
    "roll": {"jnp": function(roll)},
    "flip": {"jnp": function(jnp.flip)},
    "transpose": {"jnp": function(lambda x, order: x.transpose(order))},
    "reshape": {"jnp": function(lambda x, shape: x.reshape(shape))},
    "slice": {"getitem": function(lambda x, axis, start, stop, step: x[:, start:stop:step])},
    "concat": {"jnp": function(lambda x, axis: jnp.concatenate([x, x], axis))},
    "stack": {"jnp": function(lambda x, axis: jnp.stack([x, 2 * x], axis))},
    "split": {"jnp": function(lambda x, axis, parts, part: jnp.split(x, parts, axis)[part])},
    "tile": {"jnp": function(jnp.tile)},
    "expand_dims": {"jnp": function(jnp.expand_dims)},
    "squeeze": {"jnp": function(jnp.squeeze)},
    "broadcast": {"jnp": function(jnp.broadcast_to)},
    "take": {"jnp": function(lambda x, axis, indices: jnp.take(x, np.array(indices), axis))},
    "take_along_by_data": {
        "jnp": function(lambda x, axis: jnp.take_along_axis(x, indices(x), axis))
    },
    "take_by_data": {"jnp": function(lambda x, axis: jnp.take(x, indices(x[0, :, 0]), axis))},
    "tril": {"jnp": function(jnp.tril)},
    "triu": {"jnp": function(jnp.triu)},
    "band": {"jnp": function(lambda x, lower, upper: jnp.triu(jnp.tril(x, upper), -lower))},
    "times_mask": {"jnp": lambda c: lambda x: x * lower(c)},
    "where": {"jnp": lambda c: lambda x: jnp.where(lower(c) > 0, x, 0.0)},
    "cumsum": {"lax": cumsum},
    "sum": {"jnp": reducer(jnp.sum)},
    "mean": {"jnp": reducer(jnp.mean)},
    "max": {"jnp": reducer(jnp.max)},
    "min": {"jnp": reducer(jnp.min)},
    "prod": {"jnp": reducer(jnp.prod)},
    "softmax": {"nn": function(jax.nn.softmax)},
    "sort": {"jnp": function(jnp.sort)},
    "matmul_constant": {"jnp": lambda _c: lambda x: x @ jnp.ones((4, 2))},
    "constant_matmul": {"jnp": lambda _c: lambda x: jnp.ones((2, 3)) @ x},
    "cholesky": {
        "lax": lambda _c: lambda x: lax.linalg.cholesky(
            x + 40 * jnp.eye(4), symmetrize_input=False
        ),
    },
    "gram": {"jnp": lambda _c: lambda x: x @ x.transpose(0, 2, 1)},
    "einsum": {"jnp": function(einsum)},
    "attention": {"nn": attention(False)},
    "causal_attention": {"nn": attention(True)},
    "diagonal": {"jnp": lambda _c: lambda x: jnp.diagonal(x, 0, 1, 2)},
    "rot90": {"jnp": lambda c: lambda x: jnp.rot90(x, c.args["k"], (1, 2))},
    "movedim": {"jnp": lambda _c: lambda x: jnp.moveaxis(x, 1, 2)},
    "unbind": {"getitem": lambda _c: lambda x: x[:, :, 1]},
    "repeat": {"jnp": lambda _c: lambda x: jnp.repeat(x, 2, 2)},
    "diff": {"jnp": lambda _c: lambda x: jnp.diff(x, axis=2)},
    "top": {"lax": lambda _c: lambda x: lax.top_k(x, 2)[0]},
    "dense": {"lax": lambda _c: lambda x: jnp.tensordot(x, jnp.ones((4, 2)), 1)},
    **{name: {"nn": lambda c: getattr(jax.nn, c.op)} for name in ("relu", "sigmoid")},
    **{name: {"jnp": lambda c: getattr(jnp, c.op)} for name in ("tanh", "exp", "abs")},
}  # fmt: skip
