"""What an op of TensorFlow or Keras really reads, found by changing one pixel at a time.

Shares no code with rfield: the function runs on one batch, in which each image has another pixel
raised, and an output position reads the pixel if its values differ from those of the plain image.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np

import rfield

NOISE = 1e-3
"""What rounding may change; a pixel is raised by a million times as much."""

Box = tuple[tuple[int, int], ...]


def boxes(
    function: Callable[[Any], Any], shape: Sequence[int], output_axes: Sequence[int] | None = None
) -> dict[tuple[int, ...], Box | None]:
    """Output position -> first and last (exclusive) pixel that it reads; channels last."""
    sizes = tuple(shape[1:-1])
    rng = np.random.default_rng(7)
    plain = rng.uniform(0.5, 1.0, size=(1, *shape[1:]))
    pixels = list(product(*map(range, sizes)))
    images = np.repeat(plain, len(pixels) + 1, axis=0)
    for number, pixel in enumerate(pixels, 1):
        images[(number, *pixel)] += 1000.0
    results = np.asarray(function(images))
    axes = tuple(range(1, results.ndim - 1)) if output_axes is None else tuple(output_axes)
    rest = tuple(axis for axis in range(1, results.ndim) if axis not in axes)
    changed = (abs(results[1:] - results[:1]) > NOISE).any(axis=rest)
    changed = changed.reshape(*sizes, *changed.shape[1:])
    found: dict[tuple[int, ...], Box | None] = {}
    for position in product(*map(range, changed.shape[len(sizes) :])):
        reading = np.argwhere(changed[(..., *position)])
        if len(reading) == 0:
            found[position] = None
        else:
            low, high = reading.min(axis=0), reading.max(axis=0)
            found[position] = tuple((int(a), int(b) + 1) for a, b in zip(low, high, strict=True))
    return found


def claimed(graph: rfield.Graph) -> dict[tuple[int, ...], Box | None]:
    """The same as rfield says it."""
    field = rfield.receptive_field(graph)
    sizes = [field.output_shape[axis] for axis in field.positions]
    found: dict[tuple[int, ...], Box | None] = {}
    for position in product(*(range(size or 0) for size in sizes)):
        region = field.region(position, clip=True)
        pairs = list(zip(region.start, region.stop, strict=True))
        empty = any(a >= b for a, b in pairs)
        found[position] = None if empty else tuple((int(a), int(b)) for a, b in pairs)
    return found
