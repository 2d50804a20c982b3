"""What a jaxpr holds that is no function of its inputs."""

from __future__ import annotations

from typing import Any

import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402 - after JAX is known to be there
import numpy as np  # noqa: E402

import rfield  # noqa: E402

pytestmark = pytest.mark.jax


def written(x: Any) -> Any:
    """A reference that is written to, and read after that."""
    place = jax.new_ref(jnp.zeros(8))
    place[...] = jnp.roll(x, 1)
    return place[...] + x


@pytest.mark.parametrize("unknown", ["error", "whole"])
def test_a_reference_is_refused(unknown: str) -> None:
    with pytest.raises(rfield.UnreadableModelError) as error:
        rfield.load(written, (8,), axes=(0,), unknown=unknown)
    assert str(error.value) == (
        "new_ref (new_ref): a reference (jax.new_ref) changes while the function runs, which is "
        "not read.\n  Let the function take and return the value instead."
    )


@pytest.mark.parametrize(
    "padded",
    [
        lambda x: jnp.pad(x, ((0, 0), (2, 0), (0, 0)), "edge"),
        lambda x: jnp.concatenate([jnp.repeat(x[:, :1], 2, 1), x], 1),
    ],
)
def test_a_border_that_is_repeated_is_padding(padded: Any) -> None:
    """``jnp.pad`` writes it with axes of one position and parts of none."""
    graph = rfield.load(padded, (1, 12, 3), axes=(1,))
    field = rfield.receptive_field(graph)
    assert (field.size, field.stride, field.padding) == ((1,), (1,), (2,))
    assert [rfield.support(graph, k).offset for k in (0, 1, 2, 3, 13)] == [
        (0,), (0,), (0,), (1,), (11,),
    ]  # fmt: skip
    plan = rfield.tile_plan(graph, 40, tile=16)
    x = np.random.default_rng(0).normal(size=(1, 40, 3)).astype(np.float32)
    np.testing.assert_array_equal(rfield.run_tiled(padded, x, plan), padded(x))


def test_parts_whose_axes_lie_elsewhere_are_no_padding() -> None:
    """One element side by side with itself, of a tensor whose five positions were another axis."""

    def twice(x: Any) -> Any:
        return jnp.concatenate([x.reshape(5, 1, 1), x.reshape(5, 1, 1)], 2)

    graph = rfield.load(twice, (1, 5, 1), axes=(1,))
    assert graph.shape(graph.main) == (5, 1, 2)
