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


def test_a_layer_that_does_the_same_several_times_is_told_of_once() -> None:
    """Four corners of each cell have weights, which become coarser with the position."""

    def moved(x: Any) -> Any:
        places = jnp.indices(x.shape[1:]) * 1.01
        return jax.scipy.ndimage.map_coordinates(x[0], [*places], 1, mode="nearest")[None]

    with pytest.raises(rfield.NotTileableError) as raised:
        rfield.tile_plan(moved, (60, 70), tile=32, input_shape=(1, 48, 48), axes=(1, 2))
    assert str(raised.value) == (
        "no tile of broadcast_in_dim equals the whole:\n"
        "  map_coordinates (multiply) reads numbers that are made for the size of its input"
    )
