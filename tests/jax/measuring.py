"""What a JAX function really reads: every input position is changed in turn, in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Index = tuple[int, ...]


def double(tree: Any) -> Any:
    """The floating-point arrays of a tree in float64, each number away from zero."""

    def one(leaf: Any) -> Any:
        if not isinstance(leaf, jax.Array) or not jnp.issubdtype(leaf.dtype, jnp.floating):
            return leaf
        return jnp.asarray(np.asarray(leaf, np.float64) + 0.01)

    return jax.tree_util.tree_map(one, tree)


def measured(
    run: Callable[[Any], Any], shape: Index, axes: Sequence[int], positions: Sequence[Index],
    places: Sequence[int],
) -> list[set[Index]]:  # fmt: skip
    """For each output position (along axes ``places``) the input positions that change it."""
    found: list[set[Index]] = [set() for _ in positions]
    sizes = [shape[axis] for axis in axes]
    inputs = list(np.ndindex(*sizes))
    base = np.random.default_rng(1).uniform(-1, 1, shape)
    plain = np.asarray(run(jnp.asarray(base)))
    for step in (3.0, -3.0):

        def changed(place: Any, base: Any = base, step: float = step) -> Any:
            index: list[Any] = [slice(None)] * len(shape)
            for k, axis in enumerate(axes):
                index[axis] = place[k]
            return run(jnp.asarray(base).at[tuple(index)].add(step))

        after = np.asarray(jax.lax.map(jax.jit(changed), jnp.array(inputs), batch_size=64))
        for k, position in enumerate(positions):
            at: list[Any] = [slice(None)] * plain.ndim
            for place, number in zip(places, position, strict=True):
                at[place] = number
            moved = np.abs(after[(slice(None), *at)] - plain[tuple(at)])
            hits = moved.reshape(len(inputs), -1).max(1) > 1e-9
            found[k] |= {inputs[n] for n in np.flatnonzero(hits)}
    return found
