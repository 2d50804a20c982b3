"""A setting that a size of the input chooses is another computation: no tiles, no streams."""

from __future__ import annotations

import pytest

jax = pytest.importorskip("jax", reason="JAX is not installed")

import jax.numpy as jnp  # noqa: E402
from jax import lax  # noqa: E402

import rfield  # noqa: E402

pytestmark = pytest.mark.jax

TABLE = jnp.arange(4.0).reshape(2, 2) + 1
FUNCTIONS = {
    "power": lambda x, large: x ** (3 if large else 2),
    "direction": lambda x, large: lax.cumsum(x, 3, reverse=large),
    "digits": lambda x, large: lax.reduce_precision(x, 8, 4 if large else 8),
    "matrix or its transpose": lambda x, large: jnp.einsum(
        "bhwc,dc->bhwd" if large else "bhwc,cd->bhwd", x, TABLE
    ),
    "which is subtracted": lambda x, large: 1.0 - x if large else x - 1.0,
    "none": lambda x, large: x * 2.0,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_compared(name: str) -> None:
    def function(x: jax.Array) -> jax.Array:
        return FUNCTIONS[name](x, x.shape[2] > 30)

    def plan() -> rfield.TilePlan:
        return rfield.tile_plan(
            function, (36, 52), tile=24, input_shape=(1, 24, 24, 2), axes=(1, 2)
        )

    if name == "none":
        assert plan().exact
    else:
        with pytest.raises(rfield.NotTileableError):
            plan()
