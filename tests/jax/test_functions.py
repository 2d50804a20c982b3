"""Idioms of JAX one by one: at every output position what is claimed is what is measured."""

from __future__ import annotations

import pytest

pytest.importorskip("jax", reason="needs JAX")
pytest.importorskip("flax", reason="some of the functions are Flax's")

import jax
import jax.numpy as jnp
import numpy as np

import rfield
from tests.jax.functions import FUNCTIONS
from tests.jax.measuring import Looked, measured

pytestmark = pytest.mark.jax
SHAPE = (1, 12, 2)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_reads_exactly_what_changes_it(name: str) -> None:
    function = FUNCTIONS[name]
    graph = rfield.load(function, SHAPE, axes=(1,))
    field = rfield.receptive_field(graph)
    sizes = [graph.nodes[field.value].shape[axis] for axis in field.positions]
    places = list(np.ndindex(*sizes))
    supports = [rfield.support(graph, at) for at in places]
    claimed = [
        {tuple(mark) for mark in (np.argwhere(s.mask) + np.array(s.offset, int)).tolist()}
        for s in supports
    ]
    with jax.enable_x64(True):
        (real,) = measured(
            lambda x: [jnp.real(function(x))], SHAPE, (1,), [Looked(places, field.positions)]
        )
    assert claimed == real
    assert all(s.fidelity is rfield.Fidelity.EXACT for s in supports)


def test_they_are_many() -> None:
    assert len(FUNCTIONS) > 45


def test_a_size_at_which_no_output_reads_the_input_is_left_out():
    def last_column_cleared(x):
        return x.at[:, :, -1:].set(0)

    sizes = rfield.valid_sizes(last_column_cleared, input_shape=(1, 16, 16, 1), axes=(1, 2))
    assert str(sizes) == "y: every size from 1; x: every size from 2"
