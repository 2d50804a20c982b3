"""Zeros that updates at known places write, and states that a table resets along a scan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402 - after JAX is known to be there
from jax import lax  # noqa: E402

import rfield  # noqa: E402

pytestmark = pytest.mark.jax

EXACT, BOUND = rfield.Fidelity.EXACT, rfield.Fidelity.UPPER_BOUND
WEIGHT = np.random.default_rng(0).uniform(0.5, 1.5, (6, 6)).astype(np.float32)
LATER = np.array([0, 0, 0, 1, 1, 1], np.float32)[:, None]


def read(function: Any, place: int) -> tuple[set[int], rfield.Fidelity]:
    graph = rfield.load(function, (1, 6, 4), axes=(1,))
    found = rfield.support(graph, (place,))
    (row,) = found.mask.nonzero()
    return {int(k) + found.offset[0] for k in row}, found.fidelity


def weight() -> Any:
    return jnp.asarray(WEIGHT)


UPPER = jnp.triu_indices(6, 1)
PLACES = jnp.arange(6)[None, :, None]
UPDATES = {
    "one of three by place": (
        lambda x: lax.select_n(
            jnp.broadcast_to(PLACES % 3, x.shape), x, x[:, ::-1], jnp.roll(x, 2, 1)
        ),
        {3: {3}, 4: {1}, 5: {3}},
    ),
    "a default between": (
        lambda x: jnp.select([PLACES < 2, PLACES > 3], [x, x[:, ::-1]], 0.0),
        {1: {1}, 3: set(), 5: {0}},
    ),
    "a triangle set": (lambda x: weight().at[UPPER].set(0) @ x, {2: {0, 1, 2}}),
    "a triangle multiplied": (lambda x: weight().at[UPPER].multiply(0) @ x, {2: {0, 1, 2}}),
    "scores": (
        lambda x: (x @ x.transpose(0, 2, 1)).at[:, UPPER[0], UPPER[1]].set(0) @ x,
        {2: {0, 1, 2}},
    ),
    "a part multiplied": (lambda x: x.at[:, 2:].multiply(0.0), {1: {1}, 3: set()}),
    "rows multiplied": (
        lambda x: x.at[:, jnp.array([2, 4])].multiply(0.0),
        {2: set(), 3: {3}, 4: set()},
    ),
    "a part added": (lambda x: x.at[:, 2:].add(x[:, :4]), {1: {1}, 3: {1, 3}}),
    "rows added": (lambda x: x.at[:, jnp.array([2, 4])].add(x[:, :2]), {2: {0, 2}, 4: {1, 4}}),
    "a part of zeros added": (
        lambda x: (x * LATER).at[:, 1:3].add(x[:, 1:3] * 0.0) * x[:, ::-1],
        {1: set(), 3: {2, 3}},
    ),
    "segments": (
        lambda x: (
            jax.ops.segment_sum(x[0] * LATER, jnp.array([0, 0, 1, 1, 2, 2]), 3)[None] * x[:, :3]
        ),
        {0: set(), 1: {1, 3}},
    ),
    "heads": (
        lambda x: (
            (jnp.stack([x @ x.transpose(0, 2, 1)] * 2, 1) * jnp.tril(jnp.ones((6, 6)))).mean(1) @ x
        ),
        {2: {0, 1, 2}},
    ),
}


@pytest.mark.parametrize("name", UPDATES)
def test_zeros_of_an_update_read_nothing(name: str) -> None:
    function, expected = UPDATES[name]
    for place, right in expected.items():
        assert read(function, place) == (right, EXACT)


def test_known_keys_sort_into_known_places() -> None:
    """https://docs.jax.dev/en/latest/_autosummary/jax.lax.sort.html"""
    key = jnp.broadcast_to(PLACES * 5 % 6, (1, 6, 4))  # 0 5 4 3 2 1
    by_one = lambda x: lax.sort((key, x), dimension=1, num_keys=1)[1]  # noqa: E731 - a function
    by_two = lambda x: lax.sort((key // 3, key, x), dimension=1, num_keys=2)[2]  # noqa: E731
    with_data = lambda x: lax.sort((key // 3, x), dimension=1, num_keys=2)[1]  # noqa: E731
    assert [read(by_one, place) for place in (0, 1)] == [({0}, EXACT), ({5}, EXACT)]
    assert [read(by_two, place) for place in (2, 5)] == [({4}, EXACT), ({1}, EXACT)]
    assert read(with_data, 2)[1] == BOUND


def test_what_a_function_makes_of_an_element_is_a_bound() -> None:
    assert read(lambda x: x.at[:, 1].apply(lambda v: v * 0), 1) == ({1}, BOUND)


def running(step: Any, table: Any) -> Any:
    def run(x: Any) -> Any:
        return lax.scan(step, jnp.zeros(4), (x[0], jnp.asarray(table)))[1][None]

    return run


def kept(state: Any, given: tuple[Any, Any]) -> tuple[Any, Any]:
    state = state * given[1] + given[0]
    return state, state


def reset(state: Any, given: tuple[Any, Any]) -> tuple[Any, Any]:
    state = jnp.where(given[1] % 3 == 0, 0.0, state) + given[0]
    return state, state


def moved_reset(state: Any, given: tuple[Any, Any]) -> tuple[Any, Any]:
    return reset(state, (given[0], given[1] + 1))


GATES = np.array([1, 1, 1, 0, 1, 1], np.float32)


@pytest.mark.parametrize(
    ("step", "table", "place", "right"),
    [
        (kept, GATES, 2, {0, 1, 2}),
        (kept, GATES, 5, {3, 4, 5}),
        (kept, GATES > 0, 5, {3, 4, 5}),
        (reset, np.arange(6), 2, {0, 1, 2}),
        (reset, np.arange(6), 4, {3, 4}),
        (moved_reset, np.arange(6), 4, {2, 3, 4}),
        (kept, GATES + 1, 5, {0, 1, 2, 3, 4, 5}),
    ],
)
def test_a_state_that_a_table_resets_begins_anew(
    step: Any, table: Any, place: int, right: set[int]
) -> None:
    assert read(running(step, table), place) == (right, EXACT)


def test_updates_outside_are_dropped_or_moved_to_the_end() -> None:
    """https://docs.jax.dev/en/latest/_autosummary/jax.lax.GatherScatterMode.html"""
    rows = jnp.array([1, 9])
    dropped = lambda x: x.at[:, rows].set(x[:, :2], mode="drop")  # noqa: E731 - as users write it
    moved = lambda x: x.at[:, rows].set(x[:, :2], mode="clip")  # noqa: E731
    added = lambda x: x.at[:, rows].add(x[:, :2], mode="clip")  # noqa: E731
    assert [read(dropped, place)[0] for place in (1, 5)] == [{0}, {5}]
    assert [read(moved, place) for place in (1, 5)] == [({0}, EXACT), ({1}, EXACT)]
    assert [read(added, place)[0] for place in (1, 5)] == [{0, 1}, {1, 5}]
