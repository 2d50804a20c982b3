"""Models of every library: the claim against dependence measured in JAX, position by position."""

from __future__ import annotations

import pytest

pytest.importorskip("jax", reason="needs JAX")
pytest.importorskip("flax", reason="the models are written with it")
pytest.importorskip("equinox", reason="the models are written with it")
pytest.importorskip("haiku", reason="the models are written with it")

import jax
import numpy as np

import rfield
from tests.jax.measuring import Looked, measured
from tests.jax.models import BOUNDS, MODELS, Example

pytestmark = pytest.mark.jax


def claimed_and_measured(example: Example):
    """For some positions: what is claimed, what was measured, and the fidelity."""
    graph = rfield.load(example.model, example.shape, axes=example.axes)
    field = rfield.receptive_field(graph)
    sizes = [field.output_shape[axis] for axis in field.positions]
    corners = [0] * len(sizes), [n // 2 for n in sizes], [n - 1 for n in sizes]
    some = sorted({tuple(at) for at in corners} | {tuple(n // 3 for n in sizes)})
    claimed, exact = [], []
    for at in some:
        support = rfield.support(graph, at)
        marks = np.argwhere(support.mask) + np.array(support.offset, int)
        claimed.append({tuple(mark) for mark in marks.tolist()})
        exact.append(support.fidelity is rfield.Fidelity.EXACT)
    with jax.enable_x64(True):
        axes = graph.inputs_[0].axes
        run, looked = example.run(), Looked(some, field.positions)
        (found,) = measured(lambda x: [run(x)], example.shape, axes, [looked])
    return claimed, found, exact


@pytest.mark.parametrize("name", MODELS)
def test_exactly_what_is_measured(name):
    claimed, found, exact = claimed_and_measured(MODELS[name])
    assert claimed == found
    assert all(exact)


@pytest.mark.parametrize("name", BOUNDS)
def test_at_least_what_is_measured(name):
    claimed, found, exact = claimed_and_measured(BOUNDS[name])
    assert all(f <= c for f, c in zip(found, claimed, strict=True))
    assert not any(exact)
