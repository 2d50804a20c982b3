"""What rfield claims of a Keras model, against what changes when one position of the input does."""

from __future__ import annotations

from itertools import product
from typing import Any

import keras
import numpy as np

import rfield

Places = set[tuple[int, ...]]


def really_read(model: Any, shape: tuple[int, ...], axes: tuple[int, ...], at: Any) -> Places:
    """The positions along ``axes`` whose change changes the output at ``at``.

    ``at``: an index after the batch, or as a list one of all axes.
    """
    rng = np.random.default_rng(3)
    integers = str(model.inputs[0].dtype).startswith("int")
    x = rng.integers(1, 9, shape) if integers else rng.normal(size=shape).astype("float32") / 2
    before = output(model, x)
    found: Places = set()
    for place in product(*(range(shape[axis]) for axis in axes)):
        changed = x.copy()
        here: list[Any] = [slice(None)] * len(shape)
        for axis, k in zip(axes, place, strict=True):
            here[axis] = k
        own = changed[tuple(here)]
        # Not the same for all features, which a norm would take away again.
        changed[tuple(here)] += 1 if integers else rng.normal(size=own.shape) / 2
        index = tuple(at) if isinstance(at, list) else (0, *at)
        if np.abs(output(model, changed) - before)[index].max() > 1e-7:
            found.add(place)
    return found


def output(model: Any, x: Any) -> Any:
    """The first output at inference."""
    made = model(x, training=False)
    first = made[0] if isinstance(made, (list, tuple)) else made
    return keras.ops.convert_to_numpy(first)


def claimed_read(graph: rfield.Graph, at: Any) -> Places:
    """The positions that rfield says the first output reads at ``at``; it must be exact."""
    support = rfield.support(graph, at)
    assert support.fidelity is rfield.Fidelity.EXACT
    return {
        tuple(int(k) for k in place)
        for place in np.argwhere(support.mask) + np.array(support.offset)
    }
