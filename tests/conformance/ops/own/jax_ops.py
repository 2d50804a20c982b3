"""Primitives that JAX alone spells so, with the indices that they read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax._src.lax.eval_jaxpr import eval_jaxpr_p  # the one thing that closed_call comes from
from jax.extend.core import primitives

from ..case import grid
from . import Own

Entry = tuple[Callable[[Any], Any], tuple[int, ...], dict[Any, Any]]
BOARD = (3, 4)
ALL = grid(range(3), range(4))
ROW = grid((1,), range(4))
COLUMN = grid(range(3), (2,))
ITSELF: dict[Any, Any] = {(1, 2): {(1, 2)}, (0, 1): {(0, 1)}}


def at(*place: int) -> set[tuple[int, ...]]:
    """One element."""
    return {place}


def ones(*shape: int) -> Any:
    """Numbers that are all different."""
    return jnp.asarray(1 + np.arange(np.prod(shape)).reshape(shape) % 7 / 8, "float32")


def whole(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """A function of whole numbers."""
    return lambda x: function(x.astype("int32"), jnp.full(x.shape, 2, "int32")).astype("float32")


def one_whole(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """A function of one whole number."""
    return lambda x: function(x.astype("int32")).astype("float32")


def two(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """A function of the input and numbers beside it."""
    return lambda x: function(x, ones(*x.shape)).astype("float32")


def part(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """A function of a complex number."""
    return lambda x: jnp.abs(function(lax.complex(x, x * 2)))


POINTWISE: dict[str, Callable[[Any], Any]] = {
    **{name: getattr(lax, name) for name in (
        "acos", "acosh", "asin", "asinh", "atan", "atanh", "bessel_i0e", "bessel_i1e", "cbrt",
        "ceil", "cos", "cosh", "digamma", "erf", "erf_inv", "erfc", "exp2", "expm1", "floor",
        "lgamma", "log", "log1p", "neg", "round", "rsqrt", "sign", "sin", "sinh", "sqrt", "square",
        "tan",
    )},
    **{name: two(getattr(lax, name)) for name in (
        "atan2", "eq", "ge", "gt", "le", "ne", "igamma", "igammac", "nextafter", "pow", "rem",
        "zeta",
    )},
    **{name: whole(getattr(lax, name)) for name in (
        "bitwise_and", "bitwise_or", "bitwise_xor", "shift_left", "shift_right_arithmetic",
        "shift_right_logical",
    )},
    **{name: one_whole(getattr(lax, name)) for name in ("bitwise_not", "clz", "population_count")},
    **{name: part(getattr(lax, name)) for name in ("conj", "imag", "real")},
    **{name: two(getattr(primitives, f"{name}_p").bind) for name in ("eq_to", "le_to", "lt_to")},
    "add_any": two(primitives.add_jaxvals_p.bind),
    "sharding_constraint": lambda x: lax.with_sharding_constraint(
        x, jax.sharding.SingleDeviceSharding(jax.devices()[0])
    ),
    "clamp": lambda x: lax.clamp(0.5, x, 5.0),
    "integer_pow": lambda x: lax.integer_pow(x, 3),
    "is_finite": lambda x: lax.is_finite(x).astype("float32"),
    "reduce_precision": lambda x: lax.reduce_precision(x, 5, 10),
    "polygamma": lambda x: lax.polygamma(ones(*x.shape), x),
    "regularized_incomplete_beta": lambda x: lax.betainc(ones(*x.shape), ones(*x.shape), x / 20),
    "bitcast_convert_type": lambda x: lax.bitcast_convert_type(x, "int32").astype("float32"),
    "stop_gradient": lax.stop_gradient,
    "optimization_barrier": lax.optimization_barrier,
    "copy": lambda x: jnp.array(x, copy=True) * 2,
    "expand_dims": lambda x: lax.expand_dims(x, (0,))[0],
}  # fmt: skip


def counted(x: Any, turns: int) -> Any:
    """As many shifts by one column."""
    return lax.while_loop(
        lambda s: s[0] < turns, lambda s: (s[0] + 1, jnp.roll(s[1], 1, 1)), (0, x)
    )[1]


@jax.custom_vjp
def with_own_gradient(x: Any) -> Any:
    """Backwards along the last axis."""
    return jnp.flip(x, 1)


with_own_gradient.defvjp(lambda x: (with_own_gradient(x), None), lambda _, g: (g,))


def windows(x: Any, start: float, function: Any) -> Any:
    """Pairs of every other row and three neighbours, dilated."""
    return lax.reduce_window(
        x, start, function, (2, 2), (1, 1), ((0, 0), (1, 0)), window_dilation=(2, 1)
    )


EXACT: dict[str, Entry] = {
    "cholesky of the mean of both triangles": (
        lambda x: jnp.linalg.cholesky(x + 40 * jnp.eye(3)), (2, 3, 3),
        {(1, 2, 0): {(1, 0, 0), (1, 0, 2), (1, 2, 0)}, (1, 0, 2): set()},
    ),
    "argmax": (lambda x: lax.argmax(x, 1, "int32").astype("float32"), BOARD, {1: ROW}),
    "argmin": (lambda x: lax.argmin(x, 0, "int32").astype("float32"), BOARD, {2: COLUMN}),
    "cumprod": (lambda x: lax.cumprod(x, 1), BOARD, {(1, 2): grid((1,), range(3))}),
    "cummax in reverse": (lambda x: lax.cummax(x, 0, reverse=True), BOARD,
        {(1, 2): grid((1, 2), (2,))}),
    "cummin": (lambda x: lax.cummin(x, 1), BOARD, {(1, 2): grid((1,), range(3))}),
    "cumlogsumexp": (lambda x: lax.cumlogsumexp(x, 1), BOARD, {(1, 2): grid((1,), range(3))}),
    "reduce_and": (lambda x: lax.reduce_and(x > 1, (1,)).astype("float32"), BOARD, {1: ROW}),
    "reduce_or": (lambda x: lax.reduce_or(x > 1, (0,)).astype("float32"), BOARD, {2: COLUMN}),
    "reduce_xor": (lambda x: lax.reduce_xor(x.astype("int32"), (0, 1)).astype("float32"), BOARD,
        {(): ALL}),
    "reduce of its own": (
        lambda x: lax.reduce(x, 0.0, lambda a, b: a + b * 1.5, (1,)), BOARD, {1: ROW},
    ),
    "fft": (lambda x: jnp.abs(jnp.fft.fft(x)), BOARD, {(1, 2): ROW}),
    "fft of fewer": (lambda x: jnp.abs(jnp.fft.rfft(x, 3)), BOARD, {(1, 1): grid((1,), range(3))}),
    "irfft": (lambda x: jnp.fft.irfft(lax.complex(x, x * 2), 4), BOARD,
        {(1, 3): grid((1,), range(3))}),
    "fft of two axes": (lambda x: jnp.abs(jnp.fft.ifft2(x)), BOARD, {(1, 2): ALL}),
    "bitcast to more": (
        lambda x: lax.bitcast_convert_type(x, "uint8").astype("float32"), BOARD,
            {(1, 2, 3): at(1, 2)},
    ),
    "bitcast to fewer": (
        lambda x: lax.bitcast_convert_type(x.astype("uint8"), "int32").astype("float32"), BOARD,
            {1: ROW},
    ),
    "cond by a constant": (
        lambda x: lax.switch(jnp.int32(2), [lambda y: y, lambda y: -y, lambda y: jnp.flip(y, 1)],
            x), BOARD,
        {(1, 0): at(1, 3)},
    ),
    "while of three turns": (lambda x: counted(x, 3), BOARD, {(1, 0): at(1, 1)}),
    "scan": (
        lambda x: lax.scan(lambda s, e: (s + e, s * e), jnp.zeros(4), x)[1], BOARD,
            {(1, 2): grid(range(2), (2,))},
    ),
    "scan in reverse, its end": (
        lambda x: lax.scan(lambda s, e: (s + e, s * e), jnp.zeros(4), x, reverse=True)[0], BOARD,
            {2: COLUMN},
    ),
    "map": (lambda x: lax.map(jnp.flip, x), BOARD, {(1, 0): at(1, 3)}),
    "closed_call": (
        lambda x: eval_jaxpr_p.bind(x, jaxpr=jax.make_jaxpr(lambda y: jnp.flip(y, 1))(x))[0],
        BOARD, {(1, 0): at(1, 3)},
    ),
    "custom_vjp_call": (with_own_gradient, BOARD, {(1, 0): at(1, 3)}),
    "checkpoint": (jax.checkpoint(lambda x: jnp.flip(jnp.sin(x), 1)), BOARD, {(1, 0): at(1, 3)}),
    "dynamic_slice": (lambda x: lax.dynamic_slice(x, (2, 1), (2, 2)), BOARD, {(0, 0): at(1, 1)}),
    "dynamic_update_slice": (
        lambda x: lax.dynamic_update_slice(x, x[:1, :2], (2, 3)), BOARD,
            {(2, 3): at(0, 1), (1, 2): at(1, 2)},
    ),
    "scatter": (lambda x: x.at[jnp.array([0, 2])].set(x[1:]), BOARD,
        {(2, 1): at(2, 1), (0, 1): at(1, 1), (1, 1): at(1, 1)}),
    "scatter of a number": (lambda x: x.at[1, 2].set(x[0, 0]), BOARD,
        {(1, 2): at(0, 0), (1, 1): at(1, 1)}),
    "scatter-add": (
        lambda x: x.at[:, jnp.array([1, 1])].add(x[:, 2:]), BOARD,
            {(0, 1): {(0, 1), (0, 2), (0, 3)}, (0, 2): at(0, 2)},
    ),
    "scatter-mul": (lambda x: x.at[0].multiply(x[1]), BOARD,
        {(0, 2): {(0, 2), (1, 2)}, (1, 2): at(1, 2)}),
    "scatter-max": (lambda x: x.at[0].max(x[1]), BOARD, {(0, 2): {(0, 2), (1, 2)}}),
    "scatter-min": (lambda x: x.at[0].min(x[1]), BOARD, {(0, 2): {(0, 2), (1, 2)}}),
    "scatter-sub": (lambda x: x.at[0].subtract(x[1]), BOARD, {(0, 2): {(0, 2), (1, 2)}}),
    "reduce_window_min": (lambda x: windows(x, jnp.inf, lax.min), BOARD,
        {(0, 1): grid((0, 2), (0, 1)), (0, 0): grid((0, 2), (0,))}),
    "reduce_window of its own": (
        lambda x: windows(x, 0.0, lambda a, b: a + b * 1.5), BOARD, {(0, 1): grid((0, 2), (0, 1))},
    ),
}  # fmt: skip


def pooled(x: Any) -> Any:
    """The gradient of a max pooling of three by two."""

    def function(y: Any) -> Any:
        return lax.reduce_window(y, -jnp.inf, lax.max, (1, 2), (1, 2), "VALID")

    return jax.vjp(function, x)[1](function(x) * 2)[0]


BOUNDED: dict[str, Entry] = {
    "cond by data": (
        lambda x: lax.cond(x[0, 0] > 1, lambda y: y, lambda y: jnp.flip(y, 1), x), BOARD,
            {(1, 0): {(1, 0), (1, 3), (0, 0)}},
    ),
    "while of data": (
        lambda x: lax.while_loop(lambda y: y.sum() < 100, lambda y: y * 2 + 1, x), BOARD,
            {(1, 0): ALL},
    ),
    "dynamic_slice by data": (
        lambda x: lax.dynamic_slice(x, (x[0, 0].astype("int32"), 1), (1, 2)), BOARD,
            {(0, 1): {*COLUMN, (0, 0)}},
    ),
    "dynamic_update_slice by data": (
        lambda x: lax.dynamic_update_slice(x, x[:1, :2] * 2, (x[0, 0].astype("int32"), 1)), BOARD,
        {(1, 2): {(1, 2), *grid((0,), range(2))}},
    ),
    "lu": (lambda x: lax.linalg.lu(x)[0], BOARD, {(1, 2): ALL}),
    "scatter by data": (lambda x: x.at[x[:, 0].astype("int32")].set(x[::-1]), BOARD, {(1, 2): ALL}),
}  # fmt: skip

SELECTED: dict[str, Entry] = {
    "select_and_scatter_add": (
        pooled,
        BOARD,
        {(1, 2): grid((1,), (2, 3)), (1, 0): grid((1,), (0, 1))},
    ),
}


def entries() -> Iterator[Own]:
    """Each with literals."""
    for name, function in POINTWISE.items():
        yield Own(name, function, BOARD, ITSELF, blind=True)
    for table, bound in ((EXACT, False), (SELECTED, False), (BOUNDED, True)):
        for title, (function, shape, reads) in table.items():
            yield Own(title, function, shape, reads, bound=bound, blind=True)
