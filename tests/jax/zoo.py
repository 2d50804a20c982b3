"""What an entry of the zoo is, and how the libraries run it in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from tests.jax.measuring import double


class Entry(NamedTuple):
    """``model`` is read; ``run`` makes the function that the library itself computes.

    ``layers``: as the user calls them. ``bounds``: those of them, and outputs, of which more is
    claimed than is read. ``least``: a smaller change is rounding.
    """

    model: Any
    shape: tuple[int, ...]
    layers: tuple[str, ...]
    run: Callable[[], Callable[[Any], Any]]
    axes: tuple[int, ...] | None = None
    dtype: str = "float32"
    bounds: tuple[str, ...] = ()
    least: float = 1e-9


def of_linen(
    module: Any, shape: tuple[int, ...], layers: tuple[str, ...], **more: Any
) -> Entry:  # fmt: skip
    """A Linen module, with random weights."""

    def run() -> Any:
        weights = double(module.init(jax.random.key(3), jnp.ones(shape)))
        return lambda x: module.apply(weights, x)

    return Entry(module, shape, layers, run, **more)


def of_nnx(
    build: Callable[[], Any], shape: tuple[int, ...], layers: tuple[str, ...], **more: Any
) -> Entry:  # fmt: skip
    """An NNX module."""
    from flax import nnx

    module = build()

    def run() -> Any:
        definition, state = nnx.split(module)
        state = double(state)

        def call(x: Any) -> Any:
            model = nnx.merge(definition, state)
            model.eval()
            return model(x)

        return call

    return Entry(module, shape, layers, run, **more)
