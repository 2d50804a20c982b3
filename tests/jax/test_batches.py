"""Equinox modules take inputs without a batch: which axis is one, and what is said of it."""

from __future__ import annotations

import pytest

pytest.importorskip("equinox", reason="Equinox is not installed")

import equinox as eqx
import jax

import rfield

pytestmark = pytest.mark.jax
KEY = jax.random.key(0)
CONV = eqx.nn.Conv1d(2, 2, 3, key=KEY)


class Steps(eqx.Module):
    """Differences along the first axis: with a batch they are those of the second."""

    def __call__(self, s):
        return s[1:] - s[:-1]


def test_what_may_have_a_batch_and_may_not_is_told():
    field = rfield.receptive_field(Steps(), input_shape=(6, 4))
    assert (field.size, field.axes) == ((2,), ("t",))
    assert field.premises[0].startswith("axis 0 of the input is taken for its batch")


def test_positions_along_the_first_axis_leave_no_batch():
    found = rfield.support(Steps(), 3, input_shape=(6, 4), axes=(0,))
    assert (found.box.start, found.box.stop, found.premises) == ((3,), (5,), ())


@pytest.mark.parametrize(
    ("module", "shape", "size"),
    [
        (eqx.nn.MaxPool1d(3, 2, 1), (2, 12), (3,)),
        (eqx.nn.Sequential([eqx.nn.AvgPool1d(2, 2), CONV]), (2, 12), (6,)),
        (CONV, (5, 2, 12), (3,)),
    ],
)
def test_where_only_one_way_is_possible_nothing_is_assumed(module, shape, size):
    graph = rfield.load(module, shape)
    assert (rfield.receptive_field(graph).size, graph.assumed) == (size, ())


def test_a_key_that_a_function_closes_over_is_no_number():
    noisy = rfield.load(lambda x: x + jax.random.normal(KEY, x.shape), (1, 12, 2))
    assert rfield.receptive_field(noisy).size == (1,)
