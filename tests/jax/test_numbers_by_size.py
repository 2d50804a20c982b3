"""Weights that are chosen or made by the size of the input: no part has those of the whole."""

from __future__ import annotations

import random
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


WHOLE: dict[str, Callable[[Any], Any]] = {
    "what a pad is filled with": lambda x: jnp.pad(
        jnp.int32(x), ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=x.shape[2]
    ),
    "table": lambda x: jnp.take(jnp.arange(x.shape[2], x.shape[2] + 9), jnp.int32(x)),
    "kernel": lambda x: conv(
        jnp.int32(x), jnp.arange(x.shape[2], x.shape[2] + 9).reshape(3, 3, 1, 1)
    ),
}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_by_the_size(name: str) -> None:
    """They look like sizes and places, but say what is computed."""
    with pytest.raises(rfield.NotTileableError, match="numbers that are made for the size"):
        planned(WHOLE[name])


STAY: dict[str, Callable[[Any], Any]] = {
    "a weight": lambda x: conv(x, ONE),
    "made": lambda x: conv(x, ONE / 2) * MANY[3],
    "of NumPy": lambda x: conv(x, np.ones((3, 3, 1, 1), np.float32)),
    "large": lambda x: x @ np.ones((1, 70_000), np.float32),
    "no number": lambda x: jnp.where(x > 9, jnp.nan, x),
    "a sorted table": lambda x: jnp.digitize(x, np.linspace(-1, 1, 7, dtype=np.float32)) * x,
}


@pytest.mark.parametrize("name", STAY)
def test_weights_that_stay(name: str) -> None:
    plan = planned(STAY[name])
    assert (len(plan), plan.exact) == (6, True)


def resized(how: str) -> Callable[[Any], Any]:
    """Twice as large along two axes, by products with matrices that are made for the size."""

    def function(x: Any) -> Any:
        batch, height, width, channels = x.shape
        return jax.image.resize(x, (batch, 2 * height, 2 * width, channels), how)

    return function


@pytest.mark.parametrize(
    "limit", [{"tile": 48}, {"tile": (48, 40)}, {"max_pixels": 2048}, {"max_bytes": 200_000}]
)
@pytest.mark.parametrize("how", ["bilinear", "cubic"])
def test_resizing_by_a_band_matrix_has_tiles(how: str, limit: dict[str, Any]) -> None:
    """The order of two products is that of the whole only where a tile is longer as it is."""
    function = resized(how)
    shape = (1, 48, 48, 1)
    plan = rfield.tile_plan(function, (96, 128), input_shape=shape, axes=(1, 2), **limit)
    assert plan.exact
    assert len(plan) > 1
    x = np.random.default_rng(0).integers(-8, 9, (1, 96, 128, 1)).astype(np.float32)
    found = rfield.run_tiled(lambda part: np.asarray(function(part)), x, plan)
    whole = np.asarray(function(x))
    # a smaller product may add in another order, which whole numbers in quarters do not show
    assert np.abs(found - whole).max() <= (0 if how == "bilinear" else 1e-5)


@pytest.mark.parametrize("how", ["bilinear", "cubic"])
def test_resizing_by_a_band_matrix_streams(how: str) -> None:
    def function(x: Any) -> Any:
        return jax.image.resize(x, (x.shape[0], 2 * x.shape[1], x.shape[2]), how)

    plan = rfield.stream_plan(function, input_shape=(1, 64, 4), axes=(1,))
    assert plan.exact
    x = np.random.default_rng(0).integers(-8, 9, (1, 200, 4)).astype(np.float32)
    chunks = np.split(x, [50, 77, 150], 1)
    parts = rfield.run_streaming(lambda chunk: np.asarray(function(chunk)), chunks, plan)
    assert np.abs(np.concatenate(list(parts), 1) - np.asarray(function(x))).max() <= 1e-6


def test_a_band_of_other_numbers_has_no_tiles() -> None:
    """The same places are read, with weights that grow with the place."""

    def function(x: Any) -> Any:
        size = x.shape[1]
        ramp = jnp.arange(1.0, size + 1)[:, None]
        matrix = jnp.where(jnp.abs(jnp.arange(size)[:, None] - jnp.arange(size)) < 2, ramp, 0.0)
        return jnp.einsum("bhwc,hk->bkwc", x, matrix)

    with pytest.raises(rfield.NotTileableError, match="numbers that are made for the size"):
        planned(function)


def test_a_band_over_numbers_that_no_input_changes_has_no_tiles() -> None:
    """Every second row is 1 whatever the image, and is summed all the same."""

    def function(x: Any) -> Any:
        rows = jnp.arange(x.shape[1])
        matrix = (jnp.abs(rows[:, None] - rows) < 2).astype(x.dtype)
        return jnp.einsum("bhwc,hk->bkwc", x * (rows % 2)[:, None, None] + 1, matrix)

    with pytest.raises(rfield.NotTileableError, match="numbers that are made for the size"):
        planned(function)


def test_a_known_border_before_a_sum_over_channels_has_tiles() -> None:
    """Zeros up to a multiple, then a mean over channels: the last rows of that read nothing."""
    weight = jnp.array([1.0, -2.0])

    def function(x: Any) -> Any:
        _, height, width, _ = x.shape
        wide = jnp.pad(x, ((0, 0), (0, -height % 4), (0, -width % 4), (0, 0))) * weight
        normed = wide - wide.mean(-1, keepdims=True)
        return conv(normed[..., :1], ONE)[:, :height, :width]

    plan = rfield.tile_plan(
        function, (97, 131), tile=(45, 47), input_shape=(1, 48, 48, 2), axes=(1, 2)
    )
    assert plan.exact
    assert len(plan) > 4
    x = np.random.default_rng(0).integers(-8, 9, (1, 97, 131, 2)).astype(np.float32)
    found = rfield.run_tiled(lambda part: np.asarray(function(part)), x, plan)
    assert np.array_equal(found, np.asarray(function(x)))


@pytest.mark.parametrize("first", [0, 1])
def test_every_second_row_that_is_written_has_tiles(first: int) -> None:
    """A step of a lifting scheme: one half of the rows from the other."""

    def function(x: Any) -> Any:
        y = jnp.asarray(x).at[:, first::2].add(-x[:, 1 - first :: 2])
        return y.at[:, 1 - first :: 2].set(y[:, first::2] * 2)

    plan = rfield.tile_plan(function, (96, 128), tile=40, input_shape=(1, 48, 48, 1), axes=(1, 2))
    assert (plan.exact, plan.grid) == (True, (2, 1))
    x = np.random.default_rng(0).integers(-8, 9, (1, 96, 128, 1)).astype(np.float32)
    found = rfield.run_tiled(lambda part: np.asarray(function(part)), x, plan)
    assert np.array_equal(found, np.asarray(function(x)))


@pytest.mark.parametrize(
    ("name", "function", "step"),
    [
        ("a number", lambda x: jnp.asarray(x).at[:, 2::2].add(3), 2),
        ("rows", lambda x: jnp.asarray(x).at[:, 5:-3:3].set(x[:, 4:-4:3] * 2), 3),
        ("columns", lambda x: jnp.asarray(x).at[:, :, 3::2].add(x[:, :, 1:-2:2]), 2),
    ],
)
def test_rows_that_are_written_from_some_on(name: str, function: Any, step: int) -> None:
    plan = rfield.tile_plan(function, (96, 128), tile=40, input_shape=(1, 48, 48, 1), axes=(1, 2))
    assert plan.exact
    assert plan.grid == ((1, step) if name == "columns" else (step, 1))
    x = np.random.default_rng(0).integers(-8, 9, (1, 96, 128, 1)).astype(np.float32)
    found = rfield.run_tiled(lambda part: np.asarray(function(part)), x, plan)
    assert np.array_equal(found, np.asarray(function(x)))


CHOSEN_BY_CHANCE: dict[str, Callable[[Any], Any]] = {
    "a factor": lambda x: conv(x, ONE) * np.random.rand(),
    "a branch": lambda x: conv(x, ONE) * (2 if random.random() < 1e-9 else 1),
}


@pytest.mark.parametrize("name", CHOSEN_BY_CHANCE)
def test_numbers_of_generators_that_jax_does_not_see(name: str) -> None:
    state = random.getstate()
    with pytest.raises(rfield.NotTileableError, match=r"(Python|NumPy)'s random numbers"):
        planned(CHOSEN_BY_CHANCE[name])
    assert random.getstate() == state
    assert planned(lambda x: (conv(x, ONE), random.random())[0]).exact


def test_a_complex_number_by_the_size() -> None:
    def turned(x: Any, by: Any) -> Any:
        return (jax.lax.complex(conv(x, ONE), conv(x, OTHER)) * jnp.exp(1j * by)).imag

    with pytest.raises(rfield.NotTileableError, match="numbers that are made for the size"):
        planned(lambda x: turned(x, x.shape[2] / 64))
    assert planned(lambda x: turned(x, 0.5)).exact
