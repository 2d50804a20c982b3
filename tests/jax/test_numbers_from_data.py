"""Padding values and initial values that a function computes from its input are read."""

from __future__ import annotations

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="JAX is not installed")

import jax.numpy as jnp  # noqa: E402
from jax import lax  # noqa: E402

import rfield  # noqa: E402

pytestmark = pytest.mark.jax

FUNCTIONS = {
    "pad": lambda x: lax.pad(x, x[0, 5, 0], ((0, 0, 0), (1, 2, 1), (0, 0, 0))),
    "constant_values": lambda x: jnp.pad(x, ((0, 0), (1, 1), (0, 0)), constant_values=x[0, 5, 0]),
    "reduce": lambda x: lax.reduce(x.reshape(1, 4, 3, 2), x[0, 5, 0], lax.add, (2,)),
    "reduce_window": lambda x: lax.reduce_window(
        x, x[0, 5, 0], lax.add, (1, 3, 1), (1, 1, 1), "VALID"
    ),
    "sum": lambda x: jnp.sum(x.reshape(1, 4, 3, 2), 2, initial=x[0, 5, 0]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_they_are_read(name: str) -> None:
    function, shape = FUNCTIONS[name], (1, 12, 2)
    graph = rfield.load(function, shape, axes=(1,))
    with jax.enable_x64(True):
        x = np.random.default_rng(0).uniform(0.5, 1.5, shape)
        before = np.asarray(function(jnp.asarray(x)))
        for at in range(before.shape[1]):
            found = rfield.support(graph, (at,))
            claimed = {found.offset[0] + int(k) for (k,) in np.argwhere(found.mask)}
            for place in set(range(12)) - claimed:
                changed = x.copy()
                changed[:, place] += 0.7
                assert (np.asarray(function(jnp.asarray(changed)))[:, at] == before[:, at]).all()
