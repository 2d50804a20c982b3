"""What a JAX function really reads: every input position is changed in turn, in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

Index = tuple[int, ...]
CHANGES = ((1, 3.0), (1, -3.0), (2, 3.0), (2, -3.0), (3, 40.0), (3, -40.0))
"""Seeds of an input and what is added to a position: enough for a maximum to move, and little
enough for a function that saturates."""


def double(tree: Any) -> Any:
    """The floating-point arrays of a tree in float64, each number away from zero."""

    def one(leaf: Any) -> Any:
        if not isinstance(leaf, jax.Array) or not jnp.issubdtype(leaf.dtype, jnp.floating):
            return leaf
        return jnp.asarray(np.asarray(leaf, np.float64) + 0.01)

    return jax.tree_util.tree_map(one, tree)


class Looked(NamedTuple):
    """Some positions, along axes ``places``, of one result of a function."""

    positions: Sequence[Index]
    places: Sequence[int]


def measured(
    run: Callable[[Any], Sequence[Any]], shape: Index, axes: Sequence[int],
    results: Sequence[Looked], kind: Any = "float64", least: float = 1e-9,
) -> list[list[set[Index]]]:  # fmt: skip
    """For each result and each of its positions the input positions that change it.

    ``run``: gives the results for one input; ``kind``: the type of the input, of which integers are
    tokens below 7. ``least``: a smaller change is rounding.
    """
    whole = jnp.issubdtype(jnp.dtype(kind), jnp.integer)
    inputs = list(np.ndindex(*[shape[axis] for axis in axes]))

    def seen(x: Any) -> list[Any]:
        """The values at the positions, one row each."""
        values = []
        for value, looked in zip(run(x), results, strict=True):
            ordered = jnp.moveaxis(value, looked.places, range(len(looked.places)))
            rows = ordered[tuple(np.array(looked.positions).T)]
            values.append(rows.reshape(len(looked.positions), -1))
        return values

    @jax.jit
    def changes(base: Any, step: Any) -> Any:
        """For each input position how much each row changes."""
        plain = seen(base)

        def one(place: Any) -> Any:
            index: list[Any] = [slice(None)] * len(shape)
            for k, axis in enumerate(axes):
                index[axis] = place[k]
            after = seen(base.at[tuple(index)].add(step))
            return [jnp.abs(a - b).max(1) for a, b in zip(after, plain, strict=True)]

        return jax.lax.map(one, jnp.array(inputs), batch_size=64)

    found: list[list[set[Index]]] = [[set() for _ in looked.positions] for looked in results]
    for seed, step in CHANGES:
        draw = np.random.default_rng(seed)
        base: Any = draw.integers(0, 4, shape) if whole else draw.uniform(-1, 1, shape)
        base = jnp.asarray(base, kind if whole else "float64")
        moved = changes(base, abs(int(step)) % 5 if whole else step)
        for sets, gaps in zip(found, moved, strict=True):
            for k, column in enumerate(np.asarray(gaps).T):
                sets[k] |= {inputs[n] for n in np.flatnonzero(column > least)}
    return found
