"""Windows that are gathered by tables of positions, made of ranges of the size of the input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="JAX is not installed")

import jax.numpy as jnp  # noqa: E402

import rfield  # noqa: E402

pytestmark = pytest.mark.jax


def pairs(x: Any) -> Any:
    """One gather of rows and columns, each of windows."""
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1)))
    rows, columns = (jnp.arange(size)[:, None] + jnp.arange(3) for size in x.shape[1:])
    return padded[:, rows[:, :, None, None], columns].max((2, 4))


def places_first(x: Any) -> Any:
    """The place in the window in front, as in ``im2col``."""
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1)))
    rows, columns = (jnp.arange(3)[:, None] + jnp.arange(size) for size in x.shape[1:])
    return jnp.take(jnp.take(padded, rows, 1), columns, 3).max((1, 3))


@pytest.mark.parametrize("function", [pairs, places_first])
def test_windows_are_tiled(function: Callable[[Any], Any]) -> None:
    field = rfield.receptive_field(function, input_shape=(1, 30, 34), axes=(1, 2))
    assert (field.size, field.stride, field.padding) == ((3, 3), (1, 1), (1, 1))
    plan = rfield.tile_plan(function, (60, 70), tile=32, input_shape=(1, 48, 48), axes=(1, 2))
    assert (plan.exact, plan.halo) == (True, ((1, 1), (1, 1)))
    x = np.random.default_rng(0).random((1, 60, 70))
    assert np.array_equal(rfield.run_tiled(function, x, plan), function(x))
