"""What a jaxpr holds that is no function of its inputs."""

from __future__ import annotations

from typing import Any

import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402 - after JAX is known to be there

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
