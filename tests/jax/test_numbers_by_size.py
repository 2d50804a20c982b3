"""Weights that are chosen or made by the size of the input: no part has those of the whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="JAX is not installed")

import jax.numpy as jnp  # noqa: E402

import rfield  # noqa: E402

pytestmark = pytest.mark.jax
ONE = jnp.arange(9.0).reshape(3, 3, 1, 1)
OTHER = ONE[::-1]
MANY = jnp.arange(1.0, 9.0)


def conv(x: Any, weight: Any) -> Any:
    layout = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(x, weight, (1, 1), "SAME", dimension_numbers=layout)


def planned(function: Callable[[Any], Any]) -> rfield.TilePlan:
    return rfield.tile_plan(
        function, (60, 72), tile=(32, 30), input_shape=(1, 60, 72, 1), axes=(1, 2)
    )


BY_SIZE: dict[str, Callable[[Any], Any]] = {
    "one of two": lambda x: conv(x, ONE if x.shape[2] > 40 else OTHER),
    "chosen": lambda x: conv(x, jnp.where(x.shape[2] > 40, ONE, OTHER)),
    "made": lambda x: conv(x, ONE / x.shape[2]),
    "one of many": lambda x: conv(x, ONE) * MANY[x.shape[2] % 8],
    "a mean of some": lambda x: conv(x, ONE) * MANY[: x.shape[2] // 10].mean(),
    "a matrix": lambda x: x @ (jnp.eye(1) * x.shape[2]),
    "of NumPy": lambda x: conv(x, np.asarray(ONE) / np.float32(x.shape[2])),
}


@pytest.mark.parametrize("name", BY_SIZE)
def test_weights_by_the_size(name: str) -> None:
    with pytest.raises(rfield.NotTileableError, match="numbers that are made for the size"):
        planned(BY_SIZE[name])


STAY: dict[str, Callable[[Any], Any]] = {
    "a weight": lambda x: conv(x, ONE),
    "made": lambda x: conv(x, ONE / 2) * MANY[3],
    "of NumPy": lambda x: conv(x, np.ones((3, 3, 1, 1), np.float32)),
    "large": lambda x: x @ np.ones((1, 70_000), np.float32),
}


@pytest.mark.parametrize("name", STAY)
def test_weights_that_stay(name: str) -> None:
    plan = planned(STAY[name])
    assert (len(plan), plan.exact) == (6, True)
